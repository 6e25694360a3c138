"""Tables across sweeps: the settings of the same list, a column for each sweep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from namegen.experiments.compare.selection import Metric
from namegen.experiments.joined.across import WHAT, cell
from namegen.experiments.joined.source import Source
from namegen.experiments.list_names import list_names
from namegen.experiments.sweep.document import HeldOut, Results
from namegen.experiments.sweep.grid import SEED, axis_name, shown
from namegen.experiments.sweep.results import (
    baseline_name,
    by_setting,
    lists_of,
    reference_parts,
    same_names_held_out,
    trained,
)
from namegen.experiments.table import Table
from namegen.experiments.trained import PlainMetrics

Sweeps = list[tuple[Source, Results, str]]  # with the name that the list has in it
OF_NO_NETWORK = ("data.names", SEED, "run.threads", "run.plot")  # an axis, or nothing that is learned


def sweep_tables(sources: Sequence[Source]) -> Iterator[Table]:
    """For each list that stands in two sweeps or more: accuracy and loss, a row a setting."""
    lists: dict[str, Sweeps] = {}
    for source in sources:
        if isinstance(source.results, Results):
            for path, name in list_names(lists_of(source.results)).items():
                lists.setdefault(name, []).append((source, source.results, path))
    for name, sweeps in lists.items():
        if len(sweeps) > 1:
            note = _note(sweeps)
            for metric in WHAT:
                yield _table(name, sweeps, metric, note)


def _table(name: str, sweeps: Sweeps, metric: Metric, note: str) -> Table:
    what, show = WHAT[metric]

    def shown_of(metrics: Iterable[PlainMetrics]) -> str:
        return cell((getattr(one, metric) for one in metrics), show)

    settings = [by_setting(results, path) for _, results, path in sweeps]
    rows = [
        (setting, *(shown_of(run.figures.held_out for run in trained(one.get(setting, ()))) for one in settings))
        for setting in dict.fromkeys(setting for one in settings for setting in one)
    ]
    parts = [_parts(results, path) for _, results, path in sweeps]
    counting = (
        shown_of(part.baseline for part in some) + (f", {baseline_name(some)}" if some else "") for some in parts
    )
    rows += [("counting", *counting), ("ceiling", *(shown_of(part.ceiling for part in some) for some in parts))]
    columns = ("setting", *(source.letter for source, _, _ in sweeps))
    emphasised = frozenset((len(rows) - 2, len(rows) - 1))
    return Table(f"{name}, sweeps, held-out part: {what}", columns, tuple(rows), note, emphasised=emphasised)


def _parts(results: Results, path: str) -> list[HeldOut]:
    return reference_parts(trained(run for run in results.runs if run.list == path))


def _note(sweeps: Sweeps) -> str:
    """What has to be known before one column is compared with another."""
    runs = [run for _, results, path in sweeps for run in trained(one for one in results.runs if one.list == path)]
    said = [
        "Where the sweeps share a seed they were tested on the same names, as far as the figures of that part tell."
        if same_names_held_out(runs)
        else "The sweeps were tested on different names: compare each column with its own counting."
    ]
    varied = {path for _, results, _ in sweeps for path in results.axes}
    own = [{path: said for path, said in _base(results).items() if path not in varied} for _, results, _ in sweeps]
    said += [
        f"{axis_name(path).capitalize()}: "
        + ", ".join(f"{source.letter} {base[path]}" for (source, _, _), base in zip(sweeps, own, strict=True))
        + "."
        for path in own[0]
        if len({base[path] for base in own}) > 1
    ]
    return " ".join(said)


def _base(results: Results) -> dict[str, str]:
    """The settings beside a grid, by dotted path, as text: those that decide what is learned."""
    return {
        f"{table}.{name}": "not set" if value is None else shown(value)
        for table, values in asdict(results.base).items()
        for name, value in values.items()
        if f"{table}.{name}" not in OF_NO_NETWORK
    }

"""The results of a sweep: its document, the table of ``results.csv``, and a line a setting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from math import isclose
from statistics import mean
from typing import Any

from namegen.errors import safe_cell
from namegen.experiments.list_names import list_names
from namegen.experiments.machine import codes_for_report
from namegen.experiments.sweep.document import (
    FORMAT,
    FORMAT_VERSION,
    EndedRun,
    HeldOut,
    Results,
    Run,
    Trained,
    TrainedRun,
    UntrainedRun,
)
from namegen.experiments.sweep.grid import COMMAND, ENGINE, LIST, SEED, Grid, SweepRun, axis_name, label, shown
from namegen.experiments.table import NONE, Table, percent, seconds, spread, whole
from namegen.experiments.trained import PlainMetrics

MOST_NAMED = 3  # settings that a sentence names; of more it gives the number
FIGURES = ("loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled")


def make_results(grid: Grid, runs: Sequence[SweepRun], found: Mapping[str, EndedRun]) -> Results:
    """Put what has come of the runs in order; a run that is still to be made is counted only."""
    return Results(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        axes=grid.axes,
        base=grid.base,
        left=sum(run.key not in found for run in runs),
        plots=(),
        runs=tuple(_run(run, found[run.key]) for run in runs if run.key in found),
        engine_codes=codes_for_report(dict.fromkeys(run.config.run.backend for run in runs), COMMAND),
    )


def _run(run: SweepRun, found: EndedRun) -> Run:
    identity: dict[str, Any] = {
        "run": run.key,
        "list": run.corpus.source,
        "backend": run.config.run.backend,
        "seed": run.config.training.seed,
        "settings": run.settings,
        "model": found.model,
    }
    kind = TrainedRun if isinstance(found.outcome, Trained) else UntrainedRun
    return kind(**identity, **vars(found.outcome), commit=found.commit)


def table_csv(results: Results) -> str:
    """The table as CSV, a row a run; a cell that a spreadsheet would take for a formula is quoted."""
    axes = [path for path in results.axes if path not in (LIST, ENGINE, SEED)]
    columns = ["list", "backend", *axes, "seed", "status", "parameters", "batch_size", "epochs", "best_epoch"]
    columns += ["seconds", "chars_per_second"]
    columns += [f"{part}_{figure}" for part in ("training", "held_out") for figure in FIGURES]
    columns += [f"held_out_{whose}_{figure}" for whose in ("ceiling", "baseline") for figure in FIGURES]
    columns += ["held_out_baseline_order", "model", "why"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for run in results.runs:
        writer.writerow({column: safe_cell(value) for column, value in _row(run, axes).items()})
    return stream.getvalue()


def _row(run: Run, axes: Sequence[str]) -> dict[str, object]:
    row: dict[str, object] = {"list": run.list, "backend": run.backend, "seed": run.seed, "status": run.status}
    row |= {path: _cell(run.settings[path]) for path in axes}
    if isinstance(run, UntrainedRun):
        return row | {"why": run.why}
    row |= {"parameters": run.parameters, "batch_size": run.batch_size, "epochs": run.epochs}
    row |= {"best_epoch": run.best_epoch, "model": run.model}
    row |= {"seconds": run.timing.seconds, "chars_per_second": run.timing.chars_per_second}
    row |= {"held_out_baseline_order": run.held_out.baseline_order}
    for name, metrics in (
        ("training", run.figures.training),
        ("held_out", run.figures.held_out),
        ("held_out_ceiling", run.held_out.ceiling),
        ("held_out_baseline", run.held_out.baseline),
    ):
        row |= {f"{name}_{figure}": getattr(metrics, figure) for figure in FIGURES}
    return row


def _cell(value: object) -> object:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else shown(value)


# --- a line a setting -------------------------------------------------------------------------------------------------


def lists_of(results: Results) -> list[str]:
    """The lists of a sweep, in the order of the table."""
    return list(dict.fromkeys(run.list for run in results.runs))


def by_setting(results: Results, of_list: str) -> dict[str, list[Run]]:
    """The runs of a list by what its plot has a line for: all axes but the list and the seed."""
    found: dict[str, list[Run]] = {}
    for run in results.runs:
        if run.list == of_list:
            found.setdefault(line_name(run.settings), []).append(run)
    return found


def line_name(settings: Mapping[str, object]) -> str:
    """What the runs that differ by their seed alone have in common.

    >>> line_name({"data.names": "x", "training.momentum": 0.9, "training.seed": 1})
    'momentum 0.9'
    """
    own = {path: value for path, value in settings.items() if path not in (LIST, SEED)}
    return label(own) or "all seeds"


def trained(runs: Iterable[Run]) -> list[TrainedRun]:
    """Those that have figures."""
    return [run for run in runs if isinstance(run, TrainedRun)]


def trained_by_setting(results: Results, of_list: str) -> dict[str, list[TrainedRun]]:
    """The runs of each setting that have figures; without the settings that have none."""
    return {name: found for name, runs in by_setting(results, of_list).items() if (found := trained(runs))}


def untrained(results: Results) -> list[UntrainedRun]:
    """Those that say why they have none."""
    return [run for run in results.runs if isinstance(run, UntrainedRun)]


def curve(runs: Sequence[TrainedRun], column: str) -> list[list[float]]:
    """A column of the histories, by epoch: the values of the seeds, as far as all of them have come."""
    histories: list[tuple[float, ...]] = [getattr(run.history, column) for run in runs]
    return [list(values) for values in zip(*histories, strict=False)]


def setting_table(results: Results, of_list: str) -> Table:
    """A row a setting: what it reached on the held-out part, and how long it took; last the n-gram and the ceiling.
    Its note says which setting is the best.
    """
    rows = [_setting_row(name, runs) for name, runs in by_setting(results, of_list).items()]
    references = reference_parts(trained(run for run in results.runs if run.list == of_list))
    if references:
        rows.append(_reference_row(baseline_name(references), [part.baseline for part in references]))
        rows.append(_reference_row("ceiling", [part.ceiling for part in references]))
    columns = ("setting", "seeds", "argmax %", "sampled %", "nats/char", "seconds", "chars/s")
    emphasised = frozenset(range(len(rows) - (2 if references else 0), len(rows)))
    title, note = list_names(lists_of(results))[of_list], best_in_words(results, of_list)
    return Table(title, columns, tuple(rows), note, emphasised=emphasised)


def best_in_words(results: Results, of_list: str) -> str:
    """Which setting of a list is the best, and which cannot be told apart from it; empty where there are not two.

    By the ranges of their seeds alone: how far apart settings are on the same seed is not looked at.
    """
    runs = trained_by_setting(results, of_list)
    if len(runs) < 2:
        return ""
    if not same_names_held_out(one for good in runs.values() for one in good):
        return "The settings were tested on different names, so none is called the best."
    found = {name: [run.figures.held_out.accuracy_argmax for run in good] for name, good in runs.items()}
    best = max(found, key=lambda name: mean(found[name]))
    said = f"Best by argmax: {best}, {percent(mean(found[best]))}%."
    if len(found[best]) == 1:
        return f"{said} It has one seed, so its spread is not known, nor whether others are worse by more than chance."
    others = {name: values for name, values in found.items() if name != best}
    alike = [name for name, values in others.items() if len(values) > 1 and max(values) >= min(found[best])]
    single = [name for name, values in others.items() if len(values) == 1]
    if alike:
        said += f" No difference found between {best} and {_some(alike, 'or')}: their ranges over seeds overlap."
    elif not single:
        said += " Its range over seeds overlaps with no other."
    if single:
        said += f" For {_some(single, 'and')} there is one seed, so the spread is not known."
    return said


def same_names_held_out(runs: Iterable[TrainedRun]) -> bool:
    """Whether runs of the same seed were tested on the same names, as far as the figures of that part tell."""
    parts: dict[int, HeldOut] = {}
    for run in runs:
        one, part = run.held_out, parts.setdefault(run.seed, run.held_out)
        if (one.names, one.characters) != (part.names, part.characters) or not _alike(one.ceiling, part.ceiling):
            return False
    return True


def _some(names: Sequence[str], joined_by: str) -> str:
    return f" {joined_by} ".join(names) if len(names) <= MOST_NAMED else f"{len(names):,} others"


def _setting_row(name: str, runs: Sequence[Run]) -> tuple[str, ...]:
    good = trained(runs)
    figures = _figure_cells([run.figures.held_out for run in good])
    speeds = [run.timing.chars_per_second for run in good if run.timing.chars_per_second is not None]
    time, speed = spread([run.timing.seconds for run in good], seconds), whole(mean(speeds)) if speeds else NONE
    return (name, str(len(good)), *figures, time, speed)


def _reference_row(name: str, metrics: Sequence[PlainMetrics]) -> tuple[str, ...]:
    return (name, NONE, *_figure_cells(metrics), NONE, NONE)


def _figure_cells(metrics: Sequence[PlainMetrics]) -> tuple[str, str, str]:
    losses = [one.loss_nats_per_char for one in metrics if one.loss_nats_per_char is not None]
    shares = ([getattr(one, name) for one in metrics] for name in ("accuracy_argmax", "accuracy_sampled"))
    argmax, sampled = map(spread, shares)
    return argmax, sampled, spread(losses, "{:.3f}".format)


def reference_parts(runs: Sequence[TrainedRun]) -> list[HeldOut]:
    """The held-out parts that the runs of a list stand beside, one for each seed; none where settings change them."""
    parts: dict[int, HeldOut] = {}
    for run in runs:
        part = parts.setdefault(run.seed, run.held_out)
        if not (_alike(part.ceiling, run.held_out.ceiling) and _alike(part.baseline, run.held_out.baseline)):
            return []
    return list(parts.values())


def _alike(one: PlainMetrics, other: PlainMetrics) -> bool:
    """The same figures; another processor may round the last digit otherwise."""
    pairs = [(getattr(one, figure), getattr(other, figure)) for figure in FIGURES]
    return all(a == b or (None not in (a, b) and isclose(a, b, rel_tol=1e-9)) for a, b in pairs)


def baseline_name(parts: Sequence[HeldOut]) -> str:
    """The n-gram by its order."""
    return f"{' or '.join(sorted({str(part.baseline_order) for part in parts}))}-gram"


def axes_in_words(results: Results) -> str:
    """Which settings a sweep varies."""
    return ", ".join(axis_name(path) for path in results.axes if path not in (LIST, SEED)) or "the seed"

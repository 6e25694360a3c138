"""The results of a sweep: the table of ``results.csv``, and a line a setting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from math import isclose
from statistics import mean

from namegen.errors import safe_cell
from namegen.experiments.report import Column, Table, make_table, percent, seconds, whole
from namegen.experiments.sweep.document import HeldOut, Results, Run
from namegen.experiments.sweep.grid import ENGINE, LIST, SEED, axis_name, label, shown
from namegen.experiments.trained import PlainMetrics, list_names

MOST_NAMED = 3  # settings that a sentence names; of more it gives the number
METRICS = ("loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled")
SIZES = ("parameters", "batch_size", "epochs", "best_epoch")


def table_csv(results: Results) -> str:
    """The table as CSV, a row a run; a cell that a spreadsheet would take for a formula is quoted."""
    axes = [path for path in results.axes if path not in (LIST, ENGINE, SEED)]
    parts = ("training", "held_out", "held_out_ceiling", "held_out_baseline")
    columns = ["list", "backend", *axes, "seed", "status", *SIZES, "seconds", "chars_per_second"]
    columns += [f"{part}_{metric}" for part in parts for metric in METRICS]
    columns += ["held_out_baseline_order", "model", "why"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n", restval="", extrasaction="ignore")
    writer.writeheader()
    for run in results.runs:
        row: dict[str, object] = {
            **vars(run),
            **{path: _cell(value) for path, value in run.settings.items()},
        }
        if run.trained is not None:
            row |= vars(run.trained)
            row["held_out_baseline_order"] = run.trained.held_out.baseline_order
            figures, beside = run.trained.figures, run.trained.held_out
            metrics = (figures.training, figures.held_out, beside.ceiling, beside.baseline)
            for part, of_part in zip(parts, metrics, strict=True):
                row |= {f"{part}_{metric}": getattr(of_part, metric) for metric in METRICS}
        writer.writerow({column: safe_cell(row.get(column, "")) for column in columns})
    return stream.getvalue()


def _cell(value: object) -> object:
    return (
        value
        if isinstance(value, int | float | str) and not isinstance(value, bool)
        else shown(value)
    )


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


def trained(runs: Iterable[Run]) -> list[Run]:
    """Those that are done, and so have figures."""
    return [run for run in runs if run.trained is not None]


def trained_by_setting(results: Results, of_list: str) -> dict[str, list[Run]]:
    """The runs of each setting that have figures; without the settings that have none."""
    return {
        name: found
        for name, runs in by_setting(results, of_list).items()
        if (found := trained(runs))
    }


def untrained(results: Results) -> list[Run]:
    """Those that say why they have none."""
    return [run for run in results.runs if run.trained is None]


def curve(runs: Sequence[Run], column: str) -> list[list[float]]:
    """A column of the histories, by epoch: the values of the seeds, as far as all of them have come."""
    histories: list[tuple[float, ...]] = [getattr(run.done.history, column) for run in runs]
    return [list(values) for values in zip(*histories, strict=False)]


Line = tuple[
    str, list[PlainMetrics], list[Run]
]  # a setting, the n-gram or the ceiling; its figures; its runs
COLUMNS: tuple[Column[Line], ...] = (
    Column("setting", lambda line: line[0]),
    Column("seeds", lambda line: len(line[2]) if line[2] or not line[1] else None, str),
    Column("argmax %", lambda line: [one.accuracy_argmax for one in line[1]], percent),
    Column("sampled %", lambda line: [one.accuracy_sampled for one in line[1]], percent),
    Column(
        "nats/char", lambda line: _known(one.loss_nats_per_char for one in line[1]), "{:.3f}".format
    ),
    Column("seconds", lambda line: [run.done.seconds for run in line[2]], seconds),
    Column(
        "chars/s", lambda line: _mean(_known(run.done.chars_per_second for run in line[2])), whole
    ),
)


def setting_table(results: Results, of_list: str) -> Table:
    """A row a setting: what it reached on the held-out part, and how long it took; last the n-gram and the ceiling.
    Its note says which setting is the best.
    """
    lines: list[Line] = [
        (name, [run.done.figures.held_out for run in trained(runs)], trained(runs))
        for name, runs in by_setting(results, of_list).items()
    ]
    references = reference_lines(results, of_list)
    title, note = list_names(lists_of(results))[of_list], best_in_words(results, of_list)
    return make_table(title, COLUMNS, [*lines, *references], note, len(references))


def reference_lines(results: Results, of_list: str) -> list[Line]:
    """The n-gram and the ceiling that the settings of a list stand beside; nothing where settings change them."""
    parts = held_out_parts(
        trained(run for run in results.runs if run.list == of_list), "ceiling", "baseline"
    )
    if not parts:
        return []
    ngram, ceiling = [part.baseline for part in parts], [part.ceiling for part in parts]
    orders = " or ".join(sorted({str(part.baseline_order) for part in parts}))
    return [(f"{orders}-gram", ngram, []), ("ceiling", ceiling, [])]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return mean(values) if values else None


def best_in_words(results: Results, of_list: str) -> str:
    """Which setting of a list is the best, and which cannot be told apart from it; empty where there are not two.

    By the ranges of their seeds alone: how far apart settings are on the same seed is not looked at.
    """
    runs = trained_by_setting(results, of_list)
    if len(runs) < 2:
        return ""
    if not held_out_parts((one for good in runs.values() for one in good), "ceiling"):
        return "The settings were tested on different names, so none is called the best."
    found = {
        name: [run.done.figures.held_out.accuracy_argmax for run in good]
        for name, good in runs.items()
    }
    best = max(found, key=lambda name: mean(found[name]))
    said = f"Best by argmax: {best}, {percent(mean(found[best]))}%."
    if len(found[best]) == 1:
        return f"{said} It has one seed, so its spread is not known, nor whether others are worse by more than chance."
    others = {name: values for name, values in found.items() if name != best}
    alike = [
        name
        for name, values in others.items()
        if len(values) > 1 and max(values) >= min(found[best])
    ]
    single = [name for name, values in others.items() if len(values) == 1]
    if alike:
        said += f" No difference found between {best} and {_some(alike, 'or')}: their ranges over seeds overlap."
    elif not single:
        said += " Its range over seeds overlaps with no other."
    if single:
        said += f" For {_some(single, 'and')} there is one seed, so the spread is not known."
    return said


def _some(names: Sequence[str], joined_by: str) -> str:
    return f" {joined_by} ".join(names) if len(names) <= MOST_NAMED else f"{len(names):,} others"


def held_out_parts(runs: Iterable[Run], *figures: str) -> list[HeldOut]:
    """The held-out parts of runs, one for each seed; none where settings change them, as far as these figures tell."""
    parts: dict[int, HeldOut] = {}
    pairs = [(run.done.held_out, parts.setdefault(run.seed, run.done.held_out)) for run in runs]
    same_size = all((a.names, a.characters) == (b.names, b.characters) for a, b in pairs)
    alike = same_size and all(
        _alike(getattr(a, one), getattr(b, one)) for a, b in pairs for one in figures
    )
    return list(parts.values()) if alike else []


def _alike(one: PlainMetrics, other: PlainMetrics) -> bool:
    """The same figures; another processor may round the last digit otherwise."""
    pairs = [(getattr(one, figure), getattr(other, figure)) for figure in METRICS]
    return all(a == b or (None not in (a, b) and isclose(a, b, rel_tol=1e-9)) for a, b in pairs)


def axes_in_words(results: Results) -> str:
    """Which settings a sweep varies."""
    return (
        ", ".join(axis_name(path) for path in results.axes if path not in (LIST, SEED))
        or "the seed"
    )

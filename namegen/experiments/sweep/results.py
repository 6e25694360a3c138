"""Summarize the results of a sweep: the table in ``results.csv``, and one row per setting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from statistics import mean

from namegen.errors import safe_cell
from namegen.experiments.report import Column, Table, make_table, percent, seconds, whole
from namegen.experiments.sweep.document import HeldOut, Results, Run
from namegen.experiments.sweep.grid import ENGINE, LIST, SEED, axis_name, label, shown
from namegen.experiments.trained import PlainMetrics, list_names

MOST_NAMED = 3  # a sentence names at most this many settings, and counts them if there are more
METRICS = ("loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled")
SIZES = ("parameters", "batch_size", "epochs", "best_epoch")


def table_csv(results: Results) -> str:
    """Format the results as CSV with one row per run.

    Cells that a spreadsheet would interpret as a formula are quoted.
    """
    axes = [path for path in results.axes if path not in (LIST, ENGINE, SEED)]
    prefixes = ("training", "held_out", "held_out_ceiling", "held_out_baseline")
    columns = ["list", "backend", *axes, "seed", "status", *SIZES, "seconds", "chars_per_second"]
    for prefix in prefixes:
        columns += [f"{prefix}_{metric}" for metric in METRICS]
    columns += ["held_out_baseline_order", "model", "why"]

    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    for run in results.runs:
        row = _csv_row(run)
        writer.writerow({column: safe_cell(row.get(column, "")) for column in columns})
    return stream.getvalue()


def _csv_row(run: Run) -> dict[str, object]:
    """All values of a run by column; it may have more columns than the table."""
    row: dict[str, object] = dict(vars(run))
    for path, value in run.settings.items():
        row[path] = _csv_value(value)
    if run.trained is None:
        return row
    row |= vars(run.trained)
    held_out = run.trained.held_out
    row["held_out_baseline_order"] = held_out.baseline_order
    metrics_by_prefix = {
        "training": run.trained.figures.training,
        "held_out": run.trained.figures.held_out,
        "held_out_ceiling": held_out.ceiling,
        "held_out_baseline": held_out.baseline,
    }
    for prefix, metrics in metrics_by_prefix.items():
        row |= {f"{prefix}_{metric}": getattr(metrics, metric) for metric in METRICS}
    return row


def _csv_value(value: object) -> object:
    is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
    return value if is_plain else shown(value)


# --- one row per setting ----------------------------------------------------------------------------------------------


def lists_of(results: Results) -> list[str]:
    """Return the lists of a sweep, in the order of the table."""
    return list(dict.fromkeys(run.list for run in results.runs))


def by_setting(results: Results, of_list: str) -> dict[str, list[Run]]:
    """Group the runs of a list by their settings, ignoring the seed."""
    runs_by_setting: dict[str, list[Run]] = {}
    for run in results.runs:
        if run.list == of_list:
            runs_by_setting.setdefault(line_name(run.settings), []).append(run)
    return runs_by_setting


def line_name(settings: Mapping[str, object]) -> str:
    """Name what runs have in common that differ only in their seed.

    >>> line_name({"data.names": "x", "training.momentum": 0.9, "training.seed": 1})
    'momentum 0.9'
    """
    shared = {path: value for path, value in settings.items() if path not in (LIST, SEED)}
    return label(shared) or "all seeds"


def trained(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that have finished, and therefore have metrics."""
    return [run for run in runs if run.trained is not None]


def trained_by_setting(results: Results, of_list: str) -> dict[str, list[Run]]:
    """Group the finished runs of a list by their settings; settings without one are skipped."""
    runs_by_setting = {name: trained(runs) for name, runs in by_setting(results, of_list).items()}
    return {name: runs for name, runs in runs_by_setting.items() if runs}


def untrained(results: Results) -> list[Run]:
    """Return the runs that have no metrics; their ``why`` explains the reason."""
    return [run for run in results.runs if run.trained is None]


def curve(runs: Sequence[Run], column: str) -> list[list[float]]:
    """Return a column of the histories: for each epoch that all runs reached, one value per run."""
    histories: list[tuple[float, ...]] = [getattr(run.done.history, column) for run in runs]
    return [list(values) for values in zip(*histories, strict=False)]


@dataclass(frozen=True)
class Line:
    """A row of the table of settings: a setting, the n-gram baseline or the ceiling."""

    name: str
    metrics: list[PlainMetrics]  # on the held-out names, one per seed
    runs: list[Run]  # the finished runs; none for the baseline and the ceiling

    @property
    def seeds(self) -> int | None:
        """The number of finished runs; None for the baseline and the ceiling."""
        is_reference = self.metrics and not self.runs
        return None if is_reference else len(self.runs)

    @property
    def losses(self) -> list[float]:
        """The finite losses, in nats per character."""
        return _known(metrics.loss_nats_per_char for metrics in self.metrics)

    @property
    def chars_per_second(self) -> float | None:
        """The mean training speed of the runs that were long enough to measure it."""
        speeds = _known(run.done.chars_per_second for run in self.runs)
        return mean(speeds) if speeds else None


COLUMNS: tuple[Column[Line], ...] = (
    Column("setting", lambda line: line.name),
    Column("seeds", lambda line: line.seeds, str),
    Column("argmax %", lambda line: [each.accuracy_argmax for each in line.metrics], percent),
    Column("sampled %", lambda line: [each.accuracy_sampled for each in line.metrics], percent),
    Column("nats/char", lambda line: line.losses, "{:.3f}".format),
    Column("seconds", lambda line: [run.done.seconds for run in line.runs], seconds),
    Column("chars/s", lambda line: line.chars_per_second, whole),
)


def setting_table(results: Results, of_list: str) -> Table:
    """Tabulate the metrics on the held-out names and the times of a list, one row per setting.

    The last rows are the n-gram baseline and the ceiling. The note names the best setting.
    """
    lines: list[Line] = []
    for name, runs in by_setting(results, of_list).items():
        finished = trained(runs)
        lines.append(Line(name, [run.done.figures.held_out for run in finished], finished))
    references = reference_lines(results, of_list)
    return make_table(
        title=list_names(lists_of(results))[of_list],
        columns=COLUMNS,
        rows=lines + references,
        note=best_in_words(results, of_list),
        references=len(references),
    )


def reference_lines(results: Results, of_list: str) -> list[Line]:
    """Return the n-gram baseline and the ceiling of a list, or nothing if they differ between settings."""
    runs = trained(run for run in results.runs if run.list == of_list)
    parts = held_out_parts(runs, "ceiling", "baseline")
    if not parts:
        return []
    orders = " or ".join(sorted({str(part.baseline_order) for part in parts}))
    baseline = Line(f"{orders}-gram", [part.baseline for part in parts], [])
    ceiling = Line("ceiling", [part.ceiling for part in parts], [])
    return [baseline, ceiling]


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def best_in_words(results: Results, of_list: str) -> str:
    """Describe which setting of a list is best, and which settings might be equally good.

    Two settings count as equally good if the ranges of their accuracies over the seeds overlap; differences on the
    same seed aren't considered. The result is empty if the list has fewer than two settings.
    """
    runs_by_setting = trained_by_setting(results, of_list)
    if len(runs_by_setting) < 2:
        return ""
    all_runs = [run for runs in runs_by_setting.values() for run in runs]
    if not held_out_parts(all_runs, "ceiling"):
        return "The settings were tested on different names, so they can't be ranked."
    accuracies = {
        name: [run.done.figures.held_out.accuracy_argmax for run in runs]
        for name, runs in runs_by_setting.items()
    }
    best = max(accuracies, key=lambda name: mean(accuracies[name]))
    best_accuracies = accuracies.pop(best)
    summary = f"Best by argmax: {best}, {percent(mean(best_accuracies))}%."
    if len(best_accuracies) == 1:
        return (
            f"{summary} It has one seed, so its lead over the other settings may be due to chance."
        )
    return summary + _compared_with_others(best, min(best_accuracies), accuracies)


def _compared_with_others(best: str, lowest: float, others: Mapping[str, Sequence[float]]) -> str:
    """Compare the lowest accuracy of the best setting with the highest ones of the others."""
    single = [name for name, values in others.items() if len(values) == 1]
    overlapping = [
        name for name, values in others.items() if len(values) > 1 and max(values) >= lowest
    ]
    text = ""
    if overlapping:
        names = _names_or_count(overlapping, "or")
        text = f" No difference found between {best} and {names}: their ranges over seeds overlap."
    elif not single:
        text += " Its range over seeds doesn't overlap with any other."
    if single:
        names = _names_or_count(single, "and")
        text += f" For {names} there is only one seed, so the spread is unknown."
    return text


def _names_or_count(names: Sequence[str], joined_by: str) -> str:
    if len(names) > MOST_NAMED:
        return f"{len(names):,} others"
    return f" {joined_by} ".join(names)


def held_out_parts(runs: Iterable[Run], *references: str) -> list[HeldOut]:
    """Return the held-out names of the runs, one entry per seed, or nothing if they differ between settings.

    Args:
        runs: finished runs.
        references: the fields of ``HeldOut`` to compare, "ceiling" and "baseline".
    """
    by_seed: dict[int, HeldOut] = {}
    for run in runs:
        held_out = run.done.held_out
        first = by_seed.setdefault(run.seed, held_out)
        same_size = (held_out.names, held_out.characters) == (first.names, first.characters)
        same_metrics = all(
            _are_close(getattr(held_out, name), getattr(first, name)) for name in references
        )
        if not (same_size and same_metrics):
            return []
    return list(by_seed.values())


def _are_close(left: PlainMetrics, right: PlainMetrics) -> bool:
    """Whether metrics are equal, except for the rounding of different processors."""
    for metric in METRICS:
        a = getattr(left, metric)
        b = getattr(right, metric)
        both_known = a is not None and b is not None
        if a != b and not (both_known and isclose(a, b, rel_tol=1e-9)):
            return False
    return True


def axes_in_words(results: Results) -> str:
    """Name the settings that a sweep varies."""
    names = [axis_name(path) for path in results.axes if path not in (LIST, SEED)]
    return ", ".join(names) or "the seed"

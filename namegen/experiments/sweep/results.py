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
from namegen.experiments.sweep.document import HeldOut, Results, Run, Trained
from namegen.experiments.sweep.grid import (
    ENGINE,
    LIST,
    SEED,
    axis_name,
    format_value,
    settings_in_words,
)
from namegen.experiments.trained import PlainMetrics, list_names

# A sentence lists at most this many settings, and only counts them if there are more.
MOST_NAMED = 3
METRICS = ("loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled")
SIZES = ("parameters", "batch_size", "epochs", "best_epoch")


def table_csv(results: Results) -> str:
    """Format the results as CSV with one row per run.

    Cells that a spreadsheet would interpret as a formula are quoted.
    """
    columns = _csv_columns(results)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    for run in results.runs:
        row = _csv_row(run)
        writer.writerow({column: safe_cell(row.get(column, "")) for column in columns})
    return stream.getvalue()


def _csv_columns(results: Results) -> list[str]:
    """Return the columns of the CSV file, with one column for each varied setting."""
    axes = [path for path in results.axes if path not in (LIST, ENGINE, SEED)]
    columns = ["list", "backend", *axes, "seed", "status", *SIZES, "seconds", "chars_per_second"]
    for prefix in ("training", "held_out", "held_out_ceiling", "held_out_baseline"):
        columns += [f"{prefix}_{metric}" for metric in METRICS]
    return [*columns, "held_out_baseline_order", "model", "why"]


def _csv_row(run: Run) -> dict[str, object]:
    """Return the values of a run by column. It also contains values that the table doesn't show."""
    row: dict[str, object] = dict(vars(run))
    for path, value in run.settings.items():
        row[path] = _csv_value(value)
    if run.trained is not None:
        row |= vars(run.trained)
        row |= _metric_columns(run.trained)
        row["held_out_baseline_order"] = run.trained.held_out.baseline_order
    return row


def _metric_columns(trained_run: Trained) -> dict[str, object]:
    """Return the metrics of a run and of its references, by column."""
    metrics_by_prefix = {
        "training": trained_run.figures.training,
        "held_out": trained_run.figures.held_out,
        "held_out_ceiling": trained_run.held_out.ceiling,
        "held_out_baseline": trained_run.held_out.baseline,
    }
    columns: dict[str, object] = {}
    for prefix, metrics in metrics_by_prefix.items():
        for metric in METRICS:
            columns[f"{prefix}_{metric}"] = getattr(metrics, metric)
    return columns


def _csv_value(value: object) -> object:
    """Convert the value of a setting to a cell. Numbers and strings don't change, and lists become strings."""
    is_boolean = isinstance(value, bool)
    if isinstance(value, int | float | str) and not is_boolean:
        return value
    return format_value(value)


# --- one row per setting ----------------------------------------------------------------------------------------------


def lists_of(results: Results) -> list[str]:
    """Return the lists of a sweep, in the order of the table."""
    return list(dict.fromkeys(run.list for run in results.runs))


def by_setting(results: Results, list_name: str) -> dict[str, list[Run]]:
    """Group the runs of a list by their settings, ignoring the seed."""
    runs_by_setting: dict[str, list[Run]] = {}
    for run in results.runs:
        if run.list == list_name:
            runs_by_setting.setdefault(line_name(run.settings), []).append(run)
    return runs_by_setting


def line_name(settings: Mapping[str, object]) -> str:
    """Name a line of a plot, or a row of a table, after the settings that all its seeds share.

    >>> line_name({"data.names": "x", "training.momentum": 0.9, "training.seed": 1})
    'momentum 0.9'
    """
    shared_settings = dict(settings)
    shared_settings.pop(LIST, None)
    shared_settings.pop(SEED, None)
    return settings_in_words(shared_settings) or "all seeds"


def finished_runs(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that have finished. Only these runs have metrics."""
    return [run for run in runs if run.trained is not None]


def trained_by_setting(results: Results, list_name: str) -> dict[str, list[Run]]:
    """Group the finished runs of a list by their settings. Settings without a finished run are skipped."""
    finished_by_setting: dict[str, list[Run]] = {}
    for name, runs in by_setting(results, list_name).items():
        finished = finished_runs(runs)
        if finished:
            finished_by_setting[name] = finished
    return finished_by_setting


def untrained(results: Results) -> list[Run]:
    """Return the runs that have no metrics. Their ``why`` explains the reason."""
    return [run for run in results.runs if run.trained is None]


def values_by_epoch(runs: Sequence[Run], column: str) -> list[list[float]]:
    """Collect the values of several learning curves at each epoch, for example to compute their mean.

    Args:
        runs: finished runs.
        column: the field of ``History`` with the curve's values.

    Returns:
        For each epoch that all runs have reached, a list with one value per run.
    """
    curves: list[tuple[float, ...]] = [getattr(run.done.history, column) for run in runs]
    return [list(values) for values in zip(*curves, strict=False)]  # stops after the shortest curve


@dataclass(frozen=True)
class Line:
    """A row of the table of settings: a setting, the n-gram baseline or the ceiling."""

    name: str  # the setting in words
    metrics: list[PlainMetrics]  # the metrics on the held-out names, one per seed
    runs: list[Run]  # the finished runs; none for the baseline and the ceiling

    @property
    def seeds(self) -> int | None:
        """The number of finished runs, or None for the baseline and the ceiling."""
        is_reference = self.metrics and not self.runs
        if is_reference:
            return None
        return len(self.runs)

    @property
    def argmax_accuracies(self) -> list[float]:
        """How often the most likely next character is correct, as one share per seed."""
        return [metrics.accuracy_argmax for metrics in self.metrics]

    @property
    def sampled_accuracies(self) -> list[float]:
        """The expected accuracy of a sampled character, as one share per seed."""
        return [metrics.accuracy_sampled for metrics in self.metrics]

    @property
    def seconds(self) -> list[float]:
        """The training times of the finished runs."""
        return [run.done.seconds for run in self.runs]

    @property
    def losses(self) -> list[float]:
        """The finite losses, in nats per character."""
        return _without_none(metrics.loss_nats_per_char for metrics in self.metrics)

    @property
    def chars_per_second(self) -> float | None:
        """The mean training speed of the runs that were long enough to measure it."""
        speeds = _without_none(run.done.chars_per_second for run in self.runs)
        return mean(speeds) if speeds else None


COLUMNS: tuple[Column[Line], ...] = (
    Column("setting", lambda line: line.name),
    Column("seeds", lambda line: line.seeds, str),
    Column("argmax %", lambda line: line.argmax_accuracies, percent),
    Column("sampled %", lambda line: line.sampled_accuracies, percent),
    Column("nats/char", lambda line: line.losses, "{:.3f}".format),
    Column("seconds", lambda line: line.seconds, seconds),
    Column("chars/s", lambda line: line.chars_per_second, whole),
)


def setting_table(results: Results, list_name: str) -> Table:
    """Tabulate the metrics and the training times of a list, one row per setting.

    The metrics are measured on the held-out names. The last rows contain the n-gram baseline and the ceiling, and the
    note mentions the best setting.
    """
    runs_by_setting = by_setting(results, list_name)
    lines = [_make_setting_line(name, runs) for name, runs in runs_by_setting.items()]
    references = reference_lines(results, list_name)
    short_names = list_names(lists_of(results))
    return make_table(
        title=short_names[list_name],
        columns=COLUMNS,
        rows=lines + references,
        note=best_in_words(results, list_name),
        references=len(references),
    )


def _make_setting_line(name: str, runs: list[Run]) -> Line:
    """Make the row of a setting."""
    finished = finished_runs(runs)
    metrics = [run.done.figures.held_out for run in finished]
    return Line(name, metrics, finished)


def reference_lines(results: Results, list_name: str) -> list[Line]:
    """Make the rows of a list's n-gram baseline and ceiling, or no rows if these depend on the settings."""
    runs = finished_runs(run for run in results.runs if run.list == list_name)
    held_out_sets = common_held_out_sets(runs, "ceiling", "baseline")
    if not held_out_sets:
        return []
    orders = sorted({str(held_out.baseline_order) for held_out in held_out_sets})
    baselines = [held_out.baseline for held_out in held_out_sets]
    ceilings = [held_out.ceiling for held_out in held_out_sets]
    return [
        Line(f"{' or '.join(orders)}-gram", metrics=baselines, runs=[]),
        Line("ceiling", metrics=ceilings, runs=[]),
    ]


def _without_none(values: Iterable[float | None]) -> list[float]:
    """Return the values that aren't None."""
    return [value for value in values if value is not None]


def best_in_words(results: Results, list_name: str) -> str:
    """Describe which setting is best for a list, and which settings might be equally good.

    Two settings count as equally good if the ranges of their accuracies over the seeds overlap. Differences between
    runs with the same seed aren't considered. The result is empty if the list has fewer than two settings.
    """
    runs_by_setting = trained_by_setting(results, list_name)
    if len(runs_by_setting) < 2:
        return ""
    all_runs = [run for runs in runs_by_setting.values() for run in runs]
    if not common_held_out_sets(all_runs, "ceiling"):
        return "The settings were tested on different names, so they can't be ranked."
    accuracies = {name: _argmax_accuracies(runs) for name, runs in runs_by_setting.items()}
    return _describe_best(accuracies)


def _argmax_accuracies(runs: list[Run]) -> list[float]:
    """Return the accuracies of finished runs on the held-out names."""
    return [run.done.figures.held_out.accuracy_argmax for run in runs]


def _describe_best(accuracies: dict[str, list[float]]) -> str:
    """Describe the setting with the highest mean accuracy.

    Args:
        accuracies: for each setting, one accuracy per seed.
    """
    best = max(accuracies, key=lambda name: mean(accuracies[name]))
    best_accuracies = accuracies[best]
    others = {name: values for name, values in accuracies.items() if name != best}
    summary = f"Best by argmax: {best}, {percent(mean(best_accuracies))}%."
    if len(best_accuracies) == 1:
        return (
            f"{summary} It has one seed, so its lead over the other settings may be due to chance."
        )
    overlap = _describe_overlap(best, min(best_accuracies), others)
    single_seeds = _describe_single_seeds(others)
    return f"{summary}{overlap}{single_seeds}"


def _describe_overlap(best: str, lowest: float, others: Mapping[str, Sequence[float]]) -> str:
    """Write a sentence about the settings that might be as good as the best one, or that there are none.

    Args:
        best: the best setting.
        lowest: the lowest accuracy of the best setting.
        others: the accuracies of the other settings, one per seed.

    Returns:
        A sentence that starts with a space, or "" if the other settings have too few seeds for a comparison.
    """
    with_several_seeds = {name: values for name, values in others.items() if len(values) > 1}
    overlapping = [name for name, values in with_several_seeds.items() if max(values) >= lowest]
    if overlapping:
        names = _names_or_count(overlapping, "or")
        return f" No difference found between {best} and {names}: their ranges over seeds overlap."
    if len(with_several_seeds) == len(others):
        return " Its range over seeds doesn't overlap with any other."
    return ""


def _describe_single_seeds(others: Mapping[str, Sequence[float]]) -> str:
    """List the settings with only one seed in a sentence that starts with a space, or return "" if there are none."""
    single = [name for name, values in others.items() if len(values) == 1]
    if not single:
        return ""
    names = _names_or_count(single, "and")
    return f" For {names} there is only one seed, so the spread is unknown."


def _names_or_count(names: Sequence[str], conjunction: str) -> str:
    """Join the names of a few settings with a conjunction. If there are more than ``MOST_NAMED``, count them."""
    if len(names) > MOST_NAMED:
        return f"{len(names):,} others"
    return f" {conjunction} ".join(names)


def common_held_out_sets(runs: Iterable[Run], *references: str) -> list[HeldOut]:
    """Return the held-out names that all settings were tested on, one entry per seed.

    If two settings with the same seed were tested on different names, the result is empty.

    Args:
        runs: finished runs.
        references: the fields of ``HeldOut`` to compare, "ceiling" and "baseline".
    """
    held_out_by_seed: dict[int, HeldOut] = {}
    for run in runs:
        held_out = run.done.held_out
        first_of_seed = held_out_by_seed.setdefault(run.seed, held_out)
        if not _have_same_held_out_names(held_out, first_of_seed, references):
            return []
    return list(held_out_by_seed.values())


def _have_same_held_out_names(left: HeldOut, right: HeldOut, references: Iterable[str]) -> bool:
    """Return whether two runs seem to have held out the same names, judging by the sizes and the references."""
    if left.names != right.names or left.characters != right.characters:
        return False
    return all(_are_close(getattr(left, name), getattr(right, name)) for name in references)


def _are_close(left: PlainMetrics, right: PlainMetrics) -> bool:
    """Return whether metrics are equal, except for rounding differences between processors."""
    return all(_is_close(getattr(left, metric), getattr(right, metric)) for metric in METRICS)


def _is_close(left: float | None, right: float | None) -> bool:
    """Return whether two values of a metric are equal, except for rounding. None is only equal to None."""
    if left is None or right is None:
        return left == right
    return isclose(left, right, rel_tol=1e-9)


def axes_in_words(results: Results) -> str:
    """List the settings that a sweep varies."""
    names = [axis_name(path) for path in results.axes if path not in (LIST, SEED)]
    return ", ".join(names) or "the seed"

"""Summarize the rows of an experiment: group them by model, compare the models, and put the findings into words."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from statistics import mean, stdev
from typing import Any

import msgspec

from namegen.errors import counted, safe_cell
from namegen.experiments.pairs import Interval, Metric, difference, mean_ratio
from namegen.experiments.rows import (
    Generation,
    Groups,
    Metrics,
    Names,
    Part,
    Reference,
    Results,
    Row,
    Training,
    format_value,
)

ARGMAX: Metric = "accuracy_argmax"
SAMPLED: Metric = "accuracy_sampled"
LOSS: Metric = "loss_nats_per_char"


@dataclass(frozen=True)
class Model:
    """A network with its seeds, the n-gram, or the ceiling, on one type of split."""

    name: str
    split: str
    metrics: list[dict[Part, Metrics]] = field(default_factory=list)  # one per seed
    groups: list[Groups | None] = field(default_factory=list)
    runs: list[Training] = field(default_factory=list)  # none for the n-gram and the ceiling

    def values(self, part: Part, metric: Metric) -> list[float]:
        """Return a metric on one part of the list, for each seed."""
        values = [getattr(each[part], metric) for each in self.metrics if part in each]
        return [value for value in values if value is not None]

    def minus(self, other: Model, metric: Metric = LOSS) -> Interval | None:
        """Compare this model with another one on the same held-out names."""
        return difference(self.groups, other.groups, metric)


class ListSummary:
    """The results of one list.

    Args:
        name: the name of the list.
        rows: its rows.
    """

    def __init__(self, name: str, rows: Sequence[Row]) -> None:
        self.name = name
        self.rows = [row for row in rows if row.job.list == name]
        self.references: dict[str, Reference] = {}  # by split
        for row in self.rows:
            if isinstance(row.result, Reference):
                self.references[row.job.split] = row.result

    def trainings(self, *roles: str) -> list[tuple[Row, Training]]:
        """Return the finished runs with some roles."""
        return [
            (row, row.result)
            for row in self.rows
            if isinstance(row.result, Training) and row.job.role in roles
        ]

    @cached_property
    def generations(self) -> list[tuple[Row, Generation]]:
        """The finished rows of generated names."""
        return [(row, row.result) for row in self.rows if isinstance(row.result, Generation)]

    @cached_property
    def splits(self) -> list[str]:
        """The types of split that networks were trained on."""
        return list(
            dict.fromkeys(row.job.config.data.split for row, _ in self.trainings("network"))
        )

    def models(self, split: str) -> list[Model]:
        """Return the networks with a type of split, then the n-gram and the ceiling.

        If the networks were evaluated on different names, there is no common n-gram or ceiling.
        """
        networks: dict[str, Model] = {}
        splits_by_network: dict[str, dict[str, None]] = {}
        for row, training in self.trainings("network"):
            if row.job.config.data.split == split:
                model = networks.setdefault(row.job.network, Model(row.job.network, split))
                model.metrics.append(training.metrics)
                model.groups.append(training.groups)
                model.runs.append(training)
                splits_by_network.setdefault(row.job.network, {})[row.job.split] = None
        used = list(splits_by_network.values())
        if not used or any(splits.keys() - max(used, key=len).keys() for splits in used):
            return list(networks.values())
        references = [self.references[key] for key in max(used, key=len) if key in self.references]
        if not references:
            return list(networks.values())
        orders = sorted({reference.baseline_order for reference in references})
        ngram = Model(f"{' or '.join(map(str, orders))}-gram", split)
        ceiling = Model("ceiling", split)
        for reference in references:
            ngram.metrics.append({part: each.baseline for part, each in reference.parts.items()})
            ngram.groups.append(reference.baseline_groups)
            ceiling.metrics.append({part: each.ceiling for part, each in reference.parts.items()})
        return [*networks.values(), ngram, ceiling]

    def speeds(self) -> dict[tuple[str, int], dict[str, dict[int, Training]]]:
        """Group the timed runs by network and batch size, then by backend and round."""
        groups: dict[tuple[str, int], dict[str, dict[int, Training]]] = {}
        for row, training in self.trainings("backend", "timing"):
            group = groups.setdefault((row.job.network, training.batch_size), {})
            group.setdefault(row.job.backend, {})[row.job.round] = training
        return groups

    def curve_distance(self, network: str, backend: str) -> float | None:
        """Return the largest distance of a backend's validation losses from the first backend's, in nats."""
        runs = {
            row.job.backend: training.history["validation_loss_nats_per_char"]
            for row, training in self.trainings("backend")
            if row.job.network == network
        }
        first = next(iter(runs.values()), ())
        pairs = zip(first, runs.get(backend, ()), strict=False)
        distances = [abs(a - b) for a, b in pairs if a is not None and b is not None]
        return max(distances, default=None)


def speed_ratio(slow: dict[int, Training], fast: dict[int, Training]) -> Interval | None:
    """Return how many times as fast a backend is as another one, from the rounds that both took part in."""
    rounds = slow.keys() & fast.keys()
    ratios = [slow[each].seconds_per_epoch / fast[each].seconds_per_epoch for each in rounds]
    return mean_ratio(ratios) if ratios else None


def show_ratio(ratio: Interval) -> str:
    """Format a ratio with its interval.

    >>> show_ratio(Interval(2.41, 1.9, 2.8)), show_ratio(Interval(2.0, 0.0, float("inf")))
    ('2.4 (1.9 to 2.8)', '2.0 (one round)')
    """
    if not isfinite(ratio.high):
        return f"{ratio.mean:.1f} (one round)"
    digits = 2 if 0.5 < ratio.mean < 2 else 1
    return f"{ratio.mean:.{digits}f} ({ratio.low:.{digits}f} to {ratio.high:.{digits}f})"


def show_difference(value: Interval | None) -> str:
    """Format a difference in nats with its interval.

    >>> show_difference(Interval(-0.0121, -0.0149, -0.0093))
    '−0.012 (−0.015 to −0.009)'
    """
    if value is None:
        return "–"
    digits = 3 if abs(value.mean) >= 0.002 else 4
    mean_, low, high = [f"{number:+.{digits}f}".replace("-", "−") for number in value]
    return f"{mean_} ({low} to {high})"


# --- findings ---------------------------------------------------------------------------------------------------------


def lists_of(results: Results) -> list[ListSummary]:
    """Summarize each list, in the order of the plan."""
    names = dict.fromkeys(row.job.list for row in results.rows)
    return [ListSummary(name, results.rows) for name in names]


def speed_findings(results: Results) -> list[str]:
    """Compare the fastest backend with each of the others, for each network, with the ratio and its interval."""
    rounds: dict[str, dict[str, dict[Any, Training]]] = {}  # by network and backend
    for number, each in enumerate(lists_of(results)):
        for (network, _), backends in each.speeds().items():
            own_batch = [name for name, runs in backends.items() if 0 in runs]
            for backend in own_batch:
                runs = rounds.setdefault(network, {}).setdefault(backend, {})
                runs.update({(number, key): run for key, run in backends[backend].items()})
    findings = []
    for network, backends in rounds.items():
        by_speed = sorted(
            backends, key=lambda name: min(run.seconds_per_epoch for run in backends[name].values())
        )
        for slower in by_speed[1:]:
            faster = by_speed[0]
            ratio = speed_ratio(backends[slower], backends[faster])
            if ratio is None:
                continue
            if ratio.mean < 1:
                faster, slower = slower, faster
                ratio = Interval(1 / ratio.mean, 1 / ratio.high, 1 / ratio.low)
            text = f"{network}: {faster} trains {show_ratio(ratio)} times as fast as {slower}."
            if not ratio.excludes(1):
                text += " The difference isn't clear."
            findings.append(text)
    return findings


def quality_findings(results: Results) -> list[str]:
    """Name the best network of each list and split, and compare its loss with the n-gram's."""
    findings = []
    for each in lists_of(results):
        for split in each.splits:
            models = each.models(split)
            networks = [model for model in models if model.runs]
            references = [model for model in models if not model.runs]
            losses = {
                model.name: mean(model.values("held_out", LOSS) or [99]) for model in networks
            }
            best = min(networks, key=lambda model: losses[model.name])
            epochs = sorted({run.epochs for run in best.runs})
            text = (
                f"{each.name}, {split}: the best network is {best.name}, with a loss of {losses[best.name]:.3f} nats "
                f"on held-out names after {' or '.join(map(str, epochs))} epochs."
            )
            ngram = references[0] if references else None
            if ngram:
                text += f" Its loss minus the {ngram.name}'s: {show_difference(best.minus(ngram))}."
            findings.append(text)
    return findings


def missing_results(results: Results) -> list[str]:
    """Explain why some jobs have no result, with one sentence for each backend and reason."""
    jobs: dict[tuple[str, str, str], list[str]] = {}
    for row in results.rows:
        if row.status != "done":
            jobs.setdefault((row.status, row.job.backend, row.why), []).append(row.job.label)
    sentences = []
    for (status, backend, why), labels in jobs.items():
        more = f" and {len(labels) - 1} more" if len(labels) > 1 else ""
        sentences.append(f"{status.capitalize()} ({backend}): {labels[0]}{more}: {why}.")
    if results.jobs_left:
        sentences.append(
            f"{counted(results.jobs_left, 'job')} haven't run yet. Run the same command to continue."
        )
    return sentences


# --- tables of numbers ------------------------------------------------------------------------------------------------

# What a summary groups rows by.
KEYS = ("list", "kind", "role", "split", "backend", "network", "loop")


def flat_rows(results: Results) -> list[dict[str, Any]]:
    """Return a dictionary for each row: the job, the settings that a sweep varies, and all numbers of the result."""
    lines = []
    for row in results.rows:
        job = row.job
        line: dict[str, Any] = {name: getattr(job, name, "") or "" for name in KEYS}
        line |= {"split": job.config.data.split, "seed": job.seed, "round": job.round}
        for path, value in job.axes.items():
            line[path] = format_value(value)
        line |= {"status": row.status, "why": row.why, "model": row.model}
        lines.append(line | _numbers(msgspec.to_builtins(row.result) or {}))
    return lines


def _numbers(result: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Return all single numbers of nested dictionaries, with names such as ``metrics.held_out.bits_per_char``."""
    numbers: dict[str, float] = {}
    for name, value in result.items():
        if isinstance(value, dict) and name != "lengths":
            numbers |= _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            numbers[f"{prefix}{name}"] = value
    return numbers


def summary_rows(results: Results) -> list[dict[str, Any]]:
    """Return means and spreads: a dictionary for each model and number, over seeds and rounds."""
    values: dict[tuple[Any, ...], list[float]] = {}
    for line in flat_rows(results):
        key = tuple(line[name] for name in KEYS)
        for name, value in line.items():
            is_measured = isinstance(value, int | float) and name not in ("seed", "round")
            if is_measured:
                values.setdefault((*key, name), []).append(value)
    lines = []
    for key, known in values.items():
        lines.append(
            {
                **dict(zip((*KEYS, "measurement"), key, strict=True)),
                "runs": len(known),
                "mean": mean(known),
                "standard_deviation": stdev(known) if len(known) > 1 else "",
                "lowest": min(known),
                "highest": max(known),
            }
        )
    return lines


def to_csv(lines: Sequence[dict[str, Any]]) -> str:
    """Format dictionaries as CSV. Cells that a spreadsheet would interpret as a formula are quoted."""
    columns = dict.fromkeys(name for line in lines for name in line)
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow({name: safe_cell(value) for name, value in line.items()})
    return stream.getvalue()


def best_names(generation: Generation) -> Names:
    """Return the names drawn by count-splitting, or one by one if the model doesn't support it."""
    return generation.algorithms.get("count_splitting") or generation.algorithms["one_by_one"]

"""Summarize the rows of an experiment: group them by list, split and network, and compute means and spreads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import mean, stdev
from typing import Any, TypeAlias

import msgspec

from namegen.errors import safe_cell
from namegen.experiments.ratios import Ratio, mean_ratio
from namegen.experiments.rows import (
    Generation,
    Metrics,
    Part,
    Reference,
    Results,
    Row,
    Training,
)
from namegen.experiments.text import NONE

# The metrics in reports, which are fields of ``Metrics``.
LOSS = "loss_nats_per_char"
ARGMAX = "accuracy_argmax"
SAMPLED = "accuracy_sampled"

Rounds: TypeAlias = dict[tuple[str, int], Training]  # by the list and the number of the round


@dataclass(frozen=True)
class Model:
    """A network with its seeds, or a reference: the n-gram or the ceiling."""

    name: str
    metrics: list[Mapping[Part, Metrics]] = field(default_factory=list)  # one per seed
    runs: list[Training] = field(default_factory=list)  # one per seed; none for a reference

    def values(self, metric: str, part: Part = "held_out") -> list[float]:
        """Return a metric on one part of the list, for each seed."""
        values = [getattr(metrics[part], metric) for metrics in self.metrics]
        return [value for value in values if value is not None]

    def mean(self, metric: str) -> float:
        """Return the mean of a metric on the held-out names. A loss may be infinite."""
        return mean(self.values(metric) or [inf])


@dataclass(frozen=True)
class ListSummary:
    """The results of one list."""

    name: str
    rows: list[Row]

    def networks(self) -> dict[str, list[Model]]:
        """Return the networks that were trained on each type of split."""
        by_split: dict[str, dict[str, Model]] = {}
        for row in self.rows:
            name = row.job.network
            if isinstance(row.result, Training) and row.job.kind == "network":
                models = by_split.setdefault(row.job.split, {})
                model = models.setdefault(name, Model(name))
                model.metrics.append(row.result.metrics)
                model.runs.append(row.result)
        return {split: list(models.values()) for split, models in by_split.items()}

    def references(self, split: str | None = None) -> list[Reference]:
        """Return what networks are compared with, for one type of split or for all."""
        return [
            row.result
            for row in self.rows
            if isinstance(row.result, Reference) and split in (None, row.job.split)
        ]

    def reference_models(self, split: str) -> list[Model]:
        """Return the n-gram and the ceiling. In a sweep, a type of split may hold out other names for each seed."""
        references = self.references(split)
        if not references:
            return []
        names = sorted({reference.ngram_name for reference in references})
        ngram = Model(" or ".join(names))
        ceiling = Model("ceiling")
        for reference in references:
            ngram.metrics.append(reference.ngram)
            ceiling.metrics.append(reference.ceiling)
        return [ngram, ceiling]

    def generations(self) -> list[tuple[str, str, Generation]]:
        """Return the names that each network has generated, with its backend, and those of an n-gram."""
        generations = [
            (row.job.network, row.job.backend, row.result)
            for row in self.rows
            if isinstance(row.result, Generation)
        ]
        if generations:
            for reference in self.references()[:1]:
                generations.append((reference.ngram_name, NONE, reference.ngram_generation))
        return generations


def lists_of(results: Results) -> list[ListSummary]:
    """Summarize each list, in the order of the plan."""
    rows: dict[str, list[Row]] = {}
    for row in results.rows:
        rows.setdefault(row.job.list, []).append(row)
    return [ListSummary(name, rows[name]) for name in rows]


def timings_of(rows: Sequence[Row]) -> dict[str, dict[str, Rounds]]:
    """Group the runs that compare backends by network, then by backend."""
    timings: dict[str, dict[str, Rounds]] = {}
    for row in rows:
        job = row.job
        if isinstance(row.result, Training) and job.kind == "backend":
            by_backend = timings.setdefault(job.network, {})
            by_backend.setdefault(job.backend, {})[job.list, job.round] = row.result
    return timings


def speed_ratio(backend: Rounds, other: Rounds) -> Ratio | None:
    """Return how many times as fast a backend is as another one.

    The ratio is that of the rounds that both took part in, or None if there are fewer than two.
    """
    ratios = []
    for turn, training in backend.items():
        if turn in other:
            ratios.append(other[turn].seconds_per_epoch / training.seconds_per_epoch)
    return mean_ratio(ratios) if len(ratios) > 1 else None


def summary_csv(results: Results) -> str:
    """Return means and spreads over seeds and rounds as CSV, with a line for each model and number.

    Cells that a spreadsheet would interpret as a formula are quoted.
    """
    columns = ["list", "kind", "split", "backend", "network", "measurement"]
    statistics = ["runs", "mean", "standard_deviation", "lowest", "highest"]
    values: dict[tuple[str, ...], list[float]] = {}
    for row in results.rows:
        job = row.job
        for name, number in _numbers(msgspec.to_builtins(row.result) or {}):
            model = (job.list, str(job.kind), job.split, job.backend, job.network)
            values.setdefault((*model, name), []).append(number)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*columns, *statistics])
    for key, known in values.items():
        deviation = stdev(known) if len(known) > 1 else ""
        writer.writerow(
            [*map(safe_cell, key), len(known), mean(known), deviation, min(known), max(known)]
        )
    return stream.getvalue()


def _numbers(result: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield all single numbers of nested dictionaries, with names such as ``metrics.held_out.accuracy_argmax``."""
    for name, value in result.items():
        if isinstance(value, dict) and name != "lengths":
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            yield f"{prefix}{name}", value

"""Which entries of a comparison a table, a plot or a sentence tells of, and their figures by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import mean, median
from typing import Any, Literal

from namegen.experiments.compare.document import Comparison, Generation, ListEntry, Reference, Training, distances
from namegen.experiments.compare.measurements import (
    ODDEST,
    Algorithm,
    Counting,
    GenerationFigures,
    NameFigures,
    Quiet,
    SplitName,
)
from namegen.experiments.compare.plan import NETWORKS, NUMPY, ORIGINALS, TFLITE

Part = Literal["training", "held_out", "whole"]
Metric = Literal["loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"]
Whose = Literal["ceiling", "baseline"]

# What a report calls the parts of a list, and the ways to draw names.
PARTS: dict[Part, str] = {"training": "training part", "held_out": "held-out part", "whole": "whole list"}
ALGORITHMS: dict[Algorithm, str] = {"one_by_one": "one by one", "count_splitting": "count-splitting"}
REAL_PLAUSIBLE = 100 * (1 - ODDEST)  # per cent of real names, as it is meant
TOLD_APART = 10.0  # points, at least, between real names and what pairs of letters make: else a judge is not heard


def engines_of(entry: ListEntry) -> list[str]:
    """Every engine that has figures of this list, and what else reads a network."""
    return list(dict.fromkeys([*(run.engine for run in entry.trainings), *(one.engine for one in entry.generation)]))


def splits(entry: ListEntry) -> list[SplitName]:
    """The ways in which the list was split."""
    return list(dict.fromkeys(one.split for one in entry.references))


def like_for_like_runs(entry: ListEntry) -> list[Training]:
    """The trainings that are compared engine by engine."""
    return [run for run in entry.trainings if "like_for_like" in run.roles]


def like_for_like_by_network(entry: ListEntry) -> dict[str, list[Training]]:
    """The same, network by network; a network with other parameters than the first of its name is another one."""
    found: dict[str, list[Training]] = {}
    for run in like_for_like_runs(entry):
        first = found.get(run.network, [run])[0]
        same = run.parameters == first.parameters
        found.setdefault(run.network if same else f"{run.network} of {run.parameters:,} parameters", []).append(run)
    return found


def curve_distance(one: Training, other: Training) -> float:
    """How far the loss curves of two trainings, of an epoch at least, are apart at most, in nats per character."""
    return max(found for *_, found in distances(one.history, other.history))


def network_names(entry: ListEntry, split: SplitName) -> list[str]:
    """The networks that were trained on this split, in the order of every table; those of other engines come last."""
    order = [*NETWORKS, *ORIGINALS]
    names = {run.network for run in entry.trainings if _is_network(run, split)}
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def network_runs(entry: ListEntry, split: SplitName, network: str) -> list[Training]:
    """The trainings of a network, one for each seed."""
    return [run for run in entry.trainings if _is_network(run, split) and run.network == network]


def _is_network(run: Training, split: SplitName) -> bool:
    return run.split == split and "network" in run.roles


def network_values(entry: ListEntry, split: SplitName, network: str, part: Part, figure: Metric) -> list[float]:
    """A figure of a network on a part of the list, one for each seed."""
    return [getattr(getattr(run.figures, part), figure) for run in network_runs(entry, split, network)]


def reference_values(entry: ListEntry, split: SplitName, part: Part, whose: Whose, figure: Metric) -> list[float]:
    """The same figure of the ceiling or the baseline of that part, one for each seed."""
    parts = [getattr(one.parts, part) for one in entry.references if one.split == split]
    return [getattr(getattr(one, whose), figure) for one in parts]


def baseline_name(entry: ListEntry, split: SplitName) -> str:
    """The n-gram by its order."""
    orders = sorted({one.baseline_order for one in entry.references if one.split == split})
    return f"{' or '.join(map(str, orders))}-gram"


def counting_reference(entry: ListEntry) -> Reference | None:
    """The split that the generating networks were trained on, with the names that counting draws; None where a document
    has none.
    """
    first = next(iter(entry.references), None)
    return first if first is not None and first.counting_names else None


def names_of_counting(reference: Reference) -> dict[str, NameFigures]:
    """What counts → the names that it draws, as a report calls it."""
    called: dict[Counting, str] = {
        "ngram": f"counting ({reference.baseline_order}-gram)",
        "chain": "a Markov chain of order 4",
        "pairs": "pairs of letters",
    }
    return {called[name]: found for name, found in reference.counting_names.items()}


def why_not_plausible(reference: Reference) -> str:
    """Why nobody can say which names are plausible, in a sentence; empty where somebody can.

    A judge that has counted few names takes what pairs of letters make for names: its figures would say nothing.
    """
    known = reference.judge_names
    pairs = reference.counting_names.get("pairs")
    if pairs is None or not isinstance(pairs.plausible_percent, float):
        return f"Which names are plausible is not told: the judge would know {known:,} names, which are too few."
    if pairs.plausible_percent > REAL_PLAUSIBLE - TOLD_APART:
        return (
            f"Which names are plausible is not told: the judge knows {known:,} names, and finds "
            f"{pairs.plausible_percent:.0f}% of what pairs of letters make plausible, nearly as many as of real names "
            f"({REAL_PLAUSIBLE:.0f}%)."
        )
    return ""


def generated_by_network(entry: ListEntry) -> dict[str, GenerationFigures]:
    """The names that the NumPy engine drew from each network, or else the first engine that did."""
    found: dict[str, GenerationFigures] = {}
    for one in entry.generation:
        if one.model == NUMPY or (one.engine != TFLITE and one.network not in found):
            found[one.network] = best_generated(one)
    return found


def best_generated(one: Generation) -> GenerationFigures:
    """A model's names by count-splitting, or else as it draws them."""
    return one.algorithms.get("count_splitting") or one.algorithms["one_by_one"]


# More than so many cores that others kept busy, or a fixed computation that took so many times as long as at best, and
# the times are not to be trusted.
BUSY_CORES, DRIFT = 0.25, 1.25


@dataclass(frozen=True)
class Round:
    """One time that an engine was timed.

    Attributes:
        number: rounds of one number were measured one after the other; 0 is the training that the curves are of.
        seconds_per_epoch, chars_per_second: of training; the second is None where the run was too short.
        start_up_seconds: from the start of the process to an engine that is made.
        compilation_seconds: until it is warm.
        peak_memory_mib: None where it is not known, or not of this batch alone.
    """

    number: int
    seconds_per_epoch: float
    chars_per_second: float | None
    start_up_seconds: float
    compilation_seconds: float
    peak_memory_mib: float | None

    @property
    def starting_seconds(self) -> float:
        """Until the first batch can be trained."""
        return self.start_up_seconds + self.compilation_seconds


@dataclass(frozen=True)
class Speed:
    """How fast one engine trains one network with batches of one size.

    Attributes:
        network, engine: whose.
        batch_size: in names.
        parameters: of the network: engines are compared where these are equal.
        own_batch: whether it is the batch size of the training that the curves are of.
        rounds: at least one.
    """

    network: str
    engine: str
    batch_size: int
    parameters: int
    own_batch: bool
    rounds: tuple[Round, ...]

    @property
    def seconds_per_epoch(self) -> list[float]:
        """Of each round."""
        return [one.seconds_per_epoch for one in self.rounds]

    @property
    def chars_per_second(self) -> float | None:
        """The median of the rounds; None where they were too short."""
        found = [one.chars_per_second for one in self.rounds if one.chars_per_second is not None]
        return median(found) if found else None

    def ratios(self, other: Speed) -> list[float]:
        """How many times as fast as another it was, in each round that both have."""
        others = {one.number: one.seconds_per_epoch for one in other.rounds}
        return [others[one.number] / one.seconds_per_epoch for one in self.rounds if one.number in others]


def speeds(entry: ListEntry) -> list[Speed]:
    """Of each network and engine that trained like for like: with the batches of the training, then with large ones."""
    found = []
    for network, runs in like_for_like_by_network(entry).items():
        for run in runs:
            timed = [one for one in entry.timings if (one.network, one.engine) == (run.network, run.engine)]
            with_large = [one for one in timed if len(one.batches) > 1]
            own = [_round(0, vars(run.timing)), *(_round(one.round, vars(one) | vars(one.batches[0])) for one in timed)]
            found.append(Speed(network, run.engine, run.batch_size, run.parameters, True, tuple(own)))
            if with_large:
                of_both = {"peak_memory_mib": None}  # it is not told of the second size of batches alone
                large = [_round(one.round, vars(one) | vars(one.batches[1]) | of_both) for one in with_large]
                size = with_large[0].batches[1].batch_size
                found.append(Speed(network, run.engine, size, run.parameters, False, tuple(large)))
    return found


def _round(number: int, measured: Mapping[str, Any]) -> Round:
    """A round from what was measured, which calls its figures as ``Round`` does."""
    return Round(number, **{field.name: measured[field.name] for field in fields(Round) if field.name != "number"})


def by_network_and_batch(found: Sequence[Speed]) -> dict[tuple[str, int], list[Speed]]:
    """Those that are compared with each other."""
    groups: dict[tuple[str, int], list[Speed]] = {}
    for one in sorted(found, key=lambda speed: not speed.own_batch):
        groups.setdefault((one.network, one.batch_size), []).append(one)
    return groups


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one engine is as another, over rounds and lists.

    Attributes:
        median, lowest, highest: of all rounds.
        rounds: how many.
    """

    median: float
    lowest: float
    highest: float
    rounds: int

    @classmethod
    def of(cls, found: Sequence[float]) -> Ratio:
        """From one of each round; at least one."""
        return cls(median(found), min(found), max(found), len(found))

    @property
    def clear(self) -> bool:
        """Whether one engine was the faster one in every round, of several."""
        return self.rounds > 1 and (self.lowest > 1 or self.highest < 1)

    @property
    def slower(self) -> bool:
        """Whether it was the slower one in every round, of several."""
        return self.rounds > 1 and self.highest < 1

    def shown(self, number: float) -> str:
        """One of its numbers; a difference is not shown as none: 1.02 and not 1.0."""
        told = self.clear or self.rounds == 1
        near = any(f"{one:.1f}" == "1.0" for one in (self.median, self.lowest, self.highest))
        return f"{number:.{2 if told and near else 1}f}"

    def __str__(self) -> str:
        """For people.

        >>> str(Ratio.of([1.62, 1.58, 1.71])), str(Ratio.of([2.0])), str(Ratio.of([1.02, 1.04]))
        ('1.6 (1.6 to 1.7)', '2.0 (one round)', '1.03 (1.02 to 1.04)')
        """
        shown, low, high = map(self.shown, (self.median, self.lowest, self.highest))
        if self.rounds == 1:
            return f"{shown} (one round)"
        return shown if low == high else f"{shown} ({low} to {high})"


# --- whether the machine was quiet ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quietness:
    """What is known of the machine, over everything that was timed.

    Attributes:
        other_cores: at most so many did others keep busy, in nine measurements of ten; None where it is not known.
        drift: at most so many times its shortest time did the fixed computation take, on average before and after, in
            nine measurements of ten.
        known: whether anything was timed.
    """

    other_cores: float | None
    drift: float
    known: bool

    @property
    def busy(self) -> bool:
        """Whether the times are not to be trusted."""
        return self.drift > DRIFT or (self.other_cores or 0.0) > BUSY_CORES


def quietness(results: Comparison) -> Quietness:
    """Of all measurements of a comparison whose seconds are told."""
    found = [one for entry in results.lists for one in _watched(entry)]
    cores = [one.other_cores for one in found if one.other_cores is not None]
    shortest = min((min(one.control_seconds) for one in found), default=1.0)
    drift = nine_of_ten([mean(one.control_seconds) / shortest for one in found]) if found else 1.0
    return Quietness(nine_of_ten(cores) if cores else None, drift, bool(found))


def nine_of_ten(values: Sequence[float]) -> float:
    """What nine of ten values do not exceed (of fewer than ten, none does): one disturbance spoils one round of many,
    which the median leaves out.

    >>> nine_of_ten([1.0] * 9 + [5.0]), nine_of_ten([1.0, 5.0])
    (1.0, 5.0)
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]


def _watched(entry: ListEntry) -> Iterator[Quiet]:
    yield from (run.timing.quiet for run in like_for_like_runs(entry))
    yield from (one.quiet for one in entry.timings)
    yield from (one.quiet for one in entry.generation)

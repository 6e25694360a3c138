"""Which entries of a comparison a table, a plot or a sentence tells of, and their figures by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from namegen.core.generation.plausibility import ODDEST
from namegen.experiments.compare.document import Generation, ListEntry, Reference, Training
from namegen.experiments.compare.measured import Algorithm, Counting, GenerationFigures, NameFigures
from namegen.experiments.compare.networks import NETWORKS, ORIGINALS
from namegen.experiments.compare.plan import NUMPY, TFLITE
from namegen.experiments.compare.subjects import SplitName
from namegen.experiments.trained import History

Part = Literal["training", "held_out", "whole"]
Metric = Literal["loss_nats_per_char", "bits_per_char", "accuracy_argmax", "accuracy_sampled"]
Whose = Literal["ceiling", "baseline"]

CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")  # of a history
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


def distances(one: History, other: History) -> Iterator[tuple[str, int, float]]:
    """A loss curve, an epoch, and how far two trainings are apart there, in nats per character."""
    for curve in CURVES:
        for epoch, pair in enumerate(zip(getattr(one, curve), getattr(other, curve), strict=False), start=1):
            if None not in pair:
                yield curve, epoch, abs(pair[0] - pair[1])


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
    return {called[name]: found for name, found in (reference.counting_names or {}).items()}


def why_not_plausible(reference: Reference) -> str:
    """Why nobody can say which names are plausible, in a sentence; empty where somebody can.

    A judge that has counted few names takes what pairs of letters make for names: its figures would say nothing.
    """
    known = reference.judge_names or 0
    pairs = (reference.counting_names or {}).get("pairs")
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

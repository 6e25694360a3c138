"""The result of a comparison in words, made from its figures; and where it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from namegen.documents import UnsetType
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.measured import Algorithm, NameFigures
from namegen.experiments.compare.pairs import (
    NO_DIFFERENCE,
    Figure,
    against_counting,
    between,
    in_figures,
)
from namegen.experiments.compare.selection import (
    Metric,
    baseline_name,
    best_generated,
    counting_reference,
    names_of_counting,
    network_names,
    network_values,
    reference_values,
    splits,
    why_not_plausible,
)
from namegen.experiments.compare.subjects import SplitName
from namegen.experiments.machine import code_in_words
from namegen.experiments.table import percent, whole

NOT_KNOWN = "whether they differ is not known: too few names, or a document of the first edition"


def accuracy_in_words(entry: ListEntry) -> Iterator[str]:
    """The best network on held-out names, beside the others, counting and the ceiling, for each split."""
    for split in splits(entry):
        networks = network_names(entry, split)
        if not networks:
            continue
        top = mean(reference_values(entry, split, "held_out", "ceiling", "accuracy_argmax"))
        best, found, baseline = _best(entry, split, "accuracy_argmax")
        said = (
            f"{entry.name}, {_held_out(entry, split)}: {_named(entry, split, best, 'argmax')} predicts "
            f"{percent(found)}% of the characters, counting ({baseline_name(entry, split)}) {percent(baseline)}%"
            f"{_beside_counting(entry, split, best, 'argmax')}; the ceiling is {percent(top)}%."
        )
        if all(against_counting(entry, split, network, "loss") for network in networks):
            best, found, baseline = _best(entry, split, "loss_nats_per_char")
            said += (
                f" Loss: {_named(entry, split, best, 'loss')} {found:.3f} nats per character, "
                f"counting {baseline:.3f}{_beside_counting(entry, split, best, 'loss')}."
            )
        yield said


def _held_out(entry: ListEntry, split: SplitName) -> str:
    """How many held-out names, and how many of them were seen in training: ``4,708 held-out names (51% …)``."""
    of_split = [one for one in entry.references if one.split == split]
    names = mean(one.parts.held_out.names for one in of_split)
    seen = mean(one.seen_percent for one in of_split)
    return f"{names:,.0f} held-out names ({f'{seen:.0f}%' if seen else 'none'} seen in training)"


def _best(entry: ListEntry, split: SplitName, figure: Metric) -> tuple[str, float, float]:
    """The best network on the held-out part; its figure, mean over the seeds, and that of counting."""
    found = {
        network: mean(network_values(entry, split, network, "held_out", figure))
        for network in network_names(entry, split)
    }
    choose = min if figure == "loss_nats_per_char" else max
    best = choose(found, key=lambda network: found[network])
    return best, found[best], mean(reference_values(entry, split, "held_out", "baseline", figure))


def _named(entry: ListEntry, split: SplitName, best: str, figure: Figure) -> str:
    """The best network, and those that it is not known to be better than."""
    others = {
        other: between(entry, split, best, other, figure) for other in network_names(entry, split) if other != best
    }
    if others and not any(others.values()):
        return f"{best} (whether it differs from the others is not known)"
    alike = [other for other, apart in others.items() if apart is not None and not apart.is_found]
    if not alike:
        return best
    these = alike[0] if len(alike) == 1 else f"{'the' if len(alike) == len(others) else len(alike)} others"
    return f"{best} ({NO_DIFFERENCE} from {these})"


def _beside_counting(entry: ListEntry, split: SplitName, network: str, figure: Figure) -> str:
    """How sure it is that a network and counting differ."""
    apart = against_counting(entry, split, network, figure)
    if apart is None:
        return f" ({NOT_KNOWN})"
    if not apart.is_found:
        return f" ({NO_DIFFERENCE})"
    mean_, _, interval = in_figures(apart, figure).partition(" (")
    return f" ({mean_}{'' if figure == 'loss' else ' points'}, 95% interval {interval}"  # which has its bracket


def generation_in_words(entry: ListEntry) -> Iterator[str]:
    """The fastest way to names of the first network, and how many of them are the list's."""
    ways: dict[Algorithm, str] = {"one_by_one": "one by one", "count_splitting": "by count-splitting"}
    if entry.generation:
        network = entry.generation[0].network
        speeds = {
            (one.model, name): generated.names_per_second
            for one in entry.generation
            for name, generated in one.algorithms.items()
            if one.network == network
        }
        fast = max(speeds, key=lambda key: speeds[key])
        generated = best_generated(entry.generation[0])
        yield (
            f"{entry.name}, drawing names: {network} gives up to {whole(speeds[fast])} per second ({fast[0]}, "
            f"{ways[fast[1]]}); {generated.recreated_percent:.0f}% of them are in the list."
        )
        yield from _new_and_plausible(entry, network, generated)


def _new_and_plausible(entry: ListEntry, network: str, generated: NameFigures) -> Iterator[str]:
    """How many names are new and how many of these plausible, beside what counting draws."""
    reference = counting_reference(entry)
    if reference is None or isinstance(generated.new_percent, UnsetType):
        return
    drawn = {network: generated} | names_of_counting(reference)
    new = [f"{name} {found.new_percent:.0f}%" for name, found in drawn.items()]
    yield f"Names that the training part lacks, in one drawing from one training each: {listed(new)}."
    why = why_not_plausible(reference)
    plausible = [
        f"{name} {found.plausible_percent:.0f}%"
        for name, found in drawn.items()
        if isinstance(found.plausible_percent, float)
    ]
    if not why and plausible:
        yield f"Of these, each once, could stand in the list: {listed(plausible)}."


def listed(parts: Sequence[str]) -> str:
    """Parts as one says them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def nats(distance: float) -> str:
    """A distance of losses for people, who need no more than its size."""
    return "0.0001" if distance < 0.0001 else f"{distance:.4f}"


def counted(number: int, what: str) -> str:
    """A number and what it counts.

    >>> counted(1, "seed"), counted(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def measured_where(results: Comparison) -> list[str]:
    """Machine, threads, versions, seeds, commit; a sentence each."""
    machine, versions = results.machine, results.versions
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    absent = [name for name, version in versions.items() if version is None]
    without = f"; not installed: {', '.join(absent)}" if absent else ""
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = [f"{name} ({code_in_words(code)})" for name, code in (results.engine_codes or {}).items()]
    split = "" if results.split_seed is None else f", split by the seed {results.split_seed}"
    return [
        f"Measured on {machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system}). Every "
        f"measurement ran in a process of its own with {counted(results.threads, 'thread')}; measurements of time ran "
        "one after the other.",
        f"{found}{without}{commits}.",
        *([f"Engines: {'; '.join(codes)}."] if codes else []),
        f"Seeds {', '.join(map(str, results.seeds))}{split}; {results.validation:.0%} of each list held out. The "
        "figures are those of the epoch with the lowest held-out loss (for the original's networks, with the highest "
        "held-out accuracy, as in the original). The same seeds give the same figures on the same machine, except for "
        "times.",
    ]


def troubles(results: Comparison) -> list[str]:
    """What is missing and how to get it, what was left out, what failed; a sentence each."""
    found = (("Missing", results.missing), ("Left out", results.left_out), ("Failed", results.failed))
    return [f"{how}: {one.what}: {one.why}." for how, of_kind in found for one in of_kind]

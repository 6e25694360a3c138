"""The result of a comparison in words, made from its figures; and where it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import mean

from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.measured import Algorithm
from namegen.experiments.compare.selection import (
    baseline_name,
    best_generated,
    network_names,
    network_values,
    reference_values,
    splits,
)
from namegen.experiments.engine_code import code_in_words
from namegen.experiments.table import percent, whole


def findings(results: Comparison) -> list[str]:
    """Of each list, how well its names are predicted and how fast generated."""
    return [said for entry in results.lists for said in (*accuracy_in_words(entry), *generation_in_words(entry))]


def accuracy_in_words(entry: ListEntry) -> Iterator[str]:
    """The best network on held-out names, beside counting and the ceiling, for each split."""
    for split in splits(entry):
        found = {
            network: mean(network_values(entry, split, network, "held_out", "accuracy_argmax"))
            for network in network_names(entry, split)
        }
        if not found:
            continue
        best = max(found, key=lambda network: found[network])
        baseline = mean(reference_values(entry, split, "held_out", "baseline", "accuracy_argmax"))
        top = mean(reference_values(entry, split, "held_out", "ceiling", "accuracy_argmax"))
        where = "with repeats on both sides" if split == "names" else "that training has not seen"
        yield (
            f"{entry.name}, held-out names {where}: the best network ({best}) predicts {percent(found[best])}% of the "
            f"characters, counting ({baseline_name(entry, split)}) {percent(baseline)}%; the ceiling is "
            f"{percent(top)}%."
        )


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
    """Machine, threads, versions, seeds, commit; then what is missing and how to get it; a sentence each."""
    machine, versions = results.machine, results.versions
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    absent = [name for name, version in versions.items() if version is None]
    without = f"; not installed: {', '.join(absent)}" if absent else ""
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = [f"{name} ({code_in_words(code)})" for name, code in (results.engine_codes or {}).items()]
    split = "" if results.split_seed is None else f", split by the seed {results.split_seed}"
    said = [
        f"Measured on {machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system}). Every "
        f"measurement ran in a process of its own with {counted(results.threads, 'thread')}; measurements of time ran "
        "one after the other.",
        f"{found}{without}{commits}.",
        *([f"Engines: {'; '.join(codes)}."] if codes else []),
        f"Seeds {', '.join(map(str, results.seeds))}{split}; {results.validation:.0%} of each list held out. The "
        "figures are those of the epoch with the lowest held-out loss (for the original's networks, with the highest "
        "held-out accuracy, as in the original). The same seeds give the same figures, except for times.",
    ]
    said += [f"Missing: {one.what}: {one.why}." for one in results.missing]
    said += [f"Left out: {one.what}: {one.why}." for one in results.left_out]
    said += [f"Failed: {one.what}: {one.why}." for one in results.failed]
    return said

"""The result of a comparison in words, made from its figures; and where it was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from statistics import mean

from namegen.experiments.compare.document import Comparison, ListEntry, Training
from namegen.experiments.compare.measured import Algorithm
from namegen.experiments.compare.selection import (
    baseline_name,
    best_generated,
    curve_distance,
    like_for_like_by_network,
    network_names,
    network_values,
    reference_values,
    splits,
)
from namegen.experiments.engine_code import code_in_words
from namegen.experiments.table import percent, whole

PARITY_NATS = 0.01  # loss curves that stay this near are the same training


def statement(results: Comparison) -> str:
    """The first paragraph of the report: how the engines compare, over all lists."""
    lists = results.lists
    engines = dict.fromkeys(run.engine for entry in lists for run in entry.trainings)
    if not engines:
        return "No network could be trained."
    said = " ".join(filter(None, (_distance(lists), _speed(lists))))
    if not said:
        if len(engines) == 1:
            said = f"Measured with the engine {next(iter(engines))}; there is no other to compare it with."
        else:
            said = f"Measured with the engines {listed(list(engines))}; no two of them trained the same network."
    if results.quick_epochs is not None:
        said += (
            f" This was a quick look with {_count(results.quick_epochs, 'epoch')} and "
            f"{_count(len(results.seeds), 'seed')}; a full run trains to the end."
        )
    return said


def findings(results: Comparison) -> list[str]:
    """What stands below the first paragraph: of each list, how well its names are predicted and how fast generated."""
    return [said for entry in results.lists for said in (*_accuracy(entry), *_generation(entry))]


def _distance(lists: Sequence[ListEntry]) -> str:
    """Whether the engines learn the same: the first one, and those that stay near it; then each that does not."""
    groups = [runs for entry in lists for runs in like_for_like_by_network(entry).values() if len(runs) > 1]
    if not groups:
        return ""
    farthest: dict[str, float] = {}  # engine → from the first one
    for first, *others in groups:
        for other in others:
            farthest[other.engine] = max(farthest.get(other.engine, 0.0), curve_distance(first, other))
    first_engine = groups[0][0].engine
    alike = [first_engine, *(engine for engine, distance in farthest.items() if distance < PARITY_NATS)]
    if len(alike) == 1:
        alike.extend(farthest)  # none is near it: what is said is that they differ
    worst = max(
        (curve_distance(*pair) for runs in groups for pair in combinations(runs, 2) if _among(pair, alike)), default=0.0
    )
    same = worst < PARITY_NATS
    said = (
        f"The engines {listed(alike)} {'learn the same' if same else 'differ'}: from the same start on the same "
        f"batches, their loss curves are {'at most' if same else 'up to'} {nats(worst)} nats per character apart"
        f"{'' if same else f' (less than {PARITY_NATS} counts as the same)'}."
    )
    apart = [f"{engine} by up to {nats(distance)}" for engine, distance in farthest.items() if engine not in alike]
    return f"{said} These differ from {first_engine}: {listed(apart)}." if apart else said


def _among(pair: Iterable[Training], engines: Sequence[str]) -> bool:
    return all(run.engine in engines for run in pair)


def _speed(lists: Sequence[ListEntry]) -> str:
    """How much faster the first engine trains than each other one, over all lists."""
    ratios: dict[tuple[str, str, str], list[float]] = {}
    for entry in lists:
        for network, runs in like_for_like_by_network(entry).items():
            by_engine = {run.engine: run.timing.seconds_per_epoch for run in runs}
            first, *others = by_engine
            for other in others:
                ratio = by_engine[other] / by_engine[first]
                ratios.setdefault((first, network, other), []).append(ratio)
    by_first: dict[str, dict[str, dict[str, str]]] = {}  # engine → network → other engine → how many times as fast
    for (first, network, other), found in ratios.items():
        low, high = f"{min(found):.1f}", f"{max(found):.1f}"
        times = f"{low if low == high else f'{low} to {high}'} times"
        by_first.setdefault(first, {}).setdefault(network, {})[other] = times
    return _sentence([_faster(first, networks) for first, networks in by_first.items()])


def _faster(first: str, networks: Mapping[str, Mapping[str, str]]) -> str:
    others = list(dict.fromkeys(other for found in networks.values() for other in found))
    if len(others) == 1:  # said once
        times = [f"the {network} {found[others[0]]}" for network, found in networks.items()]
        return f"the engine {first} trains {listed(times)} as fast as {others[0]}"
    said = [
        f"the {network} {listed([f'{times} as fast as {other}' for other, times in found.items()])}"
        for network, found in networks.items()
    ]
    return f"the engine {first} trains {'; '.join(said)}"


def _accuracy(entry: ListEntry) -> Iterator[str]:
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


def _generation(entry: ListEntry) -> Iterator[str]:
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


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _count(number: int, what: str) -> str:
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
        f"Measured on {machine.processor} ({_count(machine.cores, 'core')}{memory}, {machine.system}). Every "
        f"measurement ran in a process of its own with {_count(results.threads, 'thread')}; measurements of time ran "
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

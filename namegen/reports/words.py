"""The result of a comparison in words, made from its figures; and where it was measured."""

from __future__ import annotations

from statistics import mean
from typing import Any

from namegen.reports.tables import (
    baseline_name,
    best_drawing,
    like_for_like_runs,
    network_names,
    network_values,
    percent,
    reference_values,
    seconds,
    whole,
)

Document = dict[str, Any]
PARITY_NATS = 0.01  # loss curves that stay this near are the same training


def statement(results: Document) -> str:
    """The first paragraph of the report: what was found, list by list."""
    sentences = [text for entry in results["lists"] for text in (_engines(entry), _accuracy(entry), _drawing(entry))]
    said = " ".join(filter(None, sentences)) or "Nothing could be measured."
    if results["quick"]:
        said += (
            f" This was a quick look: {results['quick_epochs']} epochs and "
            f"{_count(len(results['seeds']), 'seed')}, where a full run trains to the end."
        )
    return said


def _engines(entry: Document) -> str:
    """Same training, different speed."""
    runs = like_for_like_runs(entry)
    by_network: dict[str, dict[str, Document]] = {}
    for run in runs:
        by_network.setdefault(run["network"], {})[run["engine"]] = run["timing"]
    speeds = []
    for network, timings in by_network.items():
        ranked = sorted(timings, key=lambda engine: float(timings[engine]["seconds_per_epoch"]))
        if len(ranked) > 1:
            fast, slow = timings[ranked[0]], timings[ranked[-1]]
            ratio = slow["seconds_per_epoch"] / fast["seconds_per_epoch"]
            speeds.append(
                f"the engine {ranked[0]} trains the {network} {ratio:.1f} times as fast as {ranked[-1]} "
                f"({seconds(fast['seconds_per_epoch'])} against {seconds(slow['seconds_per_epoch'])} seconds an epoch)"
            )
    distances = [one["largest_distance"]["distance_nats"] for one in entry["like_for_like"] if one["largest_distance"]]
    if not distances:
        return ""
    largest = max(distances)
    same = "learn the same" if largest < PARITY_NATS else f"drift apart by more than {PARITY_NATS} nats"
    return (
        f"On {entry['name']} the engines {same}: from the same start on the same batches their loss curves are at "
        f"most {largest:.2g} nats a character apart. {_sentence(speeds)}"
    )


def _accuracy(entry: Document) -> str:
    """The best network on held-out names, beside counting and the ceiling."""
    said = []
    for split in dict.fromkeys(one["split"] for one in entry["references"]):
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
        said.append(
            f"of the characters of held-out names {where}, the best network ({best}) predicts {percent(found[best])}%, "
            f"counting (a {baseline_name(entry, split)}) {percent(baseline)}%, and no model more than {percent(top)}%"
        )
    return _sentence(said)


def _drawing(entry: Document) -> str:
    """The fastest way to names, and the slowest."""
    speeds = {
        (one["network"], one["model"], name): drawn["names_per_second"]
        for one in entry["generation"]
        for name, drawn in one["algorithms"].items()
    }
    first = next(iter(speeds), None)
    if first is None:
        return ""
    mine = {key[1:]: speed for key, speed in speeds.items() if key[0] == first[0]}
    ways = {"one_by_one": "drawn one by one", "count_splitting": "by count-splitting"}
    ranked = sorted(mine, key=lambda key: mine[key], reverse=True)
    fast, slow = ranked[0], ranked[-1]
    drawn = best_drawing(entry["generation"][0])
    return (
        f"The {first[0]} gives up to {whole(mine[fast])} names a second ({fast[0]}, {ways[fast[1]]}), and at least "
        f"{whole(mine[slow])} ({slow[0]}, {ways[slow[1]]}); {drawn['recreated_percent']:.0f}% of its names are names "
        "of the list."
    )


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def measured_where(results: Document) -> list[str]:
    """Machine, threads, versions, seeds, commit; then what is missing and how to get it; a sentence each."""
    machine, versions = results["machine"], results["versions"]
    memory = f", {machine['memory_gib']:g} GiB" if machine["memory_gib"] else ""
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    absent = [name for name, version in versions.items() if version is None]
    without = f"; not installed: {', '.join(absent)}" if absent else ""
    commits = f"; commit {' and '.join(results['commits'])}" if results["commits"] else ""
    said = [
        f"Measured on {machine['processor']} ({_count(machine['cores'], 'core')}{memory}, {machine['system']}), every "
        f"measurement in a process of its own with {_count(results['threads'], 'thread')}, those that tell a time one "
        "after the other.",
        f"{found}{without}{commits}.",
        f"Seeds {', '.join(map(str, results['seeds']))}; {results['validation']:.0%} of each list held out. The "
        "figures are those of the epoch with the lowest held-out loss (the original's networks: the highest held-out "
        "accuracy, its rule). The same seeds give the same figures, timings apart.",
    ]
    said += [f"Missing: {one['what']}: {one['why']}." for one in results["missing"]]
    said += [f"Left out: {one['what']}: {one['why']}." for one in results["left_out"]]
    said += [f"Failed: {one['what']}: {one['why']}." for one in results["failed"]]
    return said

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
    whole,
)

Document = dict[str, Any]
PARITY_NATS = 0.01  # loss curves that stay this near are the same training


def statement(results: Document) -> str:
    """The first paragraph of the report: what was found, over all lists."""
    lists = results["lists"]
    said = " ".join(filter(None, (_distance(lists), _speed(lists), _accuracy(lists), _drawing(lists))))
    if results["quick"]:
        said += (
            f" This was a quick look, of {_count(results['quick_epochs'], 'epoch')} and "
            f"{_count(len(results['seeds']), 'seed')}: a full run trains to the end."
        )
    return said.strip() if any(entry["trainings"] for entry in lists) else "No network could be trained."


def _distance(lists: list[Document]) -> str:
    """Whether the engines learn the same."""
    found = [one["largest_distance"] for entry in lists for one in entry["like_for_like"] if one["largest_distance"]]
    if not found:
        return ""
    worst = max(found, key=lambda one: float(one["distance_nats"]))
    engines = " and ".join(dict.fromkeys(engine for one in found for engine in one["engines"]))
    verdict = "learn the same" if worst["distance_nats"] < PARITY_NATS else "come to differ"
    return (
        f"The engines {engines} {verdict}: from the same start on the same batches, their loss curves are at most "
        f"{nats(worst['distance_nats'])} nats a character apart."
    )


def _speed(lists: list[Document]) -> str:
    """How much faster the first engine trains than each other one, over all lists."""
    ratios: dict[tuple[str, str, str], list[float]] = {}
    for entry in lists:
        timings: dict[str, dict[str, float]] = {}
        for run in like_for_like_runs(entry):
            timings.setdefault(run["network"], {})[run["engine"]] = run["timing"]["seconds_per_epoch"]
        for network, by_engine in timings.items():
            first, *others = by_engine
            for other in others:
                ratio = by_engine[other] / by_engine[first]
                ratios.setdefault((first, other, network), []).append(ratio)
    pairs: dict[tuple[str, str], list[str]] = {}
    for (first, other, network), found in ratios.items():
        low, high = f"{min(found):.1f}", f"{max(found):.1f}"
        pairs.setdefault((first, other), []).append(f"the {network} {low if low == high else f'{low} to {high}'} times")
    said = []
    for (first, other), networks in pairs.items():
        said.append(f"the engine {first} trains {' and '.join(networks)} as fast as {other}")
    return _sentence(said)


def _accuracy(lists: list[Document]) -> str:
    """The best network on held-out names, beside counting and the ceiling."""
    said = []
    for entry in lists:
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
                f"{entry['name']}, names {where}: {percent(found[best])}% ({best}), counting {percent(baseline)}% "
                f"({baseline_name(entry, split)}), ceiling {percent(top)}%"
            )
    return f"Characters of held-out names predicted by the best network: {'; '.join(said)}." if said else ""


def _drawing(lists: list[Document]) -> str:
    """The fastest way to names of the first network, and how many of them are the list's."""
    said = []
    ways = {"one_by_one": "one by one", "count_splitting": "by count-splitting"}
    for entry in lists:
        if not entry["generation"]:
            continue
        network = entry["generation"][0]["network"]
        speeds = {
            (one["model"], name): drawn["names_per_second"]
            for one in entry["generation"]
            for name, drawn in one["algorithms"].items()
            if one["network"] == network
        }
        fast = max(speeds, key=lambda key: float(speeds[key]))
        drawn = best_drawing(entry["generation"][0])
        said.append(
            f"{whole(speeds[fast])} for {entry['name']} ({fast[0]}, {ways[fast[1]]}), "
            f"{drawn['recreated_percent']:.0f}% of them names of the list"
        )
    return f"The {network} gives up to so many names a second: {'; '.join(said)}." if said else ""


def nats(distance: float) -> str:
    """A distance of losses for people, who need no more than its size."""
    return "0.0001" if distance < 0.0001 else f"{distance:.4f}"


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

"""The sentences of ``docs/results/original.md`` that have figures in them: each is made from what was measured.

A function makes one paragraph, or a few points. What it says must hold whatever the figures are: it names what is
ahead, and does not take for granted that it is what was ahead the last time.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean

from namegen.experiments.compare import pairs
from namegen.experiments.compare.document import (
    ALGORITHMS,
    BASELINE,
    Comparison,
    ListEntry,
    SplitName,
)
from namegen.experiments.compare.pairs import in_figures
from namegen.experiments.report import ARGMAX, LOSS, listed

LONG = 12  # characters of a name that is long for a player's

Entries = Sequence[ListEntry]
Runs = Mapping[str, Sequence[Mapping[str, str]]]  # sweep → its rows


def read_sweeps(folder: Path, names: Sequence[str]) -> Runs:
    """The tables of the sweeps, as ``namegen sweep`` writes them."""
    found = {}
    for name in names:
        with (folder / f"sweep-{name}.csv").open(encoding="utf-8", newline="") as stream:
            found[name] = list(csv.DictReader(stream))
    return found


def axis_of(runs: Sequence[Mapping[str, str]]) -> str:
    """The column of the setting that a sweep varies."""
    return next(
        (column for column in runs[0] if column.startswith(("training.", "network."))), "backend"
    )


# --- the comparison ---------------------------------------------------------------------------------------------------


def whole_list_gap(gaps: Mapping[str, Sequence[float]], ceiling: str) -> str:
    """How far networks and ceilings are from the blog's figures, in points."""
    networks = {name: largest(found) for name, found in gaps.items() if name != ceiling}
    return (
        f"No network is more than {max(networks.values()):.1f} points away from the blog's, and no ceiling more than "
        f"{largest(gaps[ceiling]):.1f}, though the lists differ by a hundred players. Some differences are left:"
    )


def seen(results: Comparison, entries: Entries) -> str:
    """What repeats on both sides do: how many there are, what counting makes of them, and the best network."""
    said = []
    for entry in entries:
        found = mean(one.seen_percent for one in entry.references if one.split == "by-row")
        counting = 100 * mean(entry.values("by-row", BASELINE, "held_out", "accuracy_argmax"))
        network, best = best_network(entry, "by-row")
        said.append(
            f"{found:.1f} % of the held-out names of {entry.name} are in the training set as well: the n-gram baseline "
            f"predicts {counting:.1f} % of their characters, the best network ({network}) {100 * best:.1f} %"
        )
    return f"With the blog's split, {'; '.join(said)}. The n-gram is good at this, because it remembers."


def unseen(results: Comparison, entries: Entries) -> str:
    """Networks beside the n-gram baseline on names of the split without repeats, and what more weights gain there."""
    said = []
    for entry in entries:
        counting = mean(entry.values("by-name", BASELINE, "held_out", "loss_nats_per_char"))
        losses = {
            network: mean(entry.values("by-name", network, "held_out", "loss_nats_per_char"))
            for network in entry.networks("by-name")
        }
        best = min(losses, key=losses.__getitem__)
        found = pairs.between(entry, "by-name", best, BASELINE, LOSS)
        said.append(
            f"on {entry.name} the networks' losses minus that of the n-gram baseline are "
            f"{between([loss - counting for loss in losses.values()], '{:+.3f}')} nats per character, that of the best "
            f"of them, {best}: {in_figures(found, LOSS)}"
        )
    sides: dict[SplitName, str] = {"by-row": "with repeats on both sides", "by-name": "without"}
    gains = [
        f"{listed([wider(entry, split) for entry in entries])} points {where}"
        for split, where in sides.items()
    ]
    return (
        f"With no name on both sides, {'; '.join(said)}. A SimpleRNN of 2×128 has nine times the weights of one of "
        f"2×32. What it gains in argmax, on {listed([entry.name for entry in entries])}: {'; '.join(gains)}. "
        "What is gained with repeats alone is learned by heart. (In brackets: 95 % intervals.)"
    )


def wider(entry: ListEntry, split: SplitName) -> str:
    """Points of held-out accuracy that a layer of 128 gains over one of 32, with their interval."""
    return in_figures(
        pairs.between(entry, split, "SimpleRNN 2×128", "SimpleRNN 2×32", ARGMAX), ARGMAX
    )


def drawings(results: Comparison, entries: Entries) -> str:
    """How far two drawings from one network differ."""
    gaps = []
    for entry in entries:
        for one in entry.generation:
            found = [
                one.algorithms[way].recreated_percent for way in ALGORITHMS if way in one.algorithms
            ]
            gaps.append(max(found) - min(found))
    return f"Two drawings from the same network differ by up to {max(gaps):.1f} points."


def lengths(results: Comparison, entries: Entries) -> str:
    """The lengths of drawn names beside those of the list."""
    said = []
    for entry in entries:
        assert entry.facts is not None
        drawn = {name: mean_length(one.lengths) for name, one in entry.generated.items()}
        shares = [long_percent(one.lengths) for one in entry.generated.values()]
        shortest, longest = min(drawn, key=drawn.__getitem__), max(drawn, key=drawn.__getitem__)
        said.append(
            f"The names of {entry.name} have {mean_length(entry.facts.lengths):.2f} characters on average, drawn names "
            f"from {drawn[shortest]:.2f} ({shortest}) to {drawn[longest]:.2f} ({longest}); "
            f"{long_percent(entry.facts.lengths):.1f} % of the list and {between(shares, '{:.1f}')} % of what is drawn "
            f"have {LONG} characters or more."
        )
    return " ".join(said)


def mean_length(counts: Mapping[str, int]) -> float:
    """Of names, by how many have how many characters."""
    return sum(int(length) * names for length, names in counts.items()) / sum(counts.values())


def long_percent(counts: Mapping[str, int]) -> float:
    """The share of long names."""
    return (
        100
        * sum(names for length, names in counts.items() if int(length) >= LONG)
        / sum(counts.values())
    )


def best_network(entry: ListEntry, split: SplitName) -> tuple[str, float]:
    """The network that predicts most of the held-out characters, and their share."""
    found = {
        network: mean(entry.values(split, network, "held_out", "accuracy_argmax"))
        for network in entry.networks(split)
    }
    best = max(found, key=found.__getitem__)
    return best, found[best]


# --- the sweeps -------------------------------------------------------------------------------------------------------


def sweeps(runs: Runs, lists: Sequence[str]) -> str:
    """What the sweeps show, a point for each."""
    rates, batches = of(runs, lists, "learning-rate"), of(runs, lists, "batch-size")
    momenta, widths, cells = (
        of(runs, lists, "momentum"),
        of(runs, lists, "hidden"),
        of(runs, lists, "cell"),
    )
    engines_, through = of(runs, lists, "backend"), of(runs, lists, "bptt")
    best = [max(found, key=lambda value: found[value][0]) for found in rates]
    worst = [min(found, key=lambda value: found[value][0]) for found in rates]
    behind = [
        found[high][0] - found[low][0] for found, high, low in zip(rates, best, worst, strict=True)
    ]
    shares = [[share for share, _ in found.values()] for found in momenta]
    spread = [f"{100 * (max(each) - min(each)):.1f}" for each in shares]
    return "\n".join(
        [
            f"- **Learning rate**, RMSprop at a constant rate. Best of the three: {listed(unique(best))}; "
            f"{listed(unique(worst))} is {points(behind)} behind.",
            "- **Batch size**, all at Keras's default rate of 0.001, as the blog had it. Beside the blog's 1,000 "
            f"prefixes (178 names), Keras's default of 32 (6 names) gains {gained(batches, '6', '178')}, in "
            f"{times(batches, '6', '178')} the seconds, and 10,000 (1,780 names), with a tenth of the updates, "
            f"{gained(batches, '1780', '178')}. If each batch size had a rate that suits it, they would be closer to "
            "each other.",
            f"- **Momentum** (the network from scratch, an update for each name): the three are within "
            f"{listed(spread)} points. It is the damped form of momentum, in which the rate "
            "means the same for every momentum.",
            f"- **Width and cell.** 128 units gain {gained(widths, '128,128', '32,32')} over 32, in "
            f"{times(widths, '128,128', '32,32')} the seconds, the LSTM {gained(cells, 'lstm', 'simple_rnn')} over the "
            f"SimpleRNN, in {times(cells, 'lstm', 'simple_rnn')}. Part of that is memory of the list (above).",
            f"- **Engine.** Keras gains {gained(engines_, 'keras', 'numpy')} over NumPy, and needs "
            f"{times(engines_, 'keras', 'numpy')} the seconds.",
            "- **Gradient through time**, which the blog's network from scratch did not have, gains "
            f"{gained(through, 'yes', 'no')}.",
        ]
    )


def of(runs: Runs, lists: Sequence[str], sweep: str) -> list[dict[str, tuple[float, float]]]:
    """For each list: setting → mean accuracy of its seeds, mean seconds."""
    axis, found = axis_of(runs[sweep]), []
    for name in lists:
        mine = [run for run in runs[sweep] if run["list"] == name]
        by_value = {
            value: [run for run in mine if run[axis] == value]
            for value in unique([one[axis] for one in mine])
        }
        found.append(
            {
                value: (
                    mean(float(run["held_out_accuracy_argmax"]) for run in those),
                    mean(float(run["seconds"]) for run in those),
                )
                for value, those in by_value.items()
            }
        )
    return found


def gained(found: Sequence[Mapping[str, tuple[float, float]]], one: str, other: str) -> str:
    """Points of accuracy, list by list: ``+1.7 and +2.7 points``."""
    return (
        f"{listed([f'{100 * (each[one][0] - each[other][0]) + 0:+.1f}' for each in found])} points"
    )


def points(shares: Sequence[float]) -> str:
    """The same without a sign."""
    return f"{listed([f'{100 * share:.1f}' for share in shares])} points"


def times(found: Sequence[Mapping[str, tuple[float, float]]], one: str, other: str) -> str:
    """Seconds beside seconds: ``12.6 and 8.1 times``."""
    return f"{listed([f'{each[one][1] / each[other][1]:.1f}' for each in found])} times"


# --- small things -----------------------------------------------------------------------------------------------------


def between(values: Sequence[float] | map[float], show: str) -> str:
    """Smallest and largest, as one figure if they look alike."""
    found = list(values)
    low, high = show.format(min(found)), show.format(max(found))
    return low if low == high else f"{low} to {high}"


def largest(gaps: Sequence[float]) -> float:
    """The largest distance, whatever its sign."""
    return max(map(abs, gaps))


def unique(values: Sequence[str]) -> list[str]:
    """Each value once, in their order."""
    return list(dict.fromkeys(values))


WORDS: dict[str, Callable[[Comparison, Entries], str]] = {
    "seen": seen,
    "unseen": unseen,
    "drawings": drawings,
    "lengths": lengths,
}

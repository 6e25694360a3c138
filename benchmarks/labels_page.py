"""Write ``docs/results/labels.md`` from ``labels.json``; with ``--check`` only see if it is up to date."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Literal

from benchmarks.pages import RESULTS, read, write_or_check
from namegen.documents import Count, Measure, Share

FORMAT: Literal["namegen labels"] = "namegen labels"


@dataclass(frozen=True)
class OfLabel:
    """One label.

    Attributes:
        label: its text.
        learned, judging: names of it that were learned from, and that judge.
        shared, single: nats a character of the model of all labels, and of the one that knows no other; means over
            seeds.
    """

    label: str
    learned: Count
    judging: Count
    shared: Measure
    single: Measure


@dataclass(frozen=True)
class LabelledList:
    """One list.

    Attributes:
        name: of the list.
        seeds: how many trainings each model had.
        shared, single: nats a character over all names that judge.
        ngram: the best n-gram, with labels or without.
        low, high: 95 % of shared − single.
        labels: each by itself.
        heard: of how many trainings the outsider heard new names.
        real: how often the outsider names the label of real names that nobody learned.
        new: the same of new names of the shared model; None if that wasn't measured.
        unfiltered: the same of new names from its own distribution.
    """

    name: str
    seeds: Count
    shared: Measure
    single: Measure
    ngram: Measure
    low: float
    high: float
    labels: tuple[OfLabel, ...]
    heard: Count
    real: Share
    new: Share | None
    unfiltered: Share


@dataclass(frozen=True)
class Labels:
    """All lists."""

    lists: tuple[LabelledList, ...] = ()
    format: Literal["namegen labels"] = FORMAT


HEAD = """\
# Labels: one model of all origins, or a model of each?

Written by `make labels` from `labels.json`. Each list is split by a hash of the names alone, so all origins of a name
fall on one side: six tenths are learned, one tenth chooses the epoch, and three tenths are the test names. *Shared* is
one network with the default settings that learns all origins with their labels; *apart* are networks with the same
settings that learn one origin each. The n-gram baseline is the best n-gram of the same names, with labels or without.
The figures are nats per character on the test names, means over the seeds of the trainings. Brackets have the interval
of 95 %, by bootstrap over the seeds and over the names (all origins of a name together).

*The judge* is independent: naive Bayes over groups of one to four letters learns the origins of one half of the test
names, which no network has seen. It then guesses the origins of the other half, and of as many new names, of the same
origins, that the shared model generates. *Unfiltered* names come from the model's own distribution."""


def page(document: Labels) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *map(_part, document.lists)]) + "\n"


def _part(of_list: LabelledList) -> str:
    names = sum(one.judging for one in of_list.labels)
    told = ["| new names | right origin | times as often as of real names |", "| --- | --- | --- |"]
    for kind, right in (("by default", of_list.new), ("unfiltered", of_list.unfiltered)):
        if right is not None:
            told.append(f"| {kind} | {100 * right:.1f} % | {right / of_list.real:.2f} |")
    rows = (
        f"{one.label} {one.shared - one.single:+.3f} ({one.shared:.3f}, {one.single:.3f}; {one.learned:,})"
        for one in sorted(of_list.labels, key=lambda one: one.shared - one.single)
    )
    each = f"Shared minus apart by origin (shared, apart; names learned): {'; '.join(rows)}."
    return "\n\n".join(
        [
            f"## {of_list.name}, {len(of_list.labels)} origins, {names:,} test names, {_seeds(of_list.seeds)}",
            f"Shared {of_list.shared:.3f}, apart {of_list.single:.3f}: a difference of "
            f"{of_list.shared - of_list.single:+.3f} ({of_list.low:+.3f} to {of_list.high:+.3f}). The n-gram: "
            f"{of_list.ngram:.3f}.",
            f"The judge guesses the right origin for {100 * of_list.real:.1f} % of real names, and of new ones "
            f"(mean of {_seeds(of_list.heard)}):",
            "\n".join(told),
            fill(each, 120, break_on_hyphens=False),
        ]
    )


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"


if __name__ == "__main__":
    write_or_check(RESULTS, "labels", page(read(Labels, RESULTS / "labels.json")))

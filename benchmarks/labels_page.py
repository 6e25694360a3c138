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
class Told:
    """How often an outsider names the label of new names.

    Attributes:
        choose: the share of the new names that was offered.
        share: of those whose label was named rightly; the mean over seeds.
        different: names among 20,000 that may come again; the mean over seeds.
    """

    choose: Share
    share: Share
    different: Count


@dataclass(frozen=True)
class LabelledList:
    """One list.

    Attributes:
        name: of the list.
        seeds: how many trainings each model had.
        shared, single: nats a character over all names that judge.
        counting: the best n-gram, with labels or without.
        low, high: 95 % of shared − single.
        labels: each by itself.
        heard: of how many trainings the outsider heard new names.
        real: how often the outsider names the label of real names that nobody learned.
        told: the same of new names of the shared model.
    """

    name: str
    seeds: Count
    shared: Measure
    single: Measure
    counting: Measure
    low: float
    high: float
    labels: tuple[OfLabel, ...]
    heard: Count
    real: Share
    told: tuple[Told, ...]


@dataclass(frozen=True)
class Labels:
    """All lists."""

    lists: tuple[LabelledList, ...] = ()
    format: Literal["namegen labels"] = FORMAT


HEAD = """\
# Labels: one model of all origins, or a model of each?

Written by `make labels` from `labels.json`. Each list is split by a hash of the names alone, so all origins of a name
fall on one side: six tenths are learned, one tenth chooses the epoch, and three tenths are the test names. *Shared* is
one network of the effort `standard` that learns all origins with their labels; *apart* are networks of the same effort
that learn one origin each. Counting is the best n-gram of the same names, with labels or without. The figures are nats
a character on the test names, means over the seeds of the trainings. Brackets have the interval of 95 %, by bootstrap
over the seeds and over the names (all origins of a name together).

*The judge* is independent: naive Bayes over groups of one to four letters learns the origins of one half of the test
names, which no network has seen. It then guesses the origins of the other half, and of as many new names, of the same
origins, that the shared model offers. By default a model with labels offers the likeliest 2 % of its new names; a share
of 1 is its own distribution. The last column counts the different names among 20,000 new ones that may come again."""


def page(document: Labels) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, *map(_part, document.lists)]) + "\n"


def _part(of_list: LabelledList) -> str:
    names = sum(one.judging for one in of_list.labels)
    told = [
        "| share offered | right origin | times as often as of real names | different names |",
        "| --- | --- | --- | --- |",
        *(
            f"| {one.choose:g} | {100 * one.share:.1f} % | {one.share / of_list.real:.2f} | {one.different:,} |"
            for one in of_list.told
        ),
    ]
    rows = (
        f"{one.label} {one.shared - one.single:+.3f} ({one.shared:.3f}, {one.single:.3f}; {one.learned:,})"
        for one in sorted(of_list.labels, key=lambda one: one.shared - one.single)
    )
    each = f"Shared minus apart by origin (shared, apart; names learned): {'; '.join(rows)}."
    return "\n\n".join(
        [
            f"## {of_list.name}, {len(of_list.labels)} origins, {names:,} test names, {_seeds(of_list.seeds)}",
            f"Shared {of_list.shared:.3f}, apart {of_list.single:.3f}: a difference of "
            f"{of_list.shared - of_list.single:+.3f} ({of_list.low:+.3f} to {of_list.high:+.3f}). Counting "
            f"{of_list.counting:.3f}.",
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

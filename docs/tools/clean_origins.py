"""Drop the names of a list that are strangers among its origins, as Wojciech among German names.

    python docs/tools/clean_origins.py world_given.csv namegen/lists/world_given.csv [DROPPED.txt]

Run by hand when the built-in lists are made anew; the same list gives the same result. A judge (for each origin groups
of up to four letters, smoothed) says how likely a name is for each origin. It is trained in five folds, so it has not
read the name that it judges. A name leaves an origin if another one explains it far better (``MARGIN``), and if

- it is unusual where it leaves, and not unusual where it belongs;
- names of the one that look like the other are an exception: neighbours, as Danish and Norwegian, keep theirs;
- few origins have it or a name that differs in one letter: Benjamin is at home in many places;
- at least three names go the same way (``FLOW``): a single one may be chance.

A name that the other origin has itself needs less of a margin than one that stands under this origin alone. Names that
a training holds out are neither judged nor read, so that what the models are measured by is as it came.
"""

from __future__ import annotations

import csv
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from namegen.core.data.split import TRAINING, choose_parts, numbered
from namegen.core.settings import DataSettings
from namegen.types import Array, Float64

FOLDS = 5
ORDER = 4  # letters of a group
OWN_SHARE = 0.97  # of what a shorter group says, what the origin says itself; the rest is all origins together
SMOOTHING, SMOOTHING_OF_ALL = 25.0, 2.0
MARGIN = (3.0, 6.5)  # nats: of a name that the other origin has, and of one that it has not
EXCEPTIONS = (0.15, 0.06)  # the share of an origin's names that may look as much like the other
NEIGHBOURS = 0.26  # the share of an origin's names that the other explains better, from which on they are neighbours
UNUSUAL, FOR_FLOW = (0.7, 0.3), (0.25, 0.1)  # quantiles of an origin's own names
USUAL = (0.1, 0.5)  # the same where it belongs
MOST_ORIGINS, MOST_OF_ALIKE, FLOW = 3, 4, 3


class Stranger(NamedTuple):
    """A name that looks as if it belonged elsewhere; ``alone``: the other origin does not have it."""

    name: str
    origin: str
    belongs: str
    alone: bool
    quantile: float


class Judge:
    """How likely names are for each origin."""

    def __init__(self, rows: Iterable[tuple[str, str]], origins: Sequence[str]) -> None:
        self.count: defaultdict[str, Float64[Array, "O"]] = defaultdict(
            lambda: np.zeros(len(origins))
        )
        self.before: defaultdict[str, Float64[Array, "O"]] = defaultdict(
            lambda: np.zeros(len(origins))
        )
        place_of = {origin: place for place, origin in enumerate(origins)}
        for name, origin in rows:
            text = f"^{name.lower()}$"
            for end in range(1, len(text)):
                for start in range(max(end - ORDER + 1, 0), end + 1):
                    self.count[text[start : end + 1]][place_of[origin]] += 1
                    self.before[text[start:end]][place_of[origin]] += 1

    def log_probabilities(self, name: str) -> Float64[Array, "O"]:
        """Of a name, given each origin; nats."""
        text, total = f"^{name.lower()}$", np.zeros(len(self.before[""]))
        for end in range(1, len(text)):
            own, of_all = np.full(len(total), 1 / 60), 1 / 60
            for start in range(end, max(end - ORDER, -1), -1):
                context, group = text[start:end], text[start : end + 1]
                if context not in self.before:
                    break
                count = self.count.get(group, np.zeros(len(total)))
                of_all = (count.sum() + SMOOTHING_OF_ALL * of_all) / (
                    self.before[context].sum() + SMOOTHING_OF_ALL
                )
                shorter = OWN_SHARE * own + (1 - OWN_SHARE) * of_all
                own = (count + SMOOTHING * shorter) / (self.before[context] + SMOOTHING)
            total += np.log(own)
        return total


def fold_of(name: str) -> int:
    """By a hash, so that the order of a list does not matter."""
    return blake2b(name.encode(), digest_size=1).digest()[0] % FOLDS


def judged(
    rows: Sequence[tuple[str, str]], origins: Sequence[str]
) -> dict[str, Float64[Array, "O"]]:
    """What the judge says of each name, by the fold that has not read it."""
    said = {}
    for fold in range(FOLDS):
        judge = Judge([row for row in rows if fold_of(row[0]) != fold], origins)
        names = sorted({name for name, _ in rows if fold_of(name) == fold})
        said.update((name, judge.log_probabilities(name)) for name in names)
    return said


def strangers(rows: Sequence[tuple[str, str]]) -> list[Stranger]:
    """The names that leave an origin."""
    origins = sorted({origin for _, origin in rows})
    origins_of: defaultdict[str, set[str]] = defaultdict(set)
    for name, origin in rows:
        origins_of[name].add(origin)
    said, of_alike = judged(rows, origins), alike(origins_of)
    own = {one: np.array([said[name] for name, origin in rows if origin == one]) for one in origins}
    usual = {
        one: np.sort(
            [said[name][place] / (len(name) + 1) for name, origin in rows if origin == one]
        )
        for place, one in enumerate(origins)
    }
    found = []
    for name, origin in rows:
        here, there = origins.index(origin), int(np.argmax(said[name]))
        belongs = origins[there]
        alone = belongs not in origins_of[name]
        margin = said[name][there] - said[name][here]
        margins = own[origin][:, there] - own[origin][:, here]
        at_home, as_guest = (
            np.searchsorted(usual[one], said[name][place] / (len(name) + 1)) / len(usual[one])
            for one, place in ((belongs, there), (origin, here))
        )
        if (
            here != there
            and margin >= MARGIN[alone]
            and len(origins_of[name]) <= MOST_ORIGINS
            and (margins >= margin).mean() <= EXCEPTIONS[alone]
            and (margins > 0).mean() <= NEIGHBOURS
            and at_home >= USUAL[alone]
            and as_guest <= UNUSUAL[alone]
            and of_alike[name] <= MOST_OF_ALIKE
        ):
            found.append(Stranger(name, origin, belongs, alone, float(as_guest)))
    flow = Counter(one[1:3] for one in found if one.quantile <= FOR_FLOW[one.alone])
    return [one for one in found if flow[one[1:3]] >= FLOW]


def alike(origins_of: Mapping[str, set[str]]) -> dict[str, int]:
    """How many origins have a name, or one that differs in a letter, accents aside."""
    names = sorted(origins_of)
    bare = [
        "".join(
            c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c)
        )
        for name in names
    ]
    found = {}
    for start in range(0, len(names), 1000):
        near = (
            cdist(bare[start : start + 1000], bare, scorer=Levenshtein.distance, score_cutoff=1)
            <= 1
        )
        for name, row in zip(names[start : start + 1000], near, strict=True):
            found[name] = len(
                set().union(*(origins_of[names[place]] for place in np.flatnonzero(row)))
            )
    return found


def main(source: str, target: str, dropped: str | None = None) -> None:
    """Read a list, and write it without its strangers."""
    with Path(source).open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    parts = choose_parts(*numbered([row[0] for row in rows]), DataSettings(), seed=0, source=source)
    learned = [(row[0], row[1]) for row, part in zip(rows, parts, strict=True) if part == TRAINING]
    leaving = strangers(list(dict.fromkeys(learned)))
    gone = {one[:2] for one in leaving}
    with Path(target).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(
            [header, *(row for row in rows if (row[0], row[1]) not in gone)]
        )
    if dropped is not None:
        lines = [f"{name}: not {origin} but {belongs}\n" for name, origin, belongs, *_ in leaving]
        Path(dropped).write_text("".join(lines), encoding="utf-8")
    print(f"{len(gone)} of {len(rows)} rows dropped")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Remove names from origins that they don't belong to, such as Wojciech from the German names.

    python docs/tools/clean_origins.py world_given.csv namegen/lists/world_given.csv [REMOVED.txt]

Run this program by hand when the built-in lists are made again. The same list always gives the same result.

An n-gram model computes the probability of each name for each origin. It's trained in five folds, so it never scores a
name that it was trained on. A name is removed from an origin if another origin explains it much better, and if

- it's unusual for the origin, and usual for the other origin;
- few names of the origin look as if they belonged to the other. Otherwise, the two origins are neighbors, such as
  Danish and Norwegian, and keep their names;
- few origins have this name or a name that differs in one letter. Benjamin, for example, is a name in many countries;
- at least three names are removed for the same pair of origins, because a single one may be chance.

The thresholds are less strict if the other origin has the name too. Names of the validation set are neither removed nor
used for training, so models are measured on the original list.
"""

from __future__ import annotations

import csv
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from namegen.core.data.split import TRAINING, choose_parts, numbered
from namegen.core.settings import DataSettings
from namegen.types import Array, Float64

Row = tuple[str, str]  # a name and its origin
Scores = dict[str, Float64[Array, "O"]]  # by name, its log-probability for each origin

FOLDS = 5
ORDER = 4  # characters of the longest n-grams
UNIFORM = 1 / 60  # the probability of a character without any n-grams
# An origin's n-grams are smoothed with its shorter ones, and these a little with the n-grams of all origins.
OWN_SHARE = 0.97
SMOOTHING = 25.0
OVERALL_SMOOTHING = 2.0

NEIGHBORS = 0.26  # the largest share of an origin's names that another origin may explain better
MOST_ORIGINS = 3  # that have the name
MOST_SIMILAR_ORIGINS = 4  # that have the name or a similar one
FEWEST_STRANGERS = 3  # for the same pair of origins
BLOCK = 1000  # names whose distances to all names are computed together


@dataclass(frozen=True)
class Thresholds:
    """When a name is removed from an origin because it belongs to another."""

    margin: float  # nats by which the other origin has to explain the name better
    exceptions: float  # the largest share of the origin's names that may have at least this margin
    unusual: float  # the largest quantile of the name among the origin's names
    usual: float  # the smallest quantile of the name among the other origin's names
    counted: float  # only names up to this quantile count towards FEWEST_STRANGERS


SHARED = Thresholds(margin=3.0, exceptions=0.15, unusual=0.7, usual=0.1, counted=0.25)
UNSHARED = Thresholds(margin=6.5, exceptions=0.06, unusual=0.3, usual=0.5, counted=0.1)


@dataclass(frozen=True)
class Stranger:
    """A name that doesn't belong to its origin."""

    name: str
    origin: str
    better_origin: str
    quantile: float  # of the name among the origin's names
    thresholds: Thresholds

    @property
    def origins(self) -> tuple[str, str]:
        """The pair of origins."""
        return self.origin, self.better_origin

    @property
    def is_counted(self) -> bool:
        """Whether the name counts towards FEWEST_STRANGERS."""
        return self.quantile <= self.thresholds.counted


# --- the n-gram model -------------------------------------------------------------------------------------------------


class OriginModel:
    """A smoothed n-gram model of the names of each origin.

    Args:
        rows: the training names with their origins.
        origins: all origins. The arrays have an entry for each of them, in this order.
    """

    def __init__(self, rows: Iterable[Row], origins: Sequence[str]) -> None:
        self.origin_count = len(origins)
        # How often each origin's names contain an n-gram, and any character after a context, (O,) each.
        self.ngram_counts: defaultdict[str, Float64[Array, "O"]] = defaultdict(self._zeros)
        self.context_counts: defaultdict[str, Float64[Array, "O"]] = defaultdict(self._zeros)
        for name, origin in rows:
            self._count_ngrams(name, origins.index(origin))

    def _zeros(self) -> Float64[Array, "O"]:
        return np.zeros(self.origin_count)

    def _count_ngrams(self, name: str, origin: int) -> None:
        """Count the n-grams of a name."""
        text = with_edges(name)
        for end in range(1, len(text)):
            first_start = max(end - ORDER + 1, 0)
            for start in range(first_start, end + 1):
                self.ngram_counts[text[start : end + 1]][origin] += 1
                self.context_counts[text[start:end]][origin] += 1

    def log_probabilities(self, name: str) -> Float64[Array, "O"]:
        """Compute the log-probability of a name for each origin, in nats, ``(O,)``."""
        text = with_edges(name)
        total = self._zeros()  # (O,)
        for end in range(1, len(text)):
            total += np.log(self._probabilities(text[:end], text[end]))
        return total

    def _probabilities(self, history: str, character: str) -> Float64[Array, "O"]:
        """Compute the probability of a character after the previous ones for each origin, ``(O,)``.

        Each longer context corrects the probability after the shorter one.
        """
        by_origin = np.full(self.origin_count, UNIFORM)  # (O,)
        overall = UNIFORM
        longest_context = min(ORDER - 1, len(history))
        for length in range(longest_context + 1):
            context = history[len(history) - length :]
            if context not in self.context_counts:
                break
            count = self.ngram_counts.get(context + character, self._zeros())  # (O,)
            total = self.context_counts[context]  # (O,)
            overall = smoothed_share(count.sum(), total.sum(), overall, OVERALL_SMOOTHING)
            expected = OWN_SHARE * by_origin + (1 - OWN_SHARE) * overall  # (O,)
            by_origin = smoothed_share(count, total, expected, SMOOTHING)
        return by_origin


def smoothed_share(count: Any, total: Any, expected: Any, smoothing: float) -> Any:
    """Compute count / total, moved towards an expected share as if it had been observed ``smoothing`` times."""
    return (count + smoothing * expected) / (total + smoothing)


def with_edges(name: str) -> str:
    """Return a name in lower case between a start and an end character.

    >>> with_edges("Al")
    '^al$'
    """
    return f"^{name.lower()}$"


def fold_of(name: str) -> int:
    """Return the fold of a name. It depends on a hash, so the order of the list doesn't matter."""
    return blake2b(name.encode(), digest_size=1).digest()[0] % FOLDS


def score_names(rows: Sequence[Row], origins: Sequence[str]) -> Scores:
    """Score each name with a model that was trained on the other folds."""
    scores: Scores = {}
    for fold in range(FOLDS):
        model = OriginModel([row for row in rows if fold_of(row[0]) != fold], origins)
        names_in_fold = {name for name, _ in rows if fold_of(name) == fold}
        for name in names_in_fold:
            scores[name] = model.log_probabilities(name)
    return scores


# --- strangers --------------------------------------------------------------------------------------------------------


class Origin:
    """What is usual among the names of an origin.

    Args:
        index: the index of the origin in the scores.
        names: its names.
        scores: the scores of all names.
    """

    def __init__(self, index: int, names: Sequence[str], scores: Scores) -> None:
        self.index = index
        self.scores = np.array([scores[name] for name in names])  # (N, O)
        self.sorted_fits = np.sort([self.fit(name, scores) for name in names])  # (N,)

    def fit(self, name: str, scores: Scores) -> float:
        """Return the log-probability of a name for this origin, per character including its end."""
        return scores[name][self.index] / (len(name) + 1)

    def quantile(self, name: str, scores: Scores) -> float:
        """Return the share of the origin's names that fit worse than a name."""
        worse = np.searchsorted(self.sorted_fits, self.fit(name, scores))
        return float(worse / len(self.sorted_fits))

    def margins_to(self, other: Origin) -> Float64[Array, "N"]:
        """Return by how many nats another origin explains each of the origin's names better, ``(N,)``."""
        return self.scores[:, other.index] - self.scores[:, self.index]


class StrangerSearch:
    """Finds the names of a list that don't belong to their origins."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        names_of: defaultdict[str, list[str]] = defaultdict(list)
        self.origins_of: defaultdict[str, set[str]] = defaultdict(set)
        for name, origin in rows:
            names_of[origin].append(name)
            self.origins_of[name].add(origin)
        self.origin_names = sorted(names_of)
        self.scores = score_names(rows, self.origin_names)
        self.similar_origins = count_similar_origins(self.origins_of)
        self.origins = {
            origin: Origin(index, names_of[origin], self.scores)
            for index, origin in enumerate(self.origin_names)
        }

    def find(self) -> list[Stranger]:
        """Return the strangers whose pair of origins has enough of them."""
        candidates = [self.check(name, origin) for name, origin in self.rows]
        strangers = [stranger for stranger in candidates if stranger is not None]
        pairs = Counter(stranger.origins for stranger in strangers if stranger.is_counted)
        return [stranger for stranger in strangers if pairs[stranger.origins] >= FEWEST_STRANGERS]

    def check(self, name: str, origin: str) -> Stranger | None:
        """Return a name as a stranger if another origin explains it far better, or None."""
        better_origin = self.origin_names[int(np.argmax(self.scores[name]))]
        if better_origin == origin or self.is_widespread(name):
            return None
        is_shared = better_origin in self.origins_of[name]
        stranger = Stranger(
            name=name,
            origin=origin,
            better_origin=better_origin,
            quantile=self.origins[origin].quantile(name, self.scores),
            thresholds=SHARED if is_shared else UNSHARED,
        )
        is_stranger = self.has_rare_margin(stranger) and self.fits_better_origin(stranger)
        return stranger if is_stranger else None

    def is_widespread(self, name: str) -> bool:
        """Check whether many origins have a name or a similar one."""
        has_many_origins = len(self.origins_of[name]) > MOST_ORIGINS
        return has_many_origins or self.similar_origins[name] > MOST_SIMILAR_ORIGINS

    def has_rare_margin(self, stranger: Stranger) -> bool:
        """Check whether the other origin explains a name much better, unlike most of its origin's names."""
        origin = self.origins[stranger.origin]
        other = self.origins[stranger.better_origin]
        scores = self.scores[stranger.name]  # (O,)
        margin = scores[other.index] - scores[origin.index]
        margins = origin.margins_to(other)  # (N,)
        is_large = margin >= stranger.thresholds.margin
        is_exception = (margins >= margin).mean() <= stranger.thresholds.exceptions
        are_neighbors = (margins > 0).mean() > NEIGHBORS
        return bool(is_large and is_exception and not are_neighbors)

    def fits_better_origin(self, stranger: Stranger) -> bool:
        """Check whether a name is unusual for its origin, and usual for the other origin."""
        other = self.origins[stranger.better_origin]
        is_unusual = stranger.quantile <= stranger.thresholds.unusual
        is_usual = other.quantile(stranger.name, self.scores) >= stranger.thresholds.usual
        return is_unusual and is_usual


def count_similar_origins(origins_of: Mapping[str, set[str]]) -> dict[str, int]:
    """Count the origins that have each name, or a name that differs in at most one letter. Accents are ignored."""
    names = sorted(origins_of)
    plain_names = [without_accents(name.lower()) for name in names]
    counts: dict[str, int] = {}
    for start in range(0, len(names), BLOCK):
        block = plain_names[start : start + BLOCK]
        # (block, names); distances above 1 are only known to be larger
        distances = cdist(block, plain_names, scorer=Levenshtein.distance, score_cutoff=1)
        for name, row in zip(names[start : start + BLOCK], distances, strict=True):
            origins: set[str] = set()
            for index in np.flatnonzero(row <= 1):
                origins |= origins_of[names[index]]
            counts[name] = len(origins)
    return counts


def without_accents(text: str) -> str:
    """Remove the accents of letters.

    >>> without_accents("zoé")
    'zoe'
    """
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


# --- files ------------------------------------------------------------------------------------------------------------


def training_rows(rows: Sequence[Sequence[str]], source: str) -> list[Row]:
    """Return the distinct names of the training set, with their origins."""
    distinct_names, name_of = numbered([row[0] for row in rows])
    sets = choose_parts(distinct_names, name_of, DataSettings(), seed=0, source=source)
    chosen = [row for row, set_of_row in zip(rows, sets, strict=True) if set_of_row == TRAINING]
    return list(dict.fromkeys((row[0], row[1]) for row in chosen))


def write_rows(path: str, rows: Iterable[Sequence[str]]) -> None:
    """Write rows as a CSV file."""
    with Path(path).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def write_removed(path: str, strangers: Iterable[Stranger]) -> None:
    """Write the removed names with their pairs of origins, one per line."""
    lines = [f"{each.name}: not {each.origin} but {each.better_origin}\n" for each in strangers]
    Path(path).write_text("".join(lines), encoding="utf-8")


def main(source: str, target: str, removed: str | None = None) -> None:
    """Read a list, and write it without the names that don't belong to their origins."""
    with Path(source).open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    strangers = StrangerSearch(training_rows(rows, source)).find()
    removed_rows = {(stranger.name, stranger.origin) for stranger in strangers}
    kept_rows = [row for row in rows if (row[0], row[1]) not in removed_rows]
    write_rows(target, [header, *kept_rows])
    if removed is not None:
        write_removed(removed, strangers)
    print(f"Removed {len(removed_rows)} of {len(rows)} rows.")


if __name__ == "__main__":
    main(*sys.argv[1:])

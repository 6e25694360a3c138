"""Neighbours: which names come too close to a name of a list, by edit distance.

The distance is Levenshtein's (1966): how many characters have to be inserted, deleted or replaced, between the forms
in which letter case, spaces and punctuation do not count, nor, of companies, the legal form
(``core/data/sameness.py``). "At least D" means that no name
of the list is nearer than D.

**How.** Two texts with at most k edits between them have a text in common that each of them gives when at most k of
its characters are deleted ("symmetric deletion", Garbe's SymSpell, 2012). That holds for the two texts' first
characters alone, too: where the edits stand, the later characters that slip into or out of the first ones were paid
for by insertions. So every name of the list is filed under the hashes of all that its first characters give, a name in
question is looked up under its own, and the few that turn up are measured by rapidfuzz.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import numpy as np

from namegen.core.data.prefix_tree import new_run, ranges
from namegen.core.data.sameness import NAMES, Sameness, scramble
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Int64, UInt64

MOST_DISTANCE = 3
# How many first characters are filed, by the edits looked for: 1 + C(n, 1) + C(n, 2) keys a name at most.
FIRST_CHARACTERS = {0: 24, 1: 24, 2: 10}
BLOCK_NAMES = 20_000  # names that are looked up together
BLOCK_PAIRS = 1_000_000  # pairs of names that are measured together


class Neighbours:
    """The names of a list, filed so that those near a given name are found quickly.

    >>> near = Neighbours(["Anna", "Bob"], distance=2)
    >>> near.close_to(["ANNE", "Hanna", "Bo b", "Robert"]).tolist()     # 1, 1 and 0 edits; 4
    [True, True, True, False]

    Args:
        names: the list.
        distance: 1 to 3: names nearer than this are too close.
        sameness: which form of a name is compared.

    Raises:
        SettingsError: the distance is something else.
    """

    def __init__(self, names: Iterable[str], distance: int, sameness: Sameness = NAMES) -> None:
        if not 1 <= distance <= MOST_DISTANCE:
            raise SettingsError(
                f"{setting('min_distance')} is {distance}: expected a whole number from 1 to {MOST_DISTANCE}"
            )
        self.edits = distance - 1  # of a name that is too close, at most
        self._normalise = sameness.normalise
        forms = sorted({self._normalise(name) for name in names}, key=lambda form: (len(form), form))
        self._forms = np.array(forms, dtype=object)
        self._signatures = signatures(forms)
        keys, owners = deletion_keys(forms, self.edits)
        order = np.argsort(keys, kind="stable")
        keys, owners = keys[order], owners[order].astype(np.int32)
        self._keys, first = np.unique(keys, return_index=True)
        self._owners, self._start = owners, np.append(first, len(owners))

    def close_to(self, names: Sequence[str]) -> Bool[Array, "names"]:
        """Which of the names are nearer to one of the list than the distance."""
        close = np.zeros(len(names), bool)
        if not self._forms.size:
            return close
        for start in range(0, len(names), BLOCK_NAMES):
            forms = [self._normalise(name) for name in names[start : start + BLOCK_NAMES]]
            close[start : start + len(forms)] = self._close(forms)
        return close

    def _close(self, forms: list[str]) -> Bool[Array, "names"]:
        """The same for forms: look up, then measure what turns up, a block of pairs at a time."""
        keys, rows = deletion_keys(forms, self.edits)
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        hit = self._keys[place] == keys
        place, rows = place[hit], rows[hit]
        begin, end = self._start[place], self._start[place + 1]
        order = np.argsort(end - begin, kind="stable")  # short drawers first: a name that is close needs no more
        begin, end, rows = begin[order], end[order], rows[order]
        texts, marks = np.array(forms, dtype=object), signatures(forms)
        close = np.zeros(len(forms), bool)
        until = np.cumsum(end - begin)
        first = 0
        while first < len(rows):
            last = max(first + 1, int(np.searchsorted(until, (until[first - 1] if first else 0) + BLOCK_PAIRS)))
            open_ = np.flatnonzero(~close[rows[first:last]]) + first
            pairs, drawer = ranges(begin[open_], end[open_])
            self._measure(rows[open_][drawer], self._owners[pairs].astype(np.int64), texts, marks, close)
            first = last
        return close

    def _measure(
        self,
        rows: Int64[Array, "pairs"],
        owners: Int64[Array, "pairs"],
        texts: Array,
        marks: UInt64[Array, "names"],
        close: Bool[Array, "names"],
    ) -> None:
        """Mark the rows of which one pair is close."""
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cpdist

        # An edit changes which characters a text has by two at most: nearly all pairs that are far apart go here.
        likely = np.bitwise_count(marks[rows] ^ self._signatures[owners]) <= 2 * self.edits
        pairs = np.sort(rows[likely] * len(self._forms) + owners[likely])
        pairs = pairs[new_run(pairs)]
        rows, owners = np.divmod(pairs, len(self._forms))
        if len(rows):
            distances = cpdist(
                texts[rows], self._forms[owners], scorer=Levenshtein.distance, score_cutoff=self.edits, dtype=np.int32
            )
            close[rows[distances <= self.edits]] = True


def deletion_keys(forms: Sequence[str], edits: int) -> tuple[UInt64[Array, "keys"], Int64[Array, "keys"]]:
    """Hashes of all that the first characters of each form give with up to ``edits`` (0 to 2) of them deleted.

    Returns:
        Hashes, and the row of the form that each belongs to; a hash is the same wherever the text comes from.
    """
    width = FIRST_CHARACTERS[edits]
    codes, lengths = first_characters(forms, width)
    used = np.arange(width) < lengths[:, None]
    values = np.where(used, scramble(codes), np.uint64(0))  # (rows, width); nothing counts for nothing
    # The hash of a text is the sum of value · weight[place]. After d deletions a character stands d places earlier;
    # sums[d] holds the sums of the first 0, 1, … characters at such places.
    weights = scramble(np.arange(1, width + 1, dtype=np.uint64)) | np.uint64(1)
    sums = []
    for deleted in range(edits + 1):
        moved = np.concatenate((np.zeros(deleted, np.uint64), weights[: width - deleted]))
        sums.append(np.cumsum(values * moved, axis=1, dtype=np.uint64))
        sums[-1] = np.concatenate((np.zeros((len(forms), 1), np.uint64), sums[-1]), axis=1)  # (rows, width + 1)
    keys, rows = [], []
    for count in range(edits + 1):
        for places in combinations(range(width), count):
            able = np.flatnonzero(lengths > (places[-1] if places else -1))
            bounds = (-1, *places, width)
            key = np.zeros(len(able), np.uint64)
            for deleted, (left, right) in enumerate(pairwise(bounds)):
                key += sums[deleted][able, right] - sums[deleted][able, left + 1]
            keys.append(key)
            rows.append(able)
    return _each_once(np.concatenate(keys), np.concatenate(rows))


def _each_once(keys: UInt64[Array, "k"], rows: Int64[Array, "k"]) -> tuple[UInt64[Array, "m"], Int64[Array, "m"]]:
    """Without the pairs that are there twice (deleting either n of Anna gives the same)."""
    order = np.lexsort((keys, rows))
    keys, rows = keys[order], rows[order]
    new = new_run(keys.view(np.int64)) | new_run(rows)
    return keys[new], rows[new]


def first_characters(forms: Sequence[str], width: int) -> tuple[UInt64[Array, "rows width"], Int64[Array, "rows"]]:
    """Code points of the first characters, 0 behind the end, and how many there are of each."""
    beginnings = [form[:width] for form in forms]
    lengths = np.fromiter(map(len, beginnings), np.int64, count=len(forms))
    text = "".join(beginning.ljust(width, "\0") for beginning in beginnings)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).reshape(len(forms), width)
    return codes.astype(np.uint64), lengths


def signatures(forms: Sequence[str]) -> UInt64[Array, "rows"]:
    """64 bits for each form: which characters it has, those that share a bit taken as one."""
    lengths = np.fromiter(map(len, forms), np.int64, count=len(forms))
    codes = np.frombuffer("".join(forms).encode("utf-32-le", "surrogatepass"), np.uint32)
    bits = np.uint64(1) << (codes % 64).astype(np.uint64)
    marks = np.zeros(len(forms), np.uint64)
    np.bitwise_or.at(marks, np.repeat(np.arange(len(forms)), lengths), bits)
    return marks

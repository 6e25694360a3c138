"""Four-grams: which four characters in a row a list has, so that a new name takes no step that none of its names takes.

A network gives some chance to every character, so that a name that is likely as a whole may have one place where
nothing fits: ``Guqnon``. A Markov chain never does that, as it goes on only as some name of its list does. Readers take
more of the names that are likely by a network and whose 4-grams all stand in the list (``docs/results/blind.md``).

A 4-gram may begin before the name and end behind it: boundaries stand there. Kept is a number for each, in the form of
``KnownSet``, by the characters and not by the tokens: the 4-grams of two lists together are those that one of them has.

Each label has 4-grams of its own: what Finnish names have says nothing of Polish ones. New names of Polish 4-grams
alone would be few, so a labelled name of one word may have one inside that its label has not. So may a name of a list
of many 4-grams for each name: a short list, or one of long names. Else nearly all new names would be short ones. A
labelled name of several words may not: San and El are sure to come, and nearly anything behind them was likely enough.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import KnownSet, scramble
from namegen.core.data.shapes import digits_alike
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.types import Array, Bool, Int, UInt64

LENGTH = 4  # characters: of three nearly every name is made, of five next to no new one
SHORTEST = 5  # characters of the names of a list, on average: of shorter ones, next to no new name is made of them
FEWEST_OF_LABEL = 50  # names, on average: of fewer, hardly any other is made of what these have
LACKING = 1  # 4-grams that may be missing inside a name, if any may: with two, or one at its end, readers take half
MANY = 3  # 4-grams for each name of a list, of US first names that of 2,000
FIRST_LABEL = 0x110000  # the number of the first label, behind those of all characters
FACTOR = 0x100000001B3  # the prime by which FNV multiplies


class FourGrams:
    """The 4-grams of a list, asked about names of a vocabulary.

    Args:
        known: as ``fourgrams_of`` gives them, or those of several lists.
        labels: how many labels the list has, or up to which one names are asked about.
        known_names: of the list; None: it is not known how many they are.

    Attributes:
        lacking: how many may be missing inside a name; with labels, of one word.

    >>> names = ["Anna", "Hanna", "Hansel"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> known = FourGrams(fourgrams_of(PrefixTree.from_names(names, vocabulary), vocabulary), vocabulary)
    >>> tokens, start = vocabulary.encode_all(["Anna", "Anns", "anna", "Hann"])[0].reshape(4, 4), np.zeros(4, np.int32)
    >>> known.allows(tokens, start, ended=False).tolist(), known.allows(tokens, start, ended=True).tolist()
    ([True, False, True, True], [True, False, True, False])
    """

    def __init__(
        self, known: KnownSet, vocabulary: Vocabulary, labels: int = 0, known_names: KnownSet | None = None
    ) -> None:
        self._known, self._points, self._labels = known, _points(vocabulary, labels), labels
        many = known_names is not None and len(known) > MANY * len(known_names)
        self.lacking = LACKING if labels or many else 0
        self._space = vocabulary.characters.find(" ") + 1 if labels else BOUNDARY  # which is in no name

    def allows(self, tokens: Int[Array, "K depth"], beginning: Int[Array, "K"], *, ended: bool) -> Bool[Array, "K"]:
        """Given that all shorter prefixes are allowed, whether this one is: the list has the 4-gram that it ends with;
        or that lies inside the name, and no more than ``lacking`` are missing in all (labelled of several words: none).

        Args:
            tokens: of the characters.
            beginning: what stands before them: the boundary or a label.
            ended: whether a boundary stands behind them, as they are a whole name.
        """
        padded = np.pad(tokens, ((0, 0), (LENGTH, int(ended))))
        allowed = self._has(padded[:, -LENGTH:], beginning)
        if self.lacking and not ended and tokens.shape[1] >= LENGTH:
            rows = np.flatnonzero(~allowed | (tokens[:, -1] == self._space))
            grams = sliding_window_view(padded[rows], LENGTH, axis=1)[:, 1:]  # (rows, grams, LENGTH)
            lacks = ~self._has(grams.reshape(-1, LENGTH), beginning[rows].repeat(grams.shape[1]))
            of_one_word = (tokens[rows] != self._space).all(axis=1)
            allowed[rows] = lacks.reshape(grams.shape[:2]).sum(axis=1) <= self.lacking * of_one_word
        return allowed

    def _has(self, grams: Int[Array, "K LENGTH"], beginning: Int[Array, "K"]) -> Bool[Array, "K"]:
        grams = np.column_stack((beginning, grams)) if self._labels else grams
        return self._known.holds(_numbers(self._points[grams]))

    def missing(self, tokens: Int[Array, "K length"], beginning: Int[Array, "K"]) -> Int[Array, "K"]:
        """How many 4-grams of whole names the list has not, or of labelled names their label."""
        grams = sliding_window_view(np.pad(tokens, ((0, 0), (LENGTH, 1))), LENGTH, axis=1)[:, 1:]  # (K, grams, LENGTH)
        lacks = ~self._has(grams.reshape(-1, LENGTH), beginning.repeat(grams.shape[1]))
        found: Int[Array, "K"] = lacks.reshape(grams.shape[:2]).sum(axis=1)
        return found

    def allows_whole(self, tokens: Int[Array, "K length"], beginning: Int[Array, "K"]) -> Bool[Array, "K"]:
        """Whether whole names may be offered."""
        allowed = self.allows(tokens, beginning, ended=True)
        for end in range(1, tokens.shape[1] + 1):
            allowed &= self.allows(tokens[:, :end], beginning, ended=False)
        return allowed


def fourgrams_of(tree: PrefixTree, vocabulary: Vocabulary, *, shortest: float = SHORTEST) -> KnownSet | None:
    """The 4-grams of a list; None where its names have fewer characters, on average, than the shortest, or its labels
    too few names.
    """
    root, depth = tree.root_of, tree.depth_of
    ended = tree.edge_node[tree.edge_token == BOUNDARY]
    starts = tree.token[: tree.roots]
    labels = max(int(starts.max()) - vocabulary.size + 1, 0)
    if depth[ended].mean() < shortest or len(ended) < FEWEST_OF_LABEL * labels:
        return None
    last, node = np.zeros((tree.nodes, LENGTH), np.int64), np.arange(tree.nodes)
    for place in reversed(range(LENGTH)):
        last[:, place] = np.where(node < tree.roots, BOUNDARY, tree.token[node])
        node = np.maximum(tree.parent[node], 0)
    grams = np.concatenate((last[tree.roots :], np.pad(last[ended, 1:], ((0, 0), (0, 1)))))
    if labels:
        grams = np.column_stack((starts[np.concatenate((root[tree.roots :], root[ended]))], grams))
    return KnownSet(np.unique(_numbers(_points(vocabulary, labels)[grams]))).short


def _points(vocabulary: Vocabulary, labels: int) -> UInt64[Array, "ids"]:
    """A number of each id; digits have one in common."""
    characters = digits_alike(vocabulary.characters)
    return np.array([BOUNDARY, *map(ord, characters), *range(FIRST_LABEL, FIRST_LABEL + labels)], np.uint64)


def _numbers(points: UInt64[Array, "K LENGTH"]) -> UInt64[Array, "K"]:
    """A number of each 4-gram, with its label or without, that looks random."""
    number = np.zeros(len(points), np.uint64)
    for column in points.T:
        number = number * np.uint64(FACTOR) + column
    return scramble(number)

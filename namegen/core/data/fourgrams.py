"""Four-grams: which four characters in a row a list has, so that a new name takes no step that none of its names takes.

A network gives some chance to every character, so that a name that is likely as a whole may have one place where
nothing fits: ``Guqnon``. A Markov chain never does that, as it goes on only as some name of its list does. Readers take
more of the names that are likely by a network and whose 4-grams all stand in the list (``docs/results/blind.md``).

A 4-gram may begin before the name and end behind it: boundaries stand there. Kept is a number for each, in the form of
``KnownSet``, by the characters and not by the tokens: the 4-grams of two lists together are those that one of them has.

Of labelled names, a label and three characters behind each other take the place of four characters: what Finnish names
have says nothing of Polish ones, and new Polish names of Polish 4-grams alone would be few.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import KnownSet, scramble
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.types import Array, Bool, Int, UInt64

LENGTH = 4  # characters: of three nearly every name is made, of five next to no new one
SHORTEST = 5  # characters of the names of a list, on average: of shorter ones, next to no new name is made of them
FEWEST_OF_LABEL = 50  # names, on average: of fewer, hardly any other is made of what these have
FIRST_LABEL = 0x110000  # the number of the first label, behind those of all characters
FACTOR = 0x100000001B3  # the prime by which FNV multiplies


class FourGrams:
    """The 4-grams of a list, asked about names of a vocabulary.

    Args:
        known: as ``fourgrams_of`` gives them, or those of several lists.
        labels: how many labels the list has, or up to which one names are asked about.

    >>> names = ["Anna", "Hanna", "Hansel"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> known = FourGrams(fourgrams_of(PrefixTree.from_names(names, vocabulary), vocabulary), vocabulary)
    >>> tokens, start = vocabulary.encode_all(["Anna", "Anns", "anna", "Hann"])[0].reshape(4, 4), np.zeros(4, np.int32)
    >>> known.has_last(tokens, start, ended=False).tolist(), known.has_last(tokens, start, ended=True).tolist()
    ([True, False, True, True], [True, False, True, False])
    """

    def __init__(self, known: KnownSet, vocabulary: Vocabulary, labels: int = 0) -> None:
        self._known, self._points, self._labels = known, _points(vocabulary, labels), labels

    def has_last(self, tokens: Int[Array, "K depth"], beginning: Int[Array, "K"], *, ended: bool) -> Bool[Array, "K"]:
        """Whether the list has the 4-gram that a prefix, or, ``ended``, a name with its boundary, ends with.

        Args:
            tokens: of the characters.
            beginning: what stands before them: the boundary or a label.
            ended: whether a boundary stands behind them.
        """
        last = np.pad(tokens[:, -LENGTH:], ((0, 0), (LENGTH, int(ended))))[:, -LENGTH:]
        if self._labels:
            last[:, 0] = beginning
        return self._known.holds(_numbers(self._points[last]))

    def has_all(self, tokens: Int[Array, "K length"], beginning: Int[Array, "K"]) -> Bool[Array, "K"]:
        """Whether the list has all 4-grams of whole names."""
        has = self.has_last(tokens, beginning, ended=True)
        for end in range(1, tokens.shape[1] + 1):
            has &= self.has_last(tokens[:, :end], beginning, ended=False)
        return has


def fourgrams_of(tree: PrefixTree, vocabulary: Vocabulary, *, shortest: float = SHORTEST) -> KnownSet | None:
    """The 4-grams of a list; None where its names have fewer characters, on average, than the shortest, or its labels
    too few names.
    """
    root, depth = np.arange(tree.nodes), np.zeros(tree.nodes, np.int64)
    for level in pairwise(tree.level[1:].tolist()):
        nodes = slice(*level)
        root[nodes], depth[nodes] = root[tree.parent[nodes]], depth[tree.parent[nodes]] + 1
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
        grams[:, 0] = starts[np.concatenate((root[tree.roots :], root[ended]))]
    return KnownSet(np.unique(_numbers(_points(vocabulary, labels)[grams]))).short


def _points(vocabulary: Vocabulary, labels: int) -> UInt64[Array, "ids"]:
    """A number of each id."""
    return np.array([BOUNDARY, *map(ord, vocabulary.characters), *range(FIRST_LABEL, FIRST_LABEL + labels)], np.uint64)


def _numbers(points: UInt64[Array, "K LENGTH"]) -> UInt64[Array, "K"]:
    """A number of each 4-gram that looks random."""
    number = np.zeros(len(points), np.uint64)
    for column in points.T:
        number = number * np.uint64(FACTOR) + column
    return scramble(number)

"""Four-grams: which four characters in a row a list has, so that a new name takes no step that none of its names takes.

A network gives some chance to every character, so that a name that is likely as a whole may have one place where
nothing fits: ``Guqnon``. A Markov chain never does that, as it goes on only as some name of its list does. Readers take
more of the names that are likely by a network and whose 4-grams all stand in the list (``docs/results/blind.md``).

A 4-gram may begin before the name and end behind it: boundaries stand there. Kept is a number for each, in the form of
``KnownSet``, by the characters and not by the tokens: the 4-grams of two lists together are those that one of them has.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import KnownSet, scramble
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.types import Array, Bool, Int, UInt64

LENGTH = 4  # characters: of three nearly every name is made, of five next to no new one
SHORTEST = 5  # characters of the names of a list, on average: of shorter ones, next to no new name is made of them
FACTOR = 0x100000001B3  # the prime by which FNV multiplies


class FourGrams:
    """The 4-grams of a list, asked about names of a vocabulary.

    Args:
        known: as ``fourgrams_of`` gives them, or those of several lists.

    >>> names = ["Anna", "Hanna", "Hansel"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> known = FourGrams(fourgrams_of(names, vocabulary), vocabulary)
    >>> tokens = vocabulary.encode_all(["Anna", "Anns", "anna", "Hann"])[0].reshape(4, 4)
    >>> known.has_last(tokens, ended=False).tolist(), known.has_last(tokens, ended=True).tolist()
    ([True, False, True, True], [True, False, True, False])
    """

    def __init__(self, known: KnownSet, vocabulary: Vocabulary) -> None:
        self._known, self._points = known, _code_points(vocabulary)

    def has_last(self, tokens: Int[Array, "K depth"], *, ended: bool) -> Bool[Array, "K"]:
        """Whether the list has the 4-gram that a prefix, or, ``ended``, a name with its boundary, ends with."""
        last = np.pad(tokens[:, -LENGTH:], ((0, 0), (LENGTH, int(ended))))[:, -LENGTH:]
        return self._known.holds(_numbers(self._points[last]))

    def has_all(self, tokens: Int[Array, "K length"]) -> Bool[Array, "K"]:
        """Whether the list has all 4-grams of whole names."""
        has = self.has_last(tokens, ended=True)
        for end in range(1, tokens.shape[1] + 1):
            has &= self.has_last(tokens[:, :end], ended=False)
        return has


def fourgrams_of(names: Sequence[str], vocabulary: Vocabulary, *, shortest: float = SHORTEST) -> KnownSet | None:
    """The 4-grams of a list; None where its names have fewer characters, on average, than the shortest."""
    if sum(map(len, names)) < shortest * len(names):
        return None
    tree = PrefixTree.from_names(names, vocabulary)
    last, node = np.zeros((tree.nodes, LENGTH), np.int64), np.arange(tree.nodes)
    for place in reversed(range(LENGTH)):
        last[:, place] = np.where(node < tree.roots, BOUNDARY, tree.token[node])
        node = np.maximum(tree.parent[node], 0)
    ends = last[tree.edge_node[tree.edge_token == BOUNDARY]]
    grams = np.concatenate((last[tree.roots :], np.pad(ends[:, 1:], ((0, 0), (0, 1)))))
    return KnownSet(np.unique(_numbers(_code_points(vocabulary)[grams]))).short


def _code_points(vocabulary: Vocabulary) -> UInt64[Array, "V"]:
    return np.array([BOUNDARY, *map(ord, vocabulary.characters)], np.uint64)


def _numbers(points: UInt64[Array, "K LENGTH"]) -> UInt64[Array, "K"]:
    """A number of each 4-gram that looks random."""
    number = np.zeros(len(points), np.uint64)
    for column in points.T:
        number = number * np.uint64(FACTOR) + column
    return scramble(number)

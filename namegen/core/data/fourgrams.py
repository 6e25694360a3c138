"""Four-grams: which four characters in a row a list has, so that a new name takes no step that none of its names takes.

A network gives some chance to every character, so that a name that is likely as a whole may have one place where
nothing fits: ``Guqnon``. A Markov chain never does that, as it goes on only as some name of its list does. Readers take
more of the names that are likely by a network and whose 4-grams all stand in the list (``docs/results/blind.md``).

A 4-gram may begin before the name and end behind it: boundaries stand there. Kept is a number for each, in the form of
``KnownSet``, by the characters and not by the tokens: the 4-grams of two lists together are those that one of them has.

Each label has 4-grams of its own: what Finnish names have says nothing of Polish ones. New names of Polish 4-grams
alone would be few, so a labelled name may have one inside that its label has not.

Under labels, a word may also say what follows it: there is *San Juan* and *Santa Rosa*, but neither *San Colonia* nor
*Santa Mario*. Such a word is *closed*: most of what follows it in the list stands elsewhere in the list, too. Behind
*Al* nearly each word is another, so anything may follow it. The set has closed words and their pairs as texts.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import KnownSet, scramble
from namegen.core.data.shapes import PHRASES
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.types import Array, Bool, Int, UInt64

LENGTH = 4  # characters: of three nearly every name is made, of five next to no new one
SHORTEST = 5  # characters of the names of a list, on average: of shorter ones, next to no new name is made of them
FEWEST_OF_LABEL = 50  # names, on average: of fewer, hardly any other is made of what these have
LACKING = 1  # 4-grams inside a labelled name that its label may lack: with two, or one at its end, readers take half
CLOSED = 0.65  # of what follows a closed word in the list, at most so much stands nowhere else in it
FEWEST_OF_WORD = 5  # words that follow one, of which this can be said
SEPARATORS, END = tuple(map(ord, " -")), "$"  # between words; behind the last
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
    >>> known.allows(tokens, start, ended=False).tolist(), known.allows(tokens, start, ended=True).tolist()
    ([True, False, True, True], [True, False, True, False])
    """

    def __init__(self, known: KnownSet, vocabulary: Vocabulary, labels: int = 0) -> None:
        self._known, self._vocabulary, self._labels = known, vocabulary, labels
        self._points = _points(vocabulary, labels)

    def allows(self, tokens: Int[Array, "K depth"], beginning: Int[Array, "K"], *, ended: bool) -> Bool[Array, "K"]:
        """Given that all shorter prefixes are allowed, whether this one is: the list has the 4-gram that it ends with;
        or, with labels, that lies inside the name, and no more than ``LACKING`` are missing in all.

        Args:
            tokens: of the characters.
            beginning: what stands before them: the boundary or a label.
            ended: whether a boundary stands behind them, as they are a whole name.
        """
        padded = np.pad(tokens, ((0, 0), (LENGTH, int(ended))))
        allowed = self._has(padded[:, -LENGTH:], beginning)
        if self._labels and not ended and tokens.shape[1] >= LENGTH:
            rows = np.flatnonzero(~allowed)
            grams = sliding_window_view(padded[rows], LENGTH, axis=1)[:, 1:]  # (rows, grams, LENGTH)
            has = self._has(grams.reshape(-1, LENGTH), beginning[rows].repeat(grams.shape[1]))
            allowed[rows] = has.reshape(grams.shape[:2]).sum(axis=1) >= grams.shape[1] - LACKING
        if self._labels and ended:
            rows = np.flatnonzero(allowed & np.isin(self._points[tokens], SEPARATORS).any(axis=1))
            allowed[rows] = self._follow(self._vocabulary.decode_all(tokens[rows]))
        return allowed

    def _follow(self, names: Sequence[str]) -> Bool[Array, "K"]:
        """Whether behind each closed word of names of several words stands what follows it in the list."""
        pairs = [(place, *two) for place, name in enumerate(names) for two in pairwise((*_words(name), END))]
        closed = self._known.holds(_numbers_of([f"{first} " for _, first, _ in pairs]))
        known = self._known.holds(_numbers_of([f"{first} {word}" for _, first, word in pairs]))
        follow = np.ones(len(names), bool)
        follow[[pairs[place][0] for place in np.flatnonzero(closed & ~known)]] = False
        return follow

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
    numbers = [_numbers(_points(vocabulary, labels)[grams])]
    if labels:
        rows = tree.sequences()
        names = np.array(vocabulary.decode_all(rows.tokens), object)
        numbers.append(_numbers_of(list(_closed([names[rows.beginnings == start].tolist() for start in starts]))))
    return KnownSet(np.unique(np.concatenate(numbers))).short


def _closed(labels: Sequence[Sequence[str]]) -> Iterator[str]:
    """Of the names of each label, each closed word with a space behind it, and with each word, or end, that follows. Of
    phrases none is closed: where most names of a label have several words, new ones are other words together.

    >>> names = ["Juan", "Pedro", "Luis", "San Juan", "San Pedro", "San Luis", "San Juan Luis", "San Luis Juan"]
    >>> list(_closed([[*names, "Ana", "Eva", "Rosa"], ["San Marcos"]]))
    ['San ', 'San Juan', 'San Pedro', 'San Luis', 'San Marcos']
    """
    often, behind, single = Counter[str](), defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for names in labels:
        several = [words for words in map(_words, names) if len(words) > 1]
        often.update(chain.from_iterable(map(_words, names)))
        for first, word in chain.from_iterable(pairwise((*words, END)) for words in several):
            behind[first].append(word)
            if word != END and len(several) < PHRASES * len(names):
                single[first].append(word)
    for first, words in single.items():
        if len(words) >= FEWEST_OF_WORD and sum(often[word] == 1 for word in words) <= CLOSED * len(words):
            yield from (f"{first} {word}" for word in ("", *dict.fromkeys(behind[first])))


def _words(name: str) -> list[str]:
    return re.split("[ -]", name)


def _points(vocabulary: Vocabulary, labels: int) -> UInt64[Array, "ids"]:
    """A number of each id."""
    return np.array([BOUNDARY, *map(ord, vocabulary.characters), *range(FIRST_LABEL, FIRST_LABEL + labels)], np.uint64)


def _numbers_of(texts: Sequence[str]) -> UInt64[Array, "texts"]:
    """A number of each text; those of one length at once."""
    lengths, numbers = np.array([len(text) for text in texts], np.int64), np.zeros(len(texts), np.uint64)
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        points = np.array([texts[place] for place in places.tolist()], f"<U{length}").view("<u4").reshape(-1, length)
        numbers[places] = _numbers(points.astype(np.uint64))
    return numbers


def _numbers(points: UInt64[Array, "K LENGTH"]) -> UInt64[Array, "K"]:
    """A number of each 4-gram, with its label or without, that looks random."""
    number = np.zeros(len(points), np.uint64)
    for column in points.T:
        number = number * np.uint64(FACTOR) + column
    return scramble(number)

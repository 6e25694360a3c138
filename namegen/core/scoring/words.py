"""The words of a training set of phrases, such as names of taverns. A new phrase may combine known words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.core.data.normalization import KnownSet, hash_names, scramble
from namegen.types import Array, Bool, Int64, UInt64

WORD_COST = 2  # missing n-grams that a missing word counts as
PHRASES = 0.3  # a training set has phrases if more than this share of its names contain a space


class KnownWords:
    """Looks up which words a training set has under their labels.

    Args:
        words: the hashes of the training set's words (``known_words``).
    """

    def __init__(self, words: KnownSet) -> None:
        self._words = words
        self._is_known: dict[tuple[str, int], bool] = {}  # earlier results, by word and label

    def contain(self, words: Sequence[str], labels: Int64[Array, "K"]) -> Bool[Array, "K"]:
        """Return which words the training set has under their labels."""
        labeled_words = list(zip(words, labels.tolist(), strict=True))
        new_words = sorted({word for word in labeled_words if word not in self._is_known})
        are_known = self._words.holds(word_digests(new_words))
        self._is_known.update(zip(new_words, are_known.tolist(), strict=True))
        return np.array([self._is_known[word] for word in labeled_words], bool)


def word_digests(words: Sequence[tuple[str, int]]) -> UInt64[Array, "words"]:
    """Return a hash of each word together with the index of its label."""
    labels = np.array([label for _, label in words], np.uint64)
    return hash_names(word for word, _ in words) ^ scramble(labels)


def has_phrases(names: Sequence[str]) -> bool:
    """Return whether more than ``PHRASES`` of some names contain a space."""
    return sum(" " in name for name in names) > PHRASES * len(names)


def words_by_label(names: Sequence[str], labels: Sequence[int]) -> list[tuple[str, int]]:
    """List the different words of a training set, each with the index of its label, in sorted order.

    Args:
        names: the training set.
        labels: the index of each name's label; 0 without labels.

    >>> words_by_label(["The Red Fox", "The Fox"], [0, 0])
    [('Fox', 0), ('Red', 0), ('The', 0)]
    """
    pairs: set[tuple[str, int]] = set()
    for name, label in zip(names, labels, strict=True):
        pairs.update((word, label) for word in name.split())
    return sorted(pairs)


def known_words(words: Sequence[tuple[str, int]]) -> KnownSet:
    """Return the set of a training set's labeled words, as short hashes, which a model stores."""
    hashes = np.unique(word_digests(words))
    return KnownSet(hashes).short

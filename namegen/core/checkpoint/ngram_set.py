"""N-grams: which sequences of one to five characters the names of a list contain.

A network gives every character some probability, so a name that is likely as a whole may have one place that looks like
nothing in the list: `Guqnon`. The score of a name counts such places (``core/generation/scoring.py``).

Each name is read with four start symbols before it and an end symbol after it. Upper and lower case differ, and all
digits are the same symbol. Names with different labels have sets of their own.

The set is a trie: a node is an n-gram, and its children are the n-grams that are one symbol longer. The *suffix* of a
node is the n-gram without its first symbol, which the list contains as well. Two facts follow:

- To find the longest known n-gram at the end of a name, start from the longest one before the last symbol and follow
  suffixes until a child fits. This is how backing off works in n-gram models.
- The children of a node are among the children of its suffix. So a file needs only a yes or no for each of these
  candidates, and an n-gram takes about 2.7 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.rice_code import read_rising, write_rising
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.types import Array, Int, Int64

ORDER = 5  # symbols of the longest n-grams
PAIR_COUNT = 5  # a missing pair of symbols counts as so many missing n-grams
END = 0  # the symbol after the last character
HEAD_BYTES = 8  # for the numbers of labels and symbols
MAX_LABELS, MAX_SYMBOLS = 1 << 20, 1 << 21


@dataclass(frozen=True, eq=False)
class NgramSet:
    """The n-grams of a list, of all orders from 1 to ``ORDER``.

    Nodes are numbered by order, then by parent, then by symbol. The first nodes are the empty n-grams, one per label.

    Attributes:
        labels: how many labels the list has; 1 if it has none.
        symbols: how many symbols there are: the end, the characters, and the start.
        parent: the node without the last symbol; −1 for the empty n-grams.
        symbol: the last symbol; −1 for the empty n-grams.
        suffix: the node without the first symbol; −1 for the empty n-grams.
        first_of_order: the first node of each order, and after them the number of nodes.

    >>> names = ["Anna", "Hanna"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> ngrams = NgramSet.from_tree(PrefixTree.from_names(names, vocabulary), vocabulary)
    >>> label = np.zeros(1, int)
    >>> ngrams.missing(vocabulary.encode("Anna")[None], label).tolist()
    [0]
    >>> ngrams.missing(vocabulary.encode("Hann")[None], label).tolist()     # n· counts five times; nn·, ann· and Hann·
    [8]
    """

    labels: int
    symbols: int
    parent: Int64[Array, "nodes"]
    symbol: Int64[Array, "nodes"]
    suffix: Int64[Array, "nodes"]
    first_of_order: tuple[int, ...]

    @classmethod
    def from_tree(cls, tree: PrefixTree, vocabulary: Vocabulary, labels: int = 0) -> NgramSet:
        """Collect the n-grams of a list.

        Args:
            tree: the list.
            vocabulary: its characters.
            labels: how many labels it has; 0 if it has none.
        """
        # A position is a root, a character or the end of a name: what n-grams can end with.
        ended = tree.edge_node[tree.edge_token == BOUNDARY]
        symbol = np.concatenate(
            (
                np.full(tree.roots, vocabulary.size),
                symbols_of(vocabulary)[tree.token[tree.roots :]],
                np.full(len(ended), END),
            )
        )  # (positions,)
        before = np.concatenate((tree.parent, ended))  # (positions,) the position before
        before[: tree.roots] = np.arange(tree.roots)  # before a start symbol, there is another one
        label_of_root = np.maximum(tree.token[: tree.roots].astype(np.int64) - vocabulary.size, 0)
        trie = _Trie(labels=max(labels, 1), symbols=vocabulary.size + 1)
        node = label_of_root[
            np.concatenate((tree.root_of, tree.root_of[ended]))
        ]  # the empty n-gram of each position
        for _ in range(ORDER):
            key = node[before] * trie.symbols + symbol
            keys, first, rank = np.unique(key, return_index=True, return_inverse=True)
            added = trie.add(
                parent=keys // trie.symbols, symbol=keys % trie.symbols, suffix=node[first]
            )
            node = added + rank  # (positions,) now the n-gram that is one symbol longer
        return trie.frozen()

    @cached_property
    def _keys(self) -> Int64[Array, "children"]:
        """Each node's parent and symbol as one number, in rising order; then one more that is larger than any key."""
        keys = self.parent[self.labels :] * (self.symbols + 1) + self.symbol[self.labels :]
        return np.append(keys, np.iinfo(np.int64).max)

    @cached_property
    def start(self) -> Int64[Array, "labels"]:
        """The context before a name's first character, by label: four start symbols."""
        contexts = np.arange(self.labels)
        for _ in range(ORDER - 1):
            contexts, _ = self.follow(contexts, np.full(self.labels, self.symbols - 1))
        return contexts

    def follow(
        self, contexts: Int64[Array, "K"], symbols: Int64[Array, "K"]
    ) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
        """Read one more symbol in each context.

        Args:
            contexts: nodes of at most four symbols, the longest known n-gram before the symbol.
            symbols: the symbol read; ``self.symbols`` stands for a character that the list doesn't contain.

        Returns:
            The contexts after the symbol, and how many of the n-grams of two to five symbols that end with it are
            missing. A missing pair counts as ``PAIR_COUNT`` of them.
        """
        longest = np.empty(
            len(contexts), np.int64
        )  # the longest known n-gram that ends with the symbol
        rows = np.arange(len(contexts))
        while len(rows):
            keys = contexts * (self.symbols + 1) + symbols[rows]
            child = np.searchsorted(self._keys, keys)
            is_known = self._keys[child] == keys
            is_empty = contexts < self.labels
            longest[rows] = np.where(is_known, child + self.labels, contexts)
            goes_on = ~is_known & ~is_empty
            rows, contexts = rows[goes_on], self.suffix[contexts[goes_on]]
        order = np.searchsorted(self.first_of_order, longest, side="right") - 1
        after = np.where(order == ORDER, self.suffix[longest], longest)
        return after, _MISSING[order]

    def missing(self, tokens: Int[Array, "K length"], label: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Count the n-grams of two to five symbols that whole names have and the list doesn't.

        A repeat counts again, and a missing pair counts as ``PAIR_COUNT``.

        Args:
            tokens: symbols of names of one length.
            label: the index of each name's label; 0 without labels.
        """
        contexts = self.start[label]
        total = np.zeros(len(tokens), np.int64)
        for symbols in (*tokens.astype(np.int64).T, np.full(len(tokens), END)):
            contexts, missing = self.follow(contexts, symbols)
            total += missing
        return total

    def to_bytes(self) -> bytes:
        """Write the set: how many labels and symbols there are, then for each order which candidates are n-grams."""
        head = np.array([self.labels, self.symbols], "<u4").tobytes()
        orders = []
        for parents, nodes in pairwise(pairwise(self.first_of_order)):
            places = _Candidates(self, slice(*parents)).places(slice(*nodes))
            orders.append(write_rising(places - np.arange(len(places))))
        return head + b"".join(orders)

    @classmethod
    def read(cls, data: bytes) -> NgramSet:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: the bytes are cut short or damaged.
        """
        labels, symbols = np.frombuffer(data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0"), "<u4").tolist()
        if not (0 < labels <= MAX_LABELS and 1 < symbols <= MAX_SYMBOLS):
            raise ValueError("the n-grams are cut short")
        trie, position = _Trie(labels, symbols), HEAD_BYTES
        for _ in range(ORDER):
            numbers, position = read_rising(data, position)
            parents = slice(*trie.first_of_order[-2:])
            trie.add(*_Candidates(trie, parents).chosen(numbers + np.arange(len(numbers))))
        if position != len(data):
            raise ValueError("the n-grams aren't as namegen writes them")
        return trie.frozen()


class _Trie:
    """An ``NgramSet`` in the making, with the same attributes."""

    def __init__(self, labels: int, symbols: int) -> None:
        self.labels, self.symbols = labels, symbols
        self.parent = self.symbol = self.suffix = np.full(labels, -1)
        self.first_of_order: tuple[int, ...] = (0, labels)

    def add(
        self,
        parent: Int64[Array, "added"],
        symbol: Int64[Array, "added"],
        suffix: Int64[Array, "added"],
    ) -> int:
        """Add the nodes of the next order and return the first of them."""
        self.parent = np.append(self.parent, parent)
        self.symbol = np.append(self.symbol, symbol)
        self.suffix = np.append(self.suffix, suffix)
        first = self.first_of_order[-1]
        self.first_of_order += (len(self.parent),)
        return first

    def frozen(self) -> NgramSet:
        """The finished set."""
        return NgramSet(**vars(self))


class _Candidates:
    """What could follow the n-grams of one order: for the empty n-gram any symbol, for others a child of the suffix.

    Candidates are numbered by n-gram, then by symbol.

    Args:
        trie: the n-grams.
        parents: those of the order.
    """

    def __init__(self, trie: NgramSet | _Trie, parents: slice) -> None:
        self.trie, self.first_parent = trie, parents.start
        self.are_symbols = parents.start == 0
        if self.are_symbols:
            counts = np.full(trie.labels, trie.symbols)
        else:
            suffix = trie.suffix[parents]
            children = trie.parent[trie.labels :]  # in rising order
            self.first_child = np.searchsorted(children, suffix) + trie.labels
            counts = (
                np.searchsorted(children, suffix, side="right") + trie.labels - self.first_child
            )
        self.end = np.cumsum(counts)
        self.start = self.end - counts

    def places(self, nodes: slice) -> Int64[Array, "nodes"]:
        """The numbers of the candidates that are nodes."""
        parent = self.trie.parent[nodes] - self.first_parent
        if self.are_symbols:
            rank = self.trie.symbol[nodes]
        else:
            rank = self.trie.suffix[nodes] - self.first_child[parent]
        places: Int64[Array, "nodes"] = self.start[parent] + rank
        return places

    def chosen(
        self, places: Int64[Array, "added"]
    ) -> tuple[Int64[Array, "added"], Int64[Array, "added"], Int64[Array, "added"]]:
        """The parents, symbols and suffixes of the candidates with these numbers.

        Raises:
            ValueError: there is no such candidate.
        """
        if len(places) and (not len(self.end) or places[-1] >= self.end[-1]):
            raise ValueError("the n-grams aren't as namegen writes them")
        parent = np.searchsorted(self.end, places, side="right")
        rank = places - self.start[parent]
        if self.are_symbols:
            return parent + self.first_parent, rank, parent
        suffix = self.first_child[parent] + rank
        return parent + self.first_parent, self.trie.symbol[suffix], suffix


# By the order of the longest known n-gram that ends with a symbol: how many longer ones are missing.
_MISSING = np.array([3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0])


def digit_as_0(character: str) -> str:
    """The character, but 0 for every digit."""
    return "0" if character.isdecimal() else character


def symbols_of(vocabulary: Vocabulary) -> Int64[Array, "V"]:
    """The symbol of each token: the token itself, but all digits are the first digit.

    >>> symbols_of(Vocabulary("12A")).tolist()
    [0, 1, 1, 3]
    """
    symbols = np.arange(vocabulary.size)
    digits = [
        token
        for token, character in enumerate(vocabulary.characters, start=1)
        if character.isdecimal()
    ]
    symbols[digits] = digits[:1]
    return symbols

"""N-grams: which sequences of one to five characters the names of a list contain.

A network gives every character some probability. So a name that is likely as a whole can contain a sequence that looks
like nothing in the list, such as `Guqnon`. The score of a name counts such sequences (``core/generation/scoring.py``).

Each name is read with four start symbols before it and an end symbol after it. Upper and lower case differ, and all
digits are the same symbol. Each label has its own n-grams.

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
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.types import Array, Int, Int64

ORDER = 5  # symbols of the longest n-grams
PAIR_COUNT = 5  # how many missing n-grams a missing pair of symbols counts as
END = 0  # the symbol after the last character
HEAD_BYTES = 8  # the numbers of labels and symbols
MAX_LABELS = 1 << 20
MAX_SYMBOLS = 1 << 21


@dataclass(frozen=True, eq=False)
class NgramSet:
    """The n-grams of a list, of all orders from 1 to ``ORDER``.

    Nodes are numbered by order, then by parent, then by symbol. The first nodes are the empty n-grams, one per label.

    >>> names = ["Anna", "Hanna"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> ngrams = NgramSet.from_tree(PrefixTree.from_names(names, vocabulary), vocabulary)
    >>> label = np.zeros(1, int)
    >>> ngrams.missing(vocabulary.encode("Anna")[None], label).tolist()
    [0]
    >>> ngrams.missing(vocabulary.encode("Hann")[None], label).tolist()     # n· counts five times; nn·, ann· and Hann·
    [8]
    """

    labels: int  # the number of labels; 1 if the list has none
    symbols: int  # the number of symbols: the end, the characters, and the start
    parent: Int64[Array, "nodes"]  # the node without the last symbol; −1 for empty n-grams
    symbol: Int64[Array, "nodes"]  # the last symbol; −1 for empty n-grams
    suffix: Int64[Array, "nodes"]  # the node without the first symbol; −1 for empty n-grams
    first_of_order: tuple[int, ...]  # the first node of each order, and then the number of nodes

    @classmethod
    def from_tree(cls, tree: PrefixTree, vocabulary: Vocabulary, labels: int = 0) -> NgramSet:
        """Collect the n-grams of a list.

        Args:
            tree: the list.
            vocabulary: its vocabulary.
            labels: the number of labels; 0 if the list has none.
        """
        # A position is where an n-gram can end: a root, a character or the end of a name.
        end_parent = tree.edge_node[tree.edge_token == END_TOKEN]
        start_symbols = np.full(tree.roots, vocabulary.size)
        characters = symbols_of(vocabulary)[tree.token[tree.roots :]]
        end_symbols = np.full(len(end_parent), END)
        symbol = np.concatenate((start_symbols, characters, end_symbols))  # (positions,)
        before = np.concatenate((tree.parent, end_parent))  # (positions,) the position before
        before[: tree.roots] = np.arange(tree.roots)  # before a start symbol, there is another one
        label_of_root = np.maximum(tree.token[: tree.roots].astype(np.int64) - vocabulary.size, 0)
        root = np.concatenate((tree.root_of, tree.root_of[end_parent]))  # (positions,)
        node = label_of_root[root]  # (positions,) the empty n-gram
        trie = _Trie(labels=max(labels, 1), symbols=vocabulary.size + 1)
        for _ in range(ORDER):
            key = node[before] * trie.symbols + symbol  # (positions,)
            keys, first, rank = np.unique(key, return_index=True, return_inverse=True)
            first_added = trie.add(
                parent=keys // trie.symbols, symbol=keys % trie.symbols, suffix=node[first]
            )
            node = first_added + rank  # (positions,) now the n-gram that is one symbol longer
        return trie.frozen()

    @cached_property
    def _keys(self) -> Int64[Array, "children"]:
        """Each node's parent and symbol as one number, in rising order. The last key is larger than any other."""
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
            contexts: the node of the longest known n-gram before the symbol, with at most four symbols.
            symbols: the symbol to read; ``self.symbols`` stands for a character that the list doesn't contain.

        Returns:
            The contexts after the symbol, and how many of the n-grams of two to five symbols that end with it are
            missing. A missing pair counts as ``PAIR_COUNT`` of them.
        """
        longest = np.empty(len(contexts), np.int64)  # (K,) the longest known n-gram with the symbol
        rows = np.arange(len(contexts))
        while len(rows):
            keys = contexts * (self.symbols + 1) + symbols[rows]
            index = np.searchsorted(self._keys, keys)
            is_known = self._keys[index] == keys
            is_empty = contexts < self.labels
            longest[rows] = np.where(is_known, index + self.labels, contexts)
            is_unfinished = ~is_known & ~is_empty
            rows = rows[is_unfinished]
            contexts = self.suffix[contexts[is_unfinished]]
        order = np.searchsorted(self.first_of_order, longest, side="right") - 1
        after = np.where(order == ORDER, self.suffix[longest], longest)
        return after, _MISSING[order]

    def missing(self, tokens: Int[Array, "K length"], label: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Count the n-grams of two to five symbols that names contain but the list doesn't.

        An n-gram that occurs twice in a name counts twice. A missing pair counts as ``PAIR_COUNT`` n-grams.

        Args:
            tokens: the symbols of names with the same length.
            label: the index of each name's label; 0 without labels.
        """
        contexts = self.start[label]
        total = np.zeros(len(tokens), np.int64)
        for symbols in (*tokens.astype(np.int64).T, np.full(len(tokens), END)):
            contexts, missing = self.follow(contexts, symbols)
            total += missing
        return total

    def to_bytes(self) -> bytes:
        """Write the number of labels and symbols, and then for each order which candidates are n-grams."""
        data = np.array([self.labels, self.symbols], "<u4").tobytes()
        for parents, nodes in pairwise(pairwise(self.first_of_order)):
            numbers = _Candidates(self, slice(*parents)).numbers(slice(*nodes))
            data += write_rising(numbers - np.arange(len(numbers)))
        return data

    @classmethod
    def read(cls, data: bytes) -> NgramSet:
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: if the bytes are cut short or damaged.
        """
        head = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")
        labels, symbols = np.frombuffer(head, "<u4").tolist()
        if not (0 < labels <= MAX_LABELS and 1 < symbols <= MAX_SYMBOLS):
            raise ValueError("the n-grams are cut short")
        trie = _Trie(labels, symbols)
        position = HEAD_BYTES
        for _ in range(ORDER):
            rising, position = read_rising(data, position)
            parents = slice(*trie.first_of_order[-2:])
            _Candidates(trie, parents).add(rising + np.arange(len(rising)), to=trie)
        if position != len(data):
            raise ValueError("the n-grams aren't as namegen writes them")
        return trie.frozen()


class _Trie:
    """An unfinished ``NgramSet``, with the same attributes."""

    def __init__(self, labels: int, symbols: int) -> None:
        self.labels = labels
        self.symbols = symbols
        self.parent = np.full(labels, -1)
        self.symbol = self.parent
        self.suffix = self.parent
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
    """The n-grams that could be the children of one order: for the empty n-gram any symbol, for others the suffix's.

    Candidates are numbered by parent, then by symbol.

    Args:
        trie: the n-grams.
        parents: the nodes of the order.
    """

    def __init__(self, trie: NgramSet | _Trie, parents: slice) -> None:
        self.trie = trie
        self.first_parent = parents.start
        self.parents_are_empty = parents.start == 0
        if self.parents_are_empty:
            counts = np.full(trie.labels, trie.symbols)  # (parents,)
        else:
            suffix = trie.suffix[parents]  # (parents,)
            parent_of_nodes = trie.parent[trie.labels :]  # in rising order
            self.first_child = np.searchsorted(parent_of_nodes, suffix) + trie.labels
            child_end = np.searchsorted(parent_of_nodes, suffix, side="right") + trie.labels
            counts = child_end - self.first_child
        self.end = np.cumsum(counts)  # (parents,) the first number after each parent's candidates
        self.start = self.end - counts

    def numbers(self, nodes: slice) -> Int64[Array, "nodes"]:
        """The numbers of the candidates that are nodes."""
        parent = self.trie.parent[nodes] - self.first_parent
        if self.parents_are_empty:
            rank = self.trie.symbol[nodes]
        else:
            rank = self.trie.suffix[nodes] - self.first_child[parent]
        numbers: Int64[Array, "nodes"] = self.start[parent] + rank
        return numbers

    def add(self, numbers: Int64[Array, "added"], *, to: _Trie) -> None:
        """Add the candidates with these numbers to a trie. Raise ValueError if there is no such candidate."""
        is_empty = len(self.end) == 0
        if len(numbers) and (is_empty or numbers[-1] >= self.end[-1]):
            raise ValueError("the n-grams aren't as namegen writes them")
        parent = np.searchsorted(self.end, numbers, side="right")
        rank = numbers - self.start[parent]
        if self.parents_are_empty:
            symbol = rank
            suffix = parent
        else:
            suffix = self.first_child[parent] + rank
            symbol = self.trie.symbol[suffix]
        to.add(parent=parent + self.first_parent, symbol=symbol, suffix=suffix)


# How many longer n-grams are missing, by the order of the longest known n-gram that ends with a symbol.
_MISSING = np.array([3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0])


def digit_as_0(character: str) -> str:
    """Return "0" for every digit, and otherwise the character.

    >>> digit_as_0("7"), digit_as_0("a")
    ('0', 'a')
    """
    return "0" if character.isdecimal() else character


def symbols_of(vocabulary: Vocabulary) -> Int64[Array, "V"]:
    """Return the symbol of each token: the token itself, but for all digits the token of the first digit.

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

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

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

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
        """Collect all n-grams of one to five symbols that the names of a list contain.

        Args:
            tree: The list.
            vocabulary: Its vocabulary.
            labels: The number of labels; 0 if the list has none.
        """
        positions = _Positions.of(tree, vocabulary)
        trie = _Trie(labels=max(labels, 1), symbols=vocabulary.size + 1)
        # (P,) The n-gram that ends at each position; at first, the empty one.
        node_at = positions.label
        for _ in range(ORDER):
            # The n-gram that ends before a position becomes one symbol longer, and ends at the position.
            parent_at = node_at[positions.before]  # (P,)
            keys = parent_at * trie.symbols + positions.symbol  # (P,) two numbers in one
            distinct, first, rank = np.unique(keys, return_index=True, return_inverse=True)
            first_added = trie.add(
                parent=distinct // trie.symbols,
                symbol=distinct % trie.symbols,
                suffix=node_at[first],
            )
            node_at = first_added + rank
        return trie.frozen()

    @cached_property
    def _keys(self) -> Int64[Array, "children"]:
        """Each node's parent and symbol as one number, in rising order. The last key is larger than any other."""
        keys = self.parent[self.labels :] * (self.symbols + 1) + self.symbol[self.labels :]
        return np.append(keys, np.iinfo(np.int64).max)

    @cached_property
    def start(self) -> Int64[Array, "labels"]:
        """The context before the first character of a name with each label: four start symbols."""
        contexts = np.arange(self.labels)
        start_symbols = np.full(self.labels, self.symbols - 1)
        for _ in range(ORDER - 1):
            contexts = self.follow(contexts, start_symbols)[0]
        return contexts

    def follow(
        self, contexts: Int64[Array, "K"], symbols: Int64[Array, "K"]
    ) -> tuple[Int64[Array, "K"], Int64[Array, "K"]]:
        """Read the next symbol of K names, and count the n-grams that end with it and that the list doesn't contain.

        Args:
            contexts: For each name, the longest n-gram of the list that the name ends with, as a node. It has at most
                four symbols.
            symbols: For each name, the next symbol; ``self.symbols`` stands for any character that the list doesn't
                contain.

        Returns:
            The contexts after the symbol, and how many n-grams of two to five symbols are missing. A missing pair
            counts as ``PAIR_COUNT`` of them.
        """
        longest = self._find_longest(contexts, symbols)  # (K,) nodes
        order = np.searchsorted(self.first_of_order, longest, side="right") - 1  # (K,) 0 to ORDER
        has_five_symbols = order == ORDER
        contexts_after = np.where(has_five_symbols, self.suffix[longest], longest)
        missing_count = _MISSING[order]  # (K,)
        return contexts_after, missing_count

    def _find_longest(
        self, contexts: Int64[Array, "K"], symbols: Int64[Array, "K"]
    ) -> Int64[Array, "K"]:
        """Return the longest known n-gram that ends with each symbol, or the empty n-gram if there is none.

        A context without its first symbols (its suffix) is tried until the list contains it with the symbol.
        """
        longest = np.empty(len(contexts), np.int64)  # (K,)
        rows = np.arange(len(contexts))  # those whose n-gram hasn't been found
        while len(rows):
            keys = contexts * (self.symbols + 1) + symbols[rows]  # (rows,) as in _keys
            index = np.searchsorted(self._keys, keys)
            is_known = self._keys[index] == keys
            is_empty = contexts < self.labels
            longest[rows] = np.where(is_known, index + self.labels, contexts)
            is_unfinished = ~is_known & ~is_empty
            rows = rows[is_unfinished]
            contexts = self.suffix[contexts[is_unfinished]]  # one symbol shorter
        return longest

    def missing(self, tokens: Int[Array, "K length"], label: Int[Array, "K"]) -> Int64[Array, "K"]:
        """Count the n-grams of two to five symbols that each name contains but the list doesn't.

        An n-gram that occurs twice in a name counts twice. A missing pair counts as ``PAIR_COUNT`` n-grams.

        Args:
            tokens: The symbols of names with the same length.
            label: The index of each name's label; 0 without labels.
        """
        contexts = self.start[label]  # (K,)
        total = np.zeros(len(tokens), np.int64)  # (K,)
        columns = tokens.astype(np.int64).T  # (length, K)
        end_symbols = np.full(len(tokens), END)
        for symbols in (*columns, end_symbols):
            contexts, missing = self.follow(contexts, symbols)
            total += missing
        return total

    def to_bytes(self) -> bytes:
        """Write the set as a few bytes: for each order, which of the possible n-grams (the candidates) it contains."""
        data = np.array([self.labels, self.symbols], "<u4").tobytes()
        for order in range(ORDER):
            candidates = _candidates_for(self, self.nodes_of_order(order))
            numbers = candidates.numbers_of(self.nodes_of_order(order + 1))  # all different
            gaps = numbers - np.arange(len(numbers))  # skipped candidates before each
            data += write_rising(gaps)
        return data

    def nodes_of_order(self, order: int) -> slice:
        """Return the nodes of an order. Order 0 has the empty n-grams."""
        return slice(self.first_of_order[order], self.first_of_order[order + 1])

    @classmethod
    def read(cls, data: bytes) -> NgramSet:
        """Create a set from the bytes that ``to_bytes`` returned.

        Raises:
            ValueError: If the bytes are cut short or damaged.
        """
        trie = _empty_trie(data[:HEAD_BYTES])
        position = HEAD_BYTES
        for _ in range(ORDER):
            gaps, position = read_rising(data, position)
            numbers = gaps + np.arange(len(gaps))  # as in to_bytes
            candidates = _candidates_for(trie, trie.latest_nodes)
            candidates.add_to(trie, numbers)
        if position != len(data):
            raise ValueError("the n-grams aren't as namegen writes them")
        return trie.frozen()


@dataclass(frozen=True, eq=False)
class _Positions:
    """The positions in a list's tree at which an n-gram can end: a root, a character, or the end of a name."""

    symbol: Int64[Array, "P"]  # the symbol at each position
    before: Int64[Array, "P"]  # the position before it; before a start symbol, there is another one
    label: Int64[Array, "P"]  # the label of the position's name

    @classmethod
    def of(cls, tree: PrefixTree, vocabulary: Vocabulary) -> _Positions:
        """Collect the positions at which an n-gram can end: the nodes of a list's tree, then the ends of names."""
        roots = np.arange(tree.roots)
        node_before_end = tree.edge_node[tree.edge_token == END_TOKEN]  # (ends,)
        start_symbols = np.full(tree.roots, vocabulary.size)
        character_symbols = symbols_of(vocabulary)[tree.token[tree.roots :]]
        end_symbols = np.full(len(node_before_end), END)
        label_of_root = tree.token[: tree.roots].astype(np.int64) - vocabulary.size
        label_of_node = np.maximum(label_of_root, 0)[tree.root_of]  # 0 without labels
        return cls(
            symbol=np.concatenate((start_symbols, character_symbols, end_symbols)),
            before=np.concatenate((roots, tree.parent[tree.roots :], node_before_end)),
            label=np.concatenate((label_of_node, label_of_node[node_before_end])),
        )


def _empty_trie(head: bytes) -> _Trie:
    """Create a trie from the first bytes of a file: the numbers of labels and symbols."""
    padded = head.ljust(HEAD_BYTES, b"\0")
    labels, symbols = np.frombuffer(padded, "<u4").tolist()
    if not (0 < labels <= MAX_LABELS and 1 < symbols <= MAX_SYMBOLS):
        raise ValueError("the n-grams are cut short")
    return _Trie(labels, symbols)


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
        """Add the n-grams of the next order, as new nodes, and return the first of these nodes."""
        self.parent = np.append(self.parent, parent)
        self.symbol = np.append(self.symbol, symbol)
        self.suffix = np.append(self.suffix, suffix)
        first = self.first_of_order[-1]
        self.first_of_order += (len(self.parent),)
        return first

    @property
    def latest_nodes(self) -> slice:
        """The nodes of the latest order."""
        return slice(*self.first_of_order[-2:])

    def frozen(self) -> NgramSet:
        """Return the finished set, which has the same arrays."""
        return NgramSet(
            labels=self.labels,
            symbols=self.symbols,
            parent=self.parent,
            symbol=self.symbol,
            suffix=self.suffix,
            first_of_order=self.first_of_order,
        )


class _Candidates(ABC):
    """The n-grams that could be the children of some nodes. They are numbered by parent, then by symbol.

    Args:
        trie: The n-grams.
        parents: The nodes.
        counts: How many candidates each parent has.
    """

    def __init__(
        self, trie: NgramSet | _Trie, parents: slice, counts: Int64[Array, "parents"]
    ) -> None:
        self._trie = trie
        self._first_parent = parents.start
        self._end = np.cumsum(counts)  # the first number after each parent's candidates
        self._start = self._end - counts

    def numbers_of(self, nodes: slice) -> Int64[Array, "nodes"]:
        """Return the numbers of the candidates that exist in the trie, which are these nodes."""
        parent = self._trie.parent[nodes] - self._first_parent
        numbers: Int64[Array, "nodes"] = self._start[parent] + self._ranks(nodes, parent)
        return numbers

    def add_to(self, trie: _Trie, numbers: Int64[Array, "added"]) -> None:
        """Add the candidates with these numbers to a trie. Raise ValueError if there is no such candidate."""
        candidate_count = int(self._end[-1]) if len(self._end) else 0
        is_out_of_range = len(numbers) > 0 and numbers[-1] >= candidate_count
        if is_out_of_range:
            raise ValueError("the n-grams aren't as namegen writes them")
        parent = np.searchsorted(
            self._end, numbers, side="right"
        )  # (added,) counted from the first
        rank = numbers - self._start[parent]  # (added,) among the candidates of the parent
        suffix, symbol = self._suffix_and_symbol(parent, rank)
        trie.add(parent=parent + self._first_parent, symbol=symbol, suffix=suffix)

    @abstractmethod
    def _ranks(self, nodes: slice, parent: Int64[Array, "nodes"]) -> Int64[Array, "nodes"]:
        """Return the rank of each node among the candidates of its parent."""

    @abstractmethod
    def _suffix_and_symbol(
        self, parent: Int64[Array, "added"], rank: Int64[Array, "added"]
    ) -> tuple[Int64[Array, "added"], Int64[Array, "added"]]:
        """Return the suffix and the last symbol of the candidates with these ranks."""


class _SingleSymbols(_Candidates):
    """The candidates for n-grams of one symbol: every symbol."""

    def __init__(self, trie: NgramSet | _Trie, parents: slice) -> None:
        super().__init__(trie, parents, counts=np.full(trie.labels, trie.symbols))

    def _ranks(self, nodes: slice, parent: Int64[Array, "nodes"]) -> Int64[Array, "nodes"]:
        return self._trie.symbol[nodes]

    def _suffix_and_symbol(
        self, parent: Int64[Array, "added"], rank: Int64[Array, "added"]
    ) -> tuple[Int64[Array, "added"], Int64[Array, "added"]]:
        return parent, rank


class _SuffixChildren(_Candidates):
    """The candidates for longer n-grams: the last symbols that the list contains after the suffix of the parent."""

    def __init__(self, trie: NgramSet | _Trie, parents: slice) -> None:
        suffix = trie.suffix[parents]  # (parents,)
        parent_of_nodes = trie.parent[trie.labels :]  # in rising order
        # The children of a suffix are neighbors: from the first child up to the end.
        self._first_child = np.searchsorted(parent_of_nodes, suffix) + trie.labels  # (parents,)
        end_of_children = np.searchsorted(parent_of_nodes, suffix, side="right") + trie.labels
        super().__init__(trie, parents, counts=end_of_children - self._first_child)

    def _ranks(self, nodes: slice, parent: Int64[Array, "nodes"]) -> Int64[Array, "nodes"]:
        ranks: Int64[Array, "nodes"] = self._trie.suffix[nodes] - self._first_child[parent]
        return ranks

    def _suffix_and_symbol(
        self, parent: Int64[Array, "added"], rank: Int64[Array, "added"]
    ) -> tuple[Int64[Array, "added"], Int64[Array, "added"]]:
        suffix = self._first_child[parent] + rank
        return suffix, self._trie.symbol[suffix]


def _candidates_for(trie: NgramSet | _Trie, parents: slice) -> _Candidates:
    """Return the n-grams that could be the children of the nodes of one order."""
    parents_are_empty = parents.start == 0
    return _SingleSymbols(trie, parents) if parents_are_empty else _SuffixChildren(trie, parents)


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
    digit_tokens = []
    for token, character in enumerate(vocabulary.characters, start=1):
        if character.isdecimal():
            digit_tokens.append(token)
    if digit_tokens:
        symbols[digit_tokens] = digit_tokens[0]
    return symbols

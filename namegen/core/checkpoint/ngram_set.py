"""N-grams: which sequences of one to five characters the names of a list contain.

A network gives every character some probability. So a name that is likely as a whole can contain a sequence that looks
like nothing in the list, such as `Guqnon`. The score of a name counts such sequences (``core/scoring/scorer.py``).

Each name is read with four start symbols before it and an end symbol after it. Upper and lower case differ, and all
digits are the same symbol. Each label has its own n-grams.

The set is a trie: a node is an n-gram, and its children are the n-grams that are one symbol longer. The *suffix* of a
node is the n-gram without its first symbol, which the list contains as well. Two facts follow:

- To find the longest known n-gram at the end of a name, start from the longest one before the last symbol and follow
  suffixes until a child fits. This is how backing off works in n-gram models.
- The children of a node are among the children of its suffix. So a file needs only one bit for each of these
  candidates: whether the list contains it. An n-gram takes about 3.3 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.types import Array, Int, Int64

ORDER = 5  # symbols of the longest n-grams
PAIR_COUNT = 5  # how many missing n-grams a missing pair of symbols counts as
END = 0  # the symbol after the last character
HEAD_BYTES = 8  # the numbers of labels and symbols
MAX_LABELS = 1 << 20
MAX_SYMBOLS = 1 << 21

# How many longer n-grams are missing, by the order of the longest known n-gram that ends with a symbol.
_MISSING = np.array([3 + PAIR_COUNT, 3 + PAIR_COUNT, 3, 2, 1, 0])


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
    def empty(cls, labels: int, symbols: int) -> NgramSet:
        """Create a set that contains only the empty n-grams."""
        none = np.full(labels, -1)
        return cls(labels, symbols, none, none, none, first_of_order=(0, labels))

    @classmethod
    def from_tree(cls, tree: PrefixTree, vocabulary: Vocabulary, labels: int = 0) -> NgramSet:
        """Collect all n-grams of one to five symbols that the names of a list contain.

        Args:
            tree: The list.
            vocabulary: Its vocabulary.
            labels: The number of labels; 0 if the list has none.
        """
        # The P positions at which an n-gram can end: the roots of the tree, its characters, and the ends of names.
        roots = np.arange(tree.roots)
        node_before_end = tree.edge_node[tree.edge_token == END_TOKEN]  # (ends,)
        symbol_at = np.concatenate(
            (
                np.full(tree.roots, vocabulary.size),  # the start symbol
                symbols_of(vocabulary)[tree.token[tree.roots :]],
                np.full(len(node_before_end), END),
            )
        )  # (P,)
        # (P,) The position before each position. Before a start symbol, there is another one.
        position_before = np.concatenate((roots, tree.parent[tree.roots :], node_before_end))
        label_of_root = tree.token[: tree.roots].astype(np.int64) - vocabulary.size
        label_of_node = np.maximum(label_of_root, 0)[tree.root_of]  # 0 without labels
        label_at = np.concatenate((label_of_node, label_of_node[node_before_end]))  # (P,)

        ngrams = cls.empty(labels=max(labels, 1), symbols=vocabulary.size + 1)
        # (P,) The n-gram that ends at each position; at first, the empty one.
        node_at = label_at
        for _ in range(ORDER):
            # The n-gram that ends before a position becomes one symbol longer, and ends at the position.
            parent_at = node_at[position_before]  # (P,)
            ngrams, node_at = ngrams._with_entries(parent_at, symbol_at, suffix=node_at)
        return ngrams

    @classmethod
    def union(cls, sources: Sequence[NgramSource], labels: int, symbols: int) -> NgramSet:
        """Combine the n-grams of several sets, such as those of a list and of some labels of a base model.

        Args:
            sources: The sets, each with the labels and symbols that its own ones become.
            labels: The number of labels of the result.
            symbols: The number of symbols of the result.
        """
        # The nodes of all sources, numbered one after another, and the nodes of the result that they become.
        sizes = [len(source.ngrams.parent) for source in sources]
        first_node = np.cumsum(sizes) - sizes  # of each source
        offset = np.repeat(first_node, sizes)  # (nodes of all sources,)
        parent = offset + np.concatenate([source.ngrams.parent for source in sources])
        suffix = offset + np.concatenate([source.ngrams.suffix for source in sources])
        order = np.concatenate([source.ngrams.order for source in sources])
        symbol = np.concatenate([source.new_symbol[source.ngrams.symbol] for source in sources])
        new_node = np.full(len(parent), -1)  # −1 for n-grams that are left out
        new_node[order == 0] = np.concatenate([source.new_label for source in sources])

        ngrams = cls.empty(labels, symbols)
        for length in range(1, ORDER + 1):
            # An n-gram without its last symbol becomes a node of the result, unless it's left out.
            nodes = np.flatnonzero(order == length)
            is_kept = (new_node[parent[nodes]] >= 0) & (symbol[nodes] >= 0)
            nodes = nodes[is_kept]
            ngrams, new_node[nodes] = ngrams._with_entries(
                parent=new_node[parent[nodes]],
                symbol=symbol[nodes],
                suffix=new_node[suffix[nodes]],
            )
        return ngrams

    def _with_entries(
        self,
        parent: Int64[Array, "entries"],
        symbol: Int64[Array, "entries"],
        suffix: Int64[Array, "entries"],
    ) -> tuple[NgramSet, Int64[Array, "entries"]]:
        """Return a set that also contains the n-grams of the next order, and the node of each entry.

        Entries with the same parent and symbol are the same n-gram.
        """
        keys = parent * self.symbols + symbol  # (entries,) two numbers in one
        distinct, first, rank = np.unique(keys, return_index=True, return_inverse=True)
        ngrams = self._with_order(distinct // self.symbols, distinct % self.symbols, suffix[first])
        return ngrams, len(self.parent) + rank

    def _with_order(
        self,
        parent: Int64[Array, "added"],
        symbol: Int64[Array, "added"],
        suffix: Int64[Array, "added"],
    ) -> NgramSet:
        """Return a set that also contains the n-grams of the next order, which are sorted and distinct."""
        parents = np.append(self.parent, parent)
        return NgramSet(
            labels=self.labels,
            symbols=self.symbols,
            parent=parents,
            symbol=np.append(self.symbol, symbol),
            suffix=np.append(self.suffix, suffix),
            first_of_order=(*self.first_of_order, len(parents)),
        )

    @property
    def order(self) -> Int64[Array, "nodes"]:
        """The number of symbols of each n-gram."""
        sizes = np.diff(self.first_of_order)
        return np.repeat(np.arange(len(sizes)), sizes)

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
        # (K,) The longest known n-gram that ends with each symbol; the empty n-gram if there is none. A context without
        # its first symbols (its suffix) is tried until the list contains it with the symbol.
        longest = np.empty(len(contexts), np.int64)
        rows = np.arange(len(contexts))  # those whose n-gram hasn't been found
        shorter = contexts  # (rows,)
        while len(rows):
            keys = shorter * (self.symbols + 1) + symbols[rows]  # (rows,) as in _keys
            index = np.searchsorted(self._keys, keys)
            is_known = self._keys[index] == keys
            is_empty = shorter < self.labels
            longest[rows] = np.where(is_known, index + self.labels, shorter)
            is_unfinished = ~is_known & ~is_empty
            rows = rows[is_unfinished]
            shorter = self.suffix[shorter[is_unfinished]]  # one symbol shorter

        order = np.searchsorted(self.first_of_order, longest, side="right") - 1  # (K,) 0 to ORDER
        has_five_symbols = order == ORDER
        contexts_after = np.where(has_five_symbols, self.suffix[longest], longest)
        missing_count = _MISSING[order]  # (K,)
        return contexts_after, missing_count

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
        """Write the set as bytes: for each order, one bit per candidate, which is 1 if the list contains it.

        The first eight bytes are the numbers of labels and symbols. The bits of each order start with a new byte, and
        fill each byte from its lowest bit on.
        """
        data = np.array([self.labels, self.symbols], "<u4").tobytes()
        for order in range(ORDER):
            first_candidate, count = self._candidates_after(order)
            first_bit = np.cumsum(count) - count  # of each parent
            is_contained = np.zeros(count.sum(), bool)  # one bit per candidate
            children = slice(*self.first_of_order[order + 1 : order + 3])
            parent = self.parent[children] - self.first_of_order[order]  # among its order
            candidate = self.symbol[children] if order == 0 else self.suffix[children]
            is_contained[first_bit[parent] + candidate - first_candidate[parent]] = True
            data += np.packbits(is_contained, bitorder="little").tobytes()
        return data

    @classmethod
    def read(cls, data: bytes) -> NgramSet:
        """Create a set from the bytes that ``to_bytes`` returned.

        Raises:
            ValueError: If the bytes are cut short or damaged.
        """
        head = data[:HEAD_BYTES].ljust(HEAD_BYTES, b"\0")
        labels, symbols = np.frombuffer(head, "<u4").tolist()
        if not (0 < labels <= MAX_LABELS and 1 < symbols <= MAX_SYMBOLS):
            raise ValueError("the n-grams are cut short")
        ngrams = cls.empty(labels, symbols)
        rest = data[HEAD_BYTES:]
        for order in range(ORDER):
            # Each bit that is 1 stands for an n-gram.
            first_candidate, count = ngrams._candidates_after(order)
            end_bit = np.cumsum(count)  # of each parent
            byte_count = -(-int(end_bit[-1]) // 8) if len(end_bit) else 0
            if byte_count > len(rest):
                raise ValueError("the n-grams are cut short")
            bits = np.unpackbits(np.frombuffer(rest[:byte_count], np.uint8), bitorder="little")
            rest = rest[byte_count:]
            bit = np.flatnonzero(bits)  # (added,)
            if len(bit) and bit[-1] >= end_bit[-1]:
                raise ValueError("the n-grams aren't as namegen writes them")

            # Its parent is the one to whose bits it belongs, and its place among them is the candidate.
            parent = np.searchsorted(end_bit, bit, side="right")  # (added,) among its order
            first_bit = end_bit - count
            candidate = first_candidate[parent] + bit - first_bit[parent]
            parent += ngrams.first_of_order[order]
            if order == 0:
                ngrams = ngrams._with_order(parent, symbol=candidate, suffix=parent)
            else:
                symbol = ngrams.symbol[candidate]
                ngrams = ngrams._with_order(parent, symbol, suffix=candidate)
        if rest:
            raise ValueError("the n-grams aren't as namegen writes them")
        return ngrams

    def _candidates_after(
        self, order: int
    ) -> tuple[Int64[Array, "parents"], Int64[Array, "parents"]]:
        """Return what could follow each n-gram of an order: the first candidate, and how many there are.

        After the empty n-gram, the candidates are all symbols. After another n-gram, they are the children of its
        suffix, which are neighbors.
        """
        if order == 0:
            return np.zeros(self.labels, np.int64), np.full(self.labels, self.symbols)
        suffix = self.suffix[slice(*self.first_of_order[order : order + 2])]  # (parents,)
        first_child = np.searchsorted(self.parent, suffix)  # the parents are in rising order
        end_of_children = np.searchsorted(self.parent, suffix, side="right")
        return first_child, end_of_children - first_child


@dataclass(frozen=True, eq=False)
class NgramSource:
    """N-grams that become part of another set."""

    ngrams: NgramSet
    # The label that each label becomes. −1 leaves its n-grams out.
    new_label: Int64[Array, "labels"]
    # The symbol that each symbol becomes. −1 leaves out n-grams with it.
    new_symbol: Int64[Array, "symbols"]


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
    is_digit = np.array([False, *map(str.isdecimal, vocabulary.characters)])  # (V,)
    first_digit = is_digit.argmax()  # 0 if there are no digits
    return np.where(is_digit, first_digit, np.arange(vocabulary.size))

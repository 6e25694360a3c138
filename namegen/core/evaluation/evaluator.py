"""How well a LanguageModel predicts a list of names, and its self-test logits, which show whether it still works.

All metrics are computed over the distinct prefixes of the list's tree, each weighted by its count. The result is the
same as that of reading every name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.arrays import ranges
from namegen.core.data.normalization import hash_names
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.models import all_log_probabilities
from namegen.errors import CheckpointError
from namegen.types import Array, Bool, Float, Float32, Float64, Int, Int32, Int64


@dataclass(frozen=True)
class Metrics:
    """How well a model predicts a list. "char" counts the characters and the end token of each name."""

    loss_nats_per_char: float
    accuracy_argmax: float  #: how often the most likely next character is the true one
    accuracy_sampled: float  #: how often a sampled next character is, which is the mean of p(true)

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return self.loss_nats_per_char / math.log(2)

    def to_dict(self) -> dict[str, float | None]:
        """The metrics as JSON values. An infinite loss becomes null."""
        is_finite = math.isfinite(self.loss_nats_per_char)
        return {
            "loss_nats_per_char": self.loss_nats_per_char if is_finite else None,
            "bits_per_char": self.bits_per_char if is_finite else None,
            "accuracy_argmax": self.accuracy_argmax,
            "accuracy_sampled": self.accuracy_sampled,
        }


def ceiling(tree: PrefixTree) -> Metrics:
    """Return the metrics of the list as its own model, which predicts what follows each prefix in this list.

    No model has a lower loss or a higher argmax accuracy on this list. ``accuracy_sampled`` is that of a perfectly
    calibrated model.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Al"]
    >>> metrics = ceiling(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> round(metrics.accuracy_argmax, 3)      # 9 of 10: after "Al", the end is more common than "i"
    0.9
    """
    count = tree.edge_count  # (E,)
    probability = count / tree.count[tree.edge_node]  # (E,)
    first_edge = np.flatnonzero(np.diff(tree.edge_node, prepend=-1))  # of each node
    characters = tree.characters
    return Metrics(
        loss_nats_per_char=float(-(count @ np.log(probability)) / characters) + 0.0,  # no -0.0
        accuracy_argmax=float(np.maximum.reduceat(count, first_edge).sum() / characters),
        accuracy_sampled=float(count @ probability / characters),
    )


CHUNK_ROWS = 8192  # prefixes per step
# If a step computed more logits than MAX_LOGITS, it reads only as many prefixes as give LOGITS_IN_CACHE.
MAX_LOGITS = 1 << 22
LOGITS_IN_CACHE = 1 << 18
# The same limits for the rows of a model that reads several rows per prefix.
MAX_ROWS = 1 << 18
ROWS_IN_CACHE = 1 << 14


@dataclass(frozen=True, eq=False)
class PrefixChunk:
    """Some prefixes of a tree that a model has read in one step."""

    nodes: Int[Array, "B"]
    logits: Float[Array, "B V"]  # of the token after each prefix
    edges: Int[Array, "e"]  # the edges that leave these nodes
    rows: Int[Array, "e"]  # the row of the node that each edge leaves


@dataclass(frozen=True, eq=False)
class _Unread:
    """Nodes to read next, and the states of their parents."""

    nodes: Int[Array, "B"]
    states: State
    parents: Int[Array, "B"]  # the row of each node's parent in the states


def read_prefixes(model: LanguageModel, tree: PrefixTree) -> Iterator[PrefixChunk]:
    """Read each prefix of a tree once, after its parent.

    The tree is read depth first, in chunks, and only the states of nodes with children are kept. So few states exist at
    the same time, and memory stays small however long the list is.
    """
    chunk_rows = _chunk_rows(model)
    roots = np.arange(tree.roots)
    pending = [_Unread(roots, model.initial_state(len(roots)), roots)]
    while pending:
        unread = pending.pop()
        nodes = unread.nodes
        edges, rows = ranges(tree.edge_start[nodes], tree.edge_start[nodes + 1])
        states = model.select(unread.states, unread.parents)
        logits, states = model.step(tree.token[nodes], states)
        yield PrefixChunk(nodes, logits, edges, rows)
        children = tree.edge_child[edges]  # (e,)
        has_child = children >= 0
        parents = rows[has_child]
        children = children[has_child]
        for start in range(0, len(children), chunk_rows):
            chunk = slice(start, start + chunk_rows)
            pending.append(_Unread(children[chunk], states, parents[chunk]))


def _chunk_rows(model: LanguageModel) -> int:
    rows = CHUNK_ROWS
    if rows * model.vocabulary_size > MAX_LOGITS:
        rows = max(1, LOGITS_IN_CACHE // model.vocabulary_size)
    return limited_rows(model, rows)


def limited_rows(model: LanguageModel, rows: int) -> int:
    """Return how many prefixes to read per step: ``rows``, or fewer if the model reads many rows per prefix."""
    rows_per_prefix = getattr(model, "rows_per_prefix", 1)
    if rows * rows_per_prefix > MAX_ROWS:
        return max(1, ROWS_IN_CACHE // rows_per_prefix)
    return rows


def chances_at_nodes(model: LanguageModel, tree: PrefixTree) -> Float32[Array, "N V"]:
    """Return a model's probabilities of the next token after every prefix of a tree."""
    probabilities = np.empty((tree.nodes, model.vocabulary_size), np.float32)
    for chunk in read_prefixes(model, tree):
        probabilities[chunk.nodes] = np.exp(all_log_probabilities(chunk.logits))
    return probabilities


class AccuracyEvaluator:
    """Evaluate a LanguageModel on lists of names.

    >>> from namegen.core.models.ngram import NgramModel
    >>> names = ["Al", "Ali", "Al"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> tree = PrefixTree.from_names(names, vocabulary)
    >>> evaluator = AccuracyEvaluator(NgramModel(tree, vocabulary.size, order=3))
    >>> round(evaluator.evaluate(tree).accuracy_argmax, 3)
    0.9
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def evaluate(self, tree: PrefixTree) -> Metrics:
        """Return the metrics on the tree's list."""
        log_probability, is_argmax = self.edge_scores(tree)
        count = tree.edge_count  # (E,)
        characters = tree.characters
        return Metrics(
            loss_nats_per_char=float(-(count @ log_probability) / characters),
            accuracy_argmax=float(count @ is_argmax / characters),
            accuracy_sampled=float(count @ np.exp(log_probability) / characters),
        )

    def name_log_probabilities(self, tree: PrefixTree) -> Float64[Array, "names"]:
        """Return the log-probability of each distinct name, in nats, given its start token.

        It includes the end token. The names have the order of ``tree.sequences()``.
        """
        log_probability, _ = self.edge_scores(tree)
        return name_sums(tree, log_probability[:, None])[:, 0]

    def edge_scores(self, tree: PrefixTree) -> tuple[Float64[Array, "E"], Bool[Array, "E"]]:
        """Return each edge's log-probability in nats, and whether its token is the most likely one after its node."""
        log_probability = np.empty(len(tree.edge_node))
        is_argmax = np.empty(len(tree.edge_node), bool)
        for chunk in read_prefixes(self.model, tree):
            tokens = tree.edge_token[chunk.edges]  # (e,)
            logits = chunk.logits.astype(np.float64)  # (B, V)
            edge_logits = logits[chunk.rows, tokens]  # (e,)
            largest = logits.max(axis=1)  # (B,)
            logits -= largest[:, None]
            log_sums = np.log(np.exp(logits, out=logits).sum(axis=1)) + largest  # (B,)
            log_probability[chunk.edges] = edge_logits - log_sums[chunk.rows]
            most_likely = np.argmax(chunk.logits, axis=1)  # (B,)
            is_argmax[chunk.edges] = most_likely[chunk.rows] == tokens
        return log_probability, is_argmax


def name_sums(tree: PrefixTree, edge_values: Float64[Array, "E K"]) -> Float64[Array, "names K"]:
    """Sum values over the edges of each distinct name, including its end, in the order of ``tree.sequences()``."""
    is_end = tree.edge_token == END_TOKEN  # (E,)
    node_sums = np.zeros((tree.nodes, edge_values.shape[1]))  # (N, K)
    for depth in range(1, tree.depth):
        parents_start = tree.level[depth - 1]
        nodes = slice(tree.level[depth], tree.level[depth + 1])
        edges = slice(tree.edge_start[parents_start], tree.edge_start[nodes.start])
        to_nodes = edge_values[edges][~is_end[edges]]  # one row per node, in the same order
        node_sums[nodes] = node_sums[tree.parent[nodes]] + to_nodes
    sums: Float64[Array, "names K"] = node_sums[tree.edge_node[is_end]] + edge_values[is_end]
    return sums


GROUP_BITS = 6
GROUPS = 1 << GROUP_BITS


def group_sums(
    model: LanguageModel, tree: PrefixTree, vocabulary: Vocabulary
) -> dict[str, Int64[Array, "groups"] | Float64[Array, "groups"]]:
    """Evaluate a model on each group of a list's names, for confidence intervals by bootstrap.

    A name that occurs several times in the list also counts several times.

    Args:
        model: any LanguageModel.
        tree: the list.
        vocabulary: its vocabulary.

    Returns:
        ``characters``: the number of characters and end tokens.
        ``nats``: the sum of their negative log-probabilities.
        ``hits``: how many of them were the most likely prediction.
        ``sampled``: the sum of their probabilities.

    >>> from namegen.core.models.ngram import NgramModel
    >>> names = ["Al", "Ali", "Al", "Bo"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> tree = PrefixTree.from_names(names, vocabulary)
    >>> int(group_sums(NgramModel(tree, vocabulary.size, 2), tree, vocabulary)["characters"].sum())
    13
    """
    log_probability, is_argmax = AccuracyEvaluator(model).edge_scores(tree)
    edge_values = np.stack((-log_probability, is_argmax, np.exp(log_probability)), axis=1)  # (E, 3)
    sequences = tree.sequences()
    group = groups_of(vocabulary.decode_all(sequences.tokens))  # (names,)

    def sums(name_values: Array) -> Float64[Array, "groups"]:
        weighted = sequences.counts * name_values
        result: Float64[Array, "groups"] = np.bincount(group, weighted, minlength=GROUPS)
        return result

    nats, hits, sampled = map(sums, name_sums(tree, edge_values).T)
    characters = sums(sequences.lengths + 1)
    return {
        "characters": characters.astype(np.int64),
        "hits": hits.astype(np.int64),
        "nats": nats,
        "sampled": sampled,
    }


def groups_of(names: Sequence[str]) -> Int64[Array, "names"]:
    """Return the group of each name, from 0 to ``GROUPS − 1``: the first bits of its hash.

    Names that differ only in letter case or punctuation have the same group, whatever the split.

    >>> groups_of(["Bob", "bob", "Al"]).tolist()
    [36, 36, 43]
    """
    return (hash_names(names) >> np.uint64(64 - GROUP_BITS)).astype(np.int64)


PROBE_TOKENS = 8
# The largest allowed differences, as shares of the largest logit, or of 1 if all logits are smaller.
TOLERANCE = 1e-3
QUANTISED_TOLERANCE = 2e-2


def probe_tokens(vocabulary_size: int) -> Int32[Array, "8"]:
    """Return the tokens that the self-test reads after the start token: characters, most of them different.

    >>> probe_tokens(27).tolist()
    [8, 15, 22, 3, 10, 17, 24, 5]
    """
    characters = max(vocabulary_size - 1, 1)
    tokens = 1 + 7 * np.arange(1, PROBE_TOKENS + 1) % characters
    return tokens.astype(np.int32) % np.int32(vocabulary_size)


def self_test_logits(model: LanguageModel, start_token: int) -> Float32[Array, "2 V"]:
    """Compute the self-test logits: those after the start token, and those after some fixed tokens.

    Args:
        model: any LanguageModel.
        start_token: the id of the start token, ``Network.start_tokens[0]``.
    """
    logits, state = model.step(np.array([start_token], np.int32), model.initial_state(1))
    after_start = logits[0]  # (V,)
    for token in probe_tokens(model.vocabulary_size):
        logits, state = model.step(np.array([token], np.int32), state)
    return np.stack([after_start, logits[0]]).astype(np.float32)


def check_self_test(
    model: LanguageModel,
    expected: Float32[Array, "2 V"] | None,
    start_token: int,
    *,
    reader: str,
    trained_by: str,
    name: str,
    advice: str,
    is_own: bool = False,
    tolerance: float = TOLERANCE,
) -> None:
    """Raise an error if a loaded model computes other logits than it did when it was saved.

    Args:
        model: the loaded model.
        expected: the self-test logits in its file; None: don't check.
        start_token: the id of the start token.
        reader: the program that loaded the model, for the error message.
        trained_by: the backend that trained it.
        name: the model's name, for the error message.
        advice: what the user can do, for the error message.
        is_own: whether the reader is the backend that trained the model.
        tolerance: the largest difference that rounding explains, as a share of the largest logit.

    Raises:
        CheckpointError: if the difference is larger, or a logit isn't a number.
    """
    if expected is None:
        return
    with np.errstate(all="ignore"):
        computed = self_test_logits(model, start_token)
    if np.isnan(computed).any():
        raise CheckpointError(
            f"{reader} computes logits for {name} that are not numbers: train it again, or {advice}"
        )
    if computed.shape != expected.shape:
        raise CheckpointError(
            f"the self-test logits of {name} have the shape {expected.shape}, but its network computes "
            f"{computed.shape}: {advice}"
        )
    difference, largest = difference_of(computed, expected)
    if difference <= tolerance * max(1.0, largest):
        return
    if is_own:
        reader = "its present version"
        advice = "use the version of the backend that trained it, or train it again"
    raise CheckpointError(
        f"{name} was trained by the backend {trained_by!r}, and {reader} computes other values for it (logits that "
        f"differ by {difference:.2g}): {advice}"
    )


def difference_of(found: Float[Array, "..."], expected: Float[Array, "..."]) -> tuple[float, float]:
    """Return the largest absolute difference of two arrays of logits, and the largest absolute logit of the second.

    A logit may be −inf, for a token that never occurs. If only one of two logits is −inf, the difference is infinite.
    It's also infinite if the expected logits contain NaN.

    >>> difference_of(np.array([1.0, -np.inf]), np.array([1.5, -np.inf]))
    (0.5, 1.5)
    """
    is_finite = np.isfinite(expected)
    largest = float(np.abs(expected, where=is_finite, out=np.zeros_like(expected)).max())
    same_infinities = np.array_equal(found[~is_finite], expected[~is_finite])
    if not same_infinities or not np.isfinite(found[is_finite]).all():
        return float("inf"), largest
    difference = np.abs(found[is_finite] - expected[is_finite]).max(initial=0.0)
    return float(difference), largest

"""What any LanguageModel computes: how well it predicts a list of names, and its probe, the logits after fixed tokens.

Figures on a list run over the distinct prefixes of its tree, each weighted by its count, so they are those of reading
every name, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.data.arrays import ranges
from namegen.core.data.normalization import digests
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.models import all_log_probabilities
from namegen.errors import CheckpointError
from namegen.types import Array, Bool, Float, Float32, Float64, Int, Int32, Int64


@dataclass(frozen=True)
class Metrics:
    """The four figures of a model on a list. "char" counts the characters and the boundary at the end of each name."""

    loss_nats_per_char: float
    accuracy_argmax: float  # how often the likeliest next character is the true one
    accuracy_sampled: (
        float  # how often a character drawn from the model would be: the mean of p(true)
    )

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return self.loss_nats_per_char / math.log(2)

    def to_dict(self) -> dict[str, float | None]:
        """The object that every JSON output calls M. A loss that is infinite becomes null."""
        finite = math.isfinite(self.loss_nats_per_char)
        return {
            "loss_nats_per_char": self.loss_nats_per_char if finite else None,
            "bits_per_char": self.bits_per_char if finite else None,
            "accuracy_argmax": self.accuracy_argmax,
            "accuracy_sampled": self.accuracy_sampled,
        }


def ceiling(tree: PrefixTree) -> Metrics:
    """The list itself as a model: each prefix predicts what follows it in this very list.

    For loss and argmax no model does better on this list; ``accuracy_sampled`` is what a perfectly calibrated model
    reaches. One pass over the edges.

    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> names = ["Al", "Ali", "Al"]
    >>> figures = ceiling(PrefixTree.from_names(names, Vocabulary.from_names(names)))
    >>> round(figures.accuracy_argmax, 3)      # 9 of 10: only the i of Ali is not the commonest
    0.9
    """
    count, share = tree.edge_count, tree.edge_count / tree.count[tree.edge_node]
    first = np.flatnonzero(np.diff(tree.edge_node, prepend=-1))  # edges of one node are neighbours
    characters = tree.characters
    return Metrics(
        loss_nats_per_char=float(-(count @ np.log(share)) / characters) + 0.0,  # no -0.0
        accuracy_argmax=float(np.maximum.reduceat(count, first).sum() / characters),
        accuracy_sampled=float(count @ share / characters),
    )


CHUNK_ROWS = 8192  # prefixes that are read at a time
MAX_LOGITS, LOGITS_IN_CACHE = (
    1 << 22,
    1 << 18,
)  # where they have more than the one, so many prefixes as have the other
MAX_ROWS, ROWS_IN_CACHE = (
    1 << 18,
    1 << 14,
)  # the same of the rows of a model that reads several for each of ours


def read_prefixes(
    model: LanguageModel, tree: PrefixTree
) -> Iterator[tuple[Int[Array, "B"], Float[Array, "B V"], Int[Array, "e"], Int[Array, "e"]]]:
    """The nodes of a tree, each once and behind its parent, with the logits of what follows them; the edges that leave
    them, and from which of these nodes each does.

    Between two depths only the states of the nodes that have children are kept, in chunks; and they are read depth
    first, so that few states wait at any time: memory stays flat however long the list is.
    """
    too_many = CHUNK_ROWS * model.vocabulary_size > MAX_LOGITS
    chunk_rows = at_a_time(
        model, max(1, LOGITS_IN_CACHE // model.vocabulary_size) if too_many else CHUNK_ROWS
    )
    # Nodes, with a state and which of its rows stand before them.
    roots = np.arange(tree.roots)
    pending: list[tuple[Int[Array, "B"], State, Int[Array, "B"]]] = [
        (roots, model.initial_state(len(roots)), roots)
    ]
    while pending:
        nodes, before, parents = pending.pop()
        edges, rows = ranges(tree.edge_start[nodes], tree.edge_start[nodes + 1])
        logits, after = model.step(tree.token[nodes], model.select(before, parents))
        yield nodes, logits, edges, rows
        children = tree.edge_child[edges]
        inner = children >= 0
        parents, children = rows[inner], children[inner]
        for start in range(0, len(children), chunk_rows):
            part = slice(start, start + chunk_rows)
            pending.append((children[part], after, parents[part]))


def at_a_time(model: LanguageModel, rows: int) -> int:
    """So many rows, or as few as a model takes that reads each of them behind many beginnings."""
    of_each = getattr(model, "rows_per_prefix", 1)
    return max(1, ROWS_IN_CACHE // of_each) if rows * of_each > MAX_ROWS else rows


def chances_at_nodes(model: LanguageModel, tree: PrefixTree) -> Float32[Array, "N V"]:
    """What a model expects behind every prefix of a tree."""
    chances = np.empty((tree.nodes, model.vocabulary_size), np.float32)
    for nodes, logits, *_ in read_prefixes(model, tree):
        chances[nodes] = np.exp(all_log_probabilities(logits))
    return chances


class AccuracyEvaluator:
    """Evaluates any LanguageModel on any list.

    Args:
        model: what is evaluated.
    """

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def evaluate(self, tree: PrefixTree) -> Metrics:
        """The four figures on the list that the tree stands for."""
        log_probability, is_argmax = self.edge_scores(tree)
        count, characters = tree.edge_count, tree.characters
        return Metrics(
            loss_nats_per_char=float(-(count @ log_probability) / characters),
            accuracy_argmax=float(count @ is_argmax / characters),
            accuracy_sampled=float(count @ np.exp(log_probability) / characters),
        )

    def name_log_probabilities(self, tree: PrefixTree) -> Float64[Array, "names"]:
        """The log-probability of each distinct name given its beginning, in nats, STOP included, in the order of
        ``tree.sequences()``.
        """
        return name_sums(tree, self.edge_scores(tree)[0][:, None])[:, 0]

    def edge_scores(self, tree: PrefixTree) -> tuple[Float64[Array, "E"], Bool[Array, "E"]]:
        """Every edge's log-probability in nats, and whether it is the likeliest of all that could leave its node; each
        distinct prefix is read once.
        """
        log_probability, is_argmax = (
            np.empty(len(tree.edge_node)),
            np.empty(len(tree.edge_node), bool),
        )
        for _, logits, edges, rows in read_prefixes(self.model, tree):
            tokens = tree.edge_token[edges]
            exact = logits.astype(np.float64)
            top, of_edges = exact.max(axis=1), exact[rows, tokens]
            exact -= top[:, None]
            log_sums = np.log(np.exp(exact, out=exact).sum(axis=1)) + top
            log_probability[edges] = of_edges - log_sums[rows]
            is_argmax[edges] = np.argmax(logits, axis=1)[rows] == tokens
        return log_probability, is_argmax


def name_sums(tree: PrefixTree, of_edges: Float64[Array, "E K"]) -> Float64[Array, "names K"]:
    """The sums of some values over the edges of each distinct name, its end included, in the order of
    ``tree.sequences()``.
    """
    ends = tree.edge_token == BOUNDARY
    at_node = np.zeros((tree.nodes, of_edges.shape[1]))  # of the prefix, (N, K)
    for depth in range(1, tree.depth):
        above, rows = tree.level[depth - 1], slice(tree.level[depth], tree.level[depth + 1])
        edges = slice(
            tree.edge_start[above], tree.edge_start[rows.start]
        )  # those that leave the depth above
        into = of_edges[edges][~ends[edges]]  # one into every node, in node order
        at_node[rows] = at_node[tree.parent[rows]] + into
    of_names: Float64[Array, "names K"] = at_node[tree.edge_node[ends]] + of_edges[ends]
    return of_names


GROUP_BITS = 6
GROUPS = 1 << GROUP_BITS


def group_sums(
    model: LanguageModel, tree: PrefixTree, vocabulary: Vocabulary
) -> dict[str, Int64[Array, "groups"] | Float64[Array, "groups"]]:
    """What a model makes of each group of a list's names; one that stands several times in the list counts as often.

    Args:
        model: what is evaluated.
        tree: the list.
        vocabulary: its characters.

    Returns:
        ``characters``: to be predicted, the end of each name included.
        ``nats``: minus the log-probability of them all.
        ``hits``: characters that were the likeliest.
        ``sampled``: the probabilities of the true characters.

    >>> from namegen.core.models.ngram import NgramModel
    >>> names = ["Al", "Ali", "Al", "Bo"]
    >>> vocabulary = Vocabulary.from_names(names)
    >>> tree = PrefixTree.from_names(names, vocabulary)
    >>> int(group_sums(NgramModel(tree, vocabulary.size, 2), tree, vocabulary)["characters"].sum())
    13
    """
    log_probability, is_argmax = AccuracyEvaluator(model).edge_scores(tree)
    of_edges = np.stack((-log_probability, is_argmax, np.exp(log_probability)), axis=1)  # (E, 3)
    sequences = tree.sequences()
    group = groups_of(vocabulary.decode_all(sequences.tokens))

    def total(of_names: Array) -> Float64[Array, "groups"]:
        summed: Float64[Array, "groups"] = np.bincount(
            group, sequences.counts * of_names, minlength=GROUPS
        )
        return summed

    nats, hits, sampled = map(total, name_sums(tree, of_edges).T)
    characters = total(sequences.lengths + 1)  # whole numbers, which a float64 holds exactly
    whole = {"characters": characters.astype(np.int64), "hits": hits.astype(np.int64)}
    return {**whole, "nats": nats, "sampled": sampled}


def groups_of(names: Sequence[str]) -> Int64[Array, "names"]:
    """The group of each name, from 0 on; letter case and punctuation do not count, nor does the split.

    >>> groups_of(["Bob", "bob", "Al"]).tolist()
    [36, 36, 43]
    """
    return (digests(names) >> np.uint64(64 - GROUP_BITS)).astype(np.int64)


PROBE_TOKENS = 8
TOLERANCE, QUANTISED_TOLERANCE = (
    1e-3,
    2e-2,
)  # shares of the largest logit, or of 1 where all are smaller


def probe_tokens(vocabulary_size: int) -> Int32[Array, "8"]:
    """The tokens that are read after a beginning: none of them the boundary, most of them different.

    >>> probe_tokens(27).tolist()
    [8, 15, 22, 3, 10, 17, 24, 5]
    """
    characters = max(vocabulary_size - 1, 1)
    return (1 + 7 * np.arange(1, PROBE_TOKENS + 1) % characters).astype(np.int32) % np.int32(
        vocabulary_size
    )


def probe(model: LanguageModel, beginning: int) -> Float32[Array, "2 V"]:
    """The logits after the beginning, and after the fixed tokens behind it.

    Args:
        model: whose.
        beginning: the first id, ``Network.beginnings[0]``.
    """
    tokens = probe_tokens(model.vocabulary_size)
    logits, state = model.step(np.array([beginning], np.int32), model.initial_state(1))
    first = logits[0]
    for token in tokens:
        logits, state = model.step(np.array([token], np.int32), state)
    return np.stack([first, logits[0]]).astype(np.float32)


def check_probe(
    model: LanguageModel,
    expected: Float32[Array, "2 V"] | None,
    beginning: int,
    *,
    reader: str,
    trained_by: str,
    name: str,
    advice: str,
    is_own: bool = False,
    tolerance: float = TOLERANCE,
) -> None:
    """Refuse a model that computes something else than the one that was saved.

    Args:
        model: what was made of the file.
        expected: the file's probe; None: nothing can be checked.
        beginning: the first id.
        reader: what has made the model, as a message calls it.
        trained_by: the engine that trained it.
        name: the model, as a message calls it.
        advice: what to do then.
        is_own: whether the reader is the engine that trained it.
        tolerance: the largest difference that rounding explains, a share of the largest logit.

    Raises:
        CheckpointError: the difference is larger, or a logit is not a number.
    """
    if expected is None:
        return
    with np.errstate(all="ignore"):
        found = probe(model, beginning)
    if np.isnan(found).any():
        raise CheckpointError(
            f"{reader} computes logits for {name} that are not numbers: train anew, or {advice}"
        )
    if found.shape != expected.shape:
        raise CheckpointError(
            f"the probe of {name} has the shape {expected.shape}, and its network gives {found.shape}: {advice}"
        )
    difference, largest = difference_of(found, expected)
    if difference <= tolerance * max(1.0, largest):
        return
    if is_own:
        reader, advice = (
            "its present version",
            "use the version of the backend that trained it, or train anew",
        )
    raise CheckpointError(
        f"{name} was trained by the backend {trained_by!r}, and {reader} computes other values for it (logits that "
        f"differ by {difference:.2g}): {advice}"
    )


def difference_of(found: Float[Array, "..."], expected: Float[Array, "..."]) -> tuple[float, float]:
    """The largest difference of two arrays of logits, and the largest logit of the second.

    A model may give −inf for what never comes: where both do they agree, where one does they are infinitely apart; and
    so they are where a file's own probe holds a NaN.
    """
    finite = np.isfinite(expected)
    largest = float(np.abs(expected, where=finite, out=np.zeros_like(expected)).max())
    if (
        not np.array_equal(found[~finite], expected[~finite])
        or not np.isfinite(found[finite]).all()
    ):
        return float("inf"), largest
    return float(np.abs(found[finite] - expected[finite]).max(initial=0.0)), largest

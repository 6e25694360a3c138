"""How well a LanguageModel predicts a list of names.

All metrics are computed over the distinct prefixes of the list's tree, each weighted by its count. The result is the
same as that of reading every name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.prefix_reader import read_prefixes
from namegen.core.models import all_log_probabilities
from namegen.types import Array, Bool, Float32, Float64, Int32


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
        """Return the metrics as JSON values. An infinite loss becomes null."""
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
    characters = tree.characters
    probability = count / tree.count[tree.edge_node]  # (E,)
    loss = float(-(count @ np.log(probability)) / characters)
    correct = np.maximum.reduceat(count, tree.edge_start[:-1])  # (N,) names that go on as predicted
    return Metrics(
        loss_nats_per_char=loss + 0.0,  # no -0.0
        accuracy_argmax=float(correct.sum() / characters),
        accuracy_sampled=float(count @ probability / characters),
    )


def chances_at_nodes(model: LanguageModel, tree: PrefixTree) -> Float32[Array, "N V"]:
    """Return a model's probabilities of the next token after every prefix of a tree."""
    probabilities = np.empty((tree.nodes, model.vocabulary_size), np.float32)
    for chunk in read_prefixes(model, tree):
        probabilities[chunk.nodes] = np.exp(all_log_probabilities(chunk.logits))
    return probabilities


class AccuracyEvaluator:
    """Evaluate a LanguageModel on lists of names.

    >>> from namegen.core.data.vocabulary import Vocabulary
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
        log_probability = self.edge_scores(tree)[0]
        return name_sums(tree, log_probability[:, None])[:, 0]

    def log_probabilities_after(
        self, names: SortedNames, start_tokens: Int32[Array, "S"]
    ) -> Float64[Array, "S names"]:
        """Return the log-probability of each name after each start token, in nats, with the end token.

        Args:
            names: The names. Their own start tokens are ignored.
            start_tokens: Distinct ids, in rising order.
        """
        repeated = names.under_each(start_tokens)
        log_probabilities = np.empty(len(repeated.lengths))  # (S · names,)
        log_probabilities[repeated.by_length] = self.name_log_probabilities(PrefixTree.of(repeated))
        return log_probabilities.reshape(len(start_tokens), -1)

    def edge_scores(self, tree: PrefixTree) -> tuple[Float64[Array, "E"], Bool[Array, "E"]]:
        """Return each edge's log-probability in nats, and whether its token is the most likely one after its node."""
        log_probability = np.empty(len(tree.edge_node))
        is_argmax = np.empty(len(tree.edge_node), bool)
        for chunk in read_prefixes(self.model, tree):
            tokens = tree.edge_token[chunk.edges]  # (e,)
            most_likely = np.argmax(chunk.logits, axis=1)  # (B,)
            is_argmax[chunk.edges] = most_likely[chunk.rows] == tokens
            # Only the edges' logits are normalized, to save time.
            logits = chunk.logits.astype(np.float64)  # (B, V)
            edge_logits = logits[chunk.rows, tokens]  # (e,)
            largest = logits.max(axis=1)  # (B,)
            logits -= largest[:, None]
            log_sums = np.log(np.exp(logits, out=logits).sum(axis=1)) + largest  # (B,)
            log_probability[chunk.edges] = edge_logits - log_sums[chunk.rows]
        return log_probability, is_argmax


def name_sums(tree: PrefixTree, edge_values: Float64[Array, "E K"]) -> Float64[Array, "names K"]:
    """Sum values over the edges of each distinct name, including its end, in the order of ``tree.sequences()``."""
    is_end = tree.edge_token == END_TOKEN  # (E,)
    to_node = np.zeros((tree.nodes, edge_values.shape[1]))  # (N, K) of the edge to each node
    to_node[tree.roots :] = edge_values[~is_end]  # nodes and edges have the same order
    node_sums = np.zeros_like(to_node)  # (N, K)
    for depth in range(1, tree.depth):
        level = slice(tree.level[depth], tree.level[depth + 1])
        node_sums[level] = node_sums[tree.parent[level]] + to_node[level]
    sums: Float64[Array, "names K"] = node_sums[tree.edge_node[is_end]] + edge_values[is_end]
    return sums

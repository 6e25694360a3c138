"""AccuracyEvaluator: how well a LanguageModel predicts a list of names.

It runs over the distinct prefixes of the list's tree, each weighted by its count, so the figures are those of reading
every name, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree, ranges
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.metrics import Metrics
from namegen.core.evaluation.reading import CHUNK_ROWS, read_prefixes
from namegen.types import Array, Bool, Float64, Int


@dataclass(frozen=True, eq=False)
class EdgeScores:
    """What a model thinks of each edge of a tree, in the order of the tree's edges."""

    log_probability: Float64[Array, "E"]  # nats
    is_argmax: Bool[Array, "E"]  # the edge is the likeliest of all that could leave its node


class AccuracyEvaluator:
    """Evaluates any LanguageModel on any list.

    Args:
        model: what is evaluated.
        chunk_rows: how many prefixes the model reads at a time: memory stays flat however long the list is.
    """

    def __init__(self, model: LanguageModel, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self.model = model
        self.chunk_rows = chunk_rows

    def evaluate(self, tree: PrefixTree) -> Metrics:
        """The four figures on the list that the tree stands for."""
        scores = self.edge_scores(tree)
        count, characters = tree.edge_count, tree.characters
        return Metrics(
            loss_nats_per_char=float(-(count @ scores.log_probability) / characters),
            accuracy_argmax=float(count @ scores.is_argmax / characters),
            accuracy_sampled=float(count @ np.exp(scores.log_probability) / characters),
        )

    def evaluate_each(self, tree: PrefixTree) -> tuple[Metrics, list[Metrics]]:
        """The same, and that for the names of each beginning apart, in the order of the tree's roots."""
        scores = self.edge_scores(tree)
        root = np.arange(tree.roots)
        of_node = [root]
        for depth in range(1, tree.depth):
            rows = slice(tree.level[depth], tree.level[depth + 1])
            root = root[tree.parent[rows] - tree.level[depth - 1]]
            of_node.append(root)
        of_edge = np.concatenate(of_node)[tree.edge_node]

        def total(values: Float64[Array, "E"] | Bool[Array, "E"]) -> Float64[Array, "R"]:
            summed: Float64[Array, "R"] = np.bincount(of_edge, tree.edge_count * values, minlength=tree.roots)
            return summed

        characters = total(np.ones(len(of_edge)))
        sums = (-total(scores.log_probability), total(scores.is_argmax), total(np.exp(scores.log_probability)))
        whole = Metrics(*(float(one.sum() / characters.sum()) for one in sums))
        each = zip(*((one / characters).tolist() for one in sums), strict=True)
        return whole, [Metrics(*of_root) for of_root in each]

    def name_log_probabilities(self, tree: PrefixTree) -> Float64[Array, "names"]:
        """The log-probability of each distinct name given its beginning, in nats, STOP included, in the order of
        ``tree.sequences()``.
        """
        return name_sums(tree, self.edge_scores(tree).log_probability[:, None])[:, 0]

    def edge_scores(self, tree: PrefixTree) -> EdgeScores:
        """Every edge's log-probability, each distinct prefix read once."""
        log_probability, is_argmax = np.empty(len(tree.edge_node)), np.empty(len(tree.edge_node), bool)
        for nodes, logits in read_prefixes(self.model, tree, chunk_rows=self.chunk_rows):
            self._score(tree, nodes, logits, log_probability, is_argmax)
        return EdgeScores(log_probability, is_argmax)

    @staticmethod
    def _score(
        tree: PrefixTree,
        nodes: Int[Array, "B"],
        logits: Array,
        log_probability: Float64[Array, "E"],
        is_argmax: Bool[Array, "E"],
    ) -> None:
        """Fill in the edges that leave these nodes."""
        edges, rows = ranges(tree.edge_start[nodes], tree.edge_start[nodes + 1])
        tokens = tree.edge_token[edges]
        exact = logits.astype(np.float64)
        top, of_edges = exact.max(axis=1), exact[rows, tokens]
        exact -= top[:, None]
        log_sums = np.log(np.exp(exact, out=exact).sum(axis=1)) + top
        log_probability[edges] = of_edges - log_sums[rows]
        is_argmax[edges] = np.argmax(logits, axis=1)[rows] == tokens


def name_sums(tree: PrefixTree, of_edges: Float64[Array, "E K"]) -> Float64[Array, "names K"]:
    """The sums of some values over the edges of each distinct name, its end included, in the order of
    ``tree.sequences()``.
    """
    ends = tree.edge_token == BOUNDARY
    at_node = np.zeros((tree.nodes, of_edges.shape[1]))  # of the prefix, (N, K)
    for depth in range(1, tree.depth):
        above, rows = tree.level[depth - 1], slice(tree.level[depth], tree.level[depth + 1])
        edges = slice(tree.edge_start[above], tree.edge_start[rows.start])  # those that leave the depth above
        into = of_edges[edges][~ends[edges]]  # one into every node, in node order
        at_node[rows] = at_node[tree.parent[rows]] + into
    of_names: Float64[Array, "names K"] = at_node[tree.edge_node[ends]] + of_edges[ends]
    return of_names

"""Label smoothing towards counting: targets that are partly what followed a prefix, and partly what counting expects.

A network that is told of each prefix only what followed it in the list learns the names of a short list by heart. The
usual remedy mixes the uniform distribution into the targets (Szegedy et al., 2016); here it is the distribution of a
Kneser–Ney n-gram of the same names, which knows what else could have followed. What is held out has no part in it.
``docs/results/quality.md`` shows what it is worth.
"""

from __future__ import annotations

from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import chances_at_nodes
from namegen.core.evaluation.ngram import KNESER_NEY, NgramModel
from namegen.errors import SettingsError, setting
from namegen.types import Array, Float32, Int

ORDER = 8  # a Kneser–Ney n-gram loses nothing by being longer than it need be
LARGEST_TABLE = 2**28  # chances that are kept: 1 GiB


class CountingTargets:
    """What should follow each prefix, for batches that are cut out of a tree.

    Args:
        tree: the names of an epoch.
        vocabulary_size: ``V``.
        share: of counting, above 0 and at most 1; the rest is what follows in the batch itself.

    Raises:
        SettingsError: the chances of all prefixes would take too much memory.
    """

    def __init__(self, tree: PrefixTree, vocabulary_size: int, share: float) -> None:
        if not fits(tree.nodes, vocabulary_size):
            raise SettingsError(
                f"{setting('label_smoothing')} is {share:g}, and this list has {tree.nodes:,} prefixes and "
                f"{vocabulary_size:,} characters, whose table of probabilities does not fit into memory: leave it out"
            )
        self._share = share
        self._expected = chances_at_nodes(NgramModel(tree, vocabulary_size, ORDER, KNESER_NEY), tree)
        self._expected *= share

    def __call__(self, batch: PrefixTree, nodes: Int[Array, "N"]) -> Float32[Array, "N V"]:
        """The targets of a batch's tree; ``nodes``: the node of the whole tree that each of its own is."""
        targets = self._expected.take(nodes, axis=0)
        followed = batch.edge_count / batch.count[batch.edge_node]
        targets[batch.edge_node, batch.edge_token] += (1 - self._share) * followed
        return targets


def fits(nodes: int, vocabulary_size: int) -> bool:
    """Whether the chances at each prefix can be kept."""
    return nodes * vocabulary_size <= LARGEST_TABLE

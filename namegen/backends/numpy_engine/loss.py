"""The loss: softmax cross-entropy, over the nodes of a prefix tree."""

from __future__ import annotations

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float


class SoftmaxCrossEntropy:
    """``−log softmax(logits)[next]``, summed over the characters, in nats.

    A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v`` and the
    gradient ``n softmax(logits) − c``: what n separate names would have given.
    """

    def forward(self, logits: Float[Array, "N V"], tree: PrefixTree) -> float:
        """The sum over the characters of all names of the tree."""
        edges = tree.edge_node, tree.edge_token
        at_edges = logits[edges].astype(np.float64)  # (E,)
        top = logits.max(axis=1)  # (N,): taken away from every logit before exp, which then cannot overflow
        exponentials = logits - top[:, None]  # (N, V)
        np.exp(exponentials, out=exponentials)
        sums = exponentials.sum(axis=1)  # (N,)
        log_sums = np.log(sums.astype(np.float64)) + top
        self._exponentials, self._sums, self._tree, self._edges = exponentials, sums, tree, edges
        return float(tree.count @ log_sums - tree.edge_count @ at_edges)

    def backward(self) -> Float[Array, "N V"]:
        """Of the last forward: d (loss / characters) / d logits, which is ``(n softmax − c) / characters``."""
        tree = self._tree
        share = 1 / tree.characters
        scale = (tree.count * share / self._sums).astype(self._exponentials.dtype)
        d_logits: Array = self._exponentials * scale[:, None]  # n log Σ e^logits
        d_logits[self._edges] -= (tree.edge_count * share).astype(d_logits.dtype)  # − Σ_v c_v logits_v
        return d_logits

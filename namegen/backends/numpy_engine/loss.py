"""The loss, over the nodes of a prefix tree."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from namegen.core.data.prefix_tree import PrefixTree
from namegen.types import Array, Float


class Loss(ABC):
    """A number that says how far the logits are from what follows each prefix, and its derivative."""

    @abstractmethod
    def forward(self, logits: Float[Array, "N V"], tree: PrefixTree) -> float:
        """The sum over the characters of all names of the tree."""

    @abstractmethod
    def backward(self) -> Float[Array, "N V"]:
        """Of the last forward: d (loss / characters) / d logits."""


class SoftmaxCrossEntropy(Loss):
    """``−log softmax(logits)[next]``, summed over the characters, in nats.

    A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v`` and the
    gradient ``n softmax(logits) − c``: what n separate names would have given.
    """

    def forward(self, logits: Float[Array, "N V"], tree: PrefixTree) -> float:
        """Consumes the logits: their array is reused."""
        edges = tree.edge_node, tree.edge_token
        at_edges = logits[edges].astype(np.float64)
        top = logits.max(axis=1)  # (N,)
        exponentials = np.exp(np.subtract(logits, top[:, None], out=logits), out=logits)  # (N, V)
        sums = exponentials.sum(axis=1)  # (N,)
        self._exponentials, self._sums, self._tree, self._edges = exponentials, sums, tree, edges
        log_sums = np.log(sums.astype(np.float64)) + top
        return float(tree.count @ log_sums - tree.edge_count @ at_edges)

    def backward(self) -> Float[Array, "N V"]:
        """``(n softmax − c) / characters``."""
        tree = self._tree
        d_logits: Array = self._exponentials
        share = 1 / tree.characters
        d_logits *= (tree.count * share / self._sums).astype(d_logits.dtype)[:, None]
        d_logits[self._edges] -= (tree.edge_count * share).astype(d_logits.dtype)
        return d_logits

"""The loss: softmax cross-entropy, over the nodes of a prefix tree."""

from __future__ import annotations

import numpy as np

from namegen.core.data.batching import Batch
from namegen.types import Array, Float


class SoftmaxCrossEntropy:
    """``−Σ_v target_v log softmax(logits)_v``, summed over the characters of all names, in nats.

    A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v`` and the
    gradient ``n softmax(logits) − c``: what n separate names would have given. A batch with targets says itself what
    should follow: ``n target_v`` takes the place of c_v.
    """

    def forward(self, logits: Float[Array, "N V"], batch: Batch) -> float:
        """The sum over the characters of all names of the batch."""
        tree, targets = batch.tree, batch.targets
        if targets is None:
            at_edges = logits[tree.edge_node, tree.edge_token].astype(np.float64)  # (E,)
            towards = float(tree.edge_count @ at_edges)  # Σ_v c_v logits_v
        top = logits.max(axis=1)  # (N,): taken away from every logit before exp, which then cannot overflow
        exponentials = logits - top[:, None]  # (N, V)
        np.exp(exponentials, out=exponentials)
        sums = exponentials.sum(axis=1)  # (N,)
        log_sums = np.log(sums.astype(np.float64)) + top
        self._exponentials, self._sums, self._batch = exponentials, sums, batch
        if targets is None:
            return float(tree.count @ log_sums - towards)
        wanted = targets.astype(np.float64)  # single precision does not quite sum to 1, so the sum stands beside log Σ
        return float(tree.count @ (wanted.sum(axis=1) * log_sums - (wanted * logits).sum(axis=1)))

    def backward(self) -> Float[Array, "N V"]:
        """Of the last forward: d (loss / characters) / d logits, which is ``(n softmax − c) / characters``."""
        tree, targets = self._batch.tree, self._batch.targets
        dtype = self._exponentials.dtype
        share = 1 / tree.characters
        scale = (tree.count * share / self._sums).astype(dtype)
        d_logits: Array = self._exponentials * scale[:, None]  # n log Σ e^logits
        if targets is None:
            d_logits[tree.edge_node, tree.edge_token] -= (tree.edge_count * share).astype(dtype)  # − Σ_v c_v logits_v
        else:
            d_logits -= (tree.count * share).astype(dtype)[:, None] * targets  # − Σ_v n target_v logits_v
        return d_logits

"""The loss: softmax cross-entropy, over the nodes of a prefix tree."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.room import Room
from namegen.core.data.batching import Batch
from namegen.types import Array, Float


class SoftmaxCrossEntropy:
    """``−Σ_v target_v log softmax(logits)_v``, summed over the characters of all names, in nats.

    A node that n names pass, c_v of them on to token v, has the loss ``n log Σ e^logits − Σ_v c_v logits_v`` and the
    gradient ``n softmax(logits) − c``: what n separate names would have given. A batch with targets says itself what
    should follow: ``n target_v`` takes the place of c_v.
    """

    def __init__(self, dtype: np.dtype | str = "float32") -> None:
        self._room = Room(dtype)

    def forward(self, logits: Float[Array, "N V"], batch: Batch) -> float:
        """The sum over the characters of all names of the batch."""
        tree, targets = batch.tree, batch.targets
        of_tokens = logits.T  # a token after the other, as the linear layer writes them
        room, shape = self._room, of_tokens.shape
        # The top is taken away from every logit before exp, which then cannot overflow; it cancels in the loss.
        shifted = np.subtract(of_tokens, of_tokens.max(axis=0), out=room.get("exponentials", *shape))  # (V, N)
        if targets is None:
            self._edges = tree.edge_token * tree.nodes + tree.edge_node  # places in the flat array
            at_edges = shifted.ravel().take(self._edges).astype(np.float64)
            towards = float(tree.edge_count @ at_edges)  # Σ_v c_v shifted_v
            wanted: Array | float = 1.0
        else:
            self._targets = room.get("targets", *shape)
            np.copyto(self._targets, targets.T)
            weighted = np.multiply(self._targets, shifted, out=room.get("weighted", *shape))
            ones = np.ones(len(weighted), weighted.dtype)  # a product with ones sums faster than np.sum
            towards = float(tree.count @ (ones @ weighted).astype(np.float64))  # Σ_v n target_v shifted_v
            wanted = ones @ self._targets  # single precision does not quite sum to 1
        exponentials = np.exp(shifted, out=shifted)
        sums = exponentials.sum(axis=0)  # (N,)
        self._exponentials, self._sums, self._batch = exponentials, sums, batch
        return float(tree.count @ (wanted * np.log(sums.astype(np.float64))) - towards)

    def backward(self) -> Float[Array, "N V"]:
        """Of the last forward: d (loss / characters) / d logits, which is ``(n softmax − c) / characters``."""
        tree, targets = self._batch.tree, self._batch.targets
        dtype, shape = self._exponentials.dtype, self._exponentials.shape
        share = 1 / self._batch.characters
        scale = (tree.count * share / self._sums).astype(dtype)
        d_logits: Array = np.multiply(
            self._exponentials, scale, out=self._room.get("d logits", *shape)
        )  # n log Σ e^shifted
        if targets is None:
            d_logits.ravel()[self._edges] -= (tree.edge_count * share).astype(dtype)  # − Σ_v c_v shifted_v
        else:
            counts = (tree.count * share).astype(dtype)
            weighted = np.multiply(self._targets, counts, out=self._room.get("weighted", *shape))
            d_logits -= weighted  # − Σ_v n target_v shifted_v
        return d_logits.T

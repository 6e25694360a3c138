"""PaddedRows: a batch as what most tensor libraries want, the distinct names as rows of one length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from namegen.core.data.batching import Batch
from namegen.types import Array, Float32, Int64


@dataclass(frozen=True, eq=False)
class PaddedRows:
    """The distinct names of a batch as rows, each read once however often it stands in the batch.

    Behind the end of a name a row reads and predicts the boundary with the weight 0, so what is computed there must be
    finite and counts for nothing.

    Attributes:
        inputs: what is read at each place: the beginning, then the characters.
        wanted: what should follow: the token itself, or, of a batch with targets, a distribution.
        weights: how many names the loss at a place counts for.

    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> rows = PaddedRows.of(Batch(PrefixTree.from_names(["Al", "B", "Al"], Vocabulary("ABl"))))
    >>> rows.inputs.tolist(), rows.wanted.tolist(), rows.weights.tolist()
    ([[0, 2, 0], [0, 1, 3]], [[2, 0, 0], [1, 3, 0]], [[1, 1, 0], [2, 2, 2]])
    """

    inputs: Int64[Array, "R T"]
    wanted: Int64[Array, "R T"] | Float32[Array, "R T V"]
    weights: Int64[Array, "R T"]

    @classmethod
    def of(cls, batch: Batch) -> PaddedRows:
        """The rows of a batch, ordered by length; ``T`` is the longest name's characters and the STOP."""
        rows = batch.sequences()
        wanted = rows.tokens.astype(np.int64)
        inputs = np.concatenate([rows.beginnings[:, None], wanted[:, :-1]], axis=1)
        weights = rows.counts[:, None] * (np.arange(wanted.shape[1]) <= rows.lengths[:, None])
        return cls(inputs, wanted if batch.targets is None else batch.targets[rows.nodes], weights)

"""Matrix products: how many a training needs, and how fast the machine makes them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.network.architecture import RecurrentNetwork

PASSES = (
    3  # forward, and back by what is read and by the weights: each is a product of the same size
)
SECONDS = 0.2  # for one figure


def flop_per_epoch(
    network: RecurrentNetwork, batches: BatchMaker, batch_size: int, *, once_a_family: bool
) -> float:
    """Floating-point operations of the products in one epoch, a multiplication and its addition counted as two.

    Args:
        network: whose kernels are multiplied.
        batches: what is read.
        batch_size: names of a batch.
        once_a_family: count the product of a state and the recurrent kernel once for all that follows the prefix, and
            not for each of them.
    """
    nodes = families = 0
    for batch in batches.epoch(0, batch_size=batch_size, seed=0):
        nodes += batch.tree.nodes
        families += len(np.unique(batch.tree.parent[batch.tree.roots :]))
    total = 0
    for name, shape in network.parameter_shapes.items():
        if name.endswith(".recurrent_kernel"):
            total += (families if once_a_family else nodes) * shape[0] * shape[1]
        elif name.endswith(".kernel") and name != "rnn.0.kernel":  # that one is a look-up of rows
            total += nodes * shape[0] * shape[1]
    return float(2 * PASSES * total)


def product(rows: int, inner: int, columns: int) -> Callable[[int], float]:
    """GFLOP/s of a product of that size in single precision, again and again with the same arrays."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((rows, inner), np.float32)
    right = rng.standard_normal((inner, columns), np.float32)
    out = np.empty((rows, columns), np.float32)

    def turn(_: int) -> float:
        done, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < SECONDS:
            np.matmul(left, right, out=out)
            done += 1
        return done * 2 * rows * inner * columns / elapsed / 1e9

    return turn

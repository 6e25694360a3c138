"""Matrix products: how many operations an epoch of training needs, and how many per second the machine can do."""

from __future__ import annotations

import time
from math import prod

import numpy as np

from benchmarks.rounds import Measurement
from namegen.core.data.batching import BatchMaker
from namegen.core.network.architecture import RecurrentNetwork

# Each product in the forward pass has two of the same size in the backward pass: one for the gradient of the input, and
# one for the gradient of the weights.
PASSES = 3
SECONDS = 0.2  # the duration of a measurement


def flop_per_epoch(
    network: RecurrentNetwork, batches: BatchMaker, batch_size: int, *, once_per_state: bool
) -> float:
    """Count the floating-point operations of all matrix products in one epoch.

    A multiplication and the following addition are two operations.

    Args:
        network: the network.
        batches: the names.
        batch_size: the number of names in a batch.
        once_per_state: whether the product of a state and the recurrent kernel counts only once for all prefixes that
            follow the state. Otherwise, it counts for each of these prefixes.
    """
    prefixes, states = _count_prefixes_and_states(batches, batch_size)
    multiplications = 0
    for name, shape in network.parameter_shapes.items():
        if name.endswith(".recurrent_kernel"):
            rows = states if once_per_state else prefixes
            multiplications += rows * prod(shape)
        elif name.endswith(".kernel") and name != "rnn.0.kernel":  # the input only selects its rows
            multiplications += prefixes * prod(shape)
    return float(2 * PASSES * multiplications)


def _count_prefixes_and_states(batches: BatchMaker, batch_size: int) -> tuple[int, int]:
    """Count the distinct prefixes of each batch, and the states that at least one prefix follows."""
    prefixes = 0
    states = 0
    for batch in batches.epoch(0, batch_size=batch_size, seed=0):
        tree = batch.tree
        prefixes += tree.nodes
        states += len(np.unique(tree.parent[tree.roots :]))
    return prefixes, states


def prepare_product(rows: int, inner: int, columns: int) -> Measurement:
    """Prepare to measure the speed of a float32 matrix product, in GFLOP/s."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((rows, inner), np.float32)
    right = rng.standard_normal((inner, columns), np.float32)
    out = np.empty((rows, columns), np.float32)

    def measure(_: int) -> float:
        products = 0
        elapsed = 0.0
        start = time.perf_counter()
        while elapsed < SECONDS:
            np.matmul(left, right, out=out)
            products += 1
            elapsed = time.perf_counter() - start
        return products * 2 * rows * inner * columns / elapsed / 1e9

    return measure

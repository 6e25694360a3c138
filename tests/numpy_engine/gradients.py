"""Helpers for gradient checks: central differences in float64, trees with and without shared prefixes, and a layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from namegen.backends.numpy_engine.cells import CELLS
from namegen.backends.numpy_engine.recurrent import LayerState, Recurrent
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.own_cells import OWN_CELLS

STEP = 1e-5
# Relative to the largest derivative, or absolute if that is below 1. Rounding errors are much smaller.
TOLERANCE = 1e-7

VOCABULARY = Vocabulary("abcde")
TREES = {
    "shared": ["ab", "abc", "abd", "aec", "ab", "b", "bd", "bda", "e", "ab"],
    "unshared": ["abca", "b", "cab", "dd", "eabce"],
    "single": ["a"],
}

LABELLED = {
    "two": [(0, "ab"), (1, "ab"), (0, "abc"), (0, "ab"), (1, "e"), (1, "ed"), (0, "b")],
    "three": [(0, "ab"), (1, "ab"), (2, ""), (2, "c"), (1, "aec"), (2, "cb"), (0, "b")],
}

trees = pytest.mark.parametrize("tree", TREES)
cells = pytest.mark.parametrize("cell", CELLS)
bptt = pytest.mark.parametrize("bptt", [True, False], ids=["bptt", "no_bptt"])


def make_tree(key: str) -> PrefixTree:
    if key in LABELLED:
        labels, names = zip(*LABELLED[key], strict=True)
        return PrefixTree.from_names(
            names, VOCABULARY, [VOCABULARY.size + label for label in labels]
        )
    tree = PrefixTree.from_names(TREES[key], VOCABULARY)
    assert (tree.nodes - 1 < sum(map(len, TREES[key]))) == (key == "shared")
    return tree


def assert_gradient(
    function: Callable[[], float], variable: np.ndarray, gradient: np.ndarray
) -> None:
    """Compare ``gradient`` with central differences of ``function`` for each element of ``variable``."""
    expected = np.empty(variable.shape)
    for place in np.ndindex(variable.shape):
        kept = variable[place]
        variable[place] = kept + STEP
        above = function()
        variable[place] = kept - STEP
        below = function()
        variable[place] = kept
        expected[place] = (above - below) / (2 * STEP)
    assert gradient.shape == variable.shape
    limit = TOLERANCE * np.abs(expected).max(initial=1)
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=limit)


def make_layer(
    cell: str,
    rng: np.random.Generator,
    bptt: bool = True,
    width: int = 3,
    inputs: int = VOCABULARY.size,
) -> Recurrent:
    """Create a layer with a non-zero initial state.

    All gradients are NaN at first, so a gradient that ``backward`` doesn't write is noticed.
    """
    arithmetic = (CELLS | OWN_CELLS)[cell]
    formula = arithmetic.declared.formula
    columns = formula.gates * width
    shapes = {
        "kernel": (inputs, columns),
        "recurrent_kernel": (width, formula.state_gates * width),
        "bias": (columns,) if formula.biases == 1 else (2, columns),
        **dict.fromkeys(arithmetic.declared.vectors, (width,)),
    }
    parameters = {name: rng.normal(0, 0.8, size) for name, size in shapes.items()}
    gradients = {name: np.full(values.shape, np.nan) for name, values in parameters.items()}
    layer = Recurrent(arithmetic, parameters, gradients, bptt=bptt)
    layer.start[...] = rng.normal(0, 0.5, layer.start.shape)
    return layer


def states_before(
    tree: PrefixTree,
    start: list[LayerState],
    step: Callable[[np.ndarray, list[LayerState]], list[LayerState]],
) -> list[LayerState]:
    """Compute the state before every node, which is a constant for ``bptt=False``.

    ``start`` contains the initial state of each layer. The result contains one state per layer with one row per node.
    """
    before: list[list[LayerState]] = []
    after: list[list[LayerState]] = []
    for node in range(tree.nodes):
        before.append(start if tree.parent[node] < 0 else after[tree.parent[node]])
        after.append(step(np.array([node]), before[node]))
    return [np.concatenate(states, axis=1) for states in zip(*before, strict=True)]


def random_targets(nodes: int, size: int) -> np.ndarray:
    """Return a random distribution for each node.

    Probabilities are multiples of 1 / 1024, which float32 represents exactly.
    """
    rng = np.random.default_rng(8)
    return (rng.multinomial(1024, rng.dirichlet(np.ones(size), nodes)) / 1024).astype(np.float32)

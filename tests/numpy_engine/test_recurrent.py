"""Check the gradients of recurrent layers against central differences, with and without shared prefixes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from namegen.backends.numpy_engine.recurrent import Recurrent
from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.core.data.prefix_tree import PrefixTree
from tests.numpy_engine.gradients import (
    LABELLED,
    VOCABULARY,
    assert_gradient,
    bptt,
    cells,
    make_layer,
    make_tree,
    states_before,
)


def recurrent_function(
    layer: Recurrent, tree: PrefixTree, inputs: np.ndarray, weights: np.ndarray
) -> Callable[[], float]:
    """Return a function that computes a weighted sum of all outputs of the layer.

    ``backward`` has to return the derivative of this function.
    """
    walk = TreeWalk(tree)
    if layer.bptt:
        return lambda: float((weights * layer.forward(inputs, walk)).sum())
    (frozen,) = states_before(
        tree, [layer.start], lambda nodes, state: [layer.step(inputs[nodes], state[0])]
    )

    def from_frozen() -> float:
        return float((weights * layer.step(inputs, frozen)[0]).sum())

    return from_frozen


def check_layer(
    layer: Recurrent, tree: PrefixTree, rng: np.random.Generator, *, dense: bool
) -> None:
    """Compare all gradients of ``backward`` with central differences."""
    inputs = rng.normal(size=(tree.nodes, len(layer.parameters["kernel"]))) if dense else tree.token
    weights = rng.normal(size=(tree.nodes, layer.width))
    function = recurrent_function(layer, tree, inputs, weights)
    layer.forward(inputs, TreeWalk(tree))
    d_inputs = layer.backward(weights)
    gradients = {name: values.copy() for name, values in layer.gradients.items()}
    for name, values in layer.parameters.items():
        assert_gradient(function, values, gradients[name])
    if dense:
        assert_gradient(function, inputs, d_inputs)
    else:
        assert d_inputs is None


@cells
@pytest.mark.parametrize("tree", ["shared", "single", "three"])
@bptt
@pytest.mark.parametrize("dense", [False, True], ids=["tokens", "dense"])
def test_layer_gradients_agree_with_central_differences(
    cell: str, tree: str, bptt: bool, dense: bool
) -> None:
    rng = np.random.default_rng(1)
    inputs = VOCABULARY.size + 3 * (tree in LABELLED)
    check_layer(make_layer(cell, rng, bptt, inputs=inputs), make_tree(tree), rng, dense=dense)


@cells
def test_a_step_handles_each_row_independently(cell: str) -> None:
    """The cell processes rows in blocks, and the last block is smaller. Block boundaries don't change the result."""
    rng = np.random.default_rng(3)
    layer = make_layer(cell, rng)
    tokens = rng.integers(0, VOCABULARY.size, 11)
    before = rng.normal(size=(len(layer.start), 11, layer.width))
    kept = before.copy()
    whole = layer.step(tokens, before)
    layer.block_rows = 4
    np.testing.assert_allclose(layer.step(tokens, before), whole, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(before, kept)
    for row in range(11):
        alone = layer.step(tokens[row : row + 1], before[:, row : row + 1])
        np.testing.assert_allclose(alone[:, 0], whole[:, row], rtol=0, atol=1e-14)


@cells
def test_the_block_size_has_no_effect_on_gradients(cell: str) -> None:
    """A block contains all levels, several levels, or a single level, as for a layer too wide for the cache."""
    tree, found = make_tree("shared"), []
    for rows in (1_000, 7, 1):
        rng = np.random.default_rng(4)
        layer = make_layer(cell, rng)
        layer.block_rows = rows
        layer.forward(tree.token, TreeWalk(tree))
        layer.backward(rng.normal(size=(tree.nodes, layer.width)))
        found.append(layer.gradients)
    for gradients in found[1:]:
        for name, values in gradients.items():
            np.testing.assert_allclose(values, found[0][name], rtol=1e-13)

"""Check the gradients of recurrent layers against central differences, with and without shared prefixes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

from namegen.backends.numpy_engine import recurrent
from namegen.backends.numpy_engine.cells import CELLS, NumpyCell
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
@pytest.mark.parametrize("tree", ["shared", "single", "three of which one is bare"])
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


@cells
@bptt
def test_cells_get_arrays_of_the_documented_shapes(cell, bptt, monkeypatch) -> None:
    kind, formula = type(CELLS[cell]), CELLS[cell].declared.formula
    pre_activations, carried = formula.gates + len(kind.apart), len(kind.carried)
    promised = {
        "x": formula.gates,
        "s": formula.state_gates,
        "before": carried,
        "after": formula.states,
    }
    promised |= {"d_after": formula.states, "cache": kind.cached, "d": pre_activations + carried}
    promised |= {"local": pre_activations + carried + kind.more_local}
    asked: set[str] = set()

    def asking(name: str) -> Callable[..., None]:
        true = getattr(kind, name)

        def method(self: NumpyCell, *arguments: np.ndarray) -> None:
            given = inspect.signature(true).bind(self, *arguments).arguments
            del given["self"]
            assert {key: len(values) for key, values in given.items()} == {
                key: promised[key] for key in given
            }
            assert len({values.shape[1:] for values in given.values()}) == 1
            asked.add(name)
            true(self, *arguments)

        return method

    methods = ("forward", "local_derivatives", "backward")
    for name in methods:
        monkeypatch.setattr(kind, name, asking(name))
    rng, tree = np.random.default_rng(5), make_tree("shared")
    layer = make_layer(cell, rng, bptt)
    layer.forward(tree.token, TreeWalk(tree))
    layer.backward(rng.normal(size=(tree.nodes, layer.width)))
    layer.step(tree.token[:3], layer.start.repeat(3, axis=1))
    assert asked == set(methods)


@pytest.mark.parametrize(
    ("runs", "each", "width", "once"), [(2, 60_000, 1, True), (2, 15_000, 4, False)]
)
def test_only_runs_of_narrow_rows_are_summed_together(
    runs: int, each: int, width: int, once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    reduceat = Mock(wraps=np.add.reduceat)
    add = SimpleNamespace(reduce=np.add.reduce, reduceat=reduceat)
    monkeypatch.setattr(recurrent, "np", SimpleNamespace(**vars(np) | {"add": add}))
    rows = np.ones((2, runs * each, width), np.float32)
    sums = recurrent._sum_runs(rows, np.arange(0, runs * each, each))
    assert sums.tolist() == [[[each] * width] * runs] * 2
    assert reduceat.called == once

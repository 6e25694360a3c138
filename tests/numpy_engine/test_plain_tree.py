"""Test that ``plain_tree.py``, ``plain.py`` and the NumPy engine compute the same loss and gradients."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from namegen.backends.numpy_engine import plain, plain_tree
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from tests.numpy_engine.gradients import assert_gradient
from tests.numpy_engine.test_plain import BATCH, ENCODED, VOCABULARY, both

UNSHARED = [VOCABULARY.encode(name).tolist() for name in ("Ann", "boB", "nA")]

lists = pytest.mark.parametrize("names", [ENCODED, UNSHARED], ids=["shared", "unshared"])


def test_the_tree_equals_the_prefix_tree() -> None:
    tree = plain_tree.build_tree(ENCODED, VOCABULARY.size)
    expected: PrefixTree = BATCH.tree
    np.testing.assert_array_equal(tree.token, expected.token)
    np.testing.assert_array_equal(tree.parent, expected.parent)
    np.testing.assert_array_equal(tree.counts.sum(axis=1), expected.count)
    edges = tree.counts[expected.edge_node, expected.edge_token]
    np.testing.assert_array_equal(edges, expected.edge_count)
    assert [level.stop for level in tree.levels] == expected.level[1:].tolist()


@lists
def test_the_plain_tree_agrees_with_the_plain_loop(names: list[list[int]]) -> None:
    parameters, _ = both()
    loss, gradient = plain_tree.loss_and_gradient(parameters, names)
    expected_loss, expected = plain.loss_and_gradient(parameters, names)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert list(gradient) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(gradient[name], values, rtol=0, atol=1e-12)


def test_the_plain_tree_agrees_with_the_engine() -> None:
    parameters, engine = both()
    loss, gradient = plain_tree.loss_and_gradient(parameters, ENCODED)
    assert engine.model.loss_and_gradient(Batch(BATCH.tree)) == pytest.approx(loss, rel=1e-12)
    for name, values in gradient.items():
        np.testing.assert_allclose(engine.model.gradients[name], values, rtol=0, atol=1e-12)


@lists
def test_gradients_agree_with_central_differences(names: list[list[int]]) -> None:
    parameters, _ = both()
    tree = plain_tree.build_tree(names, VOCABULARY.size)
    _, states = plain_tree.forward(parameters, tree)
    gradient = plain_tree.backward(parameters, tree, states)
    for name, values in parameters.items():
        assert_gradient(lambda: plain_tree.forward(parameters, tree)[0], values, gradient[name])


def test_the_plain_tree_runs_as_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(plain_tree.__file__, run_name="__main__")
    assert "steps name by name" in capsys.readouterr().out

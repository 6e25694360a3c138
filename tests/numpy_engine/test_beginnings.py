"""Names that begin in several ways: gradients down and up trees of several roots, against central differences and
against a plain loop over the names.
"""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import Model
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.network.recurrent_network import RecurrentNetwork
from tests import reference
from tests.numpy_engine.gradients import (
    VOCABULARY,
    assert_gradient,
    cells,
    make_layer,
    random_targets,
    through_time,
)
from tests.numpy_engine.test_model import make_started_model, model_function
from tests.numpy_engine.test_recurrent import check_layer

V = VOCABULARY.size
TREES = {
    "two": [(0, "ab"), (1, "ab"), (0, "abc"), (0, "ab"), (1, "e"), (1, "ed"), (0, "b")],
    "three": [(0, "ab"), (1, "ab"), (2, ""), (2, "c"), (1, "aec"), (2, "cb"), (0, "b")],
    "three of which one is bare": [(0, "abc"), (1, ""), (1, ""), (2, "dd")],
}
trees = pytest.mark.parametrize("tree", TREES)


def make_tree(key: str) -> PrefixTree:
    names = TREES[key]
    return PrefixTree.from_names([name for _, name in names], VOCABULARY, [V + label for label, _ in names])


@cells
@through_time
@pytest.mark.parametrize(("tree", "dense"), [("two", False), ("three", True), ("three of which one is bare", False)])
def test_recurrent_layers(cell: str, tree: str, through_time: bool, dense: bool) -> None:
    rng = np.random.default_rng(1)
    check_layer(make_layer(cell, rng, through_time, width=2, inputs=V + 3), make_tree(tree), rng, dense=dense)


@pytest.mark.parametrize(
    ("cell", "through_time", "soft"), [("simple_rnn", False, False), ("gru", True, True), ("lstm", True, False)]
)
def test_model(cell: str, through_time: bool, soft: bool) -> None:
    prefixes = make_tree("three")
    batch = Batch(prefixes, random_targets(prefixes.nodes, V) if soft else None)
    model = make_started_model(cell, through_time, labels=3)
    function = model_function(model, batch)
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(batch)
    gradient = model.gradient.copy()
    assert loss / prefixes.characters == pytest.approx(function(), rel=1e-12)
    assert_gradient(function, model.vector, gradient)


@cells
@trees
@through_time
def test_a_plain_loop_over_the_names(cell: str, tree: str, through_time: bool) -> None:
    names = TREES[tree]
    model = Model(RecurrentNetwork(V, cell, (4, 3), labels=3), through_time=through_time, dtype="float64")
    model.vector[:] = np.random.default_rng(7).normal(0, 0.6, model.vector.shape)
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(Batch(make_tree(tree)))
    expected_loss, expected = reference.loss_and_gradients(
        cell,
        model.parameters,
        [VOCABULARY.encode(name).tolist() for _, name in names],
        through_time=through_time,
        beginnings=[V + label for label, _ in names],
    )
    assert loss == pytest.approx(expected_loss, rel=1e-10)
    for name, values in expected.items():
        np.testing.assert_allclose(model.gradients[name], values, rtol=0, atol=1e-10, err_msg=name)
    rows = model.gradients["rnn.0.kernel"]
    assert not rows[0].any()  # the boundary is never read where each label has a beginning of its own
    assert rows[V:].any(axis=1).tolist() == [any(label == one for label, _ in names) for one in range(3)]

"""The whole network: its gradient against central differences, and against a plain loop over the names of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from namegen.backends.numpy_engine.engine import Model
from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.lists import load_bundled
from tests import reference
from tests.numpy_engine import gradients
from tests.numpy_engine.gradients import (
    assert_gradient,
    cells,
    make_tree,
    random_targets,
    states_before,
    through_time,
    trees,
)
from tests.strategies import alike, any_name

TOLERANCE = 1e-10


def make_model(vocabulary: Vocabulary, cell: str, through_time: bool, hidden: tuple[int, ...] = (4, 3)) -> Model:
    model = Model(RecurrentNetwork(vocabulary.size, cell, hidden), through_time=through_time, dtype="float64")
    model.vector[:] = np.random.default_rng(7).normal(0, 0.6, model.vector.shape)
    return model


def assert_as_plain_loop(model: Model, cell: str, tree: PrefixTree, names: Sequence[str], vocabulary: Vocabulary):
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(Batch(tree))
    expected_loss, expected = reference.loss_and_gradients(
        cell,
        model.parameters,
        [vocabulary.encode(name).tolist() for name in names],
        through_time=model.recurrent[0].through_time,
    )
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE)
    assert model.gradients.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(
            model.gradients[name], values, rtol=0, atol=TOLERANCE * max(1, np.abs(values).max()), err_msg=name
        )


@cells
@through_time
@settings(max_examples=25)
@given(names=st.lists(st.one_of(alike, any_name), min_size=1, max_size=12))
@example(names=[""])
@example(names=["", "", "a"])
@example(names=["x"])
@example(names=["Al", "Ali", "Al"])
def test_random_lists(cell: str, through_time: bool, names: list[str]) -> None:
    vocabulary = Vocabulary.from_names(names)
    model = make_model(vocabulary, cell, through_time)
    assert_as_plain_loop(model, cell, PrefixTree.from_names(names, vocabulary), names, vocabulary)


@cells
@through_time
def test_batches_of_real_names(cell: str, through_time: bool) -> None:
    names = load_bundled("mlb-first").names
    vocabulary = Vocabulary.from_names(names)
    maker = BatchMaker(names, vocabulary)
    batch = next(maker.epoch(3, batch_size=200, seed=5))
    rows = batch.sequences()
    tokens, lengths, counts = rows.tokens, rows.lengths, rows.counts
    distinct = [vocabulary.decode(row[:length]) for row, length in zip(tokens, lengths, strict=True)]
    drawn = [name for name, count in zip(distinct, counts, strict=True) for _ in range(count)]
    assert len(drawn) == 200
    assert batch.tree.nodes < 0.5 * batch.characters  # prefixes are shared, or the test would say little
    model = make_model(vocabulary, cell, through_time, hidden=(6, 5))
    assert_as_plain_loop(model, cell, batch.tree, drawn, vocabulary)
    assert set(drawn) <= set(names)


def test_the_plain_loop_says_what_arithmetic_says() -> None:
    """With all parameters zero every character has the probability 1 / V, and the gradient of the last bias is
    1 / V less each character's share.
    """
    parameters = {
        name: np.zeros(shape)
        for name, shape in RecurrentNetwork(vocabulary_size=4, hidden=(2,)).parameter_shapes.items()
    }
    loss, gradients = reference.loss_and_gradients("simple_rnn", parameters, [[1, 3], [1, 3, 2], [1, 3]])
    assert loss == pytest.approx(10 * np.log(4))
    np.testing.assert_allclose(gradients["output.bias"], 0.25 - np.array([3, 3, 1, 3]) / 10)


def make_started_model(cell: str, through_time: bool, labels: int = 0) -> Model:
    """Two layers of different widths whose state before a name is not zero."""
    rng = np.random.default_rng(5)
    network = RecurrentNetwork(gradients.VOCABULARY.size, cell, (3, 2), labels=labels)
    model = Model(network, through_time=through_time, dtype="float64")
    model.vector[:] = rng.normal(0, 0.7, model.vector.shape)
    for layer in model.recurrent:
        layer.start[...] = rng.normal(0, 0.5, layer.start.shape)
    return model


def model_function(model: Model, batch: Batch) -> Callable[[], float]:
    """The loss a character as a function of the parameters; without ``through_time``, of frozen states too."""
    tree = batch.tree
    if model.recurrent[0].through_time:
        return lambda: model.loss.forward(model.forward(tree), batch) / tree.characters
    frozen = states_before(
        tree, [layer.start for layer in model.recurrent], lambda nodes, state: model.step(tree.token[nodes], state)[1]
    )

    def from_frozen() -> float:
        model.parameters_changed()
        return model.loss.forward(model.step(tree.token, frozen)[0], batch) / tree.characters

    return from_frozen


@cells
@trees
@through_time
@pytest.mark.parametrize("soft", [False, True])
def test_model(cell: str, tree: str, through_time: bool, soft: bool) -> None:
    prefixes = make_tree(tree)
    batch = Batch(prefixes, random_targets(prefixes.nodes, gradients.VOCABULARY.size) if soft else None)
    model = make_started_model(cell, through_time)
    function = model_function(model, batch)
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(batch)
    gradient = model.gradient.copy()
    assert loss / prefixes.characters == pytest.approx(function(), rel=1e-12)
    assert_gradient(function, model.vector, gradient)


@cells
@trees
def test_masked_model(cell: str, tree: str) -> None:
    """The gradient of the unmasked parameters through masks; the parameters themselves stay as they were."""
    prefixes = make_tree(tree)
    batch, model, rng = Batch(prefixes), make_started_model(cell, through_time=True), np.random.default_rng(6)
    masks = {
        name: (rng.random(shape) >= 0.4).astype(np.float32) / np.float32(0.6)
        for shapes in RecurrentNetwork(gradients.VOCABULARY.size, cell, (3, 2)).mask_shapes.values()
        for name, shape in shapes.items()
    }
    assert any((mask == 0).any() for mask in masks.values())
    kept = model.vector.copy()
    loss = model.masked_loss_and_gradient(batch, masks)
    np.testing.assert_array_equal(model.vector, kept)
    gradient = model.gradient.copy()

    def masked_loss() -> float:
        unmasked = model.vector.copy()
        for name, mask in masks.items():
            model.parameters[name] *= mask
        value = model.loss.forward(model.forward(prefixes), batch) / prefixes.characters
        model.vector[:] = unmasked
        return value

    assert loss / prefixes.characters == pytest.approx(masked_loss(), rel=1e-12)
    assert_gradient(masked_loss, model.vector, gradient)


@cells
def test_without_through_time_is_another_gradient(cell: str) -> None:
    """The two ways differ by far more than the tolerance, so neither check would pass for the other."""
    tree = make_tree("shared")
    found = []
    for way in (True, False):
        model = make_started_model(cell, way)
        model.loss_and_gradient(Batch(tree))
        found.append(model.gradient.copy())
    assert np.abs(found[0] - found[1]).max() > 1e4 * gradients.TOLERANCE

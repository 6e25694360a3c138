"""Check the gradients of the linear layer, the loss and the whole network.

Gradients are compared with central differences and with a plain loop over names, for many kinds of lists, networks and
trees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from namegen.backends.numpy_engine.engine import Model, SoftmaxCrossEntropy
from namegen.backends.numpy_engine.walk import BLOCK_GROUPS
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import RecurrentNetwork
from namegen.lists import load_bundled
from tests import reference
from tests.numpy_engine.gradients import (
    LABELLED,
    VOCABULARY,
    assert_gradient,
    bptt,
    cells,
    make_tree,
    random_targets,
    states_before,
    trees,
)
from tests.strategies import alike, any_name

V = VOCABULARY.size
TOLERANCE = 1e-10
FIRST_CHARACTERS = [chr(code) for code in range(0x4E00, 0x4E00 + 2 * BLOCK_GROUPS + 5)]
EDGES: dict[str, tuple[list[str], tuple[int, ...]]] = {
    "a tree that does not branch, in 8 layers": (["abcdefgh"], (3,) * 8),
    "a tree that branches at its root alone, in layers of width 1": (["abc", "bca", "cab"], (1, 1)),
    "one long name beside short ones": (["a", "ab" * 40, "b"], (4, 3)),
    "more groups of siblings on a level than a block has": (
        [first + end for first in FIRST_CHARACTERS for end in ("", "a", "b", "bc")],
        (2,),
    ),
    "more than 256 characters": ([chr(code) for code in range(0x4E00, 0x4E00 + 300)], (2,)),
    "real names": (list(load_bundled("mlb-first").names[:100]), (6, 5)),
}


def make_model(
    vocabulary: Vocabulary,
    cell: str,
    bptt: bool,
    hidden: tuple[int, ...] = (4, 3),
    labels: int = 0,
):
    network = RecurrentNetwork(vocabulary.size, cell, hidden, labels=labels)
    model = Model(network, bptt=bptt, dtype="float64")
    model.vector[:] = np.random.default_rng(7).normal(0, 0.6, model.vector.shape)
    return model


def assert_as_plain_loop(
    model: Model,
    cell: str,
    names: Sequence[str],
    vocabulary: Vocabulary,
    start_tokens: list[int] | None = None,
) -> None:
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(Batch(PrefixTree.from_names(names, vocabulary, start_tokens)))
    expected_loss, expected = reference.loss_and_gradients(
        cell,
        model.parameters,
        [vocabulary.encode(name).tolist() for name in names],
        bptt=model.recurrent[0].bptt,
        start_tokens=start_tokens,
    )
    assert loss == pytest.approx(expected_loss, rel=TOLERANCE)
    assert model.gradients.keys() == expected.keys()
    for name, values in expected.items():
        limit = TOLERANCE * max(1, np.abs(values).max())
        np.testing.assert_allclose(model.gradients[name], values, rtol=0, atol=limit, err_msg=name)


def started_model(cell: str, bptt: bool, labels: int = 0) -> Model:
    """Create a model with two layers of different widths and non-zero initial states."""
    model = make_model(VOCABULARY, cell, bptt, (3, 2), labels)
    rng = np.random.default_rng(5)
    for layer in model.recurrent:
        layer.start[...] = rng.normal(0, 0.5, layer.start.shape)
    return model


@trees
@pytest.mark.parametrize("soft", [False, True])
def test_gradient_of_the_loss(tree: str, soft: bool) -> None:
    """``forward`` returns the sum over the characters, and ``backward`` the derivative of their mean."""
    prefixes = make_tree(tree)
    batch = Batch(prefixes, random_targets(prefixes.nodes, VOCABULARY.size) if soft else None)
    logits = np.random.default_rng(4).normal(0, 2, (prefixes.nodes, VOCABULARY.size))
    loss = SoftmaxCrossEntropy()
    kept = logits.copy()
    loss.forward(logits, batch)
    d_logits = loss.backward().copy()
    np.testing.assert_array_equal(loss.backward(), d_logits)  # backward can be called twice
    np.testing.assert_array_equal(logits, kept)
    assert_gradient(lambda: loss.forward(logits, batch) / prefixes.characters, logits, d_logits)


def test_extreme_logits_give_the_exact_loss() -> None:
    """The loss is right and there's no warning even if ``exp`` would overflow."""
    tree = PrefixTree.from_names(["a"], Vocabulary("a"))
    loss = SoftmaxCrossEntropy()
    # The model is certain of "a", and gives the end token after it no chance.
    assert loss.forward(np.array([[0.0, 5000.0], [-5000.0, 0.0]]), Batch(tree)) == 5000.0
    np.testing.assert_allclose(loss.backward(), [[0, 0], [-0.5, 0.5]])


@cells
@settings(max_examples=12)
@given(bptt=st.booleans(), names=st.lists(st.one_of(alike, any_name), min_size=1, max_size=12))
@example(bptt=True, names=[""])
@example(bptt=False, names=["", "", "a"])
@example(bptt=True, names=["Al", "Ali", "Al"])
def test_random_lists_agree_with_the_plain_loop(cell: str, bptt: bool, names: list[str]) -> None:
    vocabulary = Vocabulary.from_names(names)
    model = make_model(vocabulary, cell, bptt)
    assert_as_plain_loop(model, cell, names, vocabulary)


@cells
@bptt
@pytest.mark.parametrize("edge", EDGES)
def test_edge_cases_agree_with_the_plain_loop(cell: str, bptt: bool, edge: str) -> None:
    names, hidden = EDGES[edge]
    vocabulary = Vocabulary.from_names(names)
    assert_as_plain_loop(make_model(vocabulary, cell, bptt, hidden), cell, names, vocabulary)


@cells
@bptt
@pytest.mark.parametrize("tree", LABELLED)
def test_labeled_names_agree_with_the_plain_loop(cell: str, tree: str, bptt: bool) -> None:
    labels, names = zip(*LABELLED[tree], strict=True)
    model = make_model(VOCABULARY, cell, bptt, labels=3)
    assert_as_plain_loop(model, cell, names, VOCABULARY, [V + label for label in labels])


def model_function(model: Model, batch: Batch) -> Callable[[], float]:
    """Return a function that computes the loss per character from the parameters.

    Without ``bptt``, the states before each node are constants.
    """
    tree = batch.tree
    if model.recurrent[0].bptt:
        return lambda: model.loss.forward(model.forward(tree), batch) / tree.characters
    frozen = states_before(
        tree,
        [layer.start for layer in model.recurrent],
        lambda nodes, state: model.step(tree.token[nodes], state)[1],
    )

    def from_frozen() -> float:
        return model.loss.forward(model.step(tree.token, frozen)[0], batch) / tree.characters

    return from_frozen


@cells
@bptt
@pytest.mark.parametrize(
    ("tree", "labels", "soft"), [("shared", 0, False), ("shared", 0, True), ("three", 3, False)]
)
def test_network_gradients_agree_with_central_differences(
    cell: str, tree: str, labels: int, bptt: bool, soft: bool
) -> None:
    prefixes = make_tree(tree)
    batch = Batch(prefixes, random_targets(prefixes.nodes, V) if soft else None)
    model = started_model(cell, bptt, labels)
    function = model_function(model, batch)
    model.gradient.fill(np.nan)
    loss = model.loss_and_gradient(batch)
    gradient = model.gradient.copy()
    assert loss / prefixes.characters == pytest.approx(function(), rel=1e-12)
    assert_gradient(function, model.vector, gradient)

"""The loss against central differences, and at the edge of what numbers can hold."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import SoftmaxCrossEntropy
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.numpy_engine.gradients import VOCABULARY, assert_gradient, make_tree, random_targets, trees


@trees
@pytest.mark.parametrize("soft", [False, True])
def test_loss(tree: str, soft: bool) -> None:
    """The derivative is of the mean over the characters, where forward gives the sum."""
    prefixes = make_tree(tree)
    batch = Batch(prefixes, random_targets(prefixes.nodes, VOCABULARY.size) if soft else None)
    logits = np.random.default_rng(4).normal(0, 2, (prefixes.nodes, VOCABULARY.size))
    loss = SoftmaxCrossEntropy("float64")
    kept = logits.copy()
    loss.forward(logits, batch)
    d_logits = loss.backward().copy()
    np.testing.assert_array_equal(loss.backward(), d_logits)  # nothing is used up
    np.testing.assert_array_equal(logits, kept)
    assert_gradient(lambda: loss.forward(logits, batch) / prefixes.characters, logits, d_logits)


@trees
def test_targets_that_say_what_the_names_say_change_nothing(tree: str) -> None:
    prefixes = make_tree(tree)
    said = np.zeros((prefixes.nodes, VOCABULARY.size), np.float32)
    said[prefixes.edge_node, prefixes.edge_token] = prefixes.edge_count / prefixes.count[prefixes.edge_node]
    logits = np.random.default_rng(5).normal(0, 2, said.shape)
    losses, gradients = [], []
    for batch in (Batch(prefixes), Batch(prefixes, said)):
        loss = SoftmaxCrossEntropy("float64")
        losses.append(loss.forward(logits, batch))
        gradients.append(loss.backward())
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)  # the targets are float32
    np.testing.assert_allclose(gradients[0], gradients[1], atol=1e-7)


def test_loss_of_logits_far_apart() -> None:
    """Logits that exp could not hold give the loss that arithmetic says, and no warning."""
    tree = PrefixTree.from_names(["a"], Vocabulary("a"))
    loss = SoftmaxCrossEntropy("float64")
    assert loss.forward(np.array([[0.0, 5000.0], [-5000.0, 0.0]]), Batch(tree)) == 5000.0  # a is sure, STOP is hopeless
    np.testing.assert_allclose(loss.backward(), [[0, 0], [-0.5, 0.5]])

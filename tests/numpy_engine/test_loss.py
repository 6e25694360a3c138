"""The loss against central differences, and at the edge of what numbers can hold."""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.loss import SoftmaxCrossEntropy
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from tests.numpy_engine.gradients import VOCABULARY, assert_gradient, make_tree, trees


@trees
def test_loss(tree: str) -> None:
    """The derivative is of the mean over the characters, where forward gives the sum."""
    prefixes = make_tree(tree)
    logits = np.random.default_rng(4).normal(0, 2, (prefixes.nodes, VOCABULARY.size))
    loss = SoftmaxCrossEntropy()
    kept = logits.copy()
    loss.forward(logits, prefixes)
    d_logits = loss.backward()
    np.testing.assert_array_equal(loss.backward(), d_logits)  # nothing is used up
    np.testing.assert_array_equal(logits, kept)
    assert_gradient(lambda: loss.forward(logits, prefixes) / prefixes.characters, logits, d_logits)


def test_loss_of_logits_far_apart() -> None:
    """Logits that exp could not hold give the loss that arithmetic says, and no warning."""
    tree = PrefixTree.from_names(["a"], Vocabulary("a"))
    loss = SoftmaxCrossEntropy()
    assert loss.forward(np.array([[0.0, 5000.0], [-5000.0, 0.0]]), tree) == 5000.0  # a is sure, STOP is hopeless
    np.testing.assert_allclose(loss.backward(), [[0, 0], [-0.5, 0.5]])

"""Every engine on names that begin in several ways: it reads them, and all engines are one network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from namegen.backends import EXTRAS, engine_paths
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Step
from namegen.core.settings import CELLS
from namegen.testing.beginnings import check_beginnings, check_same_with_beginnings
from tests.conformance.test_conformance import load
from tests.fake_engine import FakeEngine

# An engine that needs libraries compiles for seconds each time that it trains.
EVERY = [
    pytest.param(
        name, cell, marks=[pytest.mark.slow] if name in EXTRAS and cell != "simple_rnn" else [], id=f"{name}-{cell}"
    )
    for name in engine_paths()
    for cell in CELLS
]


@pytest.mark.parametrize(("name", "cell"), EVERY)
def test_engines(name: str, cell: str) -> None:
    engine_class = load(name, cell)
    check_beginnings(engine_class, cell)
    check_same_with_beginnings(engine_class, cell)


def test_the_fake_engine() -> None:
    check_beginnings(FakeEngine, "simple_rnn")


class Deaf(NumpyEngine):
    """An engine that takes every beginning for the first label's, as it steps."""

    def step(self, tokens, state):
        return super().step(np.minimum(tokens, self.network.vocabulary_size), state)


class Rootless(NumpyEngine):
    """An engine that takes every beginning for the first label's, as it trains."""

    def train_epoch(self, steps):
        def of_first(tree: PrefixTree) -> PrefixTree:
            token = np.minimum(tree.token, self.network.vocabulary_size)
            return PrefixTree(
                token, tree.parent, tree.level, tree.count, tree.edge_node, tree.edge_token, tree.edge_count
            )

        def all_of_first() -> Iterator[Step]:
            for step in steps:
                yield Step(Batch(of_first(step.batch.tree)), step.learning_rate)

        return super().train_epoch(all_of_first())


@pytest.mark.parametrize(
    ("wrong", "words"), [(Deaf, "the same logits behind two beginnings"), (Rootless, "a step has the loss")]
)
def test_an_engine_that_does_not_read_beginnings_is_caught(wrong: type[NumpyEngine], words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_beginnings(wrong, "gru")


def test_a_training_that_does_not_read_beginnings_is_not_the_same() -> None:
    with pytest.raises(AssertionError, match="losses"):
        check_same_with_beginnings(Rootless, "gru")

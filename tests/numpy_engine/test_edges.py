"""Lists and networks at the edge, against the plain loop: what a tree, a batch or a layer may shrink to."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import Model, NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from tests import reference
from tests.numpy_engine.gradients import cells, through_time
from tests.numpy_engine.test_model import assert_as_plain_loop

LISTS = {
    "a tree that does not branch": ["abcdefgh"],
    "a tree that branches at its root alone": ["abc", "bca", "cab"],
    "a tree of one node": [""],
    "every name the same": ["abcab"] * 7,
    "a name in each letter": ["a", "b", "c", "d"],
    "one long name beside short ones": ["a", "ab" * 40, "b"],
}
NETWORKS = {"as usual": (4, 3), "16 layers": (3,) * 16, "width 1": (1, 1)}


@cells
@through_time
@pytest.mark.parametrize("hidden", NETWORKS.values(), ids=list(NETWORKS))
@pytest.mark.parametrize("names", LISTS.values(), ids=list(LISTS))
def test_gradients(cell: str, through_time: bool, hidden: tuple[int, ...], names: list[str]) -> None:
    vocabulary = Vocabulary("abcdefgh")
    model = Model(RecurrentNetwork(vocabulary.size, cell, hidden), through_time=through_time, dtype="float64")
    model.vector[:] = np.random.default_rng(7).normal(0, 0.6, model.vector.shape)
    assert_as_plain_loop(model, cell, PrefixTree.from_names(names, vocabulary), names, vocabulary)


@cells
def test_more_letters_than_a_byte_counts(cell: str) -> None:
    vocabulary = Vocabulary("".join(map(chr, range(0x4E00, 0x4E00 + 300))))
    names = [character + "一丁" for character in vocabulary.characters]
    model = Model(RecurrentNetwork(vocabulary.size, cell, (2,)), through_time=True, dtype="float64")
    model.vector[:] = np.random.default_rng(7).normal(0, 0.6, model.vector.shape)
    assert_as_plain_loop(model, cell, PrefixTree.from_names(names, vocabulary), names, vocabulary)


@cells
def test_batches_of_one_name_beside_large_ones(cell: str) -> None:
    """Memory that is reused must not show: a step after a larger one is what it is in an engine of its own."""
    names = ["abc", "abd", "a", "bcd", "bcde", "h"]
    maker = BatchMaker(names, Vocabulary("abcdefgh"))
    network = RecurrentNetwork(Vocabulary("abcdefgh").size, cell, (4, 3))
    start = network.initial_parameters("glorot", rng=np.random.default_rng(0))
    batches = [*maker.epoch(0, batch_size=6, seed=0), *maker.epoch(1, batch_size=1, seed=0)]
    assert batches[0].tree.nodes > batches[1].tree.nodes
    engine = NumpyEngine(network, TrainingSettings(optimizer="sgd"), threads=1, dtype="float64")
    engine.set_state(start)
    losses = engine.train_epoch(Step(batch, 0.5) for batch in batches).loss_sum
    parameters = {name: values.astype(np.float64) for name, values in start.items()}
    for batch, found in zip(batches, losses, strict=True):
        rows = batch.sequences()
        tokens = [row[:length].tolist() for row, length in zip(rows.tokens, rows.lengths, strict=True)]
        loss, gradients = reference.loss_and_gradients(cell, parameters, tokens)
        assert found == pytest.approx(loss, rel=1e-10)
        parameters = {name: values - 0.5 * gradients[name] for name, values in parameters.items()}
    for name, values in parameters.items():
        np.testing.assert_allclose(engine.get_state()[name], values, rtol=0, atol=1e-10, err_msg=name)

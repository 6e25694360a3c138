"""The NumPy engine behind the protocol; what every engine must do is in tests/conformance."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import CELLS, OPTIMIZERS, TrainingSettings
from namegen.errors import CheckpointError, EngineError
from tests import reference

NAMES = ["Al", "Ali", "Al", "Bo", "Bob", "B", "Alibob", "obi"]
VOCABULARY = Vocabulary.from_names(NAMES)
TREE = PrefixTree.from_names(NAMES, VOCABULARY)
MAKER = BatchMaker(NAMES, VOCABULARY)

cells = pytest.mark.parametrize("cell", CELLS)
optimizers = pytest.mark.parametrize("optimizer", OPTIMIZERS)


def make_engine(
    cell: str = "gru",
    *,
    train: bool = True,
    dtype: str = "float64",
    hidden: tuple[int, ...] = (4, 3),
    **settings: object,
) -> NumpyEngine:
    network = RecurrentNetwork(VOCABULARY.size, cell, hidden)
    engine = NumpyEngine(network, TrainingSettings(**settings) if train else None, threads=1, dtype=dtype)
    rng = np.random.default_rng(9)
    engine.set_state({name: rng.normal(0, 0.6, shape) for name, shape in network.parameter_shapes.items()})
    return engine


def steps(count: int, rate: float = 0.05) -> list[Step]:
    batches = [batch for epoch in range(count) for batch in MAKER.epoch(epoch, batch_size=3, seed=1)]
    return [Step(batch, rate) for batch in batches[:count]]


def assert_same_state(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert values.dtype == other[name].dtype
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@cells
def test_stepping_down_a_tree_is_the_forward_pass(cell: str) -> None:
    """Step and select, level by level, give the logits that Model.forward gives for all prefixes at once."""
    engine = make_engine(cell)
    expected = engine.model.forward(TREE).copy()
    logits, state = engine.step(TREE.token[:1], engine.initial_state(1))
    np.testing.assert_allclose(logits, expected[:1], rtol=0, atol=1e-13)
    for depth in range(1, TREE.depth):
        rows = slice(TREE.level[depth], TREE.level[depth + 1])
        state = engine.select(state, TREE.parent[rows] - TREE.level[depth - 1])
        logits, state = engine.step(TREE.token[rows], state)
        np.testing.assert_allclose(logits, expected[rows], rtol=0, atol=1e-13)


@cells
def test_stepping_is_the_plain_loop(cell: str) -> None:
    engine = make_engine(cell)
    for name in NAMES:
        tokens = [0, *VOCABULARY.encode(name).tolist()]
        expected, _ = reference.read_name(cell, engine.model.parameters, tokens)
        state = engine.initial_state(1)
        for token, row in zip(tokens, expected, strict=True):
            logits, state = engine.step(np.array([token], np.int32), state)
            np.testing.assert_allclose(logits[0], row, rtol=0, atol=1e-13)


@cells
def test_nothing_is_changed_in_place(cell: str) -> None:
    """A state that was passed to step, select and training still holds what it held."""
    engine = make_engine(cell)
    _, state = engine.step(np.array([0, 0, 1], np.int32), engine.initial_state(3))
    kept = [[array.copy() for array in layer] for layer in state]
    tokens = np.array([2, 1, 0], np.int32)
    engine.step(tokens, state)
    chosen = engine.select(state, np.array([1, 1]))
    chosen[0][0][:] = 7  # a state made by select shares no memory with the one it came from
    engine.train_epoch(steps(2))
    assert tokens.tolist() == [2, 1, 0]
    for layer, kept_layer in zip(state, kept, strict=True):
        for array, kept_array in zip(layer, kept_layer, strict=True):
            np.testing.assert_array_equal(array, kept_array)


@cells
def test_training_follows_the_plain_loop(cell: str) -> None:
    """Three steps of gradient descent on batches, each with the gradient that a loop over its names gives."""
    engine = make_engine(cell, optimizer="sgd")
    parameters = {name: values for name, values in engine.get_state().items() if name != "optimizer.step"}
    taken = steps(3, rate=0.3)
    losses = engine.train_epoch(iter(taken))
    for place, step in enumerate(taken):
        rows = step.batch.sequences()
        tokens, lengths, counts = rows.tokens, rows.lengths, rows.counts
        names = [tokens[i, : lengths[i]].tolist() for i in range(len(lengths)) for _ in range(counts[i])]
        loss, gradients = reference.loss_and_gradients(cell, parameters, names)
        assert losses.loss_sum[place] == pytest.approx(loss, rel=1e-12)
        assert losses.characters[place] == sum(map(len, names)) + len(names)
        for name in parameters:
            parameters[name] = parameters[name] - step.learning_rate * gradients[name]
    for name, values in parameters.items():
        np.testing.assert_allclose(engine.get_state()[name], values, rtol=0, atol=1e-12, err_msg=name)


def test_clipping_bounds_the_length_of_a_step() -> None:
    """With gradient descent the parameters move by rate × clip_norm, and in the direction that they moved without."""
    free, clipped = make_engine(optimizer="sgd"), make_engine(optimizer="sgd", clip_norm=0.01)
    start = free.model.vector.copy()
    for engine in (free, clipped):
        engine.train_epoch(steps(1, rate=0.5))
    far, near = free.model.vector - start, clipped.model.vector - start
    assert np.linalg.norm(near) == pytest.approx(0.5 * 0.01)
    np.testing.assert_allclose(near / np.linalg.norm(near), far / np.linalg.norm(far), atol=1e-12)


def test_through_time_reaches_the_layers() -> None:
    with_it, without = make_engine(), make_engine(through_time=False)
    with_it.train_epoch(steps(1))
    without.train_epoch(steps(1))
    assert np.abs(with_it.model.vector - without.model.vector).max() > 1e-4


@optimizers
def test_the_state_goes_on_where_it_stopped(optimizer: str) -> None:
    """Two steps, the state into another engine, two more steps: bit for bit four steps in one."""
    whole, first, second = (make_engine(optimizer=optimizer) for _ in range(3))
    taken = steps(4)
    whole.train_epoch(taken)
    first.train_epoch(taken[:2])
    second.set_state(first.get_state())
    assert_same_state(first.get_state(), second.get_state())
    second.train_epoch(taken[2:])
    assert_same_state(whole.get_state(), second.get_state())


@optimizers
def test_the_states_canonical_names(optimizer: str) -> None:
    engine = make_engine(optimizer=optimizer, dtype="float32")
    engine.train_epoch(steps(2))
    state = engine.get_state()
    shapes = engine.network.parameter_shapes
    slots = {"sgd": "", "momentum": "u", "rmsprop": "v", "adam": "mv"}[optimizer]
    expected = dict(shapes) | {f"optimizer.{slot}.{name}": shape for slot in slots for name, shape in shapes.items()}
    assert state.pop("optimizer.step") == 2
    assert {name: values.shape for name, values in state.items()} == expected
    assert {values.dtype for values in state.values()} == {np.dtype(np.float32)}
    for slot in slots:
        assert state[f"optimizer.{slot}.output.bias"].any()


def test_a_state_is_a_copy() -> None:
    """Neither an array that get_state gave nor one that set_state took is the engine's own."""
    engine = make_engine()
    engine.train_epoch(steps(1))
    given = engine.get_state()
    kept = {name: values.copy() for name, values in given.items()}
    for values in given.values():
        values[...] = 99
    assert_same_state(engine.get_state(), kept)
    taken = {name: values.copy() for name, values in kept.items()}
    engine.set_state(taken)
    for values in taken.values():
        values[...] = 99
    assert_same_state(engine.get_state(), kept)


@pytest.mark.parametrize(
    "name",
    ["rnn.0.kernel", "rnn.1.recurrent_kernel", "output.bias", "optimizer.m.rnn.0.bias", "optimizer.v.output.kernel"],
)
def test_a_state_that_does_not_fit_is_refused(name: str) -> None:
    """The message names the tensor, and nothing of the state was taken."""
    engine = make_engine()
    engine.train_epoch(steps(2))
    before = engine.get_state()
    state = {key: np.asarray(values + 1) for key, values in before.items()}
    missing = {key: values for key, values in state.items() if key != name}
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        engine.set_state(missing)
    with pytest.raises(CheckpointError, match=f"{name} has the shape"):
        engine.set_state(state | {name: state[name][..., :-1]})
    with pytest.raises(CheckpointError, match=f"{name} has the shape"):
        engine.set_state(state | {name: state[name][None]})
    assert_same_state(engine.get_state(), before)


@optimizers
def test_parameters_alone_restart_the_optimizer(optimizer: str) -> None:
    engine, new = make_engine(optimizer=optimizer), make_engine(optimizer=optimizer)
    engine.train_epoch(steps(3))
    parameters = {name: engine.get_state()[name] for name in engine.network.parameter_shapes}
    for one in (engine, new):
        one.set_state(parameters)
        assert one.get_state()["optimizer.step"] == 0
        one.train_epoch(steps(2))
    assert_same_state(engine.get_state(), new.get_state())


def test_the_same_training_gives_the_same_bits() -> None:
    one, other = make_engine(dtype="float32"), make_engine(dtype="float32")
    losses = [engine.train_epoch(steps(5)).loss_sum.tolist() for engine in (one, other)]
    assert losses[0] == losses[1]
    assert_same_state(one.get_state(), other.get_state())


def test_a_stream_that_ends_early() -> None:
    """Every step that was taken is applied; a stream with none does nothing."""
    engine, other = make_engine(), make_engine()
    taken = steps(4)
    stop = False

    def stream():
        nonlocal stop
        for number, step in enumerate(taken):
            if stop:
                return
            stop = number == 1
            yield step

    losses = engine.train_epoch(stream())
    assert losses.loss_sum.shape == losses.characters.shape == (2,)
    other.train_epoch(taken[:2])
    assert_same_state(engine.get_state(), other.get_state())

    before = engine.get_state()
    losses = engine.train_epoch(iter(()))
    assert losses.loss_sum.shape == losses.characters.shape == (0,)
    assert (losses.loss_sum.dtype, losses.characters.dtype) == (np.float64, np.int64)
    assert_same_state(engine.get_state(), before)


def test_an_engine_without_training_reads_only() -> None:
    """It takes the parameters out of a trained state, gives no optimizer's state, and refuses to train."""
    trained, reader = make_engine(), make_engine(train=False)
    trained.train_epoch(steps(2))
    reader.set_state(trained.get_state())
    state = trained.get_state()
    assert_same_state(reader.get_state(), {name: state[name] for name in trained.network.parameter_shapes})
    with pytest.raises(EngineError, match="without training settings"):
        reader.train_epoch(steps(1))


def test_an_unknown_dtype_is_refused() -> None:
    with pytest.raises(EngineError, match="float32 or float64"):
        NumpyEngine(RecurrentNetwork(4), None, threads=1, dtype="float16")


def test_warm_up_changes_nothing() -> None:
    engine = make_engine()
    before = engine.get_state()
    engine.warm_up(steps(1)[0])
    assert_same_state(engine.get_state(), before)


@optimizers
def test_training_that_diverges_says_so_by_its_loss(optimizer: str) -> None:
    """A rate far too high ends in a loss that is not finite, without a warning from NumPy: the Trainer words it."""
    engine = make_engine("simple_rnn", dtype="float32", optimizer=optimizer)
    losses = engine.train_epoch(steps(8, rate=1e40))
    assert not np.isfinite(losses.loss_sum).all()
    assert len(losses.loss_sum) == 8


def test_a_tensor_of_another_network_is_refused() -> None:
    wide, narrow = RecurrentNetwork(5, "gru", (3, 3, 3)), RecurrentNetwork(5, "gru", (3, 3))
    state = wide.initial_parameters("glorot", rng=np.random.default_rng(0))
    engine = NumpyEngine(narrow, None, threads=1)
    with pytest.raises(CheckpointError, match=r"'rnn\.2\.kernel' has no place"):
        engine.set_state(state | {"output.kernel": state["output.kernel"]})


def test_an_optimizer_step_below_zero_is_refused() -> None:
    engine = NumpyEngine(RecurrentNetwork(5, "gru", (3, 3)), TrainingSettings(), threads=1)
    state = engine.get_state() | {"optimizer.step": np.array(-1)}
    with pytest.raises(CheckpointError, match="at least 0"):
        engine.set_state(state)

"""For the writer of an engine or of a program on top of one: a small fake engine, and the checks that an engine passes.

A third engine proves itself with one call in its own tests, ``check_engine(MyEngine)``, or, to have a test for each
fact, with a loop over ``CONFORMANCE_CHECKS`` (what ``core/engine.py`` demands) and ``NETWORK_CHECKS`` (that it
computes the same network as the NumPy engine). A model that only generates is held against ``LANGUAGE_MODEL_CHECKS``.
A check returns nothing, or raises AssertionError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice
from typing import Any, ClassVar, TypeAlias

import numpy as np

from namegen.core.data.batching import Batch, BatchMaker
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import Engine, EngineClass, LanguageModel, State, StepLosses
from namegen.core.network.architecture import Network
from namegen.core.network.engine_state import checked_tensors
from namegen.core.settings import CELLS, TrainingSettings
from namegen.errors import CheckpointError, EngineError, NamegenError
from namegen.types import Array, Float, Int, Int32

NAMES = ("Al", "Ali", "Al", "Alma", "Bo", "Bob", "B", "Lil", "Lila", "Lilo", "Mo", "Al", "Ob", "Omar", "Bo", "Amal")
VOCABULARY = Vocabulary.from_names(NAMES)
TOKENS = np.array([[1, 2, 3], [4, 4, 1], [1, 2, 4], [2, 0, 5], [3, 3, 3]], dtype=np.int32)  # rows that models read
CLIP_NORMS = {"simple_rnn": 0.85, "gru": 0.9, "lstm": 0.33}  # of the steps below, some gradients are longer than this

Check: TypeAlias = Callable[[EngineClass, str], None]  # an engine's class and a cell
ModelCheck: TypeAlias = Callable[[LanguageModel, Array], None]  # a model, and rows of tokens that it may be given


class FakeEngine:
    """An engine without a network, for tests of what stands above the engines: small, quick, deterministic.

    It looks two characters back: the logits are ``output.bias`` plus the row of ``rnn.0.kernel`` of the last
    character and half of that of the one before, as far as the kernel's columns reach. It learns by plain gradient
    descent, whatever optimizer is asked for; the other parameters are kept as they were given.

    >>> engine = FakeEngine(Network(vocabulary_size=5), None, threads=1)
    >>> logits, state = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
    >>> logits.shape
    (2, 5)
    """

    name: ClassVar[str] = "fake"
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, network: Network, training: TrainingSettings | None, *, threads: int, dtype: str = "float32"
    ) -> None:
        self.network, self.training, self.steps_taken = network, training, 0
        self.parameters = {name: np.zeros(shape, dtype) for name, shape in network.parameter_shapes.items()}

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> Int32[Array, "B"]:
        """The state is the token read last; before START, the boundary."""
        return np.full(rows, BOUNDARY, dtype=np.int32)

    def step(
        self, tokens: Int32[Array, "B"], state: Int32[Array, "B"]
    ) -> tuple[Float[Array, "B V"], Int32[Array, "B"]]:
        """Read one token a row."""
        bias, kernel = self.parameters["output.bias"], self.parameters["rnn.0.kernel"]
        logits = np.tile(bias, (len(tokens), 1))  # (B, V)
        reach = min(logits.shape[1], kernel.shape[1])
        logits[:, :reach] += kernel[tokens, :reach] + kernel[state, :reach] / 2
        return logits, tokens.copy()

    def select(self, state: Int32[Array, "B"], rows: Int[Array, "K"]) -> Int32[Array, "K"]:
        """Gather rows of a state."""
        return state[rows]

    def warm_up(self, batch: Batch) -> None:
        """Nothing to compile."""

    def train_epoch(self, steps: Iterable[tuple[Batch, float]]) -> StepLosses:
        """One step of gradient descent for each (batch, learning rate)."""
        if self.training is None:
            raise EngineError("this engine was made without training settings: it cannot train; make one with them")
        losses, characters = [], []
        for batch, learning_rate in steps:
            losses.append(self._update(batch.tree, learning_rate))
            characters.append(batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def _update(self, tree: PrefixTree, learning_rate: float) -> float:
        before = np.where(tree.parent >= 0, tree.token[tree.parent], BOUNDARY).astype(np.int32)
        logits = self.step(tree.token, before)[0].astype(np.float64)  # (N, V)
        log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        d_logits = tree.count[:, None] * np.exp(log_p)
        d_logits[tree.edge_node, tree.edge_token] -= tree.edge_count
        d_logits *= learning_rate / tree.characters
        bias, kernel = self.parameters["output.bias"], self.parameters["rnn.0.kernel"]
        reach = min(len(bias), kernel.shape[1])
        change = np.zeros((len(kernel), reach))
        np.add.at(change, tree.token, d_logits[:, :reach])
        np.add.at(change, before, d_logits[:, :reach] / 2)
        bias -= d_logits.sum(axis=0)
        kernel[:, :reach] -= change
        self.steps_taken += 1
        return -float(tree.edge_count @ log_p[tree.edge_node, tree.edge_token])

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters; and how many steps were taken, if it trains."""
        state = {name: values.copy() for name, values in self.parameters.items()}
        if self.training is not None:
            state["optimizer.step"] = np.array(self.steps_taken, np.int64)
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the count of steps if it is there."""
        parameters, optimizer = checked_tensors(self.network, state, ())
        for name, values in parameters.items():
            self.parameters[name][...] = values
        self.steps_taken = 0 if optimizer is None else optimizer.step


def check_engine(engine_class: EngineClass) -> None:
    """Run all checks, for every cell that the engine implements.

    Raises:
        AssertionError: the first fact that does not hold.
    """
    for cell in sorted(engine_class.cells):
        for check in (*CONFORMANCE_CHECKS.values(), *NETWORK_CHECKS.values()):
            check(engine_class, cell)


# Of any LanguageModel.


def check_rows(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Any number of rows, each as if it were alone; logits of the right shape and type."""
    alone = [_read(model, row[None]) for row in tokens]
    for rows in (1, 2, len(tokens), 67):
        place = np.arange(rows) % len(tokens)
        for depth, logits in enumerate(_read(model, tokens[place])):
            _expect(type(logits) is np.ndarray, f"logits are {type(logits)}: expected a NumPy array")
            _expect(logits.dtype in (np.float32, np.float64), f"logits are {logits.dtype}")
            _expect(logits.shape == (rows, model.vocabulary_size), f"the logits of {rows} rows are {logits.shape}")
            _expect(not np.isnan(logits).any() and not np.isposinf(logits).any(), "a logit is NaN or +inf")
            _expect(np.isfinite(logits).any(axis=1).all(), "every logit of a row is -inf: there is no next character")
            _close(logits, np.concatenate([alone[row][depth] for row in place]), f"row by row, of {rows} rows")


def check_state_is_kept(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Neither step nor select changes the state or the tokens that they were given."""
    first, second = tokens[:, 0].copy(), np.roll(tokens[:, 0], 1)
    _, start = model.step(np.zeros(len(tokens), np.int32), model.initial_state(len(tokens)))
    logits, after = model.step(first, start)
    expected = logits.copy()
    model.step(second, start)
    model.step(second, model.select(start, np.arange(len(tokens))[::-1]))
    model.step(second, after)
    again, _ = model.step(first, start)
    np.testing.assert_array_equal(first, tokens[:, 0], "step changed its tokens")
    np.testing.assert_array_equal(logits, expected, "logits given before were changed by a later step")
    np.testing.assert_array_equal(again, expected, "the state before a step was changed: from it, the step is another")


def check_select(model: LanguageModel, tokens: Int32[Array, "R T"]) -> None:
    """Select gathers rows: in any order, some not at all, some repeatedly, more than there were."""
    rows = len(tokens)
    _, state = model.step(np.zeros(rows, np.int32), model.initial_state(rows))
    _, state = model.step(tokens[:, 0].copy(), state)
    choices = {
        "in reverse": list(range(rows))[::-1],
        "one": [rows - 1],
        "repeated": [1, 0, 1, 1],
        "more than there were": [place % rows for place in range(3 * rows)],
    }
    for what, chosen in choices.items():
        for kind in (np.int64, np.int32):
            place = np.array(chosen, dtype=kind)
            logits, _ = model.step(tokens[place, 1], model.select(state, place))
            _close(logits, _read(model, tokens[place, :2])[-1], f"rows that were selected {what}")


LANGUAGE_MODEL_CHECKS: dict[str, ModelCheck] = {
    "rows": check_rows,
    "state is kept": check_state_is_kept,
    "select": check_select,
}


# Of an engine; each for one of its cells.


def check_attributes(engine_class: EngineClass, cell: str) -> None:
    """What a class says about itself, and that its objects have all that the protocol asks for."""
    _expect(isinstance(engine_class.name, str) and bool(engine_class.name), "name is not a text")
    _expect(cell in engine_class.cells, f"{cell} is not among the cells {sorted(engine_class.cells)}")
    _expect(engine_class.cells <= set(CELLS), f"cells are {sorted(engine_class.cells)}: known are {CELLS}")
    _expect(isinstance(engine_class.requires, tuple), "requires is not a tuple")
    engine = _make(engine_class, cell)
    _expect(isinstance(engine, Engine), "a method of the protocol is missing")
    _expect(engine.vocabulary_size == VOCABULARY.size, f"vocabulary_size is {engine.vocabulary_size}")


def check_as_language_model(engine_class: EngineClass, cell: str) -> None:
    """LANGUAGE_MODEL_CHECKS, and the types of both precisions."""
    for dtype in ("float32", "float64"):
        engine = _make(engine_class, cell, dtype=dtype)
        for check in LANGUAGE_MODEL_CHECKS.values():
            check(engine, TOKENS)
        logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
        _expect(logits.dtype == dtype, f"an engine of {dtype} gives logits of {logits.dtype}")


def check_reading_only(engine_class: EngineClass, cell: str) -> None:
    """An engine without training settings reads a trained state, gives parameters only, and refuses to train."""
    trained, reader = _make(engine_class, cell), _make(engine_class, cell, train=False, seed=2)
    trained.train_epoch(_steps(2))
    state = trained.get_state()
    reader.set_state(state)
    _same(reader.get_state(), {name: state[name] for name in _network(cell).parameter_shapes})
    for found, expected in zip(_read(reader, TOKENS), _read(trained, TOKENS), strict=True):
        _close(found, expected, "an engine that only reads")
    _expect_error(NamegenError, lambda: reader.train_epoch(_steps(1)), "training without training settings")


def check_state_names(engine_class: EngineClass, cell: str) -> None:
    """The state goes by the canonical names, in the engine's own precision."""
    shapes = _network(cell).parameter_shapes
    for dtype in ("float32", "float64"):
        engine = _make(engine_class, cell, dtype=dtype)
        engine.train_epoch(_steps(2))
        state = engine.get_state()
        _expect(state.keys() >= shapes.keys(), f"missing: {sorted(shapes.keys() - state.keys())}")
        count = state.pop("optimizer.step", np.array(-1))
        _expect(
            (count.dtype, count.shape, int(count)) == (np.int64, (), 2), f"optimizer.step is {count!r} after 2 steps"
        )
        for name, values in state.items():
            optimizer, _, rest = name.partition(".")
            slot, _, parameter = rest.partition(".") if optimizer == "optimizer" else ("", "", name)
            _expect(parameter in shapes and slot in ("", "u", "m", "v"), f"{name} is not a canonical name")
            _expect(type(values) is np.ndarray and values.dtype == dtype, f"{name} is {values.dtype}: expected {dtype}")
            _expect(values.shape == shapes[parameter], f"{name} has the shape {values.shape}")


def check_state_round_trip(engine_class: EngineClass, cell: str) -> None:
    """A state taken out and put in, here or in another engine, is the same, and training goes on bit for bit."""
    engine, other = _make(engine_class, cell), _make(engine_class, cell, number=1, seed=2)
    steps = list(_steps(4))
    engine.train_epoch(iter(steps[:2]))
    state = engine.get_state()
    engine.train_epoch(iter(steps[2:]))
    uninterrupted = engine.get_state()
    for one in (engine, other):
        one.set_state(state)
        _same(one.get_state(), state)
        one.train_epoch(iter(steps[2:]))
        _same(one.get_state(), uninterrupted)


def check_state_is_a_copy(engine_class: EngineClass, cell: str) -> None:
    """Writing into arrays that get_state gave or that set_state took changes nothing in the engine."""
    engine = _make(engine_class, cell)
    engine.train_epoch(_steps(1))
    given = engine.get_state()
    kept = {name: values.copy() for name, values in given.items()}
    for values in given.values():
        values[...] = 9
    _same(engine.get_state(), kept)
    taken = {name: values.copy() for name, values in kept.items()}
    engine.set_state(taken)
    for values in taken.values():
        values[...] = 9
    _same(engine.get_state(), kept)


def check_unfit_states(engine_class: EngineClass, cell: str) -> None:
    """A state with a tensor missing or of another shape is a CheckpointError, and nothing of it is taken."""
    engine = _make(engine_class, cell)
    engine.train_epoch(_steps(1))
    kept = engine.get_state()
    other = {name: np.asarray(values + 1) for name, values in kept.items()}
    for name in kept:
        if name != "optimizer.step":
            missing = {key: values for key, values in other.items() if key != name}
            _expect_error(CheckpointError, partial(engine.set_state, missing), f"a state without {name}")
            short = other | {name: other[name][..., :-1]}
            _expect_error(CheckpointError, partial(engine.set_state, short), f"another shape of {name}")
    _same(engine.get_state(), kept)


def check_optimizer_restarts(engine_class: EngineClass, cell: str) -> None:
    """A state of parameters alone starts the optimizer anew."""
    used, new = _make(engine_class, cell), _new(engine_class, cell)
    used.train_epoch(_steps(3))
    parameters = {name: used.get_state()[name] for name in _network(cell).parameter_shapes}
    for engine in (used, new):
        engine.set_state(parameters)
        _expect(int(engine.get_state()["optimizer.step"]) == 0, "optimizer.step goes on after a state without it")
        engine.train_epoch(_steps(2))
    _same(used.get_state(), new.get_state())


def check_step_losses(engine_class: EngineClass, cell: str) -> None:
    """An entry a step: the loss before its update, summed, as stepping down the names gives it; the characters."""
    for dtype, tolerance in (("float32", 1e-4), ("float64", 1e-10)):
        engine = _make(engine_class, cell, dtype=dtype)
        steps = list(_steps(3))
        reader = _make(engine_class, cell, train=False, dtype=dtype)
        for batch, rate in steps:
            reader.set_state(engine.get_state())
            losses = engine.train_epoch(iter([(batch, rate)]))
            _expect(losses.loss_sum.dtype == np.float64 and losses.characters.dtype == np.int64, "dtypes of StepLosses")
            _expect(losses.loss_sum.shape == losses.characters.shape == (1,), "an entry for each step")
            _expect(losses.characters.tolist() == [batch.characters], "characters of the batch, STOPs counted")
            expected = _loss(reader, batch)
            found = float(losses.loss_sum[0])
            _expect(
                abs(found - expected) <= tolerance * expected,
                f"the loss of the step is {found}: stepping through its names gives {expected}",
            )


def check_steps_in_order(engine_class: EngineClass, cell: str) -> None:
    """One stream of steps does what the same steps do in streams of their own; an empty stream does nothing."""
    together, apart = _make(engine_class, cell), _make(engine_class, cell, number=1)
    steps = [(batch, 0.01 * (1 + place)) for place, (batch, _) in enumerate(_steps(5))]
    losses = together.train_epoch(iter(steps))
    single = [apart.train_epoch(iter([step])) for step in steps]
    np.testing.assert_array_equal(losses.loss_sum, np.concatenate([one.loss_sum for one in single]))
    np.testing.assert_array_equal(losses.characters, np.concatenate([one.characters for one in single]))
    _same(together.get_state(), apart.get_state())
    nothing = together.train_epoch(iter(()))
    _expect(nothing.loss_sum.shape == nothing.characters.shape == (0,), "an empty stream gives no entries")
    _same(together.get_state(), apart.get_state())


def check_early_end(engine_class: EngineClass, cell: str) -> None:
    """A stream that ends before its time is a normal end: every step that was taken is applied and reported."""
    engine, other = _make(engine_class, cell), _make(engine_class, cell, number=1)
    taken: list[tuple[Batch, float]] = []

    def stream() -> Iterator[tuple[Batch, float]]:
        for step in _steps(6):
            if len(taken) == 3:
                return
            taken.append(step)
            yield step

    losses = engine.train_epoch(stream())
    other.train_epoch(iter(taken))
    _expect(losses.loss_sum.shape == (3,), f"3 steps were taken, {losses.loss_sum.shape} are reported")
    _same(engine.get_state(), other.get_state())


def check_rates(engine_class: EngineClass, cell: str) -> None:
    """Each step moves by its own rate: not at all by zero, and by another one elsewhere."""
    engine, other = _make(engine_class, cell), _make(engine_class, cell, number=1)
    names = list(_network(cell).parameter_shapes)
    kept = engine.get_state()
    engine.train_epoch((batch, 0.0) for batch, _ in _steps(2))
    state = engine.get_state()
    _same({name: state[name] for name in names}, {name: kept[name] for name in names})
    engine.train_epoch(_steps(1, rate=0.01))
    other.train_epoch(_steps(1, rate=0.02))
    found, expected = engine.get_state(), other.get_state()
    _expect(not np.array_equal(found["output.bias"], kept["output.bias"]), "a step changes nothing")
    _expect(not np.array_equal(found["output.bias"], expected["output.bias"]), "the learning rate changes nothing")


def check_determinism(engine_class: EngineClass, cell: str) -> None:
    """Two engines with the same parameters and batches have the same bits."""
    one, other = _make(engine_class, cell), _make(engine_class, cell, number=1)
    losses = [engine.train_epoch(_steps(6)).loss_sum for engine in (one, other)]
    np.testing.assert_array_equal(losses[0], losses[1])
    _same(one.get_state(), other.get_state())
    for found, expected in zip(_read(one, TOKENS), _read(other, TOKENS), strict=True):
        np.testing.assert_array_equal(found, expected)


def check_warm_up(engine_class: EngineClass, cell: str) -> None:
    """Warming up changes nothing that can be observed, neither at once nor later."""
    warm, cold = _new(engine_class, cell), _make(engine_class, cell)
    kept = warm.get_state()
    warm.warm_up(next(_steps(1))[0])
    _same(warm.get_state(), kept)
    losses = [engine.train_epoch(_steps(2)).loss_sum for engine in (warm, cold)]
    np.testing.assert_array_equal(losses[0], losses[1])
    _same(warm.get_state(), cold.get_state())


def check_learning(engine_class: EngineClass, cell: str) -> None:
    """Forty updates on one small batch bring its loss down."""
    engine = _make(engine_class, cell)
    batch = Batch(PrefixTree.from_names(NAMES, VOCABULARY))
    losses = engine.train_epoch((batch, 0.02) for _ in range(40)).loss_sum
    _expect(losses[-1] < 0.97 * losses[0], f"40 steps took the loss from {losses[0]} to {losses[-1]}")


CONFORMANCE_CHECKS: dict[str, Check] = {
    "attributes": check_attributes,
    "as a language model": check_as_language_model,
    "reading only": check_reading_only,
    "state names": check_state_names,
    "state round trip": check_state_round_trip,
    "state is a copy": check_state_is_a_copy,
    "unfit states": check_unfit_states,
    "optimizer restarts": check_optimizer_restarts,
    "step losses": check_step_losses,
    "steps in order": check_steps_in_order,
    "early end": check_early_end,
    "rates": check_rates,
    "determinism": check_determinism,
    "warm-up": check_warm_up,
    "learning": check_learning,
}


# Of an engine that computes the network of namegen: the NumPy engine is what it must equal.


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """The same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        engine = _make(engine_class, cell, train=False, dtype=dtype)
        reference = _make(_reference(), cell, number=9, train=False, dtype=dtype)
        for found, expected in zip(_read(engine, TOKENS), _read(reference, TOKENS), strict=True):
            _close(found, expected, f"{cell} in {dtype}")


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """By each optimizer, the same losses and the same parameters over 20 steps; clipped in some of them."""
    _check_same_training(engine_class, cell)
    _check_same_training(engine_class, cell, optimizer="momentum", momentum=0.8)
    _check_same_training(engine_class, cell, optimizer="rmsprop")
    _check_same_training(engine_class, cell, optimizer="sgd", clip_norm=CLIP_NORMS[cell])


def check_same_training_in_float32(engine_class: EngineClass, cell: str) -> None:
    """In single precision too, as far as its rounding lets them."""
    _check_same_training(engine_class, cell, dtype="float32", tolerance=1e-3)


def check_same_without_through_time(engine_class: EngineClass, cell: str) -> None:
    """The same where no gradient passes through the hidden state."""
    _check_same_training(engine_class, cell, through_time=False)


NETWORK_CHECKS: dict[str, Check] = {
    "same logits": check_same_logits,
    "same training": check_same_training,
    "same training in float32": check_same_training_in_float32,
    "same without through_time": check_same_without_through_time,
}


def _check_same_training(
    engine_class: EngineClass, cell: str, *, dtype: str = "float64", tolerance: float = 1e-9, **settings: Any
) -> None:
    """``tolerance`` is a share of a tensor's largest value, as in the design's law of parity."""
    engine = _make(engine_class, cell, dtype=dtype, **settings)
    reference = _make(_reference(), cell, number=9, dtype=dtype, **settings)  # another one, also for the NumPy engine
    losses, expected_losses = (one.train_epoch(_steps(20)).loss_sum for one in (engine, reference))
    np.testing.assert_allclose(losses, expected_losses, rtol=tolerance, err_msg=f"losses, {cell}, {settings}")
    state, expected = engine.get_state(), reference.get_state()
    _expect(state.keys() == expected.keys(), f"the states differ in {sorted(state.keys() ^ expected.keys())}")
    for name, values in expected.items():
        largest = float(np.abs(values).max())
        np.testing.assert_allclose(
            state[name], values, rtol=0, atol=tolerance * largest, err_msg=f"{name}, {cell}, {settings}"
        )


def _reference() -> EngineClass:
    from namegen.backends.numpy_engine.engine import NumpyEngine

    return NumpyEngine


# What the checks are made of.


def _network(cell: str) -> Network:
    return Network(VOCABULARY.size, cell, hidden=(6, 5))


def _make(
    engine_class: EngineClass,
    cell: str,
    *,
    number: int = 0,
    train: bool = True,
    dtype: str = "float32",
    seed: int = 1,
    **settings: Any,
) -> Engine:
    """A small engine as good as new: parameters, biases too, drawn from the seed, and an optimizer that starts anew.

    Some engines compile for seconds, so the checks share them. A check that needs several gives each a ``number``.
    """
    engine = _shared(engine_class, cell, number, train, dtype, tuple(sorted(settings.items())))
    _start(engine, cell, seed)
    return engine


def _new(engine_class: EngineClass, cell: str) -> Engine:
    """An engine that no check has used yet."""
    engine: Engine = engine_class(_network(cell), TrainingSettings(), threads=1)
    _start(engine, cell, seed=1)
    return engine


@lru_cache(maxsize=64)
def _shared(
    engine_class: EngineClass, cell: str, number: int, train: bool, dtype: str, settings: tuple[tuple[str, Any], ...]
) -> Engine:
    training = TrainingSettings(**dict(settings)) if train else None
    engine: Engine = engine_class(_network(cell), training, threads=1, dtype=dtype)
    return engine


def _start(engine: Engine, cell: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    engine.set_state({name: rng.normal(0, 0.5, shape) for name, shape in _network(cell).parameter_shapes.items()})


def _steps(count: int, rate: float = 0.02) -> Iterator[tuple[Batch, float]]:
    """So many steps on batches of the names, the same each time."""
    maker = BatchMaker(NAMES, VOCABULARY)
    batches = (batch for epoch in range(count) for batch in maker.epoch(epoch, batch_size=6, seed=3))
    return islice(((batch, rate) for batch in batches), count)


def _read(model: LanguageModel, tokens: Int32[Array, "R T"]) -> list[Array]:
    """The logits after START and after each token, one array ``(R, V)`` a depth."""
    state: State = model.initial_state(len(tokens))
    found = []
    for column in (np.zeros(len(tokens), np.int32), *tokens.T):
        logits, state = model.step(np.ascontiguousarray(column), state)
        found.append(logits)
    return found


def _loss(model: LanguageModel, batch: Batch) -> float:
    """The loss of the batch in nats, by stepping through its distinct names."""
    tokens, lengths, counts = batch.sequences()
    total = 0.0
    for depth, logits in enumerate(_read(model, tokens[:, :-1])):
        wide = logits.astype(np.float64)
        log_p = wide - np.logaddexp.reduce(wide, axis=1, keepdims=True)
        rows = np.flatnonzero(depth <= lengths)  # their next token is a character, or the boundary at their end
        total -= float(counts[rows] @ log_p[rows, tokens[rows, depth]])
    return total


def _expect(holds: bool | np.bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _expect_error(kind: type[Exception], call: Callable[[], object], what: str) -> None:
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{what} was let through: expected {kind.__name__}")


def _close(found: Array, expected: Array, what: str) -> None:
    """Equal but for rounding: of a matrix product's own order of adding, no more."""
    tolerance = 1e-5 if found.dtype == np.float32 else 1e-12
    largest = float(np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1.0, largest), err_msg=what)


def _same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Bit for bit."""
    _expect(found.keys() == expected.keys(), f"the states differ in {sorted(found.keys() ^ expected.keys())}")
    for name, values in expected.items():
        _expect(found[name].dtype == values.dtype, f"{name} is {found[name].dtype}: expected {values.dtype}")
        np.testing.assert_array_equal(found[name], values, err_msg=name)

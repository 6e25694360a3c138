"""TensorEngine, with a tiny engine on NumPy arrays: its gradients are the NumPy engine's, all else is the base's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from namegen.backends.base import TensorEngine, Tensors
from namegen.backends.numpy_engine.engine import Model, NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.engine import Engine, Step
from namegen.core.network.architecture import Network, Shape
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import CELLS, OPTIMIZERS, NetworkSettings, TrainingSettings
from namegen.errors import EngineError
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS, VOCABULARY
from namegen.testing.material import small_steps
from namegen.types import Array

NETWORK = RecurrentNetwork(VOCABULARY.size, "lstm", hidden=(6, 5))


class ArrayEngine(TensorEngine):
    """A tensor is an array; the mathematics is borrowed."""

    name: ClassVar[str] = "array"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()

    def to_tensor(self, array: Array) -> Array:
        array.flags.writeable = False  # whoever changes a tensor in place is found out
        return array

    def to_array(self, tensor: Array) -> Array:
        return tensor

    def model(self, parameters: Tensors) -> Model:
        model = Model(self.network, through_time=not self.training or self.training.through_time, dtype=self.dtype)
        for name, values in parameters.items():
            model.parameters[name][...] = values
        return model

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
        model = self.model(parameters)
        return model.loss_and_gradient(batch), model.gradients

    def initial_state(self, rows: int) -> tuple[Array, ...]:
        return tuple(layer.initial_state(rows).swapaxes(0, 1) for layer in self.model(self.parameters).recurrent)

    def step(self, tokens: Array, state: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        logits, after = self.model(self.parameters).step(tokens, [layer.swapaxes(0, 1) for layer in state])
        return logits, tuple(layer.swapaxes(0, 1) for layer in after)


def pair(dtype: str = "float32", **settings: Any) -> tuple[Engine, Engine]:
    """An engine on the base and the NumPy engine, with the same parameters."""
    training, rng = TrainingSettings(**settings), np.random.default_rng(4)
    state = {name: rng.normal(0, 0.5, shape) for name, shape in NETWORK.parameter_shapes.items()}
    engines: tuple[Engine, Engine] = (
        ArrayEngine(NETWORK, training, threads=1, dtype=dtype),
        NumpyEngine(NETWORK, training, threads=1, dtype=dtype),
    )
    for engine in engines:
        engine.set_state(state)
    return engines


def assert_same(found: Mapping[str, Array], expected: Mapping[str, Array]) -> None:
    """Bit for bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)


@pytest.mark.parametrize("check", [*CONFORMANCE_CHECKS, *NETWORK_CHECKS])
@pytest.mark.parametrize("cell", CELLS)
def test_an_engine_on_the_base_passes_every_check(check: str, cell: str) -> None:
    {**CONFORMANCE_CHECKS, **NETWORK_CHECKS}[check](ArrayEngine, cell)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_updates_are_those_of_the_numpy_engine_bit_for_bit(optimizer: str, dtype: str) -> None:
    """The gradients are the same, so whatever differs would be the update's."""
    engine, reference = pair(dtype, optimizer=optimizer)
    losses = [one.train_epoch(small_steps(12, masked=NETWORK)).loss_sum for one in (engine, reference)]
    np.testing.assert_array_equal(*losses)
    assert_same(engine.get_state(), reference.get_state())


def test_gradients_are_clipped_after_they_are_masked() -> None:
    """The other way round, what is masked would count for the norm, and all steps would be shorter."""
    engine, reference = pair("float64", optimizer="sgd", clip_norm=0.1)
    for step in small_steps(6, rate=0.5, masked=NETWORK):
        for one in (engine, reference):
            one.train_epoch(iter([step]))
    for name, values in reference.get_state().items():
        np.testing.assert_allclose(engine.get_state()[name], values, rtol=1e-11, atol=1e-13, err_msg=name)


class Arithmetic:
    """A tensor of a library that has the five operators and nothing else, least of all a way to change one."""

    def __init__(self, values: Array) -> None:
        self.values = values


for operator in ("add", "sub", "mul", "truediv", "pow", "rsub", "rmul", "radd"):

    def operate(self: Arithmetic, other: Any, _name: str = f"__{operator}__") -> Arithmetic:
        values = other.values if isinstance(other, Arithmetic) else other
        assert type(values) in (np.ndarray, float, int), type(values)  # float64 of NumPy would widen float32
        return Arithmetic(getattr(self.values, _name)(values))

    setattr(Arithmetic, f"__{operator}__", operate)


class ArithmeticEngine(ArrayEngine):
    """Its tensors can do no more than the base promises to ask of them."""

    def to_tensor(self, array: Array) -> Arithmetic:  # type: ignore[override]
        return Arithmetic(array)

    def to_array(self, tensor: Arithmetic) -> Array:  # type: ignore[override]
        return tensor.values

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
        arrays = {name: tensor.values for name, tensor in parameters.items()}
        loss, gradients = super().loss_and_gradients(arrays, batch)
        return loss, {name: Arithmetic(values) for name, values in gradients.items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_base_asks_for_arithmetic_alone(optimizer: str) -> None:
    settings = TrainingSettings(optimizer=optimizer, clip_norm=0.3)
    engine, reference = (kind(NETWORK, settings, threads=1) for kind in (ArithmeticEngine, ArrayEngine))
    state = pair()[0].get_state()
    for one in (engine, reference):
        one.set_state(state if optimizer == "adam" else {name: state[name] for name in NETWORK.parameter_shapes})
        one.train_epoch(small_steps(4, masked=NETWORK))
    assert_same(engine.get_state(), reference.get_state())


def test_an_exploded_gradient_is_clipped_and_not_lost() -> None:
    """The squares of these gradients are beyond float32; the step is as long as the norm allows."""

    class Exploding(ArrayEngine):
        def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
            return 1.0, {name: np.full_like(values, 1e25) for name, values in parameters.items()}

    engine = Exploding(NETWORK, TrainingSettings(optimizer="sgd", clip_norm=0.5), threads=1)
    engine.train_epoch(small_steps(1, rate=1.0))
    length = np.sqrt(sum(np.square(values, dtype=np.float64).sum() for values in engine.parameters.values()))
    assert length == pytest.approx(0.5, rel=1e-5)


def test_a_loss_is_read_only_when_all_steps_are_made() -> None:
    """So a library that computes behind one's back is not waited for in each step."""
    events = []

    class Late:
        def __float__(self) -> float:
            events.append("read")
            return 1.0

    class Lazy(ArrayEngine):
        def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[Late, Tensors]:
            events.append("step")
            return Late(), parameters

    Lazy(NETWORK, TrainingSettings(), threads=1).train_epoch(small_steps(3))
    assert events == ["step"] * 3 + ["read"] * 3


def test_warming_up_makes_a_step_and_forgets_it() -> None:
    made = []

    class Counting(ArrayEngine):
        def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
            made.append(batch)
            return super().loss_and_gradients(parameters, batch)

    engine = Counting(NETWORK, TrainingSettings(), threads=1)
    before = engine.get_state()
    step: Step = next(small_steps(1))
    engine.warm_up(step)
    assert made == [step.batch]
    assert_same(engine.get_state(), before)
    Counting(NETWORK, None, threads=1).warm_up(step)
    assert made == [step.batch], "an engine that only reads has nothing to warm up but its step"


class Other(Network):
    """An architecture that the engine does not know."""

    architecture: ClassVar[str] = "other"
    parameter_shapes: ClassVar[dict[str, Shape]] = {}  # type: ignore[misc]
    summary: ClassVar[str] = "other"  # type: ignore[misc]

    @classmethod
    def from_settings(cls, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0) -> Network:
        return cls(vocabulary_size)


def test_refusals() -> None:
    with pytest.raises(EngineError, match="array does not know the architecture 'other': expected rnn"):
        ArrayEngine(Other(4), None, threads=1)
    with pytest.raises(EngineError, match=r"dtype 'float16'.*use float32 or float64"):
        ArrayEngine(NETWORK, None, threads=1, dtype="float16")
    with pytest.raises(EngineError, match="made without training settings"):
        ArrayEngine(NETWORK, None, threads=1).train_epoch(iter(()))
    with pytest.raises(TypeError, match="abstract"):
        TensorEngine(NETWORK, None, threads=1)  # type: ignore[abstract]

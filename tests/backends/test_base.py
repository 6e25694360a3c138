"""Test ``TensorEngine`` and ``PaddedRows``.

The tests use a small engine that gets its gradients from the NumPy engine and everything else from the base class.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.backends.base import PaddedRows, TensorEngine, Tensors
from namegen.backends.numpy_engine.engine import Model, NumpyEngine
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.network.architecture import Network, RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.testing import CONFORMANCE_CHECKS, NETWORK_CHECKS, VOCABULARY
from namegen.testing.material import small_parameters, small_steps
from namegen.types import Array
from tests.lion import LION
from tests.reading import assert_same_state

NETWORK = RecurrentNetwork(VOCABULARY.size, "lstm", hidden=(6, 5), labels=2)


@pytest.fixture(autouse=True)
def _lion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "lion", LION)


class ArrayEngine(TensorEngine):
    """An engine whose tensors are NumPy arrays. The NumPy engine computes its logits and gradients."""

    name: ClassVar[str] = "array"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()

    def to_tensor(self, array: Array) -> Array:
        array.flags.writeable = False  # changing a tensor in place raises an error
        return array

    def to_array(self, tensor: Array) -> Array:
        return tensor

    def model(self, parameters: Tensors) -> Model:
        model = Model(
            self.network,
            bptt=not self.training or self.training.bptt,
            dtype=self.dtype,
        )
        for name, values in parameters.items():
            model.parameters[name][...] = values
        return model

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
        model = self.model(parameters)
        return model.loss_and_gradient(batch), model.gradients

    def initial_state(self, rows: int) -> tuple[Array, ...]:
        return tuple(
            layer.start.repeat(rows, axis=1).swapaxes(0, 1)
            for layer in self.model(self.parameters).recurrent
        )

    def step(self, tokens: Array, state: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
        logits, after = self.model(self.parameters).step(
            tokens, [layer.swapaxes(0, 1) for layer in state]
        )
        return logits, tuple(layer.swapaxes(0, 1) for layer in after)


@pytest.mark.parametrize("check", [*CONFORMANCE_CHECKS, *NETWORK_CHECKS])
def test_the_array_engine_passes_every_check(check: str) -> None:
    """One cell is enough because the base class doesn't depend on the cell."""
    {**CONFORMANCE_CHECKS, **NETWORK_CHECKS}[check](ArrayEngine, "lstm")


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "lion"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_updates_equal_the_numpy_engines_bit_for_bit(optimizer: str, dtype: str) -> None:
    """The gradients are the same, so any difference would come from the update."""
    losses = []
    states = []
    for kind in (ArrayEngine, NumpyEngine):
        engine = kind(NETWORK, TrainingSettings(optimizer=optimizer), threads=1, dtype=dtype)
        engine.set_state(small_parameters(NETWORK))
        losses.append(engine.train_epoch(small_steps(12, masked=NETWORK)).loss_sum)
        states.append(engine.get_state())
    np.testing.assert_array_equal(*losses)
    assert_same_state(*states)


class Arithmetic:
    """An immutable tensor that supports nothing but the five arithmetic operators."""

    def __init__(self, values: Array) -> None:
        self.values = values


for operator in ("add", "sub", "mul", "truediv", "pow", "rsub", "rmul", "radd", "rpow"):

    def operate(self: Arithmetic, other: Any, _name: str = f"__{operator}__") -> Arithmetic:
        values = other.values if isinstance(other, Arithmetic) else other
        # A NumPy float64 scalar would turn float32 arrays into float64.
        assert type(values) in (np.ndarray, float, int), type(values)
        return Arithmetic(getattr(self.values, _name)(values))

    setattr(Arithmetic, f"__{operator}__", operate)


class ArithmeticEngine(ArrayEngine):
    """An engine whose tensors support only the operations that the base class is allowed to use."""

    def to_tensor(self, array: Array) -> Arithmetic:  # type: ignore[override]
        return Arithmetic(array)

    def to_array(self, tensor: Arithmetic) -> Array:  # type: ignore[override]
        return tensor.values

    def loss_and_gradients(self, parameters: Tensors, batch: Batch) -> tuple[float, Tensors]:
        arrays = {name: tensor.values for name, tensor in parameters.items()}
        loss, gradients = super().loss_and_gradients(arrays, batch)
        return loss, {name: Arithmetic(values) for name, values in gradients.items()}


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "lion"])
def test_the_base_class_only_needs_arithmetic(optimizer: str) -> None:
    settings = TrainingSettings(optimizer=optimizer, clip_norm=0.3)
    states = []
    for kind in (ArithmeticEngine, ArrayEngine):
        engine = kind(NETWORK, settings, threads=1)
        engine.set_state(small_parameters(NETWORK))
        engine.train_epoch(small_steps(4, masked=NETWORK))
        states.append(engine.get_state())
    assert_same_state(*states)


ABC = Vocabulary("abc")


@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=1, max_size=12))
def test_padded_rows_contain_each_name_with_its_count(names: list[str]) -> None:
    rows = PaddedRows.of(Batch(PrefixTree.from_names(names, ABC)))
    found = {}
    for inputs, wanted, weights in zip(rows.inputs, rows.wanted, rows.weights, strict=True):
        places = np.flatnonzero(weights)
        assert places.tolist() == list(range(len(places)))
        assert len(set(weights[places])) == 1
        assert wanted[places[-1]] == 0
        assert inputs.tolist() == [0, *wanted[:-1]]
        found[ABC.decode(wanted[places[:-1]])] = weights[0]
    assert found == Counter(names)


def test_targets_are_aligned_with_their_prefixes() -> None:
    tree = PrefixTree.from_names(["ab", "ac", "b"], ABC)
    targets = np.eye(4, dtype=np.float32)[np.arange(tree.nodes) % 4]
    rows = PaddedRows.of(Batch(tree, targets))
    for inputs, wanted, weights in zip(rows.inputs, rows.wanted, rows.weights, strict=True):
        node = 0
        for place in np.flatnonzero(weights):
            if place:
                (node,) = np.flatnonzero((tree.parent == node) & (tree.token == inputs[place]))
            np.testing.assert_array_equal(wanted[place], targets[node])

"""KerasEngine: the network in stock Keras on TensorFlow, behind the Engine protocol.

Compiling takes seconds, and XLA keeps what it has compiled until the process ends (25 MB per training program). So
layers, optimizer and compiled programs are a ``CompiledModel``, which is reused: when its engine is deleted, it waits
for the next engine with the same network and settings. In a sweep, or a comparison over seeds, only the first run
compiles, and memory doesn't grow.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, NamedTuple, TypeAlias, cast

import numpy as np

from namegen.backends.keras_engine.layers import Layers
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.packing import NODES, STEPS
from namegen.backends.keras_engine.program import TrainingProgram
from namegen.backends.keras_engine.tensorflow_setup import set_threads, tf
from namegen.core.engine import State, Step, StepLosses, cannot_train, check_dtype
from namegen.core.network.architecture import (
    Network,
    RecurrentNetwork,
    checked_masks,
    checked_tensors,
)
from namegen.core.network.cells import CELLS
from namegen.core.settings import TrainingSettings
from namegen.types import Array, Float, Int, Int32

KEPT = 8  # how many unused models are kept; the oldest is deleted first
KerasState: TypeAlias = list[Array]  # (B, H) each, for every layer, h first


class ModelKey(NamedTuple):
    """Everything that a compiled model depends on. All other settings are data."""

    network: RecurrentNetwork
    training: TrainingSettings | None
    dtype: str


class CompiledModel:
    """Layers, optimizer and compiled programs, used by one engine at a time."""

    def __init__(self, key: ModelKey) -> None:
        """Create Keras's layers and optimizer, and the programs that call them.

        TensorFlow compiles a program at its first call, which takes seconds.
        """
        self.key = key
        self.layers = Layers(key.network, dtype=key.dtype)
        # None for an engine that doesn't train.
        self.optimizer: KerasOptimizer | None = None
        self.program: TrainingProgram | None = None
        if key.training is not None:
            self.optimizer = KerasOptimizer(key.training, self.layers)
            self.program = TrainingProgram(self.layers, self.optimizer)
        # Reading one token per row is one graph for any number of rows: padding to a few sizes and compiling each of
        # them with XLA wasn't faster.
        state = [tf.TensorSpec([None, width], key.dtype) for width in key.network.state_widths]
        signature = [tf.TensorSpec([None], tf.int32), state]
        self.step = tf.function(self.layers.step, autograph=False, input_signature=signature)

    def reset(self) -> None:
        """Set all parameters and the optimizer's state to zeros."""
        for variable in self.layers.parameters.values():
            variable.assign(np.zeros(variable.shape, self.key.dtype))
        if self.optimizer is not None:
            self.optimizer.set_state(None)


_unused: deque[CompiledModel] = deque(maxlen=KEPT)


def borrow(key: ModelKey) -> CompiledModel:
    """Return an unused model, or a new one. Only the caller may use it until it's in ``_unused`` again."""
    for model in _unused:
        if model.key == key:
            _unused.remove(model)
            model.reset()
            return model
    return CompiledModel(key)


class KerasEngine:
    """The network in stock Keras layers, trained by compiled programs of several updates each.

    Args:
        network: the shapes.
        training: optimizer, clipping and ``bptt``. None for an engine that doesn't train.
        threads: TensorFlow's threads. The first engine of a process decides.
        dtype: ``float32``, or ``float64`` for checks.

    Raises:
        EngineError: the dtype is something else.
    """

    name: ClassVar[str] = "keras"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ("keras", "tensorflow")

    def __init__(
        self,
        network: RecurrentNetwork,
        training: TrainingSettings | None,
        *,
        threads: int,
        dtype: str = "float32",
    ) -> None:
        """Create an engine for a network. Without training settings, it has no optimizer and only makes predictions."""
        check_dtype(dtype)
        set_threads(threads)
        settings = None if training is None else training.of_updates
        self.network = network
        self.dtype = dtype
        # Take an unused model with the same settings, if there is one. It becomes unused again when this engine is
        # deleted, so that the next engine doesn't have to compile it.
        self.model = borrow(ModelKey(network, settings, dtype))
        weakref.finalize(self, _unused.append, self.model).atexit = False

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> KerasState:
        """Return the state before the start token: zeros for every layer."""
        return [np.zeros((rows, width), self.dtype) for width in self.network.state_widths]

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float[Array, "B V"], KerasState]:
        """Read one token per row."""
        before = [tf.constant(values) for values in cast(KerasState, state)]
        logits, after = self.model.step(tf.constant(tokens), before)
        return logits.numpy(), [values.numpy() for values in after]

    def select(self, state: State, rows: Int[Array, "K"]) -> KerasState:
        """Gather rows of a state. NumPy does this faster than a call to TensorFlow."""
        return [values.take(rows, axis=0) for values in cast(KerasState, state)]

    def warm_up(self, step: Step) -> None:
        """Compile the training program and the step."""
        if self.model.program is not None:
            checked_masks(self.network, step.masks)
            self.model.program.compile(step)
        self.step(np.zeros(1, np.int32), self.initial_state(1))

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """Make one update of the parameters for each step. One call of the compiled program makes several updates.

        Args:
            steps: the names of each update, its learning rate, and its dropout masks.

        Returns:
            For each step, the loss before its update in nats, and the number of characters.
        """
        if self.model.program is None:
            raise cannot_train()
        losses: list[Array] = [np.zeros(0)]
        characters: list[int] = []
        for call in self._calls(steps):
            losses.append(self.model.program.run(call))
            characters += [step.batch.characters for step in call]
        return StepLosses(np.concatenate(losses), np.array(characters, np.int64))

    def _calls(self, steps: Iterable[Step]) -> Iterator[list[Step]]:
        """Group consecutive steps into calls of the program, which has fixed limits.

        All steps of a call have masks of the same shapes. A call has at most ``STEPS`` steps, and at most ``NODES``
        nodes of trees, unless a single step already has more.
        """
        call: list[Step] = []
        call_shapes: dict[str, tuple[int, ...]] = {}
        nodes = 0
        for step in steps:
            masks = checked_masks(self.network, step.masks)
            shapes = {name: mask.shape for name, mask in masks.items()}
            is_full = len(call) == STEPS or nodes + step.batch.tree.nodes > NODES
            if call and (is_full or shapes != call_shapes):
                yield call
                call = []
                nodes = 0
            call.append(step)
            call_shapes = shapes
            nodes += step.batch.tree.nodes
        if call:
            yield call

    def get_state(self) -> dict[str, Array]:
        """Copy the parameters and the optimizer's state."""
        parameters = self.model.layers.parameters
        state = {name: np.array(variable.numpy()) for name, variable in parameters.items()}
        if self.model.optimizer is not None:
            state |= self.model.optimizer.get_state()
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Set the parameters, and the optimizer's state if there is one."""
        optimizer = self.model.optimizer
        slots = () if optimizer is None else tuple(optimizer.variables)
        parameters, optimizer_state = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.layers.parameters[name].assign(values.astype(self.dtype))
        if optimizer is not None:
            optimizer.set_state(optimizer_state)

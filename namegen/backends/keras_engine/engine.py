"""KerasEngine: the network in stock Keras on TensorFlow, behind the Engine protocol."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeAlias, cast

import numpy as np

from namegen.backends.keras_engine.compiled_model import Kind, borrow, give_back
from namegen.backends.keras_engine.layers import CELLS
from namegen.backends.keras_engine.program import NODES, STEPS, mask_shapes, nodes
from namegen.backends.keras_engine.tensorflow_setup import set_threads, tf
from namegen.core.engine import State, Step, StepLosses
from namegen.core.network.architecture import Network, checked_tensors
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.types import Array, Float, Int, Int32

KerasState: TypeAlias = list[Array]  # (B, H) each: of every layer h, of LSTM h and c


class KerasEngine:
    """The network in stock Keras layers, trained by compiled programs of several updates each.

    Args:
        network: its shapes.
        training: optimizer, clipping, ``through_time``; None for an engine that only reads.
        threads: TensorFlow's threads. The first engine of a process decides.
        dtype: ``float32``, or ``float64`` for checks.
    """

    name: ClassVar[str] = "keras"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ("keras", "tensorflow")

    def __init__(
        self, network: RecurrentNetwork, training: TrainingSettings | None, *, threads: int, dtype: str = "float32"
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise EngineError(f"the dtype {dtype!r} is not one that the engine computes in: use float32 or float64")
        set_threads(threads)
        self.network = network
        self.dtype = dtype
        self.model = borrow(Kind.of(network, training, dtype))
        weakref.finalize(self, give_back, self.model).atexit = False

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> KerasState:
        """Zeros for every layer."""
        return [np.zeros((rows, width), self.dtype) for width in self.network.state_widths]

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], KerasState]:
        """Read one token a row."""
        logits, after = self.model.step(
            tf.constant(tokens), [tf.constant(values) for values in cast(KerasState, state)]
        )
        return logits.numpy(), [values.numpy() for values in after]

    def select(self, state: State, rows: Int[Array, "K"]) -> KerasState:
        """Gather rows of a state: NumPy does it faster than a call into TensorFlow (10,000 rows: 0.10 and 0.14 ms)."""
        return [values.take(rows, axis=0) for values in cast(KerasState, state)]

    def warm_up(self, step: Step) -> None:
        """Compile the training program and the step."""
        if self.model.optimizer is not None:
            self.model.program(mask_shapes(self.network, step)).compile(step)
        self.step(np.zeros(1, np.int32), self.initial_state(1))

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """One update for each step, several with masks of the same shapes in a call."""
        program = self.model.program()  # an engine that cannot train says so before it takes a step
        losses: list[Array] = [np.zeros(0)]
        characters: list[int] = []
        waiting: list[Step] = []

        def apply() -> None:
            if waiting:
                losses.append(program.run(waiting))
            waiting.clear()

        for step in steps:
            masks = mask_shapes(self.network, step)
            full = len(waiting) == STEPS or sum(map(nodes, waiting)) + nodes(step) > NODES
            if full or masks != program.masks:
                apply()
                program = self.model.program(masks)
            waiting.append(step)
            characters.append(step.batch.characters)
        apply()
        return StepLosses(np.concatenate(losses), np.array(characters, np.int64))

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters and of the optimizer's state."""
        state = {name: np.array(variable.numpy()) for name, variable in self.model.layers.parameters.items()}
        return state if self.model.optimizer is None else {**state, **self.model.optimizer.get_state()}

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there."""
        slots = () if self.model.optimizer is None else self.model.optimizer.slots
        parameters, optimizer = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.layers.parameters[name].assign(values.astype(self.dtype))
        if self.model.optimizer is not None:
            self.model.optimizer.set_state(optimizer)

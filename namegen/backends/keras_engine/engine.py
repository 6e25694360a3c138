"""KerasEngine: the network in stock Keras on TensorFlow, behind the Engine protocol.

Layers, optimizer and compiled programs are a ``CompiledModel``, lent to one engine after another. XLA keeps what it has
compiled until the process ends (25 MB a training program), and compiling takes seconds. So a model whose engine is gone
waits here for the next engine of the same kind: in a sweep or a comparison over seeds only the first training compiles,
and memory stays flat.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple, TypeAlias, cast

import numpy as np

from namegen.backends.keras_engine.layers import Layers
from namegen.backends.keras_engine.optimizers import KerasOptimizer, make_optimizer
from namegen.backends.keras_engine.program import (
    NODES,
    STEPS,
    MaskShapes,
    TrainingProgram,
    mask_shapes,
    nodes,
)
from namegen.backends.keras_engine.tensorflow_setup import set_threads, tf
from namegen.core.engine import State, Step, StepLosses
from namegen.core.network.architecture import Network, RecurrentNetwork, checked_tensors
from namegen.core.network.cells import CELLS
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.types import Array, Float, Int, Int32

KEPT = 8  # models that wait for an engine; the one that has waited longest goes first
KerasState: TypeAlias = list[Array]  # (B, H) each: every layer's, h first


class Kind(NamedTuple):
    """All that a compiled model depends on; the rest of the settings reaches it as data."""

    network: RecurrentNetwork
    training: TrainingSettings | None
    dtype: str


class CompiledModel:
    """What one engine works with: ``layers``; ``optimizer`` and ``programs`` if it trains; ``step``, compiled."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.layers = Layers(kind.network, dtype=kind.dtype)
        self.optimizer: KerasOptimizer | None = None
        self._programs: dict[MaskShapes, TrainingProgram] = {}
        if kind.training is not None:
            self.optimizer = make_optimizer(kind.training, self.layers)
        # One graph for any number of rows: padding to a few counts and compiling each with XLA was no faster.
        self.step = tf.function(
            self.layers.step,
            autograph=False,
            input_signature=[
                tf.TensorSpec([None], tf.int32),
                [tf.TensorSpec([None, width], kind.dtype) for width in kind.network.state_widths],
            ],
        )

    def program(self, masks: MaskShapes = ()) -> TrainingProgram:
        """The program for steps with masks of these shapes, made when it is first asked for.

        Raises:
            EngineError: the model was made without an optimizer.
        """
        if self.optimizer is None:
            raise EngineError(
                "this backend was made without training settings: it cannot train; make one with them"
            )
        if masks not in self._programs:
            self._programs[masks] = TrainingProgram(self.layers, self.optimizer, masks)
        return self._programs[masks]

    def reset(self) -> None:
        """As new: zeros everywhere."""
        for variable in self.layers.parameters.values():
            variable.assign(np.zeros(variable.shape, self.kind.dtype))
        if self.optimizer is not None:
            self.optimizer.set_state(None)


_waiting: deque[CompiledModel] = deque(maxlen=KEPT)


def borrow(kind: Kind) -> CompiledModel:
    """A model for one engine alone: one that waits, or a new one."""
    for model in _waiting:
        if model.kind == kind:
            _waiting.remove(model)
            model.reset()
            return model
    return CompiledModel(kind)


give_back = _waiting.append


class KerasEngine:
    """The network in stock Keras layers, trained by compiled programs of several updates each.

    Args:
        network: its shapes.
        training: optimizer, clipping, ``bptt``; None for an engine that only reads.
        threads: TensorFlow's threads. The first engine of a process decides.
        dtype: ``float32``, or ``float64`` for checks.
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
        if dtype not in ("float32", "float64"):
            raise EngineError(
                f"the dtype {dtype!r} is not one that the backend computes in: use float32 or float64"
            )
        set_threads(threads)
        self.network = network
        self.dtype = dtype
        self.model = borrow(Kind(network, training and training.of_updates, dtype))
        weakref.finalize(self, give_back, self.model).atexit = False

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> KerasState:
        """Zeros for every layer."""
        return [np.zeros((rows, width), self.dtype) for width in self.network.state_widths]

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float[Array, "B V"], KerasState]:
        """Read one token a row."""
        before = [tf.constant(values) for values in cast(KerasState, state)]
        logits, after = self.model.step(tf.constant(tokens), before)
        return logits.numpy(), [values.numpy() for values in after]

    def select(self, state: State, rows: Int[Array, "K"]) -> KerasState:
        """Gather rows of a state: NumPy does it faster than a call into TensorFlow."""
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
        state = {
            name: np.array(variable.numpy())
            for name, variable in self.model.layers.parameters.items()
        }
        return (
            state if self.model.optimizer is None else {**state, **self.model.optimizer.get_state()}
        )

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there."""
        slots = () if self.model.optimizer is None else tuple(self.model.optimizer.variables)
        parameters, optimizer = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.layers.parameters[name].assign(values.astype(self.dtype))
        if self.model.optimizer is not None:
            self.model.optimizer.set_state(optimizer)

"""NumpyEngine: the network from scratch, behind the Engine protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, TypeAlias, cast

import numpy as np

from namegen.backends.numpy_engine.cells import CELLS, Cell
from namegen.backends.numpy_engine.model import Model, views
from namegen.backends.numpy_engine.optimizers import clip, make_optimizer
from namegen.backends.numpy_engine.recurrent import LayerState
from namegen.core.engine import State, Step, StepLosses
from namegen.core.network.architecture import Network
from namegen.core.network.engine_state import checked_masks, checked_tensors
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError
from namegen.threads import limit_threads
from namegen.types import Array, Float, Int, Int32

NumpyState: TypeAlias = list[LayerState]  # one for each layer


class NumpyEngine:
    """The network in plain NumPy, trained on prefix-tree batches.

    Args:
        network: its shapes.
        training: optimizer, clipping, ``through_time``; None for an engine that only reads.
        threads: BLAS threads.
        dtype: ``float32``, or ``float64`` for checks.

    Attributes:
        own_cell: the arithmetic of every layer; None: that of the cell that the network names. Who has a cell of their
            own derives a class that says it, and the architecture that it belongs to (``OwnCellNetwork``).
    """

    name: ClassVar[str] = "numpy"
    architectures: ClassVar[tuple[type[Network], ...]] = (RecurrentNetwork,)
    cells: ClassVar[frozenset[str]] = frozenset(CELLS)
    requires: ClassVar[tuple[str, ...]] = ()
    own_cell: ClassVar[Cell | None] = None

    def __init__(
        self, network: RecurrentNetwork, training: TrainingSettings | None, *, threads: int, dtype: str = "float32"
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise EngineError(f"the dtype {dtype!r} is not one that the engine computes in: use float32 or float64")
        limit_threads(threads)
        self.network = network
        self.training = training
        through_time = training is None or training.through_time
        self.model = Model(network, self.own_cell, through_time=through_time, dtype=dtype)
        self.optimizer = None if training is None else make_optimizer(training, self.model.vector)

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.network.vocabulary_size

    def initial_state(self, rows: int) -> NumpyState:
        """Zeros for every layer."""
        return [layer.initial_state(rows) for layer in self.model.recurrent]

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float[Array, "B V"], NumpyState]:
        """Read one token a row."""
        return self.model.step(tokens, cast(NumpyState, state))

    def select(self, state: State, rows: Int[Array, "K"]) -> NumpyState:
        """Gather rows of a state."""
        return [layer.take(rows, axis=1) for layer in cast(NumpyState, state)]

    def warm_up(self, step: Step) -> None:
        """Nothing to compile."""

    def train_epoch(self, steps: Iterable[Step]) -> StepLosses:
        """One update for each step."""
        if self.optimizer is None or self.training is None:
            raise EngineError("this engine was made without training settings: it cannot train; make one with them")
        model, clip_norm = self.model, self.training.clip_norm
        losses, characters = [], []
        for step in steps:
            masks = checked_masks(self.network, step.masks)
            with np.errstate(all="ignore"):  # training that diverges shows in the loss, which the Trainer looks at
                losses.append(model.masked_loss_and_gradient(step.batch, masks))
                if clip_norm is not None:
                    clip(model.gradient, clip_norm)
                self.optimizer.update(model.vector, model.gradient, step.learning_rate)
                model.parameters_changed()
            characters.append(step.batch.characters)
        return StepLosses(np.array(losses, np.float64), np.array(characters, np.int64))

    def get_state(self) -> dict[str, Array]:
        """Copies of the parameters and of the optimizer's state."""
        state = {name: values.copy() for name, values in self.model.parameters.items()}
        if self.optimizer is not None:
            state["optimizer.step"] = np.array(self.optimizer.step, np.int64)
            for slot, vector in self.optimizer.state.items():
                for name, values in views(self.network, vector).items():
                    state[f"optimizer.{slot}.{name}"] = values.copy()
        return state

    def set_state(self, state: Mapping[str, Array]) -> None:
        """Take parameters, and the optimizer's state if it is there."""
        slots = () if self.optimizer is None else self.optimizer.slots
        parameters, optimizer = checked_tensors(self.network, state, slots)
        for name, values in parameters.items():
            self.model.parameters[name][...] = values
        self.model.parameters_changed()
        if self.optimizer is None:
            return
        self.optimizer.reset()
        if optimizer is not None:
            self.optimizer.step = optimizer.step
            for slot, vector in self.optimizer.state.items():
                for name, values in views(self.network, vector).items():
                    values[...] = optimizer.slots[slot][name]

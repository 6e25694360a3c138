"""CompiledModel: layers, optimizer and compiled programs together, lent to one engine after another.

XLA keeps what it has compiled until the process ends (25 MB a training program), and compiling takes seconds. So a
model whose engine is gone waits here for the next engine of the same kind: in a sweep or a comparison over seeds only
the first training compiles, and memory stays flat.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from namegen.backends.keras_engine.layers import Layers
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.program import MaskShapes, TrainingProgram
from namegen.backends.keras_engine.tensorflow_setup import tf
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.core.settings import TrainingSettings
from namegen.errors import EngineError

KEPT = 8  # models that wait for an engine; the one that has waited longest goes first


@dataclass(frozen=True)
class Kind:
    """All that a compiled model depends on; the rest of the settings reaches it as data."""

    network: RecurrentNetwork
    dtype: str
    optimizer: str | None = None
    momentum: float = 0.0
    clip_norm: float | None = None
    through_time: bool = True

    @classmethod
    def of(cls, network: RecurrentNetwork, training: TrainingSettings | None, dtype: str) -> Kind:
        """The kind of model that an engine with these arguments needs."""
        if training is None:
            return cls(network, dtype)
        momentum = training.momentum if training.optimizer == "momentum" else 0.0
        return cls(network, dtype, training.optimizer, momentum, training.clip_norm, training.through_time)


class CompiledModel:
    """What one engine works with: ``layers``; ``optimizer`` and ``programs`` if it trains; ``step``, compiled."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.layers = Layers(kind.network, dtype=kind.dtype)
        self.optimizer: KerasOptimizer | None = None
        self._programs: dict[MaskShapes, TrainingProgram] = {}
        if kind.optimizer is not None:
            self.optimizer = KerasOptimizer(
                kind.optimizer,
                self.layers.parameters,
                momentum=kind.momentum,
                clip_norm=kind.clip_norm,
                dtype=kind.dtype,
            )
        # One graph for any number of rows. Padding rows to a few counts and compiling each with XLA was no faster
        # (10,000 rows: 1.13 ms and 1.18 ms; one row: 0.17 ms and 0.21 ms), and compiles again and again.
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
            raise EngineError("this engine was made without training settings: it cannot train; make one with them")
        if masks not in self._programs:
            self._programs[masks] = TrainingProgram(
                self.layers, self.optimizer, masks, through_time=self.kind.through_time
            )
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

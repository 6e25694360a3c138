"""Lion, an optimizer that namegen doesn't have, and ``decay``, a new hyperparameter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from namegen.core.optimizers import OPTIMIZERS, Optimizer, Slots, Tensor
from namegen.core.settings import TrainingSettings, declared


def lion(w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor) -> tuple[Tensor, Slots]:
    """Compute an update (Chen et al., 2023). The sign is computed with arithmetic only, so the sign of 0 is 0."""
    (m,) = slots
    c = 0.9 * m + (1 - 0.9) * g
    return w - lr * c / (c * c + 1e-24) ** 0.5, (0.99 * m + (1 - 0.99) * g,)


LION = Optimizer(lion, learning_rate=0.001, slots=("m",))


@dataclass(frozen=True)
class DecaySettings(TrainingSettings):
    """The settings with the new hyperparameter."""

    decay: float = declared(0.0, "The weight decay.")


def with_decay(optimizer: Optimizer) -> Optimizer:
    """Return an optimizer with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    def update(
        w: Tensor, g: Tensor, slots: Slots, lr: Tensor, t: Tensor, *, decay: float
    ) -> tuple[Tensor, Slots]:
        moved, new_slots = optimizer.update(w, g, slots, lr, t)
        return moved - lr * decay * w, new_slots

    return replace(optimizer, update=update, hyperparameters=("decay",))


DECAYING = {"lion": with_decay(LION), "adam": with_decay(OPTIMIZERS["adam"])}

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


LION = Optimizer(
    lion,
    "w ← w − lr·sign(β₁·m + (1−β₁)·g); m ← β₂·m + (1−β₂)·g, β₁ = 0.9, β₂ = 0.99",
    0.001,
    ("m",),
)


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

    formula = optimizer.formula + "; w ← w − lr·λ·w, λ = {decay}"
    return replace(optimizer, update=update, formula=formula, hyperparameters=("decay",))


DECAYING = {"lion": with_decay(LION), "adam": with_decay(OPTIMIZERS["adam"])}

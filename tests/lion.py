"""Lion, an optimizer that namegen doesn't have."""

from __future__ import annotations

from namegen.core.optimizers import Optimizer, Slots, Tensor


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

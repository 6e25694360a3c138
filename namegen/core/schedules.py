"""The schedules: a row of ``SCHEDULES`` and a function each. Settings, training, messages and help follow from both.

To add one, write its function and its row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Plan(NamedTuple):
    """What the learning rates of a training depend on: how long it is, and the settings.

    Attributes:
        peak: ``learning_rate``, or the optimizer's default.
    """

    steps_per_epoch: int
    epochs: int
    peak: float
    warmup: float
    lr_steps: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes during training.

    Attributes:
        rate: the learning rate of a step, counted from 0 over the whole training.
        help: what it does, for the option's help.
        reads: those of ``learning_rate``, ``warmup`` and ``lr_steps`` that it reads; the others have no effect.
        depends_on_epochs: whether its rates depend on the number of epochs, so that a run cannot be lengthened.
    """

    rate: Callable[[int, Plan], float]
    help: str
    reads: tuple[str, ...] = ("learning_rate",)
    depends_on_epochs: bool = False


def by_steps(step: int, plan: Plan) -> float:
    """The original's: each rate from its first epoch on."""
    return next(
        rate for first, rate in reversed(plan.lr_steps) if step >= first * plan.steps_per_epoch
    )


def one_cycle(step: int, plan: Plan) -> float:
    """Smith, 2018: from 1/25 of the peak in a straight line up to it over the share ``warmup`` of all steps, then along
    a half cosine to 1/10,000 of it.

    >>> plan = Plan(steps_per_epoch=11, epochs=1, peak=0.02, warmup=0.2, lr_steps=())
    >>> [round(one_cycle(step, plan), 4) for step in range(11)]
    [0.0008, 0.0104, 0.02, 0.0192, 0.0171, 0.0138, 0.01, 0.0062, 0.0029, 0.0008, 0.0]
    """
    peak = plan.peak
    start, end = peak / 25, peak / 10_000
    last = max(plan.steps_per_epoch * plan.epochs - 1, 1)
    rising = plan.warmup * last
    if step < rising:
        return start + (peak - start) * step / rising
    done = min((step - rising) / max(last - rising, 1e-9), 1.0)
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * done))


SCHEDULES = {
    "constant": Schedule(lambda step, plan: plan.peak, "the same rate in all steps"),
    "steps": Schedule(by_steps, "each rate from its epoch on", ("lr_steps",)),
    "one-cycle": Schedule(
        one_cycle, "up, then down to almost 0", ("learning_rate", "warmup"), depends_on_epochs=True
    ),
}

"""The learning rate schedules.

To add a schedule, write its function and its row in ``SCHEDULES``. Its option, help and messages follow from the row.
If it reads a new setting, declare the setting in ``core/settings.py`` and add it to ``Plan``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Plan(NamedTuple):
    """What the learning rates of a run depend on."""

    steps_per_epoch: int
    epochs: int
    peak: float  # the setting ``learning_rate``, or the optimizer's default
    warmup: float  # the share of all steps in which the learning rate rises
    lr_steps: tuple[tuple[int, float], ...]  # (epoch from 0, learning rate from this epoch on)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate changes during training.

    >>> plan = Plan(steps_per_epoch=10, epochs=2, peak=0.02, warmup=0.2, lr_steps=())
    >>> SCHEDULES["constant"].rate(15, plan)
    0.02
    """

    rate: Callable[
        [int, Plan], float
    ]  # the learning rate of a step, counted from 0 over the whole run
    help: str  # for the help of the option
    reads: tuple[str, ...] = ("learning_rate",)  # which of learning_rate, warmup and lr_steps
    depends_on_epochs: bool = False  # if so, a run can't be resumed with more epochs


def by_steps(step: int, plan: Plan) -> float:
    """Change the learning rate at the start of some epochs, as in the original project.

    >>> plan = Plan(steps_per_epoch=10, epochs=3, peak=0.02, warmup=0.2, lr_steps=((0, 0.1), (2, 0.01)))
    >>> by_steps(19, plan), by_steps(20, plan)
    (0.1, 0.01)
    """
    epoch = step // plan.steps_per_epoch
    rates = [rate for first_epoch, rate in plan.lr_steps if epoch >= first_epoch]
    return rates[-1]


def one_cycle(step: int, plan: Plan) -> float:
    """Raise the learning rate, then lower it (Smith, 2018).

    It rises linearly from 1/25 of the peak to the peak, then falls along half a cosine to 1/10,000 of the peak.

    >>> plan = Plan(steps_per_epoch=5, epochs=1, peak=0.02, warmup=0.5, lr_steps=())
    >>> [round(one_cycle(step, plan), 4) for step in range(5)]
    [0.0008, 0.0104, 0.02, 0.01, 0.0]
    """
    last_step = max(plan.steps_per_epoch * plan.epochs - 1, 1)
    top = plan.warmup * last_step  # the step with the highest learning rate
    if step < top:
        start = plan.peak / 25
        return start + (plan.peak - start) * step / top
    end = plan.peak / 10_000
    share_fallen = min((step - top) / max(last_step - top, 1e-9), 1.0)
    return end + (plan.peak - end) * 0.5 * (1 + math.cos(math.pi * share_fallen))


SCHEDULES = {
    "constant": Schedule(lambda step, plan: plan.peak, "the same rate in all steps"),
    "steps": Schedule(by_steps, "each rate from its epoch on", ("lr_steps",)),
    "one-cycle": Schedule(
        one_cycle, "up, then down to almost 0", ("learning_rate", "warmup"), depends_on_epochs=True
    ),
}

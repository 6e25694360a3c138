"""Learning-rate schedules: a rate for each step of a training run."""

from __future__ import annotations

import math
from collections.abc import Callable

from namegen.core.settings import TrainingSettings

Schedule = Callable[[int], float]


def make_schedule(training: TrainingSettings, *, steps_per_epoch: int, epochs: int) -> Schedule:
    """The schedule that the settings name: from a step, counted from 0 over the whole run, to its rate.

    - ``constant``: always the same.
    - ``steps``, the original's: each rate from its first epoch on.
    - ``one-cycle`` (Smith, 2018): from 1/25 of the peak in a straight line up to it over the share ``warmup`` of all
      steps, then along a half cosine to 1/10,000 of it.
    """
    peak = training.peak_learning_rate
    if training.schedule == "steps":
        starts = [(first * steps_per_epoch, rate) for first, rate in training.rate_steps]
        return lambda step: next(rate for first, rate in reversed(starts) if step >= first)
    if training.schedule == "one-cycle":
        total = steps_per_epoch * epochs
        return lambda step: one_cycle(step, total, peak, training.warmup)
    return lambda step: peak


def one_cycle(step: int, total: int, peak: float, warmup: float) -> float:
    """The rate of one step of ``total``.

    >>> [round(one_cycle(step, 11, 0.02, 0.2), 4) for step in range(11)]
    [0.0008, 0.0104, 0.02, 0.0192, 0.0171, 0.0138, 0.01, 0.0062, 0.0029, 0.0008, 0.0]
    """
    start, end = peak / 25, peak / 10_000
    last = max(total - 1, 1)
    rising = warmup * last
    if step < rising:
        return start + (peak - start) * step / rising
    done = min((step - rising) / max(last - rising, 1e-9), 1.0)
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * done))

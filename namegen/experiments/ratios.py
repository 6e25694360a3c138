"""The speed of one backend compared with another one, with a 95% confidence interval.

Backends take turns, and each round has a ratio of their times. The interval of the mean ratio is Student's t, on a
logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

# The 97.5th percentiles of Student's t with 1, 2, … degrees of freedom, and of the normal distribution.
STUDENT_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
NORMAL = 1.960


class Ratio(NamedTuple):
    """A mean ratio and its 95% confidence interval."""

    mean: float
    low: float
    high: float


def mean_ratio(ratios: Sequence[float]) -> Ratio:
    """Return the geometric mean of the ratios of at least two rounds.

    >>> mean_ratio([2.0, 2.0, 2.0]).high < 2.001
    True
    """
    logs = np.log(ratios)  # (rounds,)
    mean = float(np.exp(logs.mean()))
    freedom = len(logs) - 1
    is_in_table = freedom <= len(STUDENT_T)
    # For many rounds, the formula is a close approximation.
    t = STUDENT_T[freedom - 1] if is_in_table else NORMAL + 2.4 / freedom
    standard_error = logs.std(ddof=1) / len(logs) ** 0.5
    factor = float(np.exp(t * standard_error))
    return Ratio(mean, mean / factor, mean * factor)

"""Compare two models with 95% confidence intervals: their metrics on the same held-out names, and their speeds.

**Metrics.** Both models are evaluated on the same names, and a name that is hard for one is usually hard for the other.
Their *paired* difference is therefore known much more precisely than either result. Two things vary by chance:

- The **held-out names**, in groups (``core/evaluation/name_groups.py``). The difference per character is a ratio of two
  sums over groups, and its standard error is that of a ratio estimator (Cochran, "Sampling Techniques", 1977).
- The training **seeds**. Each model's mean has a standard error, which Student's t makes wide enough for few seeds.

**Speeds.** Backends take turns, and each round has a ratio of their times. The interval of the mean ratio is Student's
t, on a logarithmic scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from namegen.experiments.rows import Groups

FEWEST_GROUPS = 20  # groups that contain names; with fewer, the interval would be unreliable
# The 97.5th percentiles of Student's t with 1, 2, … degrees of freedom, and of the normal distribution.
STUDENT_T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179)
NORMAL = 1.960

Metric: TypeAlias = Literal["loss_nats_per_char", "accuracy_argmax", "accuracy_sampled"]
GROUP_SUMS: dict[Metric, str] = {
    "loss_nats_per_char": "nats",
    "accuracy_argmax": "hits",
    "accuracy_sampled": "sampled",
}


class Interval(NamedTuple):
    """A value and its 95% confidence interval."""

    mean: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether a value is outside the interval, for example a difference of 0 or a ratio of 1."""
        return not self.low <= value <= self.high


def difference(
    model: Sequence[Groups | None], other: Sequence[Groups | None], metric: Metric
) -> Interval | None:
    """Compute a metric of a model minus that of another model, with a 95% confidence interval.

    Args:
        model: the results of the first model on groups of names, one for each seed.
        other: the results of the other model on the same groups. The n-gram has only one.
        metric: the metric.

    Returns:
        The difference in nats or as a share, or None if a result is missing or there are too few groups.

    >>> sums = Groups((9,) * 30, (20.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> worse = Groups((9,) * 30, (29.0,) * 30, (3,) * 30, (2.5,) * 30)
    >>> difference([worse], [sums], "loss_nats_per_char")
    Interval(mean=1.0, low=1.0, high=1.0)
    """
    known = [groups for groups in (*model, *other) if groups is not None]
    is_complete = bool(model) and bool(other) and len(known) == len(model) + len(other)
    have_same_names = len({groups.characters for groups in known}) == 1
    if not is_complete or not have_same_names:
        return None
    characters = np.array(known[0].characters, np.float64)  # (groups,)
    group_count = int((characters > 0).sum())
    if group_count < FEWEST_GROUPS:
        return None
    sums = np.array([getattr(groups, GROUP_SUMS[metric]) for groups in known])  # (seeds, groups)
    of_model, of_other = sums[: len(model)], sums[len(model) :]
    differences = of_model.mean(axis=0) - of_other.mean(axis=0)  # (groups,)
    mean = differences.sum() / characters.sum()

    residuals = differences - mean * characters  # (groups,)
    name_variance = (residuals**2).sum() * group_count / (group_count - 1) / characters.sum() ** 2
    seed_variance = 0.0
    freedom = 0
    for each in (of_model, of_other):
        if len(each) > 1:
            means = each.sum(axis=1) / characters.sum()  # (seeds,)
            seed_variance += means.var(ddof=1) / len(each)
            freedom += len(each) - 1
    t = student_t(freedom) if freedom else 0.0
    margin = (NORMAL**2 * name_variance + t**2 * seed_variance) ** 0.5
    return Interval(float(mean), float(mean - margin), float(mean + margin))


def student_t(degrees_of_freedom: int) -> float:
    """Return the 97.5th percentile of Student's t. For many degrees of freedom, it's a close approximation."""
    if degrees_of_freedom <= len(STUDENT_T):
        return STUDENT_T[degrees_of_freedom - 1]
    return NORMAL + 2.4 / degrees_of_freedom


def mean_ratio(ratios: Sequence[float]) -> Interval:
    """Return the geometric mean of the ratios of several rounds. A single round has an unlimited interval.

    >>> mean_ratio([2.0, 2.0, 2.0]).high < 2.001
    True
    """
    logs = np.log(ratios)
    mean = float(np.exp(logs.mean()))
    if len(logs) == 1:
        return Interval(mean, 0.0, inf)
    factor = float(np.exp(student_t(len(logs) - 1) * logs.std(ddof=1) / len(logs) ** 0.5))
    return Interval(mean, mean / factor, mean * factor)

"""Test paired differences and their confidence intervals.

They are compared with a slow bootstrap and with a known true difference.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from namegen.documents import UNSET
from namegen.experiments.compare.document import BASELINE, Comparison, HeldOutGroups
from namegen.experiments.compare.pairs import (
    NORMAL,
    STUDENT_T,
    Difference,
    between,
    difference,
    draw_seed_weights,
    in_figures,
)
from namegen.experiments.report import ARGMAX, LOSS
from tests.experiments.compare.conftest import GROUPS, groups, with_losses

TRUTH = 0.02  # nats per character


def world(
    rng: np.random.Generator,
    *,
    seeds: int = 3,
    of_names: float = 0.2,
    of_seeds: float = 0.01,
    other_has_seeds: bool = False,
) -> tuple[list[HeldOutGroups], list[HeldOutGroups]]:
    """Simulate two models whose true difference is known. Each name and each seed adds some noise."""
    characters, group = rng.integers(4, 10, 600), rng.integers(0, GROUPS, 600)
    total = np.bincount(group, characters, minlength=GROUPS)

    def sums(nats: np.ndarray) -> HeldOutGroups:
        return groups(np.bincount(group, characters * nats, minlength=GROUPS), total)

    hard = 2 + 0.5 * rng.standard_normal(600)  # some names are hard for both
    harder = hard + TRUTH + of_names * rng.standard_normal(600)
    one = [sums(harder + of_seeds * rng.standard_normal()) for _ in range(seeds)]
    other = (
        [sums(hard + of_seeds * rng.standard_normal()) for _ in range(seeds)]
        if other_has_seeds
        else [sums(hard)]
    )
    return one, other


def find_difference(
    one: list[HeldOutGroups], other: list[HeldOutGroups], other_has_seeds: bool = True
) -> Difference:
    apart = difference(one, other, LOSS, other_has_seeds=other_has_seeds)
    assert apart is not None
    return apart


def slow_draws(
    one: list[HeldOutGroups], other: list[HeldOutGroups], draws: int, other_has_seeds: bool
) -> list[float]:
    """Return bootstrap differences from slow loops that follow the description in ``pairs.py``."""
    rng = np.random.default_rng(5)
    freedom = len(one) - 1 + (len(other) - 1 if other_has_seeds else 0)

    def mean_of_seeds(
        side: list[HeldOutGroups], has_seeds: bool, drawn: list[int], group: int
    ) -> float:
        values = [seed.nats[group] for seed in side]
        mean = sum(values) / len(values)
        if not has_seeds:
            return mean
        wider = (len(side) / (len(side) - 1)) ** 0.5 * STUDENT_T[freedom - 1] / NORMAL
        return mean + wider * (sum(values[seed] for seed in drawn) / len(side) - mean)

    apart = []
    for _ in range(draws):
        chosen = rng.integers(0, GROUPS, GROUPS).tolist()
        of_one, of_other = (rng.integers(0, len(side), len(side)).tolist() for side in (one, other))
        nats = sum(
            mean_of_seeds(one, True, of_one, group)
            - mean_of_seeds(other, other_has_seeds, of_other, group)
            for group in chosen
        )
        apart.append(nats / sum(one[0].characters[group] for group in chosen))
    return apart


@pytest.mark.parametrize("other_has_seeds", [True, False])
def test_the_interval_matches_a_slow_bootstrap(other_has_seeds: bool) -> None:
    # The groups have very different sizes.
    one, other = (
        [groups(20 * np.array(seed.nats) ** 2, 3 * np.array(seed.characters) ** 2) for seed in side]
        for side in world(np.random.default_rng(3), other_has_seeds=other_has_seeds)
    )
    apart = find_difference(one, other, other_has_seeds)
    slow = slow_draws(one, other, 2_000, other_has_seeds)
    low, high = np.percentile(slow, (2.5, 97.5))
    width = high - low
    assert apart.mean == pytest.approx(np.mean(slow), abs=0.05 * width)
    assert (apart.low, apart.high) == (
        pytest.approx(low, abs=0.08 * width),
        pytest.approx(high, abs=0.08 * width),
    )
    assert apart.seeds == 3


@pytest.mark.parametrize(
    ("chance", "other_has_seeds"),
    [
        ({"seeds": 1, "of_seeds": 0.0}, False),
        ({"of_seeds": 0.002}, False),
        ({"of_names": 0.02, "of_seeds": 0.02}, True),
    ],
    ids=["names", "mostly names", "seeds of both"],
)
def test_19_of_20_intervals_contain_the_true_difference(
    chance: dict[str, float], other_has_seeds: bool
) -> None:
    rng = np.random.default_rng(7)
    apart = [
        find_difference(*world(rng, other_has_seeds=other_has_seeds, **chance), other_has_seeds)  # type: ignore[arg-type]
        for _ in range(200)
    ]
    assert 0.91 < np.mean([one.low <= TRUTH <= one.high for one in apart]) < 0.99


def test_a_network_is_no_better_than_itself() -> None:
    one, _ = world(np.random.default_rng(0))
    apart = find_difference(one, one)
    assert apart.mean == 0
    assert apart.low < 0 < apart.high
    assert not apart.is_significant
    alone = find_difference(one[:1], one[:1])
    assert (alone.mean, alone.low, alone.high, alone.seeds, alone.is_significant) == (
        0,
        0,
        0,
        1,
        False,
    )
    with_one_seed = difference(one, one[:1], LOSS)
    assert with_one_seed is not None
    assert with_one_seed.seeds == 1  # seeds only count if both sides have several


def test_a_mean_over_drawn_seeds_has_the_standard_error() -> None:
    of_seeds = np.array([1.0, 2.0, 5.0, 6.0])
    weights = draw_seed_weights(len(of_seeds), degrees_of_freedom=10**6, stream=1)
    means = weights @ of_seeds / len(of_seeds)
    assert np.mean(means) == pytest.approx(3.5, abs=0.1)
    assert np.std(means) == pytest.approx(
        np.std(of_seeds, ddof=1) / np.sqrt(len(of_seeds)), rel=0.05
    )


def share_within(t: float, freedom: int) -> float:
    """The probability that a value with Student's t distribution is between -t and t."""
    x = np.linspace(-t, t, 10_001)
    factor = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2) / math.sqrt(freedom * math.pi)
    return float(np.trapezoid(factor * (1 + x**2 / freedom) ** (-(freedom + 1) / 2), x))


def test_the_spread_of_the_seeds_matches_students_t() -> None:
    ones = np.ones(GROUPS)
    one, other = ([groups(nats * ones, ones) for nats in of_seeds] for of_seeds in ((1, 2), (1,)))

    def width(freedom: int) -> float:
        # The other model has the same result for each seed.
        apart = find_difference(one, other * freedom, other_has_seeds=freedom > 1)
        return apart.high - apart.low

    widths = [width(freedom) for freedom in range(1, 31)]
    assert widths == sorted(widths, reverse=True)
    t = 12.706 * np.array(widths) / widths[0]
    covered = [share_within(t[freedom - 1], freedom) for freedom in range(1, 31)]
    assert covered == pytest.approx([0.95] * 30, abs=0.0015)


def test_different_names_or_too_few_names_are_not_compared() -> None:
    one, other = world(np.random.default_rng(0))
    characters = np.array(one[0].characters)
    assert difference(one, [groups(characters * 2.0, characters[::-1] + 1)], LOSS) is None
    assert difference([], other, LOSS) is difference(one, [], LOSS) is None
    few = np.where(np.arange(GROUPS) < 19, 10, 0)
    assert difference([groups(few * 2.0, few)], [groups(few * 2.0, few)], LOSS) is None


# --- differences in a comparison --------------------------------------------------------------------------------------


def test_networks_of_a_comparison_are_compared(comparison: Comparison) -> None:
    entry = with_losses(comparison.lists[0], {"LSTM 2×32": -0.05})
    for one, other, mean in (
        ("LSTM 2×32", BASELINE, -0.05), ("GRU 2×32", "LSTM 2×32", 0.05), ("GRU 2×32", BASELINE, None)
    ):  # fmt: skip
        apart = between(entry, "by-name", one, other, LOSS)
        assert apart is not None
        assert (apart.is_significant, apart.seeds) == (mean is not None, 3)
        assert mean is None or apart.mean == pytest.approx(mean, abs=0.001)
    trainings = tuple(
        replace(run, held_out_groups=UNSET) if run.seed == 1 else run for run in entry.trainings
    )
    assert (
        between(replace(entry, trainings=trainings), "by-name", "LSTM 2×32", BASELINE, LOSS) is None
    )


# --- formatting -------------------------------------------------------------------------------------------------------


def test_a_significant_difference_is_not_shown_as_zero() -> None:
    assert in_figures(Difference(0.0004, 0.00012, 0.0007), LOSS) == "+0.0004 (+0.0001 to +0.0007)"
    assert in_figures(Difference(-0.0125, -0.02, -0.005), ARGMAX) == "−1.2 (−2.0 to −0.5)"
    assert in_figures(Difference(0.0, 0.0, 0.0), LOSS) == "no difference found (+0.000 to +0.000)"
    assert in_figures(Difference(0.0, -0.0002, 0.0001), LOSS).endswith("(−0.0002 to +0.0001)")
    assert in_figures(None, LOSS) == "–"

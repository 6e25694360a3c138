"""What generated names are like, beside a slow and obvious reference."""

from __future__ import annotations

import math
from collections import Counter

import pytest

from namegen.experiments.compare.quality import describe_names, divergences, two_halves
from namegen.lists import load_bundled

NAMES = load_bundled("mlb-first").names[:300]


def slow_divergence(names: list[str], others: list[str], order: int) -> float:
    """By the definition, one n-gram at a time."""

    def shares(of: list[str]) -> dict[str, float]:
        grams: Counter[str] = Counter()
        for name in of:
            text = f"^{name}^" if order > 1 else f"{name}^"
            grams.update(text[start : start + order] for start in range(len(text) - order + 1))
        return {gram: count / grams.total() for gram, count in grams.items()}

    p, q = shares(names), shares(others)
    total = 0.0
    for gram in p.keys() | q.keys():
        middle = (p.get(gram, 0) + q.get(gram, 0)) / 2
        total += sum(share * math.log2(share / middle) / 2 for share in (p.get(gram, 0), q.get(gram, 0)) if share)
    return total


def test_divergences_are_those_of_the_definition() -> None:
    left, right = two_halves(NAMES)
    assert sorted(left + right) == sorted(NAMES)
    for order, value in divergences(left, right).items():
        assert value == pytest.approx(slow_divergence(left, right, int(order)))
    assert set(divergences(left, left).values()) == {0.0}
    assert divergences(["aa"], []) == {"1": 1.0, "2": 1.0, "3": 1.0}


def test_generated_names_are_counted() -> None:
    found = describe_names(["Al", "AL", "Bo", "Bo", "Cy"], ["Al", "Dee"], ["Al"])
    assert found.recreated_percent == pytest.approx(40)  # letter case does not make a name new
    assert found.unique_percent == pytest.approx(80)
    assert (found.duplicates, found.duplicated_names) == ((("Bo", 2),), 1)
    assert found.lengths == {"2": 5}
    assert describe_names([], ["Al"], ["Al"]).unique_percent == 0

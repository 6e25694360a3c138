"""What a measurement depends on, what it gives, and how both travel."""

from __future__ import annotations

from typing import Any

import pytest

from namegen.documents import from_plain, to_plain
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.measurements import GenerationResult, HeldOutGroups, ListFacts


@pytest.fixture
def plain(comparison: Comparison) -> dict[str, Any]:
    """One generation of names."""
    found = to_plain(comparison.lists[0].generation[0])
    return {name: found[name] for name in ("start_up_seconds", "peak_memory_mib", "algorithms", "quiet")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recreated_percent": 101.0}, "<= 100.0"),
        ({"duplicates": [["Al", "two"]]}, "Expected `int`"),
        ({"divergence_bits": {"1": 0.5, "2": 0.5, "4": 0.5}}, "'4'"),
        ({"divergence_bits": {"1": 0.5, "3": 0.5}}, "length >= 3"),
        ({"lengths": {"99999999": 3}}, "matching regex"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(plain: dict[str, Any], change: dict[str, Any], said: str) -> None:
    plain["algorithms"]["one_by_one"] |= change
    with pytest.raises(ValueError, match=said):
        from_plain(GenerationResult, plain)


def test_a_list_has_names_of_some_length(comparison: Comparison) -> None:
    facts = to_plain(comparison.lists[0].facts)
    assert from_plain(ListFacts, facts) == comparison.lists[0].facts
    for lengths in ({}, {"4": 0}):
        with pytest.raises(ValueError, match="the lengths of no names"):
            from_plain(ListFacts, {**facts, "lengths": lengths})


def test_columns_of_groups_are_equally_long() -> None:
    plain = {"characters": [4, 5], "nats": [1.0, 2.0], "hits": [3, 3], "sampled": [1.5, 1.5]}
    assert to_plain(from_plain(HeldOutGroups, plain)) == plain
    with pytest.raises(ValueError, match="columns of 1 and 2 groups: expected as many in each"):
        from_plain(HeldOutGroups, {**plain, "hits": [3]})

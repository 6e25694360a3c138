"""Check the tool for blind tests: sheets, marks and results."""

from __future__ import annotations

from benchmarks import blind
from benchmarks.blind import Name, Sheet


def sheet_of(new: list[int], old: list[int]) -> Sheet:
    """Return a sheet with the marks of one reader."""
    names = [Name(f"n{index}", ("new",), (mark,)) for index, mark in enumerate(new)]
    names += [Name(f"o{index}", ("old",), (mark,)) for index, mark in enumerate(old)]
    names += [
        Name(f"{source}{index}", (source,), (2,))
        for source in ("real", "chain", "changed")
        for index in (1, 2)
    ]
    return Sheet("list", "names", is_short=False, names=tuple(names))


def test_only_a_mark_of_2_counts_as_acceptance() -> None:
    assert blind.mean_acceptance([sheet_of([2, 1, 0, 2], [0])], "new") == 0.5


def test_the_interval_contains_the_difference_and_shrinks_with_more_names() -> None:
    few = blind.confidence_interval([sheet_of([2, 0] * 5, [0] * 10)])
    many = blind.confidence_interval([sheet_of([2, 0] * 50, [0] * 100)])
    assert few[0] < many[0] < 0.5 < many[1] < few[1]

"""Check that ``min_distance`` rejects the same names as a plain comparison with every listed name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import namegen.core.generation.constraints.others as others_module
from namegen.core.data.normalization import normalize
from namegen.core.generation.constraints.constraint import Finished
from namegen.core.generation.constraints.others import MinDistance
from tests.strategies import any_name

close_names = st.one_of(
    st.text("abc", max_size=6),
    st.text("ab", min_size=8, max_size=30),
    st.sampled_from(
        (
            "Jean-Luc",
            "jean luc",
            "JEAN LUCE",
            "Straße",
            "strase",
            "ab" * 14,
            "ab" * 13 + "c",
            "?",
            "",
        )
    ),
    any_name,
)
distances = st.integers(1, 3)


def edit_distance(first: str, second: str) -> int:
    """Return the Levenshtein distance, computed row by row."""
    row = list(range(len(second) + 1))
    for index, character in enumerate(first, start=1):
        diagonal, row[0] = row[0], index
        for column, opposite in enumerate(second, start=1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (character != opposite)),
            )
    return row[-1]


def brute_force(avoided: list[str], names: list[str], distance: int) -> list[bool]:
    forms = [normalize(name) for name in avoided]
    return [
        any(edit_distance(normalize(name), form) < distance for form in forms) for name in names
    ]


def near(avoided: list[str], names: list[str], distance: int) -> list[bool]:
    return MinDistance(distance, avoided).rejects(Finished(names)).tolist()


@given(st.lists(close_names, max_size=20), st.lists(close_names, max_size=20), distances)
def test_rejected_names_match_brute_force(
    avoided: list[str], names: list[str], distance: int
) -> None:
    assert near(avoided, names, distance) == brute_force(avoided, names, distance)


edits = st.lists(
    st.tuples(st.sampled_from("idr"), st.integers(0, 30), st.sampled_from("abcxyz")), max_size=4
)


@given(st.text("abcde", min_size=1, max_size=30), edits, distances)
def test_edits_are_counted_anywhere_in_a_name(
    name: str, changes: list[tuple[str, int, str]], distance: int
) -> None:
    changed = name
    for kind, where, character in changes:
        index = where % (len(changed) + 1)
        changed = (
            changed[:index] + (character if kind != "d" else "") + changed[index + (kind != "i") :]
        )
    assert near([name], [changed], distance) == brute_force([name], [changed], distance)


@pytest.mark.parametrize("distance", [1, 2])
def test_the_block_size_does_not_change_results(
    distance: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(list("abcd"), rng.integers(1, 9))) for _ in range(200)]
    names += names[:30]
    expected = brute_force(names[:80], names[80:], distance)
    assert {True, False} == set(expected)
    for size in (others_module.BLOCK_PAIRS, 40, 3):
        monkeypatch.setattr(others_module, "BLOCK_PAIRS", size)
        assert near(names[:80], names[80:], distance) == expected


def test_an_empty_list_rejects_no_names() -> None:
    assert near([], ["a", ""], 3) == [False, False]
    assert near(["a"], [], 3) == []

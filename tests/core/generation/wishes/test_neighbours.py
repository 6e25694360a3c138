"""Neighbours: exactly the names that a comparison with every name of the list finds."""

from __future__ import annotations

import numpy as np
import pytest
import rapidfuzz.process
from hypothesis import given
from hypothesis import strategies as st

import namegen.core.generation.wishes.neighbours as neighbours_module
from namegen.core.data.sameness import normalise
from namegen.core.generation.wishes.neighbours import Neighbours, deletion_keys, signatures
from namegen.errors import SettingsError
from tests.strategies import any_name

# Long ones too: only the first characters are filed.
close_names = st.one_of(
    st.text("abc", max_size=6),
    st.text("ab", min_size=8, max_size=30),
    st.sampled_from(("Jean-Luc", "jean luc", "JEAN LUCE", "Straße", "strase", "ab" * 14, "ab" * 13 + "c", "?", "")),
    any_name,
)
distances = st.integers(1, 3)


def edit_distance(one: str, other: str) -> int:
    """Levenshtein's distance, a row of the table after the other."""
    row = list(range(len(other) + 1))
    for place, character in enumerate(one, start=1):
        diagonal, row[0] = row[0], place
        for column, opposite in enumerate(other, start=1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (character != opposite)),
            )
    return row[-1]


def brute_force(avoided: list[str], names: list[str], distance: int) -> list[bool]:
    forms = [normalise(name) for name in avoided]
    return [any(edit_distance(normalise(name), form) < distance for form in forms) for name in names]


@given(st.lists(close_names, max_size=20), st.lists(close_names, max_size=20), distances)
def test_close_names_are_those_of_brute_force(avoided: list[str], names: list[str], distance: int) -> None:
    assert Neighbours(avoided, distance).close_to(names).tolist() == brute_force(avoided, names, distance)


edits = st.lists(st.tuples(st.sampled_from("idr"), st.integers(0, 30), st.sampled_from("abcxyz")), max_size=4)


@given(st.text("abcde", min_size=1, max_size=30), edits, distances)
def test_a_name_a_few_edits_away_is_close_wherever_the_edits_are(
    name: str, changes: list[tuple[str, int, str]], distance: int
) -> None:
    changed = name
    for kind, where, character in changes:
        place = where % (len(changed) + 1)
        changed = changed[:place] + (character if kind != "d" else "") + changed[place + (kind != "i") :]
    assert Neighbours([name], distance).close_to([changed]).tolist() == brute_force([name], [changed], distance)


@given(st.text("ab", max_size=12), st.integers(0, 2))
def test_keys_are_those_of_the_texts_that_deletion_gives(form: str, edits: int) -> None:
    """As many keys as different texts, and equal ones from equal texts, however they come about."""
    texts = {form[: neighbours_module.FIRST_CHARACTERS[edits]]}
    for _ in range(edits):
        texts |= {text[:place] + text[place + 1 :] for text in texts for place in range(len(text))}
    keys, rows = deletion_keys([form], edits)
    assert set(rows.tolist()) == {0}
    assert len(keys) == len(texts)
    whole = {text: deletion_keys([text], 0)[0][0] for text in texts}
    assert set(keys.tolist()) == {int(key) for key in whole.values()}


@given(st.text("abcdef", max_size=10), st.text("abcdef", max_size=10))
def test_an_edit_changes_a_signature_by_two_bits_at_most(one: str, other: str) -> None:
    first, second = signatures([one, other])
    assert int(np.bitwise_count(first ^ second)) <= 2 * edit_distance(one, other)


@pytest.mark.parametrize("distance", [1, 2])
def test_blocks_change_nothing(distance: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    names = ["".join(rng.choice(list("abcd"), rng.integers(1, 9))) for _ in range(200)]
    names += names[:30]
    expected = brute_force(names[:80], names[80:], distance)
    assert {True, False} == set(expected)
    for constant, size in (("BLOCK_PAIRS", 40), ("BLOCK_PAIRS", 3), ("BLOCK_NAMES", 7)):
        assert Neighbours(names[:80], distance).close_to(names[80:]).tolist() == expected
        monkeypatch.setattr(neighbours_module, constant, size)
    assert Neighbours(names[:80], distance).close_to(names[80:]).tolist() == expected


def test_an_empty_list_is_close_to_nothing() -> None:
    assert Neighbours([], 3).close_to(["a", ""]).tolist() == [False, False]
    assert Neighbours(["a"], 3).close_to([]).tolist() == []


@pytest.mark.parametrize("distance", [-1, 0, 4, 10**9])
def test_a_distance_out_of_range_is_named(distance: int) -> None:
    with pytest.raises(SettingsError, match=f"min_distance is {distance}"):
        Neighbours(["a"], distance)


class Noting(Neighbours):
    """Notes how many pairs are looked at together."""

    pairs: list[int]

    def _measure(self, rows: np.ndarray, *rest: np.ndarray) -> None:
        self.pairs.append(len(rows))
        super()._measure(rows, *rest)


def alike(sizes: list[int], end: str) -> list[str]:
    """So many names with the same first characters of each of some beginnings; all that go on differ."""
    return [
        f"{'abcdefghij'[group % 10] * 30}{'klmnopqrst'[group // 10] * 5}{number:05}{end}"
        for group, size in enumerate(sizes)
        for number in range(size)
    ]


@pytest.mark.parametrize(
    ("sizes", "block", "most"),
    [([3] * 10, 100, 3), ([10] * 10, 256, 4), ([1, 2, 5, 20, 40, 60, 61], 64, 24), ([30] * 6, 20, 24)],
)
def test_pairs_are_measured_in_portions_as_large_as_there_is_room_for(
    sizes: list[int], block: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name is held against at once is never divided; any two portions together would be too many, or nearly."""
    monkeypatch.setattr(neighbours_module, "BLOCK_PAIRS", block)
    near = Noting(alike(sizes, "x"), distance=1)
    near.pairs = []
    names = alike([4] * len(sizes), "y")
    assert not near.close_to(names).any()
    assert sum(near.pairs) == 4 * sum(sizes), "each name with all that begin alike"
    assert max(near.pairs) <= max(block, *sizes)
    assert len(near.pairs) <= most


def test_texts_whose_characters_differ_are_not_measured_where_they_must_be_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rapidfuzz.process, "cpdist", lambda *_, **__: pytest.fail("measured"))
    near = Neighbours([f"{'a' * 30}{end}" for end in "bcd"], distance=1)
    assert not near.close_to([f"{'a' * 30}{end}" for end in "xyz"]).any()

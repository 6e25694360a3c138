"""How much the wishes do: pairs that are measured, digests that are moved, stretches that are looked up."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import rapidfuzz.process

import namegen.core.generation.wishes.neighbours as neighbours_module
from namegen.core.generation.wishes.matches import Pattern
from namegen.core.generation.wishes.neighbours import Neighbours
from namegen.core.generation.wishes.wishlist import Banned, Given
from namegen.errors import SettingsError

DIGITS = "0123456789"


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


def test_digests_that_were_given_are_not_moved_for_each_few_that_come_after() -> None:
    """Each is moved once for each doubling of all that there are."""
    given, rng, moved = Given(), np.random.default_rng(0), Counter[int]()
    portions = [rng.integers(2**64, size=100, dtype=np.uint64) for _ in range(200)]
    before: list[int] = []
    for portion in portions:
        given.add(portion)
        moved["digests"] += sum(len(part) for part in given._parts if id(part) not in before)
        before = [id(part) for part in given._parts]
    assert given.holds(np.concatenate(portions)).all()
    assert moved["digests"] <= 20_000 * (np.log2(200) + 1)


def test_a_name_is_looked_up_once_at_each_of_its_places() -> None:
    class Words(set[str]):
        looked_up = 0

        def __contains__(self, text: object) -> bool:
            Words.looked_up += 1
            return super().__contains__(text)

    banned = Banned(["xyzzy"])
    banned._words = {length: Words(words) for length, words in banned._words.items()}
    assert banned.keeps("abcdefghijklmnopqrst")
    assert 0 < Words.looked_up <= 20


def test_an_expression_is_shown_as_long_as_it_fits_and_cut_to_the_same_length() -> None:
    shown = []
    for length in (60, 61, 500):
        with pytest.raises(SettingsError) as error:
            Pattern("(" + "a" * (length - 1))
        shown.append(str(error.value).split("'")[1])
    assert shown[0] == "(" + "a" * 59
    assert shown[1] == shown[2] == shown[1].rstrip(".") + "..."
    assert len(shown[1]) == len(shown[0])

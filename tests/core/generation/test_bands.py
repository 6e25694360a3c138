"""Bands: how far a search goes before it gives up, to the prefix; and that how it goes about it changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

import namegen.core.generation.bands as bands_module
from namegen.core.generation.bands import BandSearch, ByProbability
from namegen.core.generation.generator import Generator
from namegen.core.generation.wishes.wishlist import Contains, EndsWith, Wishlist
from tests.core.generation.exact import SmallModel, all_names


class Counting(SmallModel):
    """Notes how much the search has done each time that it reads."""

    search: BandSearch | None = None

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.search is not None:
            self.done = self.search.read + self.search.walk.tried // 4
        return super().step(tokens, state)


def searched(bound: int, n: int, model: SmallModel, *wishes: Contains | EndsWith) -> tuple[BandSearch, list[str]]:
    """A search for the likeliest names of up to six characters, and what it found."""
    source = Generator(model, model.vocabulary)
    walk, judge = source.prepare(n, 6, Wishlist(wishes), allow_seen=True, allow_repeats=True)
    search = BandSearch(walk, judge, ByProbability(), bound=bound)
    if isinstance(model, Counting):
        model.search = search
    names: list[str] = []
    for found in search.bands(n=n):
        names = found.names
    return search, names


@pytest.mark.parametrize(
    "wishes", [(), (Contains("cab"),), (EndsWith("aca"), Contains("bb"))], ids=["no wish", "one", "two"]
)
def test_the_bound_is_what_a_search_may_read_and_a_quarter_of_what_its_wishes_are_asked(
    wishes: tuple[Contains | EndsWith, ...],
) -> None:
    model = Counting()
    search, names = searched(10**9, 12, model, *wishes)
    needed = model.done
    assert not search.bounded
    search, found = searched(needed, 12, model, *wishes)
    assert (search.bounded, found) == (False, names)
    search, found = searched(needed - 1, 12, model, *wishes)
    assert search.bounded
    assert found == names[: len(found)]


@pytest.mark.parametrize("bound", [0, 1])
def test_one_prefix_at_least_is_read_and_no_more_than_are_allowed(bound: int) -> None:
    search, _ = searched(bound, 3, SmallModel("a"))
    assert (search.bounded, search.read) == (True, 1)


def test_a_search_ends_where_more_waits_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SmallModel("".join(map(chr, range(300, 400))))
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", 10)
    assert not searched(10**9, 20, model)[0].bounded
    monkeypatch.setattr(bands_module, "MOST_NUMBERS", 100)  # of the first characters alone more would wait
    search, _ = searched(10**9, 20, model)
    assert (search.bounded, search.read) == (True, 1)


@pytest.mark.parametrize("small_band", [5, 1_000])
def test_wide_bands_and_narrow_ones_find_the_same(small_band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = all_names(SmallModel(), 6)
    expected = sorted(filter(None, exact), key=lambda name: (-exact[name], name))
    monkeypatch.setattr(bands_module, "SMALL_BAND", small_band)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.1)
    for n in (10, 600):
        assert searched(10**9, n, SmallModel())[1] == expected[:n]


@pytest.mark.parametrize("rows_a_block", [2, 7])
def test_what_lies_below_the_floor_is_passed_over_and_not_what_waits_beside_it(
    rows_a_block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With enough names the floor rises while blocks of every length wait."""
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", rows_a_block)
    model = SmallModel("abcd")
    exact = all_names(model, 6)
    expected = sorted(filter(None, exact), key=lambda name: (-exact[name], name))
    assert searched(10**9, 256, model)[1] == expected[:256]

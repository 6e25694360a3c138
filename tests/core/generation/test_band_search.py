"""Check that a search in bands finds the most likely names, as brute force does, and keeps to its budget."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.exact as bands_module
import namegen.core.generation.generator as generator_module
from namegen.core.data.normalization import known_set, normalize
from namegen.core.generation.exact import BandSearch, ByProbability
from namegen.core.generation.generator import Generator
from namegen.errors import GenerationError, SettingsError
from namegen.events import Searched
from tests.core.generation.constraints.test_constraint_list import EXAMPLES
from tests.core.generation.exact import SmallModel, all_names, asking, most_likely, walk_of

MODEL = SmallModel()
LONGEST = 7
EXACT = all_names(MODEL, LONGEST)
BLOCK_ROWS = "namegen.core.generation.walk.BLOCK_ROWS"


def best(n: int, model: SmallModel = MODEL, **options: Any) -> list[str]:
    return most_likely(Generator(model, model.vocabulary), n, **{"max_length": LONGEST} | options)


def in_order(exact: dict[str, float]) -> list[str]:
    """Return the names by falling probability. Equally likely names are sorted by their characters."""
    return sorted(filter(None, exact), key=lambda name: (-exact[name], name))


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_most_likely_names_match_brute_force(n: int) -> None:
    batch = next(Generator(MODEL, MODEL.vocabulary).most_likely(asking(n, max_length=LONGEST)))
    assert batch.names == in_order(EXACT)[:n]
    np.testing.assert_allclose(
        batch.log_probability, [np.log(EXACT[name]) for name in batch.names], rtol=1e-5
    )
    assert (np.diff(batch.log_probability) <= 0).all()


@pytest.mark.parametrize("constraint", EXAMPLES)
def test_most_likely_names_satisfy_constraints(constraint: str) -> None:
    options, holds = EXAMPLES[constraint]
    expected = [name for name in in_order(EXACT) if holds(name)][:50]
    assert best(len(expected), **options) == expected


@given(
    n=st.integers(1, 40),
    seed=st.floats(0, 100),
    starts_with=st.text("ab", max_size=2),
    contains=st.text("ab", max_size=2),
    known=st.lists(st.text("ab", min_size=1, max_size=3), max_size=6),
)
@settings(max_examples=20)
def test_random_models_and_constraints_match_brute_force(
    n: int, seed: float, starts_with: str, contains: str, known: list[str]
) -> None:
    model = SmallModel("ab", seed=seed)
    exact = all_names(model, 5)
    wanted = [name for name in in_order(exact) if name.startswith(starts_with) and contains in name]
    expected = [name for name in wanted if name not in known][:n]
    found: list[str] = []
    source = Generator(model, model.vocabulary, known_names=known_set(known))
    request = asking(n, max_length=5, starts_with=starts_with, contains=contains, allow_seen=False)
    try:
        for batch in source.most_likely(request):
            found += batch.names
    except GenerationError:
        assert len(expected) < n
    # Logits have float32 precision, so names with almost the same probability can be in either order.
    np.testing.assert_allclose(
        [exact[name] for name in found], [exact[name] for name in expected], rtol=1e-6
    )


def test_only_the_most_likely_spelling_is_returned() -> None:
    model = SmallModel(" Aab")
    every = [name for name in in_order(all_names(model, 4)) if name == name.strip()]
    expected: dict[str, str] = {}
    for name in every:
        expected.setdefault(normalize(name), name)
    assert best(30, model, max_length=4) == list(expected.values())[:30]
    assert best(30, model, max_length=4, allow_repeats=True) == every[:30]


def test_equally_likely_names_are_sorted_by_their_characters() -> None:
    class Even(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.zeros_like(logits), state

    assert best(7, Even("ba"[::-1]), max_length=3) == ["a", "b", "aa", "ab", "ba", "bb", "aaa"]


def test_progress_is_reported_without_changing_the_names() -> None:
    told: list[Searched] = []
    request = asking(60, max_length=LONGEST)
    [batch] = Generator(MODEL, MODEL.vocabulary).most_likely(request, on_progress=told.append)
    assert batch.names == in_order(EXACT)[:60]
    found, read = [event.found for event in told], [event.read for event in told]
    assert {(event.wanted, event.drawn) for event in told} == {(60, 0)}
    assert len(read) > 5
    assert read == sorted(set(read))
    assert found == sorted(found)
    assert 0 < found[-1] <= 60


def test_all_names_are_returned_before_an_error() -> None:
    batches = Generator(MODEL, MODEL.vocabulary).most_likely(asking(20, max_length=2))
    assert next(batches).names == in_order(all_names(MODEL, 2))
    with pytest.raises(
        GenerationError,
        match=r"found 12 of the 20 most likely names, and no other name is possible",
    ):
        next(batches)


def test_a_search_that_exceeds_its_budget_returns_certain_results(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generator_module, "MAX_PREFIXES", 3_000)
    options = {
        "max_length": 30,
        "contains": "abcabc",
        "min_distance": 2,
        "exclude_names": ["ccc"],
    }
    found: list[str] = []
    batches = Generator(MODEL, MODEL.vocabulary).most_likely(asking(500, **options))
    with pytest.raises(
        GenerationError, match=r"found \d+ of the 500 .* prefixes: .*relax contains"
    ):
        found.extend(name for batch in batches for name in batch.names)
    monkeypatch.setattr(generator_module, "MAX_PREFIXES", 100_000)
    assert found == best(max(len(found), 1), **options)[: len(found)]


def test_new_names_exclude_every_spelling_of_listed_names() -> None:
    known = known_set([name.upper() for name in in_order(EXACT)[:5]])
    source = Generator(MODEL, MODEL.vocabulary, known_names=known)
    names = most_likely(source, 10, max_length=LONGEST, allow_seen=False)
    assert names == in_order(EXACT)[5:15]


def test_invalid_requests_are_rejected_immediately() -> None:
    with pytest.raises(SettingsError, match="starts_with"):
        Generator(MODEL, MODEL.vocabulary).most_likely(asking(starts_with="X"))
    assert best(0) == []


def test_extremely_unlikely_names_are_found_quickly() -> None:
    """All names except one are so unlikely that lowering the floor in small steps would never reach them."""

    class Steep(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.where(np.arange(4) == 1, 0, [-1e30, 0, -3e30, -2e30]).astype(
                np.float32
            ) + 0 * logits, state

    search, names = searched(10**9, 2, Steep(), max_length=2)
    assert names == ["a", "aa"]
    assert search.prefixes_read < 50


class Counting(SmallModel):
    """A small model that records in each call how much work the search has done so far."""

    search: BandSearch | None = None

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.search is not None:
            self.done = self.search.prefixes_read + self.search.walk.tried // 4
        return super().step(tokens, state)


def searched(
    budget: int, n: int, model: SmallModel, **options: Any
) -> tuple[BandSearch, list[str]]:
    """Search for the most likely names of up to six characters, and return the search and the names."""
    walk = walk_of(model, **{"max_length": 6, "allow_repeats": True} | options)
    search = BandSearch(walk, ByProbability(), budget=budget)
    if isinstance(model, Counting):
        model.search = search
    names: list[str] = []
    for band in search.bands(n=n):
        names = band.best.names.tolist()
    return search, names


@pytest.mark.parametrize("options", [{}, {"ends_with": "aca", "contains": "bb"}], ids=str)
def test_the_budget_includes_prefixes_and_constraint_checks(options: dict[str, str]) -> None:
    model = Counting()
    search, names = searched(10**9, 12, model, **options)
    needed = model.done
    assert not search.gave_up
    search, found = searched(needed, 12, model, **options)
    assert (search.gave_up, found) == (False, names)
    search, found = searched(needed - 1, 12, model, **options)
    assert search.gave_up
    assert found == names[: len(found)]


def test_large_requests_return_some_names_on_a_small_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget, n, model = 30, 2_000, SmallModel("ab")
    assert searched(budget, n, model)[1] == []
    monkeypatch.setattr(bands_module, "MAX_LOST", 8)
    search, names = searched(budget, n, model)
    assert search.gave_up
    assert 0 < len(names) < 40
    assert names == searched(10**9, len(names), model)[1]


def test_one_prefix_is_always_read_and_memory_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for budget in (0, 1):
        search, _ = searched(budget, 3, SmallModel("a"))
        assert (search.gave_up, search.prefixes_read) == (True, 1)
    model = SmallModel("".join(map(chr, range(300, 360))))
    monkeypatch.setattr(BLOCK_ROWS, 10)
    assert not searched(10**9, 20, model)[0].gave_up
    monkeypatch.setattr(
        bands_module, "MAX_NUMBERS", 100
    )  # even the first characters need more memory
    search, _ = searched(10**9, 20, model)
    assert (search.gave_up, search.prefixes_read) == (True, 1)


@pytest.mark.parametrize("small_band", [5, 1_000])
def test_band_and_block_sizes_do_not_change_results(
    small_band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = in_order(all_names(MODEL, 6))
    monkeypatch.setattr(bands_module, "SMALL_BAND", small_band)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.1)
    assert searched(10**9, 600, MODEL)[1] == expected[:600]
    monkeypatch.setattr(BLOCK_ROWS, 3)
    assert searched(10**9, 10, MODEL)[1] == expected[:10]

"""Bands: the likeliest names are those that writing down every name finds; how far a search goes, to the prefix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.exact.band_search as bands_module
import namegen.core.generation.exact.most_likely as most_likely_module
from namegen.core.data.normalization import known_set, normalize
from namegen.core.generation.constraints.constraint_list import ConstraintList, MinDistance
from namegen.core.generation.constraints.texts import Contains, EndsWith, StartsWith
from namegen.core.generation.exact.band_search import BandSearch, ByProbability
from namegen.core.generation.exact.most_likely import most_likely
from namegen.core.generation.generator import Generator
from namegen.errors import GenerationError, SettingsError
from namegen.events import Searched
from tests.core.generation.constraints.test_constraint_list import EXAMPLES
from tests.core.generation.exact import SmallModel, all_names

MODEL = SmallModel()
LONGEST = 7
EXACT = all_names(MODEL, LONGEST)
BLOCK_ROWS = "namegen.core.generation.count_splitting.BLOCK_ROWS"


def best(
    n: int, model: SmallModel = MODEL, known: list[str] | None = None, **asked: object
) -> list[str]:
    source = Generator(
        model, model.vocabulary, known_names=None if known is None else known_set(known)
    )
    asked = {"max_length": LONGEST, "allow_seen": known is None} | asked
    return [name for batch in most_likely(source, n, **asked) for name in batch.names]  # type: ignore[arg-type]


def in_order(exact: dict[str, float]) -> list[str]:
    """By falling probability, equals by their characters."""
    return sorted(filter(None, exact), key=lambda name: (-exact[name], name))


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_the_likeliest_are_those_of_brute_force_with_their_probabilities(n: int) -> None:
    batch = next(
        most_likely(Generator(MODEL, MODEL.vocabulary), n, max_length=LONGEST, allow_seen=True)
    )
    assert batch.names == in_order(EXACT)[:n]
    np.testing.assert_allclose(
        batch.log_probability, [np.log(EXACT[name]) for name in batch.names], rtol=1e-5
    )
    assert (np.diff(batch.log_probability) <= 0).all()


@pytest.mark.parametrize("constraint", EXAMPLES)
def test_constraints_hold(constraint: str) -> None:
    constraints, holds = EXAMPLES[constraint]
    expected = [name for name in in_order(EXACT) if holds(name)][:50]
    assert best(len(expected), constraints=constraints) == expected


@given(
    n=st.integers(1, 40),
    seed=st.floats(0, 100),
    starts_with=st.text("ab", max_size=2),
    contains=st.text("ab", max_size=2),
    known=st.lists(st.text("ab", min_size=1, max_size=3), max_size=6),
)
@settings(max_examples=20)
def test_any_small_model_and_constraint(
    n: int, seed: float, starts_with: str, contains: str, known: list[str]
) -> None:
    model = SmallModel("ab", seed=seed)
    exact = all_names(model, 5)
    wanted = [name for name in in_order(exact) if name.startswith(starts_with) and contains in name]
    expected = [name for name in wanted if name not in known][:n]
    found: list[str] = []
    source = Generator(model, model.vocabulary, known_names=known_set(known))
    asked = ConstraintList([StartsWith(starts_with), Contains(contains)])
    try:
        for batch in most_likely(source, n, max_length=5, constraints=asked):
            found += batch.names
    except GenerationError:
        assert len(expected) < n
    # Float32 logits: names as good as equally likely may stand either way round.
    np.testing.assert_allclose(
        [exact[name] for name in found], [exact[name] for name in expected], rtol=1e-6
    )


def test_of_one_name_in_two_spellings_the_likelier_is_given() -> None:
    model = SmallModel(" Aab")
    every = [name for name in in_order(all_names(model, 4)) if name == name.strip()]
    expected: dict[str, str] = {}
    for name in every:
        expected.setdefault(normalize(name), name)
    assert best(30, model, max_length=4) == list(expected.values())[:30]
    assert best(30, model, max_length=4, allow_repeats=True) == every[:30]


def test_equally_likely_names_stand_in_the_order_of_their_characters() -> None:
    class Even(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.zeros_like(logits), state

    assert best(7, Even("ba"[::-1]), max_length=3) == ["a", "b", "aa", "ab", "ba", "bb", "aaa"]


def test_progress_is_told_and_changes_nothing() -> None:
    told: list[Searched] = []
    assert best(60, on_progress=told.append) == in_order(EXACT)[:60]
    found, read = [event.found for event in told], [event.read for event in told]
    assert {(event.wanted, event.drawn) for event in told} == {(60, 0)}
    assert len(read) > 5
    assert read == sorted(set(read))
    assert found == sorted(found)
    assert 0 < found[-1] <= 60


def test_when_there_are_no_more_it_says_so_after_those_there_are() -> None:
    batches = most_likely(Generator(MODEL, MODEL.vocabulary), 20, max_length=2, allow_seen=True)
    assert next(batches).names == in_order(all_names(MODEL, 2))
    with pytest.raises(
        GenerationError,
        match=r"found 12 of the 20 most likely names, and no other name is possible",
    ):
        next(batches)


def test_a_search_that_uses_up_its_budget_gives_what_is_sure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(most_likely_module, "MAX_PREFIXES", 3_000)
    constraints = ConstraintList([Contains("abcabc"), MinDistance(2, ["ccc"])])
    batches = most_likely(
        Generator(MODEL, MODEL.vocabulary),
        500,
        max_length=30,
        constraints=constraints,
        allow_seen=True,
    )
    found: list[str] = []
    with pytest.raises(
        GenerationError, match=r"found \d+ of the 500 .* prefixes: .*relax contains"
    ):
        found.extend(name for batch in batches for name in batch.names)
    monkeypatch.setattr(most_likely_module, "MAX_PREFIXES", 100_000)
    assert found == best(max(len(found), 1), max_length=30, constraints=constraints)[: len(found)]
    monkeypatch.setattr(most_likely_module, "MAX_PREFIXES", 50)
    with pytest.raises(
        GenerationError, match=r"gave up after .* prefixes: ask for fewer"
    ):  # it has refused nothing
        best(10_000, SmallModel("abcdef"), max_length=12, allow_repeats=True)


def test_new_names_are_not_of_the_list_in_any_spelling() -> None:
    known = in_order(EXACT)[:5]
    assert best(10, known=[name.upper() for name in known]) == in_order(EXACT)[5:15]


def test_constraints_are_checked_at_once() -> None:
    with pytest.raises(SettingsError, match="starts_with"):
        most_likely(
            Generator(MODEL, MODEL.vocabulary),
            1,
            max_length=5,
            constraints=ConstraintList([StartsWith("X")]),
        )
    with pytest.raises(SettingsError, match="-3 names"):
        most_likely(Generator(MODEL, MODEL.vocabulary), -3, max_length=5, allow_seen=True)
    assert best(0) == []


def test_a_floor_far_below_is_reached_at_once() -> None:
    """All but one name are so unlikely that a floor that goes down step by step would never come there."""

    class Steep(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.where(np.arange(4) == 1, 0, [-1e30, 0, -3e30, -2e30]).astype(
                np.float32
            ) + 0 * logits, state

    told: list[Searched] = []
    assert best(2, Steep(), max_length=2, on_progress=told.append) == ["a", "aa"]
    assert told[-1].read < 50


class Counting(SmallModel):
    """Notes how much the search has done each time that it reads."""

    search: BandSearch | None = None

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.search is not None:
            self.done = self.search.prefixes_read + self.search.walk.tried // 4
        return super().step(tokens, state)


def searched(
    budget: int, n: int, model: SmallModel, *constraints: Contains | EndsWith
) -> tuple[BandSearch, list[str]]:
    """A search for the likeliest names of up to six characters, and what it found."""
    source = Generator(model, model.vocabulary)
    walk, name_filter = source.prepare(
        n, 6, ConstraintList(constraints), allow_seen=True, allow_repeats=True
    )
    search = BandSearch(walk=walk, name_filter=name_filter, ranking=ByProbability(), budget=budget)
    if isinstance(model, Counting):
        model.search = search
    names: list[str] = []
    for band in search.bands(n=n):
        names = band.best.names
    return search, names


@pytest.mark.parametrize(
    "constraints",
    [(), (Contains("cab"),), (EndsWith("aca"), Contains("bb"))],
    ids=["no constraint", "one", "two"],
)
def test_the_budget_is_what_a_search_may_read_and_a_quarter_of_what_its_constraints_are_asked(
    constraints: tuple[Contains | EndsWith, ...],
) -> None:
    model = Counting()
    search, names = searched(10**9, 12, model, *constraints)
    needed = model.done
    assert not search.gave_up
    search, found = searched(needed, 12, model, *constraints)
    assert (search.gave_up, found) == (False, names)
    search, found = searched(needed - 1, 12, model, *constraints)
    assert search.gave_up
    assert found == names[: len(found)]


def test_where_a_budget_is_used_up_before_any_of_very_many_names_some_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    budget, n, model = 30, 2_000, SmallModel("ab")
    assert searched(budget, n, model)[1] == []
    monkeypatch.setattr(bands_module, "MAX_LOST", 8)
    search, names = searched(budget, n, model)
    assert search.gave_up
    assert 0 < len(names) < 40
    assert names == searched(10**9, len(names), model)[1]


def test_one_prefix_at_least_is_read_and_no_more_than_there_is_room_for(
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
    )  # of the first characters alone more would wait
    search, _ = searched(10**9, 20, model)
    assert (search.gave_up, search.prefixes_read) == (True, 1)


@pytest.mark.parametrize("small_band", [5, 1_000])
def test_wide_bands_narrow_ones_and_small_blocks_agree(
    small_band: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = in_order(all_names(MODEL, 6))
    monkeypatch.setattr(bands_module, "SMALL_BAND", small_band)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.1)
    assert searched(10**9, 600, MODEL)[1] == expected[:600]
    monkeypatch.setattr(BLOCK_ROWS, 3)
    assert searched(10**9, 10, MODEL)[1] == expected[:10]


def test_what_lies_below_the_floor_is_passed_over_and_not_what_waits_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With enough names the floor rises while blocks of every length wait."""
    monkeypatch.setattr(BLOCK_ROWS, 2)
    assert searched(10**9, 256, MODEL)[1] == in_order(all_names(MODEL, 6))[:256]

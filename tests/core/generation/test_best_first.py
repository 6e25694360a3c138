"""The likeliest names: those that writing down every name finds, in their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import namegen.core.generation.bands as bands_module
import namegen.core.generation.generator as best_first_module
from namegen.core.data.sameness import known_digests, normalise
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.wishes.wishlist import Contains, MinDistance, StartsWith, Wishlist
from namegen.errors import GenerationError, SettingsError
from tests.core.generation.exact import SmallModel, all_names
from tests.core.generation.wishes.test_wishlist import EXAMPLES

MODEL = SmallModel()
LONGEST = 7
EXACT = all_names(MODEL, LONGEST)


def best(n: int, model: SmallModel = MODEL, known: list[str] | None = None, **asked: object) -> list[str]:
    source = Generator(model, model.vocabulary, known_names=None if known is None else known_digests(known))
    asked = {"max_length": LONGEST, "allow_seen": known is None} | asked
    return [name for batch in likeliest(source, n, **asked) for name in batch.names]  # type: ignore[arg-type]


def brute_force(n: int, holds: object = None) -> list[str]:
    wanted = [name for name in EXACT if name and (holds is None or holds(name))]  # type: ignore[operator]
    return sorted(wanted, key=lambda name: (-EXACT[name], name))[:n]


@pytest.mark.parametrize("n", [1, 2, 10, 100, 1000])
def test_the_likeliest_are_those_of_brute_force(n: int) -> None:
    assert best(n) == brute_force(n)


def test_log_probabilities_are_exact_and_fall() -> None:
    batch = next(likeliest(Generator(MODEL, MODEL.vocabulary), 100, max_length=LONGEST, allow_seen=True))
    np.testing.assert_allclose(batch.log_probability, [np.log(EXACT[name]) for name in batch.names], rtol=1e-5)
    assert (np.diff(batch.log_probability) <= 0).all()


@pytest.mark.parametrize("wish", EXAMPLES)
def test_wishes_hold(wish: str) -> None:
    wishes, holds = EXAMPLES[wish]
    expected = brute_force(50, holds)
    found = best(min(50, len(expected)), wishes=wishes)
    assert found == expected


@given(
    n=st.integers(1, 40),
    seed=st.floats(0, 100),
    starts_with=st.text("ab", max_size=2),
    contains=st.text("ab", max_size=2),
    known=st.lists(st.text("ab", min_size=1, max_size=3), max_size=6),
)
@settings(max_examples=25)
def test_any_small_model_and_wish(n: int, seed: float, starts_with: str, contains: str, known: list[str]) -> None:
    model = SmallModel("ab", seed=seed)
    exact = all_names(model, 5)
    wanted = [
        name for name in exact if name and name.startswith(starts_with) and contains in name and name not in known
    ]
    expected = sorted(wanted, key=lambda name: (-exact[name], name))[:n]
    found: list[str] = []
    source = Generator(model, model.vocabulary, known_names=known_digests(known))
    asked = Wishlist([StartsWith(starts_with), Contains(contains)])
    batches = likeliest(source, n, max_length=5, wishes=asked)
    try:
        for batch in batches:
            found += batch.names
    except GenerationError:
        assert len(expected) < n
    # Float32 logits: names as good as equally likely may stand either way round.
    np.testing.assert_allclose([exact[name] for name in found], [exact[name] for name in expected], rtol=1e-6)


def test_of_one_name_in_two_spellings_the_likelier_is_given() -> None:
    model = SmallModel(" Aab")
    exact = all_names(model, 4)
    seen: set[str] = set()
    expected = []
    for name in sorted(exact, key=lambda name: (-exact[name], name)):
        if name and name == name.strip() and normalise(name) not in seen:
            seen.add(normalise(name))
            expected.append(name)
    assert best(30, model, max_length=4) == expected[:30]
    every = [name for name in sorted(exact, key=lambda name: (-exact[name], name)) if name and name == name.strip()]
    assert best(30, model, max_length=4, allow_repeats=True) == every[:30]


def test_equally_likely_names_stand_in_the_order_of_their_characters() -> None:
    class Even(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.zeros_like(logits), state

    assert best(7, Even("ba"[::-1]), max_length=3) == ["a", "b", "aa", "ab", "ba", "bb", "aaa"]


def test_small_blocks_and_bands_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", 3)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.1)
    assert best(60) == brute_force(60)


def test_progress_is_told_and_changes_nothing() -> None:
    told: list[tuple[int, int]] = []
    batches = likeliest(
        Generator(MODEL, MODEL.vocabulary),
        60,
        max_length=6,
        allow_seen=True,
        on_progress=lambda found, read: told.append((found, read)),
    )
    assert [name for batch in batches for name in batch.names] == brute_force(60)
    read = [read for _, read in told]
    assert len(read) > 5
    assert read == sorted(set(read))
    found = [found for found, _ in told]
    assert found == sorted(found)
    assert 0 < found[-1] <= 60


def test_when_there_are_no_more_it_says_so_after_those_there_are() -> None:
    source = Generator(MODEL, MODEL.vocabulary)
    batches = likeliest(source, 20, max_length=2, allow_seen=True)
    assert next(batches).names == sorted((n for n in all_names(MODEL, 2) if n), key=lambda n: -all_names(MODEL, 2)[n])
    with pytest.raises(GenerationError, match=r"names found: 12 of 20 asked for.*no other name is possible"):
        next(batches)


def test_a_search_that_comes_to_its_bound_gives_what_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_first_module, "MOST_PREFIXES", 3_000)
    wishes = Wishlist([Contains("abcabc"), MinDistance(2, ["ccc"])])
    batches = likeliest(Generator(MODEL, MODEL.vocabulary), 500, max_length=30, wishes=wishes, allow_seen=True)
    found: list[str] = []
    with pytest.raises(GenerationError, match=r"names found: \d+ of 500 .* prefixes: .*relax contains"):
        found.extend(name for batch in batches for name in batch.names)
    monkeypatch.setattr(best_first_module, "MOST_PREFIXES", 100_000)
    assert found == best(max(len(found), 1), max_length=30, wishes=wishes)[: len(found)]


def test_new_names_are_not_of_the_list_in_any_spelling() -> None:
    known = brute_force(5)
    assert best(10, known=[name.upper() for name in known]) == brute_force(15)[5:]


def test_wishes_are_checked_at_once() -> None:
    with pytest.raises(SettingsError, match="starts_with"):
        likeliest(Generator(MODEL, MODEL.vocabulary), 1, max_length=5, wishes=Wishlist([StartsWith("X")]))
    with pytest.raises(SettingsError, match="-3 names"):
        likeliest(Generator(MODEL, MODEL.vocabulary), -3, max_length=5, allow_seen=True)
    assert best(0) == []


def test_a_search_that_comes_to_its_bound_says_so_though_it_has_refused_nothing(monkeypatch):
    monkeypatch.setattr("namegen.core.generation.generator.MOST_PREFIXES", 50)
    model = SmallModel("abcdef")
    search = likeliest(Generator(model, model.vocabulary), 10_000, max_length=12, allow_seen=True, allow_repeats=True)
    with pytest.raises(GenerationError, match=r"no more within .* prefixes: ask for fewer"):
        list(search)


def test_a_floor_far_below_is_reached_at_once() -> None:
    """All but one name are so unlikely that a floor that goes down step by step would never come there."""

    class Steep(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.where(np.arange(4) == 1, 0, [-1e30, 0, -3e30, -2e30]).astype(np.float32) + 0 * logits, state

    told: list[int] = []
    batches = likeliest(
        Generator(Steep(), MODEL.vocabulary),
        2,
        max_length=2,
        allow_seen=True,
        on_progress=lambda found, read: told.append(read),
    )
    assert next(batches).names == ["a", "aa"]
    assert told[-1] < 50

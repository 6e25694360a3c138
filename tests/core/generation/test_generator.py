"""Check that generated names have exactly the model's probabilities, and are new and distinct if requested.

With several start tokens, the probability of a name is Σ share · p(name | start token).
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter

import numpy as np
import pytest

import namegen.core.generation.search as search_module
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import hash_name, known_set
from namegen.core.generation.generator import Generator
from namegen.core.generation.search import Effort, round_size
from namegen.errors import GenerationError, SettingsError
from namegen.events import Searched
from tests.core.generation.exact import (
    SmallModel,
    asking,
    check_frequencies,
    conditioned,
    letters_of,
    most_likely,
    names_of,
    over_beginnings,
)

MODEL = SmallModel()
V = MODEL.vocabulary_size
ONE, TWO = StartTokens.single(), StartTokens((V, V + 1), (0.7, 0.3))
THREE = StartTokens((V, V + 1, V + 2), (0.5, 0.2, 0.3))
REPEATS = {"allow_repeats": True}
BLOCK_ROWS = "namegen.core.generation.walk.BLOCK_ROWS"
SAMPLINGS = [
    {},
    {"temperature": 0.6},
    {"temperature": 1.7},
    {"top_k": 2},
    {"top_p": 0.7},
    {"temperature": 1.5, "top_k": 3, "top_p": 0.9},
]


def generator(
    known: list[str] | None = None,
    model: SmallModel = MODEL,
    start_tokens: StartTokens | None = None,
) -> Generator:
    known_names = None if known is None else known_set(known)
    return Generator(
        model,
        model.vocabulary,
        known_names=known_names,
        start_tokens=start_tokens or StartTokens.single(),
    )


def drawn(
    start_tokens: StartTokens,
    n: int,
    model: SmallModel = MODEL,
    longest: int = 4,
    **options: object,
) -> Counter[str]:
    source = generator(model=model, start_tokens=start_tokens)
    return Counter(names_of(source, n, max_length=longest, allow_repeats=True, **options))


def exactly(start_tokens: StartTokens, longest: int = 4, **sampling: float) -> dict[str, float]:
    """Return the exact probability of every name except the empty name."""
    return {
        name: p
        for name, p in over_beginnings(MODEL, start_tokens, longest, **sampling).items()
        if name
    }


@pytest.mark.parametrize("start_tokens", [ONE, THREE], ids=["one", "three"])
@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_names_follow_the_exact_probabilities(
    sampling: dict[str, float], start_tokens: StartTokens
) -> None:
    """Names that are empty or too long are drawn again, so the other names keep their relative probabilities."""
    counts = drawn(start_tokens, 20_000, longest=5, **sampling)
    assert counts.total() == 20_000
    check_frequencies(counts, conditioned(exactly(start_tokens, 5, **sampling)))


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.6}], ids=str)
def test_a_forced_prefix_gives_conditional_probabilities(sampling: dict[str, float]) -> None:
    """Start tokens are weighted by the prefix's probability after each of them, and not only by their shares."""
    wanted = conditioned(
        {name: p for name, p in exactly(TWO, **sampling).items() if name.startswith("ca")}
    )
    check_frequencies(drawn(TWO, 30_000, starts_with="ca", **sampling), wanted)


def test_constraints_keep_relative_probabilities_with_several_start_tokens() -> None:
    exact = {name: p for name, p in exactly(THREE).items() if name.endswith("b")}
    check_frequencies(drawn(THREE, 10_000, ends_with="b"), conditioned(exact))


def test_a_prefix_that_is_never_drawn_can_be_requested() -> None:
    """At temperature 0, each start token has only one name, but start tokens are weighted as at temperature 1."""
    names = drawn(TWO, 2_000, starts_with="ca", temperature=0.0)
    posterior = np.array(TWO.shares) * [
        math.exp(sum(letters_of(MODEL, token, "ca")[:2])) for token in TWO.tokens
    ]
    assert len(names) in (1, 2)
    if len(names) == 2:
        assert max(names.values()) / 2_000 == pytest.approx(
            max(posterior) / sum(posterior), abs=0.05
        )
    found = drawn(TWO, 50, starts_with="b", model=SmallModel(impossible="b"))
    assert found.total() == 50
    assert all(name.startswith("b") for name in found)


def test_several_start_tokens_use_one_more_random_number() -> None:
    """The first number of a row chooses the start token. The others draw the name, as with a single start token."""
    uniforms = np.random.default_rng(1).random((300, 6))
    tokens = generator(start_tokens=THREE).draw_one_by_one(uniforms, temperature=0.9)
    assert tokens.shape == (300, 5)
    chosen = np.searchsorted(np.cumsum(THREE.shares), uniforms[:, 0], side="right")
    assert set(chosen.tolist()) == {0, 1, 2}
    for place, token in enumerate(THREE.tokens):
        apart = generator(start_tokens=StartTokens.single(token)).draw_one_by_one(
            uniforms[:, 1:], temperature=0.9
        )
        np.testing.assert_array_equal(tokens[chosen == place], apart[chosen == place])
    assert generator(start_tokens=THREE).draw_one_by_one(np.zeros((0, 4))).shape == (0, 3)


def test_draw_one_by_one_matches_a_plain_loop() -> None:
    uniforms = np.random.default_rng(1).random((200, 6))
    tokens = generator().draw_one_by_one(uniforms, temperature=0.9)
    for row in range(200):
        state, last, expected = MODEL.initial_state(1), 0, []
        for number in uniforms[row]:
            logits, state = MODEL.step(np.array([last], np.int32), state)
            weights = [math.exp(float(value) / 0.9) for value in logits[0]]
            sums = np.cumsum(weights) / sum(weights)
            last = next(place for place, total in enumerate(sums) if total > number)
            expected.append(last)
            if last == 0:
                break
        assert tokens[row].tolist() == expected + [0] * (6 - len(expected))
    unended = generator().draw_one_by_one(np.full((2, 4), 0.9999))
    assert unended.shape == (2, 4)
    assert (unended != 0).all()


def test_a_single_name_follows_its_probability() -> None:
    """More names are drawn than requested. The first one is returned, not the rarest or the most likely."""
    found = Counter(names_of(generator(), 1, seed, max_length=2)[0] for seed in range(100))
    check_frequencies(found, conditioned(exactly(ONE, 2)))


def test_log_probability_includes_all_start_tokens() -> None:
    exact = over_beginnings(MODEL, TWO, 4)
    for options in ({}, {"temperature": 0.5}, REPEATS):
        for batch in generator(start_tokens=TWO).generate(
            asking(50, seed=3, max_length=4, **options)
        ):
            expected = [math.log(exact[name]) for name in batch.names]
            np.testing.assert_allclose(batch.log_probability, expected, atol=1e-6)


def test_most_likely_names_with_several_start_tokens() -> None:
    exact = exactly(THREE, 5)
    expected = sorted(exact, key=lambda name: -exact[name])
    source = generator(start_tokens=THREE)
    batch = next(source.most_likely(asking(60, max_length=5)))
    assert batch.names == expected[:60]
    np.testing.assert_allclose(
        batch.log_probability, [math.log(exact[name]) for name in batch.names], atol=1e-6
    )
    found = most_likely(source, 10, max_length=5, starts_with="ca")
    assert found == [name for name in expected if name.startswith("ca")][:10]
    of_label = exactly(StartTokens.single(V + 1), 5)
    one = most_likely(generator(start_tokens=StartTokens.single(V + 1)), 20, max_length=5)
    assert one == sorted(of_label, key=lambda name: -of_label[name])[:20] != expected[:20]


def test_a_single_start_token_uses_no_extra_random_number() -> None:
    """A seed gives the same names with and without an explicit start token."""
    plain = Generator(MODEL, MODEL.vocabulary)
    explicit = generator(start_tokens=ONE)
    assert names_of(plain, 200, 3, **REPEATS) == names_of(explicit, 200, 3, **REPEATS)
    assert generator(start_tokens=TWO).as_one().model is not MODEL
    one = generator(start_tokens=StartTokens.single(V))
    assert one.as_one() is one


def test_batches_mark_new_names_if_the_list_is_known() -> None:
    request = asking(2_000, seed=0, max_length=3, **REPEATS)
    batch = next(generator(["ab", "C", "b a"]).generate(request))
    assert batch.new is not None
    assert batch.new.tolist() == [name not in ("ab", "c", "ba") for name in batch.names]
    assert {True, False} == set(batch.new.tolist())
    assert next(generator().generate(request)).new is None


@pytest.mark.parametrize("share", [0.99, 0.5, 0.02])
def test_long_requests_draw_only_slightly_more_than_needed(share: float) -> None:
    """The first draws show how many fail. Two draws per name, as in a short request, would double the work."""

    def draws(n: int) -> int:
        accepted = tried = 0
        while accepted < n:
            size = round_size(missing=n - accepted, accepted=accepted, tried=tried, certain=False)
            accepted += int(share * size)
            tried += size
        return tried

    assert draws(100_000) < 1.03 * 100_000 / share
    assert draws(3_000) >= 6_000  # if this changed, a seed would give different names
    for missing in (100, 1_000, 50_000):  # half of a thousand draws were accepted
        size = round_size(missing=missing, accepted=500, tried=1_000, certain=False)
        assert 2 * missing <= size <= 2.2 * missing + 100


def test_new_names_keep_their_relative_probabilities() -> None:
    exact = {name: chance for name, chance in exactly(ONE).items() if name not in ("a", "ba", "c")}
    source = generator(["A", "b-a", "C "])
    names = names_of(source, 30_000, max_length=4, allow_seen=False, **REPEATS)
    check_frequencies(Counter(names), conditioned(exact))


def test_all_distinct_names_are_returned_before_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=500, draws_in_vain=500))
    batches = generator(["ab"]).generate(asking(20, seed=0, max_length=2, allow_seen=False))
    found: list[str] = []
    with pytest.raises(GenerationError, match=r"found 11 of 20 .* no other name is possible: "):
        found.extend(name for batch in batches for name in batch.names)
    assert sorted(found) == sorted(exactly(ONE, 2).keys() - {"ab"})


def test_equivalent_names_are_returned_only_once() -> None:
    names = names_of(generator(model=SmallModel(" Aab")), 60, max_length=8)
    assert len({hash_name(name) for name in names}) == len(names) == 60
    assert all(name == name.strip() for name in names)
    names = names_of(generator(start_tokens=THREE), 60, seed=3, max_length=4)
    assert len(names) == len(set(names)) == 60


def test_new_names_need_a_list_of_known_names() -> None:
    with pytest.raises(GenerationError, match=r"with exclude_names, or pass allow_seen=True"):
        generator().generate(asking(allow_seen=False))
    assert "a" not in names_of(generator(), 20, allow_seen=False, exclude_names=["a"])
    assert len(names_of(generator(), 5, allow_seen=False, exclude_names=[])) == 5


def test_progress_is_reported_without_changing_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "CHUNK_NAMES", 500)
    monkeypatch.setattr("namegen.core.generation.walk.BLOCK_ROWS", 16)
    request = asking(200, seed=0, min_length=4, max_length=9)
    told: list[Searched] = []
    batches = generator([]).generate(request, on_progress=told.append)
    names = [name for batch in batches for name in batch.names]
    assert names == names_of(generator([]), 200, min_length=4, max_length=9)
    found, drawn = [event.found for event in told], [event.drawn for event in told]
    assert len(set(drawn)) > 20
    assert drawn == sorted(drawn)
    assert found == sorted(found)
    assert found[0] == 0 < found[-1] < 200


def test_the_seed_determines_names_and_negative_counts_are_rejected() -> None:
    source = generator([])
    assert names_of(source, 50, 7) == names_of(source, 50, 7) != names_of(source, 50, 8)
    assert names_of(source, 0) == []
    with pytest.raises(SettingsError, match="n is -1"):
        asking(-1)


def test_a_model_that_returns_nan_raises_an_error() -> None:
    class Broken(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.full_like(logits, np.nan), state

    with pytest.raises(GenerationError, match="not numbers"):
        names_of(generator([], Broken()), 5)


def test_names_are_returned_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory doesn't grow with the number of requested names, or with the number of repeats."""
    monkeypatch.setattr(search_module, "CHUNK_NAMES", 500)
    batches = generator().generate(asking(4_000, seed=0, max_length=6, **REPEATS))
    sizes = [len(batch.names) for batch in batches]
    assert sum(sizes) == 4_000
    assert max(sizes) <= 500


def test_names_use_composed_characters() -> None:
    """A model with combining accents could write é in two ways. Lists and scores use only the composed character."""
    model = SmallModel("eq\u0301\u0308")
    source = generator(model=model)
    names = names_of(source, 60, max_length=4) + most_likely(source, 40, max_length=4)
    assert all(unicodedata.is_normalized("NFC", name) for name in names)
    assert any("\u0301" in name for name in names)
    assert not model.vocabulary.unknown("".join(names))

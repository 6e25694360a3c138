"""Generator: names with just the probabilities of the model, new and distinct where that is asked."""

from __future__ import annotations

import math
import tracemalloc
import unicodedata
from collections import Counter

import numpy as np
import pytest

import namegen.core.generation.generator as generator_module
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.sameness import digest, known_digests
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.ngram import NgramModel
from namegen.core.generation.generator import Generator, likeliest, round_size
from namegen.core.generation.inventing import draw_each
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wishlist import Avoid, MinLength, Wishlist
from namegen.errors import GenerationError, SettingsError
from tests.core.generation.exact import SmallModel, all_names, check_frequencies, conditioned

MODEL = SmallModel()
SAMPLINGS = [
    {},
    {"temperature": 0.6},
    {"temperature": 1.7},
    {"top_k": 2},
    {"top_p": 0.7},
    {"temperature": 1.5, "top_k": 3, "top_p": 0.9},
    {"temperature": 0.0},
]


def generator(known: list[str] | None = None, model: SmallModel = MODEL) -> Generator:
    return Generator(model, model.vocabulary, known_names=None if known is None else known_digests(known))


def names_of(source: Generator, n: int, seed: int = 0, **asked: object) -> list[str]:
    batches = source.generate(n, rng=np.random.default_rng(seed), **asked)  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_frequencies_are_the_exact_probabilities_given_the_length(sampling: dict[str, float]) -> None:
    """A longer name is drawn anew, so the others keep their proportions; an empty one is never given."""
    exact = all_names(MODEL, 5, **sampling)
    del exact[""]
    settings = SamplingSettings(**sampling, max_length=5)  # type: ignore[arg-type]
    if sum(exact.values()) == 0:
        with pytest.raises(GenerationError, match=r"names found: 0 of 10 .* raise "):
            names_of(generator(), 10, sampling=settings, allow_seen=True, allow_repeats=True)
        return
    names = names_of(generator(), 40_000, sampling=settings, allow_seen=True, allow_repeats=True)
    assert len(names) == 40_000
    check_frequencies(Counter(names), conditioned(exact))


def test_the_test_of_frequencies_notices_a_wrong_temperature() -> None:
    exact = conditioned({name: chance for name, chance in all_names(MODEL, 5).items() if name})
    settings = SamplingSettings(temperature=1.1, max_length=5)
    names = names_of(generator(), 40_000, sampling=settings, allow_seen=True, allow_repeats=True)
    with pytest.raises(AssertionError, match="chi-squared"):
        check_frequencies(Counter(names), exact)


def test_one_by_one_has_the_same_probabilities() -> None:
    tokens = generator().draw_one_by_one(np.random.default_rng(0).random((30_000, 6)), temperature=0.8)
    ended = tokens[(tokens == 0).any(axis=1)]
    names = MODEL.vocabulary.decode_all(ended)
    check_frequencies(Counter(names), conditioned(all_names(MODEL, 5, temperature=0.8)))


@pytest.mark.slow
def test_distinct_names_are_drawn_one_after_the_other_from_those_left() -> None:
    """The order of a batch is that of single draws, of which repeats are passed over."""
    share = conditioned({name: chance for name, chance in all_names(MODEL, 2).items() if name})
    source, rng, sampling = generator(), np.random.default_rng(0), SamplingSettings(max_length=2)
    pairs: Counter[str] = Counter()
    for _ in range(1_500):
        batches = source.generate(2, rng=rng, sampling=sampling, allow_seen=True)
        pairs[" ".join(name for batch in batches for name in batch.names)] += 1
    expected = {f"{a} {b}": share[a] * share[b] / (1 - share[a]) for a in share for b in share if a != b}
    check_frequencies(pairs, expected)


def test_names_are_drawn_as_the_model_has_them_where_nothing_else_is_said() -> None:
    assert generator().temperature == 1


def test_a_single_new_name_is_drawn_with_its_own_probability() -> None:
    """More are drawn than are asked for: the one that came first is given, not the rarest nor the likeliest."""
    share = conditioned({name: chance for name, chance in all_names(MODEL, 2).items() if name})
    sampling = SamplingSettings(max_length=2)
    found = Counter(names_of(generator(), 1, seed, sampling=sampling, allow_seen=True)[0] for seed in range(200))
    check_frequencies(found, share)


@pytest.mark.slow
def test_the_first_of_many_is_drawn_like_any_other() -> None:
    exact = {name: chance for name, chance in all_names(MODEL, 2).items() if name}
    source, rng, sampling = generator(), np.random.default_rng(0), SamplingSettings(max_length=2)
    first: Counter[str] = Counter()
    for _ in range(1_000):
        batches = source.generate(40, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True)
        first[next(batches).names[0]] += 1
    check_frequencies(first, conditioned(exact))


def test_the_same_numbers_give_the_names_of_a_plain_loop() -> None:
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


def test_a_name_that_does_not_end_within_the_numbers_has_no_boundary() -> None:
    tokens = generator().draw_one_by_one(np.full((2, 4), 0.9999))
    assert tokens.shape == (2, 4)
    assert (tokens != 0).all()
    assert generator().draw_one_by_one(np.zeros((0, 4))).shape == (0, 4)


def test_blocks_change_nothing_but_the_numbers_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", 3)
    names = names_of(generator(), 20_000, sampling=SamplingSettings(max_length=5), allow_seen=True, allow_repeats=True)
    check_frequencies(Counter(names), conditioned({n: p for n, p in all_names(MODEL, 5).items() if n}))


def test_log_probability_is_the_evaluators() -> None:
    names = ["Anna", "Annika", "Hanna", "Hans", "Johanna"]
    vocabulary = Vocabulary.from_names(names)
    model = NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, order=3)
    for sampling in (SamplingSettings(), SamplingSettings(1.3, top_k=5)):
        batches = Generator(model, vocabulary).generate(
            500, rng=np.random.default_rng(0), sampling=sampling, allow_seen=True, allow_repeats=True
        )
        for batch in batches:
            for name, given in zip(batch.names[:40], batch.log_probability, strict=False):
                tree = PrefixTree.from_names([name], vocabulary)
                expected = AccuracyEvaluator(model).name_log_probabilities(tree)
                np.testing.assert_allclose(given, expected[0], rtol=1e-12)


def test_new_says_which_names_the_list_lacks_and_is_unknown_without_a_list() -> None:
    known = ["ab", "C", "b a"]
    asked = {"sampling": SamplingSettings(max_length=3), "allow_seen": True, "allow_repeats": True}
    batch = next(generator(known).generate(2_000, rng=np.random.default_rng(0), **asked))  # type: ignore[arg-type]
    assert batch.new is not None
    assert batch.new.tolist() == [name not in ("ab", "c", "ba") for name in batch.names]
    assert {True, False} == set(batch.new.tolist())
    assert next(generator().generate(5, rng=np.random.default_rng(0), **asked)).new is None  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.99, 0.5, 0.02])
def test_a_long_request_draws_hardly_more_names_than_it_needs(share: float) -> None:
    """The first draws tell how many fail; two draws a name, as for a short request, would be twice the work."""

    def draws(n: int) -> int:
        found = tried = 0
        while found < n:
            size = round_size(n - found, found, tried, certain=False)
            found, tried = found + int(share * size), tried + size
        return tried

    assert draws(100_000) < 1.03 * 100_000 / share
    assert draws(3_000) >= 6_000  # short requests stay as they are: what a seed gives depends on it


def test_new_names_are_conditioned_on_being_new() -> None:
    exact = {name: chance for name, chance in all_names(MODEL, 4).items() if name not in ("", "a", "ba", "c")}
    sampling = SamplingSettings(max_length=4)
    names = names_of(generator(["A", "b-a", "C "]), 30_000, sampling=sampling, allow_repeats=True)
    check_frequencies(Counter(names), conditioned(exact))


def test_distinct_names_are_all_there_are_in_the_end_and_then_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 500)
    every = {name for name in all_names(MODEL, 2) if name}
    batches = generator(["ab"]).generate(20, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=2))
    found: list[str] = []
    with pytest.raises(
        GenerationError, match=r"names found: 11 of 20 .* no other name is possible: .*allow_repeats=True"
    ):
        found.extend(name for batch in batches for name in batch.names)
    assert sorted(found) == sorted(every - {"ab"})


def test_names_that_differ_in_letter_case_or_spacing_are_given_once() -> None:
    source = generator(model=SmallModel(" Aab"))
    names = names_of(source, 60, sampling=SamplingSettings(max_length=8), allow_seen=True)
    assert len({digest(name) for name in names}) == len(names) == 60
    assert all(name == name.strip() for name in names)


def test_a_model_without_names_cannot_give_new_ones() -> None:
    with pytest.raises(GenerationError, match=r"with avoid, or give allow_seen=True"):
        generator().generate(1, rng=np.random.default_rng(0))
    assert "a" not in names_of(generator(), 20, wishes=Wishlist([Avoid(["a"])]))
    assert len(names_of(generator(), 5, wishes=Wishlist([Avoid([])]))) == 5


def test_progress_is_told_within_a_batch_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "CHUNK_NAMES", 500)
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", 16)
    asked = {"wishes": Wishlist([MinLength(4)]), "sampling": SamplingSettings(max_length=12)}
    told: list[tuple[int, int]] = []
    names = names_of(generator([]), 400, on_progress=lambda found, drawn: told.append((found, drawn)), **asked)
    assert names == names_of(generator([]), 400, **asked)
    found, drawn = map(list, zip(*told, strict=True))
    assert len(set(drawn)) > 50
    assert drawn == sorted(drawn)
    assert found == sorted(found)
    assert found[0] == 0 < found[-1] < 400


def test_each_round_ends_with_all_of_its_draws() -> None:
    told: list[int] = []
    settings = SamplingSettings(max_length=4)
    names_of(
        generator(),
        3_000,
        sampling=settings,
        allow_seen=True,
        allow_repeats=True,
        on_progress=lambda found, drawn: told.append(drawn),
    )
    assert 3_000 in told
    assert told[-1] > 3_000  # those that were too long were drawn anew


def test_the_seed_decides() -> None:
    assert names_of(generator([]), 50, 7) == names_of(generator([]), 50, 7)
    assert names_of(generator([]), 50, 7) != names_of(generator([]), 50, 8)


def test_nothing_asked_nothing_given_and_less_than_nothing_is_an_error() -> None:
    assert names_of(generator([]), 0) == []
    with pytest.raises(SettingsError, match="-1 names"):
        generator([]).generate(-1, rng=np.random.default_rng(0))


def test_a_model_that_is_broken_is_an_error_not_a_name() -> None:
    class Broken(SmallModel):
        def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            logits, state = super().step(tokens, state)
            return np.full_like(logits, np.nan), state

    with pytest.raises(GenerationError, match="not numbers"):
        names_of(generator([], Broken()), 5)


def test_memory_does_not_grow_with_repeated_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "CHUNK_NAMES", 5_000)

    def peak(n: int) -> int:
        batches = generator().generate(
            n,
            rng=np.random.default_rng(0),
            sampling=SamplingSettings(max_length=6),
            allow_seen=True,
            allow_repeats=True,
        )
        tracemalloc.start()
        for _ in batches:
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(100_000) < 1.3 * peak(20_000)


def test_the_advice_goes_by_how_names_were_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 2_000)
    for setting, name in (({"temperature": 0.0}, "temperature"), ({"top_k": 1}, "top_k")):
        with pytest.raises(GenerationError, match=rf"no other name is possible: .*raise {name}(?!.*max_length)"):
            names_of(generator([]), 9, sampling=SamplingSettings(**setting))  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["generate", "likeliest", "draw_each"])
def test_names_are_composed_as_lists_are(way: str) -> None:
    """A model of accents that stand alone could spell é in two ways; the list has one, and a score reads that alone."""
    model = SmallModel("eq\u0301\u0308")
    source, rng = generator(model=model), np.random.default_rng(0)
    sampling = SamplingSettings(max_length=4)
    if way == "draw_each":
        names = draw_each(source, [rng] * 200, longest=4, allow_seen=True)
    elif way == "likeliest":
        names = next(likeliest(source, 40, max_length=4, allow_seen=True)).names
    else:
        names = names_of(source, 60, sampling=sampling, allow_seen=True)
    assert all(unicodedata.is_normalized("NFC", name) for name in names)
    assert any("\u0301" in name for name in names)
    assert not model.vocabulary.unknown("".join(names))

"""Names that begin in several ways: drawn and ranked with exactly Σ share · p(name | beginning)."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from namegen.core.data.vocabulary import Beginnings
from namegen.core.generation.generator import Generator, likeliest
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.wish import Wish
from namegen.core.generation.wishes.wishlist import EndsWith, StartsWith, Wishlist
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    check_frequencies,
    conditioned,
    over_beginnings,
)

MODEL = SmallModel()
V = MODEL.vocabulary_size
TWO = Beginnings((V, V + 1), (0.7, 0.3))
THREE = Beginnings((V, V + 1, V + 2), (0.5, 0.2, 0.3))
ANY = {"allow_seen": True, "allow_repeats": True}


def generator(beginnings: Beginnings, model: SmallModel = MODEL) -> Generator:
    return Generator(model, model.vocabulary, beginnings=beginnings)


def drawn(beginnings: Beginnings, n: int, *wishes: Wish, model: SmallModel = MODEL, **sampling: object) -> Counter[str]:
    batches = generator(beginnings, model).generate(
        n,
        rng=np.random.default_rng(0),
        sampling=SamplingSettings(**sampling, max_length=4),  # type: ignore[arg-type]
        wishes=Wishlist(wishes),
        **ANY,
    )
    return Counter(name for batch in batches for name in batch.names)


@pytest.mark.parametrize("beginnings", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.6}, {"top_k": 2}], ids=str)
def test_frequencies_are_the_exact_probabilities(beginnings: Beginnings, sampling: dict[str, float]) -> None:
    exact = over_beginnings(MODEL, beginnings, 4, **sampling)
    del exact[""]
    check_frequencies(drawn(beginnings, 20_000, **sampling), conditioned(exact))


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.6}], ids=str)
def test_a_forced_prefix_conditions_on_it(sampling: dict[str, float]) -> None:
    """Its probability behind each beginning weighs the beginnings; by their shares alone the names would be wrong."""
    exact = over_beginnings(MODEL, TWO, 4, **sampling)
    wanted = conditioned({name: chance for name, chance in exact.items() if name.startswith("ca")})
    counts = drawn(TWO, 30_000, StartsWith("ca"), **sampling)
    check_frequencies(counts, wanted)
    by_shares: Counter[str] = Counter()
    for token, share in zip(TWO.tokens, TWO.shares, strict=True):
        of_label = all_names(MODEL, 4, beginning=token, **sampling)
        for name, chance in conditioned({n: c for n, c in of_label.items() if n.startswith("ca")}).items():
            by_shares[name] += share * chance  # type: ignore[assignment]
    with pytest.raises(AssertionError, match="chi-squared"):
        check_frequencies(counts, by_shares)


def test_wishes_that_reject_condition_too() -> None:
    exact = {name: chance for name, chance in over_beginnings(MODEL, THREE, 4).items() if name.endswith("b")}
    check_frequencies(drawn(THREE, 10_000, EndsWith("b")), conditioned(exact))


def test_a_prefix_that_the_way_of_drawing_never_gives_can_still_be_asked_for() -> None:
    """At temperature 0 the model itself weighs the beginnings; each then has one name."""
    names = drawn(TWO, 2_000, StartsWith("ca"), temperature=0.0)
    posterior = [share * math.exp(of_prefix(token, "ca")) for token, share in zip(TWO.tokens, TWO.shares, strict=True)]
    assert len(names) in (1, 2)
    if len(names) == 2:
        assert max(names.values()) / 2_000 == pytest.approx(max(posterior) / sum(posterior), abs=0.05)
    never = SmallModel(impossible="b")
    found = drawn(TWO, 50, StartsWith("b"), model=never)
    assert found.total() == 50
    assert all(name.startswith("b") for name in found)


def of_prefix(token: int, prefix: str) -> float:
    state, last, total = MODEL.initial_state(1), token, 0.0
    for following in MODEL.vocabulary.encode(prefix).tolist():
        logits, state = MODEL.step(np.array([last], np.int32), state)
        total += float(logits[0, following] - np.logaddexp.reduce(logits[0].astype(float)))
        last = following
    return total


def test_names_of_a_given_label_are_drawn_behind_it_alone() -> None:
    exact = all_names(MODEL, 4, beginning=V + 1)
    del exact[""]
    one = Beginnings.single(V + 1)
    check_frequencies(drawn(one, 20_000), conditioned(exact))
    uniforms = np.random.default_rng(1).random((20_000, 5))
    tokens = generator(one).draw_one_by_one(uniforms)
    names = Counter(MODEL.vocabulary.decode_all(tokens[(tokens == 0).any(axis=1)]))
    check_frequencies(names, conditioned(all_names(MODEL, 4, beginning=V + 1)))


def test_log_probability_is_that_of_the_name_over_all_beginnings() -> None:
    exact = over_beginnings(MODEL, TWO, 4)
    for sampling in (SamplingSettings(max_length=4), SamplingSettings(0.5, max_length=4)):
        for asked in (ANY, {"allow_seen": True}):
            batches = generator(TWO).generate(50, rng=np.random.default_rng(3), sampling=sampling, **asked)
            for batch in batches:
                expected = [math.log(exact[name]) for name in batch.names]
                np.testing.assert_allclose(batch.log_probability, expected, atol=1e-6)


def test_distinct_names_are_distinct_whatever_they_begin_with() -> None:
    batches = generator(THREE).generate(
        60, rng=np.random.default_rng(3), sampling=SamplingSettings(max_length=4), allow_seen=True
    )
    names = [name for batch in batches for name in batch.names]
    assert len(names) == len(set(names)) == 60


def test_one_by_one_takes_one_number_more() -> None:
    """The first of each row chooses the beginning; the others are used as behind that beginning alone."""
    uniforms = np.random.default_rng(1).random((300, 6))
    tokens = generator(THREE).draw_one_by_one(uniforms, temperature=0.9)
    assert tokens.shape == (300, 5)
    chosen = np.searchsorted(np.cumsum(THREE.shares), uniforms[:, 0], side="right")
    assert set(chosen.tolist()) == {0, 1, 2}
    for place, token in enumerate(THREE.tokens):
        apart = generator(Beginnings.single(token)).draw_one_by_one(uniforms[:, 1:], temperature=0.9)
        np.testing.assert_array_equal(tokens[chosen == place], apart[chosen == place])
    assert generator(THREE).draw_one_by_one(np.zeros((0, 4))).shape == (0, 3)


def test_one_by_one_has_the_same_probabilities() -> None:
    tokens = generator(TWO).draw_one_by_one(np.random.default_rng(0).random((30_000, 6)), temperature=0.8)
    ended = tokens[(tokens == 0).any(axis=1)]
    names = Counter(MODEL.vocabulary.decode_all(ended))
    check_frequencies(names, conditioned(over_beginnings(MODEL, TWO, 4, temperature=0.8)))


@pytest.mark.parametrize("beginnings", [TWO, THREE], ids=["two", "three"])
def test_the_likeliest_names_are_those_of_brute_force(beginnings: Beginnings) -> None:
    exact = over_beginnings(MODEL, beginnings, 5)
    del exact[""]
    expected = sorted(exact, key=lambda name: -exact[name])
    batch = next(likeliest(generator(beginnings), 60, max_length=5, allow_seen=True))
    assert batch.names == expected[:60]
    np.testing.assert_allclose(batch.log_probability, [math.log(exact[name]) for name in batch.names], atol=1e-6)
    wishes = Wishlist([StartsWith("ca")])
    found = next(likeliest(generator(beginnings), 10, max_length=5, wishes=wishes, allow_seen=True)).names
    assert found == [name for name in expected if name.startswith("ca")][:10]
    of_label = all_names(MODEL, 5, beginning=beginnings.tokens[1])
    del of_label[""]
    one = next(likeliest(generator(Beginnings.single(V + 1)), 20, max_length=5, allow_seen=True)).names
    assert one == sorted(of_label, key=lambda name: -of_label[name])[:20]
    assert one != expected[:20]


def test_one_beginning_draws_with_the_numbers_of_always() -> None:
    """No number is taken for a choice that there is not: the same seed gives what it gave without labels."""
    for seed in range(3):
        plain, single = (
            next(source.generate(200, rng=np.random.default_rng(seed), **ANY)).names
            for source in (Generator(MODEL, MODEL.vocabulary), generator(Beginnings.single()))
        )
        assert plain == single
    assert generator(TWO).as_one().model is not MODEL
    one = generator(Beginnings.single(V))
    assert one.as_one() is one

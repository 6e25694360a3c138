"""Names by arrival: in the order, and with the probabilities, of names that are drawn one after the other."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

import namegen.core.generation.arrivals as arrivals_module
import namegen.core.generation.bands as bands_module
import namegen.core.generation.generator as generator_module
from namegen.core.data.beginnings import Beginnings
from namegen.core.data.digests import digest, known_digests, normalise
from namegen.core.generation.arrivals import Arrivals
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.known import Avoid
from namegen.core.generation.wishes.length import MinLength
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.text import Contains, EndsWith, StartsWith
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import GenerationError
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    check_frequencies,
    conditioned,
    next_chances,
    over_beginnings,
)

MODEL = SmallModel()
V = MODEL.vocabulary_size
TWO = Beginnings((V, V + 1), (0.7, 0.3))
SAMPLINGS = [{}, {"temperature": 0.6}, {"top_k": 2}, {"temperature": 1.5, "top_k": 3, "top_p": 0.9}]


def search(
    source: Generator, rng: np.random.Generator, wishes: Wishlist | None = None, longest: int = 2, **asked: object
) -> Arrivals:
    repeats = bool(asked.pop("allow_repeats", False))
    walk, judge = source.prepare(1, longest, wishes, allow_seen=True, allow_repeats=repeats)
    return Arrivals(walk, judge, SamplingSettings(**asked, max_length=longest), rng)  # type: ignore[arg-type]


def arriving(n: int, seed: int = 0, source: Generator | None = None, **asked: object) -> list[str]:
    rng = np.random.default_rng(seed)
    found = search(source or Generator(MODEL, MODEL.vocabulary), rng, **asked).find(n)  # type: ignore[arg-type]
    return [name for names, _ in found for name in names]


def pairs_in_order(chances: dict[str, float]) -> dict[str, float]:
    """The probability of the first two names, drawn without replacement."""
    share = conditioned({name: chance for name, chance in chances.items() if name})
    return {f"{a} {b}": share[a] * share[b] / (1 - share[a]) for a in share for b in share if a != b}


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_the_first_two_are_those_of_draws_without_replacement(sampling: dict[str, float]) -> None:
    counts = Counter(" ".join(arriving(2, seed, **sampling)) for seed in range(1_000))
    check_frequencies(counts, pairs_in_order(all_names(MODEL, 2, **sampling)))


def test_the_test_of_pairs_notices_waits_that_forget_their_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children that start their waits anew, not beside the earliest of them, are later than they should be."""
    true = arrivals_module.ByArrival.read

    def forgetful(self, logits, steps, marks, lowest=-math.inf):  # type: ignore[no-untyped-def]
        read = true(self, logits, steps, marks)
        late = -marks["rank"][:, None]
        return read | {"rank": -np.logaddexp(late, arrivals_module.log_waits(read["key"]) - read["chance"])}

    monkeypatch.setattr(arrivals_module.ByArrival, "read", forgetful)
    counts = Counter(" ".join(arriving(2, seed)) for seed in range(1_000))
    with pytest.raises(AssertionError, match="chi-squared"):
        check_frequencies(counts, pairs_in_order(all_names(MODEL, 2)))


def test_names_of_several_beginnings_have_the_sum_of_their_probabilities() -> None:
    source = Generator(MODEL, MODEL.vocabulary, beginnings=TWO)
    counts = Counter(" ".join(arriving(2, seed, source)) for seed in range(1_000))
    check_frequencies(counts, pairs_in_order(over_beginnings(MODEL, TWO, 2)))
    forced = Counter(arriving(1, seed, source, wishes=Wishlist([StartsWith("c")]))[0] for seed in range(700))
    exact = {name: p for name, p in over_beginnings(MODEL, TWO, 2).items() if name.startswith("c")}
    check_frequencies(forced, conditioned(exact))


@pytest.mark.parametrize(
    "wishes", [Wishlist([Contains("ab")]), Wishlist([Matches("[bc].*a"), MinLength(3)])], ids=["contains", "matches"]
)
@pytest.mark.parametrize("beginnings", [None, TWO], ids=["one", "two"])
def test_repeats_are_independent_draws_from_what_the_wishes_leave(
    wishes: Wishlist, beginnings: Beginnings | None
) -> None:
    source = Generator(MODEL, MODEL.vocabulary, beginnings=beginnings)
    chances = over_beginnings(MODEL, beginnings or Beginnings.single(), 4)
    exact = conditioned({name: p for name, p in chances.items() if name and all(wish.keeps(name) for wish in wishes)})
    asked = {"wishes": wishes, "longest": 4, "allow_repeats": True}
    # The first of each search comes from the first bands, most of a long one from when all names are known.
    lists = [arriving(3, seed, source, **asked) for seed in range(400)]
    check_frequencies(Counter(names[0] for names in lists), exact)
    check_frequencies(Counter(names[2] for names in lists), exact)
    check_frequencies(Counter(arriving(5_000, 1, source, **asked)), exact)
    twice = sum(names[0] == names[1] for names in lists) / 400
    assert twice == pytest.approx(sum(p * p for p in exact.values()), abs=0.12)


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.05}, {"temperature": 0.002}, {"top_k": 2}], ids=str)
def test_every_name_is_found_once_and_then_there_are_no_more(sampling: dict[str, float]) -> None:
    wishes = Wishlist([EndsWith("ca")])
    # Of those that are too unlikely for a number a plain loop at temperature 1 knows that they are possible.
    plain = {name: value for name, value in sampling.items() if name != "temperature"}
    exact = {name for name, p in all_names(MODEL, 5, **plain).items() if p and name.endswith("ca")}
    source = search(Generator(MODEL, MODEL.vocabulary), np.random.default_rng(0), wishes, 5, **sampling)
    names = [name for batch, _ in source.find(10_000) for name in batch]
    assert sorted(names) == sorted(exact)
    assert not source.bounded


def test_names_too_unlikely_to_be_drawn_come_in_the_order_of_their_probability() -> None:
    exact = {name: p for name, p in all_names(MODEL, 3, temperature=0.01).items() if name and p}
    names = arriving(4, longest=3, temperature=0.01)
    assert names == sorted(exact, key=lambda name: -exact[name])[:4]


def test_log_chances_are_those_of_a_plain_loop() -> None:
    logits = np.array([[0.3, -1.0, 2.0, 2.0, -np.inf], [5.0, 4.0, -3.0, 0.0, 0.1]], np.float32)
    for asked in ({"temperature": 0.0}, {"top_k": 3}, {"top_p": 0.6}, {"temperature": 2.0, "top_k": 4, "top_p": 0.9}):
        settings = SamplingSettings(**asked)  # type: ignore[arg-type]
        expected = [next_chances(row, **asked) for row in logits]  # type: ignore[arg-type]
        np.testing.assert_allclose(np.exp(settings.log_chances(logits)), expected, atol=1e-12)
        np.testing.assert_allclose(settings.chances(logits), expected, atol=1e-12)
    unlikely = SamplingSettings(0.001, top_k=2).log_chances(logits)
    np.testing.assert_allclose(unlikely[1], [0, -1000, -np.inf, -np.inf, -np.inf], atol=1e-3)


def test_bands_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = arriving(80, 3, longest=5)
    monkeypatch.setattr("namegen.core.generation.count_splitting.BLOCK_ROWS", 3)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.2)
    assert arriving(80, 3, longest=5) == expected
    assert arriving(20, 3, longest=5) == expected[:20]
    assert arriving(80, 4, longest=5) != expected


def test_of_one_name_in_two_spellings_the_first_to_arrive_is_given() -> None:
    model = SmallModel("aAb")
    source = Generator(model, model.vocabulary)
    shares = conditioned({name: p for name, p in all_names(model, 2).items() if name})
    spelled = Counter(next(name for name in arriving(99, seed, source) if name.lower() == "ab") for seed in range(600))
    of_ab = {name: p for name, p in shares.items() if name.lower() == "ab"}
    check_frequencies(spelled, conditioned(of_ab))
    names = arriving(99, 0, source)
    assert sorted(map(normalise, names)) == sorted({normalise(name) for name in shares})


def generate(n: int, seed: int, source: Generator | None = None, **asked: object) -> list[str]:
    sampling = SamplingSettings(max_length=asked.pop("longest", 4))  # type: ignore[arg-type]
    batches = (source or Generator(MODEL, MODEL.vocabulary)).generate(
        n, rng=np.random.default_rng(seed), sampling=sampling, allow_seen=True, **asked
    )  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


def test_what_is_drawn_and_then_searched_for_is_what_plain_draws_with_rejection_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first three names of a rare wish, some of them drawn, beside draws one by one of which repeats are dropped."""
    monkeypatch.setattr(generator_module, "TRIES", 30)
    wishes = Wishlist([Matches("cc|ca|bca"), Avoid(["b"])])
    both = Counter(" ".join(generate(3, seed, longest=3, wishes=wishes)) for seed in range(900))
    exact = conditioned({name: p for name, p in all_names(MODEL, 3).items() if name in ("cc", "ca", "bca")})
    expected = {}
    for a in exact:
        for b in exact.keys() - {a}:
            [c] = exact.keys() - {a, b}
            expected[f"{a} {b} {c}"] = exact[a] * exact[b] / (1 - exact[a])
    check_frequencies(both, expected)
    rng, plain = np.random.default_rng(0), Counter[str]()
    drawn = MODEL.vocabulary.decode_all(Generator(MODEL, MODEL.vocabulary).draw_one_by_one(rng.random((40_000, 5))))
    names: dict[str, None] = {}
    for name in drawn:
        if name in exact:
            names[name] = None
        if len(names) == 3:
            plain[" ".join(names)] += 1
            names = {}
    check_frequencies(plain, expected)


@pytest.mark.parametrize("beginnings", [None, TWO], ids=["one", "two"])
def test_names_that_were_drawn_and_those_that_were_found_never_repeat(
    beginnings: Beginnings | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 40)
    model = SmallModel("aAb")
    source = Generator(model, model.vocabulary, beginnings=beginnings)
    exact = over_beginnings(model, beginnings or Beginnings.single(), 4)
    told: list[tuple[int, int]] = []
    batches = source.generate(
        10_000,
        rng=np.random.default_rng(1),
        sampling=SamplingSettings(max_length=4),
        allow_seen=True,
        on_progress=lambda found, done: told.append((found, done)),
    )
    found, scores = [], []
    with pytest.raises(GenerationError, match=r"^30 names found of 10,000 asked for; no other name is possible: "):
        for batch in batches:
            found += batch.names
            scores += batch.log_probability.tolist()
    assert len({digest(name) for name in found}) == len(found) == len({normalise(name) for name in exact if name})
    np.testing.assert_allclose(scores, [math.log(exact[name]) for name in found], atol=1e-5)
    assert [done for _, done in told] == sorted(done for _, done in told)
    assert [name for name, _ in told] == sorted(name for name, _ in told)
    assert told[-1][0] == 30


def test_the_seed_decides_the_names_that_are_searched_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 10)
    asked = {"wishes": Wishlist([Contains("cab")]), "longest": 6}
    assert generate(9, 5, **asked) == generate(9, 5, **asked) != generate(9, 6, **asked)


def test_a_search_that_comes_to_its_bound_says_so_after_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 200)
    monkeypatch.setattr(arrivals_module, "MOST_PREFIXES", 3_000)
    asked = {"wishes": Wishlist([Contains("abcabcab")]), "longest": 30}
    with pytest.raises(GenerationError, match=r"no more within [\d,]+ tries and [\d,]+ beginnings .*relax contains"):
        generate(50, 0, **asked)
    with pytest.raises(GenerationError, match=r"no more within [\d,]+ tries and [\d,]+ beginnings .*relax contains"):
        generate(50, 0, allow_repeats=True, **asked)


def test_a_wish_that_nothing_keeps_is_proved_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generator_module, "TRIES", 200)
    known = known_digests([name for name in all_names(MODEL, 3) if name])
    source = Generator(MODEL, MODEL.vocabulary, known_names=known)
    batches = source.generate(1, rng=np.random.default_rng(0), sampling=SamplingSettings(max_length=3))
    with pytest.raises(GenerationError, match=r"^0 names found of 1 asked for; no other name is possible: "):
        list(batches)

"""Check that exact sampling without replacement gives the same order and probabilities as drawing names one by one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import namegen.core.generation.exact as bands_module
import namegen.core.generation.search as search_module
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import hash_name, normalize, scramble
from namegen.core.generation.exact import ArrivalRanks, Arrivals, ByArrival, log_waits
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.search import Effort
from namegen.core.generation.walk import PrefixBlock
from namegen.errors import GenerationError
from namegen.events import Searched
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    asking,
    check_frequencies,
    conditioned,
    names_of,
    over_beginnings,
    walk_of,
)

MODEL = SmallModel()
V = MODEL.vocabulary_size
TWO = StartTokens((V, V + 1), (0.7, 0.3))
SAMPLINGS = [{}, {"temperature": 0.6}, {"temperature": 1.5, "top_k": 3, "top_p": 0.9}]


def arriving(n: int, seed: int = 0, source: Generator | None = None, **options: Any) -> list[str]:
    source = source or Generator(MODEL, MODEL.vocabulary)
    walk = source.prepare(asking(**{"max_length": 2} | options))
    found = Arrivals(walk, np.random.default_rng(seed)).find(n)
    return [name for names in found for name in names.names]


def pairs_in_order(chances: dict[str, float]) -> dict[str, float]:
    """Return the probability of each pair of first two names, drawn without replacement."""
    share = conditioned({name: chance for name, chance in chances.items() if name})
    return {
        f"{a} {b}": share[a] * share[b] / (1 - share[a]) for a in share for b in share if a != b
    }


def ranks(
    searches: int, start_tokens: StartTokens | None = None, **options: Any
) -> dict[str, np.ndarray]:
    """Return the ranks of each start token and name of up to two characters, in several searches at once."""
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=start_tokens or StartTokens.single())
    request = asking(max_length=2, **options)
    ranking = ByArrival(request, np.uint64(0))
    roots = ranking.start(source.prepare(request))
    ranks_of: dict[str, np.ndarray] = {}

    def read(label: int, prefix: str, block: PrefixBlock) -> None:
        if not np.isfinite(block.ranks.log_rate).all():
            return  # a search never reads impossible prefixes
        logits, state = MODEL.step(block.last[:1], MODEL.select(block.state, block.parent[:1]))
        logits = logits.repeat(searches, axis=0)
        longer, log_probability = ranking.extend(block, logits, -math.inf)
        ranks_of[f"{label} {prefix}"] = longer.rank[:, 0]
        if len(prefix) < 2:
            for token, character in enumerate(MODEL.vocabulary.characters, start=1):
                following = replace(
                    block,
                    last=np.full(searches, token, np.int32),
                    log_probability=log_probability[:, token],
                    ranks=longer[:, token],
                    parent=np.zeros(searches, np.int64),
                    state=state,
                )
                read(label, prefix + character, following)

    hashes = scramble(np.arange(searches * len(roots), dtype=np.uint64)).reshape(searches, -1)
    text = MODEL.vocabulary.decode_all(roots.tokens)[0]
    for row in range(len(roots)):
        log_rate = np.full(searches, roots.ranks.log_rate[row])
        rank = log_rate - log_waits(hashes[:, row])
        same_root = roots[np.full(searches, row)]
        read(row, text, replace(same_root, ranks=ArrivalRanks(rank, log_rate, hashes[:, row])))
    return ranks_of


def first_pairs(of_names: dict[str, np.ndarray]) -> Counter[str]:
    """Count the first two names of each search, over all start tokens."""
    names = list(dict.fromkeys(key.split(" ")[1] for key in of_names))
    names.remove("") if "" in names else None
    ranks = [
        [rank for key, rank in of_names.items() if key.split(" ")[1] == name] for name in names
    ]
    best = np.array([np.max(some, axis=0) for some in ranks])
    first, second = np.argsort(-best, axis=0)[:2]
    return Counter(
        f"{names[a]} {names[b]}" for a, b in zip(first.tolist(), second.tolist(), strict=True)
    )


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=str)
def test_the_first_two_names_match_draws_without_replacement(sampling: dict[str, float]) -> None:
    check_frequencies(
        first_pairs(ranks(10_000, **sampling)), pairs_in_order(all_names(MODEL, 2, **sampling))
    )


def test_probabilities_of_several_start_tokens_are_added() -> None:
    exact = over_beginnings(MODEL, TWO, 2)
    check_frequencies(first_pairs(ranks(10_000, TWO)), pairs_in_order(exact))
    forced = {name: p for name, p in exact.items() if name.startswith("c")}
    check_frequencies(first_pairs(ranks(10_000, TWO, starts_with="c")), pairs_in_order(forced))


def test_first_arrivals_have_exponential_waiting_times() -> None:
    shares = (0.5, 0.2, 0.3)
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=StartTokens((V, V + 1, V + 2), shares))
    walk = source.prepare(asking())
    starts = [ByArrival(asking(), np.uint64(seed)).start(walk).ranks for seed in range(300)]
    times = np.exp([-start.rank for start in starts]) * shares  # (300, 3), scaled to a rate of 1
    np.testing.assert_allclose(
        [np.mean(times < at) for at in (0.1, 1, 3)], 1 - np.exp([-0.1, -1, -3]), atol=0.05
    )
    check_frequencies(Counter(np.argmin(times / shares, axis=1).tolist()), dict(enumerate(shares)))


def test_names_are_not_returned_before_their_first_arrival() -> None:
    """Two names are equally likely, but the second one doesn't arrive in the first 1,000 seconds (about 500 names)."""
    log_time, log_rate = np.log([0.1, 1_000.0]), np.log([0.5, 0.5])
    ranks = ArrivalRanks(-log_time, log_rate=log_rate, hashes=np.zeros(2, np.uint64))
    search = Arrivals(walk_of(MODEL), np.random.default_rng(0))
    rows = np.concatenate(
        list(search._arrivals(ranks, -math.inf, math.log(4_000), most=700))
    )  # a few seconds at a time
    first = int(np.argmax(rows == 1))
    assert 400 < first < 600
    assert np.mean(rows[first:]) == pytest.approx(0.5, abs=0.1)


def test_the_first_name_follows_the_models_probabilities() -> None:
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=TWO)
    counts = Counter(arriving(1, seed, source)[0] for seed in range(60))
    exact = over_beginnings(MODEL, TWO, 2)
    check_frequencies(counts, conditioned({name: p for name, p in exact.items() if name}))


def test_repeats_are_independent_draws_of_allowed_names() -> None:
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=TWO)
    chances = over_beginnings(MODEL, TWO, 3)
    exact = conditioned({name: p for name, p in chances.items() if "ca" in name})
    asked = {"contains": "ca", "max_length": 3, "allow_repeats": True}
    for n in (3_000, 20_000):  # most of the 20,000 are drawn after all names are known
        names = arriving(n, n, source, **asked)
        assert len(names) == n
        check_frequencies(Counter(names[:3_000]), exact)
        check_frequencies(Counter(names[-3_000:]), exact)
        twice = np.mean([a == b for a, b in pairwise(names)])
        assert twice == pytest.approx(sum(p * p for p in exact.values()), abs=0.03)


@pytest.mark.parametrize(
    "sampling", [{}, {"temperature": 0.05}, {"temperature": 0.002}, {"top_k": 2}], ids=str
)
def test_every_possible_name_is_found_once(sampling: dict[str, float]) -> None:
    # At low temperatures, some probabilities are rounded to 0, so use temperature 1 to find all possible names.
    plain = {name: value for name, value in sampling.items() if name != "temperature"}
    exact = {name for name, p in all_names(MODEL, 5, **plain).items() if p and name.endswith("ca")}
    walk = walk_of(MODEL, ends_with="ca", max_length=5, **sampling)
    search = Arrivals(walk, np.random.default_rng(0))
    names = [name for found in search.find(10_000) for name in found.names]
    assert sorted(names) == sorted(exact)
    assert not search.gave_up


def test_very_unlikely_names_are_sorted_by_probability() -> None:
    exact = {name: p for name, p in all_names(MODEL, 3, temperature=0.01).items() if name and p}
    names = arriving(4, max_length=3, temperature=0.01)
    assert names == sorted(exact, key=lambda name: -exact[name])[:4]


def test_band_and_block_sizes_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = arriving(40, 3, max_length=4)
    monkeypatch.setattr("namegen.core.generation.walk.BLOCK_ROWS", 3)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.2)
    assert arriving(40, 3, max_length=4) == expected
    assert arriving(10, 3, max_length=4) == expected[:10] != arriving(10, 4, max_length=4)


def test_only_the_first_spelling_of_a_name_is_returned() -> None:
    model = SmallModel("Aab")
    source = Generator(model, model.vocabulary)
    shares = conditioned({name: p for name, p in all_names(model, 2).items() if name})
    found = [arriving(99, seed, source) for seed in range(40)]
    spelled = Counter(next(name for name in names if name.lower() == "ab") for names in found)
    check_frequencies(
        spelled, conditioned({name: p for name, p in shares.items() if name.lower() == "ab"})
    )
    assert sorted(map(normalize, found[0])) == sorted({normalize(name) for name in shares})


def generate(n: int, seed: int, **options: Any) -> list[str]:
    return names_of(Generator(MODEL, MODEL.vocabulary), n, seed, **{"max_length": 4} | options)


def test_drawing_and_then_searching_matches_plain_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two names have the probabilities of draws without replacement. Usually, only one of them is drawn."""
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=30, draws_in_vain=30))
    both = Counter(" ".join(generate(2, seed, max_length=3, ends_with="ca")) for seed in range(60))
    exact = {name: p for name, p in all_names(MODEL, 3).items() if name.endswith("ca")}
    check_frequencies(both, pairs_in_order(exact))


def test_the_search_does_not_repeat_drawn_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=40, draws_in_vain=40))
    model = SmallModel("Aab")
    source = Generator(model, model.vocabulary, start_tokens=TWO)
    exact = over_beginnings(model, TWO, 4)
    told: list[Searched] = []
    batches = source.generate(asking(10_000, seed=1, max_length=4), on_progress=told.append)
    given: list[NameBatch] = []
    with pytest.raises(
        GenerationError, match=r"^found 30 of 10,000 names, and no other name is possible: "
    ):
        given.extend(batches)
    batch = NameBatch.join(given)
    found = batch.names
    assert (
        len({hash_name(name) for name in found})
        == len(found)
        == len({normalize(name) for name in exact if name})
    )
    expected = [math.log(exact[name]) for name in found]
    np.testing.assert_allclose(batch.log_probability, expected, atol=1e-5)
    for what in ("found", "drawn", "read"):
        counts = [getattr(event, what) for event in told]
        assert counts == sorted(counts)
        assert counts[-1] == 30 or what != "found"


def test_the_seed_and_the_requested_number_are_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    asked = {"contains": "cab", "max_length": 6}
    assert generate(9, 5, **asked) == generate(9, 5, **asked) != generate(9, 6, **asked)
    assert len(generate(1_000, 0, ends_with="ca", allow_repeats=True)) == 1_000
    assert len(generate(300, 0, ends_with="ca", max_length=8)) == 300


def test_a_search_that_exceeds_its_budget_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=200, draws_in_vain=200))
    monkeypatch.setattr(search_module, "MAX_PREFIXES_BY_ARRIVAL", 3_000)
    for repeats in (False, True):
        with pytest.raises(
            GenerationError,
            match=r"gave up after [\d,]+ tries and [\d,]+ prefixes: .*relax contains",
        ):
            generate(50, 0, contains="abcabcab", max_length=30, allow_repeats=repeats)
    # There are too many names of up to thirty characters to find them all, but the first ones can be returned.
    assert len(arriving(20, max_length=30, allow_repeats=True)) == 20


def test_names_found_within_the_budget_are_returned() -> None:
    """Few names satisfy the constraint. The search can't find them all, but it finds some in its last band."""
    walk = walk_of(MODEL, contains="abcab", max_length=30)
    arrivals = Arrivals(walk, np.random.default_rng(0), budget=5_000)
    names = [name for found in arrivals.find(10_000) for name in found.names]
    assert arrivals.gave_up
    assert len(set(names)) == len(names) > 10
    assert all("abcab" in name for name in names)

"""Check that exact sampling without replacement gives the same order and probabilities as drawing names one by one."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

import namegen.core.generation.exact as bands_module
import namegen.core.generation.search as search_module
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import hash_name, normalize, scramble
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.constraints.texts import Contains, EndsWith, StartsWith
from namegen.core.generation.exact import (
    Arrivals,
    ArrivalScores,
    ByArrival,
    log_waits,
)
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch, join_batches
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.search import Effort
from namegen.core.models import all_log_probabilities
from namegen.errors import GenerationError
from namegen.events import Searched
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    check_frequencies,
    conditioned,
    over_beginnings,
)

MODEL = SmallModel()
V = MODEL.vocabulary_size
TWO = StartTokens((V, V + 1), (0.7, 0.3))
SAMPLINGS = [{}, {"temperature": 0.6}, {"temperature": 1.5, "top_k": 3, "top_p": 0.9}]


def search(
    source: Generator,
    rng: np.random.Generator,
    constraints: ConstraintList | None = None,
    longest: int = 2,
    **asked: object,
) -> Arrivals:
    repeats = bool(asked.pop("allow_repeats", False))
    walk, name_filter = source.prepare(
        1, longest, constraints, allow_seen=True, allow_repeats=repeats
    )
    return Arrivals(walk, name_filter, SamplingSettings(**asked, max_length=longest), rng)  # type: ignore[arg-type]


def arriving(n: int, seed: int = 0, source: Generator | None = None, **asked: object) -> list[str]:
    rng = np.random.default_rng(seed)
    found = search(source or Generator(MODEL, MODEL.vocabulary), rng, **asked).find(n)  # type: ignore[arg-type]
    return [name for some in found for name in some.names]


def pairs_in_order(chances: dict[str, float]) -> dict[str, float]:
    """Return the probability of each pair of first two names, drawn without replacement."""
    share = conditioned({name: chance for name, chance in chances.items() if name})
    return {
        f"{a} {b}": share[a] * share[b] / (1 - share[a]) for a in share for b in share if a != b
    }


def ranks(
    searches: int,
    start_tokens: StartTokens | None = None,
    constraints: ConstraintList | None = None,
    **sampling: float,
) -> dict[str, np.ndarray]:
    """Return the ranks of each start token and name of up to two characters, in several searches at once."""
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=start_tokens or StartTokens.single())
    walk, _ = source.prepare(1, 2, constraints, allow_seen=True, allow_repeats=True)
    settings = SamplingSettings(**sampling)  # type: ignore[arg-type]
    ranking = ByArrival(settings, np.uint64(0))
    roots, start_scores = ranking.start(walk)
    ranks_of: dict[str, np.ndarray] = {}

    def read(label: int, prefix: str, token: int, state: np.ndarray, scores: ArrivalScores) -> None:
        if not np.isfinite(scores.log_rate).all():
            return  # a search never reads impossible prefixes
        logits, state = MODEL.step(np.array([token], np.int32), state)
        logits = logits.repeat(searches, axis=0)
        longer = ranking.extend(logits, all_log_probabilities(logits), scores, -math.inf)
        ranks_of[f"{label} {prefix}"] = longer.rank[:, 0]
        if len(prefix) < 2:
            for token_id, character in enumerate(MODEL.vocabulary.characters, start=1):
                scores = longer.select((slice(None), token_id))
                read(label, prefix + character, token_id, state, scores)

    hashes = scramble(np.arange(searches * len(roots.last), dtype=np.uint64)).reshape(searches, -1)
    text = MODEL.vocabulary.decode_all(roots.tokens)[0]
    for row in range(len(roots.last)):
        log_rate = np.full(searches, start_scores.log_rate[row])
        scores = ArrivalScores(
            rank=log_rate - log_waits(hashes[:, row]),
            log_probability=np.full(searches, start_scores.log_probability[row]),
            log_rate=log_rate,
            hashes=hashes[:, row],
        )
        state = MODEL.select(roots.state, roots.parent[row : row + 1])
        read(row, text, int(roots.last[row]), state, scores)
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
    check_frequencies(
        first_pairs(ranks(10_000, TWO, ConstraintList([StartsWith("c")]))), pairs_in_order(forced)
    )


def test_first_arrivals_have_exponential_waiting_times() -> None:
    shares = (0.5, 0.2, 0.3)
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=StartTokens((V, V + 1, V + 2), shares))
    walk, _ = source.prepare(1, 2, None, allow_seen=True, allow_repeats=True)
    starts = [ByArrival(SamplingSettings(), np.uint64(seed)).start(walk)[1] for seed in range(300)]
    times = np.exp([-scores.rank for scores in starts]) * shares  # (300, 3), scaled to a rate of 1
    np.testing.assert_allclose(
        [np.mean(times < at) for at in (0.1, 1, 3)], 1 - np.exp([-0.1, -1, -3]), atol=0.05
    )
    check_frequencies(Counter(np.argmin(times / shares, axis=1).tolist()), dict(enumerate(shares)))


def test_names_are_not_returned_before_their_first_arrival() -> None:
    """Two names are equally likely, but the second one doesn't arrive in the first 1,000 seconds (about 500 names)."""
    walk, name_filter = Generator(MODEL, MODEL.vocabulary).prepare(
        1, 2, None, allow_seen=True, allow_repeats=True
    )
    log_time, log_rate = np.log([0.1, 1_000.0]), np.log([0.5, 0.5])
    scores = ArrivalScores(-log_time, log_rate, log_rate=log_rate, hashes=np.zeros(2, np.uint64))
    search = Arrivals(walk, name_filter, SamplingSettings(), np.random.default_rng(0))
    rows = np.concatenate(
        list(search._arrivals(scores, -math.inf, math.log(4_000), most=700))
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
    constraints = ConstraintList([Contains("ca")])
    source = Generator(MODEL, MODEL.vocabulary, start_tokens=TWO)
    chances = over_beginnings(MODEL, TWO, 3)
    exact = conditioned({name: p for name, p in chances.items() if "ca" in name})
    asked = {"constraints": constraints, "longest": 3, "allow_repeats": True}
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
    constraints = ConstraintList([EndsWith("ca")])
    # At low temperatures, some probabilities are rounded to 0, so use temperature 1 to find all possible names.
    plain = {name: value for name, value in sampling.items() if name != "temperature"}
    exact = {name for name, p in all_names(MODEL, 5, **plain).items() if p and name.endswith("ca")}
    source = search(
        Generator(MODEL, MODEL.vocabulary), np.random.default_rng(0), constraints, 5, **sampling
    )
    names = [name for found in source.find(10_000) for name in found.names]
    assert sorted(names) == sorted(exact)
    assert not source.gave_up


def test_very_unlikely_names_are_sorted_by_probability() -> None:
    exact = {name: p for name, p in all_names(MODEL, 3, temperature=0.01).items() if name and p}
    names = arriving(4, longest=3, temperature=0.01)
    assert names == sorted(exact, key=lambda name: -exact[name])[:4]


def test_band_and_block_sizes_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = arriving(40, 3, longest=4)
    monkeypatch.setattr("namegen.core.generation.walk.BLOCK_ROWS", 3)
    monkeypatch.setattr(bands_module, "BAND_NATS", 0.2)
    assert arriving(40, 3, longest=4) == expected
    assert arriving(10, 3, longest=4) == expected[:10] != arriving(10, 4, longest=4)


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


def generate(n: int, seed: int, source: Generator | None = None, **asked: object) -> list[str]:
    sampling = SamplingSettings(max_length=asked.pop("longest", 4))  # type: ignore[arg-type]
    batches = (source or Generator(MODEL, MODEL.vocabulary)).generate(
        n, rng=np.random.default_rng(seed), sampling=sampling, allow_seen=True, **asked
    )  # type: ignore[arg-type]
    return [name for batch in batches for name in batch.names]


def test_drawing_and_then_searching_matches_plain_draws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first two names have the probabilities of draws without replacement. Usually, only one of them is drawn."""
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=30, draws_in_vain=30))
    constraints = ConstraintList([EndsWith("ca")])
    both = Counter(
        " ".join(generate(2, seed, longest=3, constraints=constraints)) for seed in range(60)
    )
    exact = {name: p for name, p in all_names(MODEL, 3).items() if name.endswith("ca")}
    check_frequencies(both, pairs_in_order(exact))


def test_the_search_does_not_repeat_drawn_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=40, draws_in_vain=40))
    model = SmallModel("Aab")
    source = Generator(model, model.vocabulary, start_tokens=TWO)
    exact = over_beginnings(model, TWO, 4)
    told: list[Searched] = []
    rng, sampling = np.random.default_rng(1), SamplingSettings(max_length=4)
    batches = source.generate(
        10_000, rng=rng, sampling=sampling, allow_seen=True, on_progress=told.append
    )
    given: list[NameBatch] = []
    with pytest.raises(
        GenerationError, match=r"^found 30 of 10,000 names, and no other name is possible: "
    ):
        given.extend(batches)
    found, scores = join_batches(given).names, join_batches(given).log_probability
    assert (
        len({hash_name(name) for name in found})
        == len(found)
        == len({normalize(name) for name in exact if name})
    )
    np.testing.assert_allclose(scores, [math.log(exact[name]) for name in found], atol=1e-5)
    for what in ("found", "drawn", "read"):
        counts = [getattr(event, what) for event in told]
        assert counts == sorted(counts)
        assert counts[-1] == 30 or what != "found"


def test_the_seed_and_the_requested_number_are_respected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    asked = {"constraints": ConstraintList([Contains("cab")]), "longest": 6}
    assert generate(9, 5, **asked) == generate(9, 5, **asked) != generate(9, 6, **asked)
    constraints = ConstraintList([EndsWith("ca")])
    assert len(generate(1_000, 0, constraints=constraints, allow_repeats=True)) == 1_000
    assert len(generate(300, 0, constraints=constraints, longest=8)) == 300


def test_a_search_that_exceeds_its_budget_raises_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=200, draws_in_vain=200))
    monkeypatch.setattr(search_module, "MAX_PREFIXES_BY_ARRIVAL", 3_000)
    for repeats in (False, True):
        with pytest.raises(
            GenerationError,
            match=r"gave up after [\d,]+ tries and [\d,]+ prefixes: .*relax contains",
        ):
            generate(
                50,
                0,
                constraints=ConstraintList([Contains("abcabcab")]),
                longest=30,
                allow_repeats=repeats,
            )
    # There are too many names of up to thirty characters to find them all, but the first ones can be returned.
    assert len(arriving(20, longest=30, allow_repeats=True)) == 20


def test_names_found_within_the_budget_are_returned() -> None:
    """Few names satisfy the constraint. The search can't find them all, but it finds some in its last band."""
    constraints = ConstraintList([Contains("abcab")])
    walk, name_filter = Generator(MODEL, MODEL.vocabulary).prepare(
        1, 30, constraints, allow_seen=True, allow_repeats=False
    )
    arrivals = Arrivals(
        walk, name_filter, SamplingSettings(max_length=30), np.random.default_rng(0), budget=5_000
    )
    names = [name for found in arrivals.find(10_000) for name in found.names]
    assert arrivals.gave_up
    assert len(set(names)) == len(names) > 10
    assert all("abcab" in name for name in names)

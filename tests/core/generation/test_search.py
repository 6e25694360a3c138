"""Check which names a search returns, in which order, and what happens if there are too few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import namegen.core.generation.search as search_module
import namegen.core.scoring.opening_limit as opening_limit_module
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.generation.generator import Generator
from namegen.core.generation.search import Effort
from namegen.core.scoring.scorer import Scorer, Source
from namegen.errors import GenerationError
from namegen.events import Event, FilledUp
from tests.core.generation.exact import (
    SmallModel,
    all_names,
    asking,
    check_frequencies,
    conditioned,
    letters_of,
    names_of,
)
from tests.core.plain_scores import PlainSource, plain_score, weighted

MODEL = SmallModel()
V, LONGEST = MODEL.vocabulary_size, 4
ONE, TWO = StartTokens.single(V), StartTokens((V, V + 1), (0.7, 0.3))
LISTED = (["a", "ba", "cab", "abca"], ["bba", "acb", "cbab"])  # by label
KNOWN = [name for names in LISTED for name in names]
LINES = (  # the threshold is set below
    ScoreRule(mean_level=-2.0, mean_slope=-1.0, spread_level=0.6, spread_slope=0.1, threshold=0.0),
    ScoreRule(mean_level=-1.0, mean_slope=-1.2, spread_level=0.8, spread_slope=0.05, threshold=0.0),
)
REACHING = 24  # names of each label that reach the threshold


@cache
def score(label: int, name: str) -> float:
    return plain_score(
        name,
        weighted(letters_of(MODEL, V + label, name)),
        LINES[label],
        [PlainSource(LISTED[label])],
    )


def new_names(label: int = 0, **sampling: float) -> dict[str, float]:
    """Return the probability of each new name, given its label."""
    found = all_names(MODEL, LONGEST, start_token=V + label, **sampling)
    return {name: p for name, p in found.items() if name and name not in KNOWN}


def best_first(label: int = 0) -> list[str]:
    """Return the new names, sorted by falling score."""
    return sorted(new_names(label), key=lambda name: -score(label, name))


def reaching(label: int = 0) -> list[str]:
    """Return the new names that reach the threshold, best first."""
    return best_first(label)[:REACHING]


def others() -> list[str]:
    """Return the new names of the first label that don't reach the threshold, best first."""
    return best_first()[REACHING:]


def with_threshold(label: int) -> ScoreRule:
    """Return the rule with a threshold that exactly ``REACHING`` names reach."""
    last, following = best_first(label)[REACHING - 1 : REACHING + 1]
    return replace(LINES[label], threshold=(score(label, last) + score(label, following)) / 2)


RULES = (with_threshold(0), with_threshold(1))


def generator(
    start_tokens: StartTokens = ONE, rules: Sequence[ScoreRule] = RULES, **more: Any
) -> Generator:
    starts = [V + label for label, names in enumerate(LISTED) for _ in names]
    ngrams = NgramSet.from_tree(
        PrefixTree.from_names(KNOWN, MODEL.vocabulary, starts), MODEL.vocabulary, 2
    )
    scorer = Scorer([Source(ngrams, MODEL.vocabulary)], V, rules)
    known = known_set(KNOWN)
    return Generator(
        MODEL, MODEL.vocabulary, known_names=known, start_tokens=start_tokens, scorer=scorer, **more
    )


def generate(source: Generator, n: int, *, seed: int = 0, **options: Any) -> list[str]:
    return names_of(source, n, seed, **{"max_length": LONGEST, "allow_seen": False} | options)


def generate_until_error(source: Generator, n: int, **options: Any) -> list[str]:
    """Return the names that come before the error."""
    names: list[str] = []
    options = {"max_length": LONGEST, "allow_seen": False} | options
    batches = source.generate(asking(n, seed=0, **options))
    with pytest.raises(GenerationError):
        names.extend(name for batch in batches for name in batch.names)
    return names


@pytest.fixture
def exhaustive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the limit on common starts, and let each pass draw until it has found every name."""
    monkeypatch.setattr(opening_limit_module, "OPENING_FACTOR", 1e9)
    monkeypatch.setattr(
        search_module, "FILTERED", Effort(draws_per_name=10**7, draws_in_vain=10**7)
    )
    monkeypatch.setattr(search_module, "DRAWS_FOR_CANDIDATES", 10**7)


@pytest.mark.parametrize("start_tokens", [ONE, TWO], ids=["one label", "two labels"])
@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.6}, {"top_k": 3}], ids=str)
def test_first_pass_follows_the_models_distribution(
    sampling: dict[str, float], start_tokens: StartTokens
) -> None:
    """Scores are computed at temperature 1, whatever the sampling settings are."""
    exact: Counter[str] = Counter()
    for token, share in zip(start_tokens.tokens, start_tokens.shares, strict=True):
        for name, p in all_names(MODEL, LONGEST, start_token=token, **sampling).items():
            if name and score(token - V, name) >= RULES[token - V].threshold:
                exact[name] += share * p
    source = generator(start_tokens)
    request = asking(allow_repeats=True, max_length=LONGEST, **sampling)
    walk = source.prepare(request).scored_by(source.scorer)
    draws = walk.draw(100_000, np.random.default_rng(0))
    counts: Counter[str] = Counter()
    for name, count in zip(draws.names, draws.counts.tolist(), strict=True):
        counts[name] += count
    assert counts.total() + walk.rejected.total() == 100_000
    del counts[""]  # rejected only when the name is finished
    check_frequencies(counts, conditioned(exact))


@pytest.mark.parametrize("start_tokens", [ONE, TWO], ids=["one label", "two labels"])
def test_unfiltered_names_follow_the_models_distribution(start_tokens: StartTokens) -> None:
    """The same names are returned with and without a scorer."""
    exact: Counter[str] = Counter()
    for token, share in zip(start_tokens.tokens, start_tokens.shares, strict=True):
        for name, p in new_names(token - V).items():
            exact[name] += share * p
    asked = {"allow_repeats": True, "unfiltered": True}
    names = generate(generator(start_tokens), 20_000, **asked)
    check_frequencies(Counter(names), conditioned(exact))
    assert generate(replace(generator(start_tokens), scorer=None), 20_000, **asked) == names


@pytest.mark.usefixtures("exhaustive")
def test_names_that_reach_the_threshold_come_first() -> None:
    for more in (0, 1, 10):
        names = generate(generator(), len(reaching()) + more)
        assert set(names[: len(reaching())]) == set(reaching())
        assert sorted(names[len(reaching()) :]) == sorted(others()[:more])


def test_names_have_the_patterns_of_the_list_unless_a_text_is_required() -> None:
    """In the small model, all letters are lower case, and some names repeat a letter three times."""
    source = generator(patterns=("^x",))
    names = generate(source, REACHING, seed=1)
    assert not any(letter * 3 in name for letter in "abc" for name in names)
    assert all("aaa" in name for name in generate(source, 2, contains="aaa"))


@pytest.mark.usefixtures("exhaustive")
def test_the_best_of_many_candidates_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the first draws of the second pass find few of them."""
    monkeypatch.setattr(search_module, "DRAWS_FOR_CANDIDATES", 1)
    monkeypatch.setattr(search_module, "UNFILTERED", search_module.FILTERED)
    monkeypatch.setattr(search_module, "CANDIDATES", 9)
    names = generate(generator(), len(reaching()) + 10)
    assert len(others()) < 9 * 10, "all of them are candidates"
    assert sorted(names[len(reaching()) :]) == sorted(others()[:10])


@pytest.mark.usefixtures("exhaustive")
def test_names_below_the_threshold_are_in_random_order() -> None:
    names = [
        generate(generator(), len(reaching()) + 10, seed=seed)[len(reaching()) :]
        for seed in range(3)
    ]
    assert names[0] != names[1] != names[2]
    assert others()[:10] not in names


def test_all_names_are_returned_before_the_error() -> None:
    """This also holds if they are found in several rounds."""
    assert sorted(generate_until_error(generator(), 1_000)) == sorted(new_names())


@pytest.mark.usefixtures("exhaustive")
def test_unused_candidates_are_kept_for_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "FILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    for name, value in (
        ("CANDIDATES", 100),
        ("CHUNK_NAMES", 1_000),
    ):  # each round fills up ten names
        monkeypatch.setattr(search_module, name, value)
    names = generate(generator(rules=[replace(RULES[0], threshold=99.0)]), len(new_names()))
    for start in range(0, len(names), 10):
        assert sorted(names[start:][:10]) == sorted(best_first()[start:][:10])


@pytest.mark.parametrize("fewer", [False, True], ids=["few candidates", "none"])
def test_an_exact_search_finds_very_unlikely_names(
    fewer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here, drawing gives up immediately."""
    monkeypatch.setattr(search_module, "DRAWS_FOR_CANDIDATES", 1)
    monkeypatch.setattr(search_module, "UNFILTERED", Effort(draws_per_name=1, draws_in_vain=1))
    text = "bbb" if fewer else "bb"
    expected = [name for name in new_names() if text in name]
    assert sorted(generate_until_error(generator(), 1_000, contains=text)) == sorted(expected)


@pytest.mark.usefixtures("exhaustive")
def test_both_passes_satisfy_constraints() -> None:
    fitting = [name for name in new_names() if "ca" in name and len(name) >= 3]
    best = [name for name in reaching() if name in fitting]
    assert 0 < len(best) < len(fitting)
    names = generate(generator(), len(fitting), contains="ca", min_length=3)
    assert sorted(names) == sorted(fitting)
    assert set(names[: len(best)]) == set(best)


def test_the_best_names_are_returned_below_the_threshold() -> None:
    hopeless = generator(rules=[replace(RULES[0], threshold=99.0)])
    assert generate(hopeless, 1) == best_first()[:1]
    assert sorted(generate_until_error(hopeless, 1_000)) == sorted(new_names())


@pytest.mark.usefixtures("exhaustive")
@pytest.mark.parametrize(
    ("filled", "is_told"), [(0, False), (REACHING, False), (REACHING + 1, True)]
)
def test_an_event_reports_that_most_names_miss_the_threshold(filled: int, is_told: bool) -> None:
    told: list[Event] = []
    n = REACHING + filled
    request = asking(n, seed=0, max_length=LONGEST, allow_seen=False)
    list(generator().generate(request, on_progress=told.append))
    expected = [FilledUp(n, filled=filled)] if is_told else []
    assert [event for event in told if isinstance(event, FilledUp)] == expected


class TestStarts:
    """Check the limit on names that start with the same three characters."""

    @staticmethod
    def is_kept(names: Sequence[str], factor: float = 2) -> bool:
        """Return whether each start stays within the limit among the first k names, for every k."""
        with_start: Counter[str] = Counter()
        for k, name in enumerate(names, start=1):
            with_start[name[:3]] += 1
            probability = np.exp(sum(letters_of(MODEL, V, name)[:3]))
            if with_start[name[:3]] > 1 + factor * probability * k:
                return False
        return True

    def test_no_start_is_too_common_among_the_first_names(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        low = generator(rules=[replace(RULES[0], threshold=-99.0)])  # every name reaches it
        assert all(self.is_kept(generate(low, 40, max_length=9, seed=seed)) for seed in range(5))
        monkeypatch.setattr(opening_limit_module, "OPENING_FACTOR", 1e9)
        assert not any(
            self.is_kept(generate(low, 40, max_length=9, seed=seed)) for seed in range(5)
        )

    def test_a_required_start_is_not_limited(self) -> None:
        told: list[Event] = []
        low = generator(rules=[replace(RULES[0], threshold=-99.0)])
        request = asking(20, seed=0, max_length=9, starts_with="cab", allow_seen=False)
        batches = low.generate(request, on_progress=told.append)
        assert sum(len(batch.names) for batch in batches) == 20
        assert not any(isinstance(event, FilledUp) for event in told)


@pytest.mark.parametrize(
    ("options", "shortest"),
    [
        ({}, 3),
        ({"max_length": 2}, 2),
        ({"min_length": 1}, 1),
        ({"min_length": 4}, 4),
        ({"unfiltered": True}, 1),
    ],
)
def test_filtered_names_have_the_usual_length_unless_the_request_contradicts_it(
    options: dict[str, Any], shortest: int
) -> None:
    assert min(map(len, generate(generator(shortest=3), 6, **options))) == shortest


class TestKnownNames:
    """Check known names, if they are allowed. Filtered names replace only the new ones."""

    @pytest.mark.parametrize("allow_repeats", [False, True])
    def test_known_names_are_the_same_as_without_filtering(self, allow_repeats: bool) -> None:
        asked = {"allow_seen": True, "allow_repeats": allow_repeats}
        n = 30
        unfiltered = generate(generator(), n, unfiltered=True, **asked)
        names = generate(generator(), n, **asked)
        known = sorted(name for name in unfiltered if name in KNOWN)
        assert len(names) == n
        assert sorted(name for name in names if name in KNOWN) == known != []
        assert allow_repeats or len(set(names)) == n

    def test_known_names_are_as_frequent_as_in_the_model(self) -> None:
        exact = all_names(MODEL, LONGEST, start_token=V)
        share = sum(exact[name] for name in KNOWN) / sum(p for name, p in exact.items() if name)
        names = [
            name
            for seed in range(60)
            for name in generate(generator(), 1, seed=seed, allow_seen=True)
        ]
        found = np.mean([name in KNOWN for name in names])
        assert found == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / 60))
        assert {name for name in names if name not in KNOWN} <= set(reaching())

    def test_known_names_are_spread_among_new_names(self) -> None:
        asked = {"allow_seen": True, "allow_repeats": True}
        known = np.array(
            [
                [name in KNOWN for name in generate(generator(), 20, seed=seed, **asked)]
                for seed in range(15)
            ]
        )
        assert known[:, :10].sum() == pytest.approx(known[:, 10:].sum(), rel=0.4)

    def test_all_names_are_returned_before_the_error(self) -> None:
        possible = [name for name in all_names(MODEL, LONGEST, start_token=V) if name]
        assert sorted(generate_until_error(generator(), 1_000, allow_seen=True)) == sorted(possible)


@pytest.mark.parametrize("allow_seen", [False, True])
def test_each_name_has_its_own_log_probability(allow_seen: bool) -> None:
    """Shuffling the names of both passes and the known names mustn't mix up their probabilities."""
    of_label = [all_names(MODEL, LONGEST, start_token=token) for token in TWO.tokens]
    request = asking(60, seed=0, max_length=LONGEST, allow_seen=allow_seen)
    for batch in generator(TWO).generate(request):
        joint = [
            [np.log(share * exact[name]) for share, exact in zip(TWO.shares, of_label, strict=True)]
            for name in batch.names
        ]
        np.testing.assert_allclose(batch.joint, joint, atol=1e-4)
        assert batch.new is not None
        assert batch.new.tolist() == [name not in KNOWN for name in batch.names]


def test_temperature_0_returns_only_the_most_likely_name() -> None:
    [only] = generate(generator(), 1, temperature=0.0, unfiltered=True)
    assert generate(generator(), 1, temperature=0.0) == [only]
    assert generate_until_error(generator(), 2, temperature=0.0) == [only]


def test_the_seed_determines_the_names() -> None:
    for n in (5, len(reaching()) + 5):
        first, again, other = (generate(generator(), n, seed=seed) for seed in (1, 1, 2))
        assert first == again != other
    assert generate(generator(), 0) == generate(generator(), 0, allow_seen=True) == []

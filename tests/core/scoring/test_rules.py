"""Check that fitting score rules recovers known lines, and that one name in a hundred reaches the threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.generation import fitting
from namegen.core.generation.fitting import measure_rules
from namegen.core.generation.generator import Generator
from namegen.core.scoring.rules import FEWEST_NAMES, NewNames, fit_rules
from namegen.core.scoring.scorer import Scorer, Source
from tests.core.generation.exact import SmallModel, all_names, letters_of
from tests.core.plain_scores import NGRAM_COST, count_missing, weighted

LENGTHS = np.arange(3, 13)
NO_NAMES = NewNames(
    lengths=np.zeros(0, np.int64), log_probabilities=np.zeros(0), missing=np.zeros(0, np.int64)
)


def names_on_a_line(
    n: int, level: float, slope: float, *, seed: int = 0, missing: float = 0.0
) -> NewNames:
    """Return names whose log-probabilities scatter around a line. Longer names scatter more."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 13, n)
    return NewNames(
        lengths=lengths,
        log_probabilities=level + slope * lengths + rng.normal(0, scatter(lengths)),
        missing=rng.poisson(missing, n),
    )


def scatter(lengths: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the log-probabilities of names with these lengths."""
    return 0.5 + 0.1 * lengths


def scores(names: NewNames, rule: ScoreRule) -> np.ndarray:
    z = (names.log_probabilities - rule.mean(names.lengths)) / rule.spread(names.lengths)
    return z - NGRAM_COST * names.missing


def test_fitting_recovers_the_lines_that_names_scatter_around() -> None:
    names = names_on_a_line(20_000, level=-2.0, slope=-1.5)
    [rule] = fit_rules([names], shortest=1)
    np.testing.assert_allclose(rule.mean(LENGTHS), -2 - 1.5 * LENGTHS, atol=0.1)
    np.testing.assert_allclose(
        rule.spread(LENGTHS), scatter(LENGTHS) / scatter(names.lengths).mean(), atol=0.05
    )


def test_missing_ngrams_do_not_change_the_lines() -> None:
    [few], [many] = (
        fit_rules([names_on_a_line(5_000, -2, -1.5, missing=mean)], shortest=1)
        for mean in (0.1, 9.0)
    )
    assert replace(few, threshold=0.0) == replace(many, threshold=0.0)
    assert many.threshold < few.threshold - 3


@given(
    n=st.integers(20, 3_000),  # of very few names, all may have the same score
    shortest=st.integers(1, 12),
    seed=st.integers(0, 99),
    missing=st.floats(0, 3),
)
def test_one_percent_of_allowed_names_reach_the_threshold(
    n: int, shortest: int, seed: int, missing: float
) -> None:
    names = names_on_a_line(n, -3, -1, seed=seed, missing=missing)
    [rule] = fit_rules([names], shortest)
    can_be_returned = names.lengths >= shortest
    reach = int((scores(names, rule)[can_be_returned] >= rule.threshold).sum())
    assert abs(reach - 0.01 * can_be_returned.sum()) <= 1.5  # the threshold is rounded


def test_each_label_has_its_own_lines() -> None:
    parts = [names_on_a_line(5_000, -2, -1.5), names_on_a_line(5_000, -9, -0.5, seed=1)]
    first, second = fit_rules(parts, shortest=1)
    assert (first.mean_slope, second.mean_slope) == (
        pytest.approx(-1.5, abs=0.05),
        pytest.approx(-0.5, abs=0.05),
    )
    assert fit_rules(parts[:1], shortest=1) == (first,)


def test_a_label_with_few_names_uses_the_common_slopes() -> None:
    many = names_on_a_line(20_000, -2, -1.5)
    for count, slope in ((FEWEST_NAMES, -4), (FEWEST_NAMES - 1, -1.5)):
        few = names_on_a_line(count, -9, -4, seed=1)
        _, rule = fit_rules([many, few], shortest=1)
        assert rule.mean_slope == pytest.approx(slope, abs=0.2)
        assert rule.mean(few.lengths).mean() == pytest.approx(
            few.log_probabilities.mean(), abs=1e-3
        )


def test_a_label_without_names_uses_the_common_slopes() -> None:
    first, second = fit_rules([names_on_a_line(20_000, -2, -1.5), NO_NAMES], shortest=1)
    assert second.mean_slope == pytest.approx(first.mean_slope, abs=1e-3)
    assert np.isfinite([second.mean_level, second.spread_level, second.threshold]).all()


@pytest.mark.parametrize(
    "names",
    [
        NO_NAMES,
        NewNames(np.array([4]), np.array([-7.0]), np.array([0])),
        NewNames(np.full(300, 4), np.full(300, -7.0), np.zeros(300, np.int64)),
        NewNames(np.arange(300), -2.0 * np.arange(300), np.zeros(300, np.int64)),
    ],
    ids=["none", "one", "equal", "on a line"],
)
def test_names_without_scatter_have_a_spread_of_one(names: NewNames) -> None:
    [rule] = fit_rules([names], shortest=1)
    assert rule.spread(LENGTHS).tolist() == [1.0] * len(LENGTHS)
    assert np.isfinite([rule.mean_level, rule.mean_slope, rule.threshold]).all()


def test_the_threshold_is_0_if_names_are_too_short() -> None:
    [rule] = fit_rules([names_on_a_line(500, -2, -1.5)], shortest=99)
    assert rule.threshold == 0


MODEL = SmallModel()
V, LONGEST = MODEL.vocabulary_size, 4
LISTED = ["a", "ba", "cab", "abca"]


def generator(*tokens: int) -> Generator:
    """Return a generator for some labels, which all have the same known names."""
    starts = [token for token in tokens for _ in LISTED]
    tree = PrefixTree.from_names(LISTED * len(tokens), MODEL.vocabulary, starts)
    ngrams = NgramSet.from_tree(tree, MODEL.vocabulary, len(tokens))
    return Generator(
        MODEL,
        MODEL.vocabulary,
        known_names=known_set(LISTED),
        start_tokens=StartTokens(tokens, (1 / len(tokens),) * len(tokens)),
        scorer=Scorer([Source(ngrams, MODEL.vocabulary)], V),
    )


def test_rules_are_measured_on_distinct_new_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limits are so high that every name is drawn."""
    monkeypatch.setattr(fitting, "DRAWS", 2 * 10**9)
    monkeypatch.setattr(fitting, "MOST_CHARACTERS", 10**10)
    drawn = []
    for token in (V, V + 1):
        exact = all_names(MODEL, LONGEST, start_token=token)
        new = [name for name in exact if name and name not in LISTED]
        drawn.append(
            NewNames(
                lengths=np.array([len(name) for name in new]),
                log_probabilities=np.array(
                    [weighted(letters_of(MODEL, token, name)) for name in new]
                ),
                missing=np.array([count_missing(name, LISTED) for name in new]),
            )
        )
    expected = fit_rules(drawn, shortest=2)
    found = measure_rules(
        generator(V, V + 1), shortest=2, longest=LONGEST, rng=np.random.default_rng(0)
    )
    assert found is not None
    for rule, exact_rule in zip(found.rules, expected, strict=True):
        assert vars(rule) == pytest.approx(vars(exact_rule), abs=0.01)


def test_very_many_labels_share_one_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "MOST_LABELS", 2)
    for tokens, rules in (((V, V + 1), 2), ((V, V + 1, V + 2), 1)):
        found = measure_rules(
            generator(*tokens), shortest=1, longest=LONGEST, rng=np.random.default_rng(0)
        )
        assert found is not None
        assert len(found.rules) == rules


def test_measuring_can_be_stopped_before_each_label() -> None:
    answers = iter([True, False])
    found = measure_rules(
        generator(V, V + 1, V + 2),
        shortest=1,
        longest=LONGEST,
        rng=np.random.default_rng(0),
        proceed=lambda: next(answers),
    )
    assert found is None
    assert next(answers, None) is None

"""Check the scores of names against a plain loop, and check their percentiles."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import namegen.core.evaluation.scoring as scoring_module
from namegen.core.data.labels import StartTokens
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.scoring import score_names, score_quantiles
from tests.core.generation.exact import SmallModel, all_names, letters_of, over_beginnings

MODEL = SmallModel()


@given(st.lists(st.text("abc", min_size=1, max_size=9), max_size=6))
def test_character_scores_agree_with_a_plain_loop(names: list[str]) -> None:
    for name, score in zip(names, score_names(MODEL, MODEL.vocabulary, names), strict=True):
        expected = letters_of(MODEL, 0, name)
        assert score.name == name
        assert score.percentile is None
        np.testing.assert_allclose(score.letters, expected, rtol=1e-6)
        assert score.log_probability == pytest.approx(sum(expected))
        assert score.bits_per_char == pytest.approx(-sum(expected) / (len(name) + 1) / math.log(2))


def test_scores_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["a", "bca", "cc", "abcabc"]
    expected = score_names(MODEL, MODEL.vocabulary, names)
    monkeypatch.setattr(scoring_module, "BLOCK_NAMES", 1)
    assert score_names(MODEL, MODEL.vocabulary, names) == expected


def test_the_percentile_is_the_share_of_less_likely_names() -> None:
    [score] = score_names(MODEL, MODEL.vocabulary, ["abc"])
    score_value = score.log_probability
    for quantiles, expected in (
        (np.linspace(score_value - 30.2, score_value + 69.8, 101), 30.2),
        (np.linspace(score_value - 3, score_value - 1, 101), 100.0),
        (np.linspace(score_value + 1, score_value + 3, 101), 0.0),
        (np.full(101, score_value), 50.0),
        (
            np.concatenate(
                (
                    np.full(40, score_value - 1),
                    np.full(21, score_value),
                    np.full(40, score_value + 1),
                )
            ),
            50.0,
        ),
    ):
        [score] = score_names(MODEL, MODEL.vocabulary, ["abc"], quantiles)
        assert score.percentile == pytest.approx(expected)


V = MODEL.vocabulary_size
THREE = StartTokens((V, V + 1, V + 2), (0.5, 0.3, 0.2))


def test_scores_sum_probabilities_over_start_tokens() -> None:
    exact, given_label = over_beginnings(MODEL, THREE, 4), all_names(MODEL, 4, start_token=V + 1)
    names = ["a", "abc", "ccba", "bb"]
    for start_tokens, expected in ((THREE, exact), (StartTokens.single(V + 1), given_label)):
        for name, score in zip(
            names,
            score_names(MODEL, MODEL.vocabulary, names, start_tokens=start_tokens),
            strict=True,
        ):
            assert score.log_probability == pytest.approx(math.log(expected[name]), abs=1e-6)
            assert given_label[name] != pytest.approx(exact[name], rel=0.01)


def test_quantiles_use_the_requested_labels_for_all_names() -> None:
    def quantiles(names: list[tuple[int, str]], start_tokens: StartTokens) -> np.ndarray:
        begins = [V + label for label, _ in names]
        tree = PrefixTree.from_names([name for _, name in names], MODEL.vocabulary, begins)
        result = score_quantiles(MODEL, tree, start_tokens)
        assert result is not None
        return result

    names = [(0, "ab"), (1, "ab"), (2, "c"), (0, "a"), (1, "ba"), (1, "ab")]
    exact, of_label = over_beginnings(MODEL, THREE, 2), all_names(MODEL, 2, start_token=V + 1)
    scores = sorted(math.log(exact[name]) for _, name in names)
    np.testing.assert_allclose(quantiles(names, THREE)[[0, 20, 40, 60, 80, 100]], scores, atol=1e-6)
    of_one_label = quantiles([(1, "ab"), (1, "c")], StartTokens.single(V + 1))
    assert of_one_label[[0, 100]].tolist() == pytest.approx(
        sorted(math.log(of_label[name]) for name in ("ab", "c"))
    )

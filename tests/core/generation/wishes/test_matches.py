"""The wish for an expression: its prefixes are asked only where the expression can tell."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.text import StartsWith
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.errors import SettingsError

VOCABULARY = Vocabulary("abc")
TOKENS = VOCABULARY.encode_all(["ab", "ba", "bb"])[0].reshape(3, 2)
PLACES = np.zeros(3, np.int64)


def test_prefixes_and_names_are_asked_as_texts() -> None:
    tracker = Matches("ab*c?").tracker(VOCABULARY, 9)
    assert tracker.refuses_prefixes(TOKENS, PLACES).tolist() == [False, True, True]
    assert tracker.refuses_names(TOKENS, PLACES).tolist() == [False, True, True]
    assert Matches("abc").tracker(VOCABULARY, 9).refuses_names(TOKENS, PLACES).all()


def test_an_expression_that_looks_around_is_asked_of_names_only() -> None:
    tracker = Matches("(?=a)ab").tracker(VOCABULARY, 9)
    assert not tracker.refuses_prefixes(TOKENS, PLACES).any()
    assert tracker.refuses_names(TOKENS, PLACES).tolist() == [False, True, True]


def test_a_beginning_that_cannot_match_is_a_contradiction() -> None:
    with pytest.raises(SettingsError, match=r"^starts_with='b' contradicts matches='a\.\*': no name that begins so"):
        Wishlist([Matches("a.*"), StartsWith("b")]).check(VOCABULARY)
    Wishlist([Matches("a.*"), StartsWith("ab")]).check(VOCABULARY)


@pytest.mark.parametrize("expression", ["([ab]+)*1", "a(1|[xyz])", "(a1|b2)c", r"(?i)a\d+", "a(b1)+"])
def test_an_expression_that_needs_a_character_which_the_model_lacks_is_refused(expression: str) -> None:
    with pytest.raises(SettingsError, match=r"^matches=.* matches no name of this model, which knows no character for"):
        Wishlist([Matches(expression)]).check(VOCABULARY)


@pytest.mark.parametrize(
    "expression", ["[a1]b", "(a|1)c", "(1b)?a", "a1*", "a1{0}b", "(?i)ABC", "(1|(2|b))", "|1", r"1\b"]
)
def test_one_that_can_do_without_it_is_not(expression: str) -> None:
    Wishlist([Matches(expression)]).check(VOCABULARY)


def test_rows_are_answered_each_as_if_asked_alone() -> None:
    tracker = Matches("[ab]{2}c?").tracker(VOCABULARY, 9)
    tokens = np.random.default_rng(0).integers(1, 4, (200, 3)).astype(np.int32)
    places = np.zeros(200, np.int64)
    alone = [tracker.refuses_names(tokens[row : row + 1], places[:1])[0] for row in range(200)]
    assert tracker.refuses_names(tokens, places).tolist() == alone
    assert 0 < sum(alone) < 200


def test_texts_that_the_expression_does_not_tell_apart_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = Matches("[ab]{2}c")
    tracker, asked = wish.tracker(VOCABULARY, 9), []
    true = wish.pattern.may_begin
    monkeypatch.setattr(wish.pattern, "may_begin", lambda text: asked.append(text) or true(text))
    for _ in range(2):
        assert tracker.refuses_prefixes(TOKENS, PLACES).tolist() == [False, False, False]
    assert asked == ["aa"]


def test_more_characters_than_a_byte_numbers_are_told_apart() -> None:
    """An expression that looks around tells all characters apart."""
    vocabulary = Vocabulary("".join(map(chr, range(1, 701))))
    wish = Matches("(?=.)[" + "".join(map(chr, range(300, 400))) + "]")
    tokens = np.arange(1, 701, dtype=np.int32)[:, None]
    refused = wish.tracker(vocabulary, 9).refuses_names(tokens, np.zeros(700, np.int64))
    assert refused.tolist() == [not wish.keeps(character) for character in vocabulary.characters]

"""The wish for an expression: its prefixes are asked only where the expression can tell."""

from __future__ import annotations

import numpy as np
import pytest

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wishlist import StartsWith, Wishlist
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


def test_rows_are_answered_each_as_if_asked_alone() -> None:
    tracker = Matches("[ab]{2}c?").tracker(VOCABULARY, 9)
    tokens = np.random.default_rng(0).integers(1, 4, (200, 3)).astype(np.int32)
    places = np.zeros(200, np.int64)
    alone = [tracker.refuses_names(tokens[row : row + 1], places[:1])[0] for row in range(200)]
    assert tracker.refuses_names(tokens, places).tolist() == alone
    assert 0 < sum(alone) < 200


def test_texts_that_the_expression_does_not_tell_apart_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wish, asked = Matches("[ab]{2}c"), []
    tracker, true = wish.tracker(VOCABULARY, 9), wish.pattern.ask_all
    monkeypatch.setattr(wish.pattern, "ask_all", lambda texts, **how: asked.extend(texts) or true(texts, **how))
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

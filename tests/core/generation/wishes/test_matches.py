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


def test_texts_that_the_expression_does_not_tell_apart_are_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wish = Matches("[ab]{2}c")
    tracker, asked = wish.tracker(VOCABULARY, 9), []
    true = wish.pattern.may_begin
    monkeypatch.setattr(wish.pattern, "may_begin", lambda text: asked.append(text) or true(text))
    for _ in range(2):
        assert tracker.refuses_prefixes(TOKENS, PLACES).tolist() == [False, False, False]
    assert asked == ["aa"]

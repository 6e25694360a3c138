"""Wishes for a text: how short a name may be that has all of them, and how a text is followed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.wish import composed
from namegen.core.generation.wishes.wishlist import Contains, EndsWith, StartsWith, TextWish, Wishlist, shortest_text
from namegen.errors import SettingsError

texts = st.text("abc", max_size=3)


@pytest.mark.parametrize("wish", [StartsWith, Contains, EndsWith])
def test_the_longest_text(wish: type[TextWish]) -> None:
    assert len(wish("a" * 10_000).text) == 10_000
    with pytest.raises(SettingsError, match=f"{wish.name} has 10,001 characters: expected at most 10,000"):
        wish("a" * 10_001)


@given(texts, texts, texts)
def test_shortest_text_is_that_of_trying_every_text(beginning: str, inside: str, end: str) -> None:
    length = shortest_text(beginning, inside, end)

    def fits(size: int) -> bool:
        """Lay the three over a text of unknown characters, the middle one wherever it goes."""
        if size < max(len(beginning), len(inside), len(end)):
            return False
        for place in range(size - len(inside) + 1):
            text: dict[int, str] = {}
            laid = ((0, beginning), (place, inside), (size - len(end), end))
            if all(
                text.setdefault(start + offset, character) == character
                for start, part in laid
                for offset, character in enumerate(part)
            ):
                return True
        return False

    assert length == next(size for size in range(20) if fits(size))


@given(st.text("abc", min_size=1, max_size=4), st.text("abc", max_size=8))
def test_an_automaton_knows_what_is_missing(text: str, prefix: str) -> None:
    """What it drops cannot have the text any more; what it lets through as a name has it."""
    vocabulary, longest = Vocabulary("abc"), 9
    tokens = vocabulary.encode_all([prefix])[0]
    for wish in (Contains(text), EndsWith(text)):
        tracker = wish.tracker(vocabulary, longest)
        place = np.array([tracker.start(tokens)])
        assert tracker.refuses_names(tokens[None, :], place).tolist() == [not wish.keeps(prefix)]
        room = longest - len(prefix)
        hopeless = room < min(k for k in range(len(text) + 1) if wish.keeps(prefix + text[len(text) - k :]))
        assert tracker.refuses_prefixes(tokens[None, :], place).tolist() == [hopeless]


def test_a_space_at_an_end_is_named() -> None:
    vocabulary = Vocabulary(" a")
    for wish in (StartsWith(" a"), EndsWith("a ")):
        with pytest.raises(SettingsError, match="space"):
            Wishlist([wish]).check(vocabulary)


def test_composed_characters_may_be_given_as_two() -> None:
    assert StartsWith("Zoe\u0308").text == "Zoë"


def test_what_is_too_long_for_a_wish_is_not_put_in_order_first() -> None:
    two = "e\u0301" * 5_000
    assert composed(two) == "é" * 5_000
    assert composed(two + "x") == two + "x"

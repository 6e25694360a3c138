"""Banned words: found as a plain search finds them, in any letter case and spacing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.sameness import normalise
from namegen.core.generation.wishes.wishlist import Banned


@given(st.text(max_size=8), st.lists(st.text(max_size=4), max_size=5))
def test_words_are_those_of_a_plain_search(name: str, banned: list[str]) -> None:
    """As they are typed, and in the form in which case, spaces and punctuation do not count."""
    typed = [word.strip().casefold() for word in banned if word.strip()]
    forms = [*typed, *(normalise(word) for word in typed)]
    expected = any(form in text for form in forms if form for text in (name.casefold(), normalise(name)))
    assert Banned(banned).keeps(name) != expected


def test_words_as_one_would_hope() -> None:
    wish = Banned(["Damn", " hell\n", "", "  ", "&", "b.a.d"])
    found = ["Goddamned", "D-A-M-N", "Shell Oil", "A & B", "Sinbad"]
    assert not any(wish.keeps(name) for name in found)
    assert all(wish.keeps(name) for name in ("", "Dan", "Hel", "<b>", "\x1b[1m", "ba"))
    assert not wish.keeps("Adam N.")  # spaces and points do not count

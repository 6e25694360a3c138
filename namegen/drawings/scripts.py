"""Names in right-to-left scripts inside of sentences."""

from __future__ import annotations

import unicodedata


def isolated(text: str) -> str:
    """Drawable text to stand inside a sentence: one in a right-to-left script keeps the order of the words around it.

    Matplotlib (3.11 or later) orders and joins the letters of such scripts itself.

    >>> isolated("Ann"), isolated("\u05e9") == "\u2068\u05e9\u2069"
    ('Ann', True)
    """
    return f"\u2068{text}\u2069" if is_right_to_left(text) else text


def is_right_to_left(text: str) -> bool:
    """Whether a character of it is written from right to left."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)

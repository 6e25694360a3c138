"""What a plain expression is made of, and how many characters a text has that matches it."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

# Of a plain expression (``pattern.py`` says which those are) one piece after the other, its repeat apart.
_PIECE = re.compile(
    r"""(?P<flag>\(\?i\)) | (?P<opens>\((?:\?i?:)?) | (?P<closes>\)) | (?P<or>\|) | (?P<anchor>[\^$])
      | (?P<one>\\[pP]\{[^{}]*\} | \\. | \[\^?(?:[^\]\\]|\\.)*\] | .)""",
    re.VERBOSE | re.DOTALL,
)
_REPEAT = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>\d+)(?P<to>,(?P<most>\d*))?\})\??")
_SIGNS = {"*": (0.0, math.inf), "+": (1.0, math.inf), "?": (0.0, 1.0)}


def lengths(expression: str) -> tuple[float, float]:
    """The fewest and the most characters (``math.inf``: no limit) of a text that a plain expression matches.

    Bounds: there may be no match that short or that long (``a^b`` has none at all).

    >>> lengths("(Mac|Mc)[a-z]{2,4}n?"), lengths("a+|bcd"), lengths("")
    ((4.0, 8.0), (1.0, inf), (0.0, 0.0))

    Args:
        expression: one whose ``Pattern`` prunes.
    """
    around: list[tuple[tuple[float, float], tuple[float, float] | None]] = []
    so_far: tuple[float, float] = (0.0, 0.0)  # of the alternative that is being read
    other: tuple[float, float] | None = None  # of those before it in the group
    place = 0
    while place < len(expression):
        piece = _PIECE.match(expression, place)
        if piece is None:
            return 0.0, math.inf
        place = piece.end()
        if piece["opens"]:
            around.append((so_far, other))
            so_far, other = (0.0, 0.0), None
        elif piece["or"]:
            so_far, other = (0.0, 0.0), _either(so_far, other)
        elif piece["one"] or piece["closes"]:
            part: tuple[float, float] = (1.0, 1.0)
            if piece["closes"]:
                part = _either(so_far, other)
                so_far, other = around.pop() if around else ((0.0, 0.0), None)
            if repeat := _REPEAT.match(expression, place):
                place = repeat.end()
                part = _repeated(part, repeat)
            so_far = (so_far[0] + part[0], so_far[1] + part[1])
    return _either(so_far, other)


def single_pieces(expression: str) -> list[str]:
    """The different pieces of a plain expression that stand for one character each.

    >>> single_pieces("(Mac|Mc)[a-z]{2,4}n?c")
    ['M', 'a', 'c', '[a-z]', 'n']
    """
    pieces: dict[str, None] = {}
    place = 0
    while piece := _PIECE.match(expression, place):  # none matches at the end
        place = piece.end()
        if piece["one"]:
            pieces[piece["one"]] = None
        if piece["one"] or piece["closes"]:
            place = repeat.end() if (repeat := _REPEAT.match(expression, place)) else place
    return list(pieces)


def needed(expression: str, missing: Collection[str]) -> str | None:
    """A piece that no match of a plain expression can do without, of those that no text can have; None: there may be
    a match without any of them.

    >>> needed("(a|b1)c", {"1"}), needed("(a1|b1)c", {"1"}), needed("a(1c)?", {"1"}), needed("a(1c)+", {"1"})
    (None, '1', None, '1')
    """
    around: list[tuple[str | None, bool]] = []
    so_far: str | None = None  # what stands in the way of the alternative that is being read
    passable = False  # whether nothing stands in the way of one of those before it in the group
    place = 0
    while piece := _PIECE.match(expression, place):  # none matches at the end
        place = piece.end()
        if piece["opens"]:
            around.append((so_far, passable))
            so_far, passable = None, False
        elif piece["or"]:
            so_far, passable = None, passable or so_far is None
        elif piece["one"] or piece["closes"]:
            part = piece["one"] if piece["one"] in missing else None
            if piece["closes"]:
                part = None if passable else so_far
                so_far, passable = around.pop() if around else (None, False)
            if repeat := _REPEAT.match(expression, place):
                place = repeat.end()
                part = part if _repeated((1.0, 1.0), repeat)[0] else None
            so_far = so_far or part
    return None if passable else so_far


def _either(one: tuple[float, float], other: tuple[float, float] | None) -> tuple[float, float]:
    return one if other is None else (min(one[0], other[0]), max(one[1], other[1]))


def _repeated(part: tuple[float, float], repeat: re.Match[str]) -> tuple[float, float]:
    if repeat["sign"]:
        least, most = _SIGNS[repeat["sign"]]
    else:
        least = float(repeat["least"])
        most = least if repeat["to"] is None else float(repeat["most"] or math.inf)
    return part[0] * least, part[1] * most if part[1] and most else 0.0  # nothing stays nothing, however often

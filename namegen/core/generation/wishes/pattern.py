r"""Pattern: a regular expression for whole names, asked within bounds of time.

The ``regex`` library can say of the beginning of a text whether any longer text may match ("partial matching"), which
prunes the search for names. It is trusted with that for plain expressions only: what looks around the place where a
prefix happens to end (``\b``, ``\B``, lookaround, back references and the like) is asked of whole names alone.
"""

from __future__ import annotations

import math
import re
import time
import warnings
from collections.abc import Callable
from functools import cached_property
from typing import Any

from namegen.core.generation.wishes.pattern_lengths import lengths, needed, single_pieces
from namegen.errors import GenerationError, SettingsError, setting

SECONDS_A_CALL = 0.2  # a name takes about a microsecond; an expression that explodes is stopped here
SECONDS_TO_SPARE = 1.5  # of all calls together, beyond SECONDS_A_CALL_ON_AVERAGE each
SECONDS_A_CALL_ON_AVERAGE = 10e-6  # a search asks of some millions at most
LONGEST_EXPRESSION = 10_000
LARGEST_EXPRESSION = 20_000  # pieces, once its repeats are written out: some milliseconds and megabytes to compile

# Literals, classes, groups, alternatives, repeats (neither possessive nor fuzzy), the anchors of the whole name, and
# the flag for letter case.
_REPEAT = r"(?:(?:[*+?]|\{\d+(?:,\d*)?\})\??)?"
_PLAIN = re.compile(
    rf"""\^? (?:\(\?i\))? \^?
    (?: [^\\\[\](){{}}?*+^$|] {_REPEAT}                                     # itself, or any character
      | \\(?:[dDwWsS]|[pP]\{{[\w=: -]+\}}|[^\w\s]) {_REPEAT}              # a kind of character, or an escaped sign
      | \[\^?(?:[^\\\[\]&~|-]|\\[dDwWsS]|\\[^\w\s]|-(?![-\]]))+\] {_REPEAT}  # a class
      | \((?:\?:|\?i:|(?!\?|\*)) | \){_REPEAT} | \|
    )* \$?""",
    re.VERBOSE,
)

_PIECE = re.compile(
    r"""\\[pPN]\{[^{}]*\} | \\.                         # a kind of character, or an escaped sign
      | \[\^?\]?(?:[^\]\\]|\\.?)*(?:\]|\Z)                # a class
      | \{(?P<count>\d+)(?:,\d*)?\}                       # a repeat
      | \((?:\?[:=!>|]|\?<[=!])? | .""",
    re.VERBOSE | re.DOTALL,
)
_IGNORES_SPACE = re.compile(r"\(\?[a-zA-Z01]*x")  # the flag for expressions with spaces and comments


class Pattern:
    """A regular expression that whole names are held against.

    >>> pattern = Pattern("(Mac|Mc).*n")
    >>> pattern.matches("McLean"), pattern.may_begin("McL"), pattern.may_begin("Ma"), pattern.may_begin("O")
    (True, True, True, False)

    Args:
        expression: in the syntax of the ``regex`` library, which extends that of Python's ``re``.

    Raises:
        SettingsError: it is not a valid expression; the message says where.
    """

    def __init__(self, expression: str) -> None:
        import regex  # late: most calls have no expression, and it takes a while to load

        self.expression = expression
        if len(expression) > LONGEST_EXPRESSION:
            raise SettingsError(
                f"{setting('matches')} has {len(expression):,} characters: expected at most {LONGEST_EXPRESSION:,}; "
                f"ban a list of words with {setting('banned')}"
            )
        if written_out(expression) > LARGEST_EXPRESSION:  # compiling could not be stopped
            raise SettingsError(
                f"{_told(expression)} is too large an expression: with its repeats written out it has more "
                f"than {LARGEST_EXPRESSION:,} parts; lower the numbers in braces"
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about syntax that may change its meaning one day
                self._compiled: Any = regex.compile(expression)
        except regex.error as error:
            place = "" if error.pos is None else f" at position {error.pos + 1}"
            raise SettingsError(
                f"{_told(expression)} is not a regular expression: {error.msg}{place}; put a backslash "
                "before a sign that stands for itself"
            ) from error
        except (OverflowError, RecursionError, MemoryError, ValueError) as error:
            raise SettingsError(f"{_told(expression)} is too large an expression: simplify it") from error
        self.prunes = _PLAIN.fullmatch(expression) is not None
        self._clock: Callable[[], float] = time.perf_counter
        self._seconds = 0.0
        self._calls = 0

    @cached_property
    def lengths(self) -> tuple[float, float]:
        """The fewest and the most characters of a name that matches, so far as that is known."""
        return lengths(self.expression) if self.prunes else (0.0, math.inf)

    def matches(self, name: str) -> bool:
        """Whether the whole name matches. Raises GenerationError where that takes too long."""
        return self._ask(name, partial=False) is not None

    def may_begin(self, prefix: str) -> bool:
        """Whether a name that begins so may match; True also where it is not known."""
        return not self.prunes or self._ask(prefix, partial=True) is not None

    def alike(self, characters: str) -> dict[int, str]:
        """For each character the first one that every part of a plain expression takes it for, by code point.

        Whether a text matches, or may begin a match, is then the same as of the text in those characters alone.
        """
        import regex

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pieces = [regex.compile(f + piece) for piece in single_pieces(self.expression) for f in ("", "(?i)")]
        first: dict[tuple[bool, ...], str] = {}
        return {
            ord(character): first.setdefault(
                tuple(piece.fullmatch(character) is not None for piece in pieces), character
            )
            for character in characters
        }

    def lacks(self, characters: str) -> str | None:
        """A part of a plain expression that every match has, and none of the characters is; None: there may be a match.

        >>> Pattern("([a-z]+)*1").lacks("abc"), Pattern("([a-z]+)*1?").lacks("abc")
        ("'1'", None)
        """
        if not self.prunes:
            return None
        import regex

        def is_there(piece: str) -> bool:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                either = [regex.compile(flag + piece) for flag in ("", "(?i)")]
            return any(one.fullmatch(character) for character in characters for one in either)

        missing = {piece for piece in single_pieces(self.expression) if not is_there(piece)}
        lacking = needed(self.expression, missing) if missing else None
        return None if lacking is None else _shown(lacking)

    def _ask(self, text: str, partial: bool) -> Any:
        clock = self._clock
        start = clock()
        try:
            return self._compiled.fullmatch(text, partial=partial, timeout=SECONDS_A_CALL)
        except TimeoutError:
            raise self._too_slow(f"more than {SECONDS_A_CALL:g} seconds for the one name {_shown(text)}") from None
        finally:
            self._calls += 1
            self._seconds += clock() - start
            if self._seconds > SECONDS_TO_SPARE + SECONDS_A_CALL_ON_AVERAGE * self._calls:
                self._asks_too_much(clock)

    def _asks_too_much(self, clock: Callable[[], float]) -> None:
        """Raise GenerationError, if it was the thread's own time that was measured.

        On a busy machine any other clock says nothing of an expression; but to ask for the thread's time takes several
        times as long as most expressions do, so it is asked for only once the other one says that they take long.
        """
        if clock is time.thread_time:
            raise self._too_slow(f"{self._seconds:.1f} seconds for {self._calls:,} names")
        self._clock, self._seconds, self._calls = time.thread_time, 0.0, 0

    def _too_slow(self, what: str) -> GenerationError:
        return GenerationError(
            f"{_told(self.expression)} takes too long ({what}): simplify it, above all a repeat inside a "
            "repeat such as (a+)+"
        )


def written_out(expression: str) -> int:
    """Characters and classes that an expression has once every ``{n}`` is written out n times: what compiling it costs.

    Repeats inside of each other multiply. Only the smaller number of ``{m,n}`` is written out. An estimate, rather too
    large than too small; beyond ``LARGEST_EXPRESSION`` it is not counted to the end.

    >>> written_out("ab{3}"), written_out("(a{10}|b){20}"), written_out("[abc]{2,5}x*")
    (4, 220, 3)
    """
    if _IGNORES_SPACE.search(expression):
        expression = "".join(expression.split())
    around: list[int] = []  # what each open group has before it
    size = last = 0  # of the group so far, and of its last part: what a repeat would repeat
    for piece in _PIECE.finditer(expression):
        text, count = piece[0], piece["count"]
        if text[0] == "(":
            around.append(size)
            size = last = 0
        elif text == ")":
            last = size = max(1, size)
            size += around.pop() if around else 0
        elif count is not None:
            times = max(1, int(count)) if len(count.lstrip("0")) < 10 else LARGEST_EXPRESSION + 1
            size += last * (times - 1)
            last *= times
        elif text not in "*+?|":
            last = 1
            size += 1
        if size > LARGEST_EXPRESSION:
            return size
    return size + sum(around)


def _told(expression: str) -> str:
    return setting("matches", _shown(expression))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")

r"""The constraint for a regular expression, ``matches``: compiled and asked within bounds of size and time.

The ``regex`` library can say of the beginning of a text whether any longer text may match ("partial matching"), which
prunes the search for names. It is trusted with that for plain expressions only: what looks around the place where a
prefix happens to end (``\b``, ``\B``, lookaround, back references and the like) is asked of whole names alone.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.generation.constraints.constraint import Constraint, Finished, Tracker, composed
from namegen.errors import GenerationError, SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

SECONDS_A_CALL = (
    0.05  # a name takes about a microsecond; an expression that explodes is stopped here
)
SECONDS_TO_SPARE = 1.5  # of all calls together, beyond SECONDS_A_CALL_ON_AVERAGE each
SECONDS_A_CALL_ON_AVERAGE = 10e-6  # a search asks of some millions at most
CALLS_A_LOOK = 50  # at the processor's clock, which takes longer than a call
MAX_EXPRESSION = 10_000
MAX_PARTS = (
    20_000  # pieces, once its repeats are written out: some milliseconds and megabytes to compile
)
MAX_KNOWN = 200_000  # texts whose answers are kept

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
_NO_CHARACTER = frozenset(("(", "(?:", ")", "|", "*", "+", "?", "^", "$"))
_IGNORES_SPACE = re.compile(
    r"\(\?[a-zA-Z01]*x"
)  # the flag for expressions with spaces and comments


class Matches(Constraint):
    """A regular expression for the whole name.

    >>> constraint = Matches("(Mac|Mc).*n")
    >>> constraint.keeps("McLean"), constraint.may_begin("McL"), constraint.may_begin("Ma"), constraint.may_begin("O")
    (True, True, True, False)

    Args:
        value: an expression in the syntax and with the meaning of the ``regex`` library.

    Raises:
        SettingsError: it is none, or too large; the message says where and why.
    """

    name = "matches"
    value: str

    def __init__(self, value: str) -> None:
        expression = composed(value)
        super().__init__(expression)
        if len(expression) > MAX_EXPRESSION:
            raise SettingsError(
                f"{setting('matches')} has {len(expression):,} characters: expected at most {MAX_EXPRESSION:,}; "
                f"ban a list of words with {setting('exclude_words')}"
            )
        if written_out(expression) > MAX_PARTS:  # compiling could not be stopped
            raise SettingsError(
                f"{_told(expression)} is too large an expression: with its repeats written out it has more "
                f"than {MAX_PARTS:,} parts; lower the numbers in braces"
            )
        import regex  # late: most calls have no expression, and it takes a while to load

        try:
            self._compiled = _compile(expression)
        except regex.error as error:
            place = "" if error.pos is None else f" at position {error.pos + 1}"
            raise SettingsError(
                f"{_told(expression)} is not a regular expression: {error.msg}{place}; put a backslash "
                "before a sign that stands for itself"
            ) from error
        except (OverflowError, RecursionError, MemoryError, ValueError) as error:
            raise SettingsError(
                f"{_told(expression)} is too large an expression: simplify it"
            ) from error
        self.prunes = _PLAIN.fullmatch(expression) is not None
        self._seconds = 0.0
        self._calls = 0

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Drops what no match begins with, where the expression is one that can say so."""
        return MatchTracker(self, vocabulary)

    def keeps(self, name: str) -> bool:
        """Whether the whole name matches. Raises GenerationError where that takes too long."""
        return self._ask(name, partial=False)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """The same of many."""
        return ~np.array(self.ask_all(finished.names, partial=False), bool)

    def may_begin(self, prefix: str) -> bool:
        """Whether a name that begins so may match; True also where it is not known."""
        return not self.prunes or self._ask(prefix, partial=True)

    def ask_all(self, texts: Sequence[str], *, partial: bool) -> list[bool]:
        """The same of many texts. Raises GenerationError where all calls so far took too long together."""
        answers: list[bool] = []
        for start in range(0, len(texts), CALLS_A_LOOK):
            before = (
                time.thread_time()
            )  # on a busy machine any other clock says nothing of an expression
            answers += [self._ask(text, partial) for text in texts[start : start + CALLS_A_LOOK]]
            self._seconds += time.thread_time() - before
            self._calls += CALLS_A_LOOK
            if self._seconds > SECONDS_TO_SPARE + SECONDS_A_CALL_ON_AVERAGE * self._calls:
                raise self._too_slow(f"{self._seconds:.1f} seconds for some {self._calls:,} names")
        return answers

    def alike(self, characters: str) -> dict[int, str]:
        """For each character the first one that every part of a plain expression takes it for, by code point.

        Whether a text matches, or may begin a match, is then the same as of the text in those characters alone.
        """
        found = {piece[0]: None for piece in _PIECE.finditer(self.value) if piece["count"] is None}
        pieces = [
            _compile(f + piece)
            for piece in found
            if piece not in _NO_CHARACTER
            for f in ("", "(?i)")
        ]
        first: dict[tuple[bool, ...], str] = {}
        return {
            ord(character): first.setdefault(
                tuple(piece.fullmatch(character) is not None for piece in pieces), character
            )
            for character in characters
        }

    def _ask(self, text: str, partial: bool) -> bool:
        try:
            return (
                self._compiled.fullmatch(text, partial=partial, timeout=SECONDS_A_CALL) is not None
            )
        except TimeoutError:
            raise self._too_slow(
                f"more than {SECONDS_A_CALL:g} seconds for the one name {_shown(text)}"
            ) from None

    def _too_slow(self, what: str) -> GenerationError:
        return GenerationError(
            f"{_told(self.value)} takes too long ({what}): simplify it, above all a repeat inside a "
            "repeat such as (a+)+"
        )


class MatchTracker(Tracker):
    """Asks the texts of prefixes. Of a plain expression texts that no part of it tells apart are asked once only: of
    ``[A-Z]{6}`` whether ``AA`` begins a match, and never ``XY``.
    """

    def __init__(self, constraint: Matches, vocabulary: Vocabulary) -> None:
        self.constraint, self.vocabulary = constraint, vocabulary
        alike = constraint.alike(vocabulary.characters) if constraint.prunes else {}
        first = [alike.get(ord(character), character) for character in vocabulary.characters]
        self._stands_for = np.concatenate(
            ([BOUNDARY], vocabulary.encode_all(first)[0])
        )  # of each token
        self._begins: dict[str, bool] = {}
        self._matches: dict[str, bool] = {}

    def refuses_prefixes(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Those that no matching name begins with."""
        if not self.constraint.prunes:
            return super().refuses_prefixes(tokens, places)
        return ~self._ask(tokens, self._begins)

    def refuses_names(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Those that do not match as they stand."""
        return ~self._ask(tokens, self._matches)

    def _ask(self, tokens: Int32[Array, "K depth"], known: dict[str, bool]) -> Bool[Array, "K"]:
        if len(known) > MAX_KNOWN:
            known.clear()
        texts = self.vocabulary.decode_all(self._stands_for[tokens])
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(
            zip(new, self.constraint.ask_all(new, partial=known is self._begins), strict=True)
        )
        return np.fromiter(map(known.__getitem__, texts), bool, count=len(texts))


def _compile(expression: str) -> Any:
    import regex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about syntax that may change its meaning one day
        return regex.compile(expression)


def written_out(expression: str) -> int:
    """Characters and classes that an expression has once every ``{n}`` is written out n times: what compiling it costs.

    Repeats inside of each other multiply. Only the smaller number of ``{m,n}`` is written out. An estimate, rather too
    large than too small; beyond ``MAX_PARTS`` it is not counted to the end.

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
            times = max(1, int(count)) if len(count.lstrip("0")) < 10 else MAX_PARTS + 1
            size += last * (times - 1)
            last *= times
        elif text not in "*+?|":
            last = 1
            size += 1
        if size > MAX_PARTS:
            return size
    return size + sum(around)


def _told(expression: str) -> str:
    return setting("matches", _shown(expression))


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")

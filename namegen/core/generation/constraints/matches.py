r"""The constraint for a regular expression, ``matches``, with limits on its size and its running time.

The ``regex`` library can tell whether a string could become a match if it went on ("partial matching"). That makes it
possible to reject prefixes during the search. It's used only for plain expressions. Whatever looks around the position
where a prefix happens to end (``\b``, ``\B``, lookarounds, back references and so on) is checked only for whole names.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Sequence

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.constraints.constraint import (
    Constraint,
    Finished,
    Rejected,
    States,
    Tokens,
)
from namegen.core.generation.request import GenerationRequest, shown_text
from namegen.errors import GenerationError, SettingsError, setting
from namegen.types import Array, Bool

SECONDS_A_CALL = 0.05  # time limit of a call; most take about a microsecond
# The time limit of all calls together is SECONDS_TO_SPARE and, for each call, SECONDS_A_CALL_ON_AVERAGE.
SECONDS_TO_SPARE = 1.5
SECONDS_A_CALL_ON_AVERAGE = 10e-6  # a search makes a few million calls at most
CALLS_A_LOOK = 50  # calls between two looks at the clock, which take longer than a call
MAX_PARTS = 20_000  # after repeats are written out; they compile in some milliseconds
MAX_KNOWN = 200_000  # strings whose results are stored
MAX_SHOWN = 60  # characters of an expression in a message

# A plain expression consists of literals, classes, groups, alternatives, repeats (neither possessive nor fuzzy),
# anchors of the whole name, and the flag for letter case.
_REPEAT = r"(?:(?:[*+?]|\{\d+(?:,\d*)?\})\??)?"
_PLAIN = re.compile(
    rf"""\^? (?:\(\?i\))? \^?
    (?: [^\\\[\](){{}}?*+^$|] {_REPEAT}                                     # a literal, or any character
      | \\(?:[dDwWsS]|[pP]\{{[\w=: -]+\}}|[^\w\s]) {_REPEAT}              # a character class, or an escaped character
      | \[\^?(?:[^\\\[\]&~|-]|\\[dDwWsS]|\\[^\w\s]|-(?![-\]]))+\] {_REPEAT}  # a class
      | \((?:\?:|\?i:|(?!\?|\*)) | \){_REPEAT} | \|
    )* \$?""",
    re.VERBOSE,
)

_PIECE = re.compile(
    r"""\\[pPN]\{[^{}]*\} | \\.                         # a character class, or an escaped character
      | \[\^?\]?(?:[^\]\\]|\\.?)*(?:\]|\Z)                # a class
      | \{(?P<count>\d+)(?:,\d*)?\}                       # a repeat
      | \((?:\?[:=!>|]|\?<[=!])? | .""",
    re.VERBOSE | re.DOTALL,
)
# The flag that allows spaces and comments in an expression.
_IGNORES_SPACE = re.compile(r"\(\?[a-zA-Z01]*x")


class Matches(Constraint):
    """A regular expression that the whole name matches.

    Args:
        expression: in the syntax of the ``regex`` library.
        vocabulary: the model's characters.

    Raises:
        SettingsError: it isn't a regular expression, or it's too large.

    >>> constraint = Matches("(Mac|Mc).*n", Vocabulary("LMacen"))
    >>> constraint.accepts("McLean"), constraint.may_begin("McL"), constraint.may_begin("Ma"), constraint.may_begin("O")
    (True, True, True, False)
    """

    key = "matches"
    prunes = True

    def __init__(self, expression: str, vocabulary: Vocabulary) -> None:
        import regex  # late: most searches have no expression, and importing it takes a while

        self.vocabulary = vocabulary
        self._shown = setting(self.key, _shortened(expression))
        if written_out(expression) > MAX_PARTS:  # compiling can't be stopped
            raise SettingsError(
                f"{self._shown} is too large an expression: with its repeats written out it has more than "
                f"{MAX_PARTS:,} parts; lower the numbers in braces"
            )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about syntax whose meaning may change
                self._compiled = regex.compile(expression)
        except regex.error as error:
            position = "" if error.pos is None else f" at position {error.pos + 1}"
            raise SettingsError(
                f"{self._shown} is not a regular expression: {error.msg}{position}; put a backslash before a special "
                "character that stands for itself"
            ) from error
        except (OverflowError, RecursionError, MemoryError, ValueError) as error:
            raise SettingsError(f"{self._shown} is too large an expression: simplify it") from error
        self.is_plain = _PLAIN.fullmatch(expression) is not None  # whether it can reject prefixes
        self._seconds = 0.0  # that all calls took so far
        self._calls = 0
        # Results by string: whether a longer string could match, and whether the string matches.
        self._may_begin: dict[str, bool] = {}
        self._matches: dict[str, bool] = {}

    def check(self, request: GenerationRequest) -> None:
        """Raise SettingsError if no name with the required start can match."""
        start = request.starts_with
        if not self.may_begin(start):
            raise SettingsError(
                f"{shown_text('starts_with', start)} contradicts {self._shown}: no name with this start matches"
            )

    def rejects_prefixes(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes no matching name starts with, if the expression is plain."""
        if not self.is_plain:
            return super().rejects_prefixes(tokens, states)
        return ~self._match_tokens(tokens, self._may_begin, partial=True)

    def rejects_names(self, tokens: Tokens, states: States) -> Rejected:
        """Return which prefixes don't match as whole names."""
        return ~self._match_tokens(tokens, self._matches, partial=False)

    def accepts(self, name: str) -> bool:
        """Return whether the whole name matches.

        Raises:
            GenerationError: matching takes too long.
        """
        return self._match(name, partial=False)

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names don't match."""
        return ~np.array(self.match_all(finished.names, partial=False), bool)

    def may_begin(self, prefix: str) -> bool:
        """Return whether a name that starts with the prefix could match. If that isn't known, the result is True."""
        return not self.is_plain or self._match(prefix, partial=True)

    def _match_tokens(self, tokens: Tokens, cache: dict[str, bool], *, partial: bool) -> Rejected:
        """Return which prefixes match. The results for strings that were matched before are in the cache."""
        if len(cache) > MAX_KNOWN:
            cache.clear()
        texts = self.vocabulary.decode_all(tokens)
        new_texts = [text for text in dict.fromkeys(texts) if text not in cache]
        new_results = self.match_all(new_texts, partial=partial)
        cache.update(zip(new_texts, new_results, strict=True))
        return np.fromiter(map(cache.__getitem__, texts), bool, count=len(texts))

    def match_all(self, texts: Sequence[str], *, partial: bool) -> list[bool]:
        """Return whether each string matches.

        Args:
            texts: the strings.
            partial: whether it's enough if a longer string could match.

        Raises:
            GenerationError: all calls so far took too long.
        """
        results: list[bool] = []
        for start in range(0, len(texts), CALLS_A_LOOK):
            block = texts[start : start + CALLS_A_LOOK]
            time_before = time.thread_time()  # other clocks also count other programs' work
            results += [self._match(text, partial=partial) for text in block]
            self._seconds += time.thread_time() - time_before
            self._calls += CALLS_A_LOOK
            if self._seconds > SECONDS_TO_SPARE + SECONDS_A_CALL_ON_AVERAGE * self._calls:
                raise self._too_slow(f"{self._seconds:.1f} seconds for some {self._calls:,} names")
        return results

    def _match(self, text: str, *, partial: bool) -> bool:
        """Return whether a string matches, or with ``partial`` whether a longer one could match."""
        try:
            match = self._compiled.fullmatch(text, partial=partial, timeout=SECONDS_A_CALL)
        except TimeoutError:
            raise self._too_slow(
                f"more than {SECONDS_A_CALL:g} seconds for the one name {_shortened(text)}"
            ) from None
        return match is not None

    def _too_slow(self, reason: str) -> GenerationError:
        """Return the error for an expression that takes too long to match."""
        return GenerationError(
            f"{self._shown} takes too long ({reason}): simplify it, especially nested repeats such as (a+)+"
        )


def written_out(expression: str) -> int:
    """Estimate how many characters and classes an expression has once every ``{n}`` is written out n times.

    Compiling takes time and memory in proportion. Nested repeats multiply; for ``{m,n}`` the smaller number counts. The
    estimate is too large rather than too small. It stops soon after ``MAX_PARTS``.

    >>> written_out("ab{3}"), written_out("(a{10}|b){20}"), written_out("[abc]{2,5}x*")
    (4, 220, 3)
    """
    if _IGNORES_SPACE.search(expression):
        expression = "".join(expression.split())
    total = 0
    totals_before: list[int] = []  # the total before each open group
    last_piece = 0  # the size of the last piece, which a repeat would repeat
    for piece in _PIECE.finditer(expression):
        text = piece[0]
        if text[0] == "(":
            totals_before.append(total)
            last_piece = 0
        elif text == ")":
            group_start = totals_before.pop() if totals_before else 0
            last_piece = max(1, total - group_start)  # an empty group counts as one part
            total = group_start + last_piece
        elif piece["count"] is not None:
            digits = piece["count"].lstrip("0")
            times = int(digits[:9] or 1)
            total += last_piece * (times - 1)
            last_piece *= times
        elif text not in "*+?|":
            last_piece = 1
            total += 1
        if total > MAX_PARTS:
            break
    return total


def _shortened(text: str) -> str:
    """Quote a string, and shorten it if it's long."""
    if len(text) > MAX_SHOWN:
        text = text[: MAX_SHOWN - 3] + "..."
    return repr(text)

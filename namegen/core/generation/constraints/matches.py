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
from typing import Any

import numpy as np

from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.generation.constraints.constraint import Constraint, Finished, Tracker, composed
from namegen.errors import GenerationError, SettingsError, setting
from namegen.types import Array, Bool, Int32, Int64

SECONDS_A_CALL = 0.05  # time limit of a call; most take about a microsecond
# The time limit of all calls together is SECONDS_TO_SPARE and, for each call, SECONDS_A_CALL_ON_AVERAGE.
SECONDS_TO_SPARE = 1.5
SECONDS_A_CALL_ON_AVERAGE = 10e-6  # a search makes a few million calls at most
CALLS_A_LOOK = 50  # calls between two looks at the clock, which take longer than a call
MAX_EXPRESSION = 10_000  # characters
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
_NO_CHARACTER = frozenset(("(", "(?:", ")", "|", "*", "+", "?", "^", "$"))
# The flag that allows spaces and comments in an expression.
_IGNORES_SPACE = re.compile(r"\(\?[a-zA-Z01]*x")


class Matches(Constraint):
    """A regular expression that the whole name matches.

    Args:
        value: an expression in the syntax of the ``regex`` library.

    Raises:
        SettingsError: it isn't a regular expression, or it's too large.

    >>> constraint = Matches("(Mac|Mc).*n")
    >>> constraint.accepts("McLean"), constraint.may_begin("McL"), constraint.may_begin("Ma"), constraint.may_begin("O")
    (True, True, True, False)
    """

    key = setting_name = "matches"
    value: str

    def __init__(self, value: str) -> None:
        super().__init__(composed(value))
        self._check_size()  # compiling can't be stopped
        self._compiled = self._compile()
        self.prunes = _PLAIN.fullmatch(self.value) is not None  # whether it can reject prefixes
        self._seconds = 0.0  # that all calls took so far
        self._calls = 0

    def _check_size(self) -> None:
        """Raise SettingsError for an expression that would take too long to compile."""
        if len(self.value) > MAX_EXPRESSION:
            raise SettingsError(
                f"{setting('matches')} has {len(self.value):,} characters: use at most {MAX_EXPRESSION:,}; "
                f"ban a list of words with {setting('exclude_words')}"
            )
        if written_out(self.value) > MAX_PARTS:
            raise SettingsError(
                f"{self._setting} is too large an expression: with its repeats written out it has more "
                f"than {MAX_PARTS:,} parts; lower the numbers in braces"
            )

    def _compile(self) -> Any:
        """Compile the expression, or raise SettingsError."""
        import regex  # late: most searches have no expression, and importing it takes a while

        try:
            return _compile(self.value)
        except regex.error as error:
            position = "" if error.pos is None else f" at position {error.pos + 1}"
            raise SettingsError(
                f"{self._setting} is not a regular expression: {error.msg}{position}; put a backslash "
                "before a special character that stands for itself"
            ) from error
        except (OverflowError, RecursionError, MemoryError, ValueError) as error:
            raise SettingsError(
                f"{self._setting} is too large an expression: simplify it"
            ) from error

    @property
    def _setting(self) -> str:
        return setting("matches", _shortened(self.value))

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker:
        """Return a tracker that rejects prefixes of names that can't match, if the expression is plain."""
        return MatchTracker(self, vocabulary)

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
        return not self.prunes or self._match(prefix, partial=True)

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
            self._count_time(time.thread_time() - time_before)
        return results

    def _count_time(self, seconds: float) -> None:
        """Count the time of some calls, and raise GenerationError if all calls so far took too long."""
        self._seconds += seconds
        self._calls += CALLS_A_LOOK
        limit = SECONDS_TO_SPARE + SECONDS_A_CALL_ON_AVERAGE * self._calls
        if self._seconds > limit:
            raise self._too_slow(f"{self._seconds:.1f} seconds for some {self._calls:,} names")

    def representatives(self, characters: str) -> dict[int, str]:
        """Group characters that a plain expression doesn't distinguish, and choose a representative of each group.

        Replacing characters by their representatives changes neither whether a string matches nor whether a longer one
        could match. So fewer different strings have to be matched.

        Returns:
            The representative of each character, by code point, for ``str.translate``.
        """
        patterns = self._compile_single_characters()
        first_of_group: dict[tuple[bool, ...], str] = {}  # by the patterns that a group matches
        representatives = {}
        for character in characters:
            matches = tuple(pattern.fullmatch(character) is not None for pattern in patterns)
            representatives[ord(character)] = first_of_group.setdefault(matches, character)
        return representatives

    def _compile_single_characters(self) -> list[Any]:
        """Compile each piece of the expression that stands for one character, such as ``[A-Z]`` or ``a``.

        Each piece is compiled with and without regard to letter case.
        """
        pieces: dict[str, None] = {}  # in order, each once
        for piece in _PIECE.finditer(self.value):
            is_repeat = piece["count"] is not None
            if not is_repeat and piece[0] not in _NO_CHARACTER:
                pieces[piece[0]] = None
        patterns = []
        for text in pieces:
            patterns += [_compile(text), _compile("(?i)" + text)]
        return patterns

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
            f"{self._setting} takes too long ({reason}): simplify it, especially nested repeats "
            "such as (a+)+"
        )


class MatchTracker(Tracker):
    """Matches the strings of prefixes. The state isn't used.

    Strings that a plain expression doesn't tell apart are matched only once: for ``[A-Z]{6}``, "AA" stands for "XY".
    """

    def __init__(self, constraint: Matches, vocabulary: Vocabulary) -> None:
        self.constraint = constraint
        self.vocabulary = vocabulary
        characters = vocabulary.characters
        if constraint.prunes:
            characters = characters.translate(constraint.representatives(characters))
        # (V,) the token of each token's representative
        self._representative = np.concatenate(([END_TOKEN], vocabulary.encode(characters)))
        self._may_begin: dict[str, bool] = {}  # results for prefixes
        self._matches: dict[str, bool] = {}  # results for whole names

    def rejects_prefixes(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which prefixes no matching name starts with."""
        if not self.constraint.prunes:
            return super().rejects_prefixes(tokens, states)
        return ~self._match(tokens, self._may_begin, partial=True)

    def rejects_names(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which prefixes don't match as whole names."""
        return ~self._match(tokens, self._matches, partial=False)

    def _match(
        self, tokens: Int32[Array, "K depth"], cache: dict[str, bool], *, partial: bool
    ) -> Bool[Array, "K"]:
        """Return which prefixes match, or with ``partial`` which could match if they were longer.

        The results for strings that were matched before are in the cache.
        """
        if len(cache) > MAX_KNOWN:
            cache.clear()
        texts = self.vocabulary.decode_all(self._representative[tokens])
        new_texts = [text for text in dict.fromkeys(texts) if text not in cache]
        new_results = self.constraint.match_all(new_texts, partial=partial)
        cache.update(zip(new_texts, new_results, strict=True))
        return np.fromiter(map(cache.__getitem__, texts), bool, count=len(texts))


def _compile(expression: str) -> Any:
    """Compile an expression without warnings."""
    import regex

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about syntax whose meaning may change
        return regex.compile(expression)


def written_out(expression: str) -> int:
    """Estimate how many characters and classes an expression has once every ``{n}`` is written out n times.

    Compiling takes time and memory in proportion. Nested repeats multiply; for ``{m,n}`` the smaller number counts. The
    estimate is too large rather than too small. It stops soon after ``MAX_PARTS``.

    >>> written_out("ab{3}"), written_out("(a{10}|b){20}"), written_out("[abc]{2,5}x*")
    (4, 220, 3)
    """
    if _IGNORES_SPACE.search(expression):
        expression = "".join(expression.split())
    counter = _PartCounter()
    for piece in _PIECE.finditer(expression):
        counter.read(piece)
        if counter.size > MAX_PARTS:
            return counter.size
    return counter.size + sum(counter.outer_sizes)


class _PartCounter:
    """Counts the characters and classes of an expression while its pieces are read from left to right."""

    def __init__(self) -> None:
        self.outer_sizes: list[int] = []  # sizes before each open group, within the group around it
        self.size = 0  # of the innermost open group so far
        self._last_size = 0  # of the group's last piece, which a repeat would repeat

    def read(self, piece: re.Match[str]) -> None:
        """Count the next piece: a parenthesis, a repeat, or something that stands for one character."""
        text = piece[0]
        if text[0] == "(":
            self._open_group()
        elif text == ")":
            self._close_group()
        elif piece["count"] is not None:
            self._repeat(_repeat_count(piece["count"]))
        elif text not in "*+?|":
            self._last_size = 1
            self.size += 1

    def _open_group(self) -> None:
        """Start counting inside a group."""
        self.outer_sizes.append(self.size)
        self.size = 0
        self._last_size = 0

    def _close_group(self) -> None:
        """Add a group to the group around it; an empty group counts as one part."""
        self._last_size = max(1, self.size)
        self.size = self._last_size
        if self.outer_sizes:
            self.size += self.outer_sizes.pop()

    def _repeat(self, times: int) -> None:
        """Count the last piece as often as it is repeated."""
        self.size += self._last_size * (times - 1)
        self._last_size *= times


def _repeat_count(digits: str) -> int:
    """Return how often a piece is repeated; a very large number counts as ``MAX_PARTS + 1``."""
    if len(digits.lstrip("0")) >= 10:
        return MAX_PARTS + 1
    return max(1, int(digits))


def _shortened(text: str) -> str:
    """Quote a string, and shorten it if it's long."""
    if len(text) > MAX_SHOWN:
        text = text[: MAX_SHOWN - 3] + "..."
    return repr(text)

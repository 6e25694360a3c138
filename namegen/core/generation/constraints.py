"""Constraints: what a wish for names asks of each of them. ``docs/generating.md`` says what distribution comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from namegen.core.data.digests import normalise
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import SettingsError
from namegen.types import Array, UInt64

if TYPE_CHECKING:  # both are loaded only where a wish needs them
    from namegen.core.generation.neighbours import Neighbours
    from namegen.core.generation.pattern import Pattern

# What to do about draws that failed, by the reason that they are counted for: one of these.
MORE_VARIETY = "more variety"  # stands for what lets the model choose less likely characters
ADVICE = {
    "max_length": ("raise --max-length",),
    "min_length": ("lower --min-length",),
    "starts_with": ("relax --starts-with",),
    "ends_with": ("relax --ends-with",),
    "contains": ("relax --contains",),
    "matches": ("relax --matches",),
    "banned": ("shorten the list of --banned",),
    "avoid": ("shorten the list of --avoid",),
    "min_distance": ("lower --min-distance",),
    "seen": (MORE_VARIETY, "allow names of the list with --allow-seen"),
    "repeated": ("ask for fewer", MORE_VARIETY, "allow more with --allow-repeats"),
    "not_a_name": (MORE_VARIETY,),
}


class Words:
    """Texts that no name may contain: letter case, spaces and punctuation do not count, in the words or in the name.

    A word of nothing but punctuation is looked for as it stands. Empty words forbid nothing.

    >>> words = Words(["ass", "Bob"])
    >>> words.found_in("M. Assaf"), words.found_in("B-o-b"), words.found_in("Basil")
    (True, True, False)
    """

    def __init__(self, words: Iterable[str]) -> None:
        exact = {word.strip().casefold() for word in words}
        forms = {normalise(word) for word in exact}
        self._sets: dict[int, set[str]] = {}  # by length: looking up every stretch of a name costs the same for
        for form in exact | forms:  # ten words as for ten thousand
            if form:
                self._sets.setdefault(len(form), set()).add(form)

    def found_in(self, name: str) -> bool:
        """Whether the name contains one of the words."""
        return any(self._in(form) for form in {name.casefold(), normalise(name)})

    def _in(self, text: str) -> bool:
        for length, words in self._sets.items():
            for start in range(len(text) - length + 1):
                if text[start : start + length] in words:
                    return True
        return False


@dataclass(frozen=True, eq=False)
class Constraints:
    """What every name must keep. The defaults ask for nothing.

    Texts are compared character by character, upper and lower case told apart, except for ``banned``, ``avoid`` and
    ``near``, which go by the form of ``core/data/digests.py`` (letter case, spaces and punctuation do not count).

    Attributes:
        starts_with, ends_with, contains: texts that the name begins with, ends with, has in it. They may overlap.
        matches: a regular expression for the whole name.
        min_length: characters.
        banned: words that the name must not contain, see ``Words``.
        avoid: sorted digests of names that must not be given, even where names of the list may.
        near: names that must not be come close to.

    Raises:
        SettingsError: ``matches`` is no regular expression, or ``min_length`` is negative.
    """

    starts_with: str = ""
    ends_with: str = ""
    contains: str = ""
    matches: str | None = None
    min_length: int = 0
    banned: frozenset[str] = frozenset()
    avoid: UInt64[Array, "avoided"] | None = None
    near: Neighbours | None = None
    words: Words = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.min_length < 0:
            raise SettingsError(f"--min-length is {self.min_length}: expected a whole number of at least 0")
        object.__setattr__(self, "words", Words(self.banned))
        _ = self.pattern  # complains now, if at all

    @cached_property
    def pattern(self) -> Pattern | None:
        """``matches``, compiled."""
        if self.matches is None:
            return None
        from namegen.core.generation.pattern import Pattern

        return Pattern(self.matches)

    @cached_property
    def flags(self) -> list[str]:
        """The wishes about a name's text that were made, as they are called on the command line."""
        made = ("starts_with", "ends_with", "contains", "matches", "min_length", "banned")
        return ["--" + name.replace("_", "-") for name in made if getattr(self, name) not in ("", None, 0, frozenset())]

    @property
    def empty(self) -> bool:
        """Nothing is asked of a name's text."""
        return not self.flags

    @cached_property
    def shortest(self) -> int:
        """Characters that the texts a name must have need together, at least."""
        return shortest_text(self.starts_with, self.contains, self.ends_with)

    def check(self, vocabulary: Vocabulary, longest: int) -> None:
        """Find contradictions before anything is drawn.

        Args:
            vocabulary: the model's characters.
            longest: characters of the longest name that may be given.

        Raises:
            SettingsError: no name can keep the constraints; the message names those that clash.
        """
        texts = {"--starts-with": self.starts_with, "--contains": self.contains, "--ends-with": self.ends_with}
        for flag, text in texts.items():
            if unknown := vocabulary.unknown(text):
                raise SettingsError(
                    f"{flag} {text!r} has the characters {unknown!r}, which the model has never seen: use those that "
                    "its list has (upper and lower case differ), or train on a list that has them"
                )
        if self.starts_with != self.starts_with.lstrip() or self.ends_with != self.ends_with.rstrip():
            raise SettingsError("--starts-with begins or --ends-with ends with a space, and no name does: leave it out")
        if self.min_length > longest:
            raise SettingsError(
                f"--min-length {self.min_length} contradicts --max-length {longest}: raise --max-length, or lower "
                "--min-length"
            )
        for flag, text in texts.items():
            if len(text) > longest:
                raise SettingsError(
                    f"{flag} {text!r} has {len(text)} characters, and names may have --max-length {longest}: raise it"
                )
        if self.shortest > longest:
            wishes = ", ".join(f"{flag} {text!r}" for flag, text in texts.items() if text)
            raise SettingsError(
                f"{wishes} need {self.shortest} characters together, and names have up to --max-length {longest}: "
                "raise it"
            )
        if self.starts_with and self.pattern is not None and not self.pattern.may_begin(self.starts_with):
            raise SettingsError(
                f"--starts-with {self.starts_with!r} contradicts --matches {self.matches!r}: no name that begins so "
                "matches"
            )
        for flag, text in texts.items():
            if self.words.found_in(text):
                raise SettingsError(f"{flag} {text!r} contradicts --banned: it contains a banned word")

    def refusal(self, name: str) -> str | None:
        """The first constraint on its text that a name fails, by the name of its attribute; None for none.

        Every name is asked this before it is given, whatever the search did on its way. ``avoid`` and ``near`` are
        asked of many names at once elsewhere.
        """
        if len(name) < self.min_length:
            return "min_length"
        if not name.startswith(self.starts_with):
            return "starts_with"
        if not name.endswith(self.ends_with):
            return "ends_with"
        if self.contains not in name:
            return "contains"
        if self.pattern is not None and not self.pattern.matches(name):
            return "matches"
        return "banned" if self.words.found_in(name) else None


def shortest_text(beginning: str, inside: str, end: str) -> int:
    """Characters of the shortest text that begins, ends, and has something in it, as given; overlaps allowed.

    >>> shortest_text("Mac", "", "ack"), shortest_text("ab", "bcd", "de"), shortest_text("a", "x", "b")
    (4, 5, 3)
    """
    whole = _joined(beginning, end)
    if inside in whole:
        return len(whole)
    # If it lies in neither of the two, it reaches beyond both, so it overlaps with each as far as it can.
    return len(_joined(_joined(beginning, inside), end))


def _joined(left: str, right: str) -> str:
    """The shortest text that begins with the one and ends with the other."""
    for overlap in range(min(len(left), len(right)), 0, -1):
        if left.endswith(right[:overlap]):
            return left + right[overlap:]
    return left + right

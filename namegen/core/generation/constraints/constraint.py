"""Constraint: the base class of everything that a search can require of names.

To add a constraint, write a class like those in ``constraint_list.py``, and add

1. the class to ``CONSTRAINTS`` there, which decides when it's checked;
2. its value to ``namegen.constraints.Constraints``, where the Python API and the command line find it;
3. a row to the table in ``docs/guides/generate.md``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from namegen.core.data.normalization import NAMES, KnownSet, Normalization
from namegen.core.data.vocabulary import Vocabulary
from namegen.errors import setting
from namegen.types import Array, Bool, Int32, Int64, UInt64

if TYPE_CHECKING:
    from namegen.core.generation.constraints.constraint_list import ConstraintList

MAX_TEXT = 10_000  # characters of a constraint's string
# A placeholder for advice about sampling settings that give the model more choice.
MORE_VARIETY = "more variety"


class Finished:
    """Distinct finished names with their hashes. Names with the same hash count as equal.

    >>> names = Finished(["Anna", "Bob"])
    >>> names.select(names.hashes == names.hashes[1]).names
    ['Bob']
    """

    def __init__(self, names: Sequence[str], normalization: Normalization = NAMES) -> None:
        self.names = names
        self.normalization = normalization

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def hashes(self) -> UInt64[Array, "names"]:
        """The hashes. They're computed on first use, because hashing a name takes about as long as drawing it."""
        return self.normalization.hash_names(self.names)

    def are_known(self, known: KnownSet) -> Bool[Array, "names"]:
        """Return which names are in a set of known names."""
        return self.normalization.are_known(self.names, known, self.hashes)

    def select(self, keep: Bool[Array, "names"]) -> Finished:
        """Return some of the names. Hashes that are known already aren't computed again."""
        names = list(compress(self.names, keep.tolist()))
        selected = Finished(names, self.normalization)
        has_hashes = "hashes" in vars(self)  # where cached_property stores them
        if has_hashes:
            vars(selected)["hashes"] = self.hashes[keep]
        return selected


class Tracker:
    """Rejects prefixes while names are being drawn. This base class rejects nothing.

    A tracker stores nothing about a prefix. Everything it has to remember is one number, the prefix's *state*, which
    the walk keeps and passes to every call. A tracker may reject a prefix only if no name that starts with it satisfies
    the constraint.
    """

    def start(self, forced: Int32[Array, "characters"]) -> int:
        """Return the state after the characters that every name starts with (token ids; may be empty)."""
        states = np.zeros(1, np.int64)
        for token in forced:
            states = self.advance(states, token[None])
        return int(states[0])

    def advance(self, states: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """Return the states of prefixes after one more character each."""
        return states

    def rejects_prefixes(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which prefixes no wanted name starts with."""
        return np.zeros(len(tokens), bool)

    def rejects_names(
        self, tokens: Int32[Array, "K depth"], states: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Return which prefixes aren't wanted as whole names."""
        return np.zeros(len(tokens), bool)


class Constraint:
    """A requirement on names. A subclass sets ``key``, and overrides ``accepts`` or ``rejects``.

    A constraint can act at three times:

    - **Before** anything is drawn, ``check`` raises an error for contradictions: with characters that the model doesn't
      know, a length, or another constraint.
    - **While** names are drawn, its ``tracker`` rejects prefixes. This saves work and doesn't change the distribution.
      The tracker must be certain, because rejected names are never checked again.
    - **At the end**, every finished name is checked, whatever the tracker did: ``accepts`` checks one name, ``rejects``
      many.
    """

    key: ClassVar[str]  # identifies the constraint in tables, and counts the draws that it rejects
    # The setting that turns it on or off, for messages; None: there's no such setting.
    setting_name: ClassVar[str | None] = None
    # Whether it depends on the name's characters, on its length alone, or on a list of other names.
    about: ClassVar[Literal["text", "length", "list"]] = "text"
    # Suggestions if it rejects most draws: any one of them helps; (): to relax it.
    advice: ClassVar[tuple[str, ...]] = ()
    always: ClassVar[bool] = False  # whether searches have it even if the user doesn't set it
    empty_accepts_all: ClassVar[bool] = False  # whether "" or 0 as a value accepts every name
    # Whether it accepts nearly all draws. This decides how many names are drawn at first, and so which names a seed
    # gives.
    rarely_rejects: bool = False

    def __init__(self, value: object) -> None:
        self.value = value

    @property
    def shown_name(self) -> str:
        """The name of its setting, or its key if there's no such setting."""
        return self.setting_name or self.key

    @property
    def shown(self) -> str:
        """The setting with its value, for a message."""
        return setting(self.shown_name, f"{self.value!r}")

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Check before anything is drawn that names can satisfy this constraint together with the others.

        Args:
            vocabulary: the model's characters.
            constraints: all constraints of the search, including this one.

        Raises:
            SettingsError: no name can satisfy the constraint. The message names the contradicting settings.
        """

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker | None:
        """Make a tracker, which rejects prefixes; None if only finished names can be checked.

        Args:
            vocabulary: the model's characters.
            longest: characters of the longest name that can be returned.
        """
        return None

    def accepts(self, name: str) -> bool:
        """Return whether a finished name satisfies the constraint."""
        raise NotImplementedError(f"{type(self).__name__} has neither accepts nor rejects")

    def rejects(self, finished: Finished) -> Bool[Array, "names"]:
        """Return which names don't satisfy the constraint. Override it if checking many names at once is faster."""
        return ~np.fromiter(map(self.accepts, finished.names), bool, count=len(finished))


def composed(text: str) -> str:
    """Compose the characters of a string, as in lists: é is one character (Unicode's NFC).

    A string that is too long for any constraint stays as it is. It's rejected later, and composing many accents takes
    time quadratic in their number.
    """
    return text if len(text) > MAX_TEXT else unicodedata.normalize("NFC", text)

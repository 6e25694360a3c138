"""Constraint: what one setting asks of every name, and all that the search for names knows of it.

A new constraint is one class like those of ``constraint_list.py``, and

1. its line in ``CONSTRAINTS`` there, which says when it is asked;
2. its value in ``namegen.constraints.Constraints``, of which programs and the command line have it;
3. its row in the table of ``docs/use/generating.md``.
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

MAX_TEXT = (
    10_000  # characters; a name is given up to 1,000 of them unless a longer limit is asked for
)
MORE_VARIETY = (
    "more variety"  # an advice: stands for what lets the model choose less likely characters
)


class Finished:
    """Distinct finished names, and when two of them are the same.

    >>> names = Finished(["Anna", "Bob"])
    >>> names.select(names.digests == names.digests[1]).names
    ['Bob']
    """

    def __init__(self, names: Sequence[str], normalization: Normalization = NAMES) -> None:
        self.names, self.normalization = names, normalization

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def digests(self) -> UInt64[Array, "names"]:
        """Of each name; made when a constraint first asks, as a digest costs about as much as drawing the name did."""
        return self.normalization.digests(self.names)

    def are_known(self, known: KnownSet) -> Bool[Array, "names"]:
        """Which of them are among the known ones."""
        return self.normalization.are_known(self.names, known, self.digests)

    def select(self, keep: Bool[Array, "names"]) -> Finished:
        """Those that are kept; digests that were made already are not made again."""
        selected = Finished(list(compress(self.names, keep.tolist())), self.normalization)
        if "digests" in vars(self):
            vars(selected)["digests"] = self.digests[keep]
        return selected


class Tracker:
    """Refuses nothing: a class of a constraint overrides what it needs.

    A tracker keeps nothing itself. What it has to remember of a prefix is one number, the prefix's *place*; the walk
    carries it along and gives it back. A prefix is refused only where no name that keeps the constraint begins so.
    """

    def start(self, beginning: Int32[Array, "characters"]) -> int:
        """The place of the beginning that is forced (token ids; none: the empty one)."""
        place = np.zeros(1, np.int64)
        for token in beginning:
            place = self.go_on(place, token[None])
        return int(place[0])

    def go_on(self, places: Int64[Array, "K"], tokens: Int32[Array, "K"]) -> Int64[Array, "K"]:
        """The places of prefixes after one more character each."""
        return places

    def refuses_prefixes(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Which prefixes no wanted name begins with."""
        return np.zeros(len(tokens), bool)

    def refuses_names(
        self, tokens: Int32[Array, "K depth"], places: Int64[Array, "K"]
    ) -> Bool[Array, "K"]:
        """Which prefixes are not wanted as whole names."""
        return np.zeros(len(tokens), bool)


class Constraint:
    """What a constraint can do. A class has a ``name`` and overrides ``keeps`` or ``refuses``; the rest where it needs
    it.

    - **Before** anything is drawn, ``check`` finds what contradicts it: characters that the model does not know, a
      length, another constraint.
    - **Early**, its ``tracker`` drops beginnings of names that it is sure to refuse. That changes no distribution, it
      only saves work; and it must be sure, for a name that is dropped here is never asked again.
    - **At the end** every finished name is asked, whatever happened early: ``keeps`` asks one name, ``refuses`` many.

    Attributes:
        name: its setting, also the reason that failed draws are counted under.
        about: what it looks at: a name's text, its length alone, or a list of names that it is held against.
        advice: what to do where most draws fail at it, one of these; (): to relax it.
        always: it is made whether or not anybody asks for it.
        empty_asks_nothing: every name keeps it where its value is empty or 0.
        seldom_refuses: nearly every name that is drawn keeps it. It decides how many names are drawn at first, and
            so which names a seed gives.
    """

    name: ClassVar[str]
    about: ClassVar[Literal["text", "length", "list"]] = "text"
    advice: ClassVar[tuple[str, ...]] = ()
    always: ClassVar[bool] = False
    empty_asks_nothing: ClassVar[bool] = False
    seldom_refuses: bool = False

    def __init__(self, value: object) -> None:
        self.value = value

    @property
    def told(self) -> str:
        """The setting with its value, for a message."""
        return setting(self.name, f"{self.value!r}")

    def check(self, vocabulary: Vocabulary, constraints: ConstraintList) -> None:
        """Find what contradicts the constraint before anything is drawn.

        Args:
            vocabulary: the model's characters.
            constraints: all that are made, itself included.

        Raises:
            SettingsError: no name can keep it; the message names what clashes.
        """

    def tracker(self, vocabulary: Vocabulary, longest: int) -> Tracker | None:
        """What refuses beginnings of names; None: only finished names are asked.

        Args:
            vocabulary: the model's characters.
            longest: characters of the longest name that is given.
        """
        return None

    def keeps(self, name: str) -> bool:
        """Whether a finished name keeps the constraint."""
        raise NotImplementedError(f"{type(self).__name__} has neither keeps nor refuses")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Which finished names don't satisfy the constraint; override it if many names are faster at once."""
        return ~np.fromiter(map(self.keeps, finished.names), bool, count=len(finished))


def composed(text: str) -> str:
    """The text with the characters that lists are read with: é as one character (Unicode's NFC). One that is too long
    for any constraint stays as it is: it is refused for its length, and putting many accents in order takes time
    quadratic in them.
    """
    return text if len(text) > MAX_TEXT else unicodedata.normalize("NFC", text)

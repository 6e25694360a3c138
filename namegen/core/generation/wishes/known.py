"""Wishes that hold a name against others, in any letter case, spacing and punctuation; of companies, of any legal form.

Against those of the model's list (newness, which ``allow_seen`` lifts), those to be avoided (``avoid``,
``min_distance``), and those given before (distinctness, which ``allow_repeats`` lifts).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from namegen.core.data.sameness import NAMES, Sameness, is_known
from namegen.core.generation.wishes.finished import Finished
from namegen.core.generation.wishes.wish import MORE_VARIETY, Wish
from namegen.errors import setting
from namegen.types import Array, Bool, UInt64


class New(Wish):
    """A name that is not of the list that the model learned from.

    Args:
        value: sorted digests of the names of that list.
    """

    name = "allow_seen"
    about = "list"
    value: UInt64[Array, "known"]

    def __init__(self, value: UInt64[Array, "known"]) -> None:
        super().__init__(value)
        self.known = value
        self.seldom_refuses = len(value) == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Make unlikely names likelier, or take those of the list."""
        return (MORE_VARIETY, f"allow names of the list with {setting(self.name, True)}")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.known)


class Avoid(Wish):
    """A name that is not one of these, whether or not the model's list has it.

    Args:
        value: the names.
        sameness: the rule that the names to be judged are held to.
    """

    name = "avoid"
    about = "list"
    value: list[str]

    def __init__(self, value: Iterable[str], sameness: Sameness = NAMES) -> None:
        super().__init__(list(value))
        self.known = sameness.known_digests(self.value)
        self.seldom_refuses = len(self.known) == 0

    @property
    def advice(self) -> tuple[str, ...]:
        """Avoid fewer names."""
        return (f"shorten the list of {setting(self.name)}",)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those of the list."""
        return finished.are_known(self.known)


class Distinct(Wish):
    """A name that was not given before in the same search: each search makes its own."""

    name = "allow_repeats"
    about = "list"

    def __init__(self) -> None:
        super().__init__(False)
        self.given = Given()

    @property
    def advice(self) -> tuple[str, ...]:
        """Ask for fewer, make unlikely names likelier, or take repeats."""
        return ("ask for fewer", MORE_VARIETY, f"allow more with {setting(self.name, True)}")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that were given."""
        return self.given.holds(finished.digests)


class MinDistance(Wish):
    """A name that is so many edits away from each of some names, at least.

    Args:
        value: 1 to 3.
        names: those to keep away from.
        sameness: which form of names is compared.

    Raises:
        SettingsError: the distance is something else.
    """

    name = "min_distance"
    about = "list"
    seldom_refuses = True  # at a distance of 1; it stays so at others, for a seed to give the names that it always gave
    value: int

    def __init__(self, value: int, names: Iterable[str], sameness: Sameness = NAMES) -> None:
        from namegen.core.generation.wishes.neighbours import Neighbours

        super().__init__(value)
        self.near = Neighbours(names, value, sameness)

    @property
    def advice(self) -> tuple[str, ...]:
        """Lower it."""
        return (f"lower {setting(self.name)}",)

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Those that are nearer to one of the names."""
        return self.near.close_to(finished.names)


class Given:
    """The digests of the names that were given: at most 16 bytes a name, also while they are sorted.

    Sorted parts, each at least twice as long as the one behind it: a digest is moved once for each doubling.
    """

    def __init__(self) -> None:
        self._parts: list[UInt64[Array, "given"]] = []

    def add(self, marks: UInt64[Array, "names"]) -> None:
        """Take in digests that are not there yet."""
        part = np.sort(marks)
        while self._parts and len(self._parts[-1]) < 2 * len(part):
            part = np.concatenate((self._parts.pop(), part))
            part.sort()  # in place
        if len(part):
            self._parts.append(part)

    def holds(self, marks: UInt64[Array, "names"]) -> Bool[Array, "names"]:
        """Which of the digests were given."""
        held = np.zeros(len(marks), bool)
        for part in self._parts:
            held |= is_known(marks, part)
        return held

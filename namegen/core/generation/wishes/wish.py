"""Wish: what one setting asks of every name, and all that the search for names knows of it.

A new wish is one class like those beside this file, and

1. its line in ``WISHES`` (``wishlist.py``), which says when it is asked;
2. its value in ``namegen.wishes.Wishes``, so that programs may give it;
3. its option in ``namegen/cli/generate.py``;
4. its row in the table of ``docs/use/generating.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.wishes.finished import Finished
from namegen.core.generation.wishes.tracker import Tracker
from namegen.errors import setting
from namegen.types import Array, Bool

if TYPE_CHECKING:
    from namegen.core.generation.wishes.wishlist import Wishlist

MORE_VARIETY = "more variety"  # an advice: stands for what lets the model choose less likely characters


class Wish:
    """What a wish can do. A class has a ``name`` and overrides ``keeps`` or ``refuses``; the rest where it needs it.

    - **Before** anything is drawn, ``check`` finds what contradicts it: characters that the model does not know, a
      length, another wish.
    - **Early**, its ``tracker`` drops beginnings of names that it is sure to refuse. That changes no distribution, it
      only saves work; and it must be sure, for a name that is dropped here is never asked again.
    - **At the end** every finished name is asked, whatever happened early: ``keeps`` asks one name, ``refuses`` many.
    - **Where most draws fail** at it, ``advice`` says what to do.

    Attributes:
        name: its setting, also the reason that failed draws are counted under.
        about: what it looks at: a name's text, its length alone, or a list of names that it is held against.
        always: it is made whether or not anybody asks for it.
        seldom_refuses: nearly every name that is drawn keeps it. It decides how many names are drawn at first, and
            so which names a seed gives.
    """

    name: ClassVar[str]
    about: ClassVar[Literal["text", "length", "list"]] = "text"
    always: ClassVar[bool] = False
    seldom_refuses: bool = False

    def __init__(self, value: object) -> None:
        self.value = value

    @property
    def asks_nothing(self) -> bool:
        """It was made with a value that every name keeps, such as an empty text."""
        return False

    @property
    def told(self) -> str:
        """The setting with its value, for a message."""
        return setting(self.name, f"{self.value!r}")

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do where most draws fail at it: one of these."""
        return (f"relax {setting(self.name)}",)

    def check(self, vocabulary: Vocabulary, wishes: Wishlist) -> None:
        """Find what contradicts the wish before anything is drawn.

        Args:
            vocabulary: the model's characters.
            wishes: all that are made, itself included.

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
        """Whether a finished name keeps the wish."""
        raise NotImplementedError(f"{type(self).__name__} has neither keeps nor refuses")

    def refuses(self, finished: Finished) -> Bool[Array, "names"]:
        """Which finished names do not keep the wish; for wishes that ask many names faster than one by one."""
        return ~np.fromiter(map(self.keeps, finished.names), bool, count=len(finished))

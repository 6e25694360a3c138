"""What may be wished of names, as keyword arguments: the same in Python and, as flags, on the command line."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TypedDict

from namegen.core.data.digests import known_digests
from namegen.core.generation.constraints import Constraints
from namegen.errors import SettingsError
from namegen.lists import BUNDLED, load_bundled


class Wishes(TypedDict, total=False):
    """What each name must keep; None and what is left out ask for nothing.

    Upper and lower case are told apart in the first four. ``docs/generating.md`` says which distribution comes out.

    Attributes:
        starts_with: how the name begins.
        ends_with: how it ends.
        contains: what it has somewhere.
        matches: a regular expression (of the ``regex`` library) for the whole name.
        min_length: characters, at least.
        banned: words that it must not contain; letter case, spaces and punctuation do not count.
        avoid: names that must not be given, in any letter case and spacing; an empty list is one, too.
        min_distance: 1 to 3: how many characters have to be inserted, deleted or replaced, at least, to make it a name
            of ``avoid``, or, without that, of the bundled list that the model learned from.
    """

    starts_with: str | None
    ends_with: str | None
    contains: str | None
    matches: str | None
    min_length: int | None
    banned: Iterable[str] | None
    avoid: Iterable[str] | None
    min_distance: int | None


def make_constraints(
    list_name: str | None = None,
    *,
    starts_with: str | None = None,
    ends_with: str | None = None,
    contains: str | None = None,
    matches: str | None = None,
    min_length: int | None = None,
    banned: Iterable[str] | None = None,
    avoid: Iterable[str] | None = None,
    min_distance: int | None = None,
) -> Constraints:
    """Turn wishes into the constraints that core keeps.

    Args:
        list_name: the list that the model learned from, for ``min_distance`` without ``avoid``.
        starts_with: this and the others: see ``Wishes``.
        ends_with: see ``Wishes``.
        contains: see ``Wishes``.
        matches: see ``Wishes``.
        min_length: see ``Wishes``.
        banned: see ``Wishes``.
        avoid: see ``Wishes``.
        min_distance: see ``Wishes``.

    Raises:
        SettingsError: a value is out of its range; or a distance is asked, and there are no names to keep it from.

    >>> make_constraints(starts_with="Mc", ends_with="ck").shortest
    3
    """
    avoided = None if avoid is None else list(avoid)
    near = None
    if min_distance is not None:
        from namegen.core.generation.neighbours import Neighbours

        if avoided is None and list_name not in BUNDLED:
            raise SettingsError(
                "--min-distance needs the names to keep the distance from, and this model does not carry its list: "
                "give them with --avoid FILE"
            )
        near = Neighbours(load_bundled(str(list_name)).names if avoided is None else avoided, min_distance)
    return Constraints(
        starts_with=composed(starts_with),
        ends_with=composed(ends_with),
        contains=composed(contains),
        matches=None if matches is None else composed(matches),
        min_length=min_length or 0,
        banned=frozenset(banned or ()),
        avoid=None if avoided is None else known_digests(avoided),
        near=near,
    )


def composed(text: str | None) -> str:
    """The text with the characters that lists are read with: é as one character (Unicode's NFC)."""
    return unicodedata.normalize("NFC", text or "")

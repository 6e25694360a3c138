"""What may be wished of names, as keyword arguments: the same in Python and, as options, on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any, TypedDict, Unpack, get_args, get_type_hints

from namegen.core.data.sameness import NAMES, Sameness
from namegen.core.generation.wishes.wishlist import WISHES, Avoid, MinDistance, Wishlist
from namegen.errors import SettingsError, setting, shown
from namegen.lists import BUNDLED, load_bundled


class Wishes(TypedDict, total=False):
    """What each name must keep; None and what is left out ask for nothing.

    Upper and lower case are told apart in the first four. ``docs/use/generating.md`` says which distribution comes out.

    Attributes:
        starts_with: what the name begins with.
        ends_with: what it ends with.
        contains: a text that it contains.
        matches: a regular expression (of the ``regex`` library) for the whole name.
        min_length: the smallest number of characters.
        banned: words that it must not contain; letter case, spaces and punctuation do not count.
        avoid: names that must not be given; letter case and spaces do not count. The list may be empty.
        min_distance: 1 to 3: the smallest edit distance to every name of ``avoid`` or, without that, of the bundled
            list that the model learned from.
    """

    starts_with: str | None
    ends_with: str | None
    contains: str | None
    matches: str | None
    min_length: int | None
    banned: Iterable[str] | None
    avoid: Iterable[str] | None
    min_distance: int | None


class WishesOfPart(Wishes, total=False):
    """What each first name of players must keep, or each last name.

    Attributes:
        max_length: the largest number of characters.
    """

    max_length: int | None


class WishesOfPeople(WishesOfPart, total=False):
    """What each given name of people must keep, or each family name.

    Attributes:
        allow_seen: whether names of the model's list may come.
    """

    allow_seen: bool | None


def make_wishes(list_name: str | None = None, sameness: Sameness = NAMES, **wishes: Unpack[Wishes]) -> Wishlist:
    """Turn what was asked for into the wishes that core keeps.

    Args:
        list_name: the list that the model learned from, for ``min_distance`` without ``avoid``.
        sameness: when two of the model's names are the same, for ``avoid`` and ``min_distance``.
        wishes: see ``Wishes``.

    Raises:
        SettingsError: a value is of the wrong type or out of its range; or a distance is asked, and there are no names
            to keep it from.
        TypeError: there is no such wish.

    >>> [wish.name for wish in make_wishes(starts_with="Mc", min_length=5, contains=None)]
    ['min_length', 'starts_with']
    """
    if unknown := wishes.keys() - Wishes.__annotations__.keys():
        raise TypeError(f"there is no wish {unknown.pop()!r}: expected some of {', '.join(Wishes.__annotations__)}")
    given: dict[str, Any] = {name: _checked(name, value) for name, value in wishes.items() if value is not None}
    distance = given.pop(MinDistance.name, None)
    avoided = given.pop(Avoid.name, None)
    made = [WISHES[name](value) for name, value in given.items()]
    if avoided is not None:
        made.append(Avoid(avoided, sameness))
    if distance is not None:
        made.append(MinDistance(distance, _names_to_keep_away_from(list_name, avoided), sameness))
    return Wishlist(made)


def _checked(name: str, value: object) -> object:
    """The value of a wish, several texts as a list: they are read twice, and may come from an iterator."""
    kind = get_args(get_type_hints(Wishes)[name])[0]
    if kind not in (str, int):
        expected = "several texts, such as a list of them"
        value = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else value
        right = isinstance(value, list) and all(isinstance(text, str) for text in value)
    else:
        expected = "a text" if kind is str else "a whole number"
        right = isinstance(value, str if kind is str else Integral) and not isinstance(value, bool)
    if not right:
        raise SettingsError(f"{setting(name)} is {shown(value)}: expected {expected}", field=name)
    return value


def _names_to_keep_away_from(list_name: str | None, avoided: list[str] | None) -> Iterable[str]:
    """The names to be avoided, or else those of the model's list."""
    if avoided is not None:
        return avoided
    if list_name not in BUNDLED:
        raise SettingsError(
            f"{setting(MinDistance.name)} needs the names to keep the distance from, and this model does not carry its "
            f"list: give them with {setting(Avoid.name)}"
        )
    return load_bundled(str(list_name)).names

"""What may be wished of names, as keyword arguments: the same in Python and, as options, on the command line.

A wish is declared here, with what its option says; what it does is its class in ``core/generation/wishes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from numbers import Integral
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    TypedDict,
    Unpack,
    get_args,
    get_origin,
    get_type_hints,
)

from namegen.errors import SettingsError, setting, shown
from namegen.lists import BUNDLED, load_bundled

if TYPE_CHECKING:  # NumPy is loaded when wishes are made, and no earlier
    from namegen.core.data.sameness import Sameness
    from namegen.core.generation.wishes.wishlist import Wishlist

MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Option:
    """What the option of a wish says.

    Attributes:
        metavar: what stands for its value.
        help: which names are given: "that begin with TEXT."; ``{avoid}`` stands for the option of that name.
        least, most: of a whole number; of texts there is no least.
    """

    metavar: str
    help: str
    least: int | None = None
    most: int = MAX_CHARACTERS


class Wishes(TypedDict, total=False):
    """What each name must keep; None and what is left out ask for nothing.

    The first four distinguish upper and lower case. ``docs/use/generating.md`` describes which names are returned.
    ``banned``: letter case, spaces and punctuation do not count; ``=word`` counts as a whole word alone.
    ``min_distance``: the smallest edit distance to every name of ``avoid`` or, without that, of the bundled list that
    the model learned from. ``rude``: rude names may come; without it none does.
    """

    starts_with: Annotated[str | None, Option("TEXT", "that begin with TEXT.")]
    ends_with: Annotated[str | None, Option("TEXT", "that end with TEXT.")]
    contains: Annotated[str | None, Option("TEXT", "that contain TEXT.")]
    matches: Annotated[
        str | None,
        Option(
            "REGEX", "that match the regular expression REGEX (of the regex library) as a whole."
        ),
    ]
    min_length: Annotated[
        int | None,
        Option(
            "N",
            "of N characters or more.  [default: the length that 98% of the list's names reach; unfiltered: 0]",
            0,
        ),
    ]
    banned: Annotated[
        Iterable[str] | None,
        Option(
            "FILE",
            "that contain no word from FILE (one per line); case, spaces and punctuation do not matter. With = before "
            "it, a word counts only as a whole word.",
        ),
    ]
    avoid: Annotated[
        Iterable[str] | None,
        Option(
            "FILE",
            "that are not in FILE (one per line); case, spaces and punctuation do not matter.",
        ),
    ]
    min_distance: Annotated[
        int | None,
        Option(
            "D",
            "that differ by D edits or more from every name of {avoid}; without it, of the model's bundled list.",
            1,
            3,
        ),
    ]
    rude: bool | None


class WishesOfPart(Wishes, total=False):
    """What each first name of players must keep, or each last name; or of people each given name, or family name."""

    max_length: Annotated[
        int | None,
        Option(
            "N",
            "of N characters or fewer.  [default: as many as the list's longest name; unfiltered: twice as many]",
            1,
        ),
    ]


OPTIONS: dict[str, Option] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(WishesOfPart, include_extras=True).items()
    if get_origin(hint) is Annotated
}


def make_wishes(
    list_name: str | None = None, sameness: Sameness | None = None, **wishes: Unpack[Wishes]
) -> Wishlist:
    """Turn what was asked for into the wishes that core keeps.

    Args:
        list_name: the list that the model learned from, for ``min_distance`` without ``avoid``.
        sameness: when two of the model's names are the same, for ``avoid`` and ``min_distance``; None: letter case,
            spaces and punctuation aside.
        wishes: see ``Wishes``.

    Raises:
        SettingsError: a value is of the wrong type or out of its range; or a distance is asked, and there are no names
            to keep it from.
        TypeError: there is no such wish.

    >>> [wish.name for wish in make_wishes(starts_with="Mc", min_length=5, contains=None)]
    ['min_length', 'starts_with', 'rude']
    """
    from namegen.core.data.sameness import NAMES
    from namegen.core.generation.wishes.wishlist import (
        WISHES,
        Avoid,
        MinDistance,
        NotRude,
        Wishlist,
    )

    kind = NAMES if sameness is None else sameness
    if unknown := wishes.keys() - Wishes.__annotations__.keys():
        known = ", ".join(Wishes.__annotations__)
        raise TypeError(
            f"there is no argument or wish {unknown.pop()!r}: wishes are {known}; labelled() chooses a label"
        )
    given: dict[str, Any] = {
        name: _checked(name, value) for name, value in wishes.items() if value is not None
    }
    distance = given.pop(MinDistance.name, None)
    avoided = given.pop(Avoid.name, None)
    allow_rude = given.pop(NotRude.name, False)
    made = [WISHES[name](value) for name, value in given.items()]
    if not allow_rude:
        made.append(NotRude())
    if avoided is not None:
        made.append(Avoid(avoided, kind))
    if distance is not None:
        if avoided is None and list_name not in BUNDLED:
            raise SettingsError(
                f"{setting('min_distance')} needs the names to keep the distance from, and this model does not carry "
                f"its list: give that list with {setting('avoid')}"
            )
        names = load_bundled(str(list_name)).names if avoided is None else avoided
        made.append(MinDistance(distance, names, kind))
    return Wishlist(made)


def _checked(name: str, value: object) -> object:
    """The value of a wish, several texts as a list: they are read twice, and may come from an iterator."""
    kind = get_args(get_type_hints(Wishes)[name])[0]
    if kind is bool:
        expected, right = "True or False", isinstance(value, bool)
    elif kind not in (str, int):
        expected = "several texts, such as a list of them"
        value = (
            list(value)
            if isinstance(value, Iterable) and not isinstance(value, str | bytes)
            else value
        )
        right = isinstance(value, list) and all(isinstance(text, str) for text in value)
    else:
        expected = "a text" if kind is str else "a whole number"
        right = isinstance(value, str if kind is str else Integral) and not isinstance(value, bool)
    if not right:
        raise SettingsError(f"{setting(name)} is {shown(value)}: expected {expected}", field=name)
    return value


@cache
def claimed_beginnings(*lists: str) -> tuple[str, ...]:
    """What no new name may begin with: how the companies of these bundled lists do, none of other lists.

    >>> "blackrock" in claimed_beginnings("mlb-last", "companies")
    True
    """
    from namegen.core.data.sameness import sameness_of
    from namegen.core.generation.wishes.claimed import beginnings

    companies = [
        name for name in lists if name in BUNDLED and BUNDLED[name].sameness == "companies"
    ]
    return tuple(
        beginning
        for name in companies
        for beginning in beginnings(load_bundled(name).names, sameness_of("companies"))
    )

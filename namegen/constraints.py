"""What may be constraint_list of names, as keyword arguments: the same in Python and, as options, on the command line.

A constraint is declared here, with what its option says; what it does is its class in ``core/generation/constraints``.
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

if TYPE_CHECKING:  # NumPy is loaded when constraints are made, and no earlier
    from namegen.core.data.normalization import Normalization
    from namegen.core.generation.constraints.constraint_list import ConstraintList

MAX_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class Option:
    """What the option of a constraint says.

    Attributes:
        metavar: what stands for its value.
        help: which names are given: "that begin with TEXT."; ``{exclude_names}`` stands for the option of that name.
        least, most: of a whole number; of texts there is no least.
    """

    metavar: str
    help: str
    least: int | None = None
    most: int = MAX_CHARACTERS


class Constraints(TypedDict, total=False):
    """What each name must keep; None and what is left out ask for nothing.

    The first four distinguish upper and lower case. ``docs/use/generating.md`` describes which names are returned.
    ``exclude_words``: letter case, spaces and punctuation do not count; ``=word`` counts as a whole word alone.
    ``min_distance``: the smallest edit distance to every name of ``exclude_names`` or, without that, of the bundled
    list that the model learned from. ``allow_profanity``: names may contain profanity.
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
    exclude_words: Annotated[
        Iterable[str] | None,
        Option(
            "FILE",
            "that contain no word from FILE (one per line); case, spaces and punctuation do not matter. With = before "
            "it, a word counts only as a whole word.",
        ),
    ]
    exclude_names: Annotated[
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
            "that differ by at least D edits from every name of {exclude_names}, or of the model's bundled list.",
            1,
            3,
        ),
    ]
    allow_profanity: bool | None


class PartConstraints(Constraints, total=False):
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
    for name, hint in get_type_hints(PartConstraints, include_extras=True).items()
    if get_origin(hint) is Annotated
}


def make_constraints(
    list_name: str | None = None,
    normalization: Normalization | None = None,
    **constraints: Unpack[Constraints],
) -> ConstraintList:
    """Turn what was asked for into the constraints that core keeps.

    Args:
        list_name: the list that the model learned from, for ``min_distance`` without ``exclude_names``.
        normalization: when two of the model's names are the same, for ``exclude_names`` and ``min_distance``; None:
            letter case, spaces and punctuation aside.
        constraints: see ``Constraints``.

    Raises:
        SettingsError: a value is of the wrong type or out of its range; or a distance is asked, and there are no names
            to keep it from.
        TypeError: there is no such constraint.

    >>> [constraint.name for constraint in make_constraints(starts_with="Mc", min_length=5, contains=None)]
    ['min_length', 'starts_with', 'allow_profanity']
    """
    from namegen.core.data.normalization import NAMES
    from namegen.core.generation.constraints.constraint_list import (
        CONSTRAINTS,
        ConstraintList,
        ExcludedNames,
        MinDistance,
        NoProfanity,
    )

    kind = NAMES if normalization is None else normalization
    if unknown := constraints.keys() - Constraints.__annotations__.keys():
        known = ", ".join(Constraints.__annotations__)
        raise TypeError(
            f"there is no argument or constraint {unknown.pop()!r}: constraints are {known}; labelled() chooses a label"
        )
    given: dict[str, Any] = {
        name: _checked(name, value) for name, value in constraints.items() if value is not None
    }
    distance = given.pop(MinDistance.name, None)
    avoided = given.pop(ExcludedNames.name, None)
    allow_rude = given.pop(NoProfanity.name, False)
    made = [CONSTRAINTS[name](value) for name, value in given.items()]
    if not allow_rude:
        made.append(NoProfanity())
    if avoided is not None:
        made.append(ExcludedNames(avoided, kind))
    if distance is not None:
        if avoided is None and list_name not in BUNDLED:
            raise SettingsError(
                f"{setting('min_distance')} needs the names to keep the distance from, and this model does not carry "
                f"its list: give that list with {setting('exclude_names')}"
            )
        names = load_bundled(str(list_name)).names if avoided is None else avoided
        made.append(MinDistance(distance, names, kind))
    return ConstraintList(made)


def _checked(name: str, value: object) -> object:
    """The value of a constraint, several texts as a list: they are read twice, and may come from an iterator."""
    kind = get_args(get_type_hints(Constraints)[name])[0]
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
    from namegen.core.data.normalization import normalization_of
    from namegen.core.generation.constraints.claimed import beginnings

    companies = [name for name in lists if name in BUNDLED and BUNDLED[name].name_type == "company"]
    return tuple(
        beginning
        for name in companies
        for beginning in beginnings(load_bundled(name).names, normalization_of("company"))
    )

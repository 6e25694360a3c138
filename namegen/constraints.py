"""Constraints on generated names: keyword arguments in Python, and options on the command line.

Each constraint is declared here, with the help of its option. Its class is defined in ``core/generation/constraints``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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

if TYPE_CHECKING:  # NumPy is loaded only when constraints are created
    from namegen.core.data.normalization import Normalization
    from namegen.core.generation.constraints.constraint_list import ConstraintList

MAX_CHARACTERS = 1_000_000
TYPES_IN_WORDS = {str: "a string", int: "a whole number", bool: "True or False"}


@dataclass(frozen=True)
class Option:
    """The command-line option of a constraint."""

    metavar: str  # the placeholder for its value
    help: str  # completes "Generate only names …"; ``{exclude_names}`` stands for that option
    least: int | None = None  # the smallest whole number allowed; None for strings
    most: int = MAX_CHARACTERS


class Constraints(TypedDict, total=False):
    """Conditions that every returned name must satisfy. A constraint that's missing or None has no effect.

    The first four constraints are case-sensitive. ``exclude_words`` and ``exclude_names`` ignore letter case, spaces
    and punctuation.

    Attributes:
        starts_with: the beginning of the name.
        ends_with: the end of the name.
        contains: a string in the name.
        matches: a regular expression of the ``regex`` library that has to match the whole name.
        min_length: the minimum length in characters. The default is the length that 98% of the list's names reach, or
            0 for unfiltered names.
        exclude_words: words that the name must not contain. A word that starts with ``=`` is excluded only as a whole
            word.
        exclude_names: names that aren't allowed.
        min_distance: the minimum edit distance, from 1 to 3, from every name in ``exclude_names``, or in the built-in
            list that the model was trained on.
        allow_profanity: whether the name may contain profanity. The default is no.
    """

    starts_with: Annotated[str | None, Option("TEXT", "that begin with TEXT.")]
    ends_with: Annotated[str | None, Option("TEXT", "that end with TEXT.")]
    contains: Annotated[str | None, Option("TEXT", "that contain TEXT.")]
    matches: Annotated[
        str | None,
        Option("REGEX", "that fully match REGEX, a regular expression of the regex library."),
    ]
    min_length: Annotated[
        int | None,
        Option(
            "N",
            "with at least N characters.  [default: the length that 98% of the list's names reach; unfiltered: 0]",
            least=0,
        ),
    ]
    exclude_words: Annotated[
        Iterable[str] | None,
        Option(
            "FILE",
            "that contain no word from FILE (one per line), ignoring case, spaces and punctuation. A word that "
            "starts with = is excluded only as a whole word.",
        ),
    ]
    exclude_names: Annotated[
        Iterable[str] | None,
        Option(
            "FILE",
            "that aren't in FILE (one per line), ignoring case, spaces and punctuation.",
        ),
    ]
    min_distance: Annotated[
        int | None,
        Option(
            "D",
            "that differ by at least D edits from every name in {exclude_names}, or in the model's built-in list.",
            least=1,
            most=3,
        ),
    ]
    allow_profanity: bool | None  #: whether names may contain profanity


class PartConstraints(Constraints, total=False):
    """Constraints for one part of whole names, such as the given names or the family names of people.

    Attributes:
        max_length: the maximum length in characters. The default is the length of the list's longest name, or twice as
            much for unfiltered names.
    """

    max_length: Annotated[
        int | None,
        Option(
            "N",
            "with at most N characters.  [default: as many as the list's longest name; unfiltered: twice as many]",
            least=1,
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
    """Create a constraint list from keyword arguments.

    Args:
        list_name: the list that the model was trained on, for ``min_distance`` without ``exclude_names``.
        normalization: how names are compared for ``exclude_names`` and ``min_distance``. The default ignores letter
            case, spaces and punctuation.
        constraints: see ``Constraints``.

    Raises:
        SettingsError: a value has the wrong type or is out of range, or there are no names to compare with for
            ``min_distance``.
        TypeError: there is no constraint with this name.

    >>> constraint_list = make_constraints(starts_with="Mc", min_length=5, contains=None)
    >>> [constraint.key for constraint in constraint_list]
    ['min_length', 'starts_with', 'no_profanity']
    """
    from namegen.core.data.normalization import NAMES
    from namegen.core.generation.constraints.constraint_list import (
        CONSTRAINTS,
        ConstraintList,
        ExcludedNames,
        MinDistance,
        NoProfanity,
    )

    normalization = normalization or NAMES
    values = _check_values(constraints)
    min_distance = values.pop(MinDistance.setting_name, None)
    excluded_names = values.pop(ExcludedNames.setting_name, None)
    allow_profanity = values.pop(NoProfanity.setting_name, False)
    made = [CONSTRAINTS[name](value) for name, value in values.items()]
    if not allow_profanity:
        made.append(NoProfanity())
    if excluded_names is not None:
        made.append(ExcludedNames(excluded_names, normalization))
    if min_distance is not None:
        compared_names = _load_list(list_name) if excluded_names is None else excluded_names
        made.append(MinDistance(min_distance, compared_names, normalization))
    return ConstraintList(made)


def _load_list(list_name: str | None) -> Sequence[str]:
    """Return the names of the built-in list that a model was trained on, for ``min_distance``."""
    if list_name not in BUNDLED:
        raise SettingsError(
            f"{setting('min_distance')} needs names to compare with, and this model doesn't contain its list: pass the "
            f"list with {setting('exclude_names')}"
        )
    return load_bundled(str(list_name)).names


def _check_values(constraints: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of constraints that aren't None, after checking their names and types."""
    unknown = constraints.keys() - Constraints.__annotations__.keys()
    if unknown:
        known = ", ".join(Constraints.__annotations__)
        raise TypeError(
            f"there is no argument or constraint {unknown.pop()!r}: the constraints are {known}; "
            "for_labels() chooses a label"
        )
    values: dict[str, Any] = {}
    for name, value in constraints.items():
        if value is not None:
            values[name] = _check_value(name, value)
    if values.get("min_length") == 0:
        values["min_length"] = 1  # a constraint of 0 would mean the default
    return values


def _check_value(name: str, value: object) -> object:
    """Return the value of a constraint, after checking its type. Several strings become a list.

    Raises:
        SettingsError: the value has the wrong type.
    """
    expected_type = get_args(get_type_hints(Constraints)[name])[0]
    if expected_type in TYPES_IN_WORDS:
        check_type(name, value, expected_type)
        return value
    return _check_strings(name, value)


def _check_strings(name: str, value: object) -> list[str]:
    """Return an iterable of strings as a list, because the strings are read twice."""
    expected = "several strings, such as a list"
    if not isinstance(value, Iterable) or isinstance(value, str | bytes):
        raise _wrong_type(name, value, expected)
    strings = list(value)
    if not all(isinstance(item, str) for item in strings):
        raise _wrong_type(name, strings, expected)
    return strings


def _wrong_type(name: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"{setting(name)} is {shown(value)}: expected {expected}", field=name)


def check_type(name: str, value: object, expected_type: type) -> None:
    """Check that an argument is a string, a whole number or a boolean. Booleans don't count as numbers.

    Raises:
        SettingsError: the value has another type.
    """
    is_bool = isinstance(value, bool)
    if expected_type is int:
        has_type = isinstance(value, Integral) and not is_bool
    else:
        has_type = isinstance(value, expected_type)
    if not has_type:
        raise _wrong_type(name, value, TYPES_IN_WORDS[expected_type])


@cache
def claimed_starts(*lists: str) -> tuple[str, ...]:
    """Return the words that new company names must not start with, because names of listed companies do.

    Args:
        lists: the names of lists. Only built-in lists of companies have such words.

    >>> "blackrock" in claimed_starts("mlb-last", "companies")
    True
    """
    from namegen.core.data.normalization import normalization_of
    from namegen.core.generation.constraints.claimed import claimed_starts as starts_of_list

    normalization = normalization_of("company")
    claimed: list[str] = []
    for name in lists:
        if name in BUNDLED and BUNDLED[name].name_type == "company":
            claimed += starts_of_list(load_bundled(name).names, normalization)
    return tuple(claimed)

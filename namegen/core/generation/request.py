"""GenerationRequest: everything that a user can choose about the names to generate.

Each option is declared only here, with its type, range, default and help. The Python API accepts the fields as keyword
arguments, and the command line turns them into options. Everything below the API passes the whole request on.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, fields
from typing import Annotated, Any, Self, TypeAlias

from namegen.core.settings import (
    LETTER_CASES,
    MAX_NAMES,
    Checked,
    Count,
    declared,
    described,
    one_of,
    whole,
    wrong_value,
)
from namegen.errors import setting

MAX_TEXT = (
    10_000  # characters of a constraint's string; a search for a longer one would take too long
)
NAME_PARTS = ("starts_with", "contains", "ends_with")  # in the order in which a name has them
TEXTS = (*NAME_PARTS, "matches")
SEVERAL = ("exclude_words", "exclude_names")  # the options that consist of several strings

Seed: TypeAlias = Annotated[int, described("a whole number of at least 0", "N", ge=0)]
Temperature: TypeAlias = Annotated[
    float, described("a number of at least 0, such as 0.8", "T", ge=0, le=sys.float_info.max)
]
TopP: TypeAlias = Annotated[float, described("a share above 0, up to 1", "P", gt=0, le=1)]
Text: TypeAlias = Annotated[
    str, described(f"a string of at most {MAX_TEXT:,} characters", "TEXT", max_length=MAX_TEXT)
]
Expression: TypeAlias = Annotated[
    str,
    described(f"an expression of at most {MAX_TEXT:,} characters", "REGEX", max_length=MAX_TEXT),
]
Distance: TypeAlias = Annotated[int, described("a whole number from 1 to 3", "D", ge=1, le=3)]
TopK: TypeAlias = Annotated[int, described("a whole number of at least 1", "K", ge=1)]
Strings: TypeAlias = Annotated[
    tuple[str, ...], described("several strings, such as a list", "FILE")
]


@dataclass(frozen=True, kw_only=True)
class NameConstraints(Checked):
    """Constraints that every name has to satisfy, in its original letter case. None stands for an option's default.

    The first four constraints are case-sensitive.

    Raises:
        SettingsError: a value has the wrong type or is out of range.
    """

    starts_with: Text = declared("", "Generate only names that begin with TEXT.")
    ends_with: Text = declared("", "Generate only names that end with TEXT.")
    contains: Text = declared("", "Generate only names that contain TEXT.")
    matches: Expression | None = declared(
        None,
        "Generate only names that fully match REGEX, a regular expression of the regex library.",
    )
    min_length: Annotated[int, whole(0, 1_000_000)] | None = declared(
        None,
        "Generate only names with at least N characters.",
        "the length that 98% of the list's names reach; unfiltered: 0",
    )
    exclude_words: Strings = declared(
        (),
        "Generate only names that contain no word from FILE (one per line), ignoring case, spaces and punctuation. A "
        "word that starts with = is excluded only as a whole word.",
    )
    exclude_names: Strings | None = declared(
        None,
        "Generate only names that aren't in FILE (one per line), ignoring case, spaces and punctuation.",
    )
    min_distance: Distance | None = declared(
        None,
        "Generate only names that differ by at least D edits (from 1 to 3) from every name in "
        f"{setting('exclude_names')}, or in the model's built-in list.",
    )
    max_length: Count | None = declared(
        None,
        "Generate only names with at most N characters.",
        "as many as the list's longest name; unfiltered: twice as many",
    )

    def __post_init__(self) -> None:
        for declaration in fields(self):
            name, value = declaration.name, getattr(self, declaration.name)
            if value is None:
                self._set(name, declaration.default)
            elif name in SEVERAL:
                if not isinstance(value, Iterable) or isinstance(value, str | bytes):
                    raise wrong_value(type(self), name, value)
                self._set(name, tuple(value))
        super().__post_init__()
        for name in TEXTS:
            text = getattr(self, name)
            self._set(name, text and composed(text))

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # the fields are frozen

    @property
    def required(self) -> dict[str, str]:
        """The strings that each name has at its start, anywhere, and at its end, by option; without empty strings."""
        return {name: getattr(self, name) for name in NAME_PARTS if getattr(self, name)}

    @property
    def has_constraints(self) -> bool:
        """Whether the user has set a constraint, except for the maximum length."""
        return any(
            getattr(self, declaration.name) != declaration.default
            for declaration in fields(NameConstraints)
            if declaration.name != "max_length"
        )


@dataclass(frozen=True, kw_only=True)
class GenerationRequest(NameConstraints):
    """What names to generate. None stands for the default of an option.

    Raises:
        SettingsError: a value has the wrong type or is out of range.

    >>> GenerationRequest(n=5, starts_with="Mc", temperature=None).temperature
    1.0
    """

    n: Annotated[int, whole(0, MAX_NAMES)] = 20  #: how many names to return
    seed: Seed | None = declared(None, "The random seed. The same seed gives the same names.")
    allow_seen: bool = declared(False, "Also return names that are in the training list.")
    allow_repeats: bool = declared(
        False,
        "Allow the same name more than once. Then namegen doesn't filter names by their score.",
    )
    allow_profanity: bool = declared(False, "Allow names that contain profanity.")
    unfiltered: bool = declared(
        False,
        "Sample from the model's own distribution. Without this option, namegen only returns new names with scores in "
        "the top 1%.",
    )
    temperature: Temperature = declared(
        1.0,
        "The sampling temperature. Below 1, names are more typical. Above 1, they are more varied.",
        "1",
    )
    top_k: TopK | None = declared(None, "Sample only from the K most likely next characters.")
    top_p: TopP | None = declared(
        None,
        "Sample only from the most likely next characters whose probabilities add up to P.",
    )
    letter_case: Annotated[str, one_of(LETTER_CASES)] | None = declared(
        None,
        "The letter case of the generated names.",
        "title for companies, original for other names",
    )

    def changed(self, **options: Any) -> Self:
        """Return the request with other values for some options, which aren't checked again."""
        request = copy(self)
        for name, value in options.items():
            request._set(name, value)
        return request

    @property
    def sampling(self) -> tuple[float, int | None, float | None]:
        """The sampling settings: the temperature, ``top_k`` and ``top_p``."""
        return self.temperature, self.top_k, self.top_p

    @property
    def is_natural(self) -> bool:
        """Whether every next character has exactly the model's probability."""
        return self.temperature == 1 and self.top_k is None and self.top_p in (None, 1)


def composed(text: str) -> str:
    """Compose the characters of a string, as in lists: é is one character (Unicode's NFC).

    A string that is too long for any name stays as it is, because composing many accents takes time quadratic in their
    number.
    """
    return text if len(text) > MAX_TEXT else unicodedata.normalize("NFC", text)


def shown_text(name: str, text: str) -> str:
    """Return an option with its string, for a message."""
    return setting(name, f"{text!r}")

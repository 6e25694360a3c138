"""Person: the name of an invented person, and the templates that format it."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from namegen.core.generation.letter_case import write
from namegen.core.people.names import Gender, Origin
from namegen.errors import SettingsError, quote, setting

FIELDS = ("given", "family", "origin", "gender")  # of a template
TEMPLATE = "{given} {family}"


@dataclass(frozen=True)
class Person:
    """The name of an invented person."""

    given: str  #: the given name
    family: str  #: the family name, in the form for the person's gender
    origin: Origin = None  #: such as ``Finnish``; None if the models have no labels
    gender: Gender = None  #: ``female`` or ``male``; None if the labels have no genders
    household: int | None = None  #: number of the household, from 1 on; None if people live alone

    def format(self, template: str = TEMPLATE) -> str:
        """Fill in a template with the fields given, family, origin and gender.

        >>> Person("Aino", "Virtala", "Finnish").format("{family}, {given} ({origin})")
        'Virtala, Aino (Finnish)'
        """
        values = {name: getattr(self, name) or "" for name in FIELDS}
        return template.format(**values)

    def in_case(self, letter_case: str | None) -> Person:
        """Return the same person with both names in a letter case (see ``letter_case.write``).

        >>> Person("Aino", "Virtala").in_case("upper").family
        'VIRTALA'
        """
        return Person(  # takes a third of the time of replace
            given=write(self.given, letter_case),
            family=write(self.family, letter_case),
            origin=self.origin,
            gender=self.gender,
            household=self.household,
        )


def check_template(template: str) -> None:
    """Check that a template contains a name, and only fields of a person.

    Raises:
        SettingsError: the template isn't valid.

    >>> check_template("{family}, {given}")
    """
    shown = setting("template", quote(template, 60))
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise SettingsError(
            f"{shown} is not a template ({error}): write {{{{ or }}}} for a literal brace"
        ) from error
    names = set()
    for _, name, format_spec, conversion in pieces:
        if name is None:  # text without a field
            continue
        if name not in FIELDS:
            known = ", ".join(f"{{{field}}}" for field in FIELDS)
            raise SettingsError(
                f"{shown} contains {quote(f'{{{name}}}')}, but a person only has the fields {known}"
            )
        if format_spec or conversion:  # such as {given:>9} or {given!r}
            raise SettingsError(
                f"{shown} formats a field, which isn't possible: write only {{{name}}}"
            )
        names.add(name)
    if names.isdisjoint({"given", "family"}):
        raise SettingsError(
            f"{shown} contains no name: use {{given}} or {{family}}, such as in {TEMPLATE!r}"
        )

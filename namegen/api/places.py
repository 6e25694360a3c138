"""Invent names of towns and villages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack

from namegen.api.aliases import COUNTRY_ALIASES
from namegen.api.model import Drawing, LoadedModel, load_shipped
from namegen.core.data.label_parts import find_labels
from namegen.errors import SettingsError, setting, shown

PLACES = "world-places"


def places_of(countries: str | Sequence[str] = ()) -> LoadedModel:
    """Load the built-in model of places, restricted to some countries. The default is all countries.

    Raises:
        SettingsError: the model doesn't know a country. The message suggests a similar name.

    >>> places_of(["Poland", "uk"]).labels
    ('Poland', 'United Kingdom')
    """
    labels = [COUNTRY_ALIASES.get(name.casefold(), name) for name in _as_sequence(countries)]
    model = load_shipped(PLACES)
    for label in labels:
        find_labels(label, model.labels, model=PLACES, name="countries")
    return model.for_labels(*labels)


def _as_sequence(countries: object) -> Sequence[str]:
    """Return one or more countries as a sequence.

    Raises:
        SettingsError: the value is neither a string nor a list of strings.
    """
    if isinstance(countries, str):
        return [countries]
    if isinstance(countries, Iterable):
        names = list(countries)
        if all(isinstance(name, str) for name in names):
            return names
    raise SettingsError(
        f"{setting('countries')} is {shown(countries)}: expected one country or a list of countries"
    )


def generate_places(
    n: int = 25, *, countries: str | Sequence[str] = (), **options: Unpack[Drawing]
) -> list[str]:
    """Invent names of towns and villages.

    Args:
        n: how many names to return.
        countries: the countries that the names sound like. The default is all countries.
        options: the options of ``LoadedModel.generate``.

    Raises:
        SettingsError: the model doesn't know a country, or an option is wrong.
        GenerationError: there are fewer than ``n`` names.

    >>> len(generate_places(3, countries="Poland", seed=1))
    3
    """
    return places_of(countries).generate(n, **options)

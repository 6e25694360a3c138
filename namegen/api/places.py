"""Invent names of towns and villages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from namegen.api.model import LoadedModel, load_shipped
from namegen.core.data.label_parts import find_labels
from namegen.errors import SettingsError, setting, shown

PLACES = "world-places"
# Other names of countries, without letter case.
COUNTRY_ALIASES = {
    "america": "United States",
    "bosnia": "Bosnia & Herzegovina",
    "britain": "United Kingdom",
    "czech republic": "Czechia",
    "england": "United Kingdom",
    "great britain": "United Kingdom",
    "holland": "Netherlands",
    "ivory coast": "Côte d’Ivoire",
    "korea": "South Korea",
    "macedonia": "North Macedonia",
    "palestine": "Palestinian Territories",
    "scotland": "United Kingdom",
    "turkey": "Türkiye",
    "u.s.": "United States",
    "uk": "United Kingdom",
    "us": "United States",
    "usa": "United States",
    "wales": "United Kingdom",
}


def places_of(countries: str | Sequence[str] = ()) -> LoadedModel:
    """Load the built-in model of places, restricted to some countries. The default is all countries.

    Raises:
        SettingsError: the model doesn't know a country. The message suggests a similar name.

    >>> places_of(["Poland", "uk"]).labels
    ('Poland', 'United Kingdom')
    """
    names: list[Any] = [countries]
    if isinstance(countries, Iterable) and not isinstance(countries, str):
        names = list(countries)
    if not all(isinstance(name, str) for name in names):
        raise SettingsError(
            f"{setting('countries')} is {shown(countries)}: expected one country or a list of countries"
        )
    labels = [COUNTRY_ALIASES.get(name.casefold(), name) for name in names]
    model = load_shipped(PLACES)
    for label in labels:
        find_labels(label, model.labels, model=PLACES, name="countries")
    return model.for_labels(*labels)


def generate_places(
    n: int = 25, *, countries: str | Sequence[str] = (), **options: Any
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

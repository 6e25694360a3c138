"""Places, from the shipped model of towns and villages of 99 countries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack

from namegen.api.model import Drawing, LoadedModel, load_shipped
from namegen.errors import SettingsError, setting, shown

PLACES = "world-places"
# What else countries are called, in small letters.
COUNTRIES = {
    "america": "United States",
    "bosnia": "Bosnia & Herzegovina",
    "britain": "United Kingdom",
    "czech republic": "Czechia",
    "ivory coast": "Côte d’Ivoire",
    "korea": "South Korea",
    "macedonia": "North Macedonia",
    "palestine": "Palestinian Territories",
    "turkey": "Türkiye",
    "uk": "United Kingdom",
    "usa": "United States",
}


def places_of(countries: str | Sequence[str] = ()) -> LoadedModel:
    """The shipped model of places, for some countries alone; none given: for all.

    Raises:
        SettingsError: it does not know such a country; the message says which is nearest.

    >>> places_of(["Poland", "uk"]).labels
    ('Poland', 'United Kingdom')
    """
    if not isinstance(countries, Iterable) or not all(isinstance(one, str) for one in countries):
        raise SettingsError(f"{setting('countries')} is {shown(countries)}: expected a country, or several")
    asked = (countries,) if isinstance(countries, str) else countries
    try:
        return load_shipped(PLACES).labelled(*(COUNTRIES.get(one.casefold(), one) for one in asked))
    except SettingsError as error:
        told = error.told(lambda name, value: setting("country" if name == "label" else name, value))
        raise SettingsError(told) from error


def invent_places(n: int = 25, *, countries: str | Sequence[str] = (), **options: Unpack[Drawing]) -> list[str]:
    """Invent towns and villages, a list of ``n``: new names, as in some countries or as in any.

    Args:
        n: how many.
        countries: see ``places_of``.
        options: those of ``LoadedModel.generate``.

    Raises:
        CheckpointError, SettingsError, GenerationError: as ``LoadedModel.generate``.

    >>> len(invent_places(3, countries="Poland", seed=1))
    3
    """
    return places_of(countries).generate(n, **options)

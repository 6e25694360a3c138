"""Invented towns and villages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Unpack

from namegen.api.aliases import COUNTRY_ALIASES
from namegen.api.model import Drawing, LoadedModel, load_shipped
from namegen.core.data.label_parts import find_labels
from namegen.errors import SettingsError, setting, shown

PLACES = "world-places"


def places_of(countries: str | Sequence[str] = ()) -> LoadedModel:
    """Load the shipped model of places, restricted to some countries. Without arguments, it knows all of them.

    Raises:
        SettingsError: the model doesn't know a country; the message suggests the nearest one.

    >>> places_of(["Poland", "uk"]).labels
    ('Poland', 'United Kingdom')
    """
    is_iterable = isinstance(countries, Iterable)
    if not is_iterable or not all(isinstance(country, str) for country in countries):
        raise SettingsError(
            f"{setting('countries')} is {shown(countries)}: expected a country, or several"
        )
    requested = [countries] if isinstance(countries, str) else countries
    labels = [COUNTRY_ALIASES.get(country.casefold(), country) for country in requested]
    model = load_shipped(PLACES)
    for label in labels:
        find_labels(label, model.labels, model=PLACES, name="countries")
    return model.for_labels(*labels)


def generate_places(
    n: int = 25, *, countries: str | Sequence[str] = (), **options: Unpack[Drawing]
) -> list[str]:
    """Invent towns and villages with names that are new.

    Args:
        n: how many names to return.
        countries: the countries that the names sound like, see ``places_of``; all by default.
        options: the options of ``LoadedModel.generate``.

    Raises:
        CheckpointError, SettingsError, GenerationError: as ``LoadedModel.generate``.

    >>> len(generate_places(3, countries="Poland", seed=1))
    3
    """
    return places_of(countries).generate(n, **options)

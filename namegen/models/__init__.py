"""Models that come trained with the package: name → file, each with a licence beside it, and those for use a card."""

from __future__ import annotations

from pathlib import Path

# What readers call each, in the order of the page.
TITLES = {
    "world-places": "Places of the world",
    "companies": "Companies",
    "world-given": "Given names of the world",
    "world-family": "Family names of the world",
    "mlb-first": "Baseball first names",
    "mlb-last": "Baseball last names",
    "japanese-given": "Japanese given names",
}
GROUP_OF = {
    "world-places": "places",
    "companies": "companies",
    "world-given": "people",
    "world-family": "people",
    "mlb-first": "people",
    "mlb-last": "people",
    "japanese-given": "people",
}
SHIPPED = tuple(TITLES)
BASE = "base"  # what the networks of short lists begin from; it is no model for use
_FOLDER = Path(__file__).parent


def shipped_path(name: str) -> Path:
    """The file of a shipped model."""
    return _FOLDER / f"{name}.safetensors"

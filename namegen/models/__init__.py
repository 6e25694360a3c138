"""Models that come trained with the package: name → file, each with a card and a licence beside it."""

from __future__ import annotations

from pathlib import Path

SHIPPED = ("mlb-first", "mlb-last", "companies", "japanese-given")
_FOLDER = Path(__file__).parent


def shipped_path(name: str) -> Path:
    """The file of a shipped model."""
    return _FOLDER / f"{name}.safetensors"

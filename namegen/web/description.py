"""PageDescription: what the JSON of a page or a module says of one model; ``docs/use/web.md`` explains each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from namegen.documents import Json


class PageDescription(TypedDict):
    """One model as plain values; arrays are base64 of their bytes, little-endian, float32 unless it says otherwise."""

    name: str
    title: str
    list: str | None
    names: int | None
    credit: str
    notice: str
    cell: str
    hidden: Sequence[int]
    parameters: int
    characters: str
    labels: Sequence[dict[str, Json]]
    probe: Sequence[str] | None
    trained_by: str
    spaces: str
    longest: int
    temperature: float
    endings: Sequence[str]
    separators: str
    removal: dict[str, str]
    folding: dict[str, str]
    tensors: dict[str, str]
    known_names: str | None  # of uint64

"""The document of ``mutants.json``: how many mutants were tried, and which no test noticed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from namegen.documents import Count, from_plain, read_json

FORMAT: Literal["namegen mutants"] = "namegen mutants"
REASONS = Path(__file__).with_name("mutants_reasons.toml")


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed.

    Attributes:
        file, line: where.
        operator: Cosmic Ray's name of the mistake.
        change: the lines before and after.
        reason: why that is no harm, or what is left to be done; "" where nobody has read it yet.
    """

    file: str
    line: Count
    operator: str
    change: str
    reason: str = ""


@dataclass(frozen=True)
class Mutants:
    """All of them."""

    tried: Count
    survivors: tuple[Survivor, ...]
    format: Literal["namegen mutants"] = FORMAT


def read(path: Path) -> Mutants:
    """What a file holds. Raises ValueError for another form."""
    return from_plain(Mutants, read_json(path.read_bytes()))


def read_reasons() -> dict[str, str]:
    """What people have found out about survivors, by file and change."""
    if not REASONS.exists():
        return {}
    read = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {key_of(one["file"], one["change"]): one["reason"] for one in read.get("survivor", [])}


def key_of(file: str, change: str) -> str:
    """What reasons are found by: the same wherever in the file the lines stand."""
    return f"{file}\n{change.strip()}"

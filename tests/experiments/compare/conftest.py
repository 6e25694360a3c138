"""Whole comparisons, as they were measured once."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from namegen.documents import from_plain
from namegen.experiments.compare.document import Comparison

MEASURED = Path(__file__).with_name("comparison.json.xz")
RESULTS = Path(__file__).parents[3] / "docs" / "results" / "results.json"


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Two lists, three seeds, each with a split of its own; no rounds, no groups."""
    return from_plain(Comparison, json.loads(lzma.decompress(MEASURED.read_bytes())))


@pytest.fixture(scope="session")
def documented() -> Comparison:
    """The one that ``docs/results/original.md`` tells of."""
    return from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))

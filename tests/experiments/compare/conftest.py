"""A whole comparison, as it was measured once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from namegen.documents import from_plain
from namegen.experiments.compare.document import Comparison

RESULTS = Path(__file__).parents[3] / "docs" / "results" / "results.json"


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """The one that ``docs/results/original.md`` tells of."""
    return from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))

"""Check that ``CITATION.cff`` and the forms in ``.github/`` are complete and agree with the project.

The files were validated against the published schemas once. These tests only check the required fields.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from namegen import __version__
from tests.requirements import require

ROOT = Path(__file__).parents[1]


def read(path: str) -> Any:
    require("yaml")
    import yaml

    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def test_the_citation_agrees_with_the_package() -> None:
    citation = read("CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required_fields = {"cff-version", "message", "title", "authors"}
    assert required_fields <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["version"] == __version__
    for field in ("message", "title", "abstract"):
        assert isinstance(citation[field], str)
        assert citation[field]
    assert citation["authors"] == project["authors"]  # the project as a whole, no individuals
    assert " AND ".join(citation["license"]) == project["license"]
    assert citation["keywords"] == project["keywords"]

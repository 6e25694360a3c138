"""``CITATION.cff`` and the forms of ``.github/`` have what their readers need, and say what the project says.

Once, as they were written, they were held against the published schemas; here against what those require.
"""

from __future__ import annotations

import re
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


def test_the_citation_says_what_the_package_says() -> None:
    citation = read("CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(
        citation
    )  # what the format requires
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert citation["version"] == __version__
    assert all(
        isinstance(citation[key], str) and citation[key] for key in ("message", "title", "abstract")
    )
    assert citation["authors"] == project["authors"]  # the project as a whole: no persons
    assert " AND ".join(citation["license"]) == project["license"]
    assert citation["keywords"] == project["keywords"]


def test_files_and_commands_that_the_forms_name_are_there() -> None:
    text = "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / ".github").rglob("*.*"))
    )
    for path in set(re.findall(r"[\w/]+\.(?:md|py)\b", text)):
        assert (ROOT / path).is_file(), path
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`make (\w+)`", text)):
        assert f"\n{target}:" in makefile

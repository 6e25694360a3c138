"""The cards in ``namegen/models/``: a head that the model hubs can read, with the figures of the model itself.

`make check` makes them all anew and compares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from namegen.lists import BUNDLED
from namegen.models import SHIPPED, TITLES, shipped_path
from tests.requirements import require

CARDS = Path(__file__).parents[1] / "namegen" / "models"
SECTIONS = ["Intended use", "Limits", "Bias", "How it was trained", "Evaluation", "Licence"]


def parts(name: str) -> tuple[Any, str]:
    """The head of a card, read as YAML, and its text."""
    require("yaml")
    import yaml

    _, head, text = (
        shipped_path(name).with_suffix(".md").read_text(encoding="utf-8").split("---\n", 2)
    )
    return yaml.safe_load(head), text


def test_every_shipped_model_has_a_card() -> None:
    assert sorted(path.stem for path in CARDS.glob("*.md")) == sorted(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_head_is_what_hubs_read(name: str) -> None:
    head, text = parts(name)
    licences = {"CC-BY-SA-3.0": "cc-by-sa-3.0", "MIT": "mit", "CC-BY-4.0": "cc-by-4.0"}
    assert head["license"] == licences.get(BUNDLED[name].licence, "other")
    assert ("license_name" in head) == (head["license"] == "other")  # hubs ask for one then
    assert (head["library_name"], head["datasets"]) == ("namegen", [name])
    assert all(isinstance(one, str) for key in ("language", "tags", "metrics") for one in head[key])
    assert text.lstrip().startswith(f"# {TITLES[name]}\n")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert BUNDLED[name].licence_text.strip() in text

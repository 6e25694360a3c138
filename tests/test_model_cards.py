"""Check that the model cards in ``namegen/models/`` have metadata that model hubs can read.

``make check`` also generates all cards again and compares them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from namegen.api import load
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import SHIPPED, TITLES, shipped_path
from tests.requirements import require

WITH_CARDS = [name for name in SHIPPED if name not in SHELF]
CARDS = Path(__file__).parents[1] / "namegen" / "models"
SECTIONS = ["Intended use", "Limits", "Bias", "How it was trained", "Evaluation", "License"]


def parts(name: str) -> tuple[Any, str]:
    """Return the YAML metadata of a card and its text."""
    require("yaml")
    import yaml

    card = shipped_path(name).with_suffix(".md").read_text(encoding="utf-8")
    _, head, text = card.split("---\n", 2)
    return yaml.safe_load(head), text


def test_every_built_in_model_has_a_card() -> None:
    assert sorted(path.stem for path in CARDS.glob("*.md")) == sorted([*WITH_CARDS, "shelf"])


def test_the_shelf_card_describes_all_its_models() -> None:
    head, text = parts("shelf")
    assert (head["license"], head["datasets"]) == ("cc0-1.0", list(SHELF))
    assert all(f"| `{name}` |" in text for name in SHELF)


def test_the_models_of_the_shelf_are_small() -> None:
    files = [path for name in SHELF for path in CARDS.glob(f"{name}.*")]
    assert len(files) == 2 * len(SHELF)
    assert sum(path.stat().st_size for path in files) <= 1_500_000


@pytest.mark.parametrize("name", SHELF)
def test_models_of_the_shelf_generate_names(name: str) -> None:
    model = load(name)
    names = model.generate(3, seed=0)
    assert len(set(names)) == 3
    assert set(names).isdisjoint(load_bundled(name).names)


@pytest.mark.parametrize("name", WITH_CARDS)
def test_card_metadata_has_the_format_of_model_hubs(name: str) -> None:
    head, text = parts(name)
    licences = {"CC-BY-SA-3.0": "cc-by-sa-3.0", "MIT": "mit", "CC-BY-4.0": "cc-by-4.0"}
    assert head["license"] == licences.get(BUNDLED[name].licence, "other")
    # Hubs require the name of any other license.
    assert ("license_name" in head) == (head["license"] == "other")
    assert (head["library_name"], head["datasets"]) == ("namegen", [name])
    assert all(isinstance(one, str) for key in ("language", "tags", "metrics") for one in head[key])
    assert text.lstrip().startswith(f"# {TITLES[name]}\n")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    assert BUNDLED[name].licence_text.strip() in text

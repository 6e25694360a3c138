"""Check that the model cards in ``namegen/models/`` have metadata that model hubs can read.

``make check`` also generates all cards again and compares them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen.api import load
from namegen.lists import load_bundled
from namegen.lists.bundled import SHELF
from namegen.models import SHIPPED

WITH_CARDS = [name for name in SHIPPED if name not in SHELF]
CARDS = Path(__file__).parents[1] / "namegen" / "models"


def test_every_built_in_model_has_a_card() -> None:
    assert sorted(path.stem for path in CARDS.glob("*.md")) == sorted([*WITH_CARDS, "shelf"])


@pytest.mark.parametrize("name", SHELF)
def test_models_of_the_shelf_generate_names(name: str) -> None:
    model = load(name)
    names = model.generate(3, seed=0)
    assert len(set(names)) == 3
    assert set(names).isdisjoint(load_bundled(name).names)

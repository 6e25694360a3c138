"""Check origins of the built-in models: suggestions for unknown origins, and Irish family names."""

from __future__ import annotations

import pytest

from namegen import api
from namegen.errors import SettingsError


@pytest.mark.parametrize(
    ("origin", "advice"),
    [
        ("Scottish", "try 'English' or 'Irish'"),
        ("welsh", "try 'English' or 'Irish'"),
        ("American", "try 'English'"),
        ("Austrian", "try 'German'"),
        ("Tanzanian", "try 'Kenyan'"),
        ("Italien", "did you mean 'Italian'?"),
    ],
)
def test_an_unknown_origin_is_rejected_with_a_suggestion(origin: str, advice: str) -> None:
    with pytest.raises(SettingsError) as caught:
        api.generate_people(1, origins=origin)
    assert advice in str(caught.value)
    assert "(`namegen models` lists all origins)" in str(caught.value)


@pytest.mark.parametrize("household", [None, 3])
def test_half_of_irish_households_have_anglicized_family_names(household: int | None) -> None:
    irish = api.load("world-family").for_labels("Irish")
    found = api.generate_people(60, origins=["Irish", "Finnish"], household=household, seed=2)
    families: dict[int, set[str]] = {}
    for index, person in enumerate(found):
        if person.origin == "Irish":
            families.setdefault(person.household or index, set()).add(person.family)
    in_irish = [names for names in families.values() if any(map(is_gaelic, names))]
    assert all(all(map(is_gaelic, names)) for names in in_irish)
    assert len(in_irish) == pytest.approx(len(families) / 2, abs=1)
    alone = api.generate_people(9, origins="Irish", family_model=irish, seed=2)
    assert all(is_gaelic(person.family) for person in alone)


def is_gaelic(family: str) -> bool:
    """Check whether a family name has a typical Irish prefix."""
    return family.startswith(("Ó ", "Ní ", "Mac ", "Nic "))

"""What is no name at all."""

from __future__ import annotations

import pytest

from namegen.core.generation.wishes.wish import Finished
from namegen.core.generation.wishes.wishlist import WellFormed


@pytest.mark.parametrize(("name", "is_one"), [("Anna", True), ("de la Cruz", True), ("", False), (" A", False)])
def test_a_name_is_not_empty_and_has_no_space_at_an_end(name: str, is_one: bool) -> None:
    assert WellFormed().keeps(name) == is_one
    assert not WellFormed().keeps(f"{name} ")


@pytest.mark.parametrize("names", [["Anna", "", " A", "A ", "\u00a0A", "de la Cruz"], ["Anna", "Bob"], [" A", "B"], []])
def test_many_at_once_are_judged_like_one(names: list[str]) -> None:
    assert (~WellFormed().refuses(Finished(names))).tolist() == [WellFormed().keeps(name) for name in names]

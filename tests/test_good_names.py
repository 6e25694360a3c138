"""Check the seeded order of a model's good names."""

from __future__ import annotations

import pytest

from namegen import load
from namegen.api.good_names import seeded_key
from namegen.errors import GenerationError, SettingsError


@pytest.mark.parametrize("name", ["dwarves", "taverns"])
def test_every_index_has_another_good_name(name: str) -> None:
    model = load(name)
    count = len(model.good_names)
    order = [model.name_at(7, index) for index in range(count)]
    assert sorted(order) == sorted(model.good_names)
    assert len(set(order)) == count > 60
    assert order != [model.name_at(8, index) for index in range(count)]
    loaded_again = load(name)
    assert order == [loaded_again.name_at(7, index) for index in range(count)]
    for seed in range(3):  # the first names of a request reach the threshold
        assert set(model.generate(5, seed=seed)) <= set(model.good_names)
    with pytest.raises(GenerationError, match=f"only {count} good names"):
        model.name_at(7, count)
    with pytest.raises(SettingsError, match="index is -1"):
        model.name_at(7, -1)


def test_keys_follow_the_specification() -> None:
    """The expected number was computed by FNV-1a and the last step of MurmurHash3, written in JavaScript."""
    assert seeded_key(7, "Žofie") == 782_256_502

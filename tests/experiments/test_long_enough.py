"""A list that is too short to compare anything on is refused in one sentence."""

from __future__ import annotations

import pytest

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError
from namegen.experiments.list_names import check_long_enough, enough
from namegen.lists import load_bundled


def test_a_list_that_can_be_split_passes() -> None:
    check_long_enough(Corpus(load_bundled("mlb-first").names[:100], source="x"), 0.2, "unique", 0)


@pytest.mark.parametrize("split", ["names", "unique"])
@pytest.mark.parametrize(
    ("names", "told"), [(("Al", "Bo", "Al"), r"3 names \(2 distinct"), (("Al",), r"1 name \(1 dis")]
)
def test_one_that_cannot_says_how_many_names_it_has(split: str, names: tuple[str, ...], told: str) -> None:
    with pytest.raises(NamesError, match=f"x has {told}.* 20% .* at least 40 different names"):
        check_long_enough(Corpus(names, source="x"), 0.2, split, 0)


@pytest.mark.parametrize("split", ["names", "unique"])
@pytest.mark.parametrize("validation", [0.02, 0.9])
def test_as_many_names_as_it_asks_for_can_be_split(validation: float, split: str) -> None:
    names = load_bundled("mlb-last").names
    listed = tuple(dict.fromkeys(names))[: enough(validation)]
    assert len(listed) == enough(validation)
    for seed in range(10):
        check_long_enough(Corpus(listed, source="x"), validation, split, seed)

"""A list that is too short to compare anything on is refused in one sentence."""

from __future__ import annotations

import pytest

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError
from namegen.experiments.long_enough import check_long_enough
from namegen.lists import load_bundled


def test_a_list_that_can_be_split_passes() -> None:
    check_long_enough(Corpus(load_bundled("mlb-first").names[:100], source="x"), 0.2, "unique", 0)


@pytest.mark.parametrize("split", ["names", "unique"])
def test_one_that_cannot_says_how_many_names_it_has_and_what_to_do(split: str) -> None:
    said = r"x has 3 names \(2 distinct\), too few to hold out 20% of them.*: leave it out, or give a longer list$"
    with pytest.raises(NamesError, match=said):
        check_long_enough(Corpus(("Al", "Bo", "Al"), source="x"), 0.2, split, 0)

"""A list that is too small to compare anything by is told at once, whichever command asks."""

from __future__ import annotations

import pytest

from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError
from namegen.experiments.splitting import check_large_enough


def test_a_small_list_is_refused_and_a_large_one_is_not() -> None:
    with pytest.raises(NamesError, match=r"^few has 2 names \(1 distinct\), too few to hold out 20% of them"):
        check_large_enough(Corpus.from_names(["Al", "Al"], source="few"), 0.2, "unique", 0)
    check_large_enough(Corpus.from_names([f"n{i}" for i in range(50)]), 0.2, "unique", 0)

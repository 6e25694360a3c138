"""Wishes for a name's length: the limits themselves are allowed."""

from __future__ import annotations

import numpy as np

from namegen.core.generation.wishes.wish import Finished
from namegen.core.generation.wishes.wishlist import MaxLength, MinLength

PLACES = np.zeros(2, np.int64)


def test_limits_are_allowed_and_what_is_beyond_them_is_not() -> None:
    names = Finished(["Al", "Bob", "Anna"])
    assert MinLength(3).refuses(names).tolist() == [True, False, False]
    assert MaxLength(3).refuses(names).tolist() == [False, False, True]


def test_a_depth_decides_about_all_prefixes_of_it() -> None:
    for depth in range(6):
        tokens = np.ones((2, depth), np.int32)
        assert MinLength(3).refuses_names(tokens, PLACES).tolist() == [depth < 3] * 2
        assert not MinLength(3).refuses_prefixes(tokens, PLACES).any()
        assert MaxLength(3).refuses_prefixes(tokens, PLACES).tolist() == [depth > 3] * 2

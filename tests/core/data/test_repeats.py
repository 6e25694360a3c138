from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.batching import damped


def damped_one_by_one(names: Sequence[str]) -> list[bool]:
    """The simple form: of each name a number of entries that are left to read."""
    left = {name: round(math.sqrt(count)) for name, count in Counter(names).items()}
    read = []
    for name in names:
        read.append(left[name] > 0)
        left[name] -= 1
    return read


@given(st.lists(st.sampled_from(["Al", "Bo", "Cy", "Di"]), max_size=60))
def test_a_name_of_c_entries_is_read_about_root_c_times(names: list[str]) -> None:
    """Its first entries, in the order of the list."""
    distinct = list(dict.fromkeys(names))
    read = damped(np.array([distinct.index(name) for name in names], np.int64))
    assert read.tolist() == damped_one_by_one(names)


def test_roots_are_rounded() -> None:
    for count in range(1, 200):
        assert damped(np.zeros(count, np.int32)).sum() == round(math.sqrt(count))

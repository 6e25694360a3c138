from __future__ import annotations

from collections import Counter
from math import sqrt

from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.repeats import damped, names_to_read
from namegen.core.settings import DataSettings


@given(st.lists(st.sampled_from(["Al", "Bo", "Cy", "Di"]), max_size=60))
def test_a_name_of_c_entries_is_read_about_root_c_times(names: list[str]) -> None:
    kept = damped(names)
    assert Counter(kept) == {name: round(sqrt(count)) for name, count in Counter(names).items()}
    rest = iter(names)
    assert all(name in rest for name in kept)  # in the order of the list


def test_what_is_damped_follows_the_split_unless_it_is_said() -> None:
    names = ("Al",) * 9
    assert names_to_read(names, DataSettings(split="unique")) == ("Al",) * 3
    assert names_to_read(names, DataSettings(split="names")) == names
    assert names_to_read(names, DataSettings(split="unique", repeats="kept")) == names
    assert names_to_read(names, DataSettings(split="names", repeats="damped")) == ("Al",) * 3

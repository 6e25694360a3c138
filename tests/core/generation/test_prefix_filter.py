"""PrefixFilter: what it drops has no hope, and nothing that has hope is dropped."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from namegen.core.data.vocabulary import Vocabulary
from namegen.core.generation.count_splitting import PrefixFilter
from namegen.core.generation.wishes.matches import Matches
from namegen.core.generation.wishes.wish import Wish
from namegen.core.generation.wishes.wishlist import Contains, EndsWith, MaxLength, MinLength, StartsWith, Wishlist

VOCABULARY = Vocabulary("ab")
texts = st.text("ab", max_size=2)


@given(texts, texts, texts, st.sampled_from(("[ab]*", "a.*", "(?=a).*b", ".{3}")), st.text("ab", max_size=5))
def test_no_beginning_of_a_wanted_name_is_refused(begins: str, has: str, ends: str, expression: str, name: str) -> None:
    wishes: list[Wish] = [StartsWith(begins), Contains(has), EndsWith(ends), Matches(expression), MinLength(2)]
    name = begins + name[len(begins) :]
    prefix_filter = PrefixFilter(Wishlist([*wishes, MaxLength(5)]), VOCABULARY)
    tokens = VOCABULARY.encode_all([name])[0][None, :]  # (1, length)
    places, refused = prefix_filter.start(), False
    for depth in range(len(begins), len(name) + 1):
        if depth > len(begins):
            places = prefix_filter.go_on(places, np.zeros(1, np.int64), tokens[:, depth - 1])
        refused = refused or any(True for _ in prefix_filter.refused_prefixes(tokens[:, :depth], places))
    wanted = len(name) <= 5 and all(wish.keeps(name) for wish in wishes)
    assert not (wanted and refused)
    failed = [reason for reason, _ in prefix_filter.refused_names(tokens, places)]
    assert (refused or bool(failed)) == (not wanted)


def test_the_beginning_is_the_forced_one() -> None:
    assert PrefixFilter(Wishlist([StartsWith("ba"), MaxLength(5)]), VOCABULARY).beginning.tolist() == [2, 1]
    assert PrefixFilter(Wishlist([MaxLength(5)]), VOCABULARY).beginning.tolist() == []

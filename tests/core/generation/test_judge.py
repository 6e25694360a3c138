"""Judge: each refused draw is counted once, under the first wish that refuses it."""

from __future__ import annotations

import numpy as np

from namegen.core.data.sameness import digests, known_digests
from namegen.core.generation.wishes.wishlist import (
    Avoid,
    Contains,
    Distinct,
    Judge,
    MaxLength,
    MinDistance,
    New,
    WellFormed,
    Wishlist,
)

NAMES = ["Anna", "Bob", " Ann", "Hanna", "Hannah", "Annabella"]
COUNTS = np.array([1, 2, 4, 8, 16, 32])


def test_what_is_kept_and_what_refused_adds_up() -> None:
    wishes = [WellFormed(), MaxLength(8), Contains("nn"), New(known_digests(["HANNA"])), Avoid(["Hannah"])]
    rows, kept, refused = Judge(Wishlist(wishes)).keep(NAMES, COUNTS)
    assert (rows.tolist(), kept.names) == ([0], ["Anna"])
    assert kept.digests.tolist() == digests(["Anna"]).tolist()
    assert refused == {"not_a_name": 4, "max_length": 32, "contains": 2, "allow_seen": 8, "avoid": 16}


def test_distinct_names_are_those_not_given_yet() -> None:
    judge = Judge(Wishlist([Distinct()]))
    assert judge.given is not None
    judge.given.add(digests(["BOB"]))
    assert judge.keep(NAMES, COUNTS)[0].tolist() == [0, 2, 3, 4, 5]
    assert Judge(Wishlist()).given is None


def test_a_search_that_refuses_little_says_so() -> None:
    always = [WellFormed(), MaxLength(9)]
    nothing = [New(known_digests([])), Avoid([]), MinDistance(2, [])]
    assert Judge(Wishlist([*always, *nothing])).lets_all_through
    for wish in (New(known_digests(["a"])), Avoid(["a"]), Distinct(), Contains("a")):
        assert not Judge(Wishlist([*always, wish])).lets_all_through

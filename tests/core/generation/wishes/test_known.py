"""What was given is known again, at a small cost."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np

from namegen.core.data.sameness import digests, known_digests
from namegen.core.generation.wishes.wish import Finished
from namegen.core.generation.wishes.wishlist import Avoid, Distinct, Given, MinDistance, New


def test_each_refuses_its_names_in_any_spelling() -> None:
    names = Finished(["ANNA", "Bob", "Anne"])
    distinct = Distinct()
    distinct.given.add(digests(["bob"]))
    assert New(known_digests(["Anna"])).refuses(names).tolist() == [True, False, False]
    assert Avoid(["b-o-b"]).refuses(names).tolist() == [False, True, False]
    assert distinct.refuses(names).tolist() == [False, True, False]
    assert MinDistance(2, ["Anna"]).refuses(names).tolist() == [True, False, True]


def test_given_names_cost_at_most_16_bytes_each() -> None:
    n, rng = 2_000_000, np.random.default_rng(0)
    given = Given()
    tracemalloc.start()
    for _ in range(n // 50_000):
        given.add(rng.integers(0, 2**63, 50_000).astype(np.uint64))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 16 * n + 2_000_000
    sizes = [len(part) for part in given._parts]
    assert sum(sizes) == n
    assert all(a >= 2 * b for a, b in pairwise(sizes))


def test_given_holds_what_was_added() -> None:
    given, rng = Given(), np.random.default_rng(0)
    every: set[int] = set()
    for size in (5, 0, 1, 3, 40, 2, 2):
        marks = digests([str(number) for number in rng.integers(0, 10**9, size)])
        given.add(marks)
        every |= set(marks.tolist())
        asked = np.concatenate((marks, digests(["nobody"])))
        assert given.holds(asked).tolist() == [mark in every for mark in asked.tolist()]

"""The limit on first letters: no start is much more common than in the model."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.generation.start_limit import StartLimit

PROBABILITIES = {"abc": 0.5, "abd": 0.3, "b": 0.15, "cab": 0.01, "ca": 0.0}
# Names with one of these starts, and the label of each.
some_names = st.lists(
    st.tuples(
        st.sampled_from(sorted(PROBABILITIES)), st.sampled_from(["", "x", "yy"]), st.integers(0, 1)
    ),
    max_size=60,
)


def admits(limit: StartLimit, names: list[tuple[str, str, int]], most: int = 1_000) -> list[bool]:
    texts = [start + (end if len(start) == 3 else "") for start, end, _ in names]
    labels = np.array([label for _, _, label in names], np.int64)
    probabilities = np.array([PROBABILITIES[start] for start, _, _ in names])
    return limit.admits(texts, labels, probabilities, most=most).tolist()


@given(some_names)
@example([("abc", "x", 0)] * 60)
def test_among_the_first_k_names_of_a_label_a_start_has_at_most_1_plus_2pk(
    names: list[tuple[str, str, int]],
) -> None:
    """And a name is discarded only if it would break that."""
    admitted = admits(StartLimit(), names)
    returned: Counter[int] = Counter()
    with_start: Counter[tuple[int, str]] = Counter()
    for (start, _, label), is_admitted in zip(names, admitted, strict=True):
        would_be = with_start[label, start] + 1
        fits = would_be <= 1 + 2 * PROBABILITIES[start] * (returned[label] + 1)
        assert is_admitted == fits
        if is_admitted:
            returned[label] += 1
            with_start[label, start] = would_be


@given(some_names, st.data())
def test_the_limit_remembers_what_was_returned_before(
    names: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    """Names in several batches are admitted as in one."""
    cut = data.draw(st.integers(0, len(names)))
    limit = StartLimit()
    assert admits(limit, names[:cut]) + admits(limit, names[cut:]) == admits(StartLimit(), names)


@given(some_names, st.integers(1, 20))
@example([("abc", "x", 0)] * 400, 300)
def test_no_more_names_are_admitted_than_asked_for(
    names: list[tuple[str, str, int]], most: int
) -> None:
    """Names after the last one aren't counted as returned."""
    limit, free = StartLimit(), admits(StartLimit(), names)
    admitted = admits(limit, names, most)
    assert sum(admitted) == min(most, sum(free))
    end = len(names) - admitted[::-1].index(True) if any(admitted) else 0
    assert admitted[:end] == free[:end]
    assert admitted[:end] + admits(limit, names[end:]) == free


def test_a_discarded_name_is_admitted_once_there_are_50_names() -> None:
    """50 · 2 · 0.01 = 1, so the second one is the fiftieth name."""
    limit = StartLimit()
    rare, others = ("cab", "x", 0), [("abc", "", 0), ("abd", "", 0)]
    assert admits(limit, [rare, rare]) == [True, False]
    assert all(admits(limit, 23 * others))
    assert admits(limit, [rare, *others, rare]) == [False, True, True, True]

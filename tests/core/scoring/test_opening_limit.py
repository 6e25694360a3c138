"""Check the limit on openings: no opening is much more common than in the model."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from namegen.core.scoring.opening_limit import OpeningLimit

PROBABILITIES = {"abc": 0.5, "abd": 0.3, "b": 0.15, "cab": 0.01, "ca": 0.0}
# Names with one of these openings, and the label of each.
some_names = st.lists(
    st.tuples(
        st.sampled_from(sorted(PROBABILITIES)), st.sampled_from(["", "x", "yy"]), st.integers(0, 1)
    ),
    max_size=60,
)


def admits(limit: OpeningLimit, names: list[tuple[str, str, int]], most: int = 1_000) -> list[bool]:
    texts = [start + (end if len(start) == 3 else "") for start, end, _ in names]
    labels = np.array([label for _, _, label in names], np.int64)
    probabilities = np.array([PROBABILITIES[start] for start, _, _ in names])
    return limit.admits(texts, labels, probabilities, most=most).tolist()


@given(some_names)
@example([("abc", "x", 0)] * 60)
def test_no_opening_exceeds_the_limit(
    names: list[tuple[str, str, int]],
) -> None:
    """Among the first k names of a label, an opening of probability p occurs at most 1 + 2pk times.

    Only names that would exceed this limit are rejected.
    """
    admitted = admits(OpeningLimit(), names)
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
def test_the_limit_includes_names_of_earlier_batches(
    names: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    """Several small batches give the same result as one large batch."""
    cut = data.draw(st.integers(0, len(names)))
    limit = OpeningLimit()
    assert admits(limit, names[:cut]) + admits(limit, names[cut:]) == admits(OpeningLimit(), names)


@given(some_names, st.integers(1, 20))
@example([("abc", "x", 0)] * 400, 300)
def test_no_more_names_are_admitted_than_requested(
    names: list[tuple[str, str, int]], most: int
) -> None:
    """Names after the last admitted name don't count as returned."""
    limit, free = OpeningLimit(), admits(OpeningLimit(), names)
    admitted = admits(limit, names, most)
    assert sum(admitted) == min(most, sum(free))
    end = len(names) - admitted[::-1].index(True) if any(admitted) else 0
    assert admitted[:end] == free[:end]
    assert admitted[:end] + admits(limit, names[end:]) == free

"""Check the self-test logits, and which differences from them are errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from namegen.core.checkpoint.self_test import check_self_test, probe_tokens, self_test_logits
from namegen.errors import CheckpointError


class Fixed:
    """A model that always returns the same logits and records its input tokens."""

    def __init__(self, *logits: float) -> None:
        self.logits, self.read = np.array([logits], np.float32), []

    @property
    def vocabulary_size(self) -> int:
        return self.logits.shape[1]

    def initial_state(self, rows: int) -> None:
        assert rows == 1

    def step(self, tokens: Any, state: None) -> tuple[Any, None]:
        self.read.append(int(tokens[0]))
        return self.logits, None

    def select(self, state: None, rows: Any) -> None:
        return None


def test_the_self_test_uses_a_start_token_and_eight_characters() -> None:
    for size in (2, 3, 27, 300):
        model = Fixed(*np.zeros(size))
        self_test_logits(model, size)
        assert model.read == [size, *probe_tokens(size).tolist()]
        assert all(1 <= token < size for token in model.read[1:])
    assert len(set(probe_tokens(27).tolist())) == 8


INF, NAN = np.inf, np.nan
OTHER = "m was trained by the backend 'far', and the page computes other values"


@pytest.mark.parametrize(
    ("expected", "computed", "message"),
    [
        (
            (-INF, 1.0, 2.0),
            (-INF, 1.0, 2.0),
            None,
        ),  # −inf, for an impossible token, equals only −inf
        ((-INF, 1.0, 2.0), (0.0, 1.0, 2.0), OTHER),
        ((-10.0, 0.0), (-10.0, 0.0099), None),  # the tolerance is proportional to the largest logit
        ((-10.0, 0.0), (-10.0, 0.0101), r"differ by 0\.01"),
        ((0.1, 0.0), (0.1, 0.00099), None),  # or to 1, if all logits are smaller
        ((0.1, 0.0), (0.1, 0.00101), OTHER),
        ((0.0, 0.0), (NAN, 1.0), OTHER),
        ((NAN, NAN), (0.0, 1.0), OTHER),
        ((0.0, 0.0), (0.0, 0.0, 0.0), OTHER),
    ],
)
def test_different_logits_are_detected_but_rounding_is_allowed(
    expected: tuple[float, ...], computed: tuple[float, ...], message: str | None
) -> None:
    about = {"reader": "the page", "trained_by": "far", "name": "m", "advice": "do so"}
    of_file = np.array([expected, expected], np.float32)
    if message is None:
        return check_self_test(Fixed(*computed), of_file, 0, **about)
    with pytest.raises(CheckpointError, match=message):
        check_self_test(Fixed(*computed), of_file, 0, **about)
    if message is OTHER:
        with pytest.raises(
            CheckpointError,
            match="the backend 'far', and its present version computes other values",
        ):
            check_self_test(Fixed(*computed), of_file, 0, is_own=True, **about)
    return None

"""The probe: what differs is found, what is rounding or never possible is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from namegen.core.evaluation.evaluator import check_probe, probe, probe_tokens
from namegen.errors import CheckpointError


class Fixed:
    """A model that gives its logits whatever is read; the tokens are noted."""

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


def check(model: Fixed, expected: np.ndarray, **more: Any) -> None:
    about = {"reader": "the page", "trained_by": "far", "name": "m", "advice": "do so"}
    check_probe(model, expected, 0, **(about | more))


def test_what_is_read() -> None:
    """A beginning, then eight characters of the vocabulary, never the boundary."""
    for size in (2, 3, 27, 300):
        model = Fixed(*np.zeros(size))
        probe(model, size)
        assert model.read == [size, *probe_tokens(size).tolist()]
        assert all(1 <= token < size for token in model.read[1:])
    assert len(set(probe_tokens(27).tolist())) == 8


def test_what_never_comes_agrees_with_itself_alone() -> None:
    model = Fixed(-np.inf, 1.0, 2.0)
    check(model, probe(model, 0))
    check(Fixed(-np.inf, 1.0, 2.0005), probe(model, 0))
    for other in (Fixed(0.0, 1.0, 2.0), Fixed(np.inf, 1.0, 2.0), Fixed(-np.inf, -np.inf, 2.0)):
        with pytest.raises(
            CheckpointError, match="m was trained by the engine 'far', and the page computes other values"
        ):
            check(other, probe(model, 0))


@pytest.mark.parametrize(("moved", "fits"), [(0.0099, True), (0.0101, False)])
def test_the_limit_is_a_share_of_the_largest_logit(moved: float, fits: bool) -> None:
    expected = probe(Fixed(-10.0, 0.0), 0)
    if fits:
        check(Fixed(-10.0, moved), expected)
    else:
        with pytest.raises(CheckpointError, match=r"differ by 0\.01"):
            check(Fixed(-10.0, moved), expected)


def test_a_logit_that_is_no_number_is_called_so() -> None:
    with pytest.raises(CheckpointError, match="the page computes logits for m that are NaN, not a number"):
        check(Fixed(np.nan, 1.0), np.zeros((2, 2), np.float32))
    with pytest.raises(CheckpointError, match="computes other values"):
        check(Fixed(0.0, 1.0), np.full((2, 2), np.nan, np.float32))


def test_an_engine_that_has_changed_is_told_of_itself() -> None:
    with pytest.raises(CheckpointError, match="the engine 'far' trained m, and now computes other values"):
        check(Fixed(0.0, 1.0), np.zeros((2, 2), np.float32), is_own=True)

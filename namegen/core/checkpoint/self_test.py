"""The self-test: logits that a model's file contains, so that a loaded model can be compared with the saved one."""

from __future__ import annotations

import math

import numpy as np

from namegen.core.engine import LanguageModel
from namegen.errors import CheckpointError
from namegen.types import Array, Float, Float32, Int32

PROBE_TOKENS = 8
# The largest allowed differences, as shares of the largest logit, or of 1 if all logits are smaller.
TOLERANCE = 1e-3
QUANTISED_TOLERANCE = 2e-2


def probe_tokens(vocabulary_size: int) -> Int32[Array, "8"]:
    """Return the tokens that the self-test reads after the start token: characters, most of them different.

    >>> probe_tokens(27).tolist()
    [8, 15, 22, 3, 10, 17, 24, 5]
    """
    characters = max(vocabulary_size - 1, 1)
    tokens = 1 + 7 * np.arange(1, PROBE_TOKENS + 1) % characters
    return tokens.astype(np.int32) % np.int32(vocabulary_size)


def self_test_logits(model: LanguageModel, start_token: int) -> Float32[Array, "2 V"]:
    """Compute the self-test logits: those after the start token, and those after some fixed tokens.

    A model's file contains them, so another program can check whether it computes the same network.

    Args:
        model: Any LanguageModel.
        start_token: The id of the start token, ``Network.start_tokens[0]``.
    """
    logits, state = model.step(np.array([start_token], np.int32), model.initial_state(1))
    after_start = logits[0]  # (V,)
    for token in probe_tokens(model.vocabulary_size):
        logits, state = model.step(np.array([token], np.int32), state)
    return np.stack([after_start, logits[0]]).astype(np.float32)


def check_self_test(
    model: LanguageModel,
    expected: Float32[Array, "2 V"] | None,
    start_token: int,
    *,
    reader: str,
    trained_by: str,
    name: str,
    advice: str,
    is_own: bool = False,
    tolerance: float = TOLERANCE,
) -> None:
    """Raise an error if a loaded model's logits differ from those that were stored when it was saved.

    Args:
        model: The loaded model.
        expected: The self-test logits in its file; None: don't check.
        start_token: The id of the start token.
        reader: The program that loaded the model, for the error message.
        trained_by: The backend that trained it.
        name: The model's name, for the error message.
        advice: What the user can do, for the error message.
        is_own: Whether the reader is the backend that trained the model.
        tolerance: The largest difference that rounding explains, as a share of the largest logit.

    Raises:
        CheckpointError: If the difference is larger, a logit isn't a number, or the model has another vocabulary.
    """
    if expected is None:
        return
    with np.errstate(all="ignore"):
        computed = self_test_logits(model, start_token)
    difference, largest = difference_of(computed, expected)
    if difference <= tolerance * max(1.0, largest):
        return
    if is_own:
        reader = "its present version"
        advice = "use the version of the backend that trained it, or train it again"
    raise CheckpointError(
        f"{name} was trained by the backend {trained_by!r}, and {reader} computes other values for it (logits that "
        f"differ by {difference:.2g}): {advice}"
    )


def difference_of(
    computed: Float[Array, "..."], expected: Float[Array, "..."]
) -> tuple[float, float]:
    """Return the largest absolute difference of two arrays of logits, and the largest expected logit.

    A logit may be −inf, for a token that never occurs. If only one of two logits is −inf, the difference is infinite.
    It's also infinite if an array contains NaN, or if their shapes differ.

    >>> difference_of(np.array([1.0, -np.inf]), np.array([1.5, -np.inf]))
    (0.5, 1.5)
    """
    if computed.shape != expected.shape:
        return math.inf, 0.0
    is_finite = np.isfinite(expected)
    finite_expected = expected[is_finite]
    finite_computed = computed[is_finite]
    largest = float(np.abs(finite_expected).max(initial=0.0))
    same_infinities = np.array_equal(computed[~is_finite], expected[~is_finite])
    if not same_infinities or not np.isfinite(finite_computed).all():
        return math.inf, largest
    difference = np.abs(finite_computed - finite_expected).max(initial=0.0)
    return float(difference), largest

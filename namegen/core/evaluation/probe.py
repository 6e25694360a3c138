"""The probe: what a model computes on fixed tokens. A checkpoint carries it, and every reader computes it again.

Names and shapes of parameters alone do not tell what an engine makes of them: one that computes something else under a
known name would read the file of another without a word, and give wrong names.
"""

from __future__ import annotations

import numpy as np

from namegen.core.engine import LanguageModel
from namegen.errors import CheckpointError
from namegen.types import Array, Float, Float32, Int32

PROBE_TOKENS = 8
TOLERANCE, QUANTISED_TOLERANCE = 1e-3, 2e-2  # shares of the largest logit, or of 1 where all are smaller


def probe_tokens(vocabulary_size: int) -> Int32[Array, "8"]:
    """The tokens that are read after a beginning: none of them the boundary, most of them different.

    >>> probe_tokens(27).tolist()
    [8, 15, 22, 3, 10, 17, 24, 5]
    """
    characters = max(vocabulary_size - 1, 1)
    return (1 + 7 * np.arange(1, PROBE_TOKENS + 1) % characters).astype(np.int32) % np.int32(vocabulary_size)


def probe(model: LanguageModel, beginning: int) -> Float32[Array, "2 V"]:
    """The logits after the beginning, and after the fixed tokens behind it.

    Args:
        model: whose.
        beginning: the first id, ``Network.beginnings[0]``.
    """
    logits, state = model.step(np.array([beginning], np.int32), model.initial_state(1))
    first = logits[0]
    for token in probe_tokens(model.vocabulary_size):
        logits, state = model.step(np.array([token], np.int32), state)
    return np.stack([first, logits[0]]).astype(np.float32)


def check_probe(
    model: LanguageModel,
    expected: Float32[Array, "2 V"] | None,
    beginning: int,
    *,
    reader: str,
    trained_by: str,
    name: str,
    advice: str,
    is_own: bool = False,
    tolerance: float = TOLERANCE,
) -> None:
    """Refuse a model that computes something else than the one that was saved.

    Args:
        model: what was made of the file.
        expected: the file's probe; None, of a file of version 1: nothing can be checked.
        beginning: the first id.
        reader: what has made the model, as a message calls it.
        trained_by: the engine that trained it.
        name: the model, as a message calls it.
        advice: what to do then.
        is_own: whether the reader is the engine that trained it.
        tolerance: the largest difference that rounding explains, a share of the largest logit.

    Raises:
        CheckpointError: the difference is larger, or a logit is not a number.
    """
    if expected is None:
        return
    with np.errstate(all="ignore"):
        found = probe(model, beginning)
    if np.isnan(found).any():
        raise CheckpointError(
            f"{reader} computes logits for {name} that are NaN, not a number: train anew, or {advice}"
        )
    if found.shape != expected.shape:
        raise CheckpointError(
            f"the probe of {name} has the shape {expected.shape}, and its network gives {found.shape}: {advice}"
        )
    difference, largest = difference_of(found, expected)
    if difference <= tolerance * max(1.0, largest):
        return
    differ = f"(logits that differ by {difference:.2g})"
    if is_own:
        raise CheckpointError(
            f"the engine {trained_by!r} trained {name}, and now computes other values for it {differ}: use the "
            "version of the engine that trained it, or train anew"
        )
    raise CheckpointError(
        f"{name} was trained by the engine {trained_by!r}, and {reader} computes other values for it {differ}: {advice}"
    )


def difference_of(found: Float[Array, "..."], expected: Float[Array, "..."]) -> tuple[float, float]:
    """The largest difference of two arrays of logits, and the largest logit of the second.

    A model may give −inf for what never comes: where both do they agree, where one does they are infinitely apart; and
    so they are where a file's own probe holds a NaN.
    """
    finite = np.isfinite(expected)
    largest = float(np.abs(expected, where=finite, out=np.zeros_like(expected)).max())
    if not np.array_equal(found[~finite], expected[~finite]) or not np.isfinite(found[finite]).all():
        return float("inf"), largest
    return float(np.abs(found[finite] - expected[finite]).max(initial=0.0)), largest

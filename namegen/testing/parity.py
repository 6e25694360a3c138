"""That an engine computes the network of namegen: the NumPy engine is what it must equal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from namegen.core.engine import EngineClass, Step
from namegen.testing.checks import Check
from namegen.testing.material import TOKENS, expect, expect_close, read, small_engine, small_network, small_steps

CLIP_NORMS = {"simple_rnn": 0.85, "gru": 0.9, "lstm": 0.33}  # of the steps below, some gradients are longer than this


def check_same_logits(engine_class: EngineClass, cell: str) -> None:
    """The same parameters give the same logits."""
    for dtype in ("float32", "float64"):
        engine = small_engine(engine_class, cell, train=False, dtype=dtype)
        reference = small_engine(_reference(), cell, number=9, train=False, dtype=dtype)
        for found, expected in zip(read(engine, TOKENS), read(reference, TOKENS), strict=True):
            expect_close(found, expected, f"{cell} in {dtype}")


def check_same_training(engine_class: EngineClass, cell: str) -> None:
    """By each optimizer, the same losses and the same parameters over 20 steps; clipped in some of them."""
    _check_same_training(engine_class, cell)
    _check_same_training(engine_class, cell, optimizer="momentum", momentum=0.8)
    _check_same_training(engine_class, cell, optimizer="rmsprop")
    _check_same_training(engine_class, cell, optimizer="sgd", clip_norm=CLIP_NORMS[cell])


def check_same_training_in_float32(engine_class: EngineClass, cell: str) -> None:
    """In single precision too, as far as its rounding lets them."""
    _check_same_training(engine_class, cell, dtype="float32", tolerance=1e-3)


def check_same_without_through_time(engine_class: EngineClass, cell: str) -> None:
    """The same where no gradient passes through the hidden state."""
    _check_same_training(engine_class, cell, through_time=False)


def check_same_with_masks_and_targets(engine_class: EngineClass, cell: str) -> None:
    """The same where steps leave something out and batches say what should follow, clipped in some of them."""
    network = small_network(cell)
    _check_same_training(engine_class, cell, steps=partial(small_steps, 20, masked=network))
    _check_same_training(engine_class, cell, steps=partial(small_steps, 20, soft=True), optimizer="sgd", clip_norm=0.2)
    _check_same_training(engine_class, cell, steps=partial(small_steps, 20, masked=network, soft=True))


NETWORK_CHECKS: dict[str, Check] = {
    "same logits": check_same_logits,
    "same training": check_same_training,
    "same training in float32": check_same_training_in_float32,
    "same without through_time": check_same_without_through_time,
    "same with masks and targets": check_same_with_masks_and_targets,
}


def _check_same_training(
    engine_class: EngineClass,
    cell: str,
    *,
    steps: Callable[[], Iterator[Step]] | None = None,
    dtype: str = "float64",
    tolerance: float = 1e-9,
    **settings: Any,
) -> None:
    """``steps``: by default 20 plain ones. ``tolerance``: a share of a tensor's largest value, the law of parity."""
    steps = steps or partial(small_steps, 20)
    engine = small_engine(engine_class, cell, dtype=dtype, **settings)
    # Another object by its number, also where the engine is the NumPy engine.
    reference = small_engine(_reference(), cell, number=9, dtype=dtype, **settings)
    losses, expected_losses = (one.train_epoch(steps()).loss_sum for one in (engine, reference))
    np.testing.assert_allclose(losses, expected_losses, rtol=tolerance, err_msg=f"losses, {cell}, {settings}")
    state, expected = engine.get_state(), reference.get_state()
    expect(state.keys() == expected.keys(), f"the states differ in {sorted(state.keys() ^ expected.keys())}")
    for name, values in expected.items():
        largest = float(np.abs(values).max())
        np.testing.assert_allclose(
            state[name], values, rtol=0, atol=tolerance * largest, err_msg=f"{name}, {cell}, {settings}"
        )


def _reference() -> EngineClass:
    from namegen.backends.numpy_engine.engine import NumpyEngine

    return NumpyEngine

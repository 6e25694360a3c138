"""Compare each optimizer with its formula, written in plain Python for a single number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from namegen.backends.numpy_engine.optimizers import VectorOptimizer
from namegen.core.engine import clipped
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings

RATES = [0.1, 0.1, 0.05, 0.2, 0.0, 0.01, 0.01, 0.3]  # a schedule changes the rate from step to step
MOMENTUM = 0.8


def sgd(gradients: list[float], w: float) -> tuple[float, dict[str, float]]:
    for lr, g in zip(RATES, gradients, strict=True):
        w = w - lr * g
    return w, {}


def momentum(gradients: list[float], w: float) -> tuple[float, dict[str, float]]:
    u = 0.0
    for lr, g in zip(RATES, gradients, strict=True):
        u = MOMENTUM * u + lr * (1 - MOMENTUM) * g
        w = w - u
    return w, {"u": u}


def rmsprop(gradients: list[float], w: float) -> tuple[float, dict[str, float]]:
    v = 0.0
    for lr, g in zip(RATES, gradients, strict=True):
        v = 0.9 * v + (1 - 0.9) * g**2
        w = w - lr * g / math.sqrt(v + 1e-7)
    return w, {"v": v}


def adam(gradients: list[float], w: float) -> tuple[float, dict[str, float]]:
    m = v = 0.0
    for t, (lr, g) in enumerate(zip(RATES, gradients, strict=True), start=1):
        m = 0.9 * m + (1 - 0.9) * g
        v = 0.999 * v + (1 - 0.999) * g**2
        w = w - lr * math.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (math.sqrt(v) + 1e-7)
    return w, {"m": m, "v": v}


FORMULAS = {formula.__name__: formula for formula in (sgd, momentum, rmsprop, adam)}


def draw_gradients() -> np.ndarray:
    """Return one row of gradients per step.

    The gradients have very different sizes. One parameter's gradient is always zero.
    """
    gradients = np.random.default_rng(8).normal(size=(len(RATES), 6)) * [1, 1e-3, 1e-8, 1e6, 0, 1]
    gradients[3, 5] = 0
    return gradients


@pytest.mark.parametrize(("dtype", "accuracy"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_follow_their_formulas(name: str, dtype: str, accuracy: float) -> None:
    """Parameters and slots keep their dtype."""
    gradients = draw_gradients().astype(dtype)
    w = np.linspace(-1, 1, gradients.shape[1]).astype(dtype)
    start = w.tolist()
    optimizer = VectorOptimizer(TrainingSettings(optimizer=name, momentum=MOMENTUM), w)
    for lr, g in zip(RATES, gradients, strict=True):
        kept = g.copy()
        optimizer.update(w, g, lr)
        np.testing.assert_array_equal(g, kept)  # the gradient isn't changed
    assert optimizer.step == len(RATES)
    assert {w.dtype, *(values.dtype for values in optimizer.slots.values())} == {np.dtype(dtype)}
    for place, first in enumerate(start):
        expected, slots = FORMULAS[name](gradients[:, place].tolist(), first)
        assert w[place] == pytest.approx(expected, rel=accuracy, abs=accuracy / 10)
        assert set(slots) == set(optimizer.slots)
        for slot, value in slots.items():
            assert optimizer.slots[slot][place] == pytest.approx(value, rel=accuracy, abs=1e-300)


@pytest.mark.parametrize(
    ("gradient", "norm", "expected"),
    [
        ([3, -4, 12], 2, [6 / 13, -8 / 13, 24 / 13]),  # the gradient's norm is 13
        ([3, -4, 12], 13, [3, -4, 12]),
        ([0, 0], 1, [0, 0]),
        ([3e25, -4e25], 1, [0.6, -0.8]),  # the squares overflow float32
    ],
)
def test_clipping_limits_the_norm_of_all_tensors_together(
    gradient: list[float], norm: float, expected: list[float]
) -> None:
    tensors = np.array_split(np.array(gradient, np.float32), 2)
    result = np.concatenate(clipped(tensors, TrainingSettings(clip_norm=norm), np))
    np.testing.assert_allclose(result, np.array(expected, np.float32), rtol=1e-6, strict=True)

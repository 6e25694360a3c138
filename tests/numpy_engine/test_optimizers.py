"""Each optimizer against its formula, written out for one number after the other in plain Python."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from namegen.backends.numpy_engine.optimizers import (
    Adam,
    GradientDescent,
    Momentum,
    Optimizer,
    RMSprop,
    clip,
    make_optimizer,
)
from namegen.core.settings import OPTIMIZERS, TrainingSettings

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


FORMULAS: dict[str, Callable[[list[float], float], tuple[float, dict[str, float]]]] = {
    "sgd": sgd,
    "momentum": momentum,
    "rmsprop": rmsprop,
    "adam": adam,
}


def make(name: str, w: np.ndarray) -> Optimizer:
    return make_optimizer(TrainingSettings(optimizer=name, momentum=MOMENTUM), w)


def draw_gradients() -> np.ndarray:
    """One row a step: of very different sizes, and one number whose gradient is always zero."""
    gradients = np.random.default_rng(8).normal(size=(len(RATES), 6)) * [1, 1e-3, 1e-8, 1e6, 0, 1]
    gradients[3, 5] = 0
    return gradients


def test_every_optimizer_has_a_formula_here() -> None:
    kinds = {"sgd": GradientDescent, "momentum": Momentum, "rmsprop": RMSprop, "adam": Adam}
    assert set(FORMULAS) == set(OPTIMIZERS) == set(kinds)
    for name, kind in kinds.items():
        assert type(make(name, np.zeros(2))) is kind


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name: str) -> None:
    gradients = draw_gradients()
    w = np.linspace(-1, 1, gradients.shape[1])
    start = w.tolist()
    optimizer = make(name, w)
    for lr, g in zip(RATES, gradients, strict=True):
        kept = g.copy()
        optimizer.update(w, g, lr)
        np.testing.assert_array_equal(g, kept)  # the gradient is the caller's
    assert optimizer.step == len(RATES)
    assert tuple(optimizer.state) == optimizer.slots
    for place, first in enumerate(start):
        expected, slots = FORMULAS[name](gradients[:, place].tolist(), first)
        assert w[place] == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert set(slots) == set(optimizer.slots)
        for slot, value in slots.items():
            assert optimizer.state[slot][place] == pytest.approx(value, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("name", FORMULAS)
def test_float32_stays_float32(name: str) -> None:
    """Single precision follows the formula to its own accuracy, and nothing is widened on the way."""
    gradients = draw_gradients().astype(np.float32)
    w = np.linspace(-1, 1, gradients.shape[1]).astype(np.float32)
    start = w.tolist()
    optimizer = make(name, w)
    for lr, g in zip(RATES, gradients, strict=True):
        optimizer.update(w, g, lr)
    assert {w.dtype, *(values.dtype for values in optimizer.state.values())} == {np.dtype(np.float32)}
    expected = [FORMULAS[name](gradients[:, place].tolist(), first)[0] for place, first in enumerate(start)]
    np.testing.assert_allclose(w, expected, rtol=1e-5, atol=1e-6)


def test_momentum_is_kerass_sgd_fed_a_damped_rate() -> None:
    """The damped form is Keras's ``SGD(momentum=m)``, ``v ← m·v − lr·g; w ← w + v``, given ``lr·(1−m)``: u is −v."""
    gradients = draw_gradients()
    w = np.linspace(-1, 1, gradients.shape[1])
    keras_w, keras_v = w.copy(), np.zeros_like(w)
    optimizer = make("momentum", w)
    for lr, g in zip(RATES, gradients, strict=True):
        optimizer.update(w, g, lr)
        fed = lr * (1 - MOMENTUM)
        keras_v = MOMENTUM * keras_v - fed * g
        keras_w = keras_w + keras_v
    np.testing.assert_allclose(w, keras_w, rtol=1e-13)
    np.testing.assert_allclose(optimizer.state["u"], -keras_v, rtol=1e-13)


@pytest.mark.parametrize("name", FORMULAS)
def test_reset(name: str) -> None:
    """After a reset the same gradients do the same again."""
    gradients = draw_gradients()
    found = []
    optimizer = make(name, np.zeros(gradients.shape[1]))
    for _ in range(2):
        optimizer.reset()
        w = np.zeros(gradients.shape[1])
        for lr, g in zip(RATES, gradients, strict=True):
            optimizer.update(w, g, lr)
        found.append(w)
    np.testing.assert_array_equal(found[0], found[1])


def test_clip_shortens_to_the_norm_and_keeps_the_direction() -> None:
    gradient = np.array([3.0, -4.0, 12.0])  # of length 13
    expected = gradient * (2 / 13)
    clip(gradient, 2.0)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)


@pytest.mark.parametrize("norm", [13.0, 14.0])
def test_clip_leaves_a_short_gradient_alone(norm: float) -> None:
    gradient = np.array([3.0, -4.0, 12.0])
    clip(gradient, norm)
    assert gradient.tolist() == [3, -4, 12]


def test_clip_of_nothing() -> None:
    gradient = np.zeros(3, np.float32)
    clip(gradient, 1.0)
    assert gradient.tolist() == [0, 0, 0]


def test_clip_of_a_gradient_whose_squares_overflow() -> None:
    """An exploded gradient is what clipping is for: it becomes short, not zero."""
    gradient = np.array([3e25, -4e25], np.float32)
    clip(gradient, 1.0)
    np.testing.assert_allclose(gradient, [0.6, -0.8], rtol=1e-6)

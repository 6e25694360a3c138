"""Comparisons that raise AssertionError by themselves, with one sentence that says what differs and by how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from namegen.types import Array


def expect(holds: bool | np.bool, message: str) -> None:
    """Raise AssertionError with the message unless it holds."""
    if not holds:
        raise AssertionError(message)


def expect_error(kind: type[Exception], call: Callable[[], object], what: str) -> None:
    """Raise AssertionError unless the call raises an error of that kind."""
    try:
        call()
    except kind:
        return
    except Exception as error:
        raise AssertionError(f"{what} raised {type(error).__name__} ({error}): expected {kind.__name__}") from error
    raise AssertionError(f"{what} was let through: expected {kind.__name__}")


def expect_within(found: Array, expected: Array, limit: float, what: str) -> None:
    """No two numbers further apart than the limit; infinities of one sign are equal, NaN is far from everything."""
    expect(found.shape == expected.shape, f"{what} has the shape {found.shape}: expected {expected.shape}")
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(found == expected, 0, np.abs(found.astype(np.float64) - expected))
    if not (apart <= limit).all():
        place = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
        at = f" at {tuple(map(int, place))}" if place else ""
        raise AssertionError(
            f"{what} differs by {apart[place]:.2g}{at}, where {limit:.2g} is allowed: found {found[place]:.9g}, "
            f"expected {expected[place]:.9g}"
        )


def expect_close(found: Array, expected: Array, what: str) -> None:
    """Equal but for rounding: of a matrix product's own order of adding, no more."""
    tolerance = 1e-5 if found.dtype == np.float32 else 1e-12
    largest = float(np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max())
    expect_within(found, expected, tolerance * max(1.0, largest), what)


def expect_equal(found: Array, expected: Array, what: str) -> None:
    """Bit for bit."""
    expect_within(found, expected, 0.0, what)


def expect_same(found: Mapping[str, Array], expected: Mapping[str, Array], what: str) -> None:
    """Two states with the same names, types and bits.

    Args:
        found: a state.
        expected: what it must be.
        what: where the state comes from, for the message.
    """
    expect(found.keys() == expected.keys(), f"{what}: the states differ in {sorted(found.keys() ^ expected.keys())}")
    for name, values in expected.items():
        expect(found[name].dtype == values.dtype, f"{what}: {name} is {found[name].dtype}: expected {values.dtype}")
        expect_equal(found[name], values, f"{what}: {name}")

"""Compare results in checks, and raise an AssertionError that describes the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np

from namegen.core.network.architecture import Network
from namegen.testing.material import small_network
from namegen.types import Array

# A check of an engine class with a cell or a small network, or of a model with rows of tokens that it can read.
Check: TypeAlias = Callable[..., None]
# The rounding error of sums in a different order. It's relative to the largest number, or absolute if that's below 1.
FLOAT32_ROUNDING = 1e-5
FLOAT64_ROUNDING = 1e-12


def expect(holds: bool | np.bool, message: str) -> None:
    """Raise an AssertionError with this message unless the condition holds."""
    if not holds:
        raise AssertionError(message)


def expect_error(error_class: type[Exception], call: Callable[[], object], subject: str) -> None:
    """Raise an AssertionError unless the call raises an error of this class.

    Args:
        error_class: the expected class.
        call: the function to call.
        subject: a description of the call for the message.
    """
    try:
        call()
    except error_class:
        return
    except Exception as error:
        raise AssertionError(
            f"{subject} raised {type(error).__name__} ({error}): expected {error_class.__name__}"
        ) from error
    raise AssertionError(f"{subject} was accepted: expected {error_class.__name__}")


def expect_within(actual: Array, expected: Array, limit: float, subject: str) -> None:
    """Expect that no number of an array differs from the expected number by more than the limit.

    Equal infinities count as equal. NaN differs from everything.

    Args:
        actual: the array.
        expected: the array to compare with.
        limit: the largest allowed difference.
        subject: a description of the array for the message.
    """
    expect(
        actual.shape == expected.shape,
        f"{subject} has the shape {actual.shape}: expected {expected.shape}",
    )
    with np.errstate(invalid="ignore", over="ignore"):
        differences = np.abs(actual.astype(np.float64) - expected)
    differences = np.where(actual == expected, 0, differences)
    if (differences <= limit).all():
        return
    # Find the largest difference for the message. NaN is the worst.
    comparable = np.where(np.isnan(differences), np.inf, differences)
    worst = np.unravel_index(int(np.argmax(comparable)), differences.shape)
    location = f" at {tuple(map(int, worst))}" if worst else ""
    raise AssertionError(
        f"{subject} differs by {differences[worst]:.2g}{location}, where {limit:.2g} is allowed: "
        f"it is {actual[worst]:.9g}, expected {expected[worst]:.9g}"
    )


def expect_close(actual: Array, expected: Array, subject: str) -> None:
    """Expect the same numbers, except for rounding errors, because matrix products can add numbers in any order."""
    rounding = FLOAT32_ROUNDING if actual.dtype == np.float32 else FLOAT64_ROUNDING
    finite = expected[np.isfinite(expected)]
    largest_magnitude = float(np.abs(finite).max(initial=1))
    expect_within(actual, expected, rounding * largest_magnitude, subject)


def expect_same(
    actual: Mapping[str, Array], expected: Mapping[str, Array], subject: str, tolerance: float = 0.0
) -> None:
    """Expect a state with the same names, types and numbers.

    Args:
        actual: the state.
        expected: the state to compare with.
        subject: a description of the state for the message.
        tolerance: the allowed difference, relative to the largest number of each tensor.

    >>> expect_same({"output.bias": np.zeros(2)}, {"output.bias": np.zeros(2)}, "after a step of rate 0")
    """
    different_names = sorted(actual.keys() ^ expected.keys())
    expect(not different_names, f"{subject}: the states differ in {different_names}")
    for name, values in expected.items():
        expect(
            actual[name].dtype == values.dtype,
            f"{subject}: {name} is {actual[name].dtype}: expected {values.dtype}",
        )
        limit = tolerance * float(np.abs(values).max(initial=0))
        expect_within(actual[name], values, limit, f"{subject}: {name}")


def named(module: Mapping[str, object]) -> dict[str, Check]:
    """Collect the checks of a module by name, such as ``"reading only"`` for the function ``check_reading_only``.

    Each check takes an engine class and a network, or the name of a cell, for which it makes a small network. If it
    fails, or if the engine raises any error, it raises an AssertionError that starts with the check's name.

    Args:
        module: what ``globals()`` returns in the module.
    """
    checks: dict[str, Check] = {}
    for function_name, check in module.items():
        if function_name.startswith("check_") and callable(check):
            name = function_name.removeprefix("check_").replace("_", " ")
            checks[name] = partial(_run_check, name, check)
    return checks


def _run_check(name: str, check: Check, subject: object, material: object) -> None:
    """Run a check of an engine class with a network or the name of a cell, or of a model with rows of tokens."""
    context = f"check {name!r}"
    if isinstance(material, str):
        context += f", cell {material}"
        material = small_network(material)
    elif isinstance(material, Network):
        context += f", architecture {material.architecture}"
        material = small_network(material)
    try:
        check(subject, material)
    except AssertionError as error:
        raise AssertionError(f"{context}: {error}") from error
    except Exception as error:
        raise AssertionError(
            f"{context}: the backend raised {type(error).__name__}: {error}"
        ) from error

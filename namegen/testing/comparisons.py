"""Comparisons for the checks. They raise an AssertionError that describes the difference.

``named`` adds the check's name and the cell to each error. A difference after training also names the optimizer's
formula (``describe_training``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec

import numpy as np

from namegen.core.network.architecture import Network
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.types import Array

P = ParamSpec("P")

# Rounding differences if numbers are added in another order: relative to the largest number, absolute if it's below 1.
FLOAT32_ROUNDING = 1e-5
FLOAT64_ROUNDING = 1e-12
CLIPPING = "g ← g·min(1, {norm}/‖g‖), ‖g‖ of the masked gradients of all parameters together, its squares in float64"
TRUNCATION = "the state before each character, all of its arrays, counts as a constant"


def expect(holds: bool | np.bool, message: str) -> None:
    """Raise an AssertionError with this message unless the condition holds."""
    if not holds:
        raise AssertionError(message)


def expect_error(error_class: type[Exception], call: Callable[[], object], subject: str) -> None:
    """Raise an AssertionError unless the call raises an error of this class.

    Args:
        error_class: the expected class.
        call: what to call.
        subject: what's wrong with the call, for the message.
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


def expect_near(actual: float, expected: float, tolerance: float, subject: str) -> None:
    """Expect a number with at most a relative difference of ``tolerance``."""
    expect(
        abs(actual - expected) <= tolerance * abs(expected),
        f"{subject} is {actual:.12g}: expected {expected:.12g}",
    )


def expect_within(actual: Array, expected: Array, limit: float, subject: str) -> None:
    """Expect an array in which no number differs by more than the limit.

    Equal infinities don't differ. NaN differs from everything.

    Args:
        actual: the array.
        expected: what it must be.
        limit: the largest allowed difference.
        subject: what the array is, for the message.
    """
    expect(
        actual.shape == expected.shape,
        f"{subject} has the shape {actual.shape}: expected {expected.shape}",
    )
    with np.errstate(invalid="ignore", over="ignore"):
        difference = np.abs(actual.astype(np.float64) - expected)
        difference = np.where(actual == expected, 0, difference)
    if (difference <= limit).all():
        return
    comparable = np.where(np.isnan(difference), np.inf, difference)
    worst = np.unravel_index(int(np.argmax(comparable)), difference.shape)
    location = f" at {tuple(map(int, worst))}" if worst else ""
    raise AssertionError(
        f"{subject} differs by {difference[worst]:.2g}{location}, where {limit:.2g} is allowed: "
        f"it is {actual[worst]:.9g}, expected {expected[worst]:.9g}"
    )


def expect_close(actual: Array, expected: Array, subject: str) -> None:
    """Expect an array that differs only by rounding, because a matrix product may add in any order."""
    tolerance = FLOAT32_ROUNDING if actual.dtype == np.float32 else FLOAT64_ROUNDING
    finite = np.isfinite(expected)
    magnitudes = np.abs(expected, where=finite, out=np.zeros(expected.shape))
    largest = max(1.0, float(magnitudes.max()))
    expect_within(actual, expected, tolerance * largest, subject)


def expect_equal(actual: Array, expected: Array, subject: str) -> None:
    """Expect exactly the same numbers."""
    expect_within(actual, expected, 0.0, subject)


def expect_same(
    actual: Mapping[str, Array], expected: Mapping[str, Array], subject: str, tolerance: float = 0.0
) -> None:
    """Expect a state with the same names, types and, within a tolerance, the same numbers.

    Args:
        actual: the state.
        expected: what it must be.
        subject: where the state comes from, for the message.
        tolerance: relative to the largest number of each tensor.

    >>> expect_same({"output.bias": np.zeros(2)}, {"output.bias": np.zeros(2)}, "after a step of rate 0")
    """
    expect(
        actual.keys() == expected.keys(),
        f"{subject}: the states differ in {sorted(actual.keys() ^ expected.keys())}",
    )
    for name, values in expected.items():
        expect(
            actual[name].dtype == values.dtype,
            f"{subject}: {name} is {actual[name].dtype}: expected {values.dtype}",
        )
        limit = tolerance * float(np.abs(values).max(initial=0))
        expect_within(actual[name], values, limit, f"{subject}: {name}")


def named(module: Mapping[str, object], prefix: str = "check_") -> dict[str, Callable[..., None]]:
    """The checks of a module by their names, such as ``"few names"`` for ``check_few_names``.

    Any exception inside a check becomes an AssertionError that contains the check's name.

    Args:
        module: the module's names and what they refer to.
        prefix: the prefix of all functions that are checks.
    """
    checks: dict[str, Callable[..., None]] = {}
    for function_name, check in module.items():
        if function_name.startswith(prefix) and callable(check):
            name = function_name.removeprefix(prefix).replace("_", " ")
            checks[name] = _with_name(name, check)
    return checks


def _with_name(name: str, check: Callable[P, None]) -> Callable[P, None]:
    """A check whose errors contain its name, and the cell or the architecture that it was called with."""

    @wraps(check)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        context = f"check {name!r}"
        for argument in (*args, *kwargs.values()):
            if isinstance(argument, str):
                context += f", cell {argument}"
            elif isinstance(argument, Network):
                context += f", architecture {argument.architecture}"
        try:
            check(*args, **kwargs)
        except AssertionError as error:
            raise AssertionError(f"{context}: {error}") from error
        except Exception as error:
            raise AssertionError(
                f"{context}: the backend raised {type(error).__name__}: {error}"
            ) from error

    return run


def describe_training(training: TrainingSettings) -> str:
    """Describe how a step changes the parameters: the optimizer's formula, clipping and truncation.

    >>> describe_training(TrainingSettings(optimizer="sgd"))
    'optimizer sgd (w ← w − lr·g)'
    """
    formula = OPTIMIZERS[training.optimizer].formula.format(**training.hyperparameters)
    description = f"optimizer {training.optimizer} ({formula})"
    if training.clip_norm is not None:
        description += f", clipped ({CLIPPING.format(norm=training.clip_norm)})"
    if not training.bptt:
        description += f", without bptt ({TRUNCATION})"
    return description

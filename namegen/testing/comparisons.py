"""Compare results in checks, and raise an AssertionError that describes the difference.

``named`` adds the check's name and the cell to each error. Errors about differences after training also contain the
optimizer's formula (see ``describe_training``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from namegen.core.network.architecture import Network
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import TrainingSettings
from namegen.types import Array

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


def expect_near(actual: float, expected: float, tolerance: float, subject: str) -> None:
    """Expect the relative difference between two numbers to be at most ``tolerance``."""
    expect(
        abs(actual - expected) <= tolerance * abs(expected),
        f"{subject} is {actual:.12g}: expected {expected:.12g}",
    )


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
    differences = _absolute_differences(actual, expected)
    if (differences <= limit).all():
        return
    worst = _index_of_largest(differences)
    location = f" at {worst}" if worst else ""
    raise AssertionError(
        f"{subject} differs by {differences[worst]:.2g}{location}, where {limit:.2g} is allowed: "
        f"it is {actual[worst]:.9g}, expected {expected[worst]:.9g}"
    )


def _absolute_differences(actual: Array, expected: Array) -> Array:
    """Return the absolute differences in float64: 0 for equal infinities, and NaN if a number is NaN."""
    with np.errstate(invalid="ignore", over="ignore"):
        differences = np.abs(actual.astype(np.float64) - expected)
        return np.where(actual == expected, 0, differences)


def _index_of_largest(differences: Array) -> tuple[int, ...]:
    """Return the index of the largest difference. NaN counts as infinite."""
    comparable = np.where(np.isnan(differences), np.inf, differences)
    index = np.unravel_index(int(np.argmax(comparable)), differences.shape)
    return tuple(map(int, index))


def expect_close(actual: Array, expected: Array, subject: str) -> None:
    """Expect the same numbers, except for rounding errors, because matrix products can add numbers in any order."""
    tolerance = FLOAT32_ROUNDING if actual.dtype == np.float32 else FLOAT64_ROUNDING
    is_finite = np.isfinite(expected)
    magnitudes = np.abs(expected, where=is_finite, out=np.zeros(expected.shape))  # 0 for infinities
    largest_magnitude = max(1.0, float(magnitudes.max()))
    expect_within(actual, expected, tolerance * largest_magnitude, subject)


def expect_equal(actual: Array, expected: Array, subject: str) -> None:
    """Expect exactly the same numbers."""
    expect_within(actual, expected, 0.0, subject)


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
        largest_magnitude = float(np.abs(values).max(initial=0))
        limit = tolerance * largest_magnitude
        expect_within(actual[name], values, limit, f"{subject}: {name}")


def named(module: Mapping[str, object], prefix: str = "check_") -> dict[str, Callable[..., None]]:
    """Return the checks of a module by name, such as ``"few names"`` for ``check_few_names``.

    Every exception inside a check becomes an AssertionError that contains the check's name.

    Args:
        module: the contents of the module.
        prefix: the prefix of all functions that are checks.
    """
    checks: dict[str, Callable[..., None]] = {}
    for function_name, check in module.items():
        if function_name.startswith(prefix) and callable(check):
            name = function_name.removeprefix(prefix).replace("_", " ")
            checks[name] = NamedCheck(name, check)
    return checks


@dataclass(frozen=True)
class NamedCheck:
    """A check whose errors contain its name and the checked cell or architecture."""

    name: str
    check: Callable[..., None]

    def __call__(self, *arguments: object) -> None:
        """Run the check.

        Raises:
            AssertionError: the check fails, or the backend raises any error.
        """
        context = self._describe_call(arguments)
        try:
            self.check(*arguments)
        except AssertionError as error:
            raise AssertionError(f"{context}: {error}") from error
        except Exception as error:
            raise AssertionError(
                f"{context}: the backend raised {type(error).__name__}: {error}"
            ) from error

    def _describe_call(self, arguments: Sequence[object]) -> str:
        """Return the name of the check, with the cell or the architecture if it's among the arguments."""
        description = f"check {self.name!r}"
        for argument in arguments:
            if isinstance(argument, str):
                description += f", cell {argument}"
            elif isinstance(argument, Network):
                description += f", architecture {argument.architecture}"
        return description


def describe_training(training: TrainingSettings) -> str:
    """Describe how a step changes the parameters: the optimizer's formula, clipping and truncation.

    >>> describe_training(TrainingSettings(optimizer="sgd"))
    'optimizer sgd (w ← w − lr·g)'
    """
    formula = OPTIMIZERS[training.optimizer].formula.format(**training.hyperparameters)
    description = f"optimizer {training.optimizer} ({formula})"
    if training.clip_norm is not None:
        description += (
            f", clipped (g ← g·min(1, {training.clip_norm}/‖g‖), ‖g‖ of the masked gradients of all parameters "
            "together, its squares in float64)"
        )
    if not training.bptt:
        description += ", without bptt (the state before each character, all of its arrays, counts as a constant)"
    return description

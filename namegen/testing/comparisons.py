"""Comparisons that raise AssertionError by themselves, and what a failure says: what differs and by how much, in which
check, for which cell, and by which formula it should have been computed.
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
        raise AssertionError(
            f"{what} raised {type(error).__name__} ({error}): expected {kind.__name__}"
        ) from error
    raise AssertionError(f"{what} was let through: expected {kind.__name__}")


def expect_near(found: float, expected: float, tolerance: float, what: str) -> None:
    """No further apart than a share of what is expected."""
    expect(
        abs(found - expected) <= tolerance * abs(expected),
        f"{what} is {found:.12g}: expected {expected:.12g}",
    )


def expect_within(found: Array, expected: Array, limit: float, what: str) -> None:
    """No two numbers further apart than the limit; infinities of one sign are equal, NaN is far from everything."""
    expect(
        found.shape == expected.shape,
        f"{what} has the shape {found.shape}: expected {expected.shape}",
    )
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(found == expected, 0, np.abs(found.astype(np.float64) - expected))
    if not (apart <= limit).all():
        place = np.unravel_index(
            int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape
        )
        at = f" at {tuple(map(int, place))}" if place else ""
        raise AssertionError(
            f"{what} differs by {apart[place]:.2g}{at}, where {limit:.2g} is allowed: found {found[place]:.9g}, "
            f"expected {expected[place]:.9g}"
        )


def expect_close(found: Array, expected: Array, what: str) -> None:
    """Equal but for rounding: of a matrix product's own order of adding, no more."""
    tolerance = 1e-5 if found.dtype == np.float32 else 1e-12
    largest = float(
        np.abs(expected, where=np.isfinite(expected), out=np.zeros(expected.shape)).max()
    )
    expect_within(found, expected, tolerance * max(1.0, largest), what)


def expect_equal(found: Array, expected: Array, what: str) -> None:
    """Bit for bit."""
    expect_within(found, expected, 0.0, what)


def expect_same(
    found: Mapping[str, Array], expected: Mapping[str, Array], what: str, tolerance: float = 0.0
) -> None:
    """Two states with the same names, types and, within a tolerance, numbers.

    Args:
        found: a state.
        expected: what it must be.
        what: where the state comes from, for the message.
        tolerance: a share of the largest number of each tensor.
    """
    expect(
        found.keys() == expected.keys(),
        f"{what}: the states differ in {sorted(found.keys() ^ expected.keys())}",
    )
    for name, values in expected.items():
        expect(
            found[name].dtype == values.dtype,
            f"{what}: {name} is {found[name].dtype}: expected {values.dtype}",
        )
        limit = tolerance * float(np.abs(values).max(initial=0))
        expect_within(found[name], values, limit, f"{what}: {name}")


P = ParamSpec("P")

CLIPPING = "g ← g·min(1, {norm}/‖g‖), ‖g‖ of the masked gradients of all parameters together, its squares in float64"
CUTTING = "the state before each character, all of its arrays, counts as a constant"


def named(module: Mapping[str, object], prefix: str = "check_") -> dict[str, Callable[..., None]]:
    """The checks of a module, by name; an exception of any kind inside a check is its failure, which names it.

    Args:
        module: what its names mean.
        prefix: that its checks have, and nothing else.
    """
    return {
        (words := name.removeprefix(prefix).replace("_", " ")): _naming(words, check)
        for name, check in module.items()
        if name.startswith(prefix) and callable(check)
    }


def _naming(name: str, check: Callable[P, None]) -> Callable[P, None]:
    """A text among the arguments is the cell that the check is run for, a network the architecture."""

    @wraps(check)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        given = (*args, *kwargs.values())
        kinds = [f", cell {value}" for value in given if isinstance(value, str)]
        kinds += [
            f", architecture {value.architecture}" for value in given if isinstance(value, Network)
        ]
        where = f"check {name!r}{''.join(kinds)}"
        try:
            check(*args, **kwargs)
        except AssertionError as error:
            raise AssertionError(f"{where}: {error}") from error
        except Exception as error:
            raise AssertionError(
                f"{where}: the backend raised {type(error).__name__}: {error}"
            ) from error

    return run


def describe_training(training: TrainingSettings) -> str:
    """The optimizer with its formula, and what else of the settings decides how an update is computed.

    >>> describe_training(TrainingSettings(optimizer="sgd"))
    'optimizer sgd (w ← w − lr·g)'
    """
    formula = OPTIMIZERS[training.optimizer].formula.format(**training.hyperparameters)
    text = f"optimizer {training.optimizer} ({formula})"
    if training.clip_norm is not None:
        text += f", clipped ({CLIPPING.format(norm=training.clip_norm)})"
    if not training.bptt:
        text += f", without bptt ({CUTTING})"
    return text

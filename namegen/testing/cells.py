"""Check the gradients of a cell of the NumPy backend."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.core.network.cells import Formula
from namegen.testing.comparisons import expect, expect_close, expect_equal, expect_within
from namegen.types import Array

ROWS = 4
WIDTH = 3
STEP = 1e-5  # the change of a number in central differences
# The allowed error of a derivative. It's relative to the largest derivative, or absolute if the largest derivative is
# below 1. It's much larger than rounding errors.
TOLERANCE = 1e-7


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


LIBRARY = SimpleNamespace(**vars(np), sigmoid=_sigmoid)  # the functions that formulas can use


def check_cell(cell: NumpyCell) -> None:
    """Compare a cell's code with its formula, and its backward pass with central differences, in float64.

    The check runs the cell without a network, on random numbers for four rows of width three. It differentiates a
    weighted sum of the state after the step with respect to x (from the input), s (from the state), and the state
    before the step, if the cell carries it.

    Args:
        cell: the cell.

    Raises:
        AssertionError: a derivative is wrong, or a method doesn't write all numbers, changes its inputs, or doesn't
            compute the declared formula.

    >>> from namegen.backends.numpy_engine.cells import SimpleRNN
    >>> check_cell(SimpleRNN())
    """
    check = _CellCheck(cell)
    check.expect_formula()
    check.expect_derivatives()


class _CellCheck:
    """A cell with random inputs."""

    def __init__(self, cell: NumpyCell) -> None:
        self.cell = cell
        self.formula: Formula = cell.declared.formula
        self.rng = np.random.default_rng(0)
        self.x = self.random_arrays(self.formula.gates)  # (G, B, H)
        self.s = self.random_arrays(self.formula.state_gates)  # (S, B, H)
        self.before = self.random_arrays(self.formula.states)  # (states, B, H)
        self.weights = self.random_arrays(self.formula.states)  # the weights of the sum
        self.carried = list(cell.carried)
        self.pre_activations = self.formula.gates + len(cell.apart)

    def random_arrays(self, count: int) -> Array:
        """Draw random numbers (count, B, H)."""
        return self.rng.normal(0, 0.8, (count, ROWS, WIDTH))

    def forward(self) -> tuple[Array, Array]:
        """Return the state after the step, and the cache for the backward pass."""
        after = _unwritten_arrays(self.formula.states)
        cache = _unwritten_arrays(self.cell.cached)
        self.cell.forward(self.x.copy(), self.s.copy(), self.before[self.carried], after, cache)
        return after, cache

    def weighted_sum(self) -> float:
        """Return the weighted sum of the state after the step, which the check differentiates."""
        after, _ = self.forward()
        return float((self.weights * after).sum())

    def expect_formula(self) -> None:
        """Compare the state after the step with the formula."""
        after, _ = self.forward()
        expect(
            not np.isnan(after).any(),
            "forward leaves numbers of the state after the step unwritten, or computes NaN",
        )
        expected = self.formula.run([*self.x, *self.s, *self.before], LIBRARY)
        cell = self.cell.declared
        for name, array, expected_array in zip(cell.states, after, expected, strict=True):
            subject = f"forward computes another {name} than the formula of {cell.name}: a number"
            expect_close(array, expected_array, subject)

    def expect_derivatives(self) -> None:
        """Compare the derivatives of the backward pass with central differences."""
        d = _unwritten_arrays(self.pre_activations + len(self.carried))  # (arrays, B, H)
        self.cell.backward(self.weights.copy(), self.local_derivatives(), d)
        d_x = d[: self.formula.gates]
        d_s = d[self.cell.of_state]
        d_before = np.zeros_like(self.before)  # a state that isn't carried is only read through s
        d_before[self.carried] = d[self.pre_activations :]
        self.expect_derivative("x", self.x, d_x)
        self.expect_derivative("s", self.s, d_s)
        self.expect_derivative("the state before", self.before, d_before)

    def local_derivatives(self) -> Array:
        """Return the cell's local derivatives, and check that computing them doesn't change the inputs."""
        before = self.before[self.carried]
        after, cache = self.forward()
        inputs = {"the state before": before, "the state after": after, "the cache": cache}
        copies = {name: values.copy() for name, values in inputs.items()}
        count = self.pre_activations + len(self.carried) + self.cell.more_local
        local = _unwritten_arrays(count)
        self.cell.local_derivatives(before, after, cache, local)
        for name, values in inputs.items():
            subject = f"local_derivatives must not change {name}, but one of its numbers"
            expect_equal(values, copies[name], subject)
        return local

    def expect_derivative(self, name: str, variable: Array, derivative: Array) -> None:
        """Compare the derivative with respect to one variable."""
        expected = _central_differences(self.weighted_sum, variable)
        limit = TOLERANCE * float(np.abs(expected).max(initial=1))
        subject = f"the derivative with respect to {name}, of backward,"
        expect_within(derivative, expected, limit, subject)


def _unwritten_arrays(count: int) -> Array:
    """Create arrays of NaN (count, B, H). A number that a cell doesn't write stays NaN."""
    return np.full((count, ROWS, WIDTH), np.nan)


def _central_differences(function: Callable[[], float], variable: Array) -> Array:
    """Estimate the derivative of a function with respect to each number of an array that it reads.

    The numbers are changed one at a time, and restored.
    """
    derivative = np.empty(variable.shape)
    for index in np.ndindex(variable.shape):
        value = variable[index]
        variable[index] = value + STEP
        above = function()
        variable[index] = value - STEP
        below = function()
        variable[index] = value
        derivative[index] = (above - below) / (2 * STEP)
    return derivative

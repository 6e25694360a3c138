"""Check the gradients of a cell of the NumPy backend."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell, logistic
from namegen.testing.comparisons import expect, expect_close, expect_within
from namegen.types import Array, Float

ROWS = 4
WIDTH = 3
STEP = 1e-5  # the change of a number in central differences
# The allowed error of a derivative. It's relative to the largest derivative, or absolute if the largest derivative is
# below 1. It's much larger than rounding errors.
TOLERANCE = 1e-7
LIBRARY = SimpleNamespace(**vars(np), sigmoid=logistic)  # the functions that formulas can use


def check_cell(cell: NumpyCell) -> None:
    """Compare a cell's code with its formula, and its backward pass with central differences, in float64.

    The check runs the cell without a network, on random numbers for four rows of width three. It differentiates a
    weighted sum of the state after the step with respect to x (from the input), s (from the state), and everything that
    the cell reads directly: its carried arrays of the state, and its vectors.

    Args:
        cell: the cell.

    Raises:
        AssertionError: a derivative is wrong, or a method doesn't write all numbers, changes its inputs, or doesn't
            compute the declared formula.

    >>> from namegen.backends.numpy_engine.cells import SimpleRNN
    >>> check_cell(SimpleRNN())
    """
    declared = cell.declared
    formula = declared.formula
    rng = np.random.default_rng(0)
    shape = (ROWS, WIDTH)

    # 1. Random inputs, and outputs filled with NaN, so that a number that the cell doesn't write is noticed.
    #    All arrays are (count, ROWS, WIDTH).
    x = rng.normal(0, 0.8, (formula.gates, *shape))
    s = rng.normal(0, 0.8, (formula.state_gates, *shape))
    state = rng.normal(0, 0.8, (formula.states, *shape))
    vectors = rng.normal(0, 0.8, (len(formula.vectors), *shape))
    before = np.concatenate([state[list(cell.carried)], vectors])
    after = np.full((formula.states, *shape), np.nan)
    cache = np.full((cell.cached, *shape), np.nan)
    local = np.full((cell.pre_activations + len(before) + cell.more_local, *shape), np.nan)
    d = np.full((cell.pre_activations + len(before), *shape), np.nan)

    # 2. The state after the step.
    cell.forward(x.copy(), s.copy(), before.copy(), after, cache)
    expect(
        not np.isnan(after).any(),
        "forward leaves numbers of the state after the step unwritten, or computes NaN",
    )
    expected_after = formula.run([*x, *s, *state, *vectors], LIBRARY)
    for name, array, expected in zip(declared.states, after, expected_after, strict=True):
        subject = f"forward computes another {name} than the formula of {declared.name}: a number"
        expect_close(array, expected, subject)

    # 3. The local derivatives, which must not change their inputs.
    inputs = {"the state before": before, "the state after": after, "the cache": cache}
    copies = {name: values.copy() for name, values in inputs.items()}
    cell.local_derivatives(before, after, cache, local)
    for name, values in inputs.items():
        subject = f"local_derivatives must not change {name}, but one of its numbers"
        expect_within(values, copies[name], 0.0, subject)

    # 4. The derivatives of a weighted sum of the state after the step. The weights are d sum / d after.
    weights = rng.normal(0, 0.8, (formula.states, *shape))
    cell.backward(weights.copy(), local, d)

    def weighted_sum() -> float:
        cell.forward(x.copy(), s.copy(), before.copy(), after, cache)
        return float((weights * after).sum())

    expect_derivative(weighted_sum, x, d[: formula.gates], "x")
    expect_derivative(weighted_sum, s, d[cell.of_state], "s")
    expect_derivative(weighted_sum, before, d[cell.pre_activations :], "the state before")


def expect_derivative(
    function: Callable[[], float],
    variable: Float[Array, "..."],
    derivative: Float[Array, "..."],
    name: str,
) -> None:
    """Compare the derivative of a function with central differences, which change one number at a time."""
    differences = np.empty(variable.shape)
    for index in np.ndindex(variable.shape):
        value = variable[index]
        variable[index] = value + STEP
        above = function()
        variable[index] = value - STEP
        below = function()
        variable[index] = value
        differences[index] = (above - below) / (2 * STEP)
    limit = TOLERANCE * float(np.abs(differences).max(initial=1))
    subject = f"the derivative with respect to {name}, of backward,"
    expect_within(derivative, differences, limit, subject)

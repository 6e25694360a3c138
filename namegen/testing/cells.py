"""For the writer of a cell of the NumPy engine: its derivative against central differences."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.testing.comparisons import expect, expect_close, expect_equal, expect_within
from namegen.types import Array

ROWS, WIDTH = 4, 3
STEP = 1e-5
LIBRARY = SimpleNamespace(**vars(np), sigmoid=lambda x: 1 / (1 + np.exp(-x)))  # of operations
TOLERANCE = 1e-7  # of the largest derivative, or absolute if that is below 1: far above what rounding leaves


def check_cell(cell: NumpyCell) -> None:
    """Hold the NumPy engine's code for a cell against its formula, and its way back against central differences,
    in float64.

    Four rows of a width of three, random numbers; no tree and no network, so that a failure is the cell's own. What is
    differentiated is a weighted sum of the state after the step, by the input's part ``x``, by the state's part ``s``,
    and by the state before, where the cell carries it.

    Args:
        cell: what is checked.

    Raises:
        AssertionError: a method leaves numbers unwritten, changes what it must not, or computes something else than the
            formula that is declared, or a derivative is wrong; says which, of which gate, and both values.

    >>> from namegen.backends.numpy_engine.cells import SimpleRNN
    >>> check_cell(SimpleRNN())
    """
    rng, formula = np.random.default_rng(0), cell.declared.formula
    x, s, before, weights = (
        rng.normal(0, 0.8, (count, ROWS, WIDTH))
        for count in (formula.gates, formula.state_gates, formula.states, formula.states)
    )
    states, apart = list(cell.carried), formula.gates + len(cell.apart)

    def new(count: int) -> Array:
        return np.full((count, ROWS, WIDTH), np.nan)

    def forward() -> tuple[Array, Array]:
        after, cache = new(formula.states), new(cell.cached)
        cell.forward(x.copy(), s.copy(), before[states], after, cache)
        return after, cache

    after, cache = forward()
    expect(
        not np.isnan(after).any(),
        "forward leaves numbers of the state after the step unwritten, or makes NaN",
    )
    for name, one, other in zip(
        cell.declared.states, after, formula.run([*x, *s, *before], LIBRARY), strict=True
    ):
        expect_close(
            one,
            other,
            f"forward computes another {name} than the formula of {cell.declared.name}: a number",
        )
    given = [before[states], after, cache]
    found = [values.copy() for values in given]
    local, d = new(apart + len(states) + cell.more_local), new(apart + len(states))
    cell.local_derivatives(given[0], after, cache, local)
    for name, one, other in zip(
        ("the state before", "the state after", "the cache"), given, found, strict=True
    ):
        expect_equal(
            one, other, f"local_derivatives must not change {name}, but one of its numbers"
        )
    cell.backward(weights.copy(), local, d)

    d_before = np.zeros_like(before)  # what is not carried is not read but through s
    d_before[states] = d[apart:]
    d_x, d_s = d[: formula.gates], d[cell.of_state]
    for name, variable, derivative in (
        ("x", x, d_x),
        ("s", s, d_s),
        ("the state before", before, d_before),
    ):
        expected = _central_differences(lambda: float((weights * forward()[0]).sum()), variable)
        limit = TOLERANCE * float(np.abs(expected).max(initial=1))
        expect_within(
            derivative,
            expected,
            limit,
            f"the derivative by {name}, of backward beside central differences,",
        )


def _central_differences(function: Callable[[], float], variable: Array) -> Array:
    """The derivative of the function by each number of the variable, which it reads."""
    found = np.empty(variable.shape)
    for place in np.ndindex(variable.shape):
        value = variable[place]
        variable[place] = value + STEP
        above = function()
        variable[place] = value - STEP
        found[place] = (above - function()) / (2 * STEP)
        variable[place] = value
    return found

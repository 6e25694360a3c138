"""Check the gradients of a cell of the NumPy backend."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell, logistic
from namegen.testing.comparisons import expect, expect_close, expect_within
from namegen.types import Array

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

    def random_arrays(count: int) -> Array:
        return rng.normal(0, 0.8, (count, ROWS, WIDTH))

    def unwritten_arrays(count: int) -> Array:
        """Create arrays of NaN. A number that the cell doesn't write stays NaN."""
        return np.full((count, ROWS, WIDTH), np.nan)

    # All arrays are (count, ROWS, WIDTH).
    x = random_arrays(formula.gates)
    s = random_arrays(formula.state_gates)
    state = random_arrays(formula.states)
    weights = random_arrays(formula.states)  # of the sum that is differentiated
    before = np.concatenate([state[list(cell.carried)], random_arrays(len(formula.vectors))])
    after = unwritten_arrays(formula.states)
    cache = unwritten_arrays(cell.cached)

    # 1. The state after the step.
    cell.forward(x.copy(), s.copy(), before.copy(), after, cache)
    expect(
        not np.isnan(after).any(),
        "forward leaves numbers of the state after the step unwritten, or computes NaN",
    )
    vectors = before[len(cell.carried) :]
    expected_after = formula.run([*x, *s, *state, *vectors], LIBRARY)
    for name, array, expected in zip(declared.states, after, expected_after, strict=True):
        subject = f"forward computes another {name} than the formula of {declared.name}: a number"
        expect_close(array, expected, subject)

    # 2. The backward pass, which must not change its inputs.
    inputs = {"the state before": before, "the state after": after, "the cache": cache}
    copies = {name: values.copy() for name, values in inputs.items()}
    local = unwritten_arrays(cell.pre_activations + len(before) + cell.more_local)
    cell.local_derivatives(before, after, cache, local)
    for name, values in inputs.items():
        subject = f"local_derivatives must not change {name}, but one of its numbers"
        expect_within(values, copies[name], 0.0, subject)
    d = unwritten_arrays(cell.pre_activations + len(before))
    cell.backward(weights.copy(), local, d)

    # 3. Central differences: change one number at a time.
    derivatives = {
        "x": (x, d[: formula.gates]),
        "s": (s, d[cell.of_state]),
        "the state before": (before, d[cell.pre_activations :]),
    }
    for name, (variable, derivative) in derivatives.items():
        differences = np.empty(variable.shape)
        for index in np.ndindex(variable.shape):
            value = variable[index]
            sums: list[float] = []
            for shift in (STEP, -STEP):
                variable[index] = value + shift
                cell.forward(x.copy(), s.copy(), before.copy(), after, cache)
                sums.append(float((weights * after).sum()))
            variable[index] = value
            differences[index] = (sums[0] - sums[1]) / (2 * STEP)
        limit = TOLERANCE * float(np.abs(differences).max(initial=1))
        subject = f"the derivative with respect to {name}, of backward,"
        expect_within(derivative, differences, limit, subject)

"""How much the engine works on at a time: small networks take few calls, large ones stay within the cache."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
import pytest

import namegen.backends.numpy_engine.recurrent as recurrent_module
from namegen.backends.numpy_engine.cells import GRU, LSTM, Cell, SimpleRNN
from namegen.backends.numpy_engine.optimizers import GradientDescent
from namegen.backends.numpy_engine.recurrent import Recurrent

CACHE = 1 << 20  # bytes that a core has for itself on any machine that networks are trained on, more or less


class Noting(GradientDescent):
    """Notes how many parameters are moved at a time."""

    moved: list[int]

    def move(self, w: np.ndarray, g: np.ndarray, change: np.ndarray, learning_rate: float, **kept: np.ndarray) -> None:
        self.moved.append(len(w))
        super().move(w, g, change, learning_rate, **kept)


@pytest.mark.parametrize("parameters", [10_000, 1_000_000])
def test_parameters_are_moved_in_few_portions_that_stay_in_the_cache(parameters: int) -> None:
    optimizer = Noting(parameters, "float32")
    optimizer.moved = []
    w = np.ones(parameters, np.float32)
    optimizer.update(w, np.ones(parameters, np.float32), 0.5)
    assert (w == 0.5).all()
    assert sum(optimizer.moved) == parameters
    assert len(optimizer.moved) <= 1 + parameters // 10_000, "a call takes as long as some thousand parameters"
    assert 4 * max(optimizer.moved) <= CACHE


class NotingCell(SimpleRNN):
    """Notes how many bytes of a gate it is given at a time."""

    given: list[int]

    def forward(self, columns: np.ndarray, *rest: np.ndarray) -> None:
        self.given.append(columns[0].nbytes)
        super().forward(columns, *rest)


@pytest.mark.parametrize(("rows", "width", "most_calls"), [(100, 32, 1), (8_192, 64, 50)])
def test_a_cell_works_on_what_stays_in_the_cache(rows: int, width: int, most_calls: int) -> None:
    shapes = {"kernel": (5, width), "recurrent_kernel": (width, width), "bias": (width,)}
    parameters = {name: np.full(shape, 0.1, np.float32) for name, shape in shapes.items()}
    cell = NotingCell()
    cell.given = []
    layer = Recurrent(cell, 1, parameters, {})
    layer.step(np.zeros(rows, np.int32), layer.initial_state(rows))
    assert sum(cell.given) == rows * width * 4
    assert len(cell.given) <= most_calls
    assert max(cell.given) <= CACHE


@pytest.mark.parametrize(("runs", "of_each", "at_once"), [(1_000, 2, True), (2, 10_000, False)])
def test_many_short_runs_are_summed_in_one_call_and_few_long_ones_each_by_itself(
    runs: int, of_each: int, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bool] = []

    class Add:
        reduce = np.add.reduce

        @staticmethod
        def reduceat(*arguments: object, **by_name: object) -> np.ndarray:
            calls.append(True)
            return np.add.reduceat(*arguments, **by_name)  # type: ignore[arg-type, call-overload, no-any-return]

    class Library:
        add = Add

        def __getattr__(self, name: str) -> object:
            return getattr(np, name)

    monkeypatch.setattr(recurrent_module, "np", Library())
    rows = np.ones((runs * of_each, 4), np.float32)
    sums = recurrent_module._sum_runs(rows, np.arange(0, len(rows), of_each))
    assert sums.tolist() == [[of_each] * 4] * runs
    assert bool(calls) == at_once


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (Recurrent.__init__, {"through_time"}),
        *((cell.backward, {"d_columns", "d_before"}) for cell in (Cell, SimpleRNN, GRU, LSTM)),
    ],
)
def test_what_is_written_to_and_what_may_be_left_out_is_given_by_name(
    function: Callable[..., object], options: set[str]
) -> None:
    """Four arrays are read and two written: by place it would not be seen which."""
    of_function = inspect.signature(function).parameters.values()
    by_name = {parameter.name for parameter in of_function if parameter.kind is parameter.KEYWORD_ONLY}
    either = {parameter.name for parameter in of_function if parameter.kind is parameter.POSITIONAL_OR_KEYWORD}
    assert by_name == options
    assert by_name | either == {parameter.name for parameter in of_function}

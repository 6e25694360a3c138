"""Cells: what one step of a recurrent layer computes, element by element. A cell is declared here and nowhere else.

A cell knows no matrix product, so that each target (an engine, a ``.tflite``, a page) has its products once, for all
cells. Of each gate, it reads two parts, and beside them the state before the step:

    x = x K + b, from the input        s = h U (+ b′, where a cell has two biases), from the state

``Cell.step`` is the formula. It is called once, with values that note down what is done with them; what they noted is
the ``Formula``, a list of operations, which every target runs by a loop of its own. An operation has the name of the
NumPy function that computes it (``add``, ``tanh``), or is ``sigmoid``, or a constant, ``number``. The NumPy engine
alone has code for each cell, because it is faster and because of the way back; tests hold it against the formula.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import partialmethod
from typing import Any, ClassVar, TypeAlias

from namegen.errors import EngineError


@dataclass(frozen=True)
class Operation:
    """One operation on values, which have places: first those that a cell is given, then what each operation gives.

    Attributes:
        name: as NumPy calls it; ``sigmoid``; or ``number``, a constant.
        of: the places of what it reads.
        number: the constant; else 0.
    """

    name: str
    of: tuple[int, ...]
    number: float = 0.0


@dataclass(frozen=True)
class Formula:
    """A cell as data: what shapes depend on, and the operations.

    Attributes:
        gates: ``G``, blocks of the layer's width that stand side by side in a kernel.
        state_gates: how many of them, from the first on, read the state through the recurrent kernel.
        states: arrays of that width that a state is.
        biases: rows of the bias: 2 where the input's part and the state's part have one each.
        operations: over x of each gate, s of each state gate and the states before, whose places come in this order.
        after: the places of the states after the step.
    """

    gates: int
    state_gates: int
    states: int
    biases: int
    operations: tuple[Operation, ...]
    after: tuple[int, ...]

    def run(self, given: Sequence[Any], library: object) -> list[Any]:
        """The states after the step, computed by a library's functions of these names (NumPy has all but ``sigmoid``).

        >>> import numpy as np
        >>> SimpleRNN.formula.run([np.array([0.5]), np.array([-0.5]), np.array([1.0])], np)
        [array([0.])]
        """
        values = [*given]
        for one in self.operations:
            if one.name == "number":
                values.append(one.number)
            else:
                values.append(getattr(library, one.name)(*[values[place] for place in one.of]))
        return [values[place] for place in self.after]

    def lacking(self, known: Container[str]) -> str | None:
        """The first operation that a target does not know."""
        return next(
            (one.name for one in self.operations if one.name != "number" and one.name not in known),
            None,
        )


class Value:
    """A value while a formula is noted down: an operation on it is one more of the list.

    NumPy's functions take it as well, ``np.tanh(value)``.
    """

    def __init__(self, given: int, operations: list[Operation], place: int) -> None:
        self._given, self._operations, self.place = given, operations, place

    def note(self, name: str, *of: Operand) -> Value:
        """The value of an operation; a number among what it reads becomes a constant."""
        places = [
            one.place if isinstance(one, Value) else self._add(Operation("number", (), float(one)))
            for one in of
        ]
        return Value(self._given, self._operations, self._add(Operation(name, tuple(places))))

    def _add(self, operation: Operation) -> int:
        self._operations.append(operation)
        return self._given + len(self._operations) - 1

    def _first(self, name: str, *others: Operand) -> Value:
        return self.note(name, self, *others)

    def _second(self, name: str, other: Operand) -> Value:
        return self.note(name, other, self)

    def __array_ufunc__(self, function: Any, method: str, *of: Operand, **_: object) -> Value:
        if method != "__call__":
            raise EngineError(
                f"a formula has {function.__name__}.{method}: expected operations of single elements"
            )
        return self.note(function.__name__, *of)

    __add__ = partialmethod(_first, "add")
    __radd__ = partialmethod(_second, "add")
    __sub__ = partialmethod(_first, "subtract")
    __rsub__ = partialmethod(_second, "subtract")
    __mul__ = partialmethod(_first, "multiply")
    __rmul__ = partialmethod(_second, "multiply")
    __truediv__ = partialmethod(_first, "divide")
    __rtruediv__ = partialmethod(_second, "divide")
    __abs__ = partialmethod(_first, "absolute")
    __neg__ = partialmethod(_second, "subtract", 0.0)


Operand: TypeAlias = Value | int | float


def sigmoid(value: Value) -> Value:
    """``1 / (1 + exp(−value))``."""
    return value.note("sigmoid", value)


def tanh(value: Value) -> Value:
    """The hyperbolic tangent."""
    return value.note("tanh", value)


class Parts:
    """Values by the names of gates, or of a state's arrays."""

    def __init__(self, **values: Value) -> None:
        vars(self).update(values)

    def __getattr__(self, name: str) -> Value:
        raise AttributeError(
            f"a formula reads {name!r}, and there are only {', '.join(vars(self))}"
        )


class Cell:
    """What one step computes. A subclass says these, and ``step``; nobody makes objects of it.

    Attributes:
        name: in settings and files.
        title: what a page calls it.
        gates: their names, in the order in which they stand in kernels and biases.
        state_gates: how many of them, from the first on, read the state; None: all.
        states: the names of the arrays that a state is; the first is what the next layer reads.
        biases: 1, or 2 where x and s have one each.
        learning_rate: Adam's at its peak; None: that of plain layers, which depends on the width.
        formula: made of all that.

    >>> class Softsign(Cell):
    ...     name, title, gates = "softsign", "softsign", ("a",)
    ...
    ...     @staticmethod
    ...     def step(x, s, before):
    ...         a = x.a + s.a
    ...         return a / (1 + abs(a))
    >>> [one.name for one in Softsign.formula.operations]
    ['add', 'absolute', 'number', 'add', 'divide']
    """

    name: ClassVar[str]
    title: ClassVar[str]
    gates: ClassVar[tuple[str, ...]]
    state_gates: ClassVar[int | None] = None
    states: ClassVar[tuple[str, ...]] = ("h",)
    biases: ClassVar[int] = 1
    learning_rate: ClassVar[float | None] = None
    formula: ClassVar[Formula]

    @staticmethod
    @abstractmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value | tuple[Value, ...]:
        """The state after the step, of several arrays a tuple.

        Args:
            x: the input's part of each gate, by its name.
            s: the state's part of each gate that has one.
            before: the state before the step, by the names of its arrays.
        """

    def __init_subclass__(cls) -> None:
        cls.formula = _formula_of(cls)


def _formula_of(cell: type[Cell]) -> Formula:
    read = cell.gates[: cell.state_gates]
    given = len(cell.gates) + len(read) + len(cell.states)
    operations: list[Operation] = []
    values = iter([Value(given, operations, place) for place in range(given)])
    x, s, before = (
        Parts(**{name: next(values) for name in names}) for names in (cell.gates, read, cell.states)
    )
    after = cell.step(x, s, before)
    after = after if isinstance(after, tuple) else (after,)
    if len(after) != len(cell.states):
        raise EngineError(
            f"the step of the cell {cell.name} gives {len(after)} arrays, and its state has {len(cell.states)} "
            f"({', '.join(cell.states)}): return one for each"
        )
    places = tuple(one.place for one in after)
    return Formula(
        len(cell.gates), len(read), len(cell.states), cell.biases, tuple(operations), places
    )


class SimpleRNN(Cell):
    """Elman, 1990."""

    name, title, gates = "simple_rnn", "simple recurrent (Elman)", ("a",)

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value:
        """``h' = tanh(x + s)``."""
        return tanh(x.a + s.a)


class GRU(Cell):
    """Cho et al., 2014, in Keras's form, ``reset_after=True``."""

    name, title, gates, biases = "gru", "GRU", ("z", "r", "n"), 2
    learning_rate = 0.006

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value:
        """``h' = z h + (1 − z) n``: what is kept, and what is new, of which r says how much it reads of the state."""
        z, r = sigmoid(x.z + s.z), sigmoid(x.r + s.r)
        n = tanh(x.n + r * s.n)
        return n + z * (before.h - n)


class LSTM(Cell):
    """Hochreiter and Schmidhuber, 1997, with a forget gate: Gers et al., 2000."""

    name, title, gates, states = "lstm", "LSTM", ("i", "f", "g", "o"), ("h", "c")
    learning_rate = 0.008

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> tuple[Value, Value]:
        """``c' = f c + i g; h' = o tanh(c')``: c remembers; the gates say what it keeps, what it takes in, and what of
        it is shown.
        """
        i, f, g, o = x.i + s.i, x.f + s.f, x.g + s.g, x.o + s.o
        c = sigmoid(f) * before.c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c


CELLS: dict[str, type[Cell]] = {cell.name: cell for cell in (SimpleRNN, GRU, LSTM)}

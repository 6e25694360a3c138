"""Cells: what one step of a recurrent layer computes for each unit. Every cell is declared here, and only here.

A cell contains no matrix products. So each target (a backend, a ``.tflite`` file, a page) implements the products once,
for all cells. The cell gets their results, two values per gate, and the state before the step:

    x = x K + b     from the input
    s = h U (+ b′)  from the state; b′ only if the cell has two biases

A cell can also have *vectors*, parameters with one number per unit, such as the recurrent weights of an IndRNN. Its
formula reads them like arrays of the state.

``Cell.step`` is the formula. It's called once, with values that record the operations on them. The result is the
``Formula``, a list of operations, which every target computes in a loop. An operation has the name of a NumPy function,
such as ``add`` or ``tanh``, or is ``sigmoid``, or a constant, ``number``. Only the NumPy backend has separate code for
each cell, because it needs the backward pass and is faster that way. Tests compare that code with the formula.
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
    """One operation of a formula. Values are numbered: first the inputs of the cell, then the operations' results."""

    name: str  #: a NumPy function, "sigmoid", or "number" for a constant
    of: tuple[int, ...]  #: the numbers of the values that it reads
    number: float = 0.0  #: the constant


@dataclass(frozen=True)
class Formula:
    """A cell as data.

    The first values are x of each gate, s of each state gate, the arrays of the state before the step, and the vectors.
    """

    gates: int  #: G: how many blocks of the layer's width a kernel consists of
    state_gates: int  #: S: how many of the gates, from the first on, read the state
    states: int  #: how many arrays of the layer's width the state consists of
    biases: int  #: the rows of the bias: 1, or 2 if x and s each have one
    vectors: tuple[str, ...]  #: the names of the parameters with one number per unit
    operations: tuple[Operation, ...]
    after: tuple[int, ...]  #: the numbers of the values that are the state after the step

    def run(self, inputs: Sequence[Any], library: object) -> list[Any]:
        """Compute the state after a step, by running the operations one after another.

        Values are numbered: first the inputs, then the result of each operation. Each operation reads values by their
        numbers. ``after`` has the numbers of the values that are the new state.

        Args:
            inputs: The input's part of each gate, the state's part of each gate that reads the state, the arrays of the
                state before the step, and the vectors.
            library: Has a function for each operation. NumPy has all except for ``sigmoid``.

        >>> import numpy as np
        >>> SimpleRNN.formula.run([np.array([0.5]), np.array([-0.5]), np.array([1.0])], np)
        [array([0.])]
        """
        values = list(inputs)
        for operation in self.operations:
            if operation.name == "number":
                values.append(operation.number)
            else:
                function = getattr(library, operation.name)
                arguments = [values[index] for index in operation.of]
                values.append(function(*arguments))
        return [values[index] for index in self.after]

    def lacking(self, known: Container[str]) -> str | None:
        """Return the first operation that a target doesn't know; None if it knows all of them."""
        for operation in self.operations:
            if operation.name != "number" and operation.name not in known:
                return operation.name
        return None


class Value:
    """A value that records the operations on it. NumPy's functions work too: ``np.tanh(value)``."""

    def __init__(self, inputs: int, operations: list[Operation], index: int) -> None:
        self._inputs = inputs  # the number of inputs of the cell
        self._operations = operations  # shared by all values of a formula
        self.index = index

    def note(self, name: str, *of: Operand) -> Value:
        """Record an operation instead of computing it, and return a value that stands for its result.

        Args:
            name: The operation, such as ``add``.
            of: What it reads. A number becomes an operation of its own, which returns this constant.
        """
        operands = []
        for operand in of:
            if not isinstance(operand, Value):
                operand = self._add(Operation("number", (), float(operand)))
            operands.append(operand.index)
        return self._add(Operation(name, tuple(operands)))

    def _add(self, operation: Operation) -> Value:
        self._operations.append(operation)
        return Value(self._inputs, self._operations, self._inputs + len(self._operations) - 1)

    def _first(self, name: str, *others: Operand) -> Value:
        return self.note(name, self, *others)

    def _second(self, name: str, other: Operand) -> Value:
        return self.note(name, other, self)

    def __array_ufunc__(self, function: Any, method: str, *of: Operand, **_: object) -> Value:
        if method != "__call__":
            raise EngineError(
                f"a formula has {function.__name__}.{method}: expected an elementwise operation"
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
    """Record ``1 / (1 + exp(−value))``."""
    return value.note("sigmoid", value)


def tanh(value: Value) -> Value:
    """Record the hyperbolic tangent."""
    return value.note("tanh", value)


class Parts:
    """Values as attributes, with the names of the gates, of the state's arrays or of the vectors."""

    def __init__(self, **values: Value) -> None:
        vars(self).update(values)

    def __getattr__(self, name: str) -> Value:
        raise AttributeError(
            f"a formula reads {name!r}, but there are only {', '.join(vars(self))}"
        )


class Cell:
    """A cell. To declare one, derive from this class and define the attributes and ``step``. It has no instances.

    >>> class Softsign(Cell):
    ...     name = title = "softsign"
    ...     gates = ("a",)
    ...
    ...     @staticmethod
    ...     def step(x, s, before):
    ...         a = x.a + s.a
    ...         return a / (1 + abs(a))
    >>> [operation.name for operation in Softsign.formula.operations]
    ['add', 'absolute', 'number', 'add', 'divide']
    """

    name: ClassVar[str]  #: in settings and files
    title: ClassVar[str]  #: on pages
    gates: ClassVar[tuple[str, ...]]  #: their names, in the order of the kernels and biases
    #: How many gates, from the first on, read the state. None: all of them.
    state_gates: ClassVar[int | None] = None
    #: The state's arrays. The next layer reads the first one.
    states: ClassVar[tuple[str, ...]] = ("h",)
    biases: ClassVar[int] = 1  #: 2 if x and s each have a bias
    #: Parameters with one number per unit, which the formula reads like arrays of the state.
    vectors: ClassVar[tuple[str, ...]] = ()
    learning_rate: ClassVar[float | None] = None  #: Adam's default; None: it depends on the width
    formula: ClassVar[Formula]  #: traced from ``step``

    @staticmethod
    @abstractmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value | tuple[Value, ...]:
        """Return the state after the step, as a tuple if it consists of several arrays.

        Args:
            x: The value from the input, for each gate.
            s: The value from the state, for each gate that reads the state.
            before: The state before the step, and the vectors.
        """

    def __init_subclass__(cls) -> None:
        """Convert ``step`` to a list of operations, when a cell is declared.

        The step is called once, with values that record the operations on them, such as ``x.z + s.z``.
        """
        state_gates = cls.gates[: cls.state_gates]
        read_directly = (*cls.states, *cls.vectors)
        input_count = len(cls.gates) + len(state_gates) + len(read_directly)
        # Number the inputs: x of each gate, s of each state gate, then what the step reads directly.
        operations: list[Operation] = []
        inputs = iter([Value(input_count, operations, index) for index in range(input_count)])
        x = Parts(**{gate: next(inputs) for gate in cls.gates})
        s = Parts(**{gate: next(inputs) for gate in state_gates})
        before = Parts(**{name: next(inputs) for name in read_directly})
        # This call adds the operations to the list.
        result = cls.step(x, s, before)
        after = result if isinstance(result, tuple) else (result,)
        if len(after) != len(cls.states):
            raise EngineError(
                f"the step of the cell {cls.name} returns {len(after)} arrays, but its state has {len(cls.states)} "
                f"({', '.join(cls.states)}): return one for each"
            )
        cls.formula = Formula(
            gates=len(cls.gates),
            state_gates=len(state_gates),
            states=len(cls.states),
            biases=cls.biases,
            vectors=cls.vectors,
            operations=tuple(operations),
            after=tuple(value.index for value in after),
        )


class SimpleRNN(Cell):
    """Elman, 1990."""

    name = "simple_rnn"
    title = "simple recurrent (Elman)"
    gates = ("a",)

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value:
        """``h' = tanh(x + s)``."""
        return tanh(x.a + s.a)


class GRU(Cell):
    """Cho et al., 2014, in Keras's form, ``reset_after=True``."""

    name = "gru"
    title = "GRU"
    gates = ("z", "r", "n")
    biases = 2
    learning_rate = 0.006

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> Value:
        """``h' = z h + (1 − z) n``: z is how much of the state stays, and r how much of it the new value n reads."""
        z = sigmoid(x.z + s.z)
        r = sigmoid(x.r + s.r)
        n = tanh(x.n + r * s.n)
        return n + z * (before.h - n)


class LSTM(Cell):
    """Hochreiter and Schmidhuber, 1997, with a forget gate: Gers et al., 2000."""

    name = "lstm"
    title = "LSTM"
    gates = ("i", "f", "g", "o")
    states = ("h", "c")
    learning_rate = 0.008

    @staticmethod
    def step(x: Parts, s: Parts, before: Parts) -> tuple[Value, Value]:
        """``c' = f c + i g``, ``h' = o tanh(c')``: the memory c forgets by f, takes in g by i, and is output by o."""
        i = x.i + s.i
        f = x.f + s.f
        g = x.g + s.g
        o = x.o + s.o
        c = sigmoid(f) * before.c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c


CELLS: dict[str, type[Cell]] = {cell.name: cell for cell in (SimpleRNN, GRU, LSTM)}

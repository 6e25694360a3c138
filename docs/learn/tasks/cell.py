"""Your cells. Chapter 3 (docs/learn/3-cells.md) explains what to write. To test them, run

    python -m pytest docs/learn/tasks -x -k Softsign
    python -m pytest docs/learn/tasks -x -k OneGate

Change only the methods with TODO. Each of them writes its results into existing arrays. To write into an array, use
``array[...] = numbers``. With ``array = numbers``, the name would only refer to a different array.
"""

from __future__ import annotations

import numpy as np  # noqa: F401  # for your formulas

from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN, logistic  # noqa: F401  # for your formulas
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.architecture import OwnCellNetwork
from namegen.core.network.cells import Cell, sigmoid, tanh


class SoftsignFormula(Cell):
    """The formula of Softsign. The tests compare your code with it, and phones and web pages compute it directly."""

    name, title, gates = "softsign", "Softsign", ("a",)

    @staticmethod
    def step(x, s, before):
        """Return the new state."""
        a = x.a + s.a
        return a / (1 + abs(a))


class Softsign(SimpleRNN):
    """Task 1: ``h' = a / (1 + |a|)`` with ``a = x + s``, instead of ``h' = tanh(a)``.

    ``x``, ``s``, ``after`` and ``local`` have the shape ``(1, B, H)``. The method ``backward`` is inherited. It
    multiplies the gradient by ``local``.
    """

    declared = SoftsignFormula

    def forward(self, x, s, before, after, cache):
        """Write h' into ``after``."""
        raise NotImplementedError(
            'Softsign.forward is missing: see "Task 1" in chapter 3, and TODO in cell.py'
        )  # TODO

    def local_derivatives(self, before, after, cache, local):
        """Write the derivative of h' with respect to a into ``local``.

        ``after`` contains h'. Hint: 1 / (1 + |a|) = 1 − |h'|.
        """
        raise NotImplementedError(
            'Softsign.local_derivatives is missing: see "Task 1" in chapter 3, and TODO in cell.py'
        )  # TODO


class OneGateFormula(Cell):
    """The formula of OneGate."""

    name, title, gates = "one_gate", "one gate", ("z", "n")

    @staticmethod
    def step(x, s, before):
        """Return the new state."""
        z = sigmoid(x.z + s.z)
        n = tanh(x.n + s.n)
        return z * before.h + (1 - z) * n


class OneGate(NumpyCell):
    """Task 2: a GRU with one gate.

    z = σ(x_z + s_z)
    n = tanh(x_n + s_n)
    h' = z h + (1 − z) n

    ``x`` and ``s`` contain two arrays ``(B, H)`` each, for z and n. ``before[0]`` is h, and ``after[0]`` is h'.
    """

    declared = OneGateFormula
    carried = (0,)  # before contains h, because z h reads it directly
    cached = 2  # the number of arrays in cache: z and n

    def forward(self, x, s, before, after, cache):
        """Write z and n into ``cache``, and h' into ``after[0]``."""
        raise NotImplementedError(
            'OneGate.forward is missing: see "Task 2" in chapter 3, and TODO in cell.py'
        )  # TODO

    def local_derivatives(self, before, after, cache, local):
        """Write the derivatives of h' with respect to x_z + s_z, x_n + s_n, and h into ``local``."""
        raise NotImplementedError(
            'OneGate.local_derivatives is missing: see "Task 2" in chapter 3, and TODO in cell.py'
        )  # TODO


class SoftsignNetwork(OwnCellNetwork):
    """A network with Softsign."""

    architecture = "softsign"
    own_cell = SoftsignFormula


class SoftsignEngine(NumpyEngine):
    """The NumPy engine with Softsign."""

    name = "softsign"
    architectures = (SoftsignNetwork,)
    cells = frozenset()
    own_cell = Softsign()


class OneGateNetwork(OwnCellNetwork):
    """A network with OneGate."""

    architecture = "one_gate"
    own_cell = OneGateFormula


class OneGateEngine(NumpyEngine):
    """The NumPy engine with OneGate."""

    name = "one_gate"
    architectures = (OneGateNetwork,)
    cells = frozenset()
    own_cell = OneGate()

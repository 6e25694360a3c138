"""Your cells. Chapter 3 (docs/learn/3-cells.md) says what to write; then run

    python -m pytest docs/learn/tasks -x -k Softsign
    python -m pytest docs/learn/tasks -x -k OneGate

Change only the methods that say TODO. Each writes its results into arrays that it is given. To write into an array, say
``array[...] = numbers``; ``array = numbers`` would only give the name to another array.
"""

from __future__ import annotations

import numpy as np  # noqa: F401  # for your formulas

from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN, logistic  # noqa: F401  # for your formulas
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.network.architecture import OwnCellNetwork
from namegen.core.network.cells import Cell, sigmoid, tanh


class SoftsignFormula(Cell):
    """What namegen is told of Softsign. Your code is held against it; a phone or a page computes it as it stands."""

    name, title, gates = "softsign", "Softsign", ("a",)

    @staticmethod
    def step(x, s, before):
        """The new state."""
        a = x.a + s.a
        return a / (1 + abs(a))


class Softsign(SimpleRNN):
    """First task: ``h' = a / (1 + |a|)`` with ``a = x + s``, in place of ``h' = tanh(a)``.

    ``x`` and ``s`` are both of the shape ``(1, B, H)``, and so are ``after`` and ``local``. ``backward`` is the base
    class's: it multiplies the gradient with ``local``.
    """

    declared = SoftsignFormula

    def forward(self, x, s, before, after, cache):
        """Write h' into ``after``."""
        raise NotImplementedError(
            'Softsign.forward is not written yet: see "Your task, first part" in chapter 3, and TODO in cell.py'
        )  # TODO

    def local_derivatives(self, before, after, cache, local):
        """Write the derivative of h' by a into ``local``. ``after`` holds h'. A hint: 1 / (1 + |a|) = 1 − |h'|."""
        raise NotImplementedError(
            'Softsign.local_derivatives is not written yet: see "Your task, first part", chapter 3, and TODO in cell.py'
        )  # TODO


class OneGateFormula(Cell):
    """What namegen is told of OneGate."""

    name, title, gates = "one_gate", "one gate", ("z", "n")

    @staticmethod
    def step(x, s, before):
        """The new state."""
        z, n = sigmoid(x.z + s.z), tanh(x.n + s.n)
        return z * before.h + (1 - z) * n


class OneGate(NumpyCell):
    """Second task: a cell of your own, a GRU with one gate.

    z = σ(x_z + s_z)
    n = tanh(x_n + s_n)
    h' = z h + (1 − z) n

    ``x`` and ``s`` have two arrays ``(B, H)`` each: z's and n's. ``before[0]`` is h, ``after[0]`` is h'.
    """

    declared = OneGateFormula
    carried = (0,)  # h is also read by itself, in z h: so before holds it
    cached = 2  # arrays that forward leaves for local_derivatives: z and n

    def forward(self, x, s, before, after, cache):
        """Write z and n into ``cache``, and h' into ``after[0]``."""
        raise NotImplementedError(
            'OneGate.forward is not written yet: see "Your task, second part" in chapter 3, and TODO in cell.py'
        )  # TODO

    def local_derivatives(self, before, after, cache, local):
        """Write the derivatives of h' into ``local``: by x_z + s_z, by x_n + s_n, by h."""
        raise NotImplementedError(
            'OneGate.local_derivatives is not written yet: see "Your task, second part", chapter 3, and TODO in cell.py'
        )  # TODO


class SoftsignNetwork(OwnCellNetwork):
    """A network of Softsign."""

    architecture = "softsign"
    own_cell = SoftsignFormula


class SoftsignEngine(NumpyEngine):
    """The NumPy engine with Softsign."""

    name = "softsign"
    architectures = (SoftsignNetwork,)
    cells = frozenset()
    own_cell = Softsign()


class OneGateNetwork(OwnCellNetwork):
    """A network of OneGate."""

    architecture = "one_gate"
    own_cell = OneGateFormula


class OneGateEngine(NumpyEngine):
    """The NumPy engine with OneGate."""

    name = "one_gate"
    architectures = (OneGateNetwork,)
    cells = frozenset()
    own_cell = OneGate()

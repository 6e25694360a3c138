"""Your cells. Chapter 3 (docs/learn/3-cells.md) says what to write; then run

    python -m pytest docs/learn/tasks -x -k Softsign
    python -m pytest docs/learn/tasks -x -k OneGate

Change only the methods that say TODO. Each writes its results into arrays that it is given. To write into an array, say
``array[...] = numbers``; ``array = numbers`` would only give the name to another array.
"""

from __future__ import annotations

import numpy as np  # noqa: F401  # for your formulas

from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN, sigmoid_of_half  # noqa: F401  # for your formulas
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

    ``columns`` and ``s`` are both of the shape ``(1, B, H)``, and so is ``after``. ``backward`` is SimpleRNN's: it
    multiplies the gradient with what ``slopes`` has left in ``columns``.
    """

    declared = SoftsignFormula

    def forward(self, columns, s, before, after, kept):
        """Write h' into ``after``. ``columns`` holds x."""
        raise NotImplementedError(
            'Softsign.forward is not written yet: see "Your task, first part" in chapter 3, and TODO in cell.py'
        )  # TODO

    def slopes(self, columns, before, after, kept):
        """Write the derivative of h' by a into ``columns``. ``after`` holds h'. A hint: 1 / (1 + |a|) = 1 − |h'|."""
        raise NotImplementedError(
            'Softsign.slopes is not written yet: see "Your task, first part" in chapter 3, and TODO in cell.py'
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

    ``columns`` has two arrays ``(B, H)``: z's and n's. ``before[0]`` is h, ``after[0]`` is h'.
    """

    declared = OneGateFormula
    columns = 2  # arrays that the cell works on: z and n
    x_gates = (0, 1)  # the input's part has both, in this order
    scale = (0.5, 1.0)  # of z, a sigmoid, x and s come multiplied by ½, as sigmoid_of_half wants them
    carried = (0,)  # h is also read by itself, in z h: so before and d_before hold it

    def forward(self, columns, s, before, after, kept):
        """Write h' into ``after[0]``, and leave z and n in ``columns``. ``columns`` holds x_z and x_n."""
        raise NotImplementedError(
            'OneGate.forward is not written yet: see "Your task, second part" in chapter 3, and TODO in cell.py'
        )  # TODO

    def slopes(self, columns, before, after, kept):
        """Write the derivatives of h': by x_z + s_z and by x_n + s_n into ``columns``, by h into ``before[0]``.

        On the way in ``columns`` holds z and n, ``before[0]`` holds h. Compute all three before you write the first.
        """
        raise NotImplementedError(
            'OneGate.slopes is not written yet: see "Your task, second part" in chapter 3, and TODO in cell.py'
        )  # TODO

    def backward(self, d_after, columns, before, kept, *, d_columns, d_before):
        """Multiply d loss / d h', ``d_after``, with what slopes has left, into ``d_columns`` and ``d_before``."""
        raise NotImplementedError(
            'OneGate.backward is not written yet: see "Your task, second part" in chapter 3, and TODO in cell.py'
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

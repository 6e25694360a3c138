"""A solution of chapter 3's task. Look at it when yours passes, or when you are stuck.

    python -m pytest docs/learn/tasks --cell solution

There is more than one right way to write a formula: the tests decide.
"""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN, logistic
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
        a = x + s
        after[...] = a / (1 + np.abs(a))

    def local_derivatives(self, before, after, cache, local):
        """Write the derivative of h' by a into ``local``. ``after`` holds h'. A hint: 1 / (1 + |a|) = 1 − |h'|."""
        local[...] = (
            1 - np.abs(after)
        ) ** 2  # h' = a / (1 + |a|), of which the slope is 1 / (1 + |a|)²


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
        z, n = logistic(x[0] + s[0]), np.tanh(x[1] + s[1])
        cache[0], cache[1] = z, n
        after[0] = z * before[0] + (1 - z) * n

    def local_derivatives(self, before, after, cache, local):
        """Write the derivatives of h' into ``local``: by x_z + s_z, by x_n + s_n, by h."""
        (z, n), h = cache, before[0]
        local[0] = (h - n) * z * (1 - z)  # h' = z h + (1 − z) n; z = σ(…)
        local[1] = (1 - z) * (1 - n**2)  # h' = … + (1 − z) n; n = tanh(…)
        local[2] = z  # h' = z h + …


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

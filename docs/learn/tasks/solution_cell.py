"""Solutions of the tasks in chapter 3. Read them when your cells pass, or if you're stuck. To test them, run

    python -m pytest docs/learn/tasks --cell solution

There's more than one correct way to write a formula. The tests decide.
"""

from __future__ import annotations

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell, SimpleRNN, logistic
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
        a = x + s
        after[...] = a / (1 + np.abs(a))

    def local_derivatives(self, before, after, cache, local):
        """Write the derivative of h' with respect to a into ``local``.

        ``after`` contains h'. Hint: 1 / (1 + |a|) = 1 − |h'|.
        """
        # h' = a / (1 + |a|), with the derivative 1 / (1 + |a|)²
        local[...] = (1 - np.abs(after)) ** 2


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
        (h,) = before
        z = logistic(x[0] + s[0])
        n = np.tanh(x[1] + s[1])
        cache[0] = z
        cache[1] = n
        after[0] = z * h + (1 - z) * n

    def local_derivatives(self, before, after, cache, local):
        """Write the derivatives of h' with respect to x_z + s_z, x_n + s_n, and h into ``local``."""
        (h,) = before
        z, n = cache
        local[0] = (h - n) * z * (1 - z)  # h' = z h + (1 − z) n; z = σ(…)
        local[1] = (1 - z) * (1 - n**2)  # h' = … + (1 − z) n; n = tanh(…)
        local[2] = z  # h' = z h + …


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

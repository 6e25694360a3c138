"""The cells: what one step makes of its input and of the state before it, and the derivative of that.

A cell is arithmetic on numbers that stand side by side, one row for each prefix: it knows no tree, no level and no
matrix product. ``recurrent.py`` makes the two parts that a cell reads, and every array that it writes into. Each is
``(count, B, H)``:

    x        the input's part, x K + b: a gate after the other, in the order of the kernel
    s        the state's part, h U (+ the state's bias, for a cell that has one), in the order of the recurrent kernel
    before   the arrays of the state before that the cell reads by itself, not through s alone
    after    the state after the step, h first
    cache    what forward computes and the way back needs beside before and after
    local    local derivatives: of the state after by each gate pre-activation, then by each array of before
    d_after  d loss / d after
    d        d loss / d each gate pre-activation, then d loss / d each array of before

A gate pre-activation is what the gate's function is taken of: x + s, so that x and s have one derivative. A gate that
needs its x and s apart has two pre-activations, and that of s stands behind those of all x.

Letters are those of ``core/README.md``; each derivative names the forward line that it undoes. The README beside this
file shows what a new cell is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from namegen.core.network import cells
from namegen.types import Array, Float


class NumpyCell(ABC):
    """One step, and its derivative.

    Attributes:
        declared: the cell whose formula it computes (``core/network/cells.py``), with its gates and states.
        apart: the gates that need their x and s apart.
        carried: which arrays of the state are in ``before``, by rising numbers without a gap: all but h, and h if it is
            read by itself.
        cached: how many arrays ``cache`` has.
        more_local: how many arrays ``local`` has beside those that are said above.
    """

    declared: ClassVar[type[cells.Cell]]
    apart: ClassVar[tuple[int, ...]] = ()
    carried: ClassVar[tuple[int, ...]] = ()
    cached: ClassVar[int] = 0
    more_local: ClassVar[int] = 0

    @property
    def of_state(self) -> list[int]:
        """For each gate of the state's part, in the order of the recurrent kernel, its pre-activation."""
        gates = self.declared.formula.gates
        own = {gate: gates + place for place, gate in enumerate(self.apart)}
        return [own.get(gate, gate) for gate in range(self.declared.formula.state_gates)]

    @abstractmethod
    def forward(
        self,
        x: Float[Array, "gates B H"],
        s: Float[Array, "state_gates B H"],
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        cache: Float[Array, "cached B H"],
    ) -> None:
        """From the first three, write ``after`` and ``cache``."""

    @abstractmethod
    def local_derivatives(
        self,
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        cache: Float[Array, "cached B H"],
        local: Float[Array, "locals B H"],
    ) -> None:
        """From the first three, write ``local``: all of a derivative that is known before the gradient arrives, so that
        it is computed for many rows at once.
        """

    def backward(
        self,
        d_after: Float[Array, "states B H"],
        local: Float[Array, "locals B H"],
        d: Float[Array, "pre_activations_and_carried B H"],
    ) -> None:
        """From the first two, write ``d``. Here for a cell whose state is h alone."""
        np.multiply(d_after, local, out=d)


class SimpleRNN(NumpyCell):
    """``h' = tanh(x + s)``: Elman, 1990."""

    declared = cells.SimpleRNN

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """The new state."""
        np.tanh(x + s, out=after)

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Of h' by x + s."""
        np.subtract(1, after * after, out=local)  # h' = tanh(x + s)


class GRU(NumpyCell):
    """Cho et al., 2014, in Keras's form (``reset_after=True``): gates z, r, n.

    z, r = σ(x_z + s_z), σ(x_r + s_r)
    n = tanh(x_n + r s_n)
    h' = z h + (1 − z) n

    Pre-activations: z, r, x_n, s_n.
    """

    declared = cells.GRU
    apart = (2,)
    carried = (0,)
    cached = 4  # z, r, n, s_n

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """The new state."""
        (z, r, n, s_n), h = cache, before[0]
        logistic(x[:2] + s[:2], out=cache[:2])
        s_n[...] = s[2]
        np.tanh(x[2] + r * s_n, out=n)
        np.add(n, z * (h - n), out=after[0])  # z h + (1 − z) n

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Of h' by the pre-activations and by h."""
        (z, r, n, s_n), h = cache, before[0]
        by_z, by_r, by_x_n, by_s_n, by_h = local
        not_z = 1 - z
        np.multiply(
            h - n, z * not_z, out=by_z
        )  # h' = n + z (h − n); z = σ(x_z + s_z), with σ' = σ (1 − σ)
        np.multiply(not_z, 1 - n * n, out=by_x_n)  # h' = z h + (1 − z) n; n = tanh(x_n + r s_n)
        np.multiply(by_x_n, r, out=by_s_n)  # x_n + r s_n
        np.multiply(by_s_n * s_n, 1 - r, out=by_r)  # x_n + r s_n; r = σ(x_r + s_r)
        by_h[...] = z  # h' = z h + …


class LSTM(NumpyCell):
    """Hochreiter and Schmidhuber, 1997, with a forget gate (Gers et al., 2000): gates i, f, g, o; the state is h, c.

    i, f, o = σ(x_i + s_i), σ(x_f + s_f), σ(x_o + s_o);  g = tanh(x_g + s_g)
    c' = f c + i g
    h' = o tanh(c')
    """

    declared = cells.LSTM
    carried = (1,)
    cached = 5  # i, f, g, o, tanh c'
    more_local = 1  # h' by c'

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """The new state."""
        (i, f, g, o, tanh_c), c, (h_after, c_after) = cache, before[0], after
        a = x + s
        logistic(a[:2], out=cache[:2])
        np.tanh(a[2], out=g)
        logistic(a[3], out=o)
        np.add(f * c, i * g, out=c_after)
        np.tanh(c_after, out=tanh_c)
        np.multiply(o, tanh_c, out=h_after)

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Of c' by i, f, g; of h' by o; of c' by c; and of h' by c'."""
        (i, f, g, o, tanh_c), c = cache, before[0]
        by_i, by_f, by_g, by_o, by_c, by_c_after = local
        np.multiply(
            g, i * (1 - i), out=by_i
        )  # c' = f c + i g; i = σ(x_i + s_i), with σ' = σ (1 − σ)
        np.multiply(c, f * (1 - f), out=by_f)  # c' = f c + i g; f = σ(x_f + s_f)
        np.multiply(i, 1 - g * g, out=by_g)  # c' = f c + i g; g = tanh(x_g + s_g)
        np.multiply(tanh_c, o * (1 - o), out=by_o)  # h' = o tanh(c'); o = σ(x_o + s_o)
        by_c[...] = f  # c' = f c + …
        np.multiply(o, 1 - tanh_c * tanh_c, out=by_c_after)  # h' = o tanh(c')

    def backward(self, d_after: Array, local: Array, d: Array) -> None:
        """The gates i, f and g act through c' alone."""
        d_h, d_c = d_after
        d_c_in_all = d_c + d_h * local[5]  # c' is part of the state; h' by c'
        np.multiply(d_c_in_all, local[:3], out=d[:3])  # c' by i, f, g
        np.multiply(d_h, local[3], out=d[3])  # h' by o
        np.multiply(d_c_in_all, local[4], out=d[4])  # c' by c


def logistic(a: Float[Array, "..."], out: Float[Array, "..."] | None = None) -> Float[Array, "..."]:
    """``σ(a) = (1 + tanh(a / 2)) / 2``, which cannot overflow.

    >>> logistic(np.array([-1e4, 0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    found: Array = np.multiply(a, 0.5, out=out)
    np.tanh(found, out=found)
    found *= 0.5
    found += 0.5
    return found


CELLS: dict[str, NumpyCell] = {cell.declared.name: cell for cell in (SimpleRNN(), GRU(), LSTM())}

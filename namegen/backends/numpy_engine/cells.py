"""The cells: what one step makes of its input and of the state before it, and the derivative of that.

A cell is arithmetic on numbers that stand side by side, one row for each prefix: it knows no tree, no level and no
matrix product. ``recurrent.py`` makes the two parts that a cell reads, and every array that it writes into:

    x = the input's part, x K + b        s = the state's part, h U (+ the state's bias, for a cell that has one)

Both come multiplied by the cell's ``scale``: ½ for a gate that is a sigmoid, because σ(x) = (1 + tanh(x / 2)) / 2 and
tanh cannot overflow. A factor of ½ is exact, and in the weights it costs nothing.

All arrays are of the shape ``(count, B, H)``, each ``(B, H)`` of them whole in memory, so that an operation on it is
one pass; and all that can be is done in place. A cell works on ``columns`` of a width each:

- ``forward`` finds x in the first of them and leaves there what it has computed;
- ``slopes`` turns these into the factors that a derivative is made of: everything in it that is known before the
  gradient arrives, so that it is done for many rows at once;
- ``backward`` multiplies the gradient with them: d x in the first columns, d s in the last. Where x and s are only read
  as a sum, they have one column for both.

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
        columns: how many arrays the cell works on.
        x_gates: the gates of the input's part, by their place in the kernel: the first columns, in this order.
        scale: by what each gate's x and s come multiplied, in the order of the kernel.
        carried: the arrays of the state that the cell reads by itself, not through ``s`` alone: neighbours, all
            but h among them; ``before`` and ``d_before`` hold these.
        kept: how many more arrays ``forward`` keeps.
    """

    declared: ClassVar[type[cells.Cell]]
    columns: ClassVar[int]
    x_gates: ClassVar[tuple[int, ...]]
    scale: ClassVar[tuple[float, ...]]
    carried: ClassVar[tuple[int, ...]] = ()
    kept: ClassVar[int] = 0

    @property
    def s_gates(self) -> int:
        """How many gates the state's part has, in the order of the recurrent kernel: the last columns."""
        return self.declared.formula.state_gates

    @abstractmethod
    def forward(
        self,
        columns: Float[Array, "columns B H"],
        s: Float[Array, "s_gates B H"],
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        kept: Float[Array, "kept B H"],
    ) -> None:
        """From x, in the first columns, s and the carried state before, write the state after. s may be used up."""

    @abstractmethod
    def slopes(
        self,
        columns: Float[Array, "columns B H"],
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        kept: Float[Array, "kept B H"],
    ) -> None:
        """Turn what forward left, ``after`` apart, into what ``backward`` multiplies with."""

    @abstractmethod
    def backward(
        self,
        d_after: Float[Array, "states B H"],
        columns: Float[Array, "columns B H"],
        before: Float[Array, "carried B H"],
        kept: Float[Array, "kept B H"],
        *,
        d_columns: Float[Array, "columns B H"],
        d_before: Float[Array, "carried B H"],
    ) -> None:
        """From d loss / d state after, which may be used up, write the derivatives of the columns (unscaled) and of the
        carried state before.
        """


class SimpleRNN(NumpyCell):
    """``h' = tanh(x + s)``: Elman, 1990."""

    declared = cells.SimpleRNN
    columns, x_gates, scale = 1, (0,), (1.0,)

    def forward(self, columns: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state."""
        np.add(columns, s, out=after)
        np.tanh(after, out=after)

    def slopes(self, columns: Array, before: Array, after: Array, kept: Array) -> None:
        """Of tanh."""
        np.multiply(after, after, out=columns)
        np.subtract(1, columns, out=columns)  # h' = tanh(x + s)

    def backward(
        self, d_after: Array, columns: Array, before: Array, kept: Array, *, d_columns: Array, d_before: Array
    ) -> None:
        """Its derivative."""
        np.multiply(d_after, columns, out=d_columns)


class GRU(NumpyCell):
    """Cho et al., 2014, in Keras's form (``reset_after=True``): gates z, r, n.

    z, r = σ(x_z + s_z), σ(x_r + s_r)
    n = tanh(x_n + r s_n)
    h' = z h + (1 − z) n

    Columns: n, z, r, s_n; x_n is read apart from s_n.
    """

    declared = cells.GRU
    columns, x_gates, scale = 4, (2, 0, 1), (0.5, 0.5, 1.0)
    carried = (0,)

    def forward(self, columns: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state; r s_n stands where s_n would."""
        (n, z, r, r_s_n), h, h_after = columns, before[0], after[0]
        sigmoids = columns[1:3]
        sigmoids += s[:2]
        sigmoid_of_half(sigmoids)
        np.multiply(r, s[2], out=r_s_n)
        n += r_s_n
        np.tanh(n, out=n)
        np.subtract(h, n, out=h_after)  # n + z (h − n)
        h_after *= z
        h_after += n

    def slopes(self, columns: Array, before: Array, after: Array, kept: Array) -> None:
        """Of h' by each column and by h."""
        (n, z, r, r_s_n), h = columns, before[0]
        by_z = 1 - z
        h -= n
        n *= n
        np.subtract(1, n, out=n)
        n *= by_z  # h' = z h + (1 − z) n; n = tanh(x_n + …)
        by_z *= z
        by_z *= h  # h' = n + z (h − n); z = σ(x_z + s_z), with σ' = σ (1 − σ)
        np.copyto(h, z)  # by h: h' = z h + …
        np.copyto(z, by_z)
        by_r = np.subtract(1, r, out=by_z)
        by_r *= r_s_n
        by_r *= n  # x_n + r s_n; r = σ(x_r + s_r)
        np.multiply(r, n, out=r_s_n)  # by s_n: x_n + r s_n
        np.copyto(r, by_r)

    def backward(
        self, d_after: Array, columns: Array, before: Array, kept: Array, *, d_columns: Array, d_before: Array
    ) -> None:
        """Its derivative: all depends on h' alone."""
        np.multiply(d_after, columns, out=d_columns)
        np.multiply(d_after, before, out=d_before)


class LSTM(NumpyCell):
    """Hochreiter and Schmidhuber, 1997, with a forget gate (Gers et al., 2000): gates i, f, g, o; the state is h, c.

    i, f, o = σ(x_i + s_i), σ(x_f + s_f), σ(x_o + s_o);  g = tanh(x_g + s_g)
    c' = f c + i g
    h' = o tanh(c')
    """

    declared = cells.LSTM
    columns, x_gates, scale = 4, (0, 1, 2, 3), (0.5, 0.5, 1.0, 0.5)
    carried = (1,)
    kept = 1  # tanh(c')

    def forward(self, columns: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state."""
        (i, f, g, o), c, (h_after, c_after), tanh_c = columns, before[0], after, kept[0]
        columns += s
        np.tanh(columns, out=columns)
        for sigmoid in (columns[:2], o):
            sigmoid *= 0.5
            sigmoid += 0.5
        np.multiply(f, c, out=c_after)
        np.multiply(i, g, out=tanh_c)
        c_after += tanh_c
        np.tanh(c_after, out=tanh_c)
        np.multiply(o, tanh_c, out=h_after)

    def slopes(self, columns: Array, before: Array, after: Array, kept: Array) -> None:
        """Of c' by i, f, g and c; of h' by o and c'."""
        (i, f, g, o), c, tanh_c = columns, before[0], kept[0]
        by_i = 1 - i
        by_i *= i
        by_i *= g  # c' = f c + i g; i = σ(x_i + s_i), with σ' = σ (1 − σ)
        g *= g
        np.subtract(1, g, out=g)
        g *= i  # c' = f c + i g; g = tanh(x_g + s_g)
        np.copyto(i, by_i)
        by_f = np.subtract(1, f, out=by_i)
        by_f *= f
        by_f *= c  # c' = f c + i g; f = σ(x_f + s_f)
        np.copyto(c, f)  # by c: c' = f c + i g
        np.copyto(f, by_f)
        by_c_after = np.multiply(tanh_c, tanh_c, out=by_f)
        np.subtract(1, by_c_after, out=by_c_after)
        by_c_after *= o  # h' = o tanh(c')
        tanh_c *= o
        np.subtract(1, o, out=o)
        o *= tanh_c  # h' = o tanh(c'); o = σ(x_o + s_o)
        np.copyto(tanh_c, by_c_after)

    def backward(
        self, d_after: Array, columns: Array, before: Array, kept: Array, *, d_columns: Array, d_before: Array
    ) -> None:
        """Its derivative."""
        d_h_after, d_c_after = d_after  # c' is also the state
        np.multiply(d_h_after, columns[3], out=d_columns[3])  # h' by o
        d_h_after *= kept[0]
        d_c_after += d_h_after  # h' by c'
        np.multiply(d_c_after, columns[:3], out=d_columns[:3])  # c' by i, f, g
        np.multiply(d_c_after, before[0], out=d_before[0])  # c' by c


def sigmoid_of_half(x: Float[Array, "..."]) -> None:
    """``σ(2x) = (1 + tanh x) / 2``, in place: what is scaled by ½ becomes the sigmoid of what it was."""
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5


CELLS: dict[str, NumpyCell] = {cell.declared.name: cell for cell in (SimpleRNN(), GRU(), LSTM())}

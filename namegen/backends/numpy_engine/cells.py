"""The cells: what one step makes of its input and of the state before it, and the derivative of that.

A cell is arithmetic on numbers that stand side by side, one row for each prefix: it knows no tree, no level and no
matrix product. ``recurrent.py`` makes the two parts that a cell reads, and every array that it writes into:

    x = the input's part, x K + b        s = the state's part, h U (+ the state's bias, for a cell that has one)

All arguments are of the shape ``(count, B, H)``: the gates, in the order that the cell names; the arrays of a state, h
first; what a cell keeps. How they lie in memory is the caller's choice. Letters are those of ``core/README.md``; each
backward line names the forward line that it undoes. The README beside this file shows what a new cell is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from namegen.types import Array, Float


class Cell(ABC):
    """One step, and its derivative.

    Attributes:
        kept: how many arrays ``forward`` keeps for ``backward``.
        carried: the arrays of the state that the cell reads by itself, not through ``s`` alone; ``backward`` fills
            ``d_before`` for these.
        sums_parts: x and s have the same gates and are read as ``x + s`` alone. Then d_s is d_x: ``backward`` is given
            one array for both, and writes it once.
    """

    kept: ClassVar[int] = 0
    carried: ClassVar[tuple[int, ...]] = ()
    sums_parts: ClassVar[bool] = False

    @abstractmethod
    def forward(
        self,
        x: Float[Array, "gates B H"],
        s: Float[Array, "state_gates B H"],
        before: Float[Array, "states B H"],
        after: Float[Array, "states B H"],
        kept: Float[Array, "kept B H"],
    ) -> None:
        """From both parts and the state before, write the state after and what ``backward`` needs."""

    @abstractmethod
    def backward(
        self,
        d_after: Float[Array, "states B H"],
        before: Float[Array, "states B H"],
        after: Float[Array, "states B H"],
        kept: Float[Array, "kept B H"],
        *,
        d_x: Float[Array, "gates B H"],
        d_s: Float[Array, "state_gates B H"],
        d_before: Float[Array, "carried B H"],
    ) -> None:
        """From d loss / d state after, write the derivatives of both parts and of the carried state before."""


class SimpleRNN(Cell):
    """``h' = tanh(x + s)``: Elman, 1990."""

    sums_parts = True

    def forward(self, x: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state."""
        np.tanh(x + s, out=after)

    def backward(
        self, d_after: Array, before: Array, after: Array, kept: Array, *, d_x: Array, d_s: Array, d_before: Array
    ) -> None:
        """Its derivative."""
        np.multiply(1 - after * after, d_after, out=d_x)  # h' = tanh(x + s)


class GRU(Cell):
    """Cho et al., 2014, in Keras's form (``reset_after=True``): gates z, r, n.

    z, r = σ(x_z + s_z), σ(x_r + s_r)
    n = tanh(x_n + r s_n)
    h' = z h + (1 − z) n
    """

    kept = 4  # z, r, n, s_n
    carried = (0,)

    def forward(self, x: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state."""
        h, (z, r, n, s_n) = before[0], kept
        sigmoid(x[:2] + s[:2], out=kept[:2])
        np.copyto(s_n, s[2])
        np.tanh(x[2] + r * s_n, out=n)
        np.add(n, z * (h - n), out=after[0])

    def backward(
        self, d_after: Array, before: Array, after: Array, kept: Array, *, d_x: Array, d_s: Array, d_before: Array
    ) -> None:
        """Its derivative."""
        d_h_after, h, (z, r, n, s_n) = d_after[0], before[0], kept
        d_x_z, d_x_r, d_x_n = d_x
        d_z = d_h_after * (h - n)  # h' = n + z (h − n)
        d_n = d_h_after * (1 - z)  # h' = n + z (h − n)
        np.multiply(d_h_after, z, out=d_before[0])  # h' = n + z (h − n)
        np.multiply(d_n, 1 - n * n, out=d_x_n)  # n = tanh(x_n + r s_n)
        np.multiply(d_x_n, r, out=d_s[2])  # x_n + r s_n
        d_r = d_x_n * s_n  # x_n + r s_n
        np.multiply(d_z * z, 1 - z, out=d_x_z)  # z = σ(x_z + s_z)
        np.multiply(d_r * r, 1 - r, out=d_x_r)  # r = σ(x_r + s_r)
        np.copyto(d_s[:2], d_x[:2])  # x_z + s_z, x_r + s_r


class LSTM(Cell):
    """Hochreiter and Schmidhuber, 1997, with a forget gate (Gers et al., 2000): gates i, f, g, o; the state is h, c.

    i, f, o = σ(x_i + s_i), σ(x_f + s_f), σ(x_o + s_o);  g = tanh(x_g + s_g)
    c' = f c + i g
    h' = o tanh(c')
    """

    kept = 5  # i, f, g, o, tanh(c')
    carried = (1,)
    sums_parts = True

    def forward(self, x: Array, s: Array, before: Array, after: Array, kept: Array) -> None:
        """The new state."""
        c, (h_after, c_after), (i, f, g, o, tanh_c) = before[1], after, kept
        sums = x + s  # (4, B, H)
        sigmoid(sums[:2], out=kept[:2])
        np.tanh(sums[2], out=g)
        sigmoid(sums[3], out=o)
        np.add(f * c, i * g, out=c_after)
        np.tanh(c_after, out=tanh_c)
        np.multiply(o, tanh_c, out=h_after)

    def backward(
        self, d_after: Array, before: Array, after: Array, kept: Array, *, d_x: Array, d_s: Array, d_before: Array
    ) -> None:
        """Its derivative."""
        (d_h_after, d_c_later), c, (i, f, g, o, tanh_c) = d_after, before[1], kept
        d_x_i, d_x_f, d_x_g, d_x_o = d_x
        d_c_after = d_h_after * o * (1 - tanh_c * tanh_c)  # h' = o tanh(c')
        d_c_after += d_c_later  # c' is also the state
        np.multiply(d_c_after * g * i, 1 - i, out=d_x_i)  # c' = f c + i g; i = σ(x_i + s_i)
        np.multiply(d_c_after * c * f, 1 - f, out=d_x_f)  # c' = f c + i g; f = σ(x_f + s_f)
        np.multiply(d_c_after * i, 1 - g * g, out=d_x_g)  # c' = f c + i g; g = tanh(x_g + s_g)
        np.multiply(d_h_after * tanh_c * o, 1 - o, out=d_x_o)  # h' = o tanh(c'); o = σ(x_o + s_o)
        np.multiply(d_c_after, f, out=d_before[0])  # c' = f c + i g


def sigmoid(x: Float[Array, "..."], *, out: Float[Array, "..."]) -> None:
    """``1 / (1 + e^−x)``, written as ``(1 + tanh(x / 2)) / 2``, because tanh cannot overflow."""
    np.multiply(x, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5


CELLS: dict[str, Cell] = {"simple_rnn": SimpleRNN(), "gru": GRU(), "lstm": LSTM()}

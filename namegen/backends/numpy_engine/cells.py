"""The cells: how one step computes the new state from the input and the state before, and the derivative of that.

A cell is elementwise arithmetic on arrays with one row per prefix. It knows nothing about trees, levels or matrix
products: ``recurrent.py`` computes the two parts that a cell reads, and allocates the arrays that it writes. Each array
is ``(count, B, H)``:

    x        the input's part, x K + b, one array per gate, in the order of the kernel
    s        the state's part, h U (plus the state's bias, if the cell has one), in the order of the recurrent kernel
    before   those arrays of the state before that the cell reads directly, not only through s; then its vectors
    after    the state after the step, h first
    cache    intermediate results of forward that the backward pass needs besides before and after
    local    local derivatives: of the state after with respect to each pre-activation, then to each array of before
    d_after  d loss / d after
    d        d loss / d each pre-activation, then d loss / d each array of before

A *pre-activation* is the argument of a gate's function. Usually it is x + s, so x and s have the same derivative. A
gate that treats x and s differently has two pre-activations; those for s follow all others.

The backward pass is in two parts. ``local_derivatives`` needs no gradient, so it's computed for many levels at once.
``backward`` then only multiplies by the results. A name such as ``by_z`` is the derivative of the state after with
respect to that pre-activation, and its comment shows the forward line that it undoes.

``out=`` writes a result directly into its array. With new arrays, a cell takes 10 to 40% longer. For the same reason,
gates with the same function are computed in one call.

The letters are explained in ``core/README.md``, and the README in this folder shows how to add a cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from namegen.core.network import cells
from namegen.types import Array, Float


class NumpyCell(ABC):
    """One step of a cell, and its derivative.

    >>> GRU().of_state, LSTM().of_state  # the GRU's gate n has two pre-activations, 2 for x and 3 for s
    ([0, 1, 3], [0, 1, 2, 3])
    """

    #: The cell whose formula this class computes (``core/network/cells.py``), with its gates and states.
    declared: ClassVar[type[cells.Cell]]
    #: The gates that treat x and s differently. A gate of the GRU, for example, multiplies s but not x by r. The
    #: backward pass then needs one derivative for x and one for s.
    apart: ClassVar[tuple[int, ...]] = ()
    #: The arrays of the state that are in ``before``: all but h, and h if it is read directly. Consecutive and rising.
    carried: ClassVar[tuple[int, ...]] = ()
    #: The number of arrays in ``cache``.
    cached: ClassVar[int] = 0
    #: The number of arrays in ``local`` besides those described above.
    more_local: ClassVar[int] = 0

    @property
    def pre_activations(self) -> int:
        """How many pre-activations the cell has."""
        return self.declared.formula.gates + len(self.apart)

    @property
    def of_state(self) -> list[int]:
        """The pre-activation of each gate that reads s, in the order of the recurrent kernel."""
        formula = self.declared.formula
        separate = {gate: formula.gates + index for index, gate in enumerate(self.apart)}
        return [separate.get(gate, gate) for gate in range(formula.state_gates)]

    @property
    def carried_slice(self) -> slice:
        """``carried`` as a slice of the state."""
        if not self.carried:
            return slice(0, 0)
        return slice(self.carried[0], self.carried[-1] + 1)

    @abstractmethod
    def forward(
        self,
        x: Float[Array, "gates B H"],
        s: Float[Array, "state_gates B H"],
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        cache: Float[Array, "cached B H"],
    ) -> None:
        """Compute the new state ``after`` from ``x``, ``s`` and ``before``. Fill ``cache`` for the backward pass."""

    @abstractmethod
    def local_derivatives(
        self,
        before: Float[Array, "carried B H"],
        after: Float[Array, "states B H"],
        cache: Float[Array, "cached B H"],
        local: Float[Array, "locals B H"],
    ) -> None:
        """Write the derivatives of the step's results with respect to what it has read into ``local``.

        They don't depend on the loss, so they're computed before the backward pass, for many rows at once. The
        backward pass multiplies them by the gradient of the state (chain rule).
        """

    def backward(
        self,
        d_after: Float[Array, "states B H"],
        local: Float[Array, "locals B H"],
        d: Float[Array, "pre_activations_and_carried B H"],
    ) -> None:
        """Apply the chain rule: write the gradients of what the step has read into ``d``.

        This version is for cells whose only state is h: each gradient is d loss / d h', times the derivative of h'.

        Args:
            d_after: d loss / d h' for B rows, (1, B, H).
            local: the derivatives of h' with respect to each number that the step has read.
            d: to be filled with d loss / d these numbers, with the shape of ``local``.
        """
        np.multiply(d_after, local, out=d)


class SimpleRNN(NumpyCell):
    """``h' = tanh(x + s)`` (Elman, 1990)."""

    declared = cells.SimpleRNN

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """Compute the new hidden state ``h' = tanh(x + s)``, for B rows at once.

        Args:
            x: the input's part, (1, B, H).
            s: the state's part, (1, B, H).
            before: empty, because the cell reads the state only through s.
            after: to be filled with h', (1, B, H).
            cache: empty, because the backward pass needs only h'.
        """
        np.tanh(x + s, out=after)

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Fill ``local`` with the derivative of h' (in ``after``) with respect to x + s. Both are (1, B, H)."""
        # h' = tanh(x + s), and tanh' = 1 − tanh²
        np.subtract(1, after * after, out=local)


class GRU(NumpyCell):
    """The gated recurrent unit (Cho et al., 2014) in Keras's form (``reset_after=True``), with the gates z, r, n.

    z = σ(x_z + s_z)
    r = σ(x_r + s_r)
    n = tanh(x_n + r s_n)
    h' = z h + (1 − z) n

    The pre-activations are z, r, x_n, s_n.
    """

    declared = cells.GRU
    apart = (2,)  # n
    carried = (0,)  # h
    cached = 4  # z, r, n, s_n

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """Compute the new hidden state h' of a GRU, for B rows at once: h' = z h + (1 − z) n.

        Results are written directly into ``after`` and ``cache``, because new arrays would take longer.

        Args:
            x: the input's part of the gates z, r and n: x_z, x_r and x_n, (3, B, H).
            s: the state's part of the gates: s_z, s_r and s_n, (3, B, H).
            before: the hidden state h before the step, (1, B, H).
            after: to be filled with h', (1, B, H).
            cache: to be filled with z, r, n and s_n, which the backward pass needs, (4, B, H).
        """
        (h,) = before  # (B, H), like all following arrays
        (h_after,) = after
        z, r, n, cached_s_n = cache
        x_n = x[2]
        s_n = s[2]
        # z = σ(x_z + s_z) and r = σ(x_r + s_r), in one call for both gates
        z_and_r = cache[:2]
        logistic(x[:2] + s[:2], out=z_and_r)
        # n = tanh(x_n + r s_n)
        np.tanh(x_n + r * s_n, out=n)
        # h' = z h + (1 − z) n = n + z (h − n)
        np.add(n, z * (h - n), out=h_after)
        cached_s_n[...] = s_n

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Compute how the new state h' of a GRU changes with each number that its step has read, for B rows at once.

        The step is z = σ(x_z + s_z), r = σ(x_r + s_r), n = tanh(x_n + r s_n), h' = z h + (1 − z) n. Its derivatives
        use σ' = σ (1 − σ) and tanh' = 1 − tanh². ``by_z``, for example, is d h' / d (x_z + s_z).

        Args:
            before: the hidden state h before the step, (1, B, H).
            after: h', (1, B, H).
            cache: z, r, n and s_n, from ``forward``, (4, B, H).
            local: to be filled with d h' / d (x_z + s_z), (x_r + s_r), x_n, s_n and h, (5, B, H).
        """
        (h,) = before
        z, r, n, s_n = cache
        by_z, by_r, by_x_n, by_s_n, by_h = local
        not_z = 1 - z
        # Through z: h' = n + z (h − n), so by_z = (h − n) σ'.
        np.multiply(h - n, z * not_z, out=by_z)
        # Through n: h' = … + (1 − z) n, so by_x_n = (1 − z) tanh'.
        np.multiply(not_z, 1 - n * n, out=by_x_n)
        # Through n: n reads r s_n where it reads x_n, so by_s_n = by_x_n r …
        np.multiply(by_x_n, r, out=by_s_n)
        # … and by_r = by_x_n s_n σ', with σ' = r (1 − r). by_s_n already has the factor r.
        np.multiply(by_s_n * s_n, 1 - r, out=by_r)
        # Directly: h' = z h + …
        by_h[...] = z


class LSTM(NumpyCell):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers et al., 2000).

    The gates are i, f, g, o, and the state is h and c.

    i = σ(x_i + s_i)
    f = σ(x_f + s_f)
    g = tanh(x_g + s_g)
    o = σ(x_o + s_o)
    c' = f c + i g
    h' = o tanh(c')
    """

    declared = cells.LSTM
    carried = (1,)  # c
    cached = 5  # i, f, g, o, tanh c'
    more_local = 1  # h' with respect to c'

    def forward(self, x: Array, s: Array, before: Array, after: Array, cache: Array) -> None:
        """Compute the new state of an LSTM, for B rows at once: c' = f c + i g and h' = o tanh(c').

        Results are written directly into ``after`` and ``cache``, because new arrays would take longer.

        Args:
            x: the input's part of each gate, in the order i, f, g, o, (4, B, H).
            s: the state's part of each gate, (4, B, H).
            before: the cell state c before the step, (1, B, H).
            after: to be filled with h' and c', (2, B, H).
            cache: to be filled with i, f, g, o and tanh(c'), which the backward pass needs, (5, B, H).
        """
        (c,) = before  # (B, H), like all following arrays
        h_after, c_after = after
        i, f, g, o, tanh_c = cache
        # The gates: σ(x + s) for i, f and o, tanh(x + s) for g. i and f are computed in one call.
        pre_activations = x + s  # (4, B, H)
        i_and_f = cache[:2]
        logistic(pre_activations[:2], out=i_and_f)
        np.tanh(pre_activations[2], out=g)
        logistic(pre_activations[3], out=o)
        # c' = f c + i g
        np.add(f * c, i * g, out=c_after)
        # h' = o tanh(c')
        np.tanh(c_after, out=tanh_c)
        np.multiply(o, tanh_c, out=h_after)

    def local_derivatives(self, before: Array, after: Array, cache: Array, local: Array) -> None:
        """Compute how the new states c' and h' of an LSTM change with each number that its step has read.

        The step is i = σ(…), f = σ(…), g = tanh(…), o = σ(…), c' = f c + i g, h' = o tanh(c'). Its derivatives use
        σ' = σ (1 − σ) and tanh' = 1 − tanh².

        Args:
            before: the cell state c before the step, for B rows, (1, B, H).
            after: h' and c', (2, B, H).
            cache: i, f, g, o and tanh(c'), from ``forward``, (5, B, H).
            local: to be filled with the derivatives of c' with respect to the arguments of i, f and g, of h' with
                respect to the argument of o, of c' with respect to c, and of h' with respect to c', (6, B, H).
        """
        (c,) = before
        i, f, g, o, tanh_c = cache
        by_i, by_f, by_g, by_o, by_c, by_c_after = local
        # c' = … + i g, and i = σ(…)
        np.multiply(g, i * (1 - i), out=by_i)
        # c' = f c + …, and f = σ(…)
        np.multiply(c, f * (1 - f), out=by_f)
        # c' = … + i g, and g = tanh(…)
        np.multiply(i, 1 - g * g, out=by_g)
        # h' = o tanh(c'), and o = σ(…)
        np.multiply(tanh_c, o * (1 - o), out=by_o)
        # c' = f c + …
        by_c[...] = f
        # h' = o tanh(c')
        np.multiply(o, 1 - tanh_c * tanh_c, out=by_c_after)

    def backward(self, d_after: Array, local: Array, d: Array) -> None:
        """Apply the chain rule to a step of an LSTM, c' = f c + i g and h' = o tanh(c'), for B rows at once.

        Args:
            d_after: d loss / d h' and d loss / d c', (2, B, H).
            local: the derivatives of c' and h' from ``local_derivatives``, (6, B, H).
            d: to be filled with d loss / d the arguments of the gates i, f, g and o, and d loss / d c, (5, B, H).
        """
        d_h, d_c = d_after
        by_i, by_f, by_g, by_o, by_c, by_c_after = local
        d_i, d_f, d_g, d_o, d_c_before = d
        # c' reaches the loss directly, and through h' = o tanh(c').
        d_c_total = d_c + d_h * by_c_after
        # i, f, g and c act only through c'.
        np.multiply(d_c_total, by_i, out=d_i)
        np.multiply(d_c_total, by_f, out=d_f)
        np.multiply(d_c_total, by_g, out=d_g)
        np.multiply(d_c_total, by_c, out=d_c_before)
        # o acts only through h'.
        np.multiply(d_h, by_o, out=d_o)


def logistic(a: Float[Array, "..."], out: Float[Array, "..."] | None = None) -> Float[Array, "..."]:
    """Compute the logistic function ``σ(a) = (1 + tanh(a / 2)) / 2``, which can't overflow in this form.

    >>> logistic(np.array([-1e4, 0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    result: Array = np.multiply(a, 0.5, out=out)
    np.tanh(result, out=result)
    result *= 0.5
    result += 0.5
    return result


CELLS: dict[str, NumpyCell] = {cell.declared.name: cell for cell in (SimpleRNN(), GRU(), LSTM())}

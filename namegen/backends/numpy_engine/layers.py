"""The layers, each with its forward and its backward pass: ``Linear``, ``SimpleRNN``, ``GRU``, ``LSTM``.

A layer reads one row for each distinct prefix (node of a prefix tree). A recurrent layer goes down the tree a level at
a time: the state before a node is the state of its parent. Backwards it comes up: what a parent receives is the sum
over its children. Without sharing the tree is just a bundle of sequences, and this is plain backpropagation through
time. Letters are those of ``core/README.md``.

Parameters and gradients are views into one long vector each (see ``model.py``), so a layer writes its gradients in
place. In ``backward`` each step names the forward line that it undoes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.types import Array, Float, Int

Tensors: TypeAlias = dict[str, Array]
CellState: TypeAlias = tuple[Array, ...]


class Layer(ABC):
    """A step from rows to rows that has parameters and knows its own derivative."""

    def __init__(self, parameters: Tensors, gradients: Tensors) -> None:
        self.parameters = parameters
        self.gradients = gradients

    @abstractmethod
    def backward(self, d_outputs: Float[Array, "N D"]) -> Float[Array, "N K"] | None:
        """Undo the last forward: from d loss / d outputs fill ``gradients`` and return d loss / d inputs.

        Tokens have no derivative: for them None is returned.
        """


class Linear(Layer):
    """``y = x W + b``. Parameters: ``kernel`` W ``(K, V)``, ``bias`` b ``(V,)``."""

    def forward(self, inputs: Float[Array, "N K"]) -> Float[Array, "N V"]:
        """The logits. They are laid out column by column: what follows reduces over V, which is then fast."""
        self._inputs = inputs
        outputs = (self.parameters["kernel"].T @ inputs.T).T  # (N, V)
        outputs += self.parameters["bias"]
        return outputs

    def backward(self, d_outputs: Float[Array, "N V"]) -> Float[Array, "N K"]:
        """Undo ``y = x W + b``."""
        np.matmul(self._inputs.T, d_outputs, out=self.gradients["kernel"])
        np.sum(d_outputs, axis=0, out=self.gradients["bias"])
        return d_outputs @ self.parameters["kernel"].T


class Recurrent(Layer):
    """What the recurrent cells share. Parameters: ``kernel`` K ``(K or V, G·H)``, ``recurrent_kernel`` U ``(H, G·H)``,
    ``bias``.

    Args:
        through_time: True: gradients flow back through the whole name. False: the state before a node counts as a
            constant, as in the original's scratch network.
    """

    states = 1  # how many arrays a state is: 1 (h), LSTM 2 (h, c)

    def __init__(self, parameters: Tensors, gradients: Tensors, *, through_time: bool = True) -> None:
        super().__init__(parameters, gradients)
        self.through_time = through_time
        self.width = parameters["recurrent_kernel"].shape[0]

    def initial_state(self, rows: int) -> CellState:
        """Zeros: nothing has been read."""
        kernel = self.parameters["recurrent_kernel"]
        return tuple(np.zeros((rows, self.width), kernel.dtype) for _ in range(self.states))

    @abstractmethod
    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], state: CellState) -> CellState:
        """One step of ``B`` independent rows: the new state, whose first array is the output."""

    @abstractmethod
    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk, initial: CellState | None = None
    ) -> Float[Array, "N H"]:
        """The hidden state at every node. ``initial``: the state before START, one row each; zeros if left out."""

    def _project(self, inputs: Int[Array, "N"] | Float[Array, "N K"], bias: Float[Array, "GH"]) -> Array:
        """``x K + b``. The product of a one-hot row with K is one row of K, so tokens are looked up."""
        kernel = self.parameters["kernel"]
        if inputs.dtype.kind == "i":
            return (kernel + bias).take(inputs, axis=0)  # (N, G·H)
        projected: Array = inputs @ kernel  # (N, G·H)
        projected += bias
        return projected

    def _begin(self, inputs: Array, walk: TreeWalk, initial: CellState | None) -> list[Array]:
        """Keep what backward needs; an empty array for the state before each node, START's row filled in."""
        self._inputs, self._walk = inputs, walk
        before = []
        for first in self.initial_state(1) if initial is None else initial:
            before.append(np.empty((walk.tree.nodes, self.width), first.dtype))  # (N, H)
            before[-1][0] = first[0]
        return before

    def _undo_projection(self, d_projected: Float[Array, "N GH"], d_bias: Array) -> Float[Array, "N K"] | None:
        """Undo ``x K + b``."""
        inputs = self._inputs
        if inputs.dtype.kind != "i":
            np.matmul(inputs.T, d_projected, out=self.gradients["kernel"])
            np.matmul(np.ones(len(inputs), inputs.dtype), d_projected, out=d_bias)
            return d_projected @ self.parameters["kernel"].T
        order = np.argsort(inputs, kind="stable")  # rows of one token become neighbours, and are summed
        tokens = inputs[order]
        starts = np.flatnonzero(np.diff(tokens, prepend=-1))
        d_kernel = self.gradients["kernel"]
        d_kernel.fill(0)
        d_kernel[tokens[starts]] = np.add.reduceat(d_projected.take(order, axis=0), starts, axis=0)
        np.sum(d_kernel, axis=0, out=d_bias)
        return None


class SimpleRNN(Recurrent):
    """``h' = tanh(x K + h U + b)``: Elman, 1990. ``G`` = 1."""

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], state: CellState) -> CellState:
        """One step of independent rows."""
        (h,) = state
        p = self.parameters
        return (np.tanh(self._project(inputs, p["bias"]) + h @ p["recurrent_kernel"]),)

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk, initial: CellState | None = None
    ) -> Float[Array, "N H"]:
        """The hidden state at every node."""
        U = self.parameters["recurrent_kernel"]
        pre = self._project(inputs, self.parameters["bias"])  # (N, H)
        (before,) = self._begin(inputs, walk, initial)
        h = np.empty_like(pre)
        h[0] = np.tanh(pre[0] + before[0] @ U)
        for level in walk.levels:
            rows = level.rows
            h.take(level.parents, axis=0, out=before[rows], mode="clip")  # parents exist: clip only skips a check
            pre_rows = pre[rows]
            pre_rows += before[rows] @ U
            np.tanh(pre_rows, out=h[rows])
        self._h, self._before = h, before
        return h

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the levels from the deepest to START, then the projection for all nodes at once."""
        U = self.parameters["recurrent_kernel"]
        d_pre = 1 - self._h * self._h  # h = tanh(pre)
        if self.through_time:
            d_h = d_outputs.copy()
            for level in reversed(self._walk.levels):
                d_pre_rows = d_pre[level.rows]
                d_pre_rows *= d_h[level.rows]
                # before = h[parents]; pre += before U
                d_h[level.families] += np.add.reduceat(d_pre_rows, level.family_starts, axis=0) @ U.T
            d_pre[0] *= d_h[0]
        else:
            d_pre *= d_outputs
        np.matmul(self._before.T, d_pre, out=self.gradients["recurrent_kernel"])  # pre += before U
        return self._undo_projection(d_pre, self.gradients["bias"])


class GRU(Recurrent):
    """Cho et al., 2014, in Keras's form (``reset_after=True``): gates z, r, h side by side; ``G`` = 3.

    z = σ(x K_z + b_z + h U_z + c_z)        b: the input's bias, row 0; c: the state's bias, row 1
    r = σ(x K_r + b_r + h U_r + c_r)
    n = tanh(x K_h + b_h + r (h U_h + c_h))
    h' = z h + (1 − z) n
    """

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], state: CellState) -> CellState:
        """One step of independent rows."""
        bias = self.parameters["bias"]
        (h,) = state
        x = self._project(inputs, bias[0])
        s = h @ self.parameters["recurrent_kernel"] + bias[1]
        return (self._cell(x, s, h)[-1],)

    def _cell(self, x: Array, s: Array, h: Array) -> tuple[Array, Array, Array]:
        """From the input's part x and the state's part s: the gates z and r side by side, n, and h'."""
        H = self.width
        gates = sigmoid(x[:, : 2 * H] + s[:, : 2 * H])  # (B, 2H)
        z, r = gates[:, :H], gates[:, H:]
        n = np.tanh(x[:, 2 * H :] + r * s[:, 2 * H :])
        return gates, n, n + z * (h - n)

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk, initial: CellState | None = None
    ) -> Float[Array, "N H"]:
        """The hidden state at every node."""
        U, bias, H = self.parameters["recurrent_kernel"], self.parameters["bias"], self.width
        x = self._project(inputs, bias[0])  # (N, 3H)
        (before,) = self._begin(inputs, walk, initial)
        h = np.empty_like(before)
        self._gates = np.empty((len(x), 2 * H), x.dtype)  # z, r
        self._n = np.empty_like(before)
        self._s_n = np.empty_like(before)  # h U_h + c_h
        for rows, parents in [(slice(0, 1), None), *((level.rows, level.parents) for level in walk.levels)]:
            if parents is not None:
                h.take(parents, axis=0, out=before[rows], mode="clip")
            s = before[rows] @ U
            s += bias[1]
            self._gates[rows], self._n[rows], h[rows] = self._cell(x[rows], s, before[rows])
            self._s_n[rows] = s[:, 2 * H :]
        self._before = before
        return h

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the levels from the deepest to START, then both projections for all nodes at once."""
        U, H = self.parameters["recurrent_kernel"], self.width
        z, r, n = self._gates[:, :H], self._gates[:, H:], self._n
        d_x = np.empty((len(n), 3 * H), n.dtype)  # (N, 3H): z, r, n before their functions
        d_s = np.empty_like(d_x)

        def undo_cell(rows: slice, d_h: Array) -> None:
            d_n = d_h * (1 - z[rows])  # h' = n + z (h − n)
            d_z = d_h * (self._before[rows] - n[rows])
            d_x_n = d_n * (1 - n[rows] * n[rows])  # n = tanh(x_n + r s_n)
            d_r = d_x_n * self._s_n[rows]
            d_x[rows, :H] = d_z * z[rows] * (1 - z[rows])  # z = σ(x_z + s_z)
            d_x[rows, H : 2 * H] = d_r * r[rows] * (1 - r[rows])  # r = σ(x_r + s_r)
            d_x[rows, 2 * H :] = d_x_n
            d_s[rows, : 2 * H] = d_x[rows, : 2 * H]
            d_s[rows, 2 * H :] = d_x_n * r[rows]

        if self.through_time:
            d_h = d_outputs.copy()
            for level in reversed(self._walk.levels):
                rows, starts = level.rows, level.family_starts
                undo_cell(rows, d_h[rows])
                # before = h[parents]; s = before U + c; h' = n + z (before − n)
                d_before = np.add.reduceat(d_s[rows], starts, axis=0) @ U.T
                d_before += np.add.reduceat(d_h[rows] * z[rows], starts, axis=0)
                d_h[level.families] += d_before
            undo_cell(slice(0, 1), d_h[:1])
        else:
            undo_cell(slice(None), d_outputs)
        np.matmul(self._before.T, d_s, out=self.gradients["recurrent_kernel"])  # s = before U + c
        np.sum(d_s, axis=0, out=self.gradients["bias"][1])
        return self._undo_projection(d_x, self.gradients["bias"][0])


class LSTM(Recurrent):
    """Hochreiter and Schmidhuber, 1997, with a forget gate (Gers et al., 2000): i, f, c, o side by side; ``G`` = 4.

    a = x K + h U + b
    i, f, o = σ(a_i), σ(a_f), σ(a_o);  g = tanh(a_c)
    c' = f c + i g
    h' = o tanh(c')
    """

    states = 2

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], state: CellState) -> CellState:
        """One step of independent rows."""
        h, c = state
        a = self._project(inputs, self.parameters["bias"]) + h @ self.parameters["recurrent_kernel"]
        _, _, h, c = self._cell(a, c)
        return h, c

    def _cell(self, a: Array, c: Array) -> tuple[Array, Array, Array, Array]:
        """From the gates before their functions: the gates i, f, g, o after them, tanh(c'), h' and c'."""
        H = self.width
        gates = sigmoid(a)  # (B, 4H)
        gates[:, 2 * H : 3 * H] = np.tanh(a[:, 2 * H : 3 * H])
        i, f, g, o = (gates[:, k * H : (k + 1) * H] for k in range(4))
        c = f * c + i * g
        tanh_c = np.tanh(c)
        return gates, tanh_c, o * tanh_c, c

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk, initial: CellState | None = None
    ) -> Float[Array, "N H"]:
        """The hidden state at every node."""
        U = self.parameters["recurrent_kernel"]
        a = self._project(inputs, self.parameters["bias"])  # (N, 4H)
        before, c_before = self._begin(inputs, walk, initial)
        h, c, tanh_c = (np.empty_like(before) for _ in range(3))
        self._gates = np.empty_like(a)
        for rows, parents in [(slice(0, 1), None), *((level.rows, level.parents) for level in walk.levels)]:
            if parents is not None:
                h.take(parents, axis=0, out=before[rows], mode="clip")
                c.take(parents, axis=0, out=c_before[rows], mode="clip")
            a[rows] += before[rows] @ U
            self._gates[rows], tanh_c[rows], h[rows], c[rows] = self._cell(a[rows], c_before[rows])
        self._before, self._c_before, self._tanh_c = before, c_before, tanh_c
        return h

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the levels from the deepest to START, then the projection for all nodes at once."""
        U, H = self.parameters["recurrent_kernel"], self.width
        i, f, g, o = (self._gates[:, k * H : (k + 1) * H] for k in range(4))
        d_a = np.empty_like(self._gates)  # (N, 4H)

        def undo_cell(rows: slice, d_h: Array, d_c_after: Array | float) -> Array:
            tanh_c = self._tanh_c[rows]
            d_c: Array = d_h * o[rows] * (1 - tanh_c * tanh_c) + d_c_after  # h' = o tanh(c')
            d_a[rows, :H] = d_c * g[rows] * i[rows] * (1 - i[rows])  # c' = f c + i g; i = σ(a_i)
            d_a[rows, H : 2 * H] = d_c * self._c_before[rows] * f[rows] * (1 - f[rows])  # f = σ(a_f)
            d_a[rows, 2 * H : 3 * H] = d_c * i[rows] * (1 - g[rows] * g[rows])  # g = tanh(a_c)
            d_a[rows, 3 * H :] = d_h * tanh_c * o[rows] * (1 - o[rows])  # h' = o tanh(c'); o = σ(a_o)
            return d_c

        if self.through_time:
            d_h, d_c = d_outputs.copy(), np.zeros_like(d_outputs)
            for level in reversed(self._walk.levels):
                rows, starts = level.rows, level.family_starts
                d_c_rows = undo_cell(rows, d_h[rows], d_c[rows])
                # before = h[parents], c_before = c[parents]; a += before U; c' = f c_before + i g
                d_h[level.families] += np.add.reduceat(d_a[rows], starts, axis=0) @ U.T
                d_c[level.families] += np.add.reduceat(d_c_rows * f[rows], starts, axis=0)
            undo_cell(slice(0, 1), d_h[:1], d_c[:1])
        else:
            undo_cell(slice(None), d_outputs, 0.0)
        np.matmul(self._before.T, d_a, out=self.gradients["recurrent_kernel"])  # a += before U
        return self._undo_projection(d_a, self.gradients["bias"])


def sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """``1 / (1 + e^−x)``, written with tanh, which cannot overflow."""
    half: Array = np.tanh(0.5 * x)
    half *= 0.5
    half += 0.5
    return half


CELLS: dict[str, type[Recurrent]] = {"simple_rnn": SimpleRNN, "gru": GRU, "lstm": LSTM}

"""Recurrent: a layer that carries a state down the tree and brings its gradient back up, whatever its cell.

There is one loop down the levels of a prefix tree and one up. The state before a node is the state after its parent,
so a level is one gather, one matrix product and one call of the cell; what a parent receives on the way back is the sum
over its children. Without sharing the tree is a bundle of names, and this is plain backpropagation through time.
All matrix products are here; ``cells.py`` has the rest. Letters are those of ``core/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.cells import Cell
from namegen.backends.numpy_engine.walk import TreeWalk
from namegen.types import Array, Float, Int

BLOCK_NUMBERS = 1 << 16  # a cell keeps about so many at a time in a step: they stay in the processor's cache
LayerState: TypeAlias = Array  # (states, B, H): h, for LSTM h and c


class Recurrent:
    """A recurrent layer. Parameters: ``kernel`` K ``(K or V + L, G·H)``, ``recurrent_kernel`` U ``(H, G·H)``, ``bias``.

    The gates stand side by side in the columns of K, U and the bias. A bias of two rows has one for the input's part
    and one for the state's part.

    Args:
        cell: the arithmetic of one step.
        states: how many arrays a state is.
        parameters: by short name.
        gradients: what ``backward`` writes, of the same names and shapes.
        through_time: True: gradients flow back through the whole name. False: the state before a node counts as a
            constant, as in the original's scratch network.

    Attributes:
        start: the state before a name's beginning, ``(states, 1, H)``: zeros, as nothing has been read.
    """

    def __init__(
        self,
        cell: Cell,
        states: int,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        *,
        through_time: bool = True,
    ) -> None:
        self.cell = cell
        self.parameters = parameters
        self.gradients = gradients
        self.through_time = through_time
        self.width = len(parameters["recurrent_kernel"])
        self.dtype = parameters["kernel"].dtype
        self.start = np.zeros((states, 1, self.width), self.dtype)
        self.block_rows = max(1, BLOCK_NUMBERS // (self.width * max(1, cell.kept)))

    def initial_state(self, rows: int) -> LayerState:
        """The state of ``rows`` names of which nothing has been read."""
        return self.start.repeat(rows, axis=1)

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], before: LayerState) -> LayerState:
        """One step of ``B`` independent rows: the new state, whose first array is the output."""
        rows = len(inputs)
        x, s = self._gates(self._input_part(inputs)), self._gates(self._state_part(before[0]))
        after = np.empty(before.shape, self.dtype)
        kept = np.empty((self.cell.kept, min(rows, self.block_rows), self.width), self.dtype)
        if rows <= self.block_rows:
            self.cell.forward(x, s, before, after, kept)
            return after
        for first in range(0, rows, self.block_rows):  # nothing is undone: a block may write over what was kept before
            block = slice(first, min(first + self.block_rows, rows))
            room = kept[:, : block.stop - first]
            self.cell.forward(x[:, block], s[:, block], before[:, block], after[:, block], room)
        return after

    def forward(self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk) -> Float[Array, "N H"]:
        """The hidden state at every node."""
        nodes, states = walk.nodes, len(self.start)
        x = self._gates(self._input_part(inputs))  # (G, N, H)
        kept = self._room(self.cell.kept, nodes)
        before = self._room(states, nodes)
        # The state before a name stands behind those of the nodes, in row −1: the roots' parent is −1 in the tree.
        after = self._room(states, nodes + 1)
        after[:, -1:] = self.start
        for level in walk.levels:
            rows = level.rows
            before_rows = before[:, rows]
            for state in range(states):
                # wrap takes −1 for the last row; and unlike raise, the default, it writes into out without a copy.
                after[state].take(level.parents, axis=0, out=before_rows[state], mode="wrap")
            s = self._gates(self._state_part(before_rows[0]))
            self.cell.forward(x[:, rows], s, before_rows, after[:, rows], kept[:, rows])
        self._inputs, self._walk = inputs, walk
        self._before, self._after, self._kept = before, after, kept
        return after[0, :nodes]

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the last forward: from d loss / d outputs fill the gradients and return d loss / d inputs.

        Tokens have no derivative: for them None is returned.
        """
        nodes, U = self._walk.nodes, self.parameters["recurrent_kernel"]
        d_after = np.zeros_like(self._before)  # (states, N, H)
        d_after[0] = d_outputs
        d_x = np.empty((nodes, self.parameters["kernel"].shape[1]), self.dtype)  # (N, G·H)
        d_s = d_x if self.cell.sums_parts else np.empty((nodes, U.shape[1]), self.dtype)
        d_before = self._room(len(self.cell.carried), nodes)
        if self.through_time:
            self._climb(d_after, d_before, d_x, d_s)
        else:
            self._undo_cell(slice(0, nodes), d_after, d_before, d_x, d_s)
        np.matmul(self._before[0].T, d_s, out=self.gradients["recurrent_kernel"])  # s = h U (+ bias)
        d_bias = self.gradients["bias"]
        if d_bias.ndim == 1:
            return self._undo_input_part(d_x, d_bias)
        np.sum(d_s, axis=0, out=d_bias[1])  # s = h U + bias
        return self._undo_input_part(d_x, d_bias[0])

    def _climb(self, d_after: Array, d_before: Array, d_x: Array, d_s: Array) -> None:
        """Undo the levels from the deepest up: every node but those of the deepest receives from its children."""
        U_T, carried = self.parameters["recurrent_kernel"].T, self.cell.carried
        levels = self._walk.levels
        # What each family sends to its parent. Row 0, of the family of the roots, stays zero: it is what a node
        # without children receives. So to receive is one gather, which is faster than to add at the parents' places.
        sent = np.zeros((len(d_after), self._walk.families, self.width), self.dtype)
        self._undo_cell(levels[-1].rows, d_after, d_before, d_x, d_s)
        for below, level in pairwise(reversed(levels)):
            np.matmul(below.sum_over_children(d_s), U_T, out=sent[0, below.families])  # s = h U
            for place, state in enumerate(carried):
                sent[state, below.families] += below.sum_over_children(d_before[place])
            for state in range(len(d_after)):
                d_after[state, level.rows] += sent[state].take(level.own_family, axis=0)  # before = after[parents]
            self._undo_cell(level.rows, d_after, d_before, d_x, d_s)

    def _undo_cell(self, rows: slice, d_after: Array, d_before: Array, d_x: Array, d_s: Array) -> None:
        """Undo the cell at some nodes: d_before, d_x and d_s are written there."""
        d_x_gates = self._gates(d_x[rows])
        self.cell.backward(
            d_after[:, rows],
            self._before[:, rows],
            self._after[:, rows],
            self._kept[:, rows],
            d_x=d_x_gates,
            d_s=d_x_gates if d_s is d_x else self._gates(d_s[rows]),
            d_before=d_before[:, rows],
        )

    def _room(self, count: int, rows: int) -> Float[Array, "count rows H"]:
        """Room for arrays of the layer's width."""
        return np.empty((count, rows, self.width), self.dtype)

    def _gates(self, columns: Float[Array, "n GH"]) -> Float[Array, "G n H"]:
        """The same memory, a gate after the other."""
        rows, width = columns.shape
        return columns.reshape(rows, width // self.width, self.width).swapaxes(0, 1)

    def _input_part(self, inputs: Int[Array, "N"] | Float[Array, "N K"]) -> Float[Array, "N GH"]:
        """``x K + b``. The product of a one-hot row with K is one row of K, so tokens are looked up."""
        kernel, bias = self.parameters["kernel"], self.parameters["bias"]
        if bias.ndim == 2:
            bias = bias[0]
        if inputs.dtype.kind == "i":
            return (kernel + bias).take(inputs, axis=0)
        x: Array = inputs @ kernel
        x += bias
        return x

    def _state_part(self, h: Float[Array, "n H"]) -> Float[Array, "n SH"]:
        """``h U``, and the state's bias if there is one."""
        s: Array = h @ self.parameters["recurrent_kernel"]
        bias = self.parameters["bias"]
        if bias.ndim == 2:
            s += bias[1]
        return s

    def _undo_input_part(self, d_x: Float[Array, "N GH"], d_bias: Float[Array, "GH"]) -> Float[Array, "N K"] | None:
        """Undo ``x K + b``."""
        inputs = self._inputs
        if inputs.dtype.kind != "i":
            np.matmul(inputs.T, d_x, out=self.gradients["kernel"])
            # A product with ones sums the rows: BLAS does it 2 to 9 times as fast as np.sum along this axis.
            np.matmul(np.ones(len(inputs), self.dtype), d_x, out=d_bias)
            return d_x @ self.parameters["kernel"].T
        # Each token's row of K receives the sum over the nodes where it was looked up. Sorted, the nodes of one token
        # are neighbours, and one reduceat sums them; np.add.at would add them one after the other. NumPy sorts integers
        # of up to 16 bits by their digits, 3 times as fast.
        narrow = inputs.astype(np.min_scalar_type(len(self.parameters["kernel"])))
        order = np.argsort(narrow, kind="stable")
        tokens = inputs[order]
        starts = np.flatnonzero(np.diff(tokens, prepend=-1))
        d_kernel = self.gradients["kernel"]
        d_kernel.fill(0)
        d_kernel[tokens[starts]] = np.add.reduceat(d_x.take(order, axis=0), starts, axis=0)
        np.sum(d_kernel, axis=0, out=d_bias)  # b is in every looked-up row
        return None

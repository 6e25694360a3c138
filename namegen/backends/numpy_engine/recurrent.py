"""Recurrent: a layer that carries a state down the tree and brings its gradient back up, whatever its cell.

There is one loop down the levels of a prefix tree and one up. The state before a node is the state after its parent, so
the state's part of a step is computed once for all children of a prefix. What a parent receives on the way back is the
sum over its children. Without sharing the tree is a bundle of names, and this is plain backpropagation through time.
All products with K and U are here; ``cells.py`` has the rest. Letters are those of ``core/README.md``.

The arrays of a step, for N nodes in M groups (the children of one parent, ``walk.py``). Each ``(N, H)`` is whole in
memory, so that what a cell does to a level is one pass without gaps. The memory is for the largest tree so far and has
more rows; a step uses the first N or M:

    x             (gates, n, H)     the input's part, x K + b, of some levels at a time
    h_of_parents  (M, H)            the hidden state that the children of a group read
    before        (carried, N, H)   the arrays of the state before a node that its cell reads by itself
    after         (states, N, H)    the state at each node, h first; in the last row of the memory the start state
    cache         (cached, N, H)    what the cell needs again on the way back
    local         (local, n, H)     local derivatives, of some levels at a time
    d             (…, N, H)         d loss / d gate pre-activations, then d loss / d before
    group_sums    (M, …)            side by side the sums over the children of a group of arrays of d: for each gate of
                                    s, in U's order, its pre-activation, then each array of before, in its order
    sent          (states, M, H)    what a group sends to its parent: d loss / d the state that it has read; zeros for
                                    the roots' group: a node without children reads these (``Level.children``)
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.backends.numpy_engine.walk import GroupSums, TreeWalk
from namegen.core.data.arrays import new_run
from namegen.types import Array, Float, Int, Int64

# Numbers of an array that a cell works on at a time, so that all its arrays stay in the cache; of a tree, a level at
# least.
BLOCK_NUMBERS = 1 << 15
# One reduceat sums all runs while the numbers of a run, times the width of a row, are fewer than this. Above, a call
# for each run, of 2 µs, is faster.
WORTH_A_CALL = 1 << 17
LayerState: TypeAlias = Array  # (states, B, H), h first


class Memory:
    """Memory for one array of every step, as large as the largest so far.

    The system clears memory that a program gets anew, page by page: with new arrays for the loss and for what the
    layers send down, a step of the original's network takes a tenth longer with batches of 2,048.
    """

    _numbers: Array = np.zeros(0)

    def like(self, array: Array) -> Array:
        """One of its shape and type, whole in memory, of any numbers; the next one overwrites it."""
        if len(self._numbers) < array.size or self._numbers.dtype != array.dtype:
            self._numbers = np.zeros(array.size + array.size // 4, array.dtype)
        return self._numbers[: array.size].reshape(array.shape)


class Recurrent:
    """A recurrent layer.

    Parameters: ``kernel`` K ``(inputs or V + L, G·H)``, ``recurrent_kernel`` U ``(H, state gates · H)``, ``bias``.
    The gates stand side by side in the columns of K, U and the bias. A bias of two rows has one for the input's part
    and one for the state's part.

    Args:
        cell: the arithmetic of one step.
        parameters: by short name.
        gradients: what ``backward`` writes, of the same names and shapes.
        bptt: True: gradients flow back through the whole name. False: the state before a node counts as a
            constant, as in the original's scratch network.

    Attributes:
        start: the state before a name's beginning, ``(states, 1, H)``: zeros, as nothing has been read.
    """

    def __init__(
        self,
        cell: NumpyCell,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        *,
        bptt: bool = True,
    ) -> None:
        self.cell = cell
        self.parameters = parameters
        self.gradients = gradients
        self.bptt = bptt
        self.width = len(parameters["recurrent_kernel"])
        self.dtype = parameters["kernel"].dtype
        self.start = np.zeros((cell.declared.formula.states, 1, self.width), self.dtype)
        self.gates = cell.declared.formula.gates
        self.block_rows = max(1, BLOCK_NUMBERS // self.width)
        # Views: who changes a parameter writes into its memory.
        bias, U = np.atleast_2d(parameters["bias"]), parameters["recurrent_kernel"]
        self._K, self._U, self._bias = map(self._by_gate, (parameters["kernel"], U, bias[:1]))
        self._state_bias = self._by_gate(bias[1:, : U.shape[1]]) if len(bias) == 2 else None
        self._d_inputs = Memory()
        self._carried = slice(
            *((cell.carried[0], cell.carried[-1] + 1) if cell.carried else (0, 0))
        )
        self._make_room(0)

    def _make_room(self, nodes: int) -> None:
        """Make the arrays of a step, which are used again and again (``Memory`` says why): with new arrays a step of an
        LSTM of 160 units takes 1.25 times as long.
        """
        self._room = nodes + nodes // 4

        def new(*shape: int) -> Array:
            return np.zeros((*shape, self.width), self.dtype)

        cell, states, carried = self.cell, len(self.start), len(self.cell.carried)
        pre_activations = self.gates + len(cell.apart)
        self._x, self._cache, self._before = (
            new(count, self._room) for count in (self.gates, cell.cached, carried)
        )
        self._after = new(states, self._room + 1)
        self._local = new(pre_activations + carried + cell.more_local, self._room)
        self._d = new(pre_activations + carried, self._room)
        self._sent = new(states, self._room)
        self._h_of_parents = new(self._room)
        self._group_sums = GroupSums(
            self._d, [*cell.of_state, *range(pre_activations, pre_activations + carried)]
        )

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], before: LayerState) -> LayerState:
        """One step of ``B`` independent rows: the new state, whose first array is the output."""
        after = np.empty((len(before), len(inputs), self.width), self.dtype)
        for first in range(0, len(inputs), self.block_rows):
            rows = slice(first, min(first + self.block_rows, len(inputs)))
            shape = (rows.stop - first, self.width)
            x = self._input_part(inputs[rows], np.empty((self.gates, *shape), self.dtype))
            cache = np.empty((self.cell.cached, *shape), self.dtype)
            s = self._state_part(before[0, rows])
            self.cell.forward(x, s, before[self._carried, rows], after[:, rows], cache)
        return after

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk
    ) -> Float[Array, "N H"]:
        """The hidden state at every node. It is overwritten by the next forward."""
        if walk.nodes > self._room:
            self._make_room(walk.nodes)
        cell, before, after, cache = self.cell, self._before, self._after, self._cache
        after[:, -1:] = self.start  # the roots' parent is −1 in the tree
        self._inputs, self._walk, self._stretches = inputs, walk, walk.stretches(self.block_rows)
        for nodes, levels in self._stretches:
            x = self._input_part(inputs[nodes], self._x[:, : nodes.stop - nodes.start])
            for level, places in levels:
                rows, h = level.rows, self._h_of_parents[level.groups]
                # wrap takes −1 for the last row; and unlike raise, the default, it writes into out without a copy.
                after[0].take(level.parents_of_groups, axis=0, out=h, mode="wrap")
                s = self._state_part(h)  # (state gates, groups of the level, H)
                if level.group is not None:
                    s = s.take(level.group, axis=1)  # (state gates, nodes of the level, H)
                if cell.carried:
                    after[self._carried].take(
                        level.parents, axis=1, out=before[:, rows], mode="wrap"
                    )
                cell.forward(x[:, places], s, before[:, rows], after[:, rows], cache[:, rows])
        return after[0, : walk.nodes]

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the last forward: from d loss / d outputs fill the gradients and return d loss / d inputs, which is
        overwritten by the next backward. Tokens have no derivative: for them None is returned.
        """
        cell, walk, d, sent, sums = self.cell, self._walk, self._d, self._sent, self._group_sums
        U, H = self.parameters["recurrent_kernel"], self.width
        of_s = U.shape[1]
        U_T = np.ascontiguousarray(U.T)  # transposed in memory: BLAS takes it faster by a fifth
        sums.begin(walk)
        for nodes, levels in reversed(self._stretches):
            local = self._local[:, : nodes.stop - nodes.start]
            cell.local_derivatives(
                self._before[:, nodes], self._after[:, nodes], self._cache[:, nodes], local
            )
            for level, places in reversed(levels):
                rows, groups = level.rows, level.groups
                d_after = sent.take(
                    level.children, axis=1
                )  # (states, nodes of the level, H): before = after[parents]
                d_after[0] += d_outputs[rows]  # h is also the output
                cell.backward(d_after, local[:, places], d[:, rows])
                of_groups = sums.fill(level)  # (groups of the level, …)
                if (
                    self.bptt and groups.start > 0
                ):  # not for the roots: a node without children reads its zeros
                    np.dot(of_groups[:, :of_s], U_T, out=sent[0, groups])  # s = h U
                    for place, state in enumerate(cell.carried):
                        d_carried = of_groups[:, of_s + place * H : of_s + (place + 1) * H]
                        sent[state, groups] = d_carried if state else sent[0, groups] + d_carried
        # s = h U (+ bias): the same s for all children of a prefix, so their sums are enough
        d_s = sums.rows[: walk.group_count, :of_s]
        np.dot(
            self._h_of_parents[: walk.group_count].T, d_s, out=self.gradients["recurrent_kernel"]
        )
        d_bias = np.atleast_2d(self.gradients["bias"])
        if len(d_bias) == 2:
            d_bias[1] = 0  # a gate that does not read the state has no use for its second bias
            d_bias[1, :of_s] = np.ones(walk.group_count, self.dtype) @ d_s
        return self._undo_input_part(d_bias[0])

    def _input_part(
        self, inputs: Int[Array, "n"] | Float[Array, "n K"], out: Float[Array, "gates n H"]
    ) -> Float[Array, "gates n H"]:
        """``x K + b``. The product of a one-hot row with K is one row of K, so tokens are looked up; of few, b
        is added to their rows alone. Ids are not checked.
        """
        if inputs.dtype.kind != "i":
            np.matmul(inputs, self._K, out=out)
            out += self._bias
        elif len(inputs) < self._K.shape[1]:
            np.add(
                self._by_gate(self.parameters["kernel"].take(inputs, axis=0)), self._bias, out=out
            )
        else:
            for gate, rows in zip(out, self._K + self._bias, strict=True):
                rows.take(inputs, axis=0, out=gate, mode="clip")
        return out

    def _state_part(self, h: Float[Array, "n H"]) -> Float[Array, "state_gates n H"]:
        """``h U``, and the state's bias where there is one."""
        s: Array = h @ self._U
        if self._state_bias is not None:
            s += self._state_bias
        return s

    def _undo_input_part(self, d_bias: Float[Array, "GH"]) -> Float[Array, "N K"] | None:
        """Undo ``x K + b``."""
        inputs, gates, d_kernel = self._inputs, self.gates, self.gradients["kernel"]
        if inputs.dtype.kind != "i":
            d_x = self._d[:gates, : len(inputs)]
            # A product with ones sums the rows: BLAS does it 2 to 9 times as fast as np.sum along this axis.
            self._by_gate(d_bias[None])[...] = np.ones((1, len(inputs)), self.dtype) @ d_x
            self._by_gate(d_kernel)[...] = inputs.T @ d_x
            d_inputs: Array = np.matmul(d_x[0], self._K[0].T, out=self._d_inputs.like(inputs))
            for d_gate, kernel in zip(d_x[1:], self._K[1:], strict=True):
                d_inputs += d_gate @ kernel.T
            return d_inputs
        # Each token's row of K receives the sum over the nodes where it was looked up. Sorted, the nodes of one token
        # are neighbours. NumPy sorts integers of up to 16 bits by their digits, 3 times as fast.
        narrow = inputs.astype(np.min_scalar_type(-len(d_kernel)))
        order = narrow.argsort(kind="stable")
        tokens = narrow[order]
        starts = new_run(tokens).nonzero()[0]
        sums = _sum_runs(self._d[:gates].take(order, axis=1), starts)
        d_kernel[...] = 0
        self._by_gate(d_kernel)[:, tokens[starts]] = sums
        self._by_gate(d_bias[None])[:, 0] = sums.sum(axis=1)  # b is in every row
        return None

    def _by_gate(self, matrix: Float[Array, "K GH"]) -> Float[Array, "G K H"]:
        """The same memory, a gate after the other."""
        return matrix.reshape(len(matrix), matrix.shape[1] // self.width, self.width).swapaxes(0, 1)


def _sum_runs(
    rows: Float[Array, "gates N H"], starts: Int64[Array, "runs"]
) -> Float[Array, "gates runs H"]:
    """The sum of each run of rows, which begins where it says and ends where the next one does."""
    if rows.size * rows.shape[2] < len(starts) * WORTH_A_CALL:
        sums: Array = np.add.reduceat(rows, starts, axis=1)
        return sums
    sums = np.empty((len(rows), len(starts), rows.shape[2]), rows.dtype)
    for run, (first, end) in enumerate(pairwise([*starts.tolist(), rows.shape[1]])):
        np.add.reduce(rows[:, first:end], axis=1, out=sums[:, run])
    return sums

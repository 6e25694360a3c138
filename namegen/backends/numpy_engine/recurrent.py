"""Recurrent: a layer that carries a state down the tree and brings its gradient back up, whatever its cell.

There is one loop down the levels of a prefix tree and one up. The state before a node is the state after its parent, so
the state's part of a step is computed once for all children of a prefix. What a parent receives on the way back is the
sum over its children. Without sharing the tree is a bundle of names, and this is plain backpropagation through time.
All matrix products are here; ``cells.py`` has the rest. Letters are those of ``core/README.md``.

What makes it fast is how the numbers lie in memory. Each gate of all nodes is whole, ``(N, H)`` for a gate, so that
what a cell does to a level is one pass over memory without gaps; the products write it so, gate by gate, at the speed
of one large product. All arrays are reused from step to step (``Room``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.backends.numpy_engine.walk import FamilySums, SideBySide, TreeWalk
from namegen.core.data.prefix_tree import new_run
from namegen.types import Array, Float, Int, Int64

BLOCK_NUMBERS = 1 << 15  # numbers of one gate that a cell works on at a time: all its gates stay in the cache
# A sum of its own for each run takes a call, 2 µs; one reduceat for all takes as long for so many numbers.
NUMBERS_WORTH_A_CALL = 1 << 11
LayerState: TypeAlias = Array  # (states, B, H), h first


class Room:
    """Gives arrays by name. The next one of a name takes the place of the last, whose numbers are then lost.

    Memory that a program gets anew has to be cleared by the system first, page by page, which takes longer than to
    compute what goes there; and what was just used is still in the processor's cache.

    Args:
        dtype: of all of them.

    >>> room = Room("float32")
    >>> first, second = room.get("h", 2, 3), room.get("h", 1, 4)
    >>> second.shape, np.shares_memory(first, second)
    ((1, 4), True)
    """

    def __init__(self, dtype: np.dtype | str) -> None:
        self._dtype = dtype
        self._flat: dict[str, Array] = {}

    def get(self, name: str, *shape: int) -> Array:
        """An array of that shape, whole in memory, holding anything."""
        size = math.prod(shape)
        flat = self._flat.get(name)
        if flat is None or len(flat) < size:
            flat = self._flat[name] = np.empty(size + size // 4, self._dtype)
        return flat[:size].reshape(shape)


class Recurrent:
    """A recurrent layer. Parameters: ``kernel`` K ``(K or V + L, G·H)``, ``recurrent_kernel`` U ``(H, G·H)``, ``bias``.

    The gates stand side by side in the columns of K, U and the bias. A bias of two rows has one for the input's part
    and one for the state's part.

    Args:
        cell: the arithmetic of one step.
        parameters: by short name. Whoever changes them by another way than ``forward``'s calls ``refresh`` before the
            next ``step``.
        gradients: what ``backward`` writes, of the same names and shapes.
        through_time: True: gradients flow back through the whole name. False: the state before a node counts as a
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
        through_time: bool = True,
    ) -> None:
        self.cell = cell
        self.parameters = parameters
        self.gradients = gradients
        self.through_time = through_time
        self.width = len(parameters["recurrent_kernel"])
        self.dtype = parameters["kernel"].dtype
        self.start = np.zeros((cell.declared.formula.states, 1, self.width), self.dtype)
        self.block_rows = max(1, BLOCK_NUMBERS // self.width)
        self._room = Room(self.dtype)
        columns, H = cell.columns, self.width
        # Where they stand in a row of the gradient of all columns, in which the carried state follows.
        self._of_s = slice((columns - cell.s_gates) * H, columns * H)
        self._carried = slice(*((cell.carried[0], cell.carried[-1] + 1) if cell.carried else (0, 0)))
        self._shared = len(cell.x_gates) + cell.s_gates - columns  # columns of both: the last of x, the first of s
        in_order = cell.x_gates == tuple(range(len(cell.x_gates)))
        self._x_gates = slice(None) if in_order else list(cell.x_gates)  # a slice takes no copy
        self.refresh()

    def refresh(self) -> None:
        """Read the parameters: the products take them gate by gate and scaled, as the cell wants its parts."""
        scale = np.array(self.cell.scale, self.dtype)[:, None, None]  # (G, 1, 1)
        # Each gate whole in memory: what NumPy would do by itself is to keep the order that they stand in.
        scaled = np.multiply(self._by_gate(self.parameters["kernel"]), scale, order="C")
        kernel = scaled[self._x_gates]  # (G, K, H)
        of_state = self._by_gate(self.parameters["recurrent_kernel"])
        recurrent_kernel = np.multiply(of_state, scale[: self.cell.s_gates], order="C")
        biases = np.atleast_2d(self.parameters["bias"])
        bias = np.multiply(self._by_gate(biases[:1]), scale, order="C")[self._x_gates]  # (G, 1, H)
        state_bias = None
        if len(biases) == 2:  # of a gate that reads the sum of both parts, the input's part has both biases
            of_state = (self._by_gate(biases[1:]) * scale)[: self.cell.s_gates]
            bias[len(bias) - self._shared :] += of_state[: self._shared]
            state_bias = of_state[self._shared :]
        # Whole at last, as another thread may be reading: what it finds is the same before and after.
        self._kernel, self._recurrent_kernel = kernel, recurrent_kernel
        self._bias, self._state_bias = bias, state_bias
        self._table: Array | None = None

    def initial_state(self, rows: int) -> LayerState:
        """The state of ``rows`` names of which nothing has been read."""
        return self.start.repeat(rows, axis=1)

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], before: LayerState) -> LayerState:
        """One step of ``B`` independent rows: the new state, whose first array is the output."""
        cell, rows = self.cell, len(inputs)
        after = np.empty(before.shape, self.dtype)
        for block in _blocks(rows, self.block_rows):
            count = block.stop - block.start
            columns = np.empty((cell.columns, count, self.width), self.dtype)
            self._input_part(inputs[block], columns[: len(cell.x_gates)])
            s = np.matmul(before[0, block], self._recurrent_kernel)
            if self._state_bias is not None:
                s[self._shared :] += self._state_bias
            kept = np.empty((cell.kept, count, self.width), self.dtype)
            cell.forward(columns, s, before[self._carried, block], after[:, block], kept)
        return after

    def forward(self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk) -> Float[Array, "N H"]:
        """The hidden state at every node. It is overwritten by the next forward."""
        self.refresh()
        cell, room, nodes, H = self.cell, self._room, walk.nodes, self.width
        columns = room.get("columns", cell.columns, nodes, H)
        self._input_part(inputs, columns[: len(cell.x_gates)])
        kept = room.get("kept", cell.kept, nodes, H)
        before = room.get("before", len(cell.carried), nodes, H)
        # The state before a name stands behind those of the nodes, in row −1: the roots' parent is −1 in the tree.
        after = room.get("after", len(self.start), nodes + 1, H)
        after[:, -1:] = self.start
        h_of_parents = room.get("h of parents", walk.families, H)
        for level in walk.levels:
            rows, families = level.rows, level.families
            # wrap takes −1 for the last row; and unlike raise, the default, it writes into out without a copy.
            h = after[0].take(level.parents_of_families, axis=0, out=h_of_parents[families], mode="wrap")
            s = np.matmul(h, self._recurrent_kernel, out=room.get("s of families", cell.s_gates, len(h), H))
            if self._state_bias is not None:
                s[self._shared :] += self._state_bias
            if level.family is not None:
                s = s.take(level.family, axis=1, out=room.get("s", cell.s_gates, len(level.parents), H), mode="clip")
            for place, state in enumerate(cell.carried):
                after[state].take(level.parents, axis=0, out=before[place, rows], mode="wrap")
            cell.forward(columns[:, rows], s, before[:, rows], after[:, rows], kept[:, rows])
        self._inputs, self._walk, self._h_of_parents = inputs, walk, h_of_parents
        self._columns, self._before, self._after, self._kept = columns, before, after, kept
        return after[0, :nodes]

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the last forward, once: from d loss / d outputs fill the gradients and return d loss / d inputs.

        Tokens have no derivative: for them None is returned.
        """
        cell, room, walk, H = self.cell, self._room, self._walk, self.width
        for block in _blocks(walk.nodes, self.block_rows):
            cell.slopes(self._columns[:, block], self._before[:, block], self._after[:, block], self._kept[:, block])
        d_after = room.get("d after", len(self.start), walk.nodes, H)
        d_after[0] = d_outputs
        d_after[1:] = 0
        d = room.get("d", cell.columns + len(cell.carried), walk.nodes, H)  # d columns, d carried state before
        sent = SideBySide(d)
        sums = FamilySums(sent, walk, room.get("sums", walk.families, sent.width))
        if self.through_time:
            self._climb(d_after, d, sums)
        else:
            self._undo_cell(slice(0, walk.nodes), d_after, d)
            for level in walk.levels:
                sums.fill(level)
        # s = h U (+ bias): the same s for all children of a prefix, so their sums are enough
        d_s, ones = sums.rows[:, self._of_s], np.ones((1, walk.nodes), self.dtype)
        np.matmul(self._h_of_parents.T, d_s, out=self.gradients["recurrent_kernel"])
        d_bias = np.atleast_2d(self.gradients["bias"])
        if len(d_bias) == 2:
            read = d_s.shape[1]  # a gate that does not read the state has no use for its second bias
            np.matmul(ones[:, : walk.families], d_s, out=d_bias[1:, :read])
            d_bias[1:, read:] = 0
        return self._undo_input_part(d[: len(cell.x_gates)], d_bias[:1], ones)

    def _climb(self, d_after: Array, d: Array, sums: FamilySums) -> None:
        """Undo the levels from the deepest up: every node but those of the deepest receives from its children."""
        columns, carried, H, levels = self.cell.columns, self.cell.carried, self.width, self._walk.levels
        # Transposed in memory: BLAS takes it faster by a fifth.
        U_T = np.ascontiguousarray(self.parameters["recurrent_kernel"].T)
        # What each family sends to its parent. Row 0, of the family of the roots, stays zero: it is what a node
        # without children receives. So to receive is one gather, which is faster than to add at the parents' places.
        sent = self._room.get("sent", len(d_after), self._walk.families, H)
        sent[:, 0] = 0
        self._undo_cell(levels[-1].rows, d_after, d)
        for below, level in pairwise(reversed(levels)):
            rows, families = level.rows, below.families
            of_families = sums.fill(below)
            np.matmul(of_families[:, self._of_s], U_T, out=sent[0, families])  # s = h U
            for place, state in enumerate(carried, start=columns):
                of_state = of_families[:, place * H : (place + 1) * H]
                if state == 0:
                    sent[0, families] += of_state
                else:
                    sent[state, families] = of_state
            received = self._room.get("received", len(level.own_family), H)
            for state in range(len(d_after)):
                sent[state].take(level.own_family, axis=0, out=received, mode="clip")
                d_after[state, rows] += received  # before = after[parents]
            self._undo_cell(rows, d_after, d)
        sums.fill(levels[0])

    def _undo_cell(self, rows: slice, d_after: Array, d: Array) -> None:
        """Undo the cell at some nodes: d is written there."""
        columns, of_nodes = self.cell.columns, d[:, rows]
        self.cell.backward(
            d_after[:, rows],
            self._columns[:, rows],
            self._before[:, rows],
            self._kept[:, rows],
            d_columns=of_nodes[:columns],
            d_before=of_nodes[columns:],
        )

    def _input_part(self, inputs: Int[Array, "n"] | Float[Array, "n K"], out: Float[Array, "G n H"]) -> None:
        """``x K + b``. The product of a one-hot row with K is one row of K, so tokens are looked up."""
        if inputs.dtype.kind == "i":
            table = self._table
            if table is None:
                table = self._table = self._kernel + self._bias
            for gate, rows in zip(out, table, strict=True):
                rows.take(inputs, axis=0, out=gate, mode="clip")
            return
        np.matmul(inputs, self._kernel, out=out)
        out += self._bias

    def _undo_input_part(
        self, d_x: Float[Array, "G N H"], d_bias: Float[Array, "1 GH"], ones: Float[Array, "1 N"]
    ) -> Float[Array, "N K"] | None:
        """Undo ``x K + b``."""
        inputs, d_kernel = self._inputs, self._by_gate(self.gradients["kernel"])  # (G, K, H)
        if inputs.dtype.kind != "i":
            # A product with ones sums the rows: BLAS does it 2 to 9 times as fast as np.sum along this axis.
            self._by_gate(d_bias)[self._x_gates] = ones @ d_x
            d_kernel[self._x_gates] = inputs.T @ d_x
            kernel = self._by_gate(self.parameters["kernel"])[self._x_gates]  # (G, K, H)
            d_inputs = self._room.get("d inputs of gates", len(d_x), *inputs.shape)
            np.matmul(d_x, kernel.swapaxes(1, 2), out=d_inputs)
            return np.add.reduce(d_inputs, axis=0, out=self._room.get("d inputs", *inputs.shape))
        # Each token's row of K receives the sum over the nodes where it was looked up. Sorted, the nodes of one token
        # are neighbours. NumPy sorts integers of up to 16 bits by their digits, 3 times as fast.
        narrow = inputs.astype(np.min_scalar_type(-d_kernel.shape[1]))
        order = np.argsort(narrow, kind="stable")
        tokens = narrow[order]
        starts = np.flatnonzero(new_run(tokens))
        rows = SideBySide(d_x)
        sums = _sum_runs(
            rows.gather(rows.places(order), self._room.get("d x in order", len(order), rows.width)), starts
        )
        of_tokens = np.zeros((d_kernel.shape[1], rows.width), self.dtype)
        of_tokens[tokens[starts]] = sums
        d_kernel[self._x_gates] = self._by_gate(of_tokens)
        self._by_gate(d_bias)[self._x_gates] = self._by_gate(sums.sum(axis=0, keepdims=True))  # b is in every row
        return None

    def _by_gate(self, matrix: Float[Array, "K GH"]) -> Float[Array, "G K H"]:
        """The same memory, a gate after the other."""
        return matrix.reshape(len(matrix), matrix.shape[1] // self.width, self.width).swapaxes(0, 1)


def _blocks(rows: int, size: int) -> Iterator[slice]:
    """Slices of at most that size, one behind the other, over all rows."""
    for first in range(0, rows, size):
        yield slice(first, min(first + size, rows))


def _sum_runs(rows: Float[Array, "N D"], starts: Int64[Array, "runs"]) -> Float[Array, "runs D"]:
    """The sum of each run of rows, which begins where it says and ends where the next one does."""
    if rows.size < len(starts) * NUMBERS_WORTH_A_CALL:
        sums: Array = np.add.reduceat(rows, starts, axis=0)
        return sums
    sums = np.empty((len(starts), rows.shape[1]), rows.dtype)
    for run, (first, end) in enumerate(pairwise([*starts.tolist(), len(rows)])):
        np.add.reduce(rows[first:end], axis=0, out=sums[run])
    return sums

"""Recurrent: a layer that computes the states of a prefix tree from the roots down, and their gradients back up.

This file has the two loops over the levels, and all products with the kernels K and U. ``cells.py`` has the rest of a
step. Two facts about the tree save work:

- All children of a prefix read the same state, so the state's part of their step is computed once.
- A parent's gradient is the sum over its children, so the product with U that undoes ``h U`` is also computed once.

In a tree of names without common prefixes, this is plain backpropagation through time.

For every cell, the two loops do the same as those of ``docs/learn/plain_tree.py``. ``StepArrays`` lists all arrays
with their shapes. N is the number of nodes and M the number of sibling groups (``walk.py``); in one level, these are n
and groups. The other letters are explained in ``core/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.buffer import Buffer
from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.backends.numpy_engine.walk import Chunk, GroupSums, TreeWalk
from namegen.core.data.arrays import new_run
from namegen.types import Array, Float, Int, Int64

# A cell computes about this many numbers of each array at a time, so that they all stay in the processor's cache. In a
# tree, it computes at least one level at a time.
BLOCK_NUMBERS = 1 << 15
# Summing each run in a separate call (2 µs) is faster than one ``reduceat`` if the count of numbers in an average run,
# multiplied by the row width, is at least this.
WORTH_A_CALL = 1 << 17
LayerState: TypeAlias = Array  # (states, B, H), h first


class StepArrays:
    """The arrays of one training step, which are allocated once and reused.

    With new arrays in each step, a step of an LSTM of 160 units takes 1.25 times as long.

    Each ``(N, H)`` is contiguous, so what a cell does with a level is one pass without gaps. ``room`` is the number of
    rows; a step uses the first N or M of them.

    Args:
        cell: determines how many arrays there are.
        nodes: the nodes of the largest tree so far.
        width: H.
        dtype: the type of all arrays.
    """

    # How many rows there is room for.
    room: int
    # The input's part of a step, x K + b, for one chunk of levels at a time.
    x: Float[Array, "gates chunk H"]
    # What the cell needs again in the backward pass.
    cache: Float[Array, "cached N H"]
    # Those arrays of the state before each node that the cell reads directly, then its vectors, the same in all rows.
    before: Float[Array, "carried+vectors N H"]
    # The state at each node, h first. A row is final once its level has been read. The very last row, which the
    # parent −1 of the roots addresses, is the start state.
    after: Float[Array, "states N+1 H"]
    # Local derivatives, for one chunk of levels at a time.
    local: Float[Array, "locals chunk H"]
    # d loss / d each gate pre-activation, then d loss / d each array of before.
    d: Float[Array, "pre_activations+carried+vectors N H"]
    # What each group sends to its parent: d loss / d the state that the group has read. Group 0, the roots, keeps
    # its zeros: a node without children receives these (``Level.children``).
    sent: Float[Array, "states M H"]
    # The hidden state that each group reads.
    h_of_parents: Float[Array, "M H"]
    # For each group, the sums of rows of d: first those of the pre-activations that read s, in U's order, then
    # those of before. Its rows are (M, (state gates + carried) · H).
    group_sums: GroupSums

    def __init__(self, cell: NumpyCell, *, nodes: int, width: int, dtype: np.dtype) -> None:
        states = cell.declared.formula.states
        carried = len(cell.carried)
        before = carried + len(cell.declared.vectors)
        activations = cell.pre_activations
        room = nodes + nodes // 4
        self.room = room
        self.x = np.zeros((cell.declared.formula.gates, room, width), dtype)
        self.cache = np.zeros((cell.cached, room, width), dtype)
        self.before = np.zeros((before, room, width), dtype)
        self.after = np.zeros((states, room + 1, width), dtype)
        self.local = np.zeros((activations + before + cell.more_local, room, width), dtype)
        self.d = np.zeros((activations + before, room, width), dtype)
        self.sent = np.zeros((states, room, width), dtype)
        self.h_of_parents = np.zeros((room, width), dtype)
        rows_of_before = range(activations, activations + carried)
        self.group_sums = GroupSums(self.d, [*cell.of_state, *rows_of_before])


class Recurrent:
    """A recurrent layer.

    Its parameters are ``kernel`` K ``(inputs or V + L, G·H)``, ``recurrent_kernel`` U ``(H, state gates · H)`` and
    ``bias``. The gates are next to each other in the columns of all three. A bias with two rows has one for the
    input's part and one for the state's part. A cell can also have vectors ``(H,)``.

    Args:
        cell: the arithmetic of one step.
        parameters: by short name.
        gradients: arrays with the same names and shapes, which ``backward`` overwrites.
        bptt: whether gradients flow back through the whole name. If False, the state before a node is a constant, as
            in the original's scratch network.

    >>> from namegen.backends.numpy_engine.cells import SimpleRNN
    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.data.vocabulary import Vocabulary
    >>> parameters = {
    ...     "kernel": np.ones((4, 2)), "recurrent_kernel": np.eye(2), "bias": np.zeros(2)
    ... }
    >>> gradients = {name: np.empty_like(values) for name, values in parameters.items()}
    >>> tree = PrefixTree.from_names(["Al", "Ali"], Vocabulary("Ail"))
    >>> Recurrent(SimpleRNN(), parameters, gradients).forward(tree.token, TreeWalk(tree)).shape
    (4, 2)
    """

    def __init__(
        self,
        cell: NumpyCell,
        parameters: Mapping[str, Array],
        gradients: Mapping[str, Array],
        *,
        bptt: bool = True,
    ) -> None:
        formula = cell.declared.formula
        self.cell = cell
        self.parameters = parameters
        self.gradients = gradients
        self.bptt = bptt
        self.gates = formula.gates
        self.vectors = formula.vectors
        self.width = len(parameters["recurrent_kernel"])  # H
        self.dtype = parameters["kernel"].dtype
        # The state before the start token: zeros, because nothing has been read.
        self.start = np.zeros((formula.states, 1, self.width), self.dtype)
        self.block_rows = max(1, BLOCK_NUMBERS // self.width)
        self._d_inputs = Buffer()
        self._arrays = StepArrays(cell, nodes=0, width=self.width, dtype=self.dtype)
        # The parameters by gate. These are views: an optimizer changes the parameters in their memory.
        U = parameters["recurrent_kernel"]
        bias = np.atleast_2d(parameters["bias"])  # (1 or 2, G·H)
        self._K = self._by_gate(parameters["kernel"])  # (G, K, H)
        self._U = self._by_gate(U)  # (state gates, H, H)
        self._bias = self._by_gate(bias[:1])  # (G, 1, H)
        self._state_bias: Array | None = None  # (state gates, 1, H)
        if len(bias) == 2:
            self._state_bias = self._by_gate(bias[1:, : U.shape[1]])

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], before: LayerState) -> LayerState:
        """Compute the new state of ``B`` independent rows. Its first array is the layer's output."""
        carried = self.cell.carried_slice
        after = np.empty((len(before), len(inputs), self.width), self.dtype)
        for first in range(0, len(inputs), self.block_rows):
            rows = slice(first, min(first + self.block_rows, len(inputs)))
            shape = (rows.stop - first, self.width)
            x = self._input_part(inputs[rows], np.empty((self.gates, *shape), self.dtype))
            s = self._state_part(before[0, rows])
            cache = np.empty((self.cell.cached, *shape), self.dtype)
            read_directly = before[carried, rows]
            if self.vectors:
                vectors = [np.broadcast_to(self.parameters[name], shape) for name in self.vectors]
                read_directly = np.concatenate([read_directly, vectors])
            self.cell.forward(x, s, read_directly, after[:, rows], cache)
        return after

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk
    ) -> Float[Array, "N H"]:
        """Compute the hidden state at every node. The next ``forward`` overwrites it."""
        if walk.nodes > self._arrays.room:
            self._arrays = StepArrays(
                self.cell, nodes=walk.nodes, width=self.width, dtype=self.dtype
            )
        self._inputs = inputs
        self._walk = walk
        self._chunks = walk.chunks(self.block_rows)
        hidden: Array = self._arrays.after[0]  # (room + 1, H)
        self._arrays.after[:, -1:] = self.start  # the parent of a root is −1, the last row
        for index, name in enumerate(self.vectors, start=len(self.cell.carried)):
            self._arrays.before[index, : walk.nodes] = self.parameters[name]
        for chunk in self._chunks:
            self._compute_states(chunk)
        return hidden[: walk.nodes]

    def _compute_states(self, chunk: Chunk) -> None:
        """Compute the states of some consecutive levels, from those of the level above."""
        cell = self.cell
        arrays = self._arrays
        after = arrays.after
        carried = after[cell.carried_slice]  # (carried, N, H)
        size = chunk.rows.stop - chunk.rows.start
        x = self._input_part(self._inputs[chunk.rows], arrays.x[:, :size])  # (G, chunk, H)
        for level, in_chunk in chunk.levels:
            rows = level.rows
            # 1. The hidden state that each group reads. ``mode="wrap"`` reads −1 as the last row and writes into
            #    ``out`` directly; the default mode makes a copy.
            h = arrays.h_of_parents[level.groups]  # (groups, H)
            after[0].take(level.parents_of_groups, axis=0, out=h, mode="wrap")
            # 2. The state's part, once per group; then a copy for each node.
            s = self._state_part(h)  # (state gates, groups, H)
            if level.group is not None:
                s = s.take(level.group, axis=1)  # (state gates, n, H)
            # 3. The arrays that the cell reads directly.
            before = arrays.before[:, rows]  # (carried, n, H)
            if cell.carried:
                states_before = before[: len(cell.carried)]
                carried.take(level.parents, axis=1, out=states_before, mode="wrap")
            # 4. The state at each node.
            cell.forward(x[:, in_chunk], s, before, after[:, rows], arrays.cache[:, rows])

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the last ``forward``: fill the gradients from d loss / d outputs.

        Returns:
            d loss / d inputs, which the next ``backward`` overwrites. None if the inputs are tokens, which have no
            derivative.
        """
        U_T = np.ascontiguousarray(
            self.parameters["recurrent_kernel"].T
        )  # BLAS is 20% faster with a copy
        self._arrays.group_sums.begin(self._walk)
        for chunk in reversed(self._chunks):
            self._undo_steps(chunk, d_outputs, U_T)
        # Undo s = h U (+ bias). All children of a prefix share s, so the sums over each group are enough.
        arrays = self._arrays
        groups = slice(0, self._walk.group_count)
        d_U = self.gradients["recurrent_kernel"]
        s_width = d_U.shape[1]  # state gates · H
        d_s = arrays.group_sums.rows[groups, :s_width]  # (M, state gates · H)
        np.dot(arrays.h_of_parents[groups].T, d_s, out=d_U)
        d_bias = np.atleast_2d(self.gradients["bias"])  # (1 or 2, G·H)
        if len(d_bias) == 2:
            d_bias[1] = 0  # gates that don't read the state don't use their second bias
            d_bias[1, :s_width] = np.ones(len(d_s), self.dtype) @ d_s
        # Add up the gradients of the vectors, because all nodes have read the same ones.
        first_vector = self.cell.pre_activations + len(self.cell.carried)
        d_vectors = arrays.d[first_vector:, : self._walk.nodes]  # (vectors, N, H)
        for name, d_rows in zip(self.vectors, d_vectors, strict=True):
            d_rows.sum(axis=0, out=self.gradients[name])
        # Undo x K + b.
        if self._inputs.dtype.kind == "i":
            self._undo_token_lookup(d_bias[0])
            return None
        return self._undo_input_product(d_bias[0])

    def _undo_steps(
        self, chunk: Chunk, d_outputs: Float[Array, "N H"], U_T: Float[Array, "SH H"]
    ) -> None:
        """Undo the steps of some consecutive levels, and send the gradients of the states that they read upward."""
        cell = self.cell
        arrays = self._arrays
        sent = arrays.sent
        rows = chunk.rows
        s_width = len(U_T)  # state gates · H
        local = arrays.local[:, : rows.stop - rows.start]  # (locals, chunk, H)
        cell.local_derivatives(
            arrays.before[:, rows], arrays.after[:, rows], arrays.cache[:, rows], local
        )
        for level, in_chunk in reversed(chunk.levels):
            groups = level.groups
            # 1. The gradient of each node's state: from its children, and from the layer's output, which is h.
            d_after = sent.take(level.children, axis=1)  # (states, n, H)
            d_after[0] += d_outputs[level.rows]
            # 2. Undo the cell.
            cell.backward(d_after, local[:, in_chunk], arrays.d[:, level.rows])
            # 3. Add up the nodes of each group, because they have read the same state.
            sums = arrays.group_sums.fill(level)  # (groups, (state gates + carried) · H)
            # 4. Send the gradient of that state to the parent. The roots have none.
            if not self.bptt or groups.start == 0:
                continue
            np.dot(sums[:, :s_width], U_T, out=sent[0, groups])  # undoes s = h U
            for index, state in enumerate(cell.carried):
                first = s_width + index * self.width
                d_carried = sums[:, first : first + self.width]  # (groups, H)
                if state == 0:
                    sent[0, groups] += d_carried  # h is read twice: directly, and through s = h U
                else:
                    sent[state, groups] = d_carried

    def _input_part(
        self, inputs: Int[Array, "n"] | Float[Array, "n K"], out: Float[Array, "gates n H"]
    ) -> Float[Array, "gates n H"]:
        """Compute ``x K + b``. Tokens select rows of K, because a one-hot row times K is a row of K."""
        if inputs.dtype.kind != "i":
            np.matmul(inputs, self._K, out=out)
            out += self._bias
        elif len(inputs) < self._K.shape[1]:  # fewer tokens than rows of K: add b to their rows
            rows = self.parameters["kernel"].take(inputs, axis=0)  # (n, G·H)
            np.add(self._by_gate(rows), self._bias, out=out)
        else:  # add b to all rows of K first
            for gate, rows in zip(out, self._K + self._bias, strict=True):
                rows.take(inputs, axis=0, out=gate, mode="clip")
        return out

    def _state_part(self, h: Float[Array, "n H"]) -> Float[Array, "state_gates n H"]:
        """Compute ``h U``, plus the state's bias if there is one."""
        s: Array = h @ self._U
        if self._state_bias is not None:
            s += self._state_bias
        return s

    def _undo_input_product(self, d_bias: Float[Array, "GH"]) -> Float[Array, "N K"]:
        """Undo ``x K + b`` for inputs from the layer below."""
        inputs = self._inputs
        d_x = self._arrays.d[: self.gates, : len(inputs)]  # (G, N, H)
        # BLAS sums the rows 2 to 9 times as fast as np.sum: as a product with ones.
        ones = np.ones((1, len(inputs)), self.dtype)
        self._by_gate(d_bias[None])[...] = ones @ d_x  # … + b
        self._by_gate(self.gradients["kernel"])[...] = inputs.T @ d_x  # x K
        d_inputs: Array = np.matmul(d_x[0], self._K[0].T, out=self._d_inputs.like(inputs))  # x K
        for d_gate, kernel in zip(d_x[1:], self._K[1:], strict=True):
            d_inputs += d_gate @ kernel.T
        return d_inputs

    def _undo_token_lookup(self, d_bias: Float[Array, "GH"]) -> None:
        """Undo ``K[token] + b``: each row of K receives the sum over all nodes with its token."""
        d_kernel = self.gradients["kernel"]
        # Sort the nodes by token, so that the nodes of each token form one run. NumPy sorts integers of up to 16 bits
        # by their digits, which is 3 times as fast.
        narrow = self._inputs.astype(np.min_scalar_type(-len(d_kernel)))  # (N,)
        order = narrow.argsort(kind="stable")
        tokens = narrow[order]
        starts = new_run(tokens).nonzero()[0]
        sums = _sum_runs(self._arrays.d[: self.gates].take(order, axis=1), starts)  # (G, runs, H)
        d_kernel[...] = 0
        self._by_gate(d_kernel)[:, tokens[starts]] = sums
        self._by_gate(d_bias[None])[:, 0] = sums.sum(axis=1)  # b is added to every row

    def _by_gate(self, matrix: Float[Array, "K GH"]) -> Float[Array, "G K H"]:
        """View a matrix, whose columns are those of all gates side by side, as one matrix per gate."""
        gates = matrix.shape[1] // self.width
        return matrix.reshape(len(matrix), gates, self.width).swapaxes(0, 1)


def _sum_runs(
    rows: Float[Array, "gates N H"], starts: Int64[Array, "runs"]
) -> Float[Array, "gates runs H"]:
    """Sum each run of rows. A run ends where the next one starts."""
    if rows.size * rows.shape[2] < len(starts) * WORTH_A_CALL:
        sums: Array = np.add.reduceat(rows, starts, axis=1)
        return sums
    sums = np.empty((len(rows), len(starts), rows.shape[2]), rows.dtype)
    bounds = [*starts.tolist(), rows.shape[1]]
    for run, (first, end) in enumerate(pairwise(bounds)):
        np.add.reduce(rows[:, first:end], axis=1, out=sums[:, run])
    return sums

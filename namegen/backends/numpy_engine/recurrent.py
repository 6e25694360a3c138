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
from typing import TypeAlias

import numpy as np

from namegen.backends.numpy_engine.cells import NumpyCell
from namegen.backends.numpy_engine.walk import GroupSums, TreeWalk
from namegen.core.data.arrays import new_run
from namegen.types import Array, Float, Int, Int64

# A cell computes about this many numbers of each array at a time, so that they all stay in the processor's cache. In a
# tree, it computes at least one level at a time.
BLOCK_NUMBERS = 1 << 15
# Summing each run in a separate call (2 µs) is faster than one ``reduceat`` if the count of numbers in an average run,
# multiplied by the row width, is at least this.
WORTH_A_CALL = 1 << 17
LayerState: TypeAlias = Array  # (states, B, H), h first


class Buffer:
    """Memory that is reused from step to step, and grows if an array doesn't fit.

    The operating system clears newly allocated memory page by page. With new arrays for the loss and for the gradients
    between layers, a step of the original's network with batches of 2,048 names takes 10% longer.

    >>> buffer = Buffer()
    >>> buffer.like(np.ones((2, 3))).shape
    (2, 3)
    """

    _values: Array = np.zeros(0)

    def like(self, array: Array) -> Array:
        """Return a contiguous array of the same shape and type, with arbitrary values.

        The next call returns the same memory again.
        """
        if len(self._values) < array.size or self._values.dtype != array.dtype:
            self._values = np.zeros(array.size + array.size // 4, array.dtype)
        return self._values[: array.size].reshape(array.shape)


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
    # For each group, the sums of rows of d: first d loss / d s of each state gate, in U's order, then
    # d loss / d before of each carried array. They are (M, state gates + carried, H).
    group_sums: GroupSums

    def __init__(self, cell: NumpyCell, *, nodes: int, width: int, dtype: np.dtype) -> None:
        """Allocate the arrays of a layer for trees of up to ``nodes`` nodes.

        Each array has the shape (count, rows, ``width``), with one row per node (a distinct prefix of the names) or
        one per group of nodes with the same parent. The cell decides the count: one for each gate, array of the state,
        or intermediate result. A step uses the first rows, as many as its tree needs.
        """
        gates = cell.declared.formula.gates
        states = cell.declared.formula.states  # 1 for a GRU (h), 2 for an LSTM (h and c)
        pre_activations = cell.pre_activations  # usually one for each gate
        carried = len(cell.carried)  # the arrays of the state that the cell reads directly
        before = carried + len(cell.declared.vectors)
        room = nodes + nodes // 4  # spare rows, so that a slightly larger tree also fits
        self.room = room
        # The forward pass
        self.x = np.zeros((gates, room, width), dtype)
        self.h_of_parents = np.zeros((room, width), dtype)
        self.before = np.zeros((before, room, width), dtype)
        self.after = np.zeros((states, room + 1, width), dtype)
        self.cache = np.zeros((cell.cached, room, width), dtype)
        # The backward pass
        self.local = np.zeros((pre_activations + before + cell.more_local, room, width), dtype)
        self.d = np.zeros((pre_activations + before, room, width), dtype)
        self.sent = np.zeros((states, room, width), dtype)
        gradients_of_carried = range(pre_activations, pre_activations + carried)
        self.group_sums = GroupSums(self.d, summed=[*cell.of_state, *gradients_of_carried])


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
        """Create a layer of ``H`` units whose cell has ``G`` gates, and which reads ``K`` inputs (or ``V + L`` tokens).

        Args:
            cell: the arithmetic of one step, such as a GRU's, without the matrix products.
            parameters: the arrays ``kernel`` (K, G·H), ``recurrent_kernel`` (H, state gates · H) and ``bias``, and the
                cell's vectors, if it has any. The layer never copies them, so it follows what the optimizer writes.
            gradients: arrays with the same names and shapes, which ``backward`` fills.
            bptt: whether gradients flow back to earlier characters (backpropagation through time).
        """
        formula = cell.declared.formula
        self.cell = cell
        self.parameters = parameters
        self.gradients = gradients
        self.bptt = bptt
        self.gates = formula.gates  # G
        self.state_gates = formula.state_gates  # the gates that read the state: usually all
        self.vectors = formula.vectors
        self.width = len(parameters["recurrent_kernel"])  # H
        self.dtype = parameters["kernel"].dtype
        # The state before the start token: zeros, because nothing has been read.
        self.start = np.zeros((formula.states, 1, self.width), self.dtype)
        # The parameters, cut into one matrix per gate, because one product per gate writes each gate's results into
        # one piece of memory. These are views of the arrays in ``parameters``.
        U = parameters["recurrent_kernel"]
        bias = np.atleast_2d(parameters["bias"])  # (1 or 2, G·H)
        self._K = self._by_gate(parameters["kernel"])  # (G, K, H)
        self._U = self._by_gate(U)  # (state gates, H, H)
        self._bias = self._by_gate(bias[:1])  # (G, 1, H)
        self._state_bias: Array | None = None  # (state gates, 1, H)
        if len(bias) == 2:  # a GRU adds the second row to h U
            self._state_bias = self._by_gate(bias[1:, : U.shape[1]])
        # Memory that is used again in every step, and how many rows of it are computed at a time.
        self.block_rows = max(1, BLOCK_NUMBERS // self.width)
        self._d_inputs = Buffer()
        self._arrays = StepArrays(cell, nodes=0, width=self.width, dtype=self.dtype)

    def step(self, inputs: Int[Array, "B"] | Float[Array, "B K"], before: LayerState) -> LayerState:
        """Let the layer read one more character of each of B independent names, for example to generate names.

        The rows are computed in blocks, so that the arrays of a block stay in the processor's cache.

        Args:
            inputs: the token id of each row (B,), or the hidden state of the layer below (B, K).
            before: the state before the character, (states, B, H), with the hidden state h first.

        Returns:
            The state after the character, (states, B, H). Its first array, h, is the layer's output.
        """
        row_count = len(inputs)
        after = np.empty((len(before), row_count, self.width), self.dtype)
        for start in range(0, row_count, self.block_rows):
            rows = slice(start, min(start + self.block_rows, row_count))
            shape = (rows.stop - start, self.width)
            # The input's part x K + b and the state's part h U of every gate, (gates, rows, H) each.
            x = self._input_part(inputs[rows], np.empty((self.gates, *shape), self.dtype))
            s = self._state_part(before[0, rows])
            # What the cell reads besides these: some arrays of the state, and its vectors, the same for all rows.
            read_directly = before[self.cell.carried_slice, rows]
            if self.vectors:
                vectors = [np.broadcast_to(self.parameters[name], shape) for name in self.vectors]
                read_directly = np.concatenate([read_directly, vectors])
            # The cell writes the new state into ``after``. A backward pass would need its cache, but there's none.
            cache = np.empty((self.cell.cached, *shape), self.dtype)
            self.cell.forward(x, s, read_directly, after[:, rows], cache)
        return after

    def forward(
        self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk
    ) -> Float[Array, "N H"]:
        """Compute the hidden state after every distinct prefix of some names, shorter prefixes first.

        The prefixes are the nodes of a tree: the parent of ``Ali`` is ``Al``. The step of a node reads its own last
        character and the state of its parent. ``Ali`` and ``Alo`` read the same state, so they form a *sibling group*,
        and the product h U is computed once per group.

        Args:
            inputs: the last token of each node (N,), or the hidden state of the layer below (N, K).
            walk: the levels of the tree, each with the nodes of one depth and their groups.

        Returns:
            The hidden state of each node (N, H), in memory that the next ``forward`` overwrites.
        """
        cell = self.cell
        self._prepare(inputs, walk)
        arrays = self._arrays
        # The states that are known so far. The last row is the state before a name: the roots have the parent −1.
        hidden: Array = arrays.after[0]  # (room + 1, H)
        carried = arrays.after[cell.carried_slice]  # (carried, room + 1, H)

        for chunk in self._chunks:  # a few levels
            # x K + b doesn't depend on any state, so it's computed for all of these levels at once.
            chunk_inputs = inputs[chunk.nodes]
            chunk_x = self._input_part(chunk_inputs, arrays.x[:, : len(chunk_inputs)])
            for level in chunk.levels:  # n nodes, whose parents are in earlier levels
                nodes = level.nodes
                # 1. The input's part of the step.
                x = chunk_x[:, chunk.nodes_of(level)]  # (G, n, H)
                # 2. The state's part, h U: once per group, then copied to each node of the group. ``mode="wrap"`` reads
                #    −1 as the last row and writes into ``out`` directly; the default mode makes another copy.
                h = arrays.h_of_parents[level.groups]  # (groups, H)
                hidden.take(level.parents_of_groups, axis=0, out=h, mode="wrap")
                s = self._state_part(h)  # (state gates, groups, H)
                if level.group is not None:
                    s = s.take(level.group, axis=1)  # (state gates, n, H)
                # 3. The arrays of the parents' states that the cell reads directly, such as c of an LSTM.
                before = arrays.before[:, nodes]  # (carried + vectors, n, H)
                if cell.carried:
                    states_before = before[: len(cell.carried)]
                    carried.take(level.parents, axis=1, out=states_before, mode="wrap")
                # 4. The cell writes the state of each node into ``after``.
                cell.forward(x, s, before, arrays.after[:, nodes], arrays.cache[:, nodes])
        return hidden[: walk.nodes]

    def _prepare(self, inputs: Int[Array, "N"] | Float[Array, "N K"], walk: TreeWalk) -> None:
        """Note what ``backward`` also needs, and fill in the values that are the same for all levels of a tree."""
        self._inputs = inputs
        self._walk = walk
        self._chunks = walk.chunks(self.block_rows)
        # Use the arrays of the last step again, if they're large enough.
        if walk.nodes > self._arrays.room:
            self._arrays = StepArrays(
                self.cell, nodes=walk.nodes, width=self.width, dtype=self.dtype
            )
        arrays = self._arrays
        # The state before a name.
        arrays.after[:, -1:] = self.start
        # The cell's vectors, after the arrays of the state.
        for index, name in enumerate(self.vectors, start=len(self.cell.carried)):
            arrays.before[index, : walk.nodes] = self.parameters[name]

    def backward(self, d_outputs: Float[Array, "N H"]) -> Float[Array, "N K"] | None:
        """Undo the last ``forward``: fill the gradients of all parameters of the layer.

        In the names of arrays, ``d_x`` is d loss / d x. Nodes are the N distinct prefixes of the names. The children
        of a node form a group, of which there are M.

        Args:
            d_outputs: d loss / d the hidden state of each node.

        Returns:
            d loss / d inputs, in memory that the next ``backward`` overwrites. None if the inputs are tokens, which
            have no derivative.
        """
        # Go back through the steps. This fills ``arrays.d`` and ``arrays.group_sums``.
        self._undo_levels(d_outputs)
        arrays = self._arrays
        # Undo s = h U. All nodes of a group have read the same s, so a group's sum is its gradient.
        groups = slice(0, self._walk.group_count)
        d_s = arrays.group_sums.sums[groups, : self.state_gates]  # (M, state gates, H)
        d_s = d_s.reshape(len(d_s), -1)  # (M, state gates · H), without a copy
        h = arrays.h_of_parents[groups]  # (M, H)
        np.dot(h.T, d_s, out=self.gradients["recurrent_kernel"])
        # Undo s = … + the second bias, if there's one. Every group has read it.
        d_bias = np.atleast_2d(self.gradients["bias"])  # (1 or 2, G·H)
        if len(d_bias) == 2:
            d_bias[1] = 0  # gates that don't read the state don't use their second bias
            d_bias[1, : d_s.shape[1]] = np.ones(len(d_s), self.dtype) @ d_s
        # All nodes have read the same vectors, so their gradients add up.
        first_vector = self.cell.pre_activations + len(self.cell.carried)
        d_vectors = arrays.d[first_vector:, : self._walk.nodes]  # (vectors, N, H)
        for name, d_rows in zip(self.vectors, d_vectors, strict=True):
            d_rows.sum(axis=0, out=self.gradients[name])
        # Undo x K + b.
        if self._inputs.dtype.kind == "i":
            self._undo_token_lookup(d_bias[0])
            return None
        return self._undo_input_product(d_bias[0])

    def _undo_levels(self, d_outputs: Float[Array, "N H"]) -> None:
        """Undo the steps of all nodes, the longest prefixes first (backpropagation through time).

        A node's state is read by its children and by the output. So its gradient is known as soon as its children's
        steps are undone, which is why the levels are undone from the last to the first one.

        This fills ``arrays.d``, the gradients of what each node's step has read; ``group_sums``, their sums over the
        children of each node; and ``sent``, the gradient that these children send to the state of their parent.
        """
        cell = self.cell
        arrays = self._arrays
        sent = arrays.sent
        U_T = np.ascontiguousarray(
            self.parameters["recurrent_kernel"].T
        )  # BLAS is 20% faster with a copy
        arrays.group_sums.begin(self._walk)
        for chunk in reversed(self._chunks):
            # The local derivatives don't depend on any gradient, so they're computed for several levels at once.
            nodes = chunk.nodes
            chunk_local = arrays.local[:, : nodes.stop - nodes.start]  # (locals, chunk, H)
            cell.local_derivatives(
                arrays.before[:, nodes], arrays.after[:, nodes], arrays.cache[:, nodes], chunk_local
            )
            for level in reversed(chunk.levels):
                groups = level.groups
                # 1. The gradient of each node's state: what its children have sent, and, for h, the output's gradient.
                d_after = sent.take(level.children, axis=1)  # (states, n, H)
                d_after[0] += d_outputs[level.nodes]
                # 2. Undo the cell.
                local = chunk_local[:, chunk.nodes_of(level)]  # (locals, n, H)
                cell.backward(d_after, local, arrays.d[:, level.nodes])
                # 3. Add up the nodes of each group, because they have read the same state.
                sums = arrays.group_sums.fill(level)  # (groups, state gates + carried, H)
                # 4. Send the gradient of that state to the parent. The roots have none.
                is_root_level = groups.start == 0
                if is_root_level or not self.bptt:
                    continue
                d_s = sums[:, : self.state_gates].reshape(len(sums), -1)  # without a copy
                np.dot(d_s, U_T, out=sent[0, groups])  # undoes s = h U
                for index, state in enumerate(cell.carried, start=self.state_gates):
                    if state == 0:
                        sent[0, groups] += sums[:, index]  # h is also read through s = h U
                    else:
                        sent[state, groups] = sums[:, index]

    def _input_part(
        self, inputs: Int[Array, "n"] | Float[Array, "n K"], out: Float[Array, "gates n H"]
    ) -> Float[Array, "gates n H"]:
        """Write ``inputs K + b`` into ``out``, one matrix (n, H) per gate, and return it.

        Token ids stand for one-hot rows. A one-hot row times K is a row of K, so rows are copied instead of multiplied.
        """
        is_tokens = inputs.dtype.kind == "i"
        if not is_tokens:
            np.matmul(inputs, self._K, out=out)
            out += self._bias
            return out
        has_fewer_tokens_than_rows = len(inputs) < self._K.shape[1]
        if has_fewer_tokens_than_rows:  # copy rows of K, then add b to the copies
            rows = self.parameters["kernel"].take(inputs, axis=0)  # (n, G·H)
            np.add(self._by_gate(rows), self._bias, out=out)
        else:  # add b to all rows of K, then copy
            K_plus_b = self._K + self._bias  # (G, V + L, H)
            for gate, rows in zip(out, K_plus_b, strict=True):
                rows.take(inputs, axis=0, out=gate, mode="clip")
        return out

    def _state_part(self, h: Float[Array, "n H"]) -> Float[Array, "state_gates n H"]:
        """Compute ``h U``, one matrix (n, H) per gate that reads the state. A GRU has a second bias, which is added."""
        s: Array = h @ self._U
        if self._state_bias is not None:
            s += self._state_bias
        return s

    def _undo_input_product(self, d_bias: Float[Array, "GH"]) -> Float[Array, "N K"]:
        """Undo ``inputs K + b``, for inputs that are the hidden state of the layer below.

        This fills ``d_bias`` and the gradient of K, and returns d loss / d inputs. For y = inputs K, d K = inputsᵀ d y
        and d inputs = d y Kᵀ.
        """
        inputs = self._inputs  # (N, K)
        d_x = self._arrays.d[: self.gates, : len(inputs)]  # (G, N, H)
        d_K = self._by_gate(self.gradients["kernel"])  # (G, K, H), a view
        d_b = self._by_gate(d_bias[None])  # (G, 1, H), a view
        # BLAS sums the rows 2 to 9 times as fast as np.sum: as a product with ones.
        ones = np.ones((1, len(inputs)), self.dtype)
        d_b[...] = ones @ d_x
        d_K[...] = inputs.T @ d_x
        # Every gate reads the inputs, so their gradients add up.
        d_inputs: Array = np.matmul(d_x[0], self._K[0].T, out=self._d_inputs.like(inputs))
        for d_gate, K_gate in zip(d_x[1:], self._K[1:], strict=True):
            d_inputs += d_gate @ K_gate.T
        return d_inputs

    def _undo_token_lookup(self, d_bias: Float[Array, "GH"]) -> None:
        """Undo ``x = K[token] + b``: the gradient of a row of K is the sum of d x over all nodes that read its token.

        If the nodes read the tokens 2, 5, 2, row 2 gets d_x[0] + d_x[2], and row 5 gets d_x[1]. This fills ``d_bias``
        and the gradient of K.
        """
        d_K = self._by_gate(self.gradients["kernel"])  # (G, V + L, H), a view
        d_b = self._by_gate(d_bias[None])  # (G, 1, H), a view
        # Sort the nodes by token, so that the nodes of each token are neighbors. NumPy sorts integers of up to 16 bits
        # by their digits, which is 3 times as fast.
        smallest_type = np.min_scalar_type(-d_K.shape[1])  # a signed type for all tokens
        tokens = self._inputs.astype(smallest_type)  # (N,)
        order = tokens.argsort(kind="stable")
        sorted_tokens = tokens[order]
        first_of_token = np.flatnonzero(new_run(sorted_tokens))  # (different tokens,)
        # Sum the neighbors. Rows of tokens that no node reads are zero.
        sorted_d_x = self._arrays.d[: self.gates].take(order, axis=1)  # (G, N, H)
        sums = _sum_runs(sorted_d_x, first_of_token)  # (G, different tokens, H)
        d_K[...] = 0
        d_K[:, sorted_tokens[first_of_token]] = sums
        d_b[:, 0] = sums.sum(axis=1)  # b is added at every node

    def _by_gate(self, matrix: Float[Array, "K GH"]) -> Float[Array, "G K H"]:
        """View a matrix with the columns of G gates side by side, (K, G·H), as one matrix per gate, (G, K, H)."""
        gates = matrix.shape[1] // self.width
        return matrix.reshape(len(matrix), gates, self.width).swapaxes(0, 1)


def _sum_runs(
    rows: Float[Array, "gates N H"], starts: Int64[Array, "runs"]
) -> Float[Array, "gates runs H"]:
    """Sum runs of consecutive rows. A run ends where the next one starts: starts 0, 2 sum rows 0:2 and 2 to the end.

    For short runs, one call that sums all of them is faster; for long runs, one call per run.
    """
    has_short_runs = rows.size * rows.shape[2] < len(starts) * WORTH_A_CALL
    if has_short_runs:
        # For each start, sum the rows up to the next start.
        sums: Array = np.add.reduceat(rows, starts, axis=1)
        return sums
    sums = np.empty((len(rows), len(starts), rows.shape[2]), rows.dtype)
    ends = [*starts[1:].tolist(), rows.shape[1]]
    for run, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
        np.add.reduce(rows[:, start:end], axis=1, out=sums[:, run])
    return sums

"""TrainingProgram: several updates as one compiled call, on the prefix trees of their batches.

The program is a loop over the updates. Each update makes four loops over its tree (``TreePasses``):

1. over the tiles, forward: the state after each node, from the state after its parent;
2. over blocks of ``BLOCK`` nodes: the loss, and its gradients with respect to the linear layer and the last layer's h;
3. over the tiles, backward: each node adds its gradient to the gradient of its parent's state;
4. over blocks: the gradients of the recurrent layers, from the gradients of the states. With ``bptt=False``, no
   gradients flow back through the states, so there is no third loop.

Only the first and the third loop have to follow the tree. The parameters' gradients are large products. Loops 1, 3 and
4 call the cells' step, so each node is read three times. The numbers of updates, tiles and nodes are data, so a program
that is compiled once works for every batch of up to ``NODES`` nodes. ``packing.py`` explains tiles.

TensorFlow's loops work on variables that each round returns changed. So each loop here consists of its first values
and a function for one round, which takes the variables and returns their new values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.packing import BLOCK, ROWS, STEPS, Packing, pack
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.engine import Step
from namegen.types import Array, Float64


class CallData(NamedTuple):
    """The arguments of a compiled call: arrays, or tensors inside the program."""

    # The trees of all updates.
    packing: Packing
    # 1 / characters of each update, (STEPS,).
    shares: Tensor
    # The learning rate of each update, (STEPS,).
    rates: Tensor
    # How many updates to make.
    updates: Tensor
    # For each masked parameter, its masks in all updates, (STEPS, …).
    masks: dict[str, Tensor]


class TrainingProgram:
    """A compiled program that trains one set of layers with one optimizer.

    TensorFlow compiles it again for other shapes: of masks, or of a batch with more than ``NODES`` nodes.

    Args:
        layers: the layers.
        optimizer: the optimizer. Its ``training`` also has ``bptt``.
    """

    def __init__(self, layers: Layers, optimizer: KerasOptimizer) -> None:
        self.layers = layers
        self.optimizer = optimizer
        self.compiled = tf.function(self._make_updates, jit_compile=True, autograph=False)

    def run(self, steps: Sequence[Step]) -> Float64[Array, "S"]:
        """Make an update of the parameters for each step, in one call of the compiled program.

        Args:
            steps: at most ``STEPS`` steps, each with its names, learning rate and dropout masks. Their masks must have
                the same shapes.

        Returns:
            The loss of each step in nats, summed over the characters.
        """
        data = self._data(steps, updates=len(steps))
        losses: Float64[Array, "S"] = self.compiled(data).numpy()  # (STEPS,)
        return losses[: len(steps)]

    def compile(self, step: Step) -> None:
        """Compile the program for steps with masks like this one's, by calling it with no updates to make."""
        self.compiled(self._data([step], updates=0))

    def _data(self, steps: Sequence[Step], updates: int) -> CallData:
        """Collect the arguments of a call. Their shapes don't depend on the number of steps, so unused rows are 0 or 1.

        A step's gradients are multiplied by its share, 1 / characters.
        """
        dtype = self.layers.dtype
        V = self.layers.network.vocabulary_size
        shares = np.zeros(STEPS, dtype)
        rates = np.zeros(STEPS, dtype)
        masks = {
            name: np.ones((STEPS, *mask.shape), dtype) for name, mask in steps[0].masks.items()
        }
        for k, step in enumerate(steps):
            shares[k] = 1 / step.batch.characters
            rates[k] = step.learning_rate * self.optimizer.damping
            for name, mask in step.masks.items():
                masks[name][k] = mask
        packing = pack([step.batch for step in steps], V, dtype)
        data = CallData(packing, shares, rates, np.int32(updates), masks)
        tensors: CallData = tf.nest.map_structure(tf.constant, data)
        return tensors

    def _make_updates(self, data: CallData) -> Tensor:
        """Make all updates, and return their losses ``(STEPS,)``. TensorFlow compiles this function.

        A loop of TensorFlow passes its variables to each round, which returns their new values.
        """
        # The state after each node of a tree, and d loss / d state. All updates use the same memory.
        room = data.packing.tokens.shape[0]
        widths = self.layers.network.state_widths
        states = [tf.zeros((room, width), self.layers.dtype) for width in widths]
        d_states = [tf.zeros((room, width), self.layers.dtype) for width in widths]
        losses = tf.zeros(STEPS, tf.float64)

        def update(
            i: Tensor, losses: Tensor, states: list[Tensor], d_states: list[Tensor]
        ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
            """Make update ``i``, note its loss, and return the loop's variables for the next update."""
            passes = TreePasses(self.layers, data.packing, i, states, d_states)
            self._update(i, data, passes)
            losses = tf.tensor_scatter_nd_update(losses, [[i]], [passes.loss])
            return i + 1, losses, passes.states, passes.d_states

        start = (0, losses, states, d_states)
        _, losses, _, _ = loop(lambda i, *_: i < data.updates, update, start)
        return losses

    def _update(self, i: Tensor, data: CallData, passes: TreePasses) -> None:
        """Make update ``i``."""
        # 1. Multiply the masked parameters by their masks.
        masks = {name: values[i] for name, values in data.masks.items()}
        variables = {name: self.layers.parameters[name].value for name in masks}
        unmasked = {name: variable.read_value() for name, variable in variables.items()}
        for name, variable in variables.items():
            variable.assign(unmasked[name] * masks[name])
        # 2. Compute the loss, and the gradients of all parameters.
        passes.run(bptt=self.optimizer.training.bptt)
        # 3. Undo the masks, and divide by the number of characters.
        for name, variable in variables.items():
            variable.assign(unmasked[name])
        gradients = []
        for name, gradient in zip(self.layers.parameters, passes.gradients, strict=True):
            if name in masks:
                gradient = gradient * masks[name]
            gradients.append(gradient * data.shares[i])
        # 4. Move the parameters.
        self.optimizer.update(gradients, data.rates[i])


class NodesToRead(NamedTuple):
    """Some consecutive nodes, as a step reads them."""

    tokens: Tensor
    parents: Tensor
    state: list[Tensor]  # the state before each node


class TreePasses:
    """The loops over one update's tree, inside the compiled program. ``run`` computes the loss and all gradients.

    Args:
        layers: the layers.
        packing: the trees of all updates.
        i: the number of this update.
        states: arrays for the state after each node, ``(room, H)`` each. Their last row, which is never a node, stays
            zero: it is the state before a root.
        d_states: arrays for d loss / d state.
    """

    # The arrays of the states and their gradients, after the loops that compute them.
    states: list[Tensor]
    d_states: list[Tensor]
    # The results, once ``run`` has set them: the loss in nats, and the gradients in the order of the parameters.
    loss: Tensor
    gradients: list[Tensor]

    def __init__(
        self,
        layers: Layers,
        packing: Packing,
        i: Tensor,
        states: list[Tensor],
        d_states: list[Tensor],
    ) -> None:
        """Prepare the passes of update ``i`` over its prefix tree.

        The trees of all updates are in the same arrays, one after the other, and are cut into tiles: consecutive nodes
        that can be read at once, because their parents are in earlier tiles.
        """
        self.layers = layers
        self.packing = packing
        self.states = states
        self.d_states = d_states
        values = [variable.value for variable in layers.parameters.values()]
        self.recurrent = values[:-2]  # the parameters of the recurrent layers
        self.linear = values[-2:]  # the parameters of the linear layer
        # The tree's tiles and nodes. They end where those of the next update start.
        self.first_tile = packing.first_tile[i]
        self.last_tile = packing.first_tile[i + 1]
        self.first_node = packing.first_node[i]
        self.end = packing.first_node[i + 1]

    def run(self, *, bptt: bool) -> None:
        """Compute the loss and all gradients. Without ``bptt``, no gradients flow back through the states."""
        self.read_tiles()
        linear_gradients = self.compute_loss()
        if bptt:
            self.send_gradients_to_parents()
        self.gradients = [*self.recurrent_gradients(), *linear_gradients]

    def read_tiles(self) -> None:
        """Loop 1: compute the state after each node of the tree.

        A step reads a node's token and its parent's state. So the nodes are read tile by tile: up to ``ROWS``
        consecutive nodes, whose parents are in earlier tiles.
        """

        def read_tile(j: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            """Compute the states after the nodes of tile ``j``, from those of their parents."""
            start = self.packing.tiles[j]  # the first node
            nodes = self.read_nodes(start, ROWS, states)
            after = self.layers.read(nodes.tokens, nodes.state)
            return j + 1, put(states, start, after)

        start = (self.first_tile, self.states)
        _, self.states = loop(lambda j, *_: j < self.last_tile, read_tile, start)

    def compute_loss(self) -> list[Tensor]:
        """Loop 2: compute the loss, d loss / d h of the last layer, and the linear layer's gradients.

        No node depends on another one here, so ``BLOCK`` nodes are computed at a time. This sets ``loss`` and the last
        layer's part of ``d_states``.

        Returns:
            The gradients of the linear layer's kernel and bias.
        """
        last = self.layers.last_hidden

        def add_block(
            start: Tensor, loss: Tensor, d_hidden: Tensor, gradients: list[Tensor]
        ) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
            """Add the share of the block from node ``start`` on to the loop's variables.

            These are the first node of a block, the loss so far, d loss / d h of the last layer for all nodes, and the
            gradients of the linear layer so far.
            """
            block_loss, d_block, block_gradients = self.differentiate_block(start)
            loss = loss + block_loss
            (d_hidden,) = put([d_hidden], start, [d_block])
            gradients = add(gradients, block_gradients)
            return start + BLOCK, loss, d_hidden, gradients

        no_loss = tf.zeros((), tf.float64)
        no_gradients = [tf.zeros_like(parameter) for parameter in self.linear]
        first = (self.first_node, no_loss, self.d_states[last], no_gradients)
        results = loop(lambda start, *_: start < self.end, add_block, first)
        _, self.loss, self.d_states[last], gradients = results
        linear_gradients: list[Tensor] = gradients
        return linear_gradients

    def differentiate_block(self, start: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Compute the loss of ``BLOCK`` nodes, from node ``start`` on, and its gradients.

        Returns:
            The loss, d loss / d h of the last layer ``(BLOCK, H)``, and the gradients of the linear layer.
        """
        # A block may reach beyond the end of the tree. These nodes don't count.
        is_inside = start + tf.range(BLOCK) < self.end
        counts = slice_rows(self.packing.counts, start, BLOCK)  # (BLOCK,)
        counts = tf.where(is_inside, counts, tf.zeros_like(counts))
        targets = slice_rows(self.packing.targets, start, BLOCK)  # (BLOCK, V)
        hidden = slice_rows(self.states[self.layers.last_hidden], start, BLOCK)  # (BLOCK, H)
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            logits = self.layers.output(hidden)  # (BLOCK, V)
            loss = softmax_cross_entropy(targets, logits, counts)
        d_hidden, *gradients = tape.gradient(loss, [hidden, *self.linear])
        return loss, d_hidden, gradients

    def send_gradients_to_parents(self) -> None:
        """Loop 3: send gradients back through the states (backpropagation through time), from the last tile on.

        A tile's nodes are consecutive, and their children are in later tiles. So when a tile is undone, its children
        have already added their gradients to its rows of ``d_states``.
        """

        def undo_tile(j: Tensor, d_states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            """Add the gradients of the nodes in tile ``j`` to those of their parents' states.

            A tile is ``ROWS`` consecutive nodes. ``d_states`` are d loss / d state, with one row per node.
            """
            start = self.packing.tiles[j]
            nodes = self.read_nodes(start, ROWS, self.states)
            # d loss / d the state after each node. A tile can have fewer than ROWS nodes; others count as zero.
            is_inside = (start + tf.range(ROWS) < self.packing.tiles[j + 1])[:, None]
            d_after = [slice_rows(d_state, start, ROWS) for d_state in d_states]
            d_after = [tf.where(is_inside, rows, tf.zeros_like(rows)) for rows in d_after]
            # Read the tile again, and undo that step.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(nodes.state)
                after = self.layers.read(nodes.tokens, nodes.state)
            d_before = gradients_of(tape, after, nodes.state, d_after)
            # Several nodes can have the same parent. Their gradients add up.
            parents = nodes.parents[:, None]
            return j - 1, [
                tf.tensor_scatter_nd_add(d_state, parents, values)
                for d_state, values in zip(d_states, d_before, strict=True)
            ]

        start = (self.last_tile - 1, self.d_states)
        _, self.d_states = loop(lambda j, *_: j >= self.first_tile, undo_tile, start)

    def recurrent_gradients(self) -> list[Tensor]:
        """Loop 4: compute the gradients of the recurrent layers' parameters.

        All states and their gradients are known now, so no node depends on another one, and ``BLOCK`` nodes are
        computed at a time. Each step is made again, so that TensorFlow's tape can differentiate it.
        """

        def add_block(start: Tensor, gradients: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            """Add the share of ``BLOCK`` nodes, from node ``start`` on, to the gradients of the recurrent layers."""
            nodes = self.read_nodes(start, BLOCK, self.states)
            with tf.GradientTape() as tape:
                after = self.layers.read(nodes.tokens, nodes.state)
            d_after = [slice_rows(d_state, start, BLOCK) for d_state in self.d_states]
            block_gradients = gradients_of(tape, after, self.recurrent, d_after)
            return start + BLOCK, add(gradients, block_gradients)

        gradients: list[Tensor] = [tf.zeros_like(parameter) for parameter in self.recurrent]
        start = (self.first_node, gradients)
        _, gradients = loop(lambda start, *_: start < self.end, add_block, start)
        return gradients

    def read_nodes(self, start: Tensor, rows: int, states: list[Tensor]) -> NodesToRead:
        """Gather some consecutive nodes, with the states before them."""
        parents = slice_rows(self.packing.parents, start, rows)
        tokens = slice_rows(self.packing.tokens, start, rows)
        return NodesToRead(tokens, parents, [tf.gather(state, parents) for state in states])


def loop(condition: Untyped, body: Untyped, start: Untyped) -> Untyped:
    """Run a loop inside the compiled program."""
    return tf.while_loop(condition, body, start, parallel_iterations=1)


def slice_rows(array: Tensor, start: Tensor, rows: int) -> Tensor:
    """Gather some consecutive rows. XLA would compile a slice again for every start."""
    return tf.gather(array, start + tf.range(rows))


def put(arrays: Sequence[Tensor], start: Tensor, values: Sequence[Tensor]) -> list[Tensor]:
    """Replace some consecutive rows of each array. The compiled program does it in place."""
    return [
        tf.tensor_scatter_nd_update(array, (start + tf.range(rows.shape[0]))[:, None], rows)
        for array, rows in zip(arrays, values, strict=True)
    ]


def add(sums: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
    """Add tensors pairwise. TensorFlow returns some gradients as rows; they are converted first."""
    return [total + tf.convert_to_tensor(value) for total, value in zip(sums, values, strict=True)]


def gradients_of(
    tape: Untyped, after: list[Tensor], variables: list[Tensor], d_after: list[Tensor]
) -> list[Tensor]:
    """Compute the gradients from d loss / d after. They are zero for variables that the step doesn't read."""
    gradients: list[Tensor] = tape.gradient(
        after, variables, output_gradients=d_after, unconnected_gradients="zero"
    )
    return gradients


def softmax_cross_entropy(targets: Tensor, logits: Tensor, counts: Tensor) -> Tensor:
    """Compute ``−counts · Σ_v targets_v log softmax(logits)_v``, summed over the nodes, in nats, float64.

    Args:
        targets: the probability of each token after each node, ``(B, V)``. They must sum to 1, because TensorFlow's
            gradient is ``softmax − targets``.
        logits: ``(B, V)``.
        counts: how many names pass each node, ``(B,)``.
    """
    entropy = keras.losses.categorical_crossentropy(targets, logits, from_logits=True)  # (B,)
    return tf.reduce_sum(tf.cast(entropy * counts, tf.float64))

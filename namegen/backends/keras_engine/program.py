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
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.packing import BLOCK, ROWS, Packing, pack, room_for
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork, checked_masks
from namegen.types import Array, Float64

STEPS = 16  # the largest number of updates in a call


class MaskShape(NamedTuple):
    """A parameter with a mask, and the mask's shape."""

    parameter: str
    shape: tuple[int, ...]


MaskShapes: TypeAlias = tuple[MaskShape, ...]


def mask_shapes(network: RecurrentNetwork, step: Step) -> MaskShapes:
    """Return the shapes of a step's masks.

    Raises:
        EngineError: a mask doesn't fit the network.
    """
    masks = checked_masks(network, step.masks)
    return tuple(MaskShape(name, mask.shape) for name, mask in masks.items())


class CallData(NamedTuple):
    """The arguments of a compiled call: arrays, or tensors inside the program."""

    # The trees; first_tile and first_node are padded to ``STEPS + 1``.
    packing: Packing
    # 1 / characters of each update, (STEPS,).
    shares: Tensor
    # The learning rate of each update, (STEPS,).
    rates: Tensor
    # How many updates to make.
    updates: Tensor
    # For each masked parameter, its masks in all updates, (STEPS, …).
    masks: list[Tensor]


class Gradients(NamedTuple):
    """The results of one update's loops over its tree."""

    loss: Tensor
    # In the order of the parameters.
    parameters: list[Tensor]
    # The arrays for states and their gradients, which the next update reuses.
    states: list[Tensor]
    d_states: list[Tensor]


class TrainingProgram:
    """A compiled program that trains one set of layers with one optimizer.

    Args:
        layers: the layers.
        optimizer: the optimizer. Its ``training`` also has ``bptt``.
        masks: which parameters are masked, and the shapes of the masks.
    """

    def __init__(self, layers: Layers, optimizer: KerasOptimizer, masks: MaskShapes) -> None:
        self.layers = layers
        self.optimizer = optimizer
        self.masks = masks
        self.compiled = tf.function(self._updates, jit_compile=True, autograph=False)

    def run(self, steps: Sequence[Step]) -> Float64[Array, "S"]:
        """Make an update for each step. Return the losses in nats, each summed over the characters."""
        losses: Float64[Array, "S"] = self.compiled(self._data(steps, len(steps))).numpy()
        return losses[: len(steps)]

    def compile(self, step: Step) -> None:
        """Compile the program for steps like this one. It makes no update."""
        self.compiled(self._data([step], updates=0))

    def _data(self, steps: Sequence[Step], updates: int) -> CallData:
        """Collect the arguments of a call, padded to the fixed shapes."""
        dtype = self.layers.dtype
        batches = [step.batch for step in steps]
        nodes = sum(batch.tree.nodes for batch in batches)
        V = self.layers.network.vocabulary_size
        packing = pack(batches, room_for(nodes), V, dtype)
        packing = packing._replace(
            first_tile=_padded(packing.first_tile, "int32", STEPS + 1),
            first_node=_padded(packing.first_node, "int32", STEPS + 1),
        )
        shares = [1 / step.batch.characters for step in steps]
        rates = [step.learning_rate * self.optimizer.damping for step in steps]
        data = CallData(
            packing=packing,
            shares=_padded(shares, dtype, STEPS),
            rates=_padded(rates, dtype, STEPS),
            updates=np.int32(updates),
            masks=[self._masks(mask, steps) for mask in self.masks],
        )
        tensors: CallData = tf.nest.map_structure(tf.constant, data)
        return tensors

    def _masks(self, mask: MaskShape, steps: Sequence[Step]) -> Array:
        """Collect one parameter's masks in all steps, padded with ones."""
        masks = np.ones((STEPS, *mask.shape), self.layers.dtype)
        for k, step in enumerate(steps):
            masks[k] = step.masks[mask.parameter]
        return masks

    def _updates(self, data: CallData) -> Tensor:
        """Make all updates, and return their losses ``(STEPS,)``. This function is compiled."""
        return UpdateLoop(self.layers, self.optimizer, self.masks, data).run()


@dataclass(frozen=True, eq=False)
class UpdateLoop:
    """The loop over the updates of one call, inside the compiled program."""

    layers: Layers
    optimizer: KerasOptimizer
    masks: MaskShapes
    data: CallData

    def run(self) -> Tensor:
        """Make all updates, and return their losses ``(STEPS,)``."""
        losses = tf.zeros(STEPS, tf.float64)
        start = (0, losses, self.new_state_arrays(), self.new_state_arrays())
        _, losses, _, _ = loop(lambda i, *_: i < self.data.updates, self.update, start)
        return losses

    def new_state_arrays(self) -> list[Tensor]:
        """Create an array of zeros ``(room, H)`` for each array of the state."""
        room = self.data.packing.tokens.shape[0]
        widths = self.layers.network.state_widths
        return [tf.zeros((room, width), self.layers.dtype) for width in widths]

    def update(
        self, i: Tensor, losses: Tensor, states: list[Tensor], d_states: list[Tensor]
    ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Make update ``i``, and return the variables of the loop for the next one."""
        masks = {
            mask.parameter: values[i]
            for mask, values in zip(self.masks, self.data.masks, strict=True)
        }
        variables = {name: self.layers.parameters[name].value for name in masks}
        unmasked = {name: variable.read_value() for name, variable in variables.items()}
        for name, variable in variables.items():
            variable.assign(unmasked[name] * masks[name])
        bptt = self.optimizer.training.bptt
        passes = TreePasses(self.layers, self.data.packing, i, bptt=bptt)
        result = passes.gradients(states, d_states)
        for name, variable in variables.items():
            variable.assign(unmasked[name])
        gradients = [
            gradient * masks[name] if name in masks else gradient
            for name, gradient in zip(self.layers.parameters, result.parameters, strict=True)
        ]
        gradients = [gradient * self.data.shares[i] for gradient in gradients]
        self.optimizer.update(gradients, self.data.rates[i])
        losses = tf.tensor_scatter_nd_update(losses, [[i]], [result.loss])
        return i + 1, losses, result.states, result.d_states


class NodesToRead(NamedTuple):
    """Some consecutive nodes, as a step reads them."""

    tokens: Tensor
    parents: Tensor
    state: list[Tensor]  # the state before each node


class TreePasses:
    """The loops over one update's tree, inside the compiled program.

    ``states`` and ``d_states`` are the states after each node and d loss / d state, after the loops that compute them.

    Args:
        layers: the layers.
        packing: the trees of all updates.
        i: the number of this update.
        bptt: whether gradients flow back through the states.
    """

    states: list[Tensor]
    d_states: list[Tensor]

    def __init__(self, layers: Layers, packing: Packing, i: Tensor, *, bptt: bool) -> None:
        self.layers = layers
        self.packing = packing
        self.bptt = bptt
        values = [variable.value for variable in layers.parameters.values()]
        self.recurrent = values[:-2]  # the parameters of the recurrent layers
        self.linear = values[-2:]  # the parameters of the linear layer
        self.first_tile = packing.first_tile[i]
        self.last_tile = packing.first_tile[i + 1]  # the next update's first tile
        self.first_node = packing.first_node[i]
        self.end = packing.first_node[i + 1]  # the next update's first node

    def gradients(self, states: list[Tensor], d_states: list[Tensor]) -> Gradients:
        """Compute the loss and all gradients.

        Args:
            states: arrays for the state after each node, ``(room, H)`` each. Their last row, which is never a node,
                stays zero: it is the state before a root.
            d_states: arrays for d loss / d state.
        """
        last = self.layers.last_hidden
        self.states = self.forward(states)
        loss, d_states[last], linear = self.loss(d_states[last])
        if self.bptt:
            d_states = self.backward(d_states)
        self.d_states = d_states
        return Gradients(loss, [*self.recurrent_gradients(), *linear], self.states, d_states)

    def forward(self, states: list[Tensor]) -> list[Tensor]:
        """Loop 1: compute the state after each node, tile by tile."""
        start = (self.first_tile, states)
        _, states = loop(lambda j, *_: j < self.last_tile, self.forward_tile, start)
        return states

    def forward_tile(self, j: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Compute the states after the nodes of tile ``j``."""
        start = self.packing.tiles[j]
        nodes = self.read_nodes(start, ROWS, states)
        return j + 1, put(states, start, self.layers.read(nodes.tokens, nodes.state))

    def loss(self, d_hidden: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Loop 2: compute the loss, d loss / d hidden, and the linear layer's gradients, block by block."""
        gradients: list[Tensor] = [tf.zeros_like(parameter) for parameter in self.linear]
        start = (self.first_node, tf.zeros((), tf.float64), d_hidden, gradients)
        _, loss, d_hidden, gradients = loop(
            lambda start, *_: start < self.end, self.loss_block, start
        )
        return loss, d_hidden, gradients

    def loss_block(
        self, start: Tensor, loss: Tensor, d_hidden: Tensor, gradients: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
        """Add a block's share to the loss and the gradients."""
        targets = slice_rows(self.packing.targets, start, BLOCK)
        counts = slice_rows(self.packing.counts, start, BLOCK)
        is_inside = start + tf.range(BLOCK) < self.end
        counts = tf.where(is_inside, counts, tf.zeros_like(counts))
        hidden = slice_rows(self.states[self.layers.last_hidden], start, BLOCK)
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            logits = self.layers.output(hidden)
            block_loss = softmax_cross_entropy(targets, logits, counts)
        d_block, *block_gradients = tape.gradient(block_loss, [hidden, *self.linear])
        (d_hidden,) = put([d_hidden], start, [d_block])
        return start + BLOCK, loss + block_loss, d_hidden, add(gradients, block_gradients)

    def backward(self, d_states: list[Tensor]) -> list[Tensor]:
        """Loop 3: add each node's gradient to the gradient of its parent's state, tile by tile from the last one."""
        start = (self.last_tile - 1, d_states)
        _, d_states = loop(lambda j, *_: j >= self.first_tile, self.backward_tile, start)
        return d_states

    def backward_tile(self, j: Tensor, d_states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Add the gradients of the nodes in tile ``j`` to those of their parents' states."""
        start = self.packing.tiles[j]
        nodes = self.read_nodes(start, ROWS, self.states)
        is_inside = (start + tf.range(ROWS) < self.packing.tiles[j + 1])[:, None]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(nodes.state)
            after = self.layers.read(nodes.tokens, nodes.state)
        d_after = [slice_rows(d_state, start, ROWS) for d_state in d_states]
        d_after = [tf.where(is_inside, rows, tf.zeros_like(rows)) for rows in d_after]
        d_before = gradients_of(tape, after, nodes.state, d_after)
        return j - 1, [
            tf.tensor_scatter_nd_add(d_state, nodes.parents[:, None], values)
            for d_state, values in zip(d_states, d_before, strict=True)
        ]

    def recurrent_gradients(self) -> list[Tensor]:
        """Loop 4: compute the gradients of the recurrent layers' parameters, block by block."""
        gradients: list[Tensor] = [tf.zeros_like(parameter) for parameter in self.recurrent]
        start = (self.first_node, gradients)
        _, gradients = loop(lambda start, *_: start < self.end, self.gradient_block, start)
        return gradients

    def gradient_block(self, start: Tensor, gradients: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Add the share of a block's nodes to the gradients of the recurrent layers' parameters."""
        nodes = self.read_nodes(start, BLOCK, self.states)
        with tf.GradientTape() as tape:
            after = self.layers.read(nodes.tokens, nodes.state)
        d_after = [slice_rows(d_state, start, BLOCK) for d_state in self.d_states]
        block_gradients = gradients_of(tape, after, self.recurrent, d_after)
        return start + BLOCK, add(gradients, block_gradients)

    def read_nodes(self, start: Tensor, rows: int, states: list[Tensor]) -> NodesToRead:
        """Gather some consecutive nodes, with the states before them."""
        parents = slice_rows(self.packing.parents, start, rows)
        tokens = slice_rows(self.packing.tokens, start, rows)
        return NodesToRead(tokens, parents, [tf.gather(state, parents) for state in states])


def _padded(values: Sequence[float] | Array, dtype: str, length: int) -> Array:
    """Convert values to an array, padded with zeros."""
    array = np.array(values, dtype)
    return np.pad(array, (0, length - len(array)))


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

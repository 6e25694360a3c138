"""TrainingProgram: several updates as one compiled call, on the prefix trees of their batches, which lie in a row.

Inside, a loop over the updates, and in each of them four loops over its tree:

1. over the tiles forwards: the state after each node, from the state after its parent;
2. over blocks of ``BLOCK`` nodes: the loss, and its gradient by the linear layer and by the last layer's h;
3. over the tiles backwards: each node adds to its parent's d loss / d state what it makes of its own;
4. over blocks again: the gradients of the recurrent layers, from those of the states. Where no gradient flows back
   through the states (``bptt=False``), this is all that is needed, without the third loop.

Only what must follow the tree does so; the parameters' gradients are large products. The first, third and fourth loop
run the cells' own step, so each node is read three times. How many updates, tiles and nodes there are is data: one
compilation serves every batch of up to ``NODES`` nodes.

**Tiles.** A compiled program wants fixed shapes: it reads a tile at a time, ``ROWS`` nodes that follow one another.
Nodes are ordered by depth, so that parents rise with them; a tile ends before the first node whose parent it holds. Of
Al, Ali, Bo, Boe, Cy:

    prefix        A  B  C   Al Bo Cy   Ali Boe
    node      0   1  2  3   4  5  6    7   8
    parent   -1   0  0  0   1  2  3    4   5
    tile      0   1  1  1   2  2  2    3   3

A tile of fewer nodes than ``ROWS`` reads on into the nodes behind it, and what it computes of them counts for nothing.
So the arrays hold no padding but at their end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.tensorflow_setup import Untyped, keras, tf
from namegen.core.data.batching import Batch
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork, checked_masks
from namegen.types import Array, Float64, Int64

ROWS = 32  # of a tile; 16 and 64 are as fast or slower
NODES = 8192  # nodes in a call; a larger batch has a call of its own, of twice the nodes, four times, ...
STEPS = 16  # updates in a call
BLOCK = 256  # nodes at a time where none waits for another

MaskShapes: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]


def mask_shapes(network: RecurrentNetwork, step: Step) -> MaskShapes:
    """The masked parameters of a step, each with the shape of its mask. Raises EngineError for a mask that the network
    has no place for.
    """
    return tuple((name, mask.shape) for name, mask in checked_masks(network, step.masks).items())


class TrainingProgram:
    """Compiled training for one set of layers and one optimizer.

    Args:
        layers: what is trained.
        optimizer: how; its ``training`` also says whether gradients flow back through the states.
        masks: what is compiled into it: which parameters its steps mask, and the shapes of the masks.
    """

    def __init__(self, layers: Layers, optimizer: KerasOptimizer, masks: MaskShapes) -> None:
        self.layers, self.optimizer, self.masks = layers, optimizer, masks
        values = [variable.value for variable in layers.parameters.values()]
        self.recurrent, self.linear = values[:-2], values[-2:]
        self.compiled = tf.function(self._updates, jit_compile=True, autograph=False)

    def run(self, steps: Sequence[Step]) -> Float64[Array, "S"]:
        """Apply each step; their losses in nats, summed over the characters."""
        losses: Float64[Array, "S"] = self.compiled(**self._arguments(steps, len(steps))).numpy()
        return losses[: len(steps)]

    def compile(self, step: Step) -> None:
        """Compile what a step like this one needs, by applying no update at all."""
        self.compiled(**self._arguments([step], 0))

    def _arguments(self, steps: Sequence[Step], updates: int) -> dict[str, Any]:
        """The steps one behind the other, filled up to the fixed shapes."""
        dtype, vocabulary_size = self.layers.dtype, self.layers.network.vocabulary_size
        packing = pack(
            [step.batch for step in steps], room_for(sum(map(nodes, steps))), vocabulary_size, dtype
        )

        def row(values: Iterable[Any], kind: str, length: int = STEPS) -> Array:
            given = np.array([*values], kind)
            return np.pad(given, (0, length - len(given)))

        arguments = {
            **vars(packing),
            "first_tile": row(packing.first_tile, "int32", STEPS + 1),
            "first_node": row(packing.first_node, "int32", STEPS + 1),
            "share": row((1 / step.batch.characters for step in steps), dtype),
            "rates": row((step.learning_rate * self.optimizer.damping for step in steps), dtype),
            "updates": np.int32(updates),
        }
        constants: dict[str, Any] = {
            name: tf.constant(values) for name, values in arguments.items()
        }
        constants["masks"] = [
            tf.constant(self._masks(name, shape, steps)) for name, shape in self.masks
        ]
        return constants

    def _masks(self, name: str, shape: tuple[int, ...], steps: Sequence[Step]) -> Array:
        """The masks of one parameter, a step after the other; ones for steps that are not there."""
        masks = np.ones((STEPS, *shape), self.layers.dtype)
        for place, step in enumerate(steps):
            masks[place] = step.masks[name]
        return masks

    def _updates(
        self,
        *,
        share: Tensor,
        rates: Tensor,
        updates: Tensor,
        masks: list[Tensor],
        **packing: Tensor,
    ) -> Tensor:
        """One update after another: what is compiled."""
        room = packing["tokens"].shape[0]

        def zeros() -> list[Tensor]:
            return [
                tf.zeros((room, width), self.layers.dtype)
                for width in self.layers.network.state_widths
            ]

        def update(
            i: Tensor, losses: Tensor, states: list[Tensor], d_states: list[Tensor]
        ) -> tuple[Any, ...]:
            of_step = {name: values[i] for (name, _), values in zip(self.masks, masks, strict=True)}
            variables = {name: self.layers.parameters[name].value for name in of_step}
            unmasked = {name: variable.read_value() for name, variable in variables.items()}
            for name, variable in variables.items():
                variable.assign(unmasked[name] * of_step[name])
            loss, gradients, states, d_states = self._gradients(packing, i, states, d_states)
            for name, variable in variables.items():
                variable.assign(unmasked[name])
            gradients = [
                gradient * of_step[name] if name in of_step else gradient
                for name, gradient in zip(self.layers.parameters, gradients, strict=True)
            ]
            self.optimizer.update([gradient * share[i] for gradient in gradients], rates[i])
            return i + 1, tf.tensor_scatter_nd_update(losses, [[i]], [loss]), states, d_states

        losses = tf.zeros(STEPS, tf.float64)
        return loop(lambda i, *_: i < updates, update, (0, losses, zeros(), zeros()))[1]

    def _gradients(
        self, packing: dict[str, Tensor], i: Tensor, states: list[Tensor], d_states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor], list[Tensor]]:
        """Loss and gradients of update ``i``; ``states`` and ``d_states`` are room, zero, for the state after each node
        and d loss / d state. The last row of ``states``, which no node has, stays zero: the state before a root.
        """
        first_tile, last_tile = packing["first_tile"][i], packing["first_tile"][i + 1]
        first_node, end = packing["first_node"][i], packing["first_node"][i + 1]
        tiles, last = packing["tiles"], self.layers.last_hidden

        def before(
            start: Tensor, rows: int, states: list[Tensor]
        ) -> tuple[Tensor, Tensor, list[Tensor]]:
            parents = part(packing["parents"], start, rows)
            return (
                part(packing["tokens"], start, rows),
                parents,
                [tf.gather(state, parents) for state in states],
            )

        def forward(j: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            tokens, _, state = before(tiles[j], ROWS, states)
            return j + 1, put(states, tiles[j], self.layers.read(tokens, state))

        _, states = loop(lambda j, *_: j < last_tile, forward, (first_tile, states))

        def losses(
            start: Tensor, loss: Tensor, d_hidden: Tensor, gradients: list[Tensor]
        ) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
            chances, visits = (part(packing[name], start, BLOCK) for name in ("chances", "visits"))
            visits = tf.where(start + tf.range(BLOCK) < end, visits, tf.zeros_like(visits))
            hidden = part(states[last], start, BLOCK)
            with tf.GradientTape() as tape:
                tape.watch(hidden)
                here = softmax_cross_entropy(chances, self.layers.output(hidden), visits)
            d_here, *found = tape.gradient(here, [hidden, *self.linear])
            return (
                start + BLOCK,
                loss + here,
                *put([d_hidden], start, [d_here]),
                add(gradients, found),
            )

        nothing = [tf.zeros_like(parameter) for parameter in self.linear]
        _, loss, d_states[last], linear = loop(
            lambda start, *_: start < end,
            losses,
            (first_node, tf.zeros((), tf.float64), d_states[last], nothing),
        )

        def backward(j: Tensor, d_states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            tokens, parents, state = before(tiles[j], ROWS, states)
            inside = (tiles[j] + tf.range(ROWS) < tiles[j + 1])[:, None]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(state)
                after = self.layers.read(tokens, state)
            d_after = [part(d_state, tiles[j], ROWS) for d_state in d_states]
            d_after = [tf.where(inside, d_state, tf.zeros_like(d_state)) for d_state in d_after]
            d_before = gradients_of(tape, after, state, d_after)
            return j - 1, [
                tf.tensor_scatter_nd_add(d_state, parents[:, None], values)
                for d_state, values in zip(d_states, d_before, strict=True)
            ]

        if self.optimizer.training.bptt:
            _, d_states = loop(lambda j, *_: j >= first_tile, backward, (last_tile - 1, d_states))

        def parameters(start: Tensor, gradients: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            tokens, _, state = before(start, BLOCK, states)
            with tf.GradientTape() as tape:
                after = self.layers.read(tokens, state)
            d_after = [part(d_state, start, BLOCK) for d_state in d_states]
            return start + BLOCK, add(gradients, gradients_of(tape, after, self.recurrent, d_after))

        nothing = [tf.zeros_like(parameter) for parameter in self.recurrent]
        _, recurrent = loop(lambda start, *_: start < end, parameters, (first_node, nothing))
        return loss, [*recurrent, *linear], states, d_states


def nodes(step: Step) -> int:
    """Of the step's tree."""
    return step.batch.tree.nodes


def room_for(count: int) -> int:
    """The length of the arrays of a call: room for ``NODES``, or for the power of two that holds the nodes, and behind
    them for what a tile or a block reads on.
    """
    return max(NODES, 1 << (count - 1).bit_length()) + max(ROWS, BLOCK) + 1


def loop(condition: Untyped, body: Untyped, start: Untyped) -> Untyped:
    """A loop inside the compiled program."""
    return tf.while_loop(condition, body, start, parallel_iterations=1)


def part(array: Tensor, start: Tensor, rows: int) -> Tensor:
    """Some rows that follow one another. Gathered: XLA would compile a slice anew for every start."""
    return tf.gather(array, start + tf.range(rows))


def put(arrays: Sequence[Tensor], start: Tensor, values: Sequence[Tensor]) -> list[Tensor]:
    """The arrays with some rows replaced that follow one another; compiled, it happens in place."""
    return [
        tf.tensor_scatter_nd_update(array, (start + tf.range(rows.shape[0]))[:, None], rows)
        for array, rows in zip(arrays, values, strict=True)
    ]


def add(sums: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
    """Tensor by tensor; a gradient that TensorFlow gives as rows becomes whole first."""
    return [one + tf.convert_to_tensor(other) for one, other in zip(sums, values, strict=True)]


def gradients_of(
    tape: Untyped, after: list[Tensor], of: list[Tensor], d_after: list[Tensor]
) -> list[Tensor]:
    """Back from the state after a step: zero for what the step does not read."""
    found: list[Tensor] = tape.gradient(
        after, of, output_gradients=d_after, unconnected_gradients="zero"
    )
    return found


def softmax_cross_entropy(chances: Tensor, logits: Tensor, visits: Tensor) -> Tensor:
    """``−visits · Σ_v chances_v log softmax(logits)_v``, summed over the nodes, in nats, float64.

    Chances and not counts: TensorFlow's gradient, ``softmax − targets``, is right for targets that sum to 1 alone.

    Args:
        chances: of what follows each node, ``(B, V)``.
        logits: ``(B, V)``.
        visits: how often each node counts, ``(B,)``.
    """
    entropy = keras.losses.categorical_crossentropy(chances, logits, from_logits=True)  # (B,)
    return tf.reduce_sum(tf.cast(entropy * visits, tf.float64))


def pack(
    batches: Sequence[Batch], room: int, vocabulary_size: int, dtype: str, rows: int = ROWS
) -> SimpleNamespace:
    """Lay the trees of the batches one behind the other into arrays of the length ``room``, which is greater than the
    number of their nodes; nodes are counted through.

    Returns:
        tokens ``(room,)``: the last token of each node.
        parents ``(room,)``: the node of its parent; of a root, and behind the last tree, the last place of all, which
            no node has.
        visits ``(room,)``: how many names pass through the node; 0 behind the last tree.
        chances ``(room, V)``: of what follows the node, in the batch or by its targets.
        tiles ``(room,)``: the first node of each tile; then, up to the end of the array, the end of the last tree.
        first_tile ``(batches + 1,)``: of each batch; then the number of all tiles.
        first_node ``(batches + 1,)``: of each batch; then the number of all nodes.
    """
    trees = [batch.tree for batch in batches]
    first_node = np.cumsum([0, *(tree.nodes for tree in trees)])
    starts = [tile_starts(tree, rows) for tree in trees]
    packing = SimpleNamespace(
        tokens=np.zeros(room, np.int32),
        parents=np.full(room, room - 1, np.int32),
        visits=np.zeros(room, dtype),
        chances=np.zeros((room, vocabulary_size), dtype),
        tiles=np.full(room, first_node[-1], np.int32),
        first_tile=np.cumsum([0, *map(len, starts)], dtype=np.int32),
        first_node=first_node.astype(np.int32),
    )
    for k, (batch, tree) in enumerate(zip(batches, trees, strict=True)):
        first, end = first_node[k : k + 2]
        packing.tokens[first:end] = tree.token
        packing.parents[first + tree.roots : end] = tree.parent[tree.roots :] + first
        packing.visits[first:end] = tree.count
        packing.tiles[packing.first_tile[k] : packing.first_tile[k + 1]] = starts[k] + first
        if batch.targets is None:
            packing.chances[tree.edge_node + first, tree.edge_token] = (
                tree.edge_count / tree.count[tree.edge_node]
            )
        else:
            packing.chances[first:end] = batch.targets
    return packing


def tile_starts(tree: PrefixTree, rows: int = ROWS) -> Int64[Array, "tiles"]:
    """The first node of each tile: a tile holds at most ``rows`` nodes, and the parent of none of them."""
    starts = [0]
    while starts[-1] < tree.nodes:
        first_child = np.searchsorted(
            tree.parent, starts[-1]
        )  # of the tile: parents rise with the nodes
        starts.append(min(starts[-1] + rows, int(first_child)))
    return np.array(starts[:-1])

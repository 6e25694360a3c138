"""TrainingProgram: several updates as one compiled call.

Inside, three loops: over the updates; over the chunks of one update forwards, which keeps the state before each chunk;
and over its chunks backwards, which runs each chunk again from that state and takes its gradient together with the one
that comes from the chunk behind it. Most names end in their first chunk, so few are read twice. How many updates and
chunks there are is data, so one compilation serves every batch of up to ``SLOTS`` chunks.

Measured on one core (2×32 SimpleRNN, first names, batch 512 and 128; million characters a second): compiled by XLA
1.43 and 0.70, the same graph without XLA 1.01 and 0.49, with XLA but one update a call 1.02 and 0.37. Compiling takes
2 seconds, without XLA 0.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from namegen.backends.keras_engine.layers import Layers, Tensor
from namegen.backends.keras_engine.loss import softmax_cross_entropy
from namegen.backends.keras_engine.optimizers import KerasOptimizer
from namegen.backends.keras_engine.packing import CHUNK, LANES, Packing
from namegen.backends.keras_engine.tensorflow_setup import tf
from namegen.core.engine import Step
from namegen.core.network.engine_state import checked_masks
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.types import Array, Float64

SLOTS = 64  # chunks in a call; a larger batch has a call of its own, of twice the slots, four times, ...
STEPS = 16  # updates in a call


@dataclass(frozen=True)
class StepForm:
    """What is compiled into a program, because of what its steps carry.

    Attributes:
        masks: the masked parameters, each with the shape of its mask.
        targets: whether batches say what should follow.
    """

    masks: tuple[tuple[str, tuple[int, ...]], ...] = ()
    targets: bool = False

    @classmethod
    def of(cls, network: RecurrentNetwork, step: Step) -> StepForm:
        """The form of a step. Raises EngineError for a mask that the network has no place for."""
        masks = checked_masks(network, step.masks)
        return cls(tuple((name, mask.shape) for name, mask in masks.items()), step.batch.targets is not None)


class TrainingProgram:
    """Compiled training for one set of layers and one optimizer.

    Args:
        layers: what is trained.
        optimizer: how.
        form: what its steps carry, beside names and a learning rate.
        through_time: whether gradients flow back through the states.
    """

    def __init__(self, layers: Layers, optimizer: KerasOptimizer, form: StepForm, *, through_time: bool) -> None:
        self.layers, self.optimizer, self.form = layers, optimizer, form
        self.parameters = [variable.value for variable in layers.parameters.values()]
        self._gradients = self._through_time if through_time else self._cutting
        self._compiled = tf.function(self._updates, jit_compile=True, autograph=False)

    @property
    def compilations(self) -> int:
        """How often something was compiled so far."""
        return int(self._compiled.experimental_get_tracing_count())

    def run(self, packings: Sequence[Packing], steps: Sequence[Step]) -> Float64[Array, "S"]:
        """Apply each step, packed; their losses in nats, summed over the characters."""
        slots = slots_for(sum(packing.chunks for packing in packings))
        losses: Float64[Array, "S"] = self._compiled(**self._arguments(packings, steps, slots)).numpy()
        return losses[: len(packings)]

    def compile(self, packing: Packing) -> None:
        """Compile what a batch like this one needs, by applying no update at all."""
        self._compiled(**self._arguments([], [], slots_for(packing.chunks)))

    def _arguments(self, packings: Sequence[Packing], steps: Sequence[Step], slots: int) -> dict[str, Tensor]:
        """The packings one behind the other, filled up to the fixed shapes."""
        dtype = self.layers.dtype
        ends = np.cumsum([0, *(packing.chunks for packing in packings)])

        def filled(name: str, shape: tuple[int, ...], kind: str) -> Array:
            array = np.zeros((slots, *shape), kind)
            if packings:
                array[: ends[-1]] = np.concatenate([getattr(packing, name) for packing in packings])
            return array

        def row(values: Sequence[Any], kind: str, length: int = STEPS) -> Array:
            array = np.zeros(length, kind)
            array[: len(values)] = values
            return array

        arguments = {
            "tokens": filled("tokens", (LANES, CHUNK + 1), "int32"),
            "used": filled("used", (LANES,), "int32"),
            "weight": filled("weight", (LANES,), dtype),
            "follows": filled("follows", (LANES,), "bool"),
            "ends": row(ends.tolist(), "int32", STEPS + 1),
            "replayed": row([packing.replayed for packing in packings], "int32"),
            "share": row([1 / step.batch.characters for step in steps], dtype),
            "rates": row([self.optimizer.rate(step.learning_rate) for step in steps], dtype),
            "updates": np.int32(len(packings)),
        }
        if self.form.targets:
            soft = np.zeros((slots, LANES, CHUNK, self.layers.network.vocabulary_size), dtype)
            for packing, step, start in zip(packings, steps, ends[:-1], strict=True):
                if step.batch.targets is not None:  # so it is in each step of this form
                    soft[start : start + packing.chunks] = step.batch.targets[packing.nodes]
            arguments["soft"] = soft
        constants: dict[str, Any] = {name: tf.constant(values) for name, values in arguments.items()}
        constants["masks"] = [tf.constant(self._masks(name, shape, steps)) for name, shape in self.form.masks]
        return constants

    def _masks(self, name: str, shape: tuple[int, ...], steps: Sequence[Step]) -> Array:
        """The masks of one parameter, a step after the other; ones for steps that are not there."""
        masks = np.ones((STEPS, *shape), self.layers.dtype)
        for place, step in enumerate(steps):
            masks[place] = step.masks[name]
        return masks

    def _updates(
        self, *, ends: Tensor, share: Tensor, rates: Tensor, updates: Tensor, masks: list[Tensor], **chunks: Tensor
    ) -> Tensor:
        """One update after another: what is compiled."""
        slots = chunks["tokens"].shape[0]
        states = [tf.zeros((slots + 1, LANES, width), self.layers.dtype) for width in self.layers.network.state_widths]

        def update(i: Tensor, losses: Tensor, states: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
            of_step = {name: values[i] for (name, _), values in zip(self.form.masks, masks, strict=True)}
            variables = {name: self.layers.parameters[name].value for name in of_step}
            unmasked = {name: variable.read_value() for name, variable in variables.items()}
            for name, variable in variables.items():
                variable.assign(unmasked[name] * of_step[name])
            loss, gradients, states = self._gradients(chunks, ends[i], ends[i + 1], chunks["replayed"][i], states)
            for name, variable in variables.items():
                variable.assign(unmasked[name])
            gradients = [
                gradient * of_step[name] if name in of_step else gradient
                for name, gradient in zip(self.layers.parameters, gradients, strict=True)
            ]
            self.optimizer.update([gradient * share[i] for gradient in gradients], rates[i])
            return i + 1, put(losses, i, loss), states

        losses = tf.zeros(STEPS, tf.float64)
        return loop(lambda i, *_: i < updates, update, (0, losses, states))[1]

    def _through_time(
        self, chunks: dict[str, Tensor], start: Tensor, end: Tensor, replayed: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Loss and gradients of one update. ``states``: room for the state before each chunk."""

        def forward(j: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
            before = self._kept([state[j] for state in states], chunks["follows"][j])
            _, after = self.layers.read_chunk(chunks["tokens"][j][:, :-1], before)
            return j + 1, [put(state, j + 1, values) for state, values in zip(states, after, strict=True)]

        _, states = loop(lambda j, *_: j < start + replayed, forward, (start, states))

        def backward(
            j: Tensor, loss: Tensor, d_after: list[Tensor], gradients: list[Tensor]
        ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
            before = self._kept([state[j] for state in states], chunks["follows"][j])
            with tf.GradientTape() as tape:
                tape.watch(before)
                hidden, after = self.layers.read_chunk(chunks["tokens"][j][:, :-1], before)
                chunk_loss = self._loss(chunks, j, hidden)
            found = tape.gradient(
                [chunk_loss, *after], [*self.parameters, *before], output_gradients=[tf.ones_like(chunk_loss), *d_after]
            )
            d_parameters, d_before = found[: len(self.parameters)], found[len(self.parameters) :]
            return j - 1, loss + chunk_loss, self._kept(d_before, chunks["follows"][j]), add(gradients, d_parameters)

        nothing = self.layers.zero_state(LANES), [tf.zeros_like(parameter) for parameter in self.parameters]
        _, loss, _, gradients = loop(lambda j, *_: j >= start, backward, (end - 1, tf.zeros((), tf.float64), *nothing))
        return loss, gradients, states

    def _cutting(
        self, chunks: dict[str, Tensor], start: Tensor, end: Tensor, replayed: Tensor, states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """The same where no gradient passes a state: one loop forwards is enough."""

        def forward(
            j: Tensor, loss: Tensor, state: list[Tensor], gradients: list[Tensor]
        ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
            before = self._kept(state, chunks["follows"][j])
            with tf.GradientTape() as tape:
                hidden, after = self.layers.read_chunk_cutting(chunks["tokens"][j][:, :-1], before)
                chunk_loss = self._loss(chunks, j, hidden)
            return j + 1, loss + chunk_loss, after, add(gradients, tape.gradient(chunk_loss, self.parameters))

        nothing = self.layers.zero_state(LANES), [tf.zeros_like(parameter) for parameter in self.parameters]
        _, loss, _, gradients = loop(lambda j, *_: j < end, forward, (start, tf.zeros((), tf.float64), *nothing))
        return loss, gradients, states

    def _loss(self, chunks: dict[str, Tensor], j: Tensor, hidden: Tensor) -> Tensor:
        targets = chunks["soft"][j] if self.form.targets else chunks["tokens"][j][:, 1:]
        return softmax_cross_entropy(targets, self.layers.output(hidden), chunks["used"][j], chunks["weight"][j])

    @staticmethod
    def _kept(state: Sequence[Tensor], follows: Tensor) -> list[Tensor]:
        """A state where the name goes on, zeros where another begins."""
        return [tf.where(follows[:, None], values, tf.zeros_like(values)) for values in state]


def slots_for(chunks: int) -> int:
    """The number of chunks that a call is compiled for: ``SLOTS``, or the power of two that holds the batch."""
    return int(max(SLOTS, 1 << (chunks - 1).bit_length()))


def loop(condition: Any, body: Any, start: Any) -> Any:
    """A loop inside the compiled program."""
    return tf.while_loop(condition, body, start, parallel_iterations=1)


def put(array: Tensor, place: Tensor, values: Tensor) -> Tensor:
    """The array with one entry replaced; compiled, it happens in place."""
    return tf.tensor_scatter_nd_update(array, [[place]], [values])


def add(sums: Sequence[Tensor], values: Sequence[Tensor]) -> list[Tensor]:
    """Tensor by tensor; a gradient that TensorFlow gives as rows becomes whole first."""
    return [one + tf.convert_to_tensor(other) for one, other in zip(sums, values, strict=True)]

"""The same network as TensorFlow functions, and these by TensorFlow's converter as a ``.tflite``: what the file that
namegen writes itself is held against. Letters are those of ``core/README.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from namegen.backends.keras_engine.tensorflow_setup import tf
from namegen.backends.quiet import quiet
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.recurrent_network import exportable

Tensor = Any  # TensorFlow has no types


class Program:
    """The network with constant weights.

    Args:
        checkpoint: where the weights come from.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.network = exportable(checkpoint.network, CELLS, "a .tflite")
        self.code_points = checkpoint.vocabulary.code_points
        self.beginnings = checkpoint.beginnings
        self.weights = {name: tf.constant(values, tf.float32) for name, values in checkpoint.parameters.items()}
        self.cell = CELLS[self.network.cell]

    def step(self, tokens: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read one token a row: logits (B, V), and the state after it, each array (B, H)."""
        rows, after, states = tokens, [], self.network.cell_shape.states
        for k, width in enumerate(self.network.hidden):
            kernel, U, bias = (self.weights[f"rnn.{k}.{name}"] for name in ("kernel", "recurrent_kernel", "bias"))
            x = tf.gather(kernel, rows) if k == 0 else tf.matmul(rows, kernel)  # one-hot row times K: a row of K
            before = state[states * k :][:states]
            after += self.cell(x, U, bias, before, width)
            rows = after[-states]
        return tf.matmul(rows, self.weights["output.kernel"]) + self.weights["output.bias"], after

    def generate(self, uniforms: Tensor, temperature: Tensor) -> Tensor:
        """The rule of ``core/generation/sampling.draw`` for one name a row: uniforms (n, T) → token ids (n, T).

        Where there are several beginnings, the first uniform number of a row chooses its own: (n, 1 + T) → (n, T). The
        loop ends with the last name, or at T.
        """
        first, uniforms = self._begin(uniforms)
        rows, longest = tf.unstack(tf.shape(uniforms))
        columns = tf.transpose(uniforms)  # (T, n): a gather of one row is one place of every name
        divisor = tf.where(temperature > 0, temperature, 1.0)
        last_id = self.network.vocabulary_size - 1

        def goes_on(place: Tensor, tokens: Tensor, last: Tensor, alive: Tensor, *state: Tensor) -> Tensor:
            return tf.logical_and(place < longest, tf.reduce_any(alive))

        def draw(place: Tensor, tokens: Tensor, last: Tensor, alive: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
            logits, after = self.step(last, state)
            scaled = (logits - tf.reduce_max(logits, axis=1, keepdims=True)) / divisor  # subtracted before it overflows
            sums = tf.cumsum(tf.nn.softmax(scaled), axis=1)  # (n, V)
            below = sums <= tf.gather(columns, place)[:, None]
            drawn = tf.minimum(tf.reduce_sum(tf.cast(below, tf.int32), axis=1), last_id)
            likeliest = tf.argmax(logits, axis=1, output_type=tf.int32)
            last = tf.where(tf.equal(temperature, 0.0), likeliest, drawn) * tf.cast(alive, tf.int32)
            tokens += last[:, None] * tf.one_hot(place, longest, dtype=tf.int32)[None]
            return (place + 1, tokens, last, tf.not_equal(last, 0), *after)

        start = (
            tf.constant(0),
            tf.zeros([rows, longest], tf.int32),
            first,
            tf.ones([rows], tf.bool),
            *(tf.zeros([rows, width]) for width in self.network.state_widths),
        )
        shapes = ([], [None, None], [None], [None], *([None, width] for width in self.network.state_widths))
        return tf.while_loop(goes_on, draw, start, shape_invariants=tuple(map(tf.TensorShape, shapes)))[1]

    def _begin(self, uniforms: Tensor) -> tuple[Tensor, Tensor]:
        """The beginning of each row (n,), and the uniform numbers that are left."""
        rows, count = tf.shape(uniforms)[0], len(self.beginnings.tokens)
        if not self.beginnings.several:
            return tf.fill([rows], tf.constant(self.beginnings.tokens[0], tf.int32)), uniforms
        sums = tf.constant(np.cumsum(self.beginnings.shares), tf.float32)
        below = tf.cast(sums[None] <= uniforms[:, :1], tf.int32)  # (n, count)
        chosen = tf.minimum(tf.reduce_sum(below, axis=1), count - 1)
        return tf.gather(tf.constant(self.beginnings.ids), chosen), uniforms[:, 1:]

    def module(self) -> tuple[Any, dict[str, Any]]:
        """A module, and its functions by signature."""
        tokens = tf.TensorSpec([None], tf.int32, name="tokens")
        state = [
            tf.TensorSpec([None, width], tf.float32, name=f"state_{k}")
            for k, width in enumerate(self.network.state_widths)
        ]

        @tf.function(input_signature=[tokens, *state])
        def step(tokens: Tensor, *state: Tensor) -> dict[str, Tensor]:
            logits, after = self.step(tokens, state)
            return {"logits": logits, **{f"state_{k}": array for k, array in enumerate(after)}}

        uniforms = tf.TensorSpec([None, None], tf.float32, name="uniforms")
        temperature = tf.TensorSpec([], tf.float32, name="temperature")

        @tf.function(input_signature=[uniforms, temperature])
        def generate(uniforms: Tensor, temperature: Tensor) -> dict[str, Tensor]:
            return {"tokens": self.generate(uniforms, temperature)}

        @tf.function(input_signature=[])
        def vocabulary() -> dict[str, Tensor]:
            return {"code_points": tf.constant(np.asarray(self.code_points))}

        module = tf.Module()
        module.functions = functions = {"step": step, "generate": generate, "vocabulary": vocabulary}
        return module, functions


def simple_rnn(x: Tensor, U: Tensor, bias: Tensor, state: Sequence[Tensor], width: int) -> list[Tensor]:
    """``h' = tanh(x K + b + h U)``; ``x K`` comes in as ``x``, as for the other cells."""
    (h,) = state
    return [tf.tanh(x + bias + tf.matmul(h, U))]


def gru(x: Tensor, U: Tensor, bias: Tensor, state: Sequence[Tensor], width: int) -> list[Tensor]:
    """Keras's form with ``reset_after=True``; gates z, r, h; the formulas stand in ``numpy_engine/cells.py``."""
    (h,) = state
    x, s = x + bias[0], tf.matmul(h, U) + bias[1]
    gates = tf.sigmoid(x[:, : 2 * width] + s[:, : 2 * width])
    z, r = gates[:, :width], gates[:, width:]
    n = tf.tanh(x[:, 2 * width :] + r * s[:, 2 * width :])
    return [n + z * (h - n)]


def lstm(x: Tensor, U: Tensor, bias: Tensor, state: Sequence[Tensor], width: int) -> list[Tensor]:
    """Gates i, f, c, o; the state is h, then c."""
    h, c = state
    i, f, g, o = tf.split(x + bias + tf.matmul(h, U), 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    return [tf.sigmoid(o) * tf.tanh(c), c]


CELLS = {"simple_rnn": simple_rnn, "gru": gru, "lstm": lstm}


def converted(checkpoint: Checkpoint, quantize: str = "none") -> bytes:
    """What TensorFlow's converter makes of the same network: the same signatures, by operators of its own choice."""
    with quiet(), tempfile.TemporaryDirectory() as folder:
        module, signatures = Program(checkpoint).module()
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=sorted(signatures))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        content: bytes = converter.convert()
    return content

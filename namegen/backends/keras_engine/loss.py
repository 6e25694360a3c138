"""The loss, over some nodes of a tree."""

from __future__ import annotations

from namegen.backends.keras_engine.layers import Tensor
from namegen.backends.keras_engine.tensorflow_setup import keras, tf


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

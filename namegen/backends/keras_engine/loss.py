"""The loss, over the lanes of a chunk."""

from __future__ import annotations

from namegen.backends.keras_engine.layers import Tensor
from namegen.backends.keras_engine.tensorflow_setup import keras, tf


def softmax_cross_entropy(targets: Tensor, logits: Tensor, used: Tensor, weight: Tensor) -> Tensor:
    """``weight · −log softmax(logits)[target]``, summed over the characters that count, in nats, float64.

    Args:
        targets: what follows, ``(B, T)`` ids; or ``(B, T, V)``, the chances of what should follow.
        logits: ``(B, T, V)``.
        used: how many targets of each row count; what is behind them is padding and has no part in the sum, nor
            therefore in a gradient.
        weight: how often each row counts.
    """
    if len(targets.shape) == 2:
        entropy = keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)  # (B, T)
    else:
        entropy = keras.losses.categorical_crossentropy(targets, logits, from_logits=True)  # (B, T)
    counts = tf.range(targets.shape[1]) < used[:, None]
    weighted = tf.where(counts, entropy * weight[:, None], tf.zeros_like(entropy))
    return tf.reduce_sum(tf.cast(weighted, tf.float64))

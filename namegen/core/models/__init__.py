"""Language models besides the networks: n-grams, and mixtures of several models. Each is a ``LanguageModel``."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Float, Float64


def all_log_probabilities(logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
    """Convert logits to the log-probabilities of all tokens, in nats, at temperature 1 (a log-softmax).

    >>> np.exp(all_log_probabilities(np.log([[1.0, 3.0]]))).round(6).tolist()
    [[0.25, 0.75]]
    """
    log_probabilities = logits.astype(np.float64)  # (B, V), normalized in place below
    log_probabilities -= log_probabilities.max(axis=1, keepdims=True)  # so that exp can't overflow
    log_probabilities -= np.log(np.exp(log_probabilities).sum(axis=1, keepdims=True))
    return log_probabilities

"""Language models besides the networks: n-grams, and mixtures of several models. Each is a ``LanguageModel``."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Float, Float64


def all_log_probabilities(logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
    """Return the log-probability of every token, in nats, at temperature 1.

    >>> np.exp(all_log_probabilities(np.log([[1.0, 3.0]]))).round(6).tolist()
    [[0.25, 0.75]]
    """
    result = logits.astype(np.float64)
    result -= result.max(axis=1, keepdims=True)
    result -= np.log(np.exp(result).sum(axis=1, keepdims=True))
    return result

"""Models beside the networks: they count, or put several models together. Each is a ``LanguageModel``."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Float, Float64


def all_log_probabilities(logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
    """The log-probability of every token, in nats at temperature 1."""
    exact = logits.astype(np.float64)
    exact -= exact.max(axis=1, keepdims=True)
    exact -= np.log(np.exp(exact).sum(axis=1, keepdims=True))
    return exact

"""Softmax: from a model's logits to log-probabilities."""

from __future__ import annotations

import numpy as np

from namegen.types import Array, Float, Float64, Int


def log_probabilities(
    logits: Float[Array, "B V"], rows: Int[Array, "K"], tokens: Int[Array, "K"]
) -> Float64[Array, "K"]:
    """The log-probability, in nats at temperature 1, of one token each in some of the rows."""
    of_tokens: Float64[Array, "K"] = all_log_probabilities(logits)[rows, tokens]
    return of_tokens


def all_log_probabilities(logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
    """The log-probability of every token, in nats at temperature 1."""
    exact = logits.astype(np.float64)
    exact -= exact.max(axis=1, keepdims=True)
    exact -= np.log(np.exp(exact).sum(axis=1, keepdims=True))
    return exact

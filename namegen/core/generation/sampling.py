"""How the next token is drawn from logits. All backends, ``.tflite`` files and the web page follow this rule."""

from __future__ import annotations

import numpy as np

from namegen.core.generation.request import GenerationRequest
from namegen.types import Array, Float, Float64, Int64


def draw(
    uniforms: Float64[Array, "B"], logits: Float[Array, "B V"], temperature: float = 1.0
) -> Int64[Array, "B"]:
    """Draw the next token of each row with a uniform random number. All backends have to draw the same tokens.

    Tokens are added up in the order of their ids. The first token whose cumulative probability exceeds the uniform
    number is drawn; the last token if rounding leaves the sum below it. Temperature 0 gives the most likely token, and
    the lowest id on a tie.

    Args:
        uniforms: numbers from 0 up to 1.
        logits: logits of the next tokens.
        temperature: the logits are divided by it; 0 gives the most likely token.

    >>> draw(np.array([0.0, 0.5, 0.99]), np.log([[0.2, 0.3, 0.5]] * 3)).tolist()
    [0, 2, 2]
    """
    if temperature == 0:
        most_likely: Int64[Array, "B"] = np.argmax(logits, axis=1)
        return most_likely
    chances = np.exp(log_weights(logits, temperature))  # (B, V)
    chances /= chances.sum(axis=1, keepdims=True)
    return pick(uniforms, chances)


def pick(uniforms: Float64[Array, "B"], chances: Float64[Array, "B V"]) -> Int64[Array, "B"]:
    """Draw an index from each row of probabilities, with a uniform random number per row.

    It's the first index whose cumulative probability exceeds the number; the last one if rounding leaves the sum below
    it.

    >>> pick(np.array([0.2, 0.9]), np.array([[0.5, 0.5], [0.5, 0.5]])).tolist()
    [0, 1]
    """
    sums = np.cumsum(chances, axis=1)  # (B, V)
    is_before_picked = sums <= uniforms[:, None]  # (B, V)
    picked: Int64[Array, "B"] = is_before_picked.sum(axis=1)
    last_index = chances.shape[1] - 1
    np.minimum(picked, last_index, out=picked)
    return picked


def log_weights(
    logits: Float[Array, "B V"],
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Float64[Array, "B V"]:
    """Return logarithms of numbers that are proportional to the probabilities of the next tokens; −inf excludes one.

    Args:
        logits: logits of the next tokens.
        temperature: the logits are divided by it; 0 gives the most likely token, and the lowest id on a tie.
        top_k: how many tokens to keep, the most likely ones; on a tie, those with the lowest ids.
        top_p: keep the fewest tokens whose probabilities sum to at least this share (nucleus sampling, Holtzman et al.,
            2020). It's applied after ``top_k``.

    >>> np.exp(log_weights(np.log([[0.5, 0.3, 0.2]]), top_k=2)).round(3).tolist()
    [[1.0, 0.6, 0.0]]
    """
    if temperature == 0:
        only_most_likely = np.full(logits.shape, -np.inf)  # (B, V)
        rows = np.arange(len(logits))
        only_most_likely[rows, np.argmax(logits, axis=1)] = 0
        return only_most_likely
    # The subtraction comes first, so that the division can overflow only to −inf.
    largest = logits.max(axis=1, keepdims=True)  # (B, 1)
    scaled: Float64[Array, "B V"] = np.subtract(logits, largest, dtype=np.float64)
    if temperature != 1:
        with np.errstate(over="ignore"):
            scaled /= temperature
    keeps_all_by_k = top_k is None or top_k >= logits.shape[1]
    if keeps_all_by_k and top_p in (None, 1):
        return scaled
    order = np.argsort(-scaled, axis=1, kind="stable")  # (B, V) tokens, most likely first
    by_rank = np.take_along_axis(scaled, order, axis=1)  # (B, V)
    if top_k is not None:
        by_rank[:, top_k:] = -np.inf
    if top_p is not None:
        chances = np.exp(by_rank)  # (B, V)
        chances /= chances.sum(axis=1, keepdims=True)
        sum_before = np.cumsum(chances, axis=1) - chances  # (B, V) of more likely tokens
        by_rank[sum_before >= top_p] = -np.inf
    np.put_along_axis(scaled, order, by_rank, axis=1)
    return scaled


def log_chances(logits: Float[Array, "B V"], request: GenerationRequest) -> Float64[Array, "B V"]:
    """Return the log-probabilities of the next tokens with the sampling settings of a request, in nats.

    They're exact even if a probability rounds to 0.
    """
    logarithms = log_weights(logits, *request.sampling)
    logarithms -= np.log(np.exp(logarithms).sum(axis=1, keepdims=True))
    return logarithms

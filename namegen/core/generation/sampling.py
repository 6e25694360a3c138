"""How a next token is drawn from logits: the one rule that every engine, the ``.tflite`` and the web page keep."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from namegen.core.settings import MOST_ASKED_FOR
from namegen.errors import SettingsError, setting, shown
from namegen.types import Array, Float, Float64, Int64


def draw(
    uniforms: Float64[Array, "B"], logits: Float[Array, "B V"], temperature: float = 1.0
) -> Int64[Array, "B"]:
    """The reference: one token a row, from one uniform number a row.

    Softmax in float64, cumulative sum in id order, the first id whose sum exceeds the uniform number; the last id as a
    clamp. Temperature 0 is the likeliest id, the lowest on a tie.

    >>> draw(np.array([0.0, 0.5, 0.99]), np.log([[0.2, 0.3, 0.5]] * 3)).tolist()
    [0, 2, 2]
    """
    if temperature == 0:
        likeliest: Int64[Array, "B"] = np.argmax(logits, axis=1)
        return likeliest
    return pick(uniforms, probabilities(logits, temperature))


def pick(uniforms: Float64[Array, "B"], chances: Float64[Array, "B V"]) -> Int64[Array, "B"]:
    """The first place of each row of probabilities whose cumulative sum exceeds the uniform number, else the last."""
    sums = np.cumsum(chances, axis=1)
    chosen: Int64[Array, "B"] = (sums <= uniforms[:, None]).sum(axis=1)
    np.minimum(chosen, chances.shape[1] - 1, out=chosen)
    return chosen


def probabilities(logits: Float[Array, "B V"], temperature: float = 1.0) -> Float64[Array, "B V"]:
    """Softmax of ``logits / temperature`` in float64; temperature 0 puts everything on the likeliest id.

    Raises:
        SettingsError: the temperature is below 0 or not a number.
    """
    scaled = weights(logits, temperature)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def weights(logits: Float[Array, "B V"], temperature: float = 1.0) -> Float64[Array, "B V"]:
    """The same before each row is divided by its sum. Raises SettingsError as ``probabilities`` does."""
    check_temperature(temperature)
    if temperature == 0:
        chosen = np.zeros(logits.shape)
        chosen[np.arange(len(logits)), np.argmax(logits, axis=1)] = 1
        return chosen
    # The largest goes before the division, which may then overflow to −inf only.
    scaled: Float64[Array, "B V"] = np.subtract(
        logits, logits.max(axis=1, keepdims=True), dtype=np.float64
    )
    if temperature != 1:
        with np.errstate(over="ignore"):
            scaled /= temperature
    np.exp(scaled, out=scaled)
    return scaled


def truncate(
    chances: Float64[Array, "B V"], top_k: int | None = None, top_p: float | None = None
) -> Float64[Array, "B V"]:
    """Keep the likeliest tokens only, and renormalize.

    Args:
        chances: probabilities, the temperature applied.
        top_k: how many tokens stay; on a tie the lower ids.
        top_p: the fewest tokens whose probabilities sum to at least this share stay (nucleus sampling, Holtzman et
            al., 2020); after ``top_k``.
    """
    if top_k is not None:
        check_count("top_k", top_k, 1)
    if top_p is not None and not (isinstance(top_p, Real) and 0 < top_p <= 1):
        raise SettingsError(
            f"{setting('top_p')} is {shown(top_p)}: expected a share above 0, up to 1"
        )
    if (top_k is None or top_k >= chances.shape[1]) and (top_p is None or top_p == 1):
        return chances
    order = np.argsort(-chances, axis=1, kind="stable")
    ranked = np.take_along_axis(chances, order, axis=1)
    if top_k is not None:
        ranked[:, top_k:] = 0
        ranked /= ranked.sum(axis=1, keepdims=True)
    if top_p is not None:
        before = np.cumsum(ranked, axis=1) - ranked
        ranked[before >= top_p] = 0
        ranked /= ranked.sum(axis=1, keepdims=True)
    kept = np.empty_like(chances)
    np.put_along_axis(kept, order, ranked, axis=1)
    return kept


def check_temperature(temperature: float) -> None:
    """Raise SettingsError for a temperature that is negative, infinite or not a number."""
    if not (isinstance(temperature, Real) and 0 <= temperature < np.inf):
        told = f"{setting('temperature')} is {shown(temperature)}"
        raise SettingsError(f"{told}: expected a number of at least 0, such as 0.8")


def check_count(name: str, value: object, least: int) -> None:
    """Raise SettingsError for a setting that is no whole number, or too small a one."""
    if not isinstance(value, Integral) or int(value) < least:
        raise SettingsError(
            f"{setting(name)} is {shown(value)}: expected a whole number of at least {least}"
        )


def check_amount(n: object, things: str) -> None:
    """Raise SettingsError for an amount that nobody can ask for."""
    if not isinstance(n, Integral) or not 0 <= int(n) <= MOST_ASKED_FOR:
        raise SettingsError(
            f"{shown(n)} {things} were asked for: expected a whole number from 0 to {MOST_ASKED_FOR:,}"
        )


@dataclass(frozen=True)
class SamplingSettings:
    """How the next character is chosen.

    ``temperature`` 1 is the model's own distribution, below it is bolder in what is likely, 0 always takes the
    likeliest. ``top_k`` and ``top_p`` keep only the likeliest characters. ``max_length``: characters of the longest
    name that is given; a longer one is drawn anew, so the others keep their proportions.

    Raises:
        SettingsError: a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    max_length: int = 40

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        truncate(np.ones((1, 1)), self.top_k, self.top_p)  # the same checks
        check_count("max_length", self.max_length, 1)

    @property
    def natural(self) -> bool:
        """Every character with just the model's probability."""
        return self.temperature == 1 and self.keeps_all

    @property
    def keeps_all(self) -> bool:
        """No character is left out."""
        return self.top_k is None and self.top_p in (None, 1)

    def weights(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """What each next token's probability is in proportion to: a row need not sum to 1, which saves a pass."""
        return weights(logits, self.temperature) if self.keeps_all else self.chances(logits)

    def chances(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """The probability of each next token."""
        return truncate(probabilities(logits, self.temperature), self.top_k, self.top_p)

    def log_chances(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """Their logarithms, nats, also where the chances themselves are too small for a number."""
        if self.temperature == 0:
            with np.errstate(divide="ignore"):
                return np.log(self.chances(logits))
        scaled: Float64[Array, "B V"] = np.subtract(
            logits, logits.max(axis=1, keepdims=True), dtype=np.float64
        )
        with np.errstate(over="ignore"):
            scaled /= self.temperature
        if self.top_k is not None and self.top_k < scaled.shape[1]:
            left_out = np.argsort(-scaled, axis=1, kind="stable")[:, self.top_k :]
            np.put_along_axis(scaled, left_out, -np.inf, axis=1)
        if self.top_p not in (None, 1):
            scaled[truncate(probabilities(scaled), None, self.top_p) == 0] = -np.inf
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return scaled


def random_numbers(seed: int | None) -> np.random.Generator:
    """Where the random numbers of a request come from. Raises SettingsError for a seed below 0."""
    if seed is not None:
        check_count("seed", seed, 0)
    return np.random.default_rng(seed)

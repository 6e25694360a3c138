"""How the next token is drawn from logits. All backends, ``.tflite`` files and the web page follow this rule."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from namegen.core.settings import MAX_NAMES
from namegen.errors import SettingsError, setting, shown
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
    return pick(uniforms, probabilities(logits, temperature))


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


def probabilities(logits: Float[Array, "B V"], temperature: float = 1.0) -> Float64[Array, "B V"]:
    """Return the softmax of ``logits / temperature`` in float64. At temperature 0, the best token has probability 1.

    Raises:
        SettingsError: the temperature is negative, infinite or not a number.

    >>> probabilities(np.log([[0.2, 0.8]])).round(3).tolist()
    [[0.2, 0.8]]
    """
    scaled = weights(logits, temperature)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def weights(logits: Float[Array, "B V"], temperature: float = 1.0) -> Float64[Array, "B V"]:
    """Return numbers proportional to the tokens' probabilities: a softmax whose rows aren't divided by their sums."""
    check_temperature(temperature)
    if temperature == 0:
        only_most_likely = np.zeros(logits.shape)  # (B, V)
        rows = np.arange(len(logits))
        only_most_likely[rows, np.argmax(logits, axis=1)] = 1
        return only_most_likely
    scaled = _scaled(logits, temperature)
    np.exp(scaled, out=scaled)
    return scaled


def _scaled(logits: Float[Array, "B V"], temperature: float) -> Float64[Array, "B V"]:
    """Subtract the largest logit of each row from its logits, and divide by the temperature.

    The subtraction comes first, so that the division can overflow only to −inf.
    """
    largest = logits.max(axis=1, keepdims=True)  # (B, 1)
    scaled: Float64[Array, "B V"] = np.subtract(logits, largest, dtype=np.float64)
    if temperature != 1:
        with np.errstate(over="ignore"):
            scaled /= temperature
    return scaled


def truncate(
    chances: Float64[Array, "B V"], top_k: int | None = None, top_p: float | None = None
) -> Float64[Array, "B V"]:
    """Keep only the most likely tokens, and divide their probabilities by the sum.

    Args:
        chances: probabilities at the temperature.
        top_k: how many tokens to keep; on a tie, those with the lowest ids.
        top_p: keep the fewest tokens whose probabilities sum to at least this share (nucleus sampling, Holtzman et al.,
            2020). It's applied after ``top_k``.

    Raises:
        SettingsError: ``top_k`` or ``top_p`` is out of its range.

    >>> truncate(np.array([[0.5, 0.3, 0.2]]), top_k=1).tolist()
    [[1.0, 0.0, 0.0]]
    """
    check_truncation(top_k, top_p)
    keeps_all_by_k = top_k is None or top_k >= chances.shape[1]
    keeps_all_by_p = top_p is None or top_p == 1
    if keeps_all_by_k and keeps_all_by_p:
        return chances
    order = np.argsort(-chances, axis=1, kind="stable")  # (B, V) tokens, most likely first
    sorted_chances = np.take_along_axis(chances, order, axis=1)  # (B, V)
    _truncate_sorted(sorted_chances, top_k, top_p)
    truncated = np.empty_like(chances)
    np.put_along_axis(truncated, order, sorted_chances, axis=1)  # in the order of the tokens
    return truncated


def _truncate_sorted(
    chances: Float64[Array, "B V"], top_k: int | None, top_p: float | None
) -> None:
    """Set the probabilities of unlikely tokens to 0, in place. Each row starts with its most likely token."""
    if top_k is not None:
        chances[:, top_k:] = 0
        chances /= chances.sum(axis=1, keepdims=True)
    if top_p is not None:
        sum_before = np.cumsum(chances, axis=1) - chances  # (B, V) of more likely tokens
        chances[sum_before >= top_p] = 0
        chances /= chances.sum(axis=1, keepdims=True)


def check_truncation(top_k: int | None, top_p: float | None) -> None:
    """Raise SettingsError if ``top_k`` or ``top_p`` is out of its range."""
    if top_k is not None:
        check_count("top_k", top_k, 1)
    if top_p is not None and not (isinstance(top_p, Real) and 0 < top_p <= 1):
        raise SettingsError(
            f"{setting('top_p')} is {shown(top_p)}: expected a share above 0, up to 1"
        )


def check_temperature(temperature: float) -> None:
    """Raise SettingsError for a temperature that is negative, infinite or not a number."""
    if not (isinstance(temperature, Real) and 0 <= temperature < np.inf):
        raise SettingsError(
            f"{setting('temperature')} is {shown(temperature)}: expected a number of at least 0, such as 0.8"
        )


def check_count(name: str, value: object, least: int) -> None:
    """Raise SettingsError for a setting that isn't a whole number, or is too small."""
    if not isinstance(value, Integral) or int(value) < least:
        raise SettingsError(
            f"{setting(name)} is {shown(value)}: expected a whole number of at least {least}"
        )


def check_amount(n: object, things: str) -> None:
    """Raise SettingsError for a number of names, people or players that is out of range."""
    if not isinstance(n, Integral) or not 0 <= int(n) <= MAX_NAMES:
        raise SettingsError(
            f"can't generate {shown(n)} {things}: expected a whole number from 0 to {MAX_NAMES:,}"
        )


@dataclass(frozen=True)
class SamplingSettings:
    """How the next character is drawn, and how long a name may be.

    Raises:
        SettingsError: a value is out of its range.

    >>> SamplingSettings(temperature=0.5).natural
    False
    """

    # 1 is the model's own distribution. Lower values prefer likely characters; 0 always takes the most likely one.
    temperature: float = 1.0
    top_k: int | None = None  # how many characters are possible, the most likely ones; None: all
    top_p: float | None = None  # see truncate; None: all characters are possible
    # Characters of the longest name. A longer name is drawn again, so the others keep their proportions.
    max_length: int = 40

    def __post_init__(self) -> None:
        check_temperature(self.temperature)
        check_truncation(self.top_k, self.top_p)
        check_count("max_length", self.max_length, 1)

    @property
    def natural(self) -> bool:
        """Whether every character has exactly the model's probability."""
        return self.temperature == 1 and self.keeps_all

    @property
    def keeps_all(self) -> bool:
        """Whether every character is possible."""
        return self.top_k is None and self.top_p in (None, 1)

    def weights(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """Return numbers proportional to the probabilities of the next tokens. Not dividing by their sum saves time."""
        if self.keeps_all:
            return weights(logits, self.temperature)
        return self.chances(logits)

    def chances(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """Return the probability of each next token."""
        return truncate(probabilities(logits, self.temperature), self.top_k, self.top_p)

    def log_chances(self, logits: Float[Array, "B V"]) -> Float64[Array, "B V"]:
        """Return the log-probabilities of the next tokens, in nats. They're exact even if a probability rounds to 0."""
        if self.temperature == 0:
            with np.errstate(divide="ignore"):
                return np.log(self.chances(logits))
        scaled = _scaled(logits, self.temperature)  # (B, V)
        if self.top_k is not None and self.top_k < scaled.shape[1]:
            order = np.argsort(-scaled, axis=1, kind="stable")  # (B, V) most likely first
            excluded_tokens = order[:, self.top_k :]
            np.put_along_axis(scaled, excluded_tokens, -np.inf, axis=1)
        if self.top_p not in (None, 1):
            is_impossible = truncate(probabilities(scaled), top_p=self.top_p) == 0  # (B, V)
            scaled[is_impossible] = -np.inf
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return scaled


def random_numbers(seed: int | None) -> np.random.Generator:
    """Make the random number generator of a request.

    Args:
        seed: the same seed gives the same numbers; None: different numbers each time.

    Raises:
        SettingsError: the seed isn't a whole number of at least 0.
    """
    if seed is not None:
        check_count("seed", seed, 0)
    return np.random.default_rng(seed)

"""Forced: the characters that every wanted name begins with, read once behind each beginning, before any search."""

from __future__ import annotations

import numpy as np

from namegen.core.data.vocabulary import Beginnings
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import log_probabilities
from namegen.core.generation.sampling import SamplingSettings
from namegen.types import Array, Float64, Int32


class Forced:
    """The characters that every wanted name begins with, read behind each beginning.

    Args:
        model: what reads them.
        beginnings: behind which.
        characters: their ids.
        sampling: how they would have been drawn, which weighs the beginnings; None where there is one.

    Attributes:
        score: their log-probability given the beginning, nats, ``(R,)``.
        last: the last token, which is still to be read, and ``state``, the state before it.
    """

    def __init__(
        self,
        model: LanguageModel,
        beginnings: Beginnings,
        characters: Int32[Array, "characters"],
        sampling: SamplingSettings | None = None,
    ) -> None:
        self.beginnings = beginnings
        self.last, count = beginnings.ids, len(beginnings.tokens)
        self.state, self.score, self._drawn = model.initial_state(count), np.zeros(count), np.zeros(count)
        for token in characters:
            logits, self.state = model.step(self.last, self.state)
            self.last = np.full(count, token)
            self.score = self.score + log_probabilities(logits, np.arange(count), self.last)
            if sampling is not None:
                with np.errstate(divide="ignore"):  # of an impossible one −inf
                    self._drawn += np.log(sampling.chances(logits)[:, token])

    def posterior(self) -> Float64[Array, "R"]:
        """The probability of each beginning given the characters.

        Where the way of drawing never gives them (at temperature 0, say), the model itself weighs the beginnings; where
        that never does either, their shares alone. So they can always be asked for, as with one beginning.
        """
        shares = self.beginnings.log_shares
        for of_characters in (self._drawn, self.score, np.zeros(len(shares))):
            joint = shares + of_characters
            if joint.max() > -np.inf:
                break
        chances: Float64[Array, "R"] = np.exp(joint - joint.max())
        chances /= chances.sum()
        return chances

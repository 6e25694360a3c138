"""AnyBeginning: a model of labelled names as one of names alone, whatever their label: what scores and ranks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.data.beginnings import Beginnings
from namegen.core.data.vocabulary import BOUNDARY
from namegen.core.engine import LanguageModel, State
from namegen.types import Array, Bool, Float, Float64, Int, Int32

SMALLEST_SUM = 1e-200  # of exponentials: what is above has lost nothing to the smallest numbers


@dataclass(frozen=True, eq=False)
class MixedState:
    """The states of all beginnings side by side, and how likely each of them is.

    Attributes:
        inner: the model's own, a row for each row and beginning, the beginnings of a row being neighbours.
        started: which rows have read their beginning.
        log_weights: of each beginning, given what was read before the last token.
        log_chances: of each token to follow what was read, under each beginning, of the rows before ``select``.
        rows: which of those each row is: gathered only for the one token that is read.
    """

    inner: State
    started: Bool[Array, "B"]
    log_weights: Float64[Array, "B R"]
    log_chances: Float64[Array, "rows R V"]
    rows: Int[Array, "B"]


class AnyBeginning:
    """``p(next | prefix) = Σ_b w_b p(next | prefix, b)``, with w_b the probability of b given the prefix.

    So a name has the probability ``Σ_b share_b p(name | b)``. It begins with the boundary, as without labels. A
    step costs what a step of the model costs for as many rows as there are beginnings.

    Args:
        model: what reads the beginnings.
        beginnings: which, and their shares.
    """

    def __init__(self, model: LanguageModel, beginnings: Beginnings) -> None:
        self.model, self.beginnings = model, beginnings

    @property
    def vocabulary_size(self) -> int:
        """``V``."""
        return self.model.vocabulary_size

    def initial_state(self, rows: int) -> MixedState:
        """Nothing has been read: each beginning is as likely as its share."""
        count = len(self.beginnings.tokens)
        return MixedState(
            self.model.initial_state(rows * count),
            np.zeros(rows, bool),
            np.tile(self.beginnings.log_shares, (rows, 1)),
            np.zeros((1, count, self.vocabulary_size)),
            np.zeros(rows, np.int64),
        )

    def step(self, tokens: Int32[Array, "B"], state: State) -> tuple[Float64[Array, "B V"], MixedState]:
        """Read one token a row, at first the boundary; log-probabilities of the next one."""
        state = cast(MixedState, state)
        count, started = len(self.beginnings.tokens), state.started[:, None]
        read = np.where(started, tokens[:, None], self.beginnings.ids).astype(np.int32)  # (B, R)
        of_token = state.log_chances[state.rows, :, np.where(state.started, tokens, BOUNDARY)]  # (B, R)
        weights = np.where(started, _given(state.log_weights, of_token), state.log_weights)
        logits, inner = self.model.step(read.reshape(-1), state.inner)
        chances, mixed = _mixed(logits.reshape(len(tokens), count, -1), weights)
        after = MixedState(inner, np.ones(len(tokens), bool), weights, chances, np.arange(len(tokens)))
        return mixed, after

    def select(self, state: State, rows: Int[Array, "K"]) -> MixedState:
        """Gather rows."""
        state, count = cast(MixedState, state), len(self.beginnings.tokens)
        inner_rows = (np.asarray(rows)[:, None] * count + np.arange(count)).reshape(-1)
        return MixedState(
            self.model.select(state.inner, inner_rows),
            state.started[rows],
            state.log_weights[rows],
            state.log_chances,
            state.rows[rows],
        )


def _given(log_weights: Float64[Array, "B R"], of_token: Float64[Array, "B R"]) -> Float64[Array, "B R"]:
    """Bayes's rule: the weights after a token was read. After one that no beginning allows they stay as they were."""
    joint = log_weights + of_token
    total = _log_sum(joint.copy())[:, None]
    possible = total > -np.inf
    given: Float64[Array, "B R"] = np.where(possible, joint - np.where(possible, total, 0), log_weights)
    return given


def _mixed(
    logits: Float[Array, "B R V"], weights: Float64[Array, "B R"]
) -> tuple[Float64[Array, "B R V"], Float64[Array, "B V"]]:
    """The log-probabilities of each token under each beginning, and over all of them, weighted.

    Each exponential is taken once, for the sums of both. A token that is so unlikely under every beginning that its
    sum would be lost among the smallest numbers is summed once more, as logarithms.
    """
    chances = logits.astype(np.float64)
    chances -= chances.max(axis=2, keepdims=True)
    parts = np.exp(chances)
    sums = parts.sum(axis=2)
    chances -= np.log(sums)[:, :, None]
    mixed: Float64[Array, "B V"] = np.matmul((np.exp(weights) / sums)[:, None, :], parts)[:, 0]
    row, token = np.nonzero(mixed < SMALLEST_SUM)
    with np.errstate(divide="ignore"):
        mixed = np.log(mixed, out=mixed)
    mixed[row, token] = _log_sum(weights[row] + chances[row, :, token])
    return chances, mixed


def _log_sum(logs: Float64[Array, "B R *V"]) -> Float64[Array, "B *V"]:
    """The logarithm of a sum over the beginnings, of what is given as logarithms, which are written over.

    A tenth of the time of ``np.logaddexp.reduce``, which takes two logarithms and an exponential for each pair.
    """
    top = logs.max(axis=1)
    top[top == -np.inf] = 0  # where nothing is possible the sum is 0 whatever is taken off before
    logs -= top[:, None]
    with np.errstate(divide="ignore"):
        total: Float64[Array, "B *V"] = np.log(np.exp(logs, out=logs).sum(axis=1))
    total += top
    return total


def as_one(model: LanguageModel, beginnings: Beginnings) -> tuple[LanguageModel, int]:
    """A model whose names all begin alike, and the id that they begin with.

    With one beginning that is the model itself, at no cost; with several an ``AnyBeginning``.
    """
    if beginnings.several:
        return AnyBeginning(model, beginnings), BOUNDARY
    return model, beginnings.tokens[0]

"""Models made of models: MixtureModel, several as one; AnyBeginning, a model of labelled names whatever their label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.data.labels import Beginnings
from namegen.core.data.vocabulary import BOUNDARY, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.models import all_log_probabilities
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Float, Float64, Int, Int32

SUM_TOLERANCE = 1e-6  # of weights that were written down with a few digits


@dataclass(frozen=True, eq=False)
class MixtureState:
    """The states of all models side by side.

    Attributes:
        inner: each model's own.
        able: which models have known every character so far; of the others nothing is heard any more.
    """

    inner: tuple[State, ...]
    able: Bool[Array, "B M"]


class MixtureModel:
    """``p(next | prefix) = Σ_m w_m p_m(next | prefix)``: at every character a weighted mean of the probabilities.

    The vocabulary is the union of the models': a model gives a character that it does not know the probability 0, and
    after one it is heard no more; the weights of the others are scaled to sum to 1. Once no model has known a prefix,
    its probability is 0, and what follows does not matter.

    Args:
        models: each with its vocabulary; any LanguageModel whose names begin with the boundary.
        vocabularies: one for each model.
        weights: above 0, summing to 1; None: all alike.
        beginnings: of each model, what it reads for each label of the mixture, whose own ids go from ``V`` on: its own
            beginning of that label, or the boundary where it knows no labels; −1: it knows others, and is not heard
            there. None: the mixture has no labels.

    Raises:
        SettingsError: no model, or weights that do not fit.

    Source: linear interpolation, Jelinek and Mercer, 1980.
    """

    def __init__(
        self,
        models: Sequence[LanguageModel],
        vocabularies: Sequence[Vocabulary],
        weights: Sequence[float] | None = None,
        *,
        beginnings: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.models = tuple(models)
        self.rows_per_prefix = max(
            (getattr(model, "rows_per_prefix", 1) for model in models), default=1
        )
        self.weights: Float64[Array, "M"] = np.array(checked_weights(weights, len(models)))
        vocabulary = Vocabulary.from_names(known.characters for known in vocabularies)
        self.vocabulary, self.vocabulary_size = vocabulary, vocabulary.size
        self._own = [
            _own_ids(vocabulary, known) for known in vocabularies
        ]  # of what is predicted, (V,)
        of_labels: Sequence[Sequence[int]] = beginnings or [()] * len(models)
        self._read = [  # of what is read, (V + L,)
            np.concatenate((own, np.array(labels, np.int32)))
            for own, labels in zip(self._own, of_labels, strict=True)
        ]

    def initial_state(self, rows: int) -> MixtureState:
        """Nothing has been read."""
        able = np.ones((rows, len(self.models)), bool)
        return MixtureState(tuple(model.initial_state(rows) for model in self.models), able)

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], MixtureState]:
        """Read one token a row; log-probabilities of the next one."""
        chances, after = self._step_each(tokens, cast(MixtureState, state))
        with np.errstate(divide="ignore"):  # the log of 0 is −inf, as it should be
            logits = np.log(np.einsum("bm,bmv->bv", self._heard(after.able), chances))
        return logits, after

    def _step_each(
        self, tokens: Int32[Array, "B"], state: MixtureState
    ) -> tuple[Float64[Array, "B M V"], MixtureState]:
        """Read one token a row; what each model by itself thinks of the next one."""
        able, after = state.able.copy(), []
        chances = np.zeros((len(tokens), len(self.models), self.vocabulary_size))
        for m, (model, own) in enumerate(zip(self.models, self._own, strict=True)):
            read = self._read[m][tokens]
            able[:, m] &= read >= 0
            logits, inner = model.step(np.maximum(read, BOUNDARY), state.inner[m])
            known = own >= 0
            chances[:, m, known] = np.exp(all_log_probabilities(logits[:, own[known]]))
            after.append(inner)
        return chances, MixtureState(tuple(after), able)

    def _heard(self, able: Bool[Array, "B M"]) -> Float64[Array, "B M"]:
        """The weights of each row: of the models that have known every character of it, scaled to sum to 1."""
        weights = np.where(able, self.weights, 0.0)
        heard = weights.sum(axis=1, keepdims=True)
        return np.where(heard > 0, weights / np.where(heard > 0, heard, 1), self.weights)

    def select(self, state: State, rows: Int[Array, "K"]) -> MixtureState:
        """Gather rows."""
        state = cast(MixtureState, state)
        inner = (
            model.select(one, rows) for model, one in zip(self.models, state.inner, strict=True)
        )
        return MixtureState(tuple(inner), state.able[rows])


def checked_weights(weights: Sequence[float] | None, models: int) -> tuple[float, ...]:
    """One weight for each model, summing to 1 exactly.

    Args:
        weights: None for all alike.
        models: how many there are.

    Raises:
        SettingsError: no model; another number of weights; one that is not above 0; a sum that is not 1.

    >>> checked_weights(None, 2), checked_weights([0.75, 0.25], 2)
    ((0.5, 0.5), (0.75, 0.25))
    """
    if not models:
        raise SettingsError("a blend needs a model: give one or more")
    given = (1 / models,) * models if weights is None else tuple(map(float, weights))
    name = setting("weights", ",".join(f"{weight:g}" for weight in given))
    if len(given) != models:
        raise SettingsError(
            f"{name} has {len(given)} weights for {models} models: give one for each, in their order"
        )
    if not all(math.isfinite(weight) and weight > 0 for weight in given):
        raise SettingsError(
            f"{name}: expected weights above 0; leave out the model that is not wanted"
        )
    total = math.fsum(given)
    if abs(total - 1) > SUM_TOLERANCE:
        scaled = ",".join(f"{weight / total:.4g}" for weight in given)
        raise SettingsError(
            f"{name} sums to {total:g}: expected weights that sum to 1, such as {scaled}"
        )
    return tuple(weight / total for weight in given)


def _own_ids(vocabulary: Vocabulary, known: Vocabulary) -> Int32[Array, "V"]:
    """For each id of a vocabulary the id that a model has for it; −1 where it does not know the character."""
    own = np.full(vocabulary.size, -1, np.int32)
    own[BOUNDARY] = BOUNDARY
    shared = "".join(
        character for character in vocabulary.characters if not known.unknown(character)
    )
    own[vocabulary.encode(shared)] = known.encode(shared)
    return own


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
        self.rows_per_prefix, self.vocabulary_size = len(beginnings.tokens), model.vocabulary_size

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

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], MixedState]:
        """Read one token a row, at first the boundary; log-probabilities of the next one."""
        state = cast(MixedState, state)
        count, started = len(self.beginnings.tokens), state.started[:, None]
        read = np.where(started, tokens[:, None], self.beginnings.ids).astype(np.int32)  # (B, R)
        of_token = state.log_chances[
            state.rows, :, np.where(state.started, tokens, BOUNDARY)
        ]  # (B, R)
        weights = np.where(started, _given(state.log_weights, of_token), state.log_weights)
        logits, inner = self.model.step(read.reshape(-1), state.inner)
        chances, mixed = _mixed(logits.reshape(len(tokens), count, -1), weights)
        after = MixedState(
            inner, np.ones(len(tokens), bool), weights, chances, np.arange(len(tokens))
        )
        return mixed, after

    def select(self, state: State, rows: Int[Array, "K"]) -> MixedState:
        """Gather rows."""
        state, count = cast(MixedState, state), len(self.beginnings.tokens)
        inner_rows = (np.asarray(rows)[:, None] * count + np.arange(count)).reshape(-1)
        inner, weights = self.model.select(state.inner, inner_rows), state.log_weights[rows]
        return MixedState(inner, state.started[rows], weights, state.log_chances, state.rows[rows])


def _given(
    log_weights: Float64[Array, "B R"], of_token: Float64[Array, "B R"]
) -> Float64[Array, "B R"]:
    """Bayes's rule: the weights after a token was read. After one that no beginning allows they stay as they were."""
    joint = log_weights + of_token
    total = _log_sum(joint.copy())[:, None]
    possible = total > -np.inf
    given: Float64[Array, "B R"] = np.where(
        possible, joint - np.where(possible, total, 0), log_weights
    )
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

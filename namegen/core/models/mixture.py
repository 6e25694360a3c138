"""Mixtures: ``MixtureModel`` combines several models, ``AnyLabel`` the start tokens of one labeled model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN, Vocabulary
from namegen.core.engine import LanguageModel, State
from namegen.core.models import all_log_probabilities
from namegen.errors import SettingsError, setting
from namegen.types import Array, Bool, Float, Float64, Int, Int32

SUM_TOLERANCE = 1e-3  # for weights that are written with few digits, such as 0.333,0.333,0.333


@dataclass(frozen=True, eq=False)
class MixtureState:
    """The states of all models of a mixture."""

    inner: tuple[State, ...]  # one per model
    is_active: Bool[Array, "B M"]  # whether the model knows every token of the row so far


class MixtureModel:
    """Average the probabilities of several models: ``p(next | prefix) = Σ_m w_m p_m(next | prefix)``.

    The vocabulary is the union of the models' vocabularies. If a model doesn't know a character, it gives it the
    probability 0. Once a name contains such a character, the model no longer counts for that name, and the weights of
    the other models are scaled so that they sum to 1. A prefix that no model knows has the probability 0, and the
    predictions after it have no meaning.

    Args:
        models: Any LanguageModels.
        vocabularies: The vocabulary of each model.
        weights: The weight of each model, above 0. They sum to 1. None: equal weights.
        start_tokens: For each model, one id per label of the mixture. The mixture's own ids for its labels start at
            ``V``. The model's id is its start token for the label, or the plain start token if the model has no labels,
            or −1 if it has labels, but not this one, so that it doesn't count for the label. None: the mixture has no
            labels.

    Raises:
        SettingsError: If there is no model, or the weights are invalid.

    Source: linear interpolation, Jelinek and Mercer, 1980.

    >>> from namegen.core.data.prefix_tree import PrefixTree
    >>> from namegen.core.models.ngram import NgramModel
    >>> lists = ["Ann", "Abe"], ["Ann", "Bob", "Ben"]
    >>> vocabularies = [Vocabulary.from_names(names) for names in lists]
    >>> models = [
    ...     NgramModel(PrefixTree.from_names(names, vocabulary), vocabulary.size, 2, "none")
    ...     for names, vocabulary in zip(lists, vocabularies)
    ... ]
    >>> mixture = MixtureModel(models, vocabularies, [0.25, 0.75])
    >>> logits, state = mixture.step(np.zeros(1, np.int32), mixture.initial_state(1))
    >>> round(float(np.exp(logits)[0, mixture.vocabulary.encode("A")[0]]), 6)    # 0.25 · 1 + 0.75 · 1/3
    0.5
    """

    def __init__(
        self,
        models: Sequence[LanguageModel],
        vocabularies: Sequence[Vocabulary],
        weights: Sequence[float] | None = None,
        *,
        start_tokens: Sequence[Sequence[int]] | None = None,
    ) -> None:
        self.models = tuple(models)
        self.weights: Float64[Array, "M"] = np.array(checked_weights(weights, len(models)))
        self.rows_per_prefix = max(getattr(model, "rows_per_prefix", 1) for model in models)
        all_characters = [vocabulary.characters for vocabulary in vocabularies]
        self.vocabulary = Vocabulary.from_names(all_characters)
        self.vocabulary_size = self.vocabulary.size
        # For each model, its ids of the tokens that the mixture predicts: (V,).
        self._predicted_ids = [
            _ids_in_model(self.vocabulary, vocabulary) for vocabulary in vocabularies
        ]
        # For each model, its ids of the tokens that the mixture reads: (V + L,).
        label_tokens = start_tokens or [()] * len(models)
        self._read_ids = [
            np.append(ids, np.array(tokens, np.int32))
            for ids, tokens in zip(self._predicted_ids, label_tokens, strict=True)
        ]

    def initial_state(self, rows: int) -> MixtureState:
        """Return the state before the start token."""
        inner = tuple(model.initial_state(rows) for model in self.models)
        return MixtureState(inner, is_active=np.ones((rows, len(self.models)), bool))

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], MixtureState]:
        """Read one token per row, and return the log-probabilities of the next token."""
        state = cast(MixtureState, state)
        is_active = state.is_active.copy()  # (B, M)
        inner_after = []
        probabilities = np.zeros((len(tokens), len(self.models), self.vocabulary_size))  # (B, M, V)
        for m, model in enumerate(self.models):
            read_ids = self._read_ids[m][tokens]  # (B,) −1 if the model doesn't know the token
            is_active[:, m] &= read_ids >= 0
            logits, inner = model.step(np.maximum(read_ids, END_TOKEN), state.inner[m])
            inner_after.append(inner)
            ids = self._predicted_ids[m]  # (V,)
            is_known = ids >= 0  # (V,)
            log_probabilities = all_log_probabilities(logits[:, ids[is_known]])
            probabilities[:, m, is_known] = np.exp(log_probabilities)

        # Only active models count. If none is active, all do: the predictions have no meaning, but they're finite.
        counts = is_active | ~is_active.any(axis=1, keepdims=True)  # (B, M)
        weights = np.where(counts, self.weights, 0.0)  # (B, M)
        weights /= weights.sum(axis=1, keepdims=True)
        after = MixtureState(tuple(inner_after), is_active)
        with np.errstate(divide="ignore"):  # log(0) = -inf is correct
            return np.log(np.einsum("bm,bmv->bv", weights, probabilities)), after

    def select(self, state: State, rows: Int[Array, "K"]) -> MixtureState:
        """Return the state of some rows. A row may occur several times."""
        state = cast(MixtureState, state)
        inner = []
        for model, model_state in zip(self.models, state.inner, strict=True):
            inner.append(model.select(model_state, rows))
        return MixtureState(tuple(inner), state.is_active[rows])


def checked_weights(weights: Sequence[float] | None, models: int) -> tuple[float, ...]:
    """Check the weights of a mixture, and scale them so that they sum to 1. By default, they are equal.

    Args:
        weights: The weights that the user passed; None: equal weights.
        models: The number of models.

    Raises:
        SettingsError: If there is no model, if the number of weights differs from the number of models, if a weight
            isn't above 0, or if the sum isn't 1.

    >>> checked_weights(None, 2), checked_weights([0.75, 0.25], 2)
    ((0.5, 0.5), (0.75, 0.25))
    """
    if not models:
        raise SettingsError("a blend needs at least one model")
    if weights is None:
        weights = [1 / models] * models
    weights = tuple(float(weight) for weight in weights)
    total = math.fsum(weights)
    name = setting("weights", ",".join(f"{weight:.6g}" for weight in weights))
    if len(weights) != models:
        raise SettingsError(
            f"{name} has {len(weights)} weights for {models} models: pass one for each, in the same order"
        )
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise SettingsError(
            f"{name}: expected weights above 0; to exclude a model, remove it from the blend"
        )
    if abs(total - 1) > SUM_TOLERANCE:
        scaled = ",".join(f"{weight / total:.4g}" for weight in weights)
        raise SettingsError(
            f"{name} sums to {total:g}: expected weights that sum to 1, such as {scaled}"
        )
    return tuple(weight / total for weight in weights)


def _ids_in_model(vocabulary: Vocabulary, of_model: Vocabulary) -> Int32[Array, "V"]:
    """Return the model's id for each id of a mixture's vocabulary; −1 if the model doesn't know the character."""
    model_ids = np.full(vocabulary.size, -1, np.int32)  # (V,)
    model_ids[END_TOKEN] = END_TOKEN
    known = [character for character in vocabulary.characters if not of_model.unknown(character)]
    shared_characters = "".join(known)
    ids = vocabulary.encode(shared_characters)
    model_ids[ids] = of_model.encode(shared_characters)
    return model_ids


# Sums of exponentials above this value are precise. Below it, terms may have been too small for a float64.
SMALLEST_SUM = 1e-200


@dataclass(frozen=True, eq=False)
class MixedState:
    """The states of all start tokens, and how likely each start token is."""

    inner: State  # the model's state, with R neighboring rows for each of the B rows
    has_started: Bool[Array, "B"]  # whether the start token has been read
    log_weights: Float64[Array, "B R"]  # log p(start token | all tokens before the latest one)
    # log p(next token | prefix, start token). The rows are those before ``select``: it stores the row numbers instead
    # of copying this array, because the next step needs only one token of each row.
    log_probabilities: Float64[Array, "rows R V"]
    rows: Int[Array, "B"]  # the row of log_probabilities that belongs to each row


class AnyLabel:
    """Turn a labeled model into one for names with any label: ``p(next | prefix) = Σ_b w_b p(next | prefix, b)``.

    ``w_b`` is the probability of the start token b, given the prefix. So a name has the probability
    ``Σ_b share_b p(name | b)``. The names of this model begin with the plain start token. A step costs as much as a
    step of the labeled model with one row per start token.

    Args:
        model: The labeled model.
        start_tokens: Its start tokens, and their shares.
    """

    def __init__(self, model: LanguageModel, start_tokens: StartTokens) -> None:
        self.model = model
        self.start_tokens = start_tokens
        self.rows_per_prefix = len(start_tokens.tokens)
        self.vocabulary_size = model.vocabulary_size

    def initial_state(self, rows: int) -> MixedState:
        """Return the state before the start token. Each start token is as likely as its share."""
        return MixedState(
            inner=self.model.initial_state(rows * self.rows_per_prefix),
            has_started=np.zeros(rows, bool),
            log_weights=np.tile(self.start_tokens.log_shares, (rows, 1)),
            log_probabilities=np.zeros((1, self.rows_per_prefix, self.vocabulary_size)),
            rows=np.zeros(rows, np.int64),
        )

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float64[Array, "B V"], MixedState]:
        """Read one token per row, and return the log-probabilities of the next token."""
        state = cast(MixedState, state)
        rows = len(tokens)
        has_started = state.has_started[:, None]  # (B, 1)

        # By Bayes's rule, each token changes how likely the start tokens are. The first token doesn't, and neither does
        # a token that no start token allows.
        valid_tokens = np.where(state.has_started, tokens, END_TOKEN)  # (B,)
        log_likelihood = state.log_probabilities[state.rows, :, valid_tokens]  # (B, R)
        joint = state.log_weights + log_likelihood  # (B, R)
        total = _log_sum_exp(joint.copy())[:, None]  # (B, 1)
        is_possible = total > -np.inf  # (B, 1)
        posterior = joint - np.where(is_possible, total, 0)  # (B, R)
        log_weights = np.where(has_started & is_possible, posterior, state.log_weights)  # (B, R)

        # Read the token once for each start token. Instead of the first token, the model reads all start tokens.
        inner_tokens = np.where(has_started, tokens[:, None], self.start_tokens.ids)  # (B, R)
        flat_tokens = inner_tokens.astype(np.int32).reshape(-1)  # (B · R,)
        logits, inner = self.model.step(flat_tokens, state.inner)
        logits = logits.reshape(rows, self.rows_per_prefix, -1)  # (B, R, V)
        log_probabilities, mixed = _mix_start_tokens(logits, log_weights)
        after = MixedState(
            inner=inner,
            has_started=np.ones(rows, bool),
            log_weights=log_weights,
            log_probabilities=log_probabilities,
            rows=np.arange(rows),
        )
        return mixed, after

    def select(self, state: State, rows: Int[Array, "K"]) -> MixedState:
        """Return the state of some rows. A row may occur several times."""
        state = cast(MixedState, state)
        # Each row has R neighboring rows in the model's state.
        first_inner_rows = np.asarray(rows)[:, None] * self.rows_per_prefix  # (K, 1)
        inner_rows = first_inner_rows + np.arange(self.rows_per_prefix)  # (K, R)
        return MixedState(
            inner=self.model.select(state.inner, inner_rows.reshape(-1)),
            has_started=state.has_started[rows],
            log_weights=state.log_weights[rows],
            log_probabilities=state.log_probabilities,
            rows=state.rows[rows],
        )


def _mix_start_tokens(
    logits: Float[Array, "B R V"], log_weights: Float64[Array, "B R"]
) -> tuple[Float64[Array, "B R V"], Float64[Array, "B V"]]:
    """Mix the predictions after all start tokens.

    Returns:
        The log-probabilities of the next token, first after each start token, and then their weighted mean. The
        exponentials are computed once, for both.
    """
    log_probabilities = logits.astype(np.float64)  # (B, R, V), normalized in place below
    log_probabilities -= log_probabilities.max(axis=2, keepdims=True)
    exponentials = np.exp(log_probabilities)  # (B, R, V)
    sums = exponentials.sum(axis=2)  # (B, R)
    log_probabilities -= np.log(sums)[:, :, None]
    factors = np.exp(log_weights) / sums  # (B, R)
    mixed: Float64[Array, "B V"] = np.matmul(factors[:, None, :], exponentials)[:, 0]
    # Tiny probabilities may be imprecise, so they are computed again from the logarithms.
    row, token = np.nonzero(mixed < SMALLEST_SUM)  # (K,) each
    with np.errstate(divide="ignore"):
        log_mixed: Float64[Array, "B V"] = np.log(mixed, out=mixed)
    log_terms = log_weights[row] + log_probabilities[row, :, token]  # (K, R)
    log_mixed[row, token] = _log_sum_exp(log_terms)
    return log_probabilities, log_mixed


def _log_sum_exp(logs: Float64[Array, "B R *V"]) -> Float64[Array, "B *V"]:
    """Add up probabilities that are stored as logarithms: return ``log Σ_R exp(logs)``. The input is overwritten.

    It takes a tenth of the time of ``np.logaddexp.reduce``, which computes two logarithms and an exponential per pair.
    """
    largest = logs.max(axis=1)  # (B, *V)
    largest[largest == -np.inf] = 0  # the sum is 0 then, and -inf - -inf would be NaN
    logs -= largest[:, None]
    exponentials = np.exp(logs, out=logs)  # (B, R, *V)
    with np.errstate(divide="ignore"):
        log_sum: Float64[Array, "B *V"] = np.log(exponentials.sum(axis=1))
    log_sum += largest
    return log_sum


def as_one(model: LanguageModel, start_tokens: StartTokens) -> tuple[LanguageModel, int]:
    """Return a model that has one start token for all names, and the id of this token.

    If there is only one start token, that's the model itself. Otherwise, it's an ``AnyLabel``.
    """
    if start_tokens.several:
        return AnyLabel(model, start_tokens), END_TOKEN
    return model, start_tokens.tokens[0]

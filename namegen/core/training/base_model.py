"""Fine-tuning: start a run from a pretrained base model instead of random numbers.

Forty names show what such names look like, but not how names are built. A network that was trained on names of many
origins knows that, so a few epochs on the list are enough. Howard and Ruder (2018) fine-tune language models the same
way.

The list has its own characters, and perhaps its own labels, so some of the base model's parameters are rearranged:

- A character that the base model knows keeps its row. Any other character gets the mean of these rows.
- The start token of each label gets a weighted mean of the start tokens of the base model. The weights are the shares
  of a mixture model, fitted to the names by expectation maximization (Dempster, Laird and Rubin, 1977).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.corpus import FEWEST_TO_COMPARE, SHORT_LIST, Corpus
from namegen.core.data.normalization import KnownSet
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.network.architecture import RecurrentNetwork, as_recurrent
from namegen.core.settings import NOTHING, NetworkSettings, Recipe
from namegen.errors import SettingsError, quote, setting
from namegen.types import Array, Float, Float64

# Thresholds for fine-tuning a run whose settings don't name a base model.
FEWEST_KNOWN = 0.95  # share of the list's characters that the base model knows
SMALLEST_LABEL_WEIGHT = 0.5  # of the base model's best label, for a list without validation set

MOST_FITTED = 100  # distinct names that the label weights are fitted to
ROUNDS = 30  # of expectation maximization
LONGEST_SHOWN = 60  # characters of a model's name in a message


@dataclass(frozen=True, eq=False)
class BaseModel:
    """A pretrained model that a run can be fine-tuned from."""

    name: str  # for messages
    checkpoint: Checkpoint
    model: LanguageModel  # computes with the checkpoint's parameters
    credit: str = ""  # authors and license of its lists; "" if unknown

    @property
    def network(self) -> RecurrentNetwork:
        """The model's network.

        Raises:
            SettingsError: It isn't a recurrent network.
        """
        network = as_recurrent(self.checkpoint.network)
        if network is None:
            raise SettingsError(
                f"{quote(self.name)} has no recurrent network to fine-tune: use another model"
            )
        return network

    def suits(self, settings: NetworkSettings) -> bool:
        """Check whether the network has the architecture, cell and widths that the settings specify."""
        network = self.network
        has_architecture = settings.architecture == network.architecture
        has_cell = settings.cell in (None, network.cell)
        has_widths = settings.hidden in (None, network.hidden)
        return has_architecture and has_cell and has_widths

    def known_with(self, known: KnownSet) -> KnownSet:
        """Add the names of the model's list to known names, if the model has their full hashes."""
        of_model = self.checkpoint.known_names
        if of_model is None or of_model.shortened:
            return known
        return KnownSet(np.union1d(known.numbers, of_model.numbers))

    def label_weights(self, names: Iterable[str]) -> Float64[Array, "L"]:
        """Fit the shares in which a mixture of the model's labels explains names.

        Characters that the model doesn't know are skipped. The weights, one per label, sum to 1.
        """
        readable = self._readable(names)
        if not readable:
            return np.full(self.network.labels, 1 / self.network.labels)
        return _mixture_weights(self._scores_by_label(readable))

    def _readable(self, names: Iterable[str]) -> list[str]:
        """Remove the characters that the model doesn't know, and select at most ``MOST_FITTED`` distinct names."""
        known = set(self.checkpoint.vocabulary.characters)
        without_unknown = {"".join(filter(known.__contains__, name)) for name in names}
        readable = sorted(without_unknown - {""})
        stride = max(1, math.ceil(len(readable) / MOST_FITTED))
        return readable[::stride]

    def _scores_by_label(self, names: list[str]) -> Float64[Array, "L names"]:
        """Compute the log-probability of each name under each label."""
        repeated = names * self.network.labels
        # The evaluator returns shorter names first.
        shorter_first = np.argsort([len(name) for name in repeated], kind="stable")
        scores = np.empty((self.network.labels, len(names)))
        evaluator = AccuracyEvaluator(self.model)
        tree = self._tree_of_all_labels(names)
        scores.flat[shorter_first] = evaluator.name_log_probabilities(tree)
        return scores

    def _tree_of_all_labels(self, names: list[str]) -> PrefixTree:
        """Build a prefix tree that contains every name once under each label."""
        vocabulary = self.checkpoint.vocabulary
        labels = self.network.labels
        start_tokens = np.arange(vocabulary.size, vocabulary.size + labels)  # (L,)
        start_token_of_name = np.repeat(start_tokens, len(names)).tolist()
        return PrefixTree.from_names(names * labels, vocabulary, start_token_of_name)

    def parameters(
        self, training_set: Corpus, vocabulary: Vocabulary, labels: Sequence[str]
    ) -> dict[str, Array]:
        """Rearrange the model's parameters for another list's vocabulary and labels.

        Args:
            training_set: The names to train on.
            vocabulary: The list's vocabulary.
            labels: The list's labels, in the order of their start tokens.

        Returns:
            The initial parameters, by canonical name.
        """
        values = dict(self.checkpoint.parameters)
        token_rows = self._token_rows(vocabulary)
        values["output.kernel"] = _rearranged(values["output.kernel"].T, token_rows).T
        values["output.bias"] = _rearranged(values["output.bias"], token_rows)

        known_rows = values["rnn.0.kernel"][: self.checkpoint.vocabulary.size]  # (V, gates)
        kernel = _rearranged(known_rows, token_rows)
        names_by_label = _names_by_label(training_set, labels)
        start_rows = np.array([self._start_row(names) for names in names_by_label])
        kernel[0] = start_rows.mean(axis=0)
        if labels:
            kernel = np.concatenate((kernel, start_rows))
        values["rnn.0.kernel"] = kernel
        return values

    def _token_rows(self, vocabulary: Vocabulary) -> list[int]:
        """Look up the model's row of each token in another vocabulary.

        Characters that the model doesn't know get one row past the last.
        """
        known = self.checkpoint.vocabulary
        id_of = {character: token for token, character in enumerate(known.characters, start=1)}
        character_rows = [id_of.get(character, known.size) for character in vocabulary.characters]
        return [0, *character_rows]

    def _start_row(self, names: list[str]) -> Float[Array, "gates"]:
        """Compute the first kernel's row for the start token of names, as a mean weighted by the labels' shares."""
        kernel = self.checkpoint.parameters["rnn.0.kernel"]  # (V + L, gates)
        label_rows = kernel[self.checkpoint.vocabulary.size :]  # (L, gates)
        if len(label_rows) == 0:
            unlabelled_row: Array = kernel[0]
            return unlabelled_row
        mean: Array = self.label_weights(names) @ label_rows
        return mean


def _mixture_weights(scores: Float64[Array, "L names"]) -> Float64[Array, "L"]:
    """Fit the weights of a mixture model by expectation maximization.

    Args:
        scores: The log-probability of each name under each label.
    """
    labels = len(scores)
    weights = np.full((labels, 1), 1 / labels)  # (L, 1)
    likelihoods = np.exp(scores - scores.max(axis=0))
    for _ in range(ROUNDS):
        joint = weights * likelihoods  # (L, names)
        posterior = joint / joint.sum(axis=0)
        weights = posterior.mean(axis=1, keepdims=True)
    return weights[:, 0]


def _names_by_label(training_set: Corpus, labels: Sequence[str]) -> Iterable[list[str]]:
    """Group the names by label. Without labels, all names form one group."""
    if not labels:
        return [list(training_set.names)]
    names_of: dict[str, list[str]] = {label: [] for label in labels}
    for name, label in zip(training_set.names, training_set.labels, strict=True):
        names_of[label].append(name)
    return names_of.values()


def _rearranged(rows: Array, token_rows: list[int]) -> Array:
    """Select a row for each token. The row past the last is the mean of all characters' rows."""
    mean = rows[1:].mean(axis=0, keepdims=True)
    rearranged: Array = np.concatenate((rows, mean))[token_rows]
    return rearranged


# Opens a model by its name; for None, the base model that comes with namegen.
OpenBaseModel: TypeAlias = Callable[[str | None], BaseModel]


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """What a run starts from."""

    recipe: Recipe  # with the base model's name, cell and widths, if the run is fine-tuned
    base_model: BaseModel | None = None  # None: random numbers
    remark: str = ""  # to print; "" if there's nothing unusual


def choose_starting_point(
    recipe: Recipe, open_base_model: OpenBaseModel | None, corpus: Corpus, training_set: Corpus
) -> StartingPoint:
    """Decide whether a run is fine-tuned from a pretrained base model.

    Args:
        recipe: The settings. The architecture is specified.
        open_base_model: Opens the base model; None if there isn't any.
        corpus: The list.
        training_set: The names of the list to train on.

    Raises:
        SettingsError: The base model that the settings name doesn't suit.
        CheckpointError: The base model can't be opened.
    """
    requested = recipe.network.base_model
    if requested == NOTHING:
        return StartingPoint(recipe)
    if requested is not None:
        return _start_as_requested(requested, recipe, open_base_model, corpus)
    is_long = len(set(corpus.names)) >= SHORT_LIST
    if recipe.training.quick or is_long or open_base_model is None:
        return StartingPoint(recipe)
    return _start_of_short_list(recipe, open_base_model, corpus, training_set)


def _start_as_requested(
    requested: str, recipe: Recipe, open_base_model: OpenBaseModel | None, corpus: Corpus
) -> StartingPoint:
    """Start from the base model that the settings name, or raise SettingsError if it doesn't suit."""
    if open_base_model is None:
        raise SettingsError(
            f"{setting('base_model')} is {quote(requested, LONGEST_SHOWN)}, but only `train` can fine-tune a model: "
            "remove the setting"
        )
    base_model = open_base_model(requested)
    obstacle = _mismatch(base_model, recipe.network) or _lack_of_characters(base_model, corpus)
    if obstacle:
        raise SettingsError(
            f"cannot fine-tune {quote(base_model.name, LONGEST_SHOWN)}, because {obstacle}: use another model, or "
            f"{setting('base_model', NOTHING)}"
        )
    return _fine_tuned(recipe, base_model)


def _start_of_short_list(
    recipe: Recipe, open_base_model: OpenBaseModel, corpus: Corpus, training_set: Corpus
) -> StartingPoint:
    """Start from the base model that comes with namegen, or from random numbers if it doesn't suit the list."""
    obstacle = _unsuitable_list(corpus, training_set)
    if obstacle:
        return StartingPoint(recipe, remark=f"training from scratch: {obstacle}")
    base_model = open_base_model(None)
    obstacle = _unsuitable_model(base_model, recipe.network, corpus, training_set)
    if obstacle:
        return StartingPoint(recipe, remark=f"training from scratch: {obstacle}")
    return _fine_tuned(recipe, base_model)


def _unsuitable_list(corpus: Corpus, training_set: Corpus) -> str:
    """Explain why fine-tuning wouldn't help with a list. Return "" if it would."""
    if len(set(corpus.names)) < FEWEST_TO_COMPARE:
        return f"the list has fewer than {FEWEST_TO_COMPARE} different names"
    if training_set.is_phrases:
        return "the names of the list are phrases"
    return ""


def _unsuitable_model(
    base_model: BaseModel, settings: NetworkSettings, corpus: Corpus, training_set: Corpus
) -> str:
    """Explain why namegen's base model doesn't suit a list. Return "" if it does."""
    mismatch = _mismatch(base_model, settings)
    if mismatch:
        return mismatch
    lack = _lack_of_characters(base_model, corpus, at_least=FEWEST_KNOWN)
    if lack:
        return lack
    if corpus.is_short:
        weights = base_model.label_weights(training_set.names)
        if weights.max() < SMALLEST_LABEL_WEIGHT:
            return f"no origin that the model {base_model.name} knows explains half of the list"
    return ""


def _mismatch(base_model: BaseModel, settings: NetworkSettings) -> str:
    """Explain how the settings contradict a base model's network. Return "" if they don't."""
    if base_model.suits(settings):
        return ""
    summary = base_model.network.summary
    return (
        f"the settings don't match the network of the model {base_model.name}, which is {summary}"
    )


def _lack_of_characters(base_model: BaseModel, corpus: Corpus, *, at_least: float = 0.0) -> str:
    """Explain that a base model knows too few of a list's characters. Return "" if it knows enough.

    Args:
        base_model: The base model.
        corpus: The list.
        at_least: The share of the characters that it has to know. With 0, any known character is enough.
    """
    share_known = _share_known(base_model, corpus)
    if share_known > 0 and share_known >= at_least:
        return ""
    return f"the model {base_model.name} knows only {share_known:.0%} of the list's characters"


def _share_known(base_model: BaseModel, corpus: Corpus) -> float:
    """Compute the share of the list's characters that the base model knows."""
    text = "".join(corpus.names)
    known = set(text) & set(base_model.checkpoint.vocabulary.characters)
    return sum(text.count(character) for character in known) / len(text)


def _fine_tuned(recipe: Recipe, base_model: BaseModel) -> StartingPoint:
    """Start from a base model, with its cell and its widths."""
    chosen_by_user = recipe.network.base_model
    if chosen_by_user is None:
        remark = "fine-tuning namegen's base model"
    else:
        remark = f"fine-tuning the model {quote(chosen_by_user, LONGEST_SHOWN)}"
    name = chosen_by_user or base_model.name
    base_network = base_model.network
    network = replace(
        recipe.network, base_model=name, cell=base_network.cell, hidden=base_network.hidden
    )
    return StartingPoint(
        recipe=replace(recipe, network=network),
        base_model=base_model,
        remark=remark,
    )

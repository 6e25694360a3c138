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
from namegen.types import Array, Float64

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

        Args:
            names: The names. Characters that the model doesn't know are skipped.

        Returns:
            One weight per label. Their sum is 1.
        """
        labels = self.network.labels
        weights = np.full((labels, 1), 1 / labels)  # (L, 1)
        readable = self._readable(names)
        if readable:
            scores = self._scores_by_label(readable)  # (L, names)
            likelihoods = np.exp(scores - scores.max(axis=0))
            for _ in range(ROUNDS):
                joint = weights * likelihoods  # (L, names)
                posterior = joint / joint.sum(axis=0)
                weights = posterior.mean(axis=1, keepdims=True)
        return weights[:, 0]

    def _readable(self, names: Iterable[str]) -> list[str]:
        """At most ``MOST_FITTED`` distinct names, without the characters that the model doesn't know."""
        known = set(self.checkpoint.vocabulary.characters)
        without_unknown = {"".join(filter(known.__contains__, name)) for name in names}
        readable = sorted(without_unknown - {""})
        stride = max(1, -(-len(readable) // MOST_FITTED))
        return readable[::stride]

    def _scores_by_label(self, names: list[str]) -> Float64[Array, "L names"]:
        """The log-probability of each name under each label."""
        labels = self.network.labels
        vocabulary = self.checkpoint.vocabulary
        start_tokens = np.arange(vocabulary.size, vocabulary.size + labels)  # (L,)
        repeated = names * labels
        tree = PrefixTree.from_names(
            repeated, vocabulary, np.repeat(start_tokens, len(names)).tolist()
        )
        # The evaluator returns shorter names first.
        shorter_first = np.argsort([len(name) for name in repeated], kind="stable")
        scores = np.empty((labels, len(names)))
        scores.flat[shorter_first] = AccuracyEvaluator(self.model).name_log_probabilities(tree)
        return scores

    def parameters(
        self, training_set: Corpus, vocabulary: Vocabulary, labels: Sequence[str]
    ) -> dict[str, Array]:
        """Rearrange the model's parameters for another list.

        Args:
            training_set: The names to train on.
            vocabulary: The list's vocabulary.
            labels: The list's labels, in the order of their start tokens.

        Returns:
            The initial parameters, by canonical name, of a network with this vocabulary and these labels.
        """
        values = dict(self.checkpoint.parameters)
        row_of_token = self._row_of_token(vocabulary)
        starts = np.array(
            [self._start_row(names) for names in _names_by_label(training_set, labels)]
        )  # (L or 1, gates)
        of_characters = values["rnn.0.kernel"][: self.checkpoint.vocabulary.size]  # (V, gates)
        kernel = _rearranged(of_characters, row_of_token)
        kernel[0] = starts.mean(axis=0)
        label_rows = starts if labels else starts[:0]
        values["rnn.0.kernel"] = np.concatenate((kernel, label_rows))
        values["output.kernel"] = _rearranged(values["output.kernel"].T, row_of_token).T
        values["output.bias"] = _rearranged(values["output.bias"], row_of_token)
        return values

    def _row_of_token(self, vocabulary: Vocabulary) -> list[int]:
        """For each token of another vocabulary, the model's row; for unknown characters, one row past the last."""
        known = self.checkpoint.vocabulary
        id_of = {character: token for token, character in enumerate(known.characters, start=1)}
        of_characters = [id_of.get(character, known.size) for character in vocabulary.characters]
        return [0, *of_characters]

    def _start_row(self, names: list[str]) -> Array:
        """The row of the first kernel for the start token of names, ``(gates,)``."""
        kernel = self.checkpoint.parameters["rnn.0.kernel"]  # (V + L, gates)
        of_labels = kernel[self.checkpoint.vocabulary.size :]  # (L, gates)
        start_row: Array = self.label_weights(names) @ of_labels if len(of_labels) else kernel[0]
        return start_row


def _names_by_label(training_set: Corpus, labels: Sequence[str]) -> Iterable[list[str]]:
    """The names of each label, or all names if there are no labels."""
    if not labels:
        return [list(training_set.names)]
    names_of: dict[str, list[str]] = {label: [] for label in labels}
    for name, label in zip(training_set.names, training_set.labels, strict=True):
        names_of[label].append(name)
    return names_of.values()


def _rearranged(rows: Array, row_of_token: list[int]) -> Array:
    """Give each token its row. The row past the last is the mean of all characters' rows."""
    mean = rows[1:].mean(axis=0, keepdims=True)
    rearranged: Array = np.concatenate((rows, mean))[row_of_token]
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
    if requested is None:
        distinct = len(set(corpus.names))
        if recipe.training.quick or distinct >= SHORT_LIST or open_base_model is None:
            return StartingPoint(recipe)
        reason = ""
        if distinct < FEWEST_TO_COMPARE:
            reason = f"the list has fewer than {FEWEST_TO_COMPARE} different names"
        elif training_set.is_phrases:
            reason = "the names of the list are phrases"
        if reason:
            return StartingPoint(recipe, remark=f"training from scratch: {reason}")
    if open_base_model is None:
        raise SettingsError(
            f"{setting('base_model')} is {quote(str(requested), LONGEST_SHOWN)}, but only `train` can fine-tune a "
            "model: leave it out"
        )
    base_model = open_base_model(requested)
    obstacle = _obstacle(base_model, recipe.network, corpus, training_set)
    if not obstacle:
        return _fine_tuned(recipe, base_model)
    if requested is not None:
        raise SettingsError(
            f"cannot fine-tune {quote(base_model.name, LONGEST_SHOWN)}, because {obstacle}: use another model, or "
            f"{setting('base_model', NOTHING)}"
        )
    return StartingPoint(recipe, remark=f"training from scratch: {obstacle}")


def _obstacle(
    base_model: BaseModel, settings: NetworkSettings, corpus: Corpus, training_set: Corpus
) -> str:
    """Why a run can't be fine-tuned from a base model; "" if it can."""
    if not base_model.suits(settings):
        return (
            f"the settings don't match the network of the model {base_model.name}, which is "
            f"{base_model.network.summary}"
        )
    is_requested = settings.base_model is not None
    known = _share_known(base_model, corpus)
    knows_enough = known > 0 if is_requested else known >= FEWEST_KNOWN
    if not knows_enough:
        return f"the model {base_model.name} knows only {known:.0%} of the list's characters"
    if not is_requested and corpus.is_short:
        weights = base_model.label_weights(training_set.names)
        if weights.max() < SMALLEST_LABEL_WEIGHT:
            return f"no origin that the model {base_model.name} knows explains half of the list"
    return ""


def _share_known(base_model: BaseModel, corpus: Corpus) -> float:
    """The share of the list's characters that the base model knows."""
    text = "".join(corpus.names)
    known = set(text) & set(base_model.checkpoint.vocabulary.characters)
    return sum(text.count(character) for character in known) / len(text)


def _fine_tuned(recipe: Recipe, base_model: BaseModel) -> StartingPoint:
    name = recipe.network.base_model or base_model.name
    base_network = base_model.network
    network = replace(
        recipe.network, base_model=name, cell=base_network.cell, hidden=base_network.hidden
    )
    return StartingPoint(
        recipe=replace(recipe, network=network),
        base_model=base_model,
        remark=f"is fine-tuned from the model {quote(name, LONGEST_SHOWN)}",
    )

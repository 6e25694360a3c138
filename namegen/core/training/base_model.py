"""Fine-tuning: start a run from a pretrained base model instead of random numbers.

A dozen names show what such names look like, but not how names are built. A network that was trained on many kinds of
names knows that, so a few epochs on the list are enough. Howard and Ruder (2018) fine-tune language models the same
way.

First, a mixture model of the base model's labels is fitted to the names of each label of the list, by expectation
maximization (Dempster, Laird and Rubin, 1977). Its weights, the shares of the base model's labels, are used twice:

- The start token of each label starts as the weighted mean of the base model's start tokens.
- A short list contains few n-grams. Those of the base model's labels with a share of at least 2% also count as known.

The list has its own characters. A character that the base model knows keeps its parameters. Any other character gets
the mean of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.ngram_set import (
    END,
    NgramSet,
    NgramSource,
    digit_as_0,
    symbols_of,
)
from namegen.core.data.corpus import SHORT_LIST, Corpus
from namegen.core.data.normalization import KnownSet
from namegen.core.data.sorted_names import SortedNames
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.network.architecture import RecurrentNetwork, as_recurrent
from namegen.core.settings import NOTHING, Recipe
from namegen.errors import SettingsError, quote, setting
from namegen.types import Array, Float64

FEWEST_KNOWN = 0.95  # share of the list's characters that the base model has to know
MOST_FITTED = 100  # distinct names of a label that the shares are fitted to
ROUNDS = 30  # of expectation maximization
LEAST_SHARE = 0.02  # of a label whose n-grams count as known
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

    def known_with(self, known: KnownSet) -> KnownSet:
        """Add the names of the model's list to known names, if the model has their full hashes."""
        of_model = self.checkpoint.known_names
        if of_model is None or of_model.shortened:
            return known
        return KnownSet(np.union1d(known.numbers, of_model.numbers))

    def label_shares(
        self, training_set: Corpus, labels: Sequence[str]
    ) -> Float64[Array, "labels L"]:
        """Fit the shares in which a mixture of the model's labels explains the names of each label of a list.

        A label that the model has explains its own names. Characters that the model doesn't know are skipped.

        Args:
            training_set: The names to train on.
            labels: The list's labels, in the order of their start tokens. Without labels, all names form one group.

        Returns:
            For each label of the list, or for all names, a row of shares that sum to 1.
        """
        # Group the names by label.
        names_of: dict[str, list[str]] = {label: [] for label in labels or [""]}
        label_of_name = training_set.labels if labels else [""] * len(training_set.names)
        for name, label in zip(training_set.names, label_of_name, strict=True):
            names_of[label].append(name)
        labels_of_model = [label.name for label in self.checkpoint.labels]
        shares = []  # a row (L,) for each label of the list
        for label, names in names_of.items():
            if label in labels_of_model:
                is_same_label = np.array(labels_of_model) == label
                shares.append(is_same_label.astype(np.float64))
            else:
                shares.append(self._fit_shares(names))
        return np.array(shares)

    def _fit_shares(self, names: Sequence[str]) -> Float64[Array, "L"]:
        """Fit the shares in which a mixture of the model's L labels explains some names.

        Expectation maximization starts with equal shares. Each round computes how likely each name comes from each
        label, given the shares, and the means of these probabilities are the new shares.
        """
        # Choose up to 100 names, evenly from the sorted list, without characters that the model doesn't know.
        vocabulary = self.checkpoint.vocabulary
        label_count = self.network.labels
        known_characters = set(vocabulary.characters)
        without_unknown = {"".join(filter(known_characters.__contains__, name)) for name in names}
        readable = sorted(without_unknown - {""})
        interval = max(1, math.ceil(len(readable) / MOST_FITTED))
        readable = readable[::interval]
        if not readable or label_count == 0:
            return np.full(label_count, 1 / max(label_count, 1))

        # The likelihood of each name under each label, relative to the name's best label, so that exp can't underflow.
        start_tokens = np.arange(vocabulary.size, vocabulary.size + label_count, dtype=np.int32)
        sorted_names, _ = SortedNames.ranked(readable, vocabulary)
        evaluator = AccuracyEvaluator(self.model)
        log_probabilities = evaluator.log_probabilities_after(sorted_names, start_tokens)
        likelihoods = np.exp(log_probabilities - log_probabilities.max(axis=0))  # (L, names)
        shares = np.full((label_count, 1), 1 / label_count)  # (L, 1)
        for _ in range(ROUNDS):
            joint = shares * likelihoods  # (L, names)
            posterior = joint / joint.sum(axis=0)  # of the label, given the name
            shares = posterior.mean(axis=1, keepdims=True)
        return shares[:, 0]

    def parameters(
        self, vocabulary: Vocabulary, shares: Float64[Array, "labels L"], *, has_labels: bool
    ) -> dict[str, Array]:
        """Rearrange the model's parameters for another list's vocabulary and labels.

        Three parameters have a row or column per token: the first layer's kernel, which has a row for each token that
        it reads, and the output's kernel and bias. A character that the model knows keeps its row, and others get the
        mean of all characters. The start token of a label gets a mixture of the rows of the model's labels.

        Args:
            vocabulary: The list's vocabulary.
            shares: The shares of the model's labels in each label of the list; see ``label_shares``.
            has_labels: Whether the list has labels.

        Returns:
            The initial parameters, by canonical name.
        """
        # For each id of the list, the model's id. 0 is the boundary of names in both. Unknown characters get an id
        # after the model's last one, where ``_with_mean`` adds a row.
        known = self.checkpoint.vocabulary
        id_of = {character: token for token, character in enumerate(known.characters, start=1)}
        ids = [0]
        for character in vocabulary.characters:
            ids.append(id_of.get(character, known.size))

        # The output layer, with one column per token.
        values = dict(self.checkpoint.parameters)
        output_columns = values["output.kernel"].T  # (V of the model, H)
        values["output.kernel"] = _with_mean(output_columns)[ids].T
        values["output.bias"] = _with_mean(values["output.bias"])[ids]

        # The first layer, with one row per character and per label.
        kernel = values["rnn.0.kernel"]  # (V + L of the model, gates)
        character_rows = kernel[: known.size]
        label_rows = kernel[known.size :]  # (L, gates)
        if len(label_rows):
            start_rows = shares @ label_rows  # (labels of the list, gates)
        else:
            start_rows = kernel[:1].repeat(len(shares), axis=0)
        new_kernel = _with_mean(character_rows)[ids]
        new_kernel[0] = start_rows.mean(axis=0)  # the start token of names without labels
        if has_labels:
            new_kernel = np.concatenate((new_kernel, start_rows))
        values["rnn.0.kernel"] = new_kernel.astype(kernel.dtype)
        return values

    def ngrams_with(
        self, ngrams: NgramSet, vocabulary: Vocabulary, shares: Float64[Array, "labels L"]
    ) -> NgramSet:
        """Add the n-grams of the model's labels to a list's n-grams, if the labels have a share of at least 2%.

        N-grams are stored as symbols: numbers for characters, with one symbol for all digits. The model has other
        numbers than the list, so they're translated.

        Args:
            ngrams: The n-grams of the list.
            vocabulary: The list's vocabulary.
            shares: The shares of the model's labels in each label of the list; see ``label_shares``.
        """
        of_model = self.checkpoint.ngrams
        if of_model is None or self.checkpoint.words is not None:
            return ngrams
        # For each of the model's symbols, the list's symbol; −1 if the list doesn't have the character.
        symbol_of: dict[str, int] = {}
        symbols_of_list = symbols_of(vocabulary)[1:]  # without the end of a name
        for character, symbol in zip(vocabulary.characters, symbols_of_list, strict=True):
            symbol_of[digit_as_0(character)] = int(symbol)
        new_symbols = [END]
        for character in self.checkpoint.vocabulary.characters:
            new_symbols.append(symbol_of.get(digit_as_0(character), -1))
        new_symbols.append(vocabulary.size)  # the start symbol

        # Combine the list's n-grams, which keep their labels and symbols, with the model's n-grams, once for each label
        # of the list. A label of the model becomes this label, or −1 if its share is small: its n-grams don't count.
        own = NgramSource(ngrams, np.arange(ngrams.labels), np.arange(ngrams.symbols))
        sources = [own]
        for label, shares_of_label in enumerate(shares):
            has_share = np.ones(of_model.labels, bool)
            if self.network.labels:
                has_share = shares_of_label >= LEAST_SHARE
            new_label = np.where(has_share, label, -1)
            sources.append(NgramSource(of_model, new_label, np.array(new_symbols)))
        return NgramSet.union(sources, ngrams.labels, ngrams.symbols)


def _with_mean(values: Array) -> Array:
    """Append a row for unknown characters: the mean of the characters' rows, which follow that of the boundary."""
    mean = values[1:].mean(axis=0, keepdims=True)
    return np.concatenate((values, mean))


# Opens a model by its name; for None, the base model that comes with namegen.
OpenBaseModel: TypeAlias = Callable[[str | None], BaseModel]


@dataclass(frozen=True, eq=False)
class StartingPoint:
    """What a run starts from."""

    recipe: Recipe  # with the base model's name, cell and widths, if the run is fine-tuned
    base_model: BaseModel | None = None  # None: random numbers
    remark: str = ""  # to print; "" if there's nothing unusual


def choose_starting_point(
    recipe: Recipe, open_base_model: OpenBaseModel | None, corpus: Corpus
) -> StartingPoint:
    """Decide whether a run is fine-tuned from a pretrained base model.

    A list with fewer than 500 names is fine-tuned from the base model that comes with namegen, unless the settings
    specify a network, its names are phrases, or the base model doesn't know its characters.

    Args:
        recipe: The settings. The architecture is specified.
        open_base_model: Opens the base model; None if there isn't any.
        corpus: The list.

    Raises:
        SettingsError: The base model that the settings name doesn't suit.
        CheckpointError: The base model can't be opened.
    """
    network = recipe.network
    requested = network.base_model  # None if the settings don't specify a base model
    is_default = requested is None

    # 1. Decide whether the run should be fine-tuned.
    if requested == NOTHING:
        return StartingPoint(recipe)
    if is_default:
        has_own_network = network.cell is not None or network.hidden is not None
        is_long = len(corpus.distinct_names) >= SHORT_LIST
        if recipe.training.quick or has_own_network or is_long or open_base_model is None:
            return StartingPoint(recipe)
        if corpus.is_phrases:
            remark = "training from scratch: the names of the list are phrases"
            return StartingPoint(recipe, remark=remark)
    elif open_base_model is None:
        raise SettingsError(
            f"{setting('base_model')} is {quote(str(requested), LONGEST_SHOWN)}, but only `train` can fine-tune a "
            "model: remove the setting"
        )

    # 2. Open the base model, and check that it suits the settings and the list.
    base_model = open_base_model(requested)
    base_network = base_model.network
    has_same_network = (
        network.architecture == base_network.architecture
        and network.cell in (None, base_network.cell)
        and network.hidden in (None, base_network.hidden)
    )
    text = "".join(corpus.names)
    known = set(text) & set(base_model.checkpoint.vocabulary.characters)
    share_known = sum(text.count(character) for character in known) / len(text)
    knows_too_little = share_known == 0 or (is_default and share_known < FEWEST_KNOWN)
    obstacle = ""
    if not has_same_network:
        obstacle = f"the settings don't match its network, which is {base_network.summary}"
    elif knows_too_little:
        obstacle = f"it knows only {share_known:.0%} of the list's characters"
    if obstacle and is_default:
        remark = f"training from scratch, not from namegen's base model: {obstacle}"
        return StartingPoint(recipe, remark=remark)
    if obstacle:
        raise SettingsError(
            f"cannot fine-tune {quote(base_model.name, LONGEST_SHOWN)}, because {obstacle}: use another model, or "
            f"{setting('base_model', NOTHING)}"
        )

    # 3. The run gets the base model's network.
    remark = "fine-tuning namegen's base model"
    if requested is not None:
        remark = f"fine-tuning the model {quote(requested, LONGEST_SHOWN)}"
    network = replace(
        network,
        base_model=requested or base_model.name,
        cell=base_network.cell,
        hidden=base_network.hidden,
    )
    return StartingPoint(replace(recipe, network=network), base_model, remark)

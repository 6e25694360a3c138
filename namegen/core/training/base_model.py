"""Base model: a network that has learned other names, which a training may begin from in place of random numbers.

Forty names show how they look, and not how names are built. A network that has read names of many origins knows that,
and a few readings of the list are enough (Howard and Ruder, 2018, fine-tune language models in the same way). The list
has characters, and perhaps labels, of its own, so the first and the last kernel are put together anew:

- a character that the base model knows has the base model's row; any other has the mean of these rows.
- what names begin with has the mean of the rows of the base model's labels, each weighted by how much of the list it
  explains: the shares of a mixture of the labels, by expectation and maximisation (Dempster, Laird and Rubin, 1977).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
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

COVERED = 0.95  # of the list's characters that a base model knows if nobody asked for it
HALF = 0.5  # of so few names that nothing is held out: what one label of a base model explains if nobody asked for it
MOST_FITTED = 100  # different names that weigh the labels
ROUNDS = 30  # of expectation and maximisation


@dataclass(frozen=True, eq=False)
class BaseModel:
    """What a training begins from.

    Attributes:
        name: what a message calls it.
        checkpoint: its parameters and its metadata.
        model: reads names with them.
        credit: whom its lists come from, under which licence; "": unknown.
    """

    name: str
    checkpoint: Checkpoint
    model: LanguageModel
    credit: str = ""

    @property
    def network(self) -> RecurrentNetwork:
        """Its network. Raises SettingsError for one that is not recurrent."""
        network = as_recurrent(self.checkpoint.network)
        if network is None:
            raise SettingsError(
                f"{quote(self.name)} has no recurrent network to begin from: give another model"
            )
        return network

    def suits(self, settings: NetworkSettings) -> bool:
        """Whether its network is what the settings ask for, as far as they do."""
        network = self.network
        alike = settings.cell in (None, network.cell) and settings.hidden in (None, network.hidden)
        return settings.architecture == network.architecture and alike

    def known_with(self, known: KnownSet) -> KnownSet:
        """These names and its own, if it has the whole digests of its own."""
        own = self.checkpoint.known_names
        return (
            known
            if own is None or own.shortened
            else KnownSet(np.union1d(known.numbers, own.numbers))
        )

    def label_weights(self, names: Iterable[str]) -> Float64[Array, "L"]:
        """How much of some names each of its labels explains, together 1."""
        size, vocabulary, labels = (
            self.checkpoint.vocabulary.size,
            self.checkpoint.vocabulary,
            self.network.labels,
        )
        known = set(vocabulary.characters)
        readable = sorted({"".join(filter(known.__contains__, name)) for name in names} - {""})
        readable = readable[:: -(-len(readable) // MOST_FITTED) or 1]
        weights = np.full((labels, 1), 1 / labels)
        if readable:
            beginnings = np.repeat(np.arange(size, size + labels), len(readable)).tolist()
            tree = PrefixTree.from_names(readable * labels, vocabulary, beginnings)
            shorter_first = np.argsort(list(map(len, readable * labels)), kind="stable")
            scores = np.empty((labels, len(readable)))
            scores.flat[shorter_first] = AccuracyEvaluator(self.model).name_log_probabilities(tree)
            likelihoods = np.exp(scores - scores.max(axis=0))
            for _ in range(ROUNDS):
                of_name = weights * likelihoods
                weights = (of_name / of_name.sum(axis=0)).mean(axis=1, keepdims=True)
        return weights[:, 0]

    def parameters(
        self, learned: Corpus, vocabulary: Vocabulary, labels: Sequence[str]
    ) -> dict[str, Array]:
        """The values that training starts from.

        Args:
            learned: the names that it learns.
            vocabulary: of its list.
            labels: those of its list, in the order of their beginnings.

        Returns:
            By canonical name, for a network of this vocabulary and these labels.
        """
        values, own = dict(self.checkpoint.parameters), self.checkpoint.vocabulary
        id_of = {character: token for token, character in enumerate(own.characters, start=1)}
        ids = [0, *(id_of.get(character, own.size) for character in vocabulary.characters)]

        def by_character(rows: Array) -> Array:
            """Rows of the base model's characters as rows of the list's."""
            new: Array = np.concatenate((rows, rows[1:].mean(axis=0, keepdims=True)))[ids]
            return new

        groups: dict[str, list[str]] = {label: [] for label in labels or ("",)}
        for name, label in zip(learned.names, learned.labels or repeat(""), strict=False):
            groups[label].append(name)
        characters, of_labels = np.split(values["rnn.0.kernel"], [own.size])
        weighed = (
            [self.label_weights(names) @ of_labels for names in groups.values()]
            if len(of_labels)
            else []
        )
        starts = np.array(weighed or [characters[0]] * len(groups))
        kernel = by_character(characters)
        kernel[0] = starts.mean(axis=0)
        values["rnn.0.kernel"] = np.concatenate((kernel, starts if labels else starts[:0]))
        values["output.kernel"] = by_character(values["output.kernel"].T).T
        values["output.bias"] = by_character(values["output.bias"])
        return values


OpenBaseModel: TypeAlias = Callable[
    [str | None], BaseModel
]  # a model by its name, or the one that comes with namegen


def begun(
    recipe: Recipe, open_base_model: OpenBaseModel | None, corpus: Corpus, learned: Corpus
) -> tuple[Recipe, BaseModel | None, str]:
    """Whether a training begins from a base model: the recipe with that decided, the base model if it does, and what is
    said of it.

    Args:
        recipe: whose architecture is decided.
        open_base_model: opens the one that the recipe asks for; None: none may be had.
        corpus: the list.
        learned: the names of it that are learned.

    Raises:
        SettingsError: the one that was asked for does not suit. CheckpointError: it cannot be opened.
    """
    asked, network, distinct = recipe.network.base_model, recipe.network, len(set(corpus.names))
    usual = recipe.training.quick or distinct >= SHORT_LIST or open_base_model is None
    if asked == NOTHING or (asked is None and usual):
        return recipe, None, ""
    if asked is None and distinct < FEWEST_TO_COMPARE:
        return (
            recipe,
            None,
            f"learns from this list alone: fewer than {FEWEST_TO_COMPARE} names say too little",
        )
    if asked is None and learned.is_phrases:
        return recipe, None, "learns from this list alone: its names are phrases"
    if open_base_model is None:
        raise SettingsError(
            f"{setting('base_model')} is {quote(str(asked), 60)}, which only `train` knows: leave it out"
        )
    base_model, why = open_base_model(asked), ""
    text = "".join(corpus.names)
    covered = sum(
        map(text.count, set(text) & set(base_model.checkpoint.vocabulary.characters))
    ) / len(text)
    if not base_model.suits(network):
        why = f"another network is asked for than its {base_model.network.summary}"
    elif covered < COVERED and (asked is None or not covered):
        why = f"it knows {covered:.0%} of the list's characters"
    elif asked is None and corpus.is_short and base_model.label_weights(learned.names).max() < HALF:
        why = "none of the origins that it knows explains half of the list"
    if why and asked is not None:
        raise SettingsError(
            f"cannot begin from {quote(base_model.name, 60)}, as {why}: give {setting('base_model', NOTHING)}"
        )
    if why:
        return (
            recipe,
            None,
            f"learns from this list alone, not from the model {base_model.name} too: {why}",
        )
    name = asked or base_model.name
    taken = replace(
        network, base_model=name, cell=base_model.network.cell, hidden=base_model.network.hidden
    )
    return replace(recipe, network=taken), base_model, f"begins from the model {quote(name, 60)}"

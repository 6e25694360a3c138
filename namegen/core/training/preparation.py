"""Put a training run together from a list and its settings.

A run has three parts:

    preparation.py   what the run consists of: ``prepare`` returns a ``PreparedTraining``
    trainer.py       the loop that trains, saves, stops and resumes: ``Trainer``
    result.py        the evaluation at the end: ``finish`` returns a ``RunResult``

The loop trains on the batches, and evaluates on the validation set after each epoch. At the end, the best model is
evaluated once on each part of the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from namegen.core.checkpoint.metadata import Label, Metadata, TrainingSummary, shortest_name
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import KnownSet, normalization_of
from namegen.core.data.patterns import patterns_of_list
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.engine import Engine, EngineClass, network_for
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.generation.generator import Generator
from namegen.core.generation.letter_case import title
from namegen.core.network.architecture import Network
from namegen.core.schedules import SCHEDULES
from namegen.core.scoring.words import has_phrases, known_words, words_by_label
from namegen.core.settings import DataSettings, Recipe
from namegen.core.training.base_model import BaseModel, OpenBaseModel, choose_starting_point
from namegen.core.training.defaults import ListSize, with_defaults
from namegen.core.training.label_smoothing import smooth_targets
from namegen.core.training.saved_state import Identity
from namegen.core.training.steps import Dropping
from namegen.documents import to_plain
from namegen.errors import engine_at_work
from namegen.events import ListReady

INITIAL_PARAMETERS = 2  # keeps their random numbers apart from all others with the same seed


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """Everything that a run starts with."""

    corpus: Corpus  # the list
    parts: ListParts  # training, validation and test set, as trees
    recipe: Recipe  # all settings, with the defaults filled in
    network: Network
    dropping: Dropping  # makes the masks of each step
    engine: Engine  # trains the network; has the initial parameters
    claimed: tuple[str, ...]  # what new names must not start with
    batches: BatchMaker  # the names of an epoch
    metadata: Metadata  # the model's metadata, without its results
    for_use: bool  # whether the model will generate names; see ``prepare``
    remark: str = ""  # about the base model; "" for none

    @cached_property
    def references(self) -> HeldOutReferences | None:
        """The results that the model's validation results are compared with; None without a validation set."""
        validation = self.parts.validation
        return None if validation is None else HeldOutReferences(validation, self.parts)

    @cached_property
    def generator(self) -> Generator:
        """Draws names from the engine's current parameters."""
        return Generator(
            self.engine,
            self.parts.vocabulary,
            known_names=self.metadata.known_names,
            start_tokens=self.parts.start_tokens,
            normalization=normalization_of(self.recipe.data.name_type),
            claimed=self.claimed,
        )

    @property
    def list_ready(self) -> ListReady:
        """The event that describes the list."""
        corpus = self.corpus
        parts = self.parts
        return ListReady(
            remarks=(corpus.dropped_sentence(), corpus.alike_labels_sentence(), self.remark),
            training=parts.training.name_count,
            names_per_epoch=parts.batches.name_count,
            validation=0 if parts.validation is None else parts.validation.name_count,
            test=None if parts.test is None else parts.test.name_count,
            labels=len(parts.labels),
        )

    @property
    def identity(self) -> Identity:
        """The list and the settings, which must be the same when the run is resumed."""
        training = to_plain(self.recipe.training)
        # More epochs are possible, unless the learning rates depend on their number.
        if not SCHEDULES[self.recipe.training.lr_schedule].depends_on_epochs:
            del training["epochs"]
        return Identity(
            list=self.corpus.fingerprint,
            list_name=self.corpus.source,
            network=self.network.to_dict(),
            training=training,
            data=self.recipe.data.identity,
        )


def prepare(
    corpus: Corpus,
    recipe: Recipe,
    engine_class: EngineClass,
    *,
    threads: int = 1,
    for_use: bool = False,
    claimed: tuple[str, ...] = (),
    open_base_model: OpenBaseModel | None = None,
) -> PreparedTraining:
    """Put a training run together.

    Args:
        corpus: The list.
        recipe: The settings. Those that aren't specified get the defaults of the list.
        engine_class: The backend.
        threads: How many threads the backend may use.
        for_use: Whether the model will generate names. If so, it also gets what new names are scored by.
        claimed: What new names must not start with.
        open_base_model: Opens the model to fine-tune. Without it, all runs start from random numbers.

    Raises:
        NamesError: The list has too few names to split.
        EngineError: The backend doesn't have the cell.
        SettingsError: A setting doesn't fit the list, the network or the base model.
    """
    # Split the list, choose what to start from, and fill in the defaults.
    architecture = recipe.network.architecture or engine_class.architectures[0].architecture
    recipe = replace(
        recipe,
        data=data_for(corpus, recipe),
        network=replace(recipe.network, architecture=architecture),
    )
    start = choose_starting_point(recipe, open_base_model, corpus)
    base_model = start.base_model
    letter_case = corpus.letter_case if base_model is not None and corpus.is_short else "original"
    if letter_case != "original":  # the base model only knows capitals at the start of words
        corpus = replace(corpus, names=tuple(map(title, corpus.names)))
    parts = ListParts.from_corpus(corpus, recipe.data, seed=recipe.training.seed)
    training_set = parts.training_set
    vocabulary = parts.vocabulary
    labels = tuple(parts.labels)
    recipe = with_defaults(start.recipe, ListSize.of(parts, has_phrases=training_set.is_phrases))

    # Create the network, and load its initial parameters into an engine.
    network = network_for(engine_class, recipe.network, vocabulary.size, labels=len(labels))
    dropping = Dropping(network, recipe.training)  # before anything slow: it may reject a rate
    ngrams, words = scored_by(training_set, parts) if for_use else (None, None)
    if base_model is None:
        rng = np.random.default_rng([recipe.training.seed, 0, INITIAL_PARAMETERS])
        parameters = network.initial_parameters(recipe.network.initializer, rng=rng)
    else:
        shares = base_model.label_shares(training_set, labels)  # (labels, L)
        parameters = base_model.parameters(vocabulary, shares, has_labels=len(labels) > 0)
        if corpus.is_short and ngrams is not None and words is None:
            ngrams = base_model.ngrams_with(ngrams, vocabulary, shares)
    remedy = ": report it to the authors of the backend"
    with engine_at_work(engine_class.name, "before training", remedy):
        engine = engine_class(network, recipe.training, threads=threads)
        engine.set_state(parameters)

    # Hash the names that don't count as new: those of the list, its common words, and the base model's names.
    normalization = normalization_of(recipe.data.name_type)
    listed = parts.corpus.distinct_names
    known_names = normalization.known_set((*listed, *normalization.common_words(listed)))
    remark = start.remark
    if base_model is not None:
        held_out = sorted(set(corpus.names) - set(training_set.names))
        of_base_model = base_model.known_with(KnownSet(np.zeros(0, np.uint64)))
        seen = int(normalization.are_known(held_out, of_base_model).sum())
        if 0 < seen < len(held_out):  # a run that is resumed knows all of them
            remark += f", which has seen {seen:,} of the {len(held_out):,} held-out names"
        known_names = base_model.known_with(known_names)

    batches = parts.batches
    if recipe.training.label_smoothing:
        batches = smooth_targets(batches, vocabulary.size, recipe.training.label_smoothing)

    metadata = Metadata(
        network=network,
        vocabulary=vocabulary,
        engine=engine.name,
        labels=tuple(map(Label, labels, parts.label_counts.values())),
        shortest_name=shortest_name(training_set.names),
        longest_name=parts.longest_name,
        patterns=patterns_of_list(training_set.names),
        letter_case=letter_case,
        endings=normalization.endings,
        ngrams=ngrams,
        words=words,
        known_names=known_names,
        training=summarize(corpus, parts, recipe, engine=engine, base_model=base_model),
    )
    return PreparedTraining(
        corpus=corpus,
        parts=parts,
        recipe=recipe,
        network=network,
        dropping=dropping,
        engine=engine,
        claimed=claimed,
        batches=batches,
        metadata=metadata,
        for_use=for_use,
        remark=remark,
    )


def summarize(
    corpus: Corpus,
    parts: ListParts,
    recipe: Recipe,
    *,
    engine: Engine,
    base_model: BaseModel | None,
) -> TrainingSummary:
    """Describe the list and the settings, for the model's metadata. The results are added after training."""
    summary: TrainingSummary = {
        "list": corpus.source,
        "names": len(corpus.names),
        "distinct_names": len(parts.corpus.distinct_names),
        "split": recipe.data.split,
        "validation_share": recipe.data.validation_share,
        "test_share": recipe.data.test,
        "backend": engine.name,
        "settings": to_plain(recipe.training),
        "seed": recipe.training.seed,
    }
    if base_model is not None:
        summary["base_model"] = str(recipe.network.base_model)
        summary["credit"] = base_model.credit
    return summary


def data_for(corpus: Corpus, recipe: Recipe) -> DataSettings:
    """Fill in the defaults of the settings about the list: its validation set and the type of its names.

    A list of phrases or a short list has no validation set by default, because it needs all its names. With ``quick``,
    it still has one, as in the original project. With a test set as well, because the n-gram baseline's order is chosen
    on the validation set.
    """
    data = recipe.data
    validation = data.validation_share
    needs_all_names = corpus.is_short or corpus.is_phrases
    needs_validation_set = recipe.training.quick or data.test != 0
    if data.validation is None and needs_all_names and not needs_validation_set:
        validation = 0.0
    return replace(data, validation=validation, name_type=data.name_type or corpus.name_type)


def scored_by(training_set: Corpus, parts: ListParts) -> tuple[NgramSet, KnownSet | None]:
    """Collect the n-grams that new names are scored by (``core/scoring/scorer.py``).

    For phrases, these are the n-grams of their words, and the set of words is returned too.

    Args:
        training_set: The names to train on.
        parts: The whole list, split.
    """
    vocabulary = parts.vocabulary
    if not has_phrases(training_set.names):
        return NgramSet.from_tree(parts.training, vocabulary, len(parts.labels)), None
    number_of = {label: number for number, label in enumerate(parts.labels)}
    label_numbers = [number_of[label] for label in training_set.labels]
    words = words_by_label(training_set.names, label_numbers or [0] * len(training_set.names))
    start_tokens = None
    if parts.labels:
        start_tokens = [vocabulary.size + label for word, label in words]
    tree = PrefixTree.from_names([word for word, label in words], vocabulary, start_tokens)
    return NgramSet.from_tree(tree, vocabulary, len(parts.labels)), known_words(words)

"""Put a training run together from a list and its settings.

A run has three parts:

    preparation.py   what the run consists of: ``prepare`` returns a ``PreparedTraining``
    run.py           the loop that trains, saves, stops and resumes: ``TrainingRun``
    result.py        the evaluation at the end: ``finish`` returns a ``RunResult``

``prepare`` goes through these steps:

    corpus ─► parts (split, as trees) ─► settings with defaults ─► network ─► engine with initial parameters
           ─► generator ─► batches with targets ─► metadata

The loop trains on the batches, and evaluates on the validation set after each epoch. At the end, the best model is
evaluated once on each part of the list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from namegen.core.checkpoint.metadata import (
    Label,
    Metadata,
    TrainingSummary,
    shortest_name,
)
from namegen.core.checkpoint.ngram_set import NgramSet
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import KnownSet, Normalization, normalization_of
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.split import TRAINING
from namegen.core.engine import Engine, EngineClass, network_for
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.generation.generator import Generator
from namegen.core.generation.scoring import has_phrases, known_words, words_by_label
from namegen.core.network.architecture import Network
from namegen.core.schedules import SCHEDULES
from namegen.core.settings import DataSettings, NetworkSettings, Recipe
from namegen.core.training.base_model import BaseModel, OpenBaseModel, choose_starting_point
from namegen.core.training.defaults import ListSize, with_defaults
from namegen.core.training.label_smoothing import smooth_targets
from namegen.core.training.saved_state import Identity
from namegen.core.training.steps import Dropping
from namegen.documents import Json, to_plain
from namegen.errors import engine_at_work
from namegen.events import ListReady
from namegen.types import Array, Float64

INITIAL_PARAMETERS = 2  # keeps their random numbers apart from all others with the same seed

# For the name of a list: what new names must not start with.
ForbiddenStarts: TypeAlias = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """Everything that a run starts with."""

    corpus: Corpus  # the list
    parts: ListParts  # training, validation and test set, as trees
    recipe: Recipe  # all settings, with the defaults filled in
    network: Network
    dropping: Dropping  # makes the masks of each step
    engine: Engine  # trains the network; has the initial parameters
    generator: Generator  # draws names from the engine's current parameters
    batches: BatchMaker  # the names of an epoch
    metadata: Metadata  # the model's metadata, without its results
    for_use: bool  # whether the model will generate names; see ``prepare``
    remark: str = ""  # about the base model; "" for none
    claims: ForbiddenStarts = lambda list_name: ()

    @cached_property
    def references(self) -> HeldOutReferences | None:
        """The results that the model's validation results are compared with; None without a validation set."""
        validation = self.parts.validation
        return None if validation is None else HeldOutReferences(validation, self.parts)

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
        return Identity(
            list=self.corpus.fingerprint,
            list_name=self.corpus.source,
            network=self.network.to_dict(),
            training=self._lasting_settings,
            data=self.recipe.data.identity,
        )

    @property
    def _lasting_settings(self) -> dict[str, Json]:
        """The training settings without the number of epochs, unless the learning rates depend on it."""
        training = to_plain(self.recipe.training)
        if not SCHEDULES[self.recipe.training.lr_schedule].depends_on_epochs:
            del training["epochs"]
        return training

    def with_list_name(self, name: str) -> PreparedTraining:
        """Return a copy of the run in which the list has another name."""
        training: TrainingSummary = {**self.metadata.training, "list": name}
        return replace(
            self,
            corpus=replace(self.corpus, source=name),
            metadata=replace(self.metadata, training=training),
            generator=replace(self.generator, claimed=self.claims(name)),
        )


def prepare(
    corpus: Corpus,
    recipe: Recipe,
    engine_class: EngineClass,
    *,
    threads: int = 1,
    for_use: bool = False,
    claims: ForbiddenStarts = lambda list_name: (),
    open_base_model: OpenBaseModel | None = None,
) -> PreparedTraining:
    """Put a training run together.

    Args:
        corpus: The list.
        recipe: The settings. Those that aren't specified get the defaults of the list.
        engine_class: The backend.
        threads: How many threads the backend may use.
        for_use: Whether the model will generate names. If so, it also gets what new names are scored by.
        claims: Returns what new names must not start with, for the name of a list.
        open_base_model: Opens the model to fine-tune. Without it, all runs start from random numbers.

    Raises:
        NamesError: The list has too few names to split.
        EngineError: The backend doesn't have the cell.
        SettingsError: A setting doesn't fit the list, the network or the base model.
    """
    run = _settle(corpus, recipe, engine_class, open_base_model)
    network = _build_network(run, engine_class)
    dropping = Dropping(network, run.recipe.training)  # before anything slow: it may reject a rate
    engine = _build_engine(run, engine_class, network, threads)
    generator = _build_generator(run, engine, claims)
    return PreparedTraining(
        corpus=corpus,
        parts=run.parts,
        recipe=run.recipe,
        network=network,
        dropping=dropping,
        engine=engine,
        generator=generator,
        batches=_build_batches(run),
        metadata=_describe(run, generator, network=network, engine=engine.name, for_use=for_use),
        for_use=for_use,
        remark=run.remark,
        claims=claims,
    )


@dataclass(frozen=True, eq=False)
class _SettledRun:
    """A list and its settings, after everything about them is decided."""

    corpus: Corpus
    parts: ListParts
    training_set: Corpus
    recipe: Recipe
    base_model: BaseModel | None
    label_shares: Float64[Array, "labels L"]  # of the base model's labels in each of the list's
    remark: str  # about the base model


def _settle(
    corpus: Corpus,
    recipe: Recipe,
    engine_class: EngineClass,
    open_base_model: OpenBaseModel | None,
) -> _SettledRun:
    """Split the list, choose what to start from, and fill in the defaults."""
    recipe = replace(
        recipe,
        data=data_for(corpus, recipe),
        network=_with_architecture(recipe.network, engine_class),
    )
    parts = ListParts.from_corpus(corpus, recipe.data, seed=recipe.training.seed)
    training_set = corpus.where(parts.part_of == TRAINING)
    start = choose_starting_point(recipe, open_base_model, corpus)
    label_shares = np.zeros((0, 0))
    if start.base_model is not None:
        label_shares = start.base_model.label_shares(training_set, tuple(parts.labels))
    return _SettledRun(
        corpus=corpus,
        parts=parts,
        training_set=training_set,
        recipe=with_defaults(start.recipe, ListSize.of(parts, has_phrases=training_set.is_phrases)),
        base_model=start.base_model,
        label_shares=label_shares,
        remark=start.remark,
    )


def _with_architecture(network: NetworkSettings, engine_class: EngineClass) -> NetworkSettings:
    """Choose the backend's default architecture if the settings don't specify any."""
    default = engine_class.architectures[0].architecture
    return replace(network, architecture=network.architecture or default)


def _build_network(run: _SettledRun, engine_class: EngineClass) -> Network:
    """Create the network for the list's vocabulary and labels."""
    parts = run.parts
    return network_for(
        engine_class,
        run.recipe.network,
        parts.vocabulary.size,
        labels=len(parts.labels),
    )


def _build_engine(
    run: _SettledRun, engine_class: EngineClass, network: Network, threads: int
) -> Engine:
    """Create the engine, and load the initial parameters into it."""
    initial = _initial_parameters(run, network)
    remedy = ": report it to the authors of the backend"
    with engine_at_work(engine_class.name, "before training", remedy):
        engine = engine_class(network, run.recipe.training, threads=threads)
        engine.set_state(initial)
    return engine


def _initial_parameters(run: _SettledRun, network: Network) -> dict[str, Array]:
    """Draw random parameters, or take those of the base model."""
    if run.base_model is None:
        rng = np.random.default_rng([run.recipe.training.seed, 0, INITIAL_PARAMETERS])
        return network.initial_parameters(run.recipe.network.initializer, rng=rng)
    return run.base_model.parameters(
        run.parts.vocabulary, run.label_shares, has_labels=len(run.parts.labels) > 0
    )


def _build_generator(run: _SettledRun, engine: Engine, claims: ForbiddenStarts) -> Generator:
    """Create the generator, which draws names from the engine."""
    parts = run.parts
    normalization = normalization_of(run.recipe.data.name_type)
    return Generator(
        engine,
        parts.vocabulary,
        known_names=_known_names(run, normalization),
        start_tokens=parts.start_tokens,
        normalization=normalization,
        claimed=claims(run.corpus.source),
    )


def _known_names(run: _SettledRun, normalization: Normalization) -> KnownSet:
    """Hash the names that don't count as new: those of the list, its common words, and the base model's names."""
    names = run.parts.distinct_names
    common_words = normalization.common_words(names)
    known = normalization.known_set((*names, *common_words))
    if run.base_model is None:
        return known
    return run.base_model.known_with(known)


def _build_batches(run: _SettledRun) -> BatchMaker:
    """Return the names of an epoch, with smoothed targets if the settings include label smoothing."""
    batches = run.parts.batches
    smoothing = run.recipe.training.label_smoothing
    if smoothing:
        batches = smooth_targets(batches, run.parts.vocabulary.size, smoothing)
    return batches


def _describe(
    run: _SettledRun, generator: Generator, *, network: Network, engine: str, for_use: bool
) -> Metadata:
    """Collect the model's metadata, as far as it's known before training."""
    parts = run.parts
    ngrams, words = scored_by(run.training_set, parts) if for_use else (None, None)
    if run.base_model is not None and run.corpus.is_short and ngrams is not None and words is None:
        ngrams = run.base_model.ngrams_with(ngrams, parts.vocabulary, run.label_shares)
    return Metadata(
        network=network,
        vocabulary=parts.vocabulary,
        engine=engine,
        labels=tuple(map(Label, parts.labels, parts.label_counts.values())),
        shortest_name=shortest_name(run.training_set.names),
        longest_name=parts.longest_name,
        endings=generator.normalization.endings,
        ngrams=ngrams,
        words=words,
        known_names=generator.known_names,
        training=_summary(run, engine),
    )


def _summary(run: _SettledRun, engine: str) -> TrainingSummary:
    """Summarize the list and the settings for the model's metadata."""
    data = run.recipe.data
    summary: TrainingSummary = {
        "list": run.corpus.source,
        "names": len(run.corpus.names),
        "distinct_names": len(run.parts.distinct_names),
        "split": data.split,
        "validation_share": data.validation_share,
        "test_share": data.test,
        "backend": engine,
        "settings": to_plain(run.recipe.training),
        "seed": run.recipe.training.seed,
    }
    if run.base_model is not None:
        summary["base_model"] = str(run.recipe.network.base_model)
        summary["credit"] = run.base_model.credit
    return summary


def scored_by(training_set: Corpus, parts: ListParts) -> tuple[NgramSet, KnownSet | None]:
    """Collect the n-grams that new names are scored by (``core/generation/scoring.py``).

    For phrases, these are the n-grams of their words, and the set of words is returned too.

    Args:
        training_set: The names to train on.
        parts: The whole list, split.
    """
    labels = len(parts.labels)
    if not has_phrases(training_set.names):
        return NgramSet.from_tree(parts.training, parts.vocabulary, labels), None
    words = words_by_label(training_set.names, _label_numbers(training_set, parts))
    tree = _tree_of_words(words, parts)
    return NgramSet.from_tree(tree, parts.vocabulary, labels), known_words(words)


def _label_numbers(training_set: Corpus, parts: ListParts) -> list[int]:
    """Return the number of each name's label, in the order of the start tokens; 0 if there are no labels."""
    if not training_set.labels:
        return [0] * len(training_set.names)
    number_of = {label: number for number, label in enumerate(parts.labels)}
    return [number_of[label] for label in training_set.labels]


def _tree_of_words(words: Collection[tuple[str, int]], parts: ListParts) -> PrefixTree:
    """Build a prefix tree of words.

    Args:
        words: The words, each with the number of its label.
        parts: The list, with its vocabulary and labels.
    """
    start_tokens = None
    if parts.labels:
        start_tokens = [parts.vocabulary.size + label for word, label in words]
    return PrefixTree.from_names([word for word, label in words], parts.vocabulary, start_tokens)


def data_for(corpus: Corpus, recipe: Recipe) -> DataSettings:
    """Fill in the defaults of the settings about the list: its validation set and the type of its names."""
    data = recipe.data
    validation = 0.0 if _trains_on_all(corpus, recipe) else data.validation_share
    return replace(data, validation=validation, name_type=data.name_type or corpus.name_type)


def _trains_on_all(corpus: Corpus, recipe: Recipe) -> bool:
    """Check whether a list has no validation set by default: a list of phrases or a short list needs all its names.

    With ``quick``, it still has one, as in the original project. With a test set as well, because the n-gram
    baseline's order is chosen on the validation set.
    """
    data = recipe.data
    is_specified = data.validation is not None
    needs_validation_set = recipe.training.quick or data.test != 0
    needs_all_names = corpus.is_short or corpus.is_phrases
    return needs_all_names and not is_specified and not needs_validation_set

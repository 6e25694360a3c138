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

from collections.abc import Callable
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
from namegen.core.data.normalization import KnownSet, normalization_of
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.split import TRAINING
from namegen.core.engine import Engine, EngineClass, network_for
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.generation.generator import Generator
from namegen.core.generation.scoring import has_phrases, known_words, words_by_label
from namegen.core.network.architecture import Network
from namegen.core.schedules import SCHEDULES
from namegen.core.settings import DataSettings, Recipe
from namegen.core.training.base_model import BaseModel, OpenBaseModel, choose_starting_point
from namegen.core.training.defaults import resolve_recipe
from namegen.core.training.label_smoothing import smooth_targets
from namegen.core.training.saved_state import Identity
from namegen.core.training.steps import Dropping
from namegen.documents import to_plain
from namegen.errors import engine_at_work
from namegen.events import ListReady

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
    for_use: bool  # whether the model will be asked for names; see ``prepare``
    remark: str = ""  # about the base model; "" for none
    claims: ForbiddenStarts = lambda list_name: ()

    @cached_property
    def references(self) -> HeldOutReferences | None:
        """The results that the model's validation results are compared with; None without a validation set."""
        held_out = self.parts.held_out
        return None if held_out is None else HeldOutReferences(held_out, self.parts)

    @property
    def list_ready(self) -> ListReady:
        """The event that describes the list."""
        corpus = self.corpus
        parts = self.parts
        return ListReady(
            remarks=(corpus.dropped_sentence(), corpus.alike_labels_sentence(), self.remark),
            training=parts.training.name_count,
            damped=parts.batches.name_count,
            held_out=0 if parts.held_out is None else parts.held_out.name_count,
            test=None if parts.test is None else parts.test.name_count,
            labels=len(parts.labels),
        )

    @property
    def identity(self) -> Identity:
        """What a saved run must have in common with this one to be resumed.

        The number of epochs may change, unless the learning rates depend on it.
        """
        training = to_plain(self.recipe.training)
        if not SCHEDULES[self.recipe.training.lr_schedule].depends_on_epochs:
            del training["epochs"]
        return Identity(
            list=self.corpus.fingerprint,
            list_name=self.corpus.source,
            network=self.network.to_dict(),
            training=training,
            data=self.recipe.data.identity,
        )

    def called(self, name: str) -> PreparedTraining:
        """Copy the run, with another name for its list."""
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
        engine_class: The backend. Core doesn't know which backends exist.
        threads: How many threads the backend may use.
        for_use: Whether the model will be asked for names. If so, it also gets what scores new names.
        claims: Returns what new names must not start with, for the name of a list.
        open_base_model: Opens the model that the run may be fine-tuned from. Without it, all runs start from random
            numbers.

    Raises:
        NamesError: The list has too few names to split.
        EngineError: The backend doesn't have the cell.
        SettingsError: A setting doesn't fit the list, the network or the base model.
    """
    run = _settle(corpus, recipe, engine_class, open_base_model)
    network = network_for(
        engine_class,
        run.recipe.network,
        run.parts.vocabulary.size,
        labels=len(run.parts.labels),
    )
    dropping = Dropping(network, run.recipe.training)  # before anything slow: it may reject a rate
    engine = _build_engine(run, engine_class, network, threads)
    generator = _build_generator(run, engine, claims)
    batches = _build_batches(run)
    metadata = _describe(run, network, generator, engine=engine.name, for_use=for_use)
    return PreparedTraining(
        corpus=corpus,
        parts=run.parts,
        recipe=run.recipe,
        network=network,
        dropping=dropping,
        engine=engine,
        generator=generator,
        batches=batches,
        metadata=metadata,
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
    remark: str  # about the base model


def _settle(
    corpus: Corpus,
    recipe: Recipe,
    engine_class: EngineClass,
    open_base_model: OpenBaseModel | None,
) -> _SettledRun:
    """Split the list, and fill in the defaults."""
    default_architecture = engine_class.architectures[0].architecture
    architecture = recipe.network.architecture or default_architecture
    recipe = replace(
        recipe,
        data=data_for(corpus, recipe),
        network=replace(recipe.network, architecture=architecture),
    )
    parts = ListParts.from_corpus(corpus, recipe.data, seed=recipe.training.seed)
    training_set = corpus.where(parts.part_of == TRAINING)
    start = choose_starting_point(recipe, open_base_model, corpus, training_set)
    return _SettledRun(
        corpus=corpus,
        parts=parts,
        training_set=training_set,
        recipe=resolve_recipe(start.recipe, parts, has_phrases=training_set.is_phrases),
        base_model=start.base_model,
        remark=start.remark,
    )


def _build_engine(
    run: _SettledRun, engine_class: EngineClass, network: Network, threads: int
) -> Engine:
    """Make the engine, with the initial parameters."""
    if run.base_model is None:
        rng = np.random.default_rng([run.recipe.training.seed, 0, INITIAL_PARAMETERS])
        initial = network.initial_parameters(run.recipe.network.initializer, rng=rng)
    else:
        initial = run.base_model.parameters(
            run.training_set, run.parts.vocabulary, run.parts.labels
        )
    remedy = ": report it to the authors of the backend"
    with engine_at_work(engine_class.name, "before training", remedy):
        engine = engine_class(network, run.recipe.training, threads=threads)
        engine.set_state(initial)
    return engine


def _build_generator(run: _SettledRun, engine: Engine, claims: ForbiddenStarts) -> Generator:
    """Make the generator, which knows the names of the list and of the base model."""
    parts = run.parts
    normalization = normalization_of(run.recipe.data.name_type)
    common_words = normalization.common_words(parts.distinct_names)
    known = normalization.known_set((*parts.distinct_names, *common_words))
    if run.base_model is not None:
        known = run.base_model.known_with(known)
    return Generator(
        engine,
        parts.vocabulary,
        known_names=known,
        start_tokens=parts.start_tokens,
        normalization=normalization,
        claimed=claims(run.corpus.source),
    )


def _build_batches(run: _SettledRun) -> BatchMaker:
    """The batches of an epoch, with label smoothing if the settings ask for it."""
    batches = run.parts.batches
    smoothing = run.recipe.training.label_smoothing
    if smoothing:
        batches = smooth_targets(batches, run.parts.vocabulary.size, smoothing)
    return batches


def _describe(
    run: _SettledRun, network: Network, generator: Generator, *, engine: str, for_use: bool
) -> Metadata:
    """The model's metadata, as far as it's known before training."""
    parts = run.parts
    ngrams, words = scored_by(run.training_set, parts) if for_use else (None, None)
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
    data = run.recipe.data
    training = run.recipe.training
    summary: TrainingSummary = {
        "list": run.corpus.source,
        "names": len(run.corpus.names),
        "distinct_names": len(run.parts.distinct_names),
        "split": data.split,
        "validation_share": data.held_out,
        "test_share": data.test,
        "backend": engine,
        "settings": to_plain(training),
        "seed": training.seed,
    }
    if run.base_model is not None:
        summary["base_model"] = str(run.recipe.network.base_model)
        summary["credit"] = run.base_model.credit
    return summary


def scored_by(training_set: Corpus, parts: ListParts) -> tuple[NgramSet, KnownSet | None]:
    """Collect what new names are scored by (``core/generation/scoring.py``).

    Args:
        training_set: The names.
        parts: The list.

    Returns:
        The n-grams of the names. For phrases, these are the n-grams of their words, and the words come with them.
    """
    labels = len(parts.labels)
    if not has_phrases(training_set.names):
        return NgramSet.from_tree(parts.training, parts.vocabulary, labels), None
    index_of = {label: index for index, label in enumerate(parts.labels)}
    label_of_name = [index_of[label] for label in training_set.labels]
    words = words_by_label(training_set.names, label_of_name or [0] * len(training_set.names))
    start_tokens = None
    if labels:
        start_tokens = [parts.vocabulary.size + label for _, label in words]
    tree = PrefixTree.from_names([word for word, _ in words], parts.vocabulary, start_tokens)
    return NgramSet.from_tree(tree, parts.vocabulary, labels), known_words(words)


def data_for(corpus: Corpus, recipe: Recipe) -> DataSettings:
    """Fill in the defaults of the settings about the list.

    By default, a tenth of the names is the validation set. Lists of phrases and short lists have none, so that the
    network trains on all their names. With ``quick``, they have one, as in the original project. With a test set,
    too, because the n-gram baseline's order is chosen on the validation set.
    """
    data = recipe.data
    needs_validation_set = recipe.training.quick or data.test != 0
    trains_on_all = (
        data.validation is None
        and not needs_validation_set
        and (corpus.is_short or corpus.is_phrases)
    )
    validation = 0.0 if trains_on_all else data.held_out
    return replace(data, validation=validation, name_type=data.name_type or corpus.name_type)

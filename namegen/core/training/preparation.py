"""A training has three parts, each a file; this is the first:

    preparation.py   what it is put together from: ``prepare`` makes a ``PreparedTraining``
    run.py           the loop that trains, saves, stops and resumes: ``TrainingRun``
    result.py        what is made of its end: ``finish`` makes a ``RunResult``

The names of a list go through ``prepare`` once, from top to bottom:

    corpus ─► parts (split, as trees) ─► settled recipe ─► network ─► engine at its start ─► batches with their targets

What the model says of its list is made here, too (``metadata``): the rest adds parameters and figures alone.

The loop reads the batches and, after each epoch, the held-out part; the end reads each part once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from namegen.core.checkpoint.metadata import Label, Metadata, shortest_name
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
from namegen.core.training.base_model import OpenBaseModel, begun
from namegen.core.training.defaults import settled
from namegen.core.training.label_smoothing import smooth_targets
from namegen.core.training.run_folder import Identity
from namegen.core.training.steps import Dropping
from namegen.documents import to_plain
from namegen.errors import engine_at_work
from namegen.events import ListReady


@dataclass(frozen=True, eq=False)
class PreparedTraining:
    """All that a training begins with.

    Attributes:
        corpus: the list.
        parts: its parts, as trees.
        recipe: what is read, which network learns, and how, with nothing left open.
        network: what learns.
        dropping: what each step leaves out of it.
        engine: trains the network; at its initial values.
        generator: draws names from the engine as it is at any time, and knows the names of the list.
        batches: what an epoch reads.
        metadata: what the model will carry beside its parameters, as far as the list and the recipe decide it.
        for_use: whether names will be asked of the model.
        begins_from: what is said of the base model; "": nothing.
        claims: see ``prepare``.
    """

    corpus: Corpus
    parts: ListParts
    recipe: Recipe
    network: Network
    dropping: Dropping
    engine: Engine
    generator: Generator
    batches: BatchMaker
    metadata: Metadata
    for_use: bool
    begins_from: str = ""
    claims: Callable[[str], tuple[str, ...]] = lambda _: ()

    @cached_property
    def references(self) -> HeldOutReferences | None:
        """What figures on the held-out names stand beside; None where nothing is held out."""
        return (
            None
            if self.parts.held_out is None
            else HeldOutReferences(self.parts.held_out, self.parts)
        )

    @property
    def list_ready(self) -> ListReady:
        """What a watcher is told of the list."""
        corpus, parts = self.corpus, self.parts
        return ListReady(
            remarks=(corpus.dropped_sentence(), corpus.alike_labels_sentence(), self.begins_from),
            training=parts.training.name_count,
            damped=parts.batches.name_count,
            held_out=0 if parts.held_out is None else parts.held_out.name_count,
            test=None if parts.test is None else parts.test.name_count,
            labels=len(parts.labels),
        )

    @property
    def identity(self) -> Identity:
        """What must be the same when a run goes on: all but the number of epochs, which may grow, unless the learning
        rates hang on it.
        """
        training = to_plain(self.recipe.training)
        if not SCHEDULES[self.recipe.training.lr_schedule].depends_on_epochs:
            del training["epochs"]
        return Identity(
            list=self.corpus.fingerprint,
            list_name=self.corpus.source,  # how it was called; it may lie elsewhere by now
            network=self.network.to_dict(),
            training=training,
            data={**self.recipe.data.identity},
        )

    def called(self, name: str) -> PreparedTraining:
        """The same, its list under another name."""
        metadata = replace(self.metadata, training={**self.metadata.training, "list": name})
        generator = replace(self.generator, claimed=self.claims(name))
        return replace(
            self, corpus=replace(self.corpus, source=name), metadata=metadata, generator=generator
        )


def prepare(
    corpus: Corpus,
    recipe: Recipe,
    engine_class: EngineClass,
    *,
    threads: int = 1,
    for_use: bool = False,
    claims: Callable[[str], tuple[str, ...]] = lambda _: (),
    open_base_model: OpenBaseModel | None = None,
) -> PreparedTraining:
    """Put a training together.

    Args:
        corpus: the list.
        recipe: what is read of it, which network learns, and how.
        engine_class: which engine trains; core does not know which there are.
        threads: for the engine.
        for_use: whether names will be asked of the model: then it is measured at the end which are to be offered.
        claims: what no new name of a list of such a name may begin with, as will be when names are asked of the model.
        open_base_model: opens the model that a training may begin from; None: all begin from random numbers.

    Raises:
        NamesError: too few names to split. EngineError: the engine lacks the cell. SettingsError: a wrong value.
    """
    seed = recipe.training.seed
    data = data_for(corpus, recipe)
    parts = ListParts.from_corpus(corpus, data, seed=seed)
    architecture = recipe.network.architecture or engine_class.architectures[0].architecture
    recipe = replace(recipe, data=data, network=replace(recipe.network, architecture=architecture))
    learned = corpus.where(parts.part_of == TRAINING)
    recipe, base_model, begins_from = begun(recipe, open_base_model, corpus, learned)
    recipe = settled(recipe, parts, phrases=learned.is_phrases)
    network = network_for(
        engine_class, recipe.network, parts.vocabulary.size, labels=len(parts.labels)
    )
    dropping = Dropping(network, recipe.training)  # refuses before anything takes long
    # Streams of random numbers: [seed, e] orders the names of epoch e, [seed, e, 1] draws its sample.
    start = network.initial_parameters(
        recipe.network.initializer, rng=np.random.default_rng([seed, 0, 2])
    )
    if base_model is not None:
        start = base_model.parameters(learned, parts.vocabulary, parts.labels)
    with engine_at_work(
        engine_class.name, "before training", ": report it to those who make the backend"
    ):
        engine = engine_class(network, recipe.training, threads=threads)
        engine.set_state(start)
    normalization = normalization_of(data.name_type)
    names, starts = parts.distinct_names, parts.beginnings
    known = normalization.known_set((*names, *normalization.common_words(names)))
    known = known if base_model is None else base_model.known_with(known)
    generator = Generator(
        engine,
        parts.vocabulary,
        known_names=known,
        beginnings=starts,
        normalization=normalization,
        claimed=claims(corpus.source),
    )
    batches, smoothing = parts.batches, recipe.training.label_smoothing
    if smoothing:
        batches = smooth_targets(batches, parts.vocabulary.size, smoothing)
    ngrams, words = scored_by(learned, parts) if for_use else (None, None)
    metadata = Metadata(
        network=network,
        vocabulary=parts.vocabulary,
        engine=engine.name,
        labels=tuple(map(Label, parts.labels, parts.label_counts.values())),
        shortest_name=shortest_name(learned.names),
        longest_name=parts.longest_name,
        endings=normalization.endings,
        ngrams=ngrams,
        words=words,
        known_names=known,
        training={
            "list": corpus.source,
            "names": len(corpus.names),
            "distinct_names": len(parts.distinct_names),
            "split": data.split,
            "validation_share": data.held_out,
            "test_share": data.test,
            "backend": engine.name,
            "settings": to_plain(recipe.training),
            "seed": seed,
            **(
                {}
                if base_model is None
                else {"base_model": str(recipe.network.base_model), "credit": base_model.credit}
            ),
        },
    )
    return PreparedTraining(
        corpus=corpus,
        parts=parts,
        recipe=recipe,
        network=network,
        dropping=dropping,
        engine=engine,
        generator=generator,
        batches=batches,
        metadata=metadata,
        for_use=for_use,
        begins_from=begins_from,
        claims=claims,
    )


def scored_by(learned: Corpus, parts: ListParts) -> tuple[NgramSet, KnownSet | None]:
    """The n-grams and the words of the training set (``core/generation/scoring.py``); no words unless it has phrases.

    Args:
        learned: the training set.
        parts: the list.
    """
    index_of = {label: index for index, label in enumerate(parts.labels)}
    labels = [index_of[label] for label in learned.labels] or [0] * len(learned.names)
    if not has_phrases(learned.names):
        return NgramSet.from_tree(parts.training, parts.vocabulary, len(index_of)), None
    words = words_by_label(learned.names, labels)
    first_label = parts.vocabulary.size
    tree = PrefixTree.from_names(
        [word for word, _ in words],
        parts.vocabulary,
        [first_label + label for _, label in words] if index_of else None,
    )
    return NgramSet.from_tree(tree, parts.vocabulary, len(index_of)), known_words(words)


def data_for(corpus: Corpus, recipe: Recipe) -> DataSettings:
    """How a list is read, with what nothing was said of: a tenth of the names is held out to choose by, but of a list
    that is too short to choose by, or of phrases, nothing, so that all of it is learned.

    ``quick`` keeps to the original project, and a test set needs names that select the n-gram baseline.
    """
    data = recipe.data
    is_short = corpus.is_short or corpus.is_phrases
    may_be_short = data.validation is None and data.test == 0 and not recipe.training.quick
    validation = 0.0 if may_be_short and is_short else data.held_out
    return replace(data, validation=validation, name_type=data.name_type or corpus.name_type)

"""A trained model in use: find its file, load it, generate names with it, score them; several models as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from namegen.backends.opening import find_architecture, open_network
from namegen.constraints import Constraints, claimed_beginnings, make_constraints
from namegen.core.checkpoint.checkpoint import Checkpoint, read_model
from namegen.core.checkpoint.metadata import ListMetadata, Metadata, default_max_length
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import find_labels
from namegen.core.data.labels import Beginnings
from namegen.core.data.normalization import NAMES, KnownSet, Normalization, joint
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.scoring import NameScore, label_probabilities, score_names
from namegen.core.generation.constraints.constraint import composed
from namegen.core.generation.constraints.constraint_list import ConstraintList
from namegen.core.generation.exact.most_likely import most_likely
from namegen.core.generation.generator import Generator
from namegen.core.generation.name_batch import NameBatch, check_letter_case, in_case
from namegen.core.generation.sampling import SamplingSettings, random_numbers
from namegen.core.generation.scoring import Scorer, scorer_of
from namegen.core.models.mixture import MixtureModel, as_one
from namegen.core.training import MODEL_FILE
from namegen.errors import (
    CheckpointError,
    NamesError,
    SettingsError,
    gathered,
    nearest,
    quote,
    setting,
    shown,
)
from namegen.events import ProgressCallback, ignore_progress
from namegen.files import is_file, is_folder, is_there, look
from namegen.models import SHIPPED, shipped_path

if TYPE_CHECKING:
    from namegen.core.training.result import RunResult

RUNS = Path("runs")  # where the command line keeps its trainings
DEFAULT_MODEL = "mlb-first"
TFLITE_SUFFIX = ".tflite"


_KINDS: dict[str, tuple[str, type]] = {
    **dict.fromkeys(("max_length", "threads"), ("a whole number", Integral)),
    **dict.fromkeys(("allow_seen", "allow_repeats", "unfiltered"), ("True or False", bool)),
    **dict.fromkeys(("name", "label", "backend"), ("a text", str)),
}


def check_types(**values: object) -> None:
    """Raise SettingsError for an argument of a wrong type that nothing below looks at; None is right for most."""
    for name, value in values.items():
        said, kind = _KINDS[name]
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not fits and (value is not None or name == "name"):
            raise SettingsError(f"{setting(name)} is {shown(value)}: expected {said}", field=name)


class Searching(Constraints, total=False):
    """How names are searched for, and what each must keep; ``LoadedModel.generate`` says what each option does."""

    max_length: int | None
    allow_seen: bool
    allow_repeats: bool
    letter_case: str | None


class Drawing(Searching, total=False):
    """How names are drawn; ``LoadedModel.generate`` says what each option does."""

    seed: int | None
    temperature: float | None
    unfiltered: bool
    top_k: int | None
    top_p: float | None


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model, ready to generate and to be evaluated."""

    name: str  # what it was loaded by
    model: LanguageModel = field(
        repr=False
    )  # a backend's engine, or a ``.tflite`` in its own runtime
    metadata: ListMetadata = field(repr=False)
    # The start tokens of its names: one, or one for each of its labels.
    beginnings: Beginnings = field(repr=False)
    labels: tuple[str, ...] = ()  # in the order of ``beginnings``; () if the list had none
    scorer: Scorer | None = field(default=None, repr=False)  # None: new names can't be scored
    normalization: Normalization = field(default=NAMES, repr=False)  # when two names are the same
    lists: tuple[str, ...] = field(default=(), repr=False)  # the names of its training lists
    blended: tuple[Vocabulary, ...] = field(default=(), repr=False)  # of each model of a blend

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint that it was loaded from; None for a ``.tflite`` and for a blend."""
        return self.metadata if isinstance(self.metadata, Checkpoint) else None

    @property
    def vocabulary(self) -> Vocabulary:
        """Its characters."""
        return self.metadata.vocabulary

    def reads(self, name: str) -> bool:
        """Whether it knows every character of a name; of a blend, whether one of its models does."""
        return any(
            not vocabulary.unknown(name) for vocabulary in self.blended or (self.vocabulary,)
        )

    def for_labels(self, *labels: str) -> LoadedModel:
        """The same model for names of some labels alone; with none given, itself.

        Args:
            labels: each a label, or of labels of several parts also one part or some (``find_labels`` in
                ``core/data/label_parts.py``).

        Raises:
            SettingsError: it does not know such a label, or any.

        >>> load("world-given").for_labels("Estonian").labels
        ('Estonian,female', 'Estonian,male')
        """
        for label in labels:
            check_types(label=label)
        if not labels:
            return self
        places = list(
            dict.fromkeys(
                place for one in labels for place in find_labels(one, self.labels, self.name)
            )
        )
        return replace(
            self,
            beginnings=self.beginnings.only(places),
            labels=tuple(self.labels[place] for place in places),
        )

    @property
    def generator(self) -> Generator:
        """Draws names from it."""
        return Generator(
            self.model,
            self.vocabulary,
            known_names=self.metadata.known_names,
            beginnings=self.beginnings,
            scorer=self.scorer,
            shortest=self.metadata.shortest_name,
            normalization=self.normalization,
            claimed=claimed_beginnings(*self.lists),
        )

    @cached_property
    def filtering_generator(self) -> Generator:
        """The same with rules that score its names.

        The rules of a blend, or of a run that hasn't finished, are measured once, in a second or two.
        """
        from namegen.core.generation.fitting import measure_rules

        generator = self.generator
        if generator.scorer is None or generator.scorer.rules:
            return generator
        rules = measure_rules(
            generator,
            shortest=self.metadata.shortest_name,
            longest=self.metadata.longest_name,
            rng=np.random.default_rng(0),
        )
        return replace(
            generator, scorer=generator.scorer.with_rules_of(self.beginnings.ids, rules or ())
        )

    @property
    def default_max_length(self) -> int:
        """Characters of the longest name that is given unless another limit is asked for: twice the list's longest."""
        return default_max_length(self.metadata.longest_name)

    def generate(self, n: int = 20, **options: Unpack[Drawing]) -> list[str]:
        """Invent names: new and distinct ones, in random order.

        Args:
            n: how many names to give.
            seed: the random seed; the same one gives the same names.
            temperature: 1 draws from the model's own distribution; below 1 prefers what is likely, 0 always takes the
                likeliest character. The default is 1.
            top_k: draw only from the ``top_k`` likeliest next characters.
            top_p: draw only from the likeliest next characters that together have the probability ``top_p``, up to 1.
            max_length: the largest number of characters in a name. The default is ``longest_name``, unfiltered
                ``default_max_length``, or more if a constraint needs it.
            allow_seen: give names from the list that the model learned from, too.
            allow_repeats: allow the same name more than once.
            unfiltered: draw from the model's own distribution. By default, new names are returned only if their score
                is in the top 1% (``core/generation/scoring.py``), and the best of the others if these are too few.
                ``allow_repeats`` implies ``unfiltered``.
            letter_case: how to write the names: ``original``, ``title``, ``upper`` or ``lower``; None: ``title``
                for companies, others as learned. The constraints are for names as learned; see
                ``core/generation/letter_case.py``.
            options: what every name must be like, too, as ``starts_with="Mc"``: see
                ``namegen.constraints.Constraints``.

        Raises:
            SettingsError: a value is out of its range, or constraints contradict each other.
            GenerationError: fewer than ``n`` names can be found; those are its ``found``.
        """
        return gathered(batch.names for batch in self.generate_batches(n, **options))

    def generate_batches(
        self,
        n: int = 20,
        *,
        seed: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        unfiltered: bool = False,
        on_progress: ProgressCallback = ignore_progress,
        letter_case: str | None = None,
        **constraints: Unpack[Constraints],
    ) -> Iterator[NameBatch]:
        """Names in batches as they are found, so that memory stays flat however many are asked for; see ``generate``.

        ``on_progress`` is told now and then, within a batch too, how far the search is (``namegen.events.Searched``).

        Raises:
            SettingsError: at once.
            GenerationError: after those found have been given: there are no more.
        """
        check_letter_case(letter_case)
        check_types(allow_seen=allow_seen, allow_repeats=allow_repeats, unfiltered=unfiltered)
        constraint_list = make_constraints(self.list_name, self.normalization, **constraints)
        unfiltered = unfiltered or allow_repeats or self.scorer is None
        sampling = SamplingSettings(
            temperature=1.0 if temperature is None else temperature,
            top_k=top_k,
            top_p=top_p,
            max_length=self.longest(max_length, constraint_list, unfiltered=unfiltered),
        )
        generator = self.generator if unfiltered else self.filtering_generator
        batches = generator.generate(
            n,
            rng=random_numbers(seed),
            sampling=sampling,
            constraints=constraint_list,
            allow_seen=allow_seen,
            allow_repeats=allow_repeats,
            unfiltered=unfiltered,
            on_progress=on_progress,
        )
        return in_case(batches, letter_case)

    def most_likely(self, n: int = 20, **options: Unpack[Searching]) -> list[str]:
        """The ``n`` likeliest names by an exact search, the likeliest first. Of the arguments of ``generate`` it takes
        the constraints, ``max_length``, ``letter_case``, ``allow_seen`` and ``allow_repeats``.

        Raises:
            SettingsError: a value is out of its range, or constraints contradict each other.
            GenerationError: there are fewer than ``n`` names, which are its ``found``, or finding them takes too long.
        """
        return gathered(batch.names for batch in self.most_likely_batches(n, **options))

    def most_likely_batches(
        self,
        n: int = 20,
        *,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        on_progress: ProgressCallback = ignore_progress,
        letter_case: str | None = None,
        **constraints: Unpack[Constraints],
    ) -> Iterator[NameBatch]:
        """The same as one batch with log-probabilities; where there are fewer than n, the error comes after it.

        ``on_progress`` is told now and then how far the search is.
        """
        check_letter_case(letter_case)
        check_types(max_length=max_length, allow_seen=allow_seen, allow_repeats=allow_repeats)
        constraint_list = make_constraints(self.list_name, self.normalization, **constraints)
        batches = most_likely(
            self.generator,
            n,
            max_length=self.longest(max_length, constraint_list, unfiltered=True),
            constraints=constraint_list,
            allow_seen=allow_seen,
            allow_repeats=allow_repeats,
            on_progress=on_progress,
        )
        return in_case(batches, letter_case)

    def score(self, name: str) -> NameScore:
        """How likely the model finds a name, letter by letter, and how that compares with the names of its list.

        Raises:
            NamesError: the name is empty, or has characters that the model does not know.
        """
        check_types(name=name)
        names = [composed(name.strip())]
        if self.blended and not self.reads(names[0]):
            raise NamesError(
                f"no model of the blend knows every character of {quote(names[0])}: give another name"
            )
        # The quantiles are those of the names of all labels.
        has_all_labels = len(self.labels) == len(self.metadata.labels)
        quantiles = self.metadata.score_quantiles if has_all_labels else None
        return score_names(self.model, self.vocabulary, names, quantiles, self.beginnings)[0]

    def label_probabilities(self, name: str) -> dict[str, float]:
        """How likely each label is for a name, the likeliest first; together they are 1.

        Raises:
            NamesError: the name is empty, or has characters that the model does not know. SettingsError: it knows no
                labels.
        """
        check_types(name=name)
        if not self.labels:
            raise SettingsError(
                f"{self.name} knows no labels: give a model of labelled names, such as world-given"
            )
        name = composed(name.strip())
        chances = label_probabilities(self.model, self.vocabulary, name, self.beginnings).tolist()
        return dict(
            sorted(zip(self.labels, chances, strict=True), key=lambda one: (-one[1], one[0]))
        )

    @property
    def list_name(self) -> str | None:
        """What its list was called when it was trained; None where it does not say."""
        return None if self.checkpoint is None else self.checkpoint.training.get("list")

    def learned_from(self, corpus: Corpus) -> bool:
        """Whether a list is the one that the model learned from: it has as many names, and the model knows each."""
        known = self.metadata.known_names
        if self.checkpoint is None or self.checkpoint.training.get("names") != len(corpus.names):
            return False
        return known is None or bool(self.normalization.are_known(corpus.names, known).all())

    def longest(
        self, max_length: int | None, constraint_list: ConstraintList, *, unfiltered: bool
    ) -> int:
        """Characters of the longest name returned: what was asked for, or room for the default and the constraints."""
        if max_length is not None:
            return max_length
        usual = self.default_max_length if unfiltered else self.metadata.longest_name
        return max(usual, 2 * constraint_list.shortest)


def load(
    model: str | Path | RunResult | None = None, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Load a model: a shipped one, a run folder, a checkpoint file, a ``.tflite``, or what ``train`` gave back.

    Args:
        model: the result of a training; or see ``find_model``.
        backend: the engine that reads it; None: NumPy, or for a network of another architecture the engine that
            trained it; a ``.tflite`` has its own runtime, whatever stands here.
        threads: for that engine.

    Raises:
        CheckpointError: no such model, a damaged file, or one for which the engine computes other values than the
            one that trained it. EngineError: the engine is missing, or does not know the architecture.
    """
    check_types(backend=backend, threads=threads)
    trained = getattr(
        model, "checkpoint", None
    )  # of a RunResult, whose module would load all that trains
    if isinstance(trained, Checkpoint):
        return open_checkpoint(trained, trained.training["list"], backend=backend, threads=threads)
    if not isinstance(model, str | Path | None):
        raise SettingsError(
            f"the model is {shown(model)}: expected a text, a path, or what train gave back"
        )
    if isinstance(
        model, Path
    ):  # a path is never a shipped model's name, though it may look like one
        model = os.path.join(os.curdir, model)
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        from namegen.backends.tflite.runtime import TFLiteModel

        tflite = TFLiteModel.load(path, threads=threads)
        return _loaded(name, tflite, tflite.metadata)
    return open_checkpoint(read_checkpoint(path), name, backend=backend, threads=threads)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a run folder or a model file, of any architecture that an engine here knows. Raises CheckpointError."""
    path = Path(path, MODEL_FILE) if is_folder(path, None) else Path(path)
    try:
        return read_model(path, find_architecture)
    except CheckpointError as error:
        Checkpoint.load(
            path, find_architecture
        )  # where it is sound, the file of known names beside it is not
        raise CheckpointError(f"{error}, or remove it") from error


def open_checkpoint(
    checkpoint: Checkpoint, name: str, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Give a checkpoint's network an engine; see ``load``."""
    return _loaded(
        name, open_network(checkpoint, name, backend=backend, threads=threads), checkpoint
    )


def _loaded(name: str, model: LanguageModel, metadata: Metadata) -> LoadedModel:
    """What a metadata says of a model, and the model."""
    return LoadedModel(
        name,
        model,
        metadata,
        beginnings=metadata.beginnings,
        labels=tuple(label.name for label in metadata.labels),
        scorer=scorer_of(metadata),
        normalization=metadata.normalization,
        lists=(metadata.training.get("list", ""),),
    )


def load_shipped(name: str) -> LoadedModel:
    """Load a model that comes with the package, whatever files of that name there may be. Raises CheckpointError."""
    return open_checkpoint(read_checkpoint(shipped_path(name)), name)


def find_model(model: str | None) -> tuple[str, Path]:
    """What a MODEL argument stands for: a run folder, a checkpoint, a ``.tflite``, or a shipped model's name.

    A shipped model's name means that model even where a file or a folder has it too: give ``./companies`` for those.

    Args:
        model: None takes the newest run under ``runs/``, else the shipped ``mlb-first``.

    Returns:
        How to call it, and its file.

    Raises:
        CheckpointError: there is no such model, and the message says what there is; or it may not be looked at.
    """
    if model is None:
        newest = _newest_run()
        return (
            (str(newest.parent), newest) if newest else (DEFAULT_MODEL, shipped_path(DEFAULT_MODEL))
        )
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(
            f"the model's name is empty: give a run folder, a .safetensors, a .tflite, or one of {', '.join(SHIPPED)}"
        )
    path = Path(model)
    if is_folder(path, CheckpointError):
        if not is_file(path / MODEL_FILE, CheckpointError):
            raise CheckpointError(
                f"the folder {model} has no {MODEL_FILE}: give a run folder of `namegen train`, after its first epoch"
            )
        return model, path / MODEL_FILE
    if is_there(path, CheckpointError):
        return model, path
    runs = {path.parent.name: str(path.parent) for path in RUNS.glob(f"*/{MODEL_FILE}")}
    near = nearest(path.name, [*SHIPPED, *sorted(runs)])
    near = near and runs.get(near, near)
    raise CheckpointError(
        f"there is no model {quote(model, 200)}: {f'did you mean {near}? Expected' if near else 'expected'} a run "
        f"folder, a .safetensors or .tflite file, or one of {', '.join(SHIPPED)}"
    )


def _newest_run() -> Path | None:
    """The model under ``runs/`` that was written last, of those that can be looked at."""
    found = [(path, look(path, None)) for path in RUNS.glob(f"*/{MODEL_FILE}")]
    times = {path: facts.st_mtime_ns for path, facts in found if facts is not None}
    return max(times, key=lambda path: times[path], default=None)


def _joined(sets: Iterable[KnownSet | None]) -> KnownSet | None:
    """What one of them has; None where one is None."""
    known = list(sets)
    return None if None in known else KnownSet.joined(one for one in known if one is not None)


def _joint_scorer(models: Sequence[LoadedModel], vocabulary: Vocabulary) -> Scorer | None:
    """What scores the names of a blend: n-grams of every model, or of every label that it is heard for. None if a model
    doesn't carry any.
    """
    sources = []
    for model in models:
        if model.scorer is None:
            return None
        indexes = model.scorer.labels(model.beginnings.ids).tolist()
        for source in model.scorer.sources:
            sources += [source.for_blend(vocabulary, index) for index in indexes]
    return Scorer(sources, first_label=vocabulary.size)


def blend(models: Sequence[LoadedModel], weights: Sequence[float] | None = None) -> LoadedModel:
    """Several models as one: each character is drawn from the weighted mean of what they say.

    Two lists blended give names that could stand in either. New are the names that none of the lists has; where a model
    does not say what it learned from, as a ``.tflite`` may not, nobody knows which those are.

    A model of labelled names is heard for names of any label, or of those that ``LoadedModel.for_labels`` has chosen.

    Args:
        models: two or more; characters that one of them does not know are left to the others.
        weights: how much each is heard, summing to 1; None: all alike.

    Raises:
        SettingsError: weights that do not fit the models.

    >>> from namegen.api import load
    >>> mixed = blend([load("mlb-first"), load("companies")], weights=[0.7, 0.3])
    >>> len(mixed.generate(5, seed=1))
    5
    """
    if not isinstance(models, Sequence) or not all(
        isinstance(model, LoadedModel) for model in models
    ):
        raise SettingsError(
            f"the models of a blend are {shown(models)}: expected a list of what load gives back"
        )
    if weights is not None and not all(
        isinstance(weight, Real)
        for weight in (weights if isinstance(weights, Iterable) else [None])
    ):
        raise SettingsError(f"{setting('weights')} is {shown(weights)}: expected a list of numbers")
    read = [as_one(model.model, model.beginnings) for model in models]
    mixture = MixtureModel(
        [model for model, _ in read],
        [model.vocabulary for model in models],
        weights,
        beginnings=[[beginning] for _, beginning in read],
    )
    metadata = ListMetadata(
        vocabulary=mixture.vocabulary,
        longest_name=max(model.metadata.longest_name for model in models),
        shortest_name=min(model.metadata.shortest_name for model in models),
        known_names=_joined(model.metadata.known_names for model in models),
    )
    return LoadedModel(
        " and ".join(model.name for model in models),
        mixture,
        metadata,
        beginnings=Beginnings.single(mixture.vocabulary_size),
        scorer=_joint_scorer(models, mixture.vocabulary),
        normalization=joint(model.normalization for model in models),
        lists=tuple(list_name for model in models for list_name in model.lists),
        blended=tuple(model.vocabulary for model in models),
    )

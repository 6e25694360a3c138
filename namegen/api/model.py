"""Load a trained model, generate names with it and score them; combine several models into one."""

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

RUNS = Path("runs")  # where the command line writes its runs
DEFAULT_MODEL = "taverns"
MODELS_EXPECTED = "a run folder, a .safetensors or .tflite file, or a built-in model (`namegen models` lists them)"
TFLITE_SUFFIX = ".tflite"


@dataclass(frozen=True)
class _Expected:
    """The type of an argument, and how a message describes it."""

    type: type
    description: str


_WHOLE_NUMBER = _Expected(Integral, "a whole number")
_BOOLEAN = _Expected(bool, "True or False")
_STRING = _Expected(str, "a string")
_EXPECTED = {
    **dict.fromkeys(("max_length", "threads"), _WHOLE_NUMBER),
    **dict.fromkeys(("allow_seen", "allow_repeats", "unfiltered"), _BOOLEAN),
    **dict.fromkeys(("name", "label", "backend"), _STRING),
}


def check_types(**values: object) -> None:
    """Check arguments whose types nothing else checks. None is allowed for all except ``name``.

    Raises:
        SettingsError: an argument has the wrong type.
    """
    for name, value in values.items():
        if value is None and name != "name":
            continue
        expected = _EXPECTED[name]
        is_bool = isinstance(value, bool)  # a bool is an int as well
        fits = isinstance(value, expected.type) and is_bool == (expected.type is bool)
        if not fits:
            raise SettingsError(
                f"{setting(name)} is {shown(value)}: expected {expected.description}", field=name
            )


class Searching(Constraints, total=False):
    """The options of an exact search; see ``LoadedModel.generate``."""

    max_length: int | None
    allow_seen: bool
    allow_repeats: bool
    letter_case: str | None


class Drawing(Searching, total=False):
    """The options of drawing names; see ``LoadedModel.generate``."""

    seed: int | None
    temperature: float | None
    unfiltered: bool
    top_k: int | None
    top_p: float | None


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model, ready to generate and to be evaluated."""

    name: str  #: what it was loaded by
    model: LanguageModel = field(
        repr=False
    )  #: a backend's engine, or a ``.tflite`` in its own runtime
    metadata: ListMetadata = field(repr=False)
    #: The start tokens of its names: one, or one for each of its labels.
    beginnings: Beginnings = field(repr=False)
    labels: tuple[str, ...] = ()  #: in the order of ``beginnings``; () if the list had none
    scorer: Scorer | None = field(default=None, repr=False)  #: None: new names can't be scored
    normalization: Normalization = field(default=NAMES, repr=False)  #: when two names are the same
    lists: tuple[str, ...] = field(default=(), repr=False)  #: the names of its training lists
    blended: tuple[Vocabulary, ...] = field(default=(), repr=False)  #: of each model of a blend

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint that it was loaded from; None for a ``.tflite`` and for a blend."""
        return self.metadata if isinstance(self.metadata, Checkpoint) else None

    @property
    def vocabulary(self) -> Vocabulary:
        """Its characters."""
        return self.metadata.vocabulary

    def reads(self, name: str) -> bool:
        """Whether the model, or for a blend one of its models, knows every character of a name."""
        vocabularies = self.blended or (self.vocabulary,)
        return any(not vocabulary.unknown(name) for vocabulary in vocabularies)

    def for_labels(self, *labels: str) -> LoadedModel:
        """The same model, restricted to names with these labels. Without arguments, the model itself.

        Args:
            labels: whole labels, or for labels with several parts also some of the parts, such as ``female``.

        Raises:
            SettingsError: the model doesn't know such a label, or has no labels.

        >>> load("world-given").for_labels("Estonian").labels
        ('Estonian,female', 'Estonian,male')
        """
        for label in labels:
            check_types(label=label)
        if not labels:
            return self
        indexes: list[int] = []
        for label in labels:
            indexes += find_labels(label, self.labels, self.name)
        indexes = list(dict.fromkeys(indexes))
        return replace(
            self,
            beginnings=self.beginnings.only(indexes),
            labels=tuple(self.labels[index] for index in indexes),
        )

    @property
    def generator(self) -> Generator:
        """Draws names from the model's own distribution."""
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
        """The same with score rules, so that it can filter new names.

        For a blend, or a run that hasn't finished, the rules are measured once, in a second or two.
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
        """The longest unfiltered name, in characters, if no other limit is set: twice the list's longest name."""
        return default_max_length(self.metadata.longest_name)

    def generate(self, n: int = 20, **options: Unpack[Drawing]) -> list[str]:
        """Generate names that are new and distinct, in random order.

        Args:
            n: how many names to return.
            seed: the random seed. The same seed returns the same names.
            temperature: 1 draws from the model's own distribution; lower values prefer likely characters; 0 always
                takes the most likely one. The default is 1.
            top_k: draw only from the ``top_k`` most likely next characters.
            top_p: draw only from the most likely next characters whose probabilities add up to ``top_p``, at most 1.
            max_length: the longest name, in characters. The default is ``metadata.longest_name``, unfiltered
                ``default_max_length``, or more if a constraint needs it.
            allow_seen: also return names of the training list.
            allow_repeats: allow the same name more than once.
            unfiltered: draw from the model's own distribution. By default, new names are returned only if their score
                is in the top 1% (``core/generation/scoring.py``), and the best of the others if these are too few.
                ``allow_repeats`` implies ``unfiltered``.
            letter_case: ``original``, ``title``, ``upper`` or ``lower``. The default is ``title`` for companies and
                ``original`` for other names. Constraints are for names in their original case.
            options: constraints that every name satisfies, such as ``starts_with="Mc"``; see
                ``namegen.constraints.Constraints``.

        Raises:
            SettingsError: a value is out of range, or constraints contradict each other.
            GenerationError: there are fewer than ``n`` names; its ``found`` has those that were found.

        >>> load("mlb-last").generate(2, seed=1, starts_with="Mc")
        ['McCarley', 'McKenney']
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
        """Generate names in batches, as they are found, so that memory stays constant for any ``n``; see ``generate``.

        ``on_progress`` is called with events (``namegen.events.Searched``) that describe how far the search is.

        Raises:
            SettingsError: at once.
            GenerationError: after all names that were found.
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
        """The ``n`` most likely names, found by an exact search, in order.

        Args:
            n: how many names to return.
            options: constraints, and ``max_length``, ``letter_case``, ``allow_seen`` and ``allow_repeats`` of
                ``generate``.

        Raises:
            SettingsError: a value is out of range, or constraints contradict each other.
            GenerationError: there are fewer than ``n`` names, or finding them takes too long; its ``found`` has those
                that were found.

        >>> load("companies").most_likely(2, starts_with="B")
        ['Black Therapeutics, Inc.', 'Black Acquisition Corp.']
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
        """The same as one batch with log-probabilities. If there are fewer than ``n``, the error comes after it.

        ``on_progress`` is called with events (``namegen.events.Searched``) that describe how far the search is.
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
        """The log-probability of a name, letter by letter, compared with the names of the training list.

        Raises:
            NamesError: the name is empty, or contains characters that the model doesn't know.
        """
        check_types(name=name)
        names = [composed(name.strip())]
        if self.blended and not self.reads(names[0]):
            raise NamesError(
                f"no model of the blend knows every character of {quote(names[0])}: choose another name"
            )
        # The quantiles are those of the names of all labels.
        has_all_labels = len(self.labels) == len(self.metadata.labels)
        quantiles = self.metadata.score_quantiles if has_all_labels else None
        return score_names(self.model, self.vocabulary, names, quantiles, self.beginnings)[0]

    def label_probabilities(self, name: str) -> dict[str, float]:
        """The probability of each label for a name, highest first. The probabilities add up to 1.

        Raises:
            NamesError: the name is empty, or contains characters that the model doesn't know.
            SettingsError: the model has no labels.
        """
        check_types(name=name)
        if not self.labels:
            raise SettingsError(
                f"{self.name} has no labels: use a model of labelled names, such as world-given"
            )
        name = composed(name.strip())
        probabilities = label_probabilities(
            self.model, self.vocabulary, name, self.beginnings
        ).tolist()
        by_label = dict(zip(self.labels, probabilities, strict=True))
        return dict(sorted(by_label.items(), key=lambda item: (-item[1], item[0])))

    @property
    def list_name(self) -> str | None:
        """The name of its training list; None if the model doesn't store it."""
        return None if self.checkpoint is None else self.checkpoint.training.get("list")

    def learned_from(self, corpus: Corpus) -> bool:
        """Whether the model was trained on this list: it has the same number of names, and all of them are known."""
        known = self.metadata.known_names
        if self.checkpoint is None or self.checkpoint.training.get("names") != len(corpus.names):
            return False
        return known is None or bool(self.normalization.are_known(corpus.names, known).all())

    def longest(
        self, max_length: int | None, constraint_list: ConstraintList, *, unfiltered: bool
    ) -> int:
        """The longest name of a search, in characters: ``max_length``, or the default, or what a constraint needs."""
        if max_length is not None:
            return max_length
        usual = self.default_max_length if unfiltered else self.metadata.longest_name
        return max(usual, 2 * constraint_list.shortest)


def load(
    model: str | Path | RunResult | None = None, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Load a model: a built-in one, a run folder, a checkpoint, a ``.tflite``, or the result of ``train``.

    Args:
        model: the result of ``train``; or see ``find_model``.
        backend: the backend that computes it. The default is NumPy, or for networks with another architecture the
            backend that trained them. A ``.tflite`` always uses its own runtime.
        threads: of the backend.

    Raises:
        CheckpointError: there is no such model, its file is damaged, or the backend computes other values than the one
            that trained it.
        EngineError: the backend isn't installed, or doesn't know the architecture.

    >>> load("mlb-last").name
    'mlb-last'
    """
    check_types(backend=backend, threads=threads)
    checkpoint = getattr(
        model, "checkpoint", None
    )  # importing RunResult would load all of training
    if isinstance(checkpoint, Checkpoint):
        list_name = checkpoint.training["list"]
        return open_checkpoint(checkpoint, list_name, backend=backend, threads=threads)
    if not isinstance(model, str | Path | None):
        raise SettingsError(
            f"model is {shown(model)}: it must be a string, a path or the result of train()"
        )
    if isinstance(model, Path):
        model = os.path.join(os.curdir, model)  # a path never means a built-in model
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        from namegen.backends.tflite.runtime import TFLiteModel

        tflite = TFLiteModel.load(path, threads=threads)
        return _loaded(name, tflite, tflite.metadata)
    return open_checkpoint(read_checkpoint(path), name, backend=backend, threads=threads)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a run folder or a model file of any architecture that a backend here knows. Raises CheckpointError."""
    path = Path(path, MODEL_FILE) if is_folder(path, None) else Path(path)
    try:
        return read_model(path, find_architecture)
    except CheckpointError as error:
        Checkpoint.load(path, find_architecture)  # raises, unless only the known names are damaged
        raise CheckpointError(f"{error}, or remove it") from error


def open_checkpoint(
    checkpoint: Checkpoint, name: str, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Open a checkpoint with a backend; see ``load``."""
    return _loaded(
        name, open_network(checkpoint, name, backend=backend, threads=threads), checkpoint
    )


def _loaded(name: str, model: LanguageModel, metadata: Metadata) -> LoadedModel:
    """A loaded model, described by its metadata."""
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
    """Load a built-in model, even if there is a file with its name. Raises CheckpointError."""
    return open_checkpoint(read_checkpoint(shipped_path(name)), name)


def find_model(model: str | None) -> tuple[str, Path]:
    """Find the file of a MODEL argument: a run folder, a checkpoint, a ``.tflite``, or the name of a built-in model.

    The name of a built-in model always means that model, even if there is a file or folder with this name: write
    ``./companies`` for those.

    Args:
        model: None means the newest run under ``runs/``, or else the built-in ``taverns``.

    Returns:
        The model's name in messages, and its file.

    Raises:
        CheckpointError: there is no such model, or it can't be looked at.
    """
    if model is None:
        newest = _newest_run()
        if newest is None:
            return DEFAULT_MODEL, shipped_path(DEFAULT_MODEL)
        return str(newest.parent), newest
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(f"the model's name is empty: pass {MODELS_EXPECTED}")
    path = Path(model)
    if is_folder(path, CheckpointError):
        if not is_file(path / MODEL_FILE, CheckpointError):
            raise CheckpointError(
                f"the folder {model} has no {MODEL_FILE}: pass a run folder of `namegen train`, after its first epoch"
            )
        return model, path / MODEL_FILE
    if is_there(path, CheckpointError):
        return model, path
    raise _no_such_model(model)


def _no_such_model(model: str) -> CheckpointError:
    """The error for a model that doesn't exist, with the nearest name of a built-in model or a run."""
    runs = {path.parent.name: str(path.parent) for path in RUNS.glob(f"*/{MODEL_FILE}")}
    near = nearest(Path(model).name, [*SHIPPED, *sorted(runs)])
    if near is None:
        return CheckpointError(f"there is no model {quote(model, 200)}: expected {MODELS_EXPECTED}")
    suggestion = runs.get(near, near)
    return CheckpointError(
        f"there is no model {quote(model, 200)}: did you mean {suggestion}? Expected {MODELS_EXPECTED}"
    )


def _newest_run() -> Path | None:
    """The model under ``runs/`` that was written last, ignoring those that can't be looked at."""
    times: dict[Path, int] = {}
    for path in RUNS.glob(f"*/{MODEL_FILE}"):
        status = look(path, None)
        if status is not None:
            times[path] = status.st_mtime_ns
    return max(times, key=lambda path: times[path], default=None)


def _joined(sets: Iterable[KnownSet | None]) -> KnownSet | None:
    """The union of the sets; None if one of them is unknown."""
    known_sets = []
    for known_set in sets:
        if known_set is None:
            return None
        known_sets.append(known_set)
    return KnownSet.joined(known_sets)


def _joint_scorer(models: Sequence[LoadedModel], vocabulary: Vocabulary) -> Scorer | None:
    """Scores the names of a blend with the n-grams of every model and label; None if a model stores no n-grams."""
    sources = []
    for model in models:
        if model.scorer is None:
            return None
        indexes = model.scorer.labels(model.beginnings.ids).tolist()
        for source in model.scorer.sources:
            sources += [source.for_blend(vocabulary, index) for index in indexes]
    return Scorer(sources, first_label=vocabulary.size)


def blend(models: Sequence[LoadedModel], weights: Sequence[float] | None = None) -> LoadedModel:
    """Combine several models: each character is drawn from the weighted mean of their probabilities.

    A blend of two lists generates names that could be in either list. A name is new if none of the lists contains it.
    If a model doesn't store its known names (as a ``.tflite`` may not), new names can't be recognized.

    For a model of labelled names, all labels are used, or those chosen with ``LoadedModel.for_labels``.

    Args:
        models: two or more models. A character that one of them doesn't know is left to the others.
        weights: the weight of each model; they add up to 1. The default is equal weights.

    Raises:
        SettingsError: the weights don't fit the models.

    >>> from namegen.api import load
    >>> mixed = blend([load("mlb-first"), load("companies")], weights=[0.7, 0.3])
    >>> len(mixed.generate(5, seed=1))
    5
    """
    if not isinstance(models, Sequence) or not all(
        isinstance(model, LoadedModel) for model in models
    ):
        raise SettingsError(
            f"the models of a blend are {shown(models)}: expected a list of loaded models"
        )
    if weights is not None:
        are_numbers = isinstance(weights, Iterable) and all(
            isinstance(weight, Real) for weight in weights
        )
        if not are_numbers:
            raise SettingsError(
                f"{setting('weights')} is {shown(weights)}: expected a list of numbers"
            )
    single_models = []  # each with one start token
    start_tokens = []
    for model in models:
        single_model, start_token = as_one(model.model, model.beginnings)
        single_models.append(single_model)
        start_tokens.append([start_token])
    mixture = MixtureModel(
        single_models,
        [model.vocabulary for model in models],
        weights,
        beginnings=start_tokens,
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

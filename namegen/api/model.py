"""Load trained models, generate and score names with them, and combine several models into one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from namegen.backends.opening import find_architecture, open_network
from namegen.core.checkpoint.checkpoint import Checkpoint, read_model
from namegen.core.checkpoint.metadata import ListMetadata, Metadata
from namegen.core.data.corpus import Corpus
from namegen.core.data.label_parts import find_labels
from namegen.core.data.labels import StartTokens
from namegen.core.data.normalization import NAMES, KnownSet, Normalization, joint
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.scoring import NameScore, label_probabilities, score_names
from namegen.core.generation.generator import Generator
from namegen.core.generation.letter_case import title
from namegen.core.generation.name_batch import NameBatch
from namegen.core.generation.request import GenerationRequest, composed
from namegen.core.models.mixture import MixtureModel, as_one
from namegen.core.scoring.scorer import Scorer, scorer_of
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
from namegen.lists import BUNDLED, load_bundled
from namegen.lists.claimed import claimed_starts
from namegen.models import SHIPPED, shipped_path

if TYPE_CHECKING:
    from namegen.core.training.result import RunResult

RUNS = Path("runs")  # where the command line writes its runs
DEFAULT_MODEL = "taverns"
MODELS_EXPECTED = "a run folder, a .safetensors or .tflite file, or a built-in model (`namegen models` lists them)"
TFLITE_SUFFIX = ".tflite"


def check_string(name: str, value: object) -> None:
    """Raise SettingsError if an argument isn't a string."""
    if not isinstance(value, str):
        raise SettingsError(f"{setting(name)} is {shown(value)}: expected a string", field=name)


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model that generates and scores names."""

    name: str  #: the name or path that it was loaded from
    #: A backend's engine, or a ``.tflite`` file in its own runtime.
    model: LanguageModel = field(repr=False)
    metadata: ListMetadata = field(repr=False)
    #: The start tokens of its names: one token, or one for each label.
    start_tokens: StartTokens = field(repr=False)
    labels: tuple[str, ...] = ()  #: in the order of ``start_tokens``; () if the list had none
    scorer: Scorer | None = field(default=None, repr=False)  #: None if new names can't be scored
    #: Decides whether two names are the same.
    normalization: Normalization = field(default=NAMES, repr=False)
    lists: tuple[str, ...] = field(default=(), repr=False)  #: the names of its training lists
    blended: tuple[Vocabulary, ...] = field(default=(), repr=False)  #: of each model of a blend

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The checkpoint that the model was loaded from, or None for a ``.tflite`` file or a blend."""
        return self.metadata if isinstance(self.metadata, Checkpoint) else None

    @property
    def vocabulary(self) -> Vocabulary:
        """The characters that the model knows."""
        return self.metadata.vocabulary

    def reads(self, name: str) -> bool:
        """Return whether the model knows every character of a name. In a blend, one such model is enough."""
        vocabularies = self.blended or (self.vocabulary,)
        return any(not vocabulary.unknown(self.as_read(name)) for vocabulary in vocabularies)

    def for_labels(self, *labels: str) -> LoadedModel:
        """Return a model that only generates names with these labels. Without arguments, return the model itself.

        Args:
            labels: whole labels. For labels with several parts, a part such as ``female`` is enough.

        Raises:
            SettingsError: the model doesn't know such a label, or has no labels.

        >>> load("world-given").for_labels("Estonian").labels
        ('Estonian,female', 'Estonian,male')
        """
        if not labels:
            return self
        found: list[int] = []
        for label in labels:
            check_string("label", label)
            found += find_labels(label, self.labels, self.name)
        indexes = list(dict.fromkeys(found))
        return replace(
            self,
            start_tokens=self.start_tokens.only(indexes),
            labels=tuple(self.labels[index] for index in indexes),
        )

    @property
    def generator(self) -> Generator:
        """A generator that samples names from the model's own distribution."""
        is_built_in = self.list_name in BUNDLED
        return Generator(
            self.model,
            self.vocabulary,
            known_names=self.metadata.known_names,
            start_tokens=self.start_tokens,
            scorer=self.scorer,
            shortest=self.metadata.shortest_name,
            longest_name=self.metadata.longest_name,
            patterns=self.metadata.patterns,
            normalization=self.normalization,
            claimed=claimed_starts(*self.lists),
            read_list=self._read_list if is_built_in else None,
        )

    def _read_list(self) -> Sequence[str]:
        return load_bundled(str(self.list_name)).names

    @cached_property
    def filtering_generator(self) -> Generator:
        """A generator that filters new names by their scores.

        If the model has no rules for these scores, namegen measures them once, which takes a second or two. Blends and
        runs that haven't finished have no rules.
        """
        from namegen.core.generation.fitting import measure_rules

        generator = self.generator
        scorer = generator.scorer
        if scorer is None or scorer.rules:
            return generator
        measured = measure_rules(
            generator,
            shortest=self.metadata.shortest_name,
            longest=self.metadata.longest_name,
            rng=np.random.default_rng(0),
        )
        rules = () if measured is None else measured.rules
        scorer_with_rules = scorer.with_rules_of(self.start_tokens.ids, rules)
        return replace(generator, scorer=scorer_with_rules)

    @property
    def default_max_length(self) -> int:
        """The default maximum length of unfiltered names, which is twice the length of the longest name in the list."""
        return self.metadata.max_length

    def generate(self, n: int = 20, **options: Any) -> list[str]:
        """Generate distinct new names, in random order.

        Args:
            n: how many names to return.
            options: the options of ``GenerationRequest``, such as ``seed``, ``temperature``, ``max_length``,
                ``allow_seen``, ``unfiltered`` and ``letter_case``, and constraints that every name must satisfy, such
                as ``starts_with="Mc"``.

        Raises:
            SettingsError: a value is out of range, or constraints contradict each other.
            GenerationError: there are fewer than ``n`` names. The error's ``found`` contains the names that were found.

        >>> load("mlb-last").generate(2, seed=1, starts_with="Mc")
        ['McGinning', 'McCarley']
        """
        return gathered(batch.names for batch in self.generate_batches(n, **options))

    def generate_batches(
        self, n: int = 20, *, on_progress: ProgressCallback = ignore_progress, **options: Any
    ) -> Iterator[NameBatch]:
        """Generate names in batches, so that memory use stays constant for any ``n``.

        The arguments are the same as for ``generate``. In addition, ``on_progress`` is called with events that report
        the progress of the search (``namegen.events.Searched``).

        Raises:
            SettingsError: immediately, if a value is out of range or constraints contradict each other.
            GenerationError: after the last batch, if there are fewer than ``n`` names.
        """
        request = self._request(n, options)
        generator = self.generator if request.unfiltered else self.filtering_generator
        batches = generator.generate(request, on_progress=on_progress)
        return (batch.in_case(request.letter_case) for batch in batches)

    def most_likely(self, n: int = 20, **options: Any) -> list[str]:
        """Return the ``n`` most likely names, most likely first, using an exact search.

        Args:
            n: how many names to return.
            options: constraints, and the options ``max_length``, ``letter_case``, ``allow_seen`` and ``allow_repeats``
                of ``GenerationRequest``. The other options have no effect.

        Raises:
            SettingsError: a value is out of range, or constraints contradict each other.
            GenerationError: there are fewer than ``n`` names, or the search takes too long. The error's ``found``
                contains the names that were found.

        >>> load("companies").most_likely(2, starts_with="B")
        ['Black Therapeutics, Inc.', 'Black Acquisition Corp.']
        """
        return gathered(batch.names for batch in self.most_likely_batches(n, **options))

    def most_likely_batches(
        self, n: int = 20, *, on_progress: ProgressCallback = ignore_progress, **options: Any
    ) -> Iterator[NameBatch]:
        """Return the most likely names as one batch, with their log-probabilities.

        The arguments are the same as for ``most_likely``. In addition, ``on_progress`` is called with events that
        report the progress of the search (``namegen.events.Searched``). If there are fewer than ``n`` names, a
        GenerationError is raised after the batch.
        """
        request = self._request(n, options)
        batches = self.generator.most_likely(request, on_progress=on_progress)
        return (batch.in_case(request.letter_case) for batch in batches)

    def _request(self, n: int, options: Mapping[str, Any]) -> GenerationRequest:
        """Return a request with the defaults of this model.

        If the whole list was in lower case or in capitals, the model reads and returns names in title case.
        """
        request = GenerationRequest(n=n, **options)
        unfiltered = request.unfiltered or request.allow_repeats or self.scorer is None
        request = request.changed(unfiltered=unfiltered)
        if self.letter_case is None:
            return request
        return request.changed(
            starts_with=title(request.starts_with),
            contains=request.contains.lower(),
            ends_with=request.ends_with.lower(),
            matches=f"(?i){request.matches}" if request.matches else request.matches,
            letter_case=request.letter_case or self.letter_case,
        )

    @property
    def letter_case(self) -> str | None:
        """The default letter case of names: lower case or capitals if the whole list is; None for the usual one."""
        letter_case = self.metadata.letter_case
        return None if letter_case == "original" else letter_case

    def as_read(self, name: str) -> str:
        """Return a name as the model reads it: in title case if the whole list was in lower case or in capitals."""
        return name if self.letter_case is None else title(name)

    @cached_property
    def good_names(self) -> tuple[str, ...]:
        """The new names that reach the threshold of their score, the likeliest ones first.

        Models for games and stories have about 70 to 300 good names. For a large model, only the likeliest ones are
        listed. The first use takes up to a few seconds.

        >>> len(load("elves").good_names) > 100
        True
        """
        from namegen.api.good_names import find_good_names

        return tuple(find_good_names(self))

    def name_at(self, seed: int, index: int) -> str:
        """Return a good name by its index in a random order that depends on the seed.

        Different indexes give different names, and all of them reach the threshold. The JavaScript module returns the
        same names.

        Args:
            seed: a whole number, such as the number of a game's world.
            index: a whole number below ``len(good_names)``, such as the number of a character.

        Raises:
            GenerationError: there are fewer good names, or the model can't score names.

        >>> elves = load("elves")
        >>> len({elves.name_at(seed=7, index=index) for index in range(20)})
        20
        """
        from namegen.api.good_names import name_at

        return name_at(self, seed, index)

    def score(self, name: str) -> NameScore:
        """Return the log-probability of a name, letter by letter, and compare it with the names in the training list.

        Raises:
            NamesError: the name is empty, or contains characters that the model doesn't know.

        >>> round(load("mlb-last").score("Smith").log_probability)
        -7
        """
        check_string("name", name)
        name = self.as_read(composed(name.strip()))
        if self.blended and not self.reads(name):
            raise NamesError(
                f"none of the blend's models knows every character in {quote(name)}: choose another name"
            )
        # The quantiles are those of all labels together.
        has_all_labels = len(self.labels) == len(self.metadata.labels)
        quantiles = self.metadata.score_quantiles if has_all_labels else None
        [score] = score_names(self.model, self.vocabulary, [name], quantiles, self.start_tokens)
        return score

    def label_probabilities(self, name: str) -> dict[str, float]:
        """Return the probability of each label for a name, highest first. The probabilities add up to 1.

        Raises:
            NamesError: the name is empty, or contains characters that the model doesn't know.
            SettingsError: the model has no labels.
        """
        check_string("name", name)
        if not self.labels:
            raise SettingsError(
                f"{self.name} has no labels: use a model of labeled names, such as world-given"
            )
        name = self.as_read(composed(name.strip()))
        probabilities = label_probabilities(self.model, self.vocabulary, name, self.start_tokens)
        by_label = dict(zip(self.labels, probabilities.tolist(), strict=True))
        highest_first = sorted(by_label.items(), key=lambda item: (-item[1], item[0]))
        return dict(highest_first)

    @property
    def list_name(self) -> str | None:
        """The name of the training list, or None if the model doesn't store it."""
        if self.checkpoint is None:
            return None
        return self.checkpoint.training.get("list")

    def was_trained_on(self, corpus: Corpus) -> bool:
        """Return whether the model was trained on this list.

        The model has to know all names of the list, and its training list must have had the same number of names.
        """
        if self.checkpoint is None:
            return False
        if self.checkpoint.training.get("names") != len(corpus.names):
            return False
        known_names = self.metadata.known_names
        if known_names is None:
            return True
        return bool(self.normalization.are_known(corpus.names, known_names).all())


def load(
    model: str | Path | RunResult | None = None, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Load a built-in model, a run folder, a model file, or the result of ``train``.

    Args:
        model: the result of ``train``, or a name or path that ``find_model`` accepts.
        backend: the backend that runs the model. The default is NumPy if it supports the architecture, and otherwise
            the backend that trained the network. A ``.tflite`` file always uses its own runtime.
        threads: the number of threads that the backend uses.

    Raises:
        CheckpointError: there is no such model, its file is damaged, or the backend can't reproduce the results of the
            backend that trained the model.
        EngineError: the backend isn't installed, or doesn't support the architecture.

    >>> load("mlb-last").name
    'mlb-last'
    """
    if backend is not None:
        check_string("backend", backend)
    if not isinstance(threads, int):
        raise SettingsError(f"{setting('threads')} is {shown(threads)}: expected a whole number")
    # A RunResult is recognized by its checkpoint, because importing the class would load all training modules.
    checkpoint = getattr(model, "checkpoint", None)
    if isinstance(checkpoint, Checkpoint):
        list_name = checkpoint.training["list"]
        return open_checkpoint(checkpoint, list_name, backend=backend, threads=threads)
    if isinstance(model, Path):
        model = os.path.join(os.curdir, model)  # a path never refers to a built-in model
    if not isinstance(model, str | None):
        raise SettingsError(
            f"model is {shown(model)}: it must be a string, a path or the result of train()"
        )
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        from namegen.backends.tflite.runtime import TFLiteModel

        network = TFLiteModel.load(path, threads=threads)
        return _make_loaded_model(name, network, network.metadata)
    return open_checkpoint(read_checkpoint(path), name, backend=backend, threads=threads)


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a run folder or a model file. An installed backend must support the network's architecture.

    Raises:
        CheckpointError: the file doesn't exist or is damaged, or its architecture is unknown.
    """
    path = Path(path, MODEL_FILE) if is_folder(path, None) else Path(path)
    try:
        return read_model(path, find_architecture)
    except CheckpointError as error:
        Checkpoint.load(path, find_architecture)  # raises an error if the model itself is damaged
        # Only the file with the known names is damaged, and the model works without it.
        raise CheckpointError(f"{error}, or remove it") from error


def open_checkpoint(
    checkpoint: Checkpoint, name: str, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Open a checkpoint with a backend. The arguments and errors are the same as for ``load``."""
    model = open_network(checkpoint, name, backend=backend, threads=threads)
    return _make_loaded_model(name, model, checkpoint)


def _make_loaded_model(name: str, model: LanguageModel, metadata: Metadata) -> LoadedModel:
    """Create a LoadedModel from a network and the metadata in its file."""
    return LoadedModel(
        name,
        model,
        metadata,
        start_tokens=metadata.start_tokens,
        labels=tuple(label.name for label in metadata.labels),
        scorer=scorer_of(metadata),
        normalization=metadata.normalization,
        lists=(metadata.training.get("list", ""),),
    )


def load_shipped(name: str) -> LoadedModel:
    """Load a built-in model, even if a file has the same name.

    Raises:
        CheckpointError: there is no such model.
    """
    return open_checkpoint(read_checkpoint(shipped_path(name)), name)


def find_model(model: str | None) -> tuple[str, Path]:
    """Find the file of a model.

    The name of a built-in model always refers to that model. To use a file or folder with the same name, write its
    path, such as ``./companies``.

    Args:
        model: a run folder, a model file, or the name of a built-in model. None means the newest run in ``runs/``, or
            the built-in ``taverns`` if there are no runs.

    Returns:
        The model's name for messages, and the path of its file.

    Raises:
        CheckpointError: there is no such model, or its path can't be accessed.
    """
    run_models = list(RUNS.glob(f"*/{MODEL_FILE}"))
    if model is None:
        modified_at: dict[Path, int] = {}
        for run_model in run_models:
            status = look(run_model, None)
            if status is not None:  # models that can't be accessed are ignored
                modified_at[run_model] = status.st_mtime_ns
        if not modified_at:
            return DEFAULT_MODEL, shipped_path(DEFAULT_MODEL)
        newest = max(modified_at, key=lambda run_model: modified_at[run_model])
        return str(newest.parent), newest
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(f"the model's name is empty: pass {MODELS_EXPECTED}")
    path = Path(model)
    if is_folder(path, CheckpointError):
        path = path / MODEL_FILE
        if not is_file(path, CheckpointError):
            raise CheckpointError(
                f"the folder {model} has no {MODEL_FILE}: pass a run folder of `namegen train`, after its first epoch"
            )
        return model, path
    if is_there(path, CheckpointError):
        return model, path
    # There is no such model. Suggest a built-in model or a run with a similar name.
    problem = f"there is no model {quote(model, 200)}"
    run_folders = {run_model.parent.name: str(run_model.parent) for run_model in run_models}
    similar_name = nearest(path.name, [*SHIPPED, *sorted(run_folders)])
    if similar_name is None:
        raise CheckpointError(f"{problem}: expected {MODELS_EXPECTED}")
    suggestion = run_folders.get(similar_name, similar_name)
    raise CheckpointError(f"{problem}: did you mean {suggestion}? Expected {MODELS_EXPECTED}")


def blend(models: Sequence[LoadedModel], weights: Sequence[float] | None = None) -> LoadedModel:
    """Combine several models into one that samples each character from the weighted mean of their probabilities.

    A blend of two lists generates names that could be in either list. A name is new if none of the lists contains it.
    New names can't be recognized if one of the models doesn't store its known names, which is possible for ``.tflite``
    files.

    The blend uses all labels of each model, or only the labels that you choose with ``LoadedModel.for_labels``.

    Args:
        models: two or more models. If a model doesn't know a character, only the other models predict it.
        weights: the weight of each model. The weights must add up to 1, and are equal by default.

    Raises:
        SettingsError: the weights don't fit the models.

    >>> from namegen.api import load
    >>> mixed = blend([load("mlb-first"), load("companies")], weights=[0.7, 0.3])
    >>> len(mixed.generate(5, seed=1))
    5
    """
    is_sequence = isinstance(models, Sequence)
    if not is_sequence or not all(isinstance(model, LoadedModel) for model in models):
        raise SettingsError(
            f"the models of a blend are {shown(models)}: expected a list of loaded models"
        )
    is_iterable = isinstance(weights, Iterable | None)
    if not is_iterable or not all(isinstance(weight, Real) for weight in weights or ()):
        raise SettingsError(f"{setting('weights')} is {shown(weights)}: expected a list of numbers")
    # Each model has one start token in the blend, which stands for all of its labels.
    as_ones = [as_one(model.model, model.start_tokens) for model in models]
    mixture = MixtureModel(
        [network for network, _ in as_ones],
        [model.vocabulary for model in models],
        weights,
        start_tokens=[[start_token] for _, start_token in as_ones],
    )
    vocabulary = mixture.vocabulary
    # The blend has the n-grams of every model and label. If a model has none, new names can't be scored.
    scorer = None
    if all(model.scorer is not None for model in models):
        sources = []
        for model in models:
            assert model.scorer is not None
            label_indexes = model.scorer.labels(model.start_tokens.ids).tolist()
            for source in model.scorer.sources:
                sources += [source.for_blend(vocabulary, index) for index in label_indexes]
        scorer = Scorer(sources, first_label=vocabulary.size)
    # Patterns and known names are unknown if they are unknown for a model.
    patterns = [model.metadata.patterns for model in models]
    known_sets = [model.metadata.known_names for model in models]
    stored_sets = [known_names for known_names in known_sets if known_names is not None]
    are_known = len(stored_sets) == len(models)
    metadata = ListMetadata(
        vocabulary=vocabulary,
        longest_name=max(model.metadata.longest_name for model in models),
        shortest_name=min(model.metadata.shortest_name for model in models),
        patterns=tuple(sorted({*chain.from_iterable(patterns)})) if all(patterns) else (),
        known_names=KnownSet.joined(stored_sets) if are_known else None,
    )
    return LoadedModel(
        " and ".join(model.name for model in models),
        mixture,
        metadata,
        start_tokens=StartTokens.single(mixture.vocabulary_size),
        scorer=scorer,
        normalization=joint(model.normalization for model in models),
        lists=tuple(chain.from_iterable(model.lists for model in models)),
        blended=tuple(model.vocabulary for model in models),
    )

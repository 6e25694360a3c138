"""The few calls that a program needs: ``train`` a model, ``load`` one, ``evaluate`` it.

The command line and the reports use them too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Unpack

import numpy as np

from namegen.backends import load_engine
from namegen.config import Config, merge, read_config, write_config
from namegen.core.data.corpus import Corpus
from namegen.core.data.players import LINE
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics, ceiling
from namegen.core.evaluation.scoring import NameScore, score_names
from namegen.core.generation.generator import Generator, NameBatch
from namegen.core.generation.inventing import InventedPlayer, PlayerInventor
from namegen.core.generation.sampling import SamplingSettings
from namegen.core.generation.wishes.text import composed
from namegen.core.generation.wishes.wishlist import Wishlist
from namegen.core.network.checkpoint import KNOWN_NAMES, Checkpoint
from namegen.core.network.tensor_file import read_tensors
from namegen.core.training.run import (
    CONFIG_FILE,
    MODEL_FILE,
    NAMES_FILE,
    STATE_FILE,
    RunResult,
    TrainingRun,
)
from namegen.core.training.trainer import Listener
from namegen.errors import CheckpointError, NamesError, OutputError, SettingsError
from namegen.escaping import quote
from namegen.files import write_whole
from namegen.lists import BUNDLED, STANDARD_INPUT, read_names
from namegen.models import SHIPPED, shipped_path
from namegen.wishes import Wishes, make_wishes

RUNS = Path("runs")
DEFAULT_MODEL = "mlb-first"
TFLITE_SUFFIX = ".tflite"


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model, ready to generate and to be evaluated.

    Attributes:
        name: what it was asked for by.
        model: the LanguageModel: an engine with the model's parameters, or a ``.tflite`` in its own runtime.
        vocabulary: its characters.
        longest_name: characters of the longest name of the list that it was trained on.
        checkpoint: where it came from; None for a ``.tflite``, which carries the network alone.
    """

    name: str
    model: LanguageModel
    vocabulary: Vocabulary
    longest_name: int
    checkpoint: Checkpoint | None = None

    @property
    def generator(self) -> Generator:
        """Draws names from it."""
        known = None if self.checkpoint is None else self.checkpoint.known_names
        return Generator(self.model, self.vocabulary, known_names=known)

    @property
    def default_max_length(self) -> int:
        """Characters of the longest name that is given unless another limit is asked for: twice the list's longest."""
        return min(2 * self.longest_name, 1000)

    def generate(
        self,
        n: int = 20,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        **wishes: Unpack[Wishes],
    ) -> list[str]:
        """Invent names: new and distinct ones, in random order.

        Args:
            n: how many.
            seed: the same seed gives the same names.
            temperature: 1 is the model's own distribution; below it stays with what is likely, 0 takes the likeliest
                character each time.
            top_k: only the so many likeliest next characters.
            top_p: only the likeliest next characters that make up so much together, up to 1.
            max_length: characters of the longest name; left out, ``default_max_length`` (more where a wish needs it).
            allow_seen: names of the list that the model learned from, too.
            allow_repeats: the same name more than once.
            wishes: what each name must keep, such as ``starts_with="Mc"``; all of them: ``namegen.wishes.Wishes``.

        Raises:
            SettingsError: a value is out of its range, or wishes contradict each other.
            GenerationError: not so many can be found.
        """
        batches = self.generate_batches(
            n,
            seed=seed,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            max_length=max_length,
            allow_seen=allow_seen,
            allow_repeats=allow_repeats,
            **wishes,
        )
        return [name for batch in batches for name in batch.names]

    def generate_batches(
        self,
        n: int = 20,
        *,
        seed: int | None = None,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        **wishes: Unpack[Wishes],
    ) -> Iterator[NameBatch]:
        """Names in batches as they are found, so that memory stays flat however many are asked for; see ``generate``.

        Raises:
            SettingsError: at once.
            GenerationError: after those found have been given: there are no more.
        """
        wished = make_wishes(self.list_name, **wishes)
        sampling = SamplingSettings(temperature, top_k, top_p, self._longest(max_length, wished))
        if seed is not None and seed < 0:
            raise SettingsError(f"the seed is {seed}: expected a whole number of at least 0")
        return self.generator.generate(
            n,
            rng=np.random.default_rng(seed),
            sampling=sampling,
            wishes=wished,
            allow_seen=allow_seen,
            allow_repeats=allow_repeats,
        )

    def best(
        self,
        n: int = 20,
        *,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        **wishes: Unpack[Wishes],
    ) -> list[str]:
        """The n likeliest names, exactly, the likeliest first; the arguments are those of ``generate``.

        Raises:
            SettingsError: a value is out of its range, or wishes contradict each other.
            GenerationError: there are not so many, or finding them takes too long.
        """
        batches = self.best_batches(
            n, max_length=max_length, allow_seen=allow_seen, allow_repeats=allow_repeats, **wishes
        )
        return [name for batch in batches for name in batch.names]

    def best_batches(
        self,
        n: int = 20,
        *,
        max_length: int | None = None,
        allow_seen: bool = False,
        allow_repeats: bool = False,
        **wishes: Unpack[Wishes],
    ) -> Iterator[NameBatch]:
        """The same as one batch with log-probabilities; where there are fewer than n, the error comes after it."""
        from namegen.core.generation.best_first import likeliest

        wished = make_wishes(self.list_name, **wishes)
        return likeliest(
            self.generator,
            n,
            max_length=self._longest(max_length, wished),
            wishes=wished,
            allow_seen=allow_seen,
            allow_repeats=allow_repeats,
        )

    def score(self, name: str) -> NameScore:
        """How likely the model finds a name, letter by letter, and how that compares with the names of its list.

        Raises:
            NamesError: the name is empty, or has characters that the model does not know.
        """
        quantiles = None if self.checkpoint is None else self.checkpoint.score_quantiles
        return score_names(self.model, self.vocabulary, [composed(name.strip())], quantiles)[0]

    @property
    def list_name(self) -> str | None:
        """What its list was called when it was trained; None where it does not say."""
        return None if self.checkpoint is None else self.checkpoint.training.get("list")

    def _longest(self, max_length: int | None, wished: Wishlist) -> int:
        return max(self.default_max_length, 2 * wished.shortest) if max_length is None else max_length


def find_model(model: str | None) -> tuple[str, Path]:
    """What a MODEL argument stands for: a run folder, a checkpoint, a ``.tflite``, or a shipped model's name.

    A shipped model's name means that model even where a file or a folder has it too: give ``./companies`` for those.

    Args:
        model: None takes the newest run under ``runs/``, else the shipped ``mlb-first``.

    Returns:
        How to call it, and its file.

    Raises:
        CheckpointError: there is no such model; the message says what there is.
    """
    if model is None:
        runs = sorted(RUNS.glob(f"*/{MODEL_FILE}"), key=lambda path: path.stat().st_mtime_ns)
        return (str(runs[-1].parent), runs[-1]) if runs else (DEFAULT_MODEL, shipped_path(DEFAULT_MODEL))
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(
            "the name of the model is empty: give a run folder, a .safetensors or .tflite file, or one of "
            f"{', '.join(SHIPPED)}"
        )
    path = Path(model)
    if os.path.isdir(model):
        if not (path / MODEL_FILE).is_file():
            raise CheckpointError(
                f"the folder {model} holds no {MODEL_FILE}: give a run folder of namegen train, after its first epoch"
            )
        return model, path / MODEL_FILE
    if os.path.exists(model):  # False for what no path can be
        return model, path
    raise CheckpointError(
        f"there is no model {quote(model, 200)}: expected a run folder, a .safetensors or .tflite file, or one of "
        f"{', '.join(SHIPPED)}"
    )


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; digests that lie in a file of their own beside it are read too."""
    checkpoint = Checkpoint.load(path)
    beside = checkpoint.training.get("known_names_file")
    if checkpoint.known_names is None and isinstance(beside, str) and (path.parent / Path(beside).name).is_file():
        tensors, _ = read_tensors(path.parent / Path(beside).name)
        checkpoint = replace(checkpoint, known_names=tensors.get(KNOWN_NAMES))
    return checkpoint


def load(model: str | Path | RunResult | None = None, *, backend: str = "numpy", threads: int = 1) -> LoadedModel:
    """Load a model: a shipped one, a run folder, a checkpoint file, a ``.tflite``, or what ``train`` gave back.

    Args:
        model: the result of a training; or see ``find_model``.
        backend: the engine that reads it; a ``.tflite`` has its own runtime, whatever stands here.
        threads: for that engine.

    Raises:
        CheckpointError: no such model, or a damaged file. EngineError: the engine is missing.
    """
    if isinstance(model, RunResult):
        return open_checkpoint(model.checkpoint, model.checkpoint.training["list"], backend=backend, threads=threads)
    if isinstance(model, Path):  # a path is never a shipped model's name, though it may look like one
        model = os.path.join(os.curdir, model)
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        from namegen.backends.tflite.runtime import TFLiteModel

        tflite = TFLiteModel.load(path, threads=threads)
        return LoadedModel(name, tflite, tflite.vocabulary, tflite.longest_name)
    return open_checkpoint(load_checkpoint(path), name, backend=backend, threads=threads)


def open_checkpoint(checkpoint: Checkpoint, name: str, *, backend: str = "numpy", threads: int = 1) -> LoadedModel:
    """Give a checkpoint's network an engine; see ``load``."""
    engine = load_engine(backend)(checkpoint.network, None, threads=threads)
    engine.set_state(checkpoint.parameters)
    return LoadedModel(name, engine, checkpoint.vocabulary, checkpoint.longest_name, checkpoint)


def load_shipped(name: str) -> LoadedModel:
    """Load a model that comes with the package, whatever files of that name there may be. Raises CheckpointError."""
    return open_checkpoint(load_checkpoint(shipped_path(name)), name)


def load_player_inventor() -> PlayerInventor:
    """The shipped models of first and last names, and the players whose names must not come. Raises CheckpointError."""
    first, last = load_shipped("mlb-first"), load_shipped("mlb-last")
    lines = LINE.findall(BUNDLED["mlb-first"].path.read_text(encoding="utf-8"))
    return PlayerInventor(
        first.generator,
        last.generator,
        (name for name, *_ in lines),
        longest_first=first.default_max_length,
        longest_last=last.default_max_length,
    )


def invent_players(
    n: int = 25, *, seed: int | None = None, temperature: float = 1.0, inventor: PlayerInventor | None = None
) -> Iterator[list[InventedPlayer]]:
    """Invent players, in batches as they are found; see ``core/generation/inventing.py``.

    Args:
        n: how many.
        seed: the same seed gives the same players.
        temperature: below 1 stays with what is likely.
        inventor: what ``load_player_inventor`` gave, to load it once for several calls.

    Raises:
        CheckpointError, SettingsError: at once.
        GenerationError: after those found have been given: there are no more.
    """
    inventor = inventor or load_player_inventor()
    return inventor.generate(n, rng=np.random.default_rng(seed), temperature=temperature)


@dataclass(frozen=True)
class ListCeiling:
    """The best that any model can do on a list, and how large the list is."""

    metrics: Metrics
    names: int
    distinct_names: int
    distinct_prefixes: int  # the empty one included
    characters: int  # the boundary at the end of each name included

    def to_dict(self) -> dict[str, Any]:
        """The object of ``ceiling --json``."""
        sizes = {name: value for name, value in vars(self).items() if name != "metrics"}
        return {**self.metrics.to_dict(), **sizes}


def list_ceiling(corpus: Corpus) -> ListCeiling:
    """What a list allows: each of its prefixes predicts what follows it in this very list."""
    tree = PrefixTree.from_names(corpus.names, corpus.vocabulary)
    return ListCeiling(ceiling(tree), tree.names, tree.distinct_names, tree.nodes, tree.characters)


@dataclass(frozen=True)
class Evaluation:
    """How well a model predicts a list.

    Attributes:
        metrics: of the names that the model can read.
        ceiling: of the same names.
        names: how many they are.
        left_out: names with characters that the model does not know.
        model: what it was asked for by.
    """

    metrics: Metrics
    ceiling: Metrics
    names: int
    left_out: int
    model: str

    def to_dict(self) -> dict[str, Any]:
        """The object of ``evaluate --json``."""
        return {
            **self.metrics.to_dict(),
            "names": self.names,
            "left_out": self.left_out,
            "ceiling": self.ceiling.to_dict(),
            "model": self.model,
        }


def evaluate(model: LoadedModel, corpus: Corpus) -> Evaluation:
    """Measure a model on a list; names with characters that it does not know are left out, and counted.

    Raises:
        NamesError: no name is left.
    """
    unknown = set(model.vocabulary.unknown("".join(corpus.names)))
    names = [name for name in corpus.names if unknown.isdisjoint(name)] if unknown else corpus.names
    if not names:
        raise NamesError(
            f"{corpus.source}: every name has characters that {model.name} does not know: give a list in the script "
            "that it was trained on"
        )
    tree = PrefixTree.from_names(names, model.vocabulary)
    metrics = AccuracyEvaluator(model.model).evaluate(tree)
    return Evaluation(metrics, ceiling(tree), len(names), len(corpus.names) - len(names), model.name)


def train(
    names: Iterable[str] | Corpus | None = None,
    *,
    config: Config | None = None,
    backend: str | None = None,
    out: Path | str | None = None,
    listener: Listener | None = None,
    ready: Callable[[TrainingRun], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
    stdin: BinaryIO | None = None,
    save: bool = False,
) -> RunResult:
    """Train a network on names.

    Args:
        names: the names themselves; None: the list that the config names.
        config: all settings; the defaults without one.
        backend: ``numpy`` or ``keras``; overrides the config's.
        out: a folder that does not exist yet, for the model and its history.
        listener: who is told how it goes, see ``core/training/trainer.py``.
        ready: called with the run just before it starts: the list is read and split, the folder is there.
        stop: asked before every step; True stops training there, in a state that can be resumed.
        stdin: what the list ``-`` is read from.
        save: make a folder under ``runs/`` where ``out`` names none.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    config = merge(config or Config(), {"run.backend": backend})
    engine_class = load_engine(config.run.backend)
    if isinstance(names, str):  # it would be a list of its letters
        raise NamesError(f"names is the one string {names[:40]!r}: give a list of names")
    if isinstance(names, Corpus):
        corpus = names
    else:
        corpus = read_names(config.data, stdin) if names is None else Corpus.from_names(names, source="names")
    run = TrainingRun(
        corpus,
        config.data,
        config.network,
        config.training,
        engine_class,
        threads=config.run.threads,
        listener=listener,
        stop=stop,
    )
    if out is not None or save:
        run.folder = make_run_folder(out, corpus.source, config.run.backend)
        if names is not None or config.data.names == STANDARD_INPUT:  # a list that is nowhere else
            write_whole(run.folder / NAMES_FILE, "".join(f"{name}\n" for name in corpus.names).encode())
            data = replace(config.data, names=NAMES_FILE, column=None)
        else:
            data = replace(config.data, names=_lasting(config.data.names))
        resolved = replace(config, data=data, training=run.training)
        write_whole(run.folder / CONFIG_FILE, write_config(resolved).encode())
    ready(run)
    return run.run()


def resume(
    folder: Path | str,
    *,
    backend: str | None = None,
    epochs: int | None = None,
    listener: Listener | None = None,
    ready: Callable[[TrainingRun], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Go on with a run folder by its own ``config.toml``.

    Args:
        folder: what ``train`` made.
        backend: another engine goes on from the same state.
        epochs: more of them than before; not with the schedule one-cycle, whose rates depend on how many there are.
        listener: who is told how it goes.
        ready: called with the run just before it goes on.
        stop: asked before every step.

    Raises:
        NamegenError: see ``namegen/errors.py``; a list that has changed since is refused.
    """
    folder = Path(folder)
    if not (folder / STATE_FILE).is_file():
        raise CheckpointError(
            f"{folder} is not a run folder that can be resumed, it has no {STATE_FILE}: give a folder of namegen train"
        )
    config = read_config(folder / CONFIG_FILE)
    before = config.training.epochs or 0
    if epochs is not None and epochs != before:
        if config.training.schedule == "one-cycle":
            raise SettingsError(
                f"--epochs {epochs} cannot lengthen a run of {before} epochs with the schedule one-cycle: its rates "
                "depend on how many epochs there are, and those of the past are spent; train anew"
            )
        if epochs < before:
            raise SettingsError(f"--epochs is {epochs}: the run has {before} already, expected more")
    config = merge(config, {"run.backend": backend, "training.epochs": epochs})
    for left_over in folder.glob(".*.part"):  # of a process that was killed while it wrote
        left_over.unlink(missing_ok=True)
    data = config.data
    if data.names == NAMES_FILE:  # the list that lies in the folder itself, wherever that has been moved
        data = replace(data, names=str(folder / NAMES_FILE))
    run = TrainingRun(
        read_names(data),
        data,
        config.network,
        config.training,
        load_engine(config.run.backend),
        threads=config.run.threads,
        folder=folder,
        listener=listener,
        stop=stop,
    )
    run.resume(folder / STATE_FILE)
    write_whole(folder / CONFIG_FILE, write_config(config).encode())
    ready(run)
    return run.run()


def _lasting(names: str) -> str:
    """A list's name as it holds from any folder: a file by its whole path."""
    return names if names in BUNDLED else str(Path(names).absolute())


def make_run_folder(out: Path | str | None, source: str, backend: str) -> Path:
    """Make the folder of a new run: ``out``, or ``runs/LIST-BACKEND``, then ``-2``, ``-3``; never one that exists.

    Raises:
        OutputError: ``out`` exists, or the folder cannot be made.
    """
    try:
        if out is not None:
            folder = Path(out)
            folder.mkdir(parents=True)
            return folder
        stem = re.sub(r"[^\w.-]+", "-", Path(source).stem if "/" in source or "." in source else source).strip("-.")
        number = 1
        while True:
            folder = RUNS / (f"{stem or 'names'}-{backend}" + (f"-{number}" if number > 1 else ""))
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return folder
    except FileExistsError:
        also = f", or go on with --resume {out}" if (Path(out or RUNS) / STATE_FILE).is_file() else ""
        raise OutputError(f"{out} exists already: name a folder that does not{also}") from None
    except OSError as error:
        raise OutputError(
            f"cannot make the folder {out or RUNS}: {error.strerror}; choose another with --out"
        ) from error

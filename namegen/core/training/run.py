"""TrainingRun: one training from a list to a finished model, with the files of its run folder.

    model.safetensors   the best so far           config.toml   all settings, resolved
    state.safetensors   all that resuming needs   names.txt     the list, if it came from standard input
    history.csv         a line an epoch

Every file is written whole, ``state.safetensors`` last, at most every five seconds and at the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.data.digests import known_digests
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.data.repeats import lessons
from namegen.core.engine import Engine, EngineClass
from namegen.core.evaluation.counting import NgramModel
from namegen.core.evaluation.evaluator import AccuracyEvaluator
from namegen.core.evaluation.metrics import Metrics, ceiling
from namegen.core.generation.generator import Generator
from namegen.core.network.architecture import Network, initial_parameters
from namegen.core.network.checkpoint import KNOWN_NAMES, QUANTILES, Checkpoint
from namegen.core.network.engine_state import parameters_of
from namegen.core.network.tensor_file import write_tensors
from namegen.core.settings import DataSettings, NetworkSettings, TrainingSettings
from namegen.core.training.history import EpochRecord, history_csv
from namegen.core.training.run_state import load_state, save_state
from namegen.core.training.trainer import DIVERGED, Best, Listener, Progress, Trainer, diverged, resolve_training
from namegen.errors import CheckpointError, EngineError, NamesError, TrainingError
from namegen.files import write_whole
from namegen.types import Array, Float64

MODEL_FILE, STATE_FILE, HISTORY_FILE = "model.safetensors", "state.safetensors", "history.csv"
CONFIG_FILE, NAMES_FILE, KNOWN_NAMES_FILE = "config.toml", "names.txt", "known_names.safetensors"
SECONDS_BETWEEN_SAVES = 5.0
MOST_KNOWN_NAMES = 1_000_000  # distinct names whose digests a checkpoint carries; more go into a file of their own


@dataclass(frozen=True)
class ValidationPart:
    """The held-out names, and what they are to be compared with."""

    tree: PrefixTree
    ceiling: Metrics
    baseline: Metrics
    baseline_order: int
    baseline_damped: Metrics | None  # the same n-gram fitted on damped repeats, where the network reads those
    seen_percent: float  # of the held-out names, those that training sees too


@dataclass(frozen=True)
class RunResult:
    """A finished (or stopped) training: the best model and its figures."""

    checkpoint: Checkpoint
    backend: str
    seed: int
    epochs: int
    best_epoch: int
    seconds: float  # inside train_epoch and validation
    chars_per_second: float | None
    training: Metrics
    validation: Metrics | None
    part: ValidationPart | None
    history: tuple[EpochRecord, ...]
    out: Path | None
    finished: bool

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        validation = None
        if self.part is not None and self.validation is not None:
            validation = {
                **self.validation.to_dict(),
                "ceiling": self.part.ceiling.to_dict(),
                "baseline": {
                    **self.part.baseline.to_dict(),
                    "order": self.part.baseline_order,
                    "damped": None if self.part.baseline_damped is None else self.part.baseline_damped.to_dict(),
                },
                "seen_percent": self.part.seen_percent,
            }
        return {
            "out": None if self.out is None else str(self.out),
            "backend": self.backend,
            "seed": self.seed,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "chars_per_second": self.chars_per_second,
            "training": self.training.to_dict(),
            "validation": validation,
        }


class TrainingRun:
    """Everything of one training, put together: split, batches, engine, trainer, generator, files.

    Args:
        corpus: the list.
        data, network, training: the settings.
        engine_class: which engine trains; core does not know which there are.
        threads: for the engine.
        folder: where the files go; it must exist. None: nothing is written.
        listener, stop: see ``Trainer``.

    Raises:
        NamesError: too few names to split. EngineError: the engine lacks the cell. SettingsError: a wrong value.
    """

    def __init__(
        self,
        corpus: Corpus,
        data: DataSettings,
        network: NetworkSettings,
        training: TrainingSettings,
        engine_class: EngineClass,
        *,
        threads: int = 1,
        dtype: str = "float32",
        folder: Path | None = None,
        listener: Listener | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        if network.cell not in engine_class.cells:
            raise EngineError(
                f"the engine {engine_class.name} has no cell {network.cell}: choose one of "
                f"{', '.join(sorted(engine_class.cells))}, or another engine"
            )
        self.corpus, self.data, self.folder = corpus, data, folder
        self.vocabulary = corpus.vocabulary
        self.split = corpus.split(data.validation, data.split, training.seed)
        self.batches = BatchMaker(lessons(self.split.training, data), self.vocabulary)
        self.training = resolve_training(training, self.batches.names, network, damped=data.damps_repeats)
        self.network = Network(self.vocabulary.size, network.cell, network.hidden)
        self.known_names = known_digests(corpus.names)
        self._training_tree = PrefixTree.from_names(self.split.training, self.vocabulary)
        self._list_tree = PrefixTree.from_names(corpus.names, self.vocabulary)
        self.part = self._validation_part()
        self.engine = engine_class(self.network, self.training, threads=threads, dtype=dtype)
        rng = np.random.default_rng(
            [self.training.seed, 0, 2]
        )  # epoch e's order has [seed, e], its sample [seed, e, 1]
        self.engine.set_state(initial_parameters(self.network, network.init, rng=rng))
        self.generator = Generator(self.engine, self.vocabulary, known_names=self.known_names)
        self.progress = Progress()
        self.trainer = Trainer(
            self.engine,
            self.batches,
            None if self.part is None else self.part.tree,
            self.generator,
            self.training,
            listener=listener,
            stop=stop,
        )
        self._saved_best = 0  # the epoch whose parameters model.safetensors holds
        self._saved_at = time.monotonic()

    def _validation_part(self) -> ValidationPart | None:
        if not self.split.validation:
            return None
        tree = PrefixTree.from_names(self.split.validation, self.vocabulary)
        model, figures = NgramModel.best(self._training_tree, tree, self.vocabulary.size)
        damped = None
        if self.data.damps_repeats:
            damped = NgramModel.best(self.batches.tree, tree, self.vocabulary.size)[1]
        return ValidationPart(tree, ceiling(tree), figures, model.order, damped, self.split.seen_percent)

    def run(self) -> RunResult:
        """Train to the end, or until it is stopped; save on the way and at the end.

        Raises:
            TrainingError: the loss is no longer finite; what was saved before stays.
            OutputError: a file cannot be written.
        """
        self.save()  # so that a run that is killed at once can be resumed, too
        try:
            for progress in self.trainer.run(self.progress):
                if time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES and not self.trainer.finished(progress):
                    self.save()
        except TrainingError:
            self._save_best()  # its epoch was sound; the state is not, so the last one that was written stays
            raise
        result = self.result()
        self.save()
        return result

    def save(self) -> None:
        """Write the model (if there is a new best one), the history, and last the state."""
        if self.folder is None:
            return
        self._save_best()
        write_whole(self.folder / HISTORY_FILE, history_csv(self.progress.history).encode())
        save_state(self.folder / STATE_FILE, self.engine.get_state(), self.progress, self._identity())
        self._saved_at = time.monotonic()

    def _save_best(self) -> None:
        best = self.progress.best
        if self.folder is not None and best is not None and best.epoch != self._saved_best:
            self._checkpoint().save(self.folder / MODEL_FILE)
            self._saved_best = best.epoch

    def result(self) -> RunResult:
        """The best model with its figures; for a run that was stopped in its first epoch, the model as it stands."""
        progress = self.progress
        best = progress.best or Best(0, float("inf"), parameters_of(self.engine.get_state()))
        with _Borrowed(self.engine, best.parameters):
            evaluator = AccuracyEvaluator(self.engine)
            training = evaluator.evaluate(self._training_tree)
            validation = None if self.part is None else evaluator.evaluate(self.part.tree)
        if progress.best is not None and not training.loss_nats_per_char < DIVERGED:
            raise TrainingError(diverged(self.training, best.epoch))  # its last update may be the one that went astray
        checkpoint = self._checkpoint(training)
        if self.folder is not None and progress.best is not None:
            checkpoint.save(self.folder / MODEL_FILE)
            self._saved_best = best.epoch
        speeds = [self.batches.tree.characters / record.training_seconds for record in progress.history[1:]]
        return RunResult(
            checkpoint=checkpoint,
            backend=self.engine.name,
            seed=self.training.seed,
            epochs=progress.epoch,
            best_epoch=best.epoch,
            seconds=progress.seconds,
            chars_per_second=median(speeds) if speeds else None,
            training=training,
            validation=validation,
            part=self.part,
            history=tuple(progress.history),
            out=self.folder,
            finished=self.trainer.finished(progress),
        )

    def _checkpoint(self, training: Metrics | None = None) -> Checkpoint:
        """The best parameters with all that belongs to them. ``training``: figures on the training part, if known."""
        best, history = self.progress.best, self.progress.history
        parameters = parameters_of(self.engine.get_state()) if best is None else best.parameters
        record = None if best is None else history[best.epoch - 1]
        known = self.known_names if len(self.known_names) <= MOST_KNOWN_NAMES else None
        summary: dict[str, Any] = {
            "list": self.corpus.source,
            "names": len(self.corpus.names),
            "distinct_names": self._list_tree.distinct_names,
            "longest_name": self._list_tree.depth - 1,
            "split": self.data.split,
            "validation_share": self.data.validation,
            "backend": self.engine.name,
            "settings": _plain(asdict(self.training)),
            "seed": self.training.seed,
            "epochs": self.progress.epoch,
            "best_epoch": 0 if best is None else best.epoch,
            "training": None if training is None else training.to_dict(),
            "validation": None if record is None or record.validation is None else record.validation.to_dict(),
        }
        if known is None:
            summary["known_names_file"] = KNOWN_NAMES_FILE
            if self.folder is not None and not (self.folder / KNOWN_NAMES_FILE).exists():
                write_tensors(self.folder / KNOWN_NAMES_FILE, {KNOWN_NAMES: self.known_names}, {"kind": "known names"})
        return Checkpoint(self.network, self.vocabulary, parameters, summary, known, self._quantiles(parameters))

    def _quantiles(self, parameters: Mapping[str, Array]) -> Float64[Array, "101"]:
        """Percentiles of the log-probabilities of the list's names, repeats counted."""
        with _Borrowed(self.engine, parameters):
            scores = AccuracyEvaluator(self.engine).name_log_probabilities(self._list_tree)
        counts = self._list_tree.sequences()[2]
        order = np.argsort(scores)
        reached = np.cumsum(counts[order])
        wanted = np.linspace(0, reached[-1] - 1, QUANTILES).round()
        return scores[order][np.searchsorted(reached, wanted, side="right")]

    def _identity(self) -> dict[str, Any]:
        """What must be the same when the run goes on: all but the number of epochs, which may grow."""
        training = _plain(asdict(self.training))
        del training["epochs"]
        data = {name: value for name, value in asdict(self.data).items() if name not in ("names", "column")}
        return {
            "list": self.corpus.fingerprint,
            "list_name": self.corpus.source,  # how it was called; it may lie elsewhere by now
            "network": self.network.to_dict(),
            "training": training,
            "data": data,
        }

    def resume(self, path: Path) -> None:
        """Go on from a ``state.safetensors``: the next ``run`` continues as if there had been no pause.

        Raises:
            CheckpointError: the file is damaged, or belongs to another network or other settings.
            NamesError: the list has changed since.
        """
        engine_state, progress, identity = load_state(path)
        here = self._identity()
        if identity.get("list") != here["list"]:
            raise NamesError(
                f"the list {self.corpus.source} has changed since this run began, so it cannot go on: put the old list "
                "back, or train anew"
            )
        for part in ("network", "training", "data"):
            if identity.get(part) != here[part]:
                raise CheckpointError(
                    f"{path} was made with other settings [{part}] than the run's {CONFIG_FILE} has now: put the old "
                    "ones back, or train anew"
                )
        self.engine.set_state(engine_state)
        self.progress = progress
        self.corpus = replace(self.corpus, source=identity["list_name"])
        self._saved_best = 0


class _Borrowed:
    """Lets an engine hold other parameters for a while; afterwards it is, bit for bit, what it was."""

    def __init__(self, engine: Engine, parameters: Mapping[str, Array]) -> None:
        self._engine, self._parameters = engine, parameters

    def __enter__(self) -> None:
        self._state = self._engine.get_state()
        self._engine.set_state(self._parameters)

    def __exit__(self, *_: object) -> None:
        self._engine.set_state(self._state)


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """Tuples as the lists that JSON gives back, so that a document equals its reading."""
    return {
        key: [list(pair) for pair in value] if isinstance(value, tuple) else value for key, value in document.items()
    }

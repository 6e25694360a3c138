"""The end of a run: evaluate the best model, and measure how its new names are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import TrainingSummary
from namegen.core.checkpoint.score_rule import ScoreRule
from namegen.core.engine import Engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.evaluation.scoring import score_quantiles
from namegen.core.generation.fitting import measure_rules
from namegen.core.generation.scoring import scorer_of
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import EpochRecord, TrainingProgress
from namegen.core.training.trainer import DIVERGED, STOPS, divergence_message
from namegen.errors import TrainingError, engine_at_work
from namegen.events import Measuring, ProgressCallback
from namegen.types import Array

SCORING = (
    4  # keeps the random numbers for measuring scores apart from all others with the same seed
)


@dataclass(frozen=True)
class RunResult:
    """A run that has finished or was stopped: the best model and its results."""

    checkpoint: Checkpoint = field(repr=False)  #: the best model
    backend: str  #: the name of the backend that trained it
    seed: int
    epochs: int  #: how many were trained
    best_epoch: int  #: the epoch that the model is from
    seconds: float  #: inside train_epoch and validation
    #: The median speed of the epochs after the first; None if there are none.
    chars_per_second: float | None
    #: The model's results on each part of the list; None for a part that the list doesn't have.
    training: Metrics
    validation: Metrics | None
    test: Metrics | None
    #: What the results on held-out names are compared with, computed when needed; None without a validation set.
    references: HeldOutReferences | None = field(repr=False)
    history: tuple[EpochRecord, ...] = field(repr=False)
    out: Path | None  #: the run folder
    finished: bool  #: False if the run was stopped

    def to_dict(self) -> dict[str, object]:
        """Convert the results to plain values, for JSON."""
        return {
            "out": None if self.out is None else str(self.out),
            "backend": self.backend,
            "seed": self.seed,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "chars_per_second": self.chars_per_second,
            "training": self.training.to_dict(),
            "validation": self._validation_to_dict(),
            "test": self._test_to_dict(),
        }

    def _validation_to_dict(self) -> dict[str, object] | None:
        """Convert the results on the validation set, with the references that they're compared with."""
        if self.validation is None or self.references is None:
            return None
        return {**self.validation.to_dict(), **self.references.to_dict()}

    def _test_to_dict(self) -> dict[str, object] | None:
        """Convert the results on the test set, with the references that they're compared with."""
        if self.test is None:
            return None
        if self.references is None:
            return {**self.test.to_dict()}
        return {**self.test.to_dict(), **self.references.test_to_dict()}


@dataclass(frozen=True)
class _Evaluation:
    """The best model's results."""

    training: Metrics
    validation: Metrics | None
    test: Metrics | None
    quantiles: Array | None  # of the log-probabilities of the list's names

    def added_to(self, checkpoint: Checkpoint) -> Checkpoint:
        """Return a copy of a model with these results in its metadata."""
        summary: TrainingSummary = {**checkpoint.training, "training": self.training.to_dict()}
        if self.test is not None:
            summary["test"] = self.test.to_dict()
        return replace(checkpoint, training=summary, score_quantiles=self.quantiles)


def finish(
    prepared: PreparedTraining,
    progress: TrainingProgress,
    checkpoint: Checkpoint,
    *,
    out: Path | None,
    on_progress: ProgressCallback,
    should_stop: Callable[[], bool],
) -> RunResult:
    """Evaluate the best model on each part of the list, and measure how its new names are scored.

    Args:
        prepared: The run, as it started.
        progress: How far the run is.
        checkpoint: The best model, without its results on the list.
        out: The run folder.
        on_progress: Called with ``Measuring`` events.
        should_stop: Called before the names of each label are drawn. If it returns True, the measurement ends and the
            run counts as stopped. If it already returned True when the measurement began, it's ignored.

    Raises:
        TrainingError: The best epoch's last update made the network diverge.
    """
    on_progress(Measuring())
    rules = None
    with borrowed(prepared.engine, checkpoint.parameters):
        evaluation = _evaluate(prepared, _best_epoch(progress))
        if prepared.for_use:
            rules = _measure_scores(prepared, checkpoint, on_progress, should_stop)
    model = replace(evaluation.added_to(checkpoint), score_rules=rules or ())
    result = _collect_results(prepared, progress, model, evaluation, out)
    was_stopped = prepared.for_use and rules is None
    return replace(result, finished=False) if was_stopped else result


def _collect_results(
    prepared: PreparedTraining,
    progress: TrainingProgress,
    model: Checkpoint,
    evaluation: _Evaluation,
    out: Path | None,
) -> RunResult:
    """Put the result of a run together."""
    training = prepared.recipe.training
    return RunResult(
        checkpoint=model,
        backend=prepared.engine.name,
        seed=training.seed,
        epochs=progress.epoch,
        best_epoch=_best_epoch(progress),
        seconds=progress.seconds,
        chars_per_second=_speed(progress.history, prepared.batches.characters),
        training=evaluation.training,
        validation=evaluation.validation,
        test=evaluation.test,
        references=prepared.references,
        history=tuple(progress.history),
        out=out,
        finished=progress.finished(training),
    )


def _best_epoch(progress: TrainingProgress) -> int:
    """Return the best epoch so far; 0 if the first epoch isn't finished."""
    return 0 if progress.best is None else progress.best.epoch


def _evaluate(prepared: PreparedTraining, best_epoch: int) -> _Evaluation:
    """Evaluate the engine, which has the best parameters, on each part of the list."""
    parts = prepared.parts
    evaluator = AccuracyEvaluator(prepared.engine)
    training = evaluator.evaluate(parts.training)
    validation = None if parts.validation is None else evaluator.evaluate(parts.validation)
    test = None if parts.test is None else evaluator.evaluate(parts.test)
    has_diverged = not training.loss_nats_per_char < DIVERGED  # True for NaN
    if best_epoch and has_diverged:
        raise TrainingError(divergence_message(prepared.recipe.training, best_epoch))
    quantiles = score_quantiles(prepared.engine, parts.whole, parts.start_tokens)
    return _Evaluation(training, validation, test, quantiles)


def _measure_scores(
    prepared: PreparedTraining,
    checkpoint: Checkpoint,
    on_progress: ProgressCallback,
    should_stop: Callable[[], bool],
) -> tuple[ScoreRule, ...] | None:
    """Measure how new names are scored. Return None if the user stops it."""
    stop_check = _StopCheck(on_progress, should_stop, was_stopped_before=should_stop())
    seed = prepared.recipe.training.seed
    return measure_rules(
        replace(prepared.generator, scorer=scorer_of(checkpoint)),
        shortest=checkpoint.shortest_name,
        longest=checkpoint.longest_name,
        rng=np.random.default_rng([seed, 0, SCORING]),
        proceed=stop_check.can_proceed,
    )


@dataclass(frozen=True)
class _StopCheck:
    """Decides whether to draw the names of the next label."""

    on_progress: ProgressCallback
    should_stop: Callable[[], bool]
    was_stopped_before: bool  # if so, the user is waiting for the end of the run

    def can_proceed(self) -> bool:
        """Report progress, and check whether the user has stopped the run since the measurement started."""
        self.on_progress(Measuring())
        return self.was_stopped_before or not self.should_stop()


def _speed(history: Sequence[EpochRecord], characters: int) -> float | None:
    """Compute the median of the characters per second, without the first epoch, in which engines may compile."""
    seconds = [record.training_seconds for record in history[1:]]
    speeds = [characters / duration for duration in seconds if duration > 0]
    return median(speeds) if speeds else None


@contextmanager
def borrowed(engine: Engine, parameters: Mapping[str, Array]) -> Iterator[None]:
    """Let an engine compute with other parameters for a while, then restore its state, bit for bit."""
    with engine_at_work(engine.name, "while it was being evaluated", STOPS):
        state = engine.get_state()
        engine.set_state(parameters)
        try:
            yield
        finally:
            engine.set_state(state)

"""The end of a run: evaluate the best model, and measure how its new names are scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import numpy as np

from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import TrainingSummary
from namegen.core.engine import Engine
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.evaluation.scoring import score_quantiles
from namegen.core.generation.fitting import Measurement, measure_rules
from namegen.core.generation.letter_case import write
from namegen.core.scoring.scorer import scorer_of
from namegen.core.settings import TrainingSettings
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import EpochRecord, TrainingProgress
from namegen.errors import TrainingError, engine_at_work, setting
from namegen.events import Measuring, ProgressCallback
from namegen.types import Array

# Nats per character. Guessing costs log V, at most 14, so a network with this loss has diverged, even if it's finite.
DIVERGED = 1_000
STOPS = ", so training stops. The saved state is kept. Report this to the authors of the backend, or use another one"
# Keeps the random numbers for measuring scores apart from all others with the same seed.
SCORING = 4


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
    #: New names, and how many of the drawn names are in the list; None if the model isn't for generating names, or the
    #: measurement was stopped.
    drawn: Measurement | None = field(repr=False)
    out: Path | None  #: the run folder
    finished: bool  #: False if the run was stopped

    def to_dict(self) -> dict[str, object]:
        """Convert the results to plain values, for JSON. Results on held-out names include their references."""
        validation: dict[str, object] | None = None
        test: dict[str, object] | None = None
        if self.validation is not None and self.references is not None:
            validation = {**self.validation.to_dict(), **self.references.to_dict()}
        if self.test is not None:
            test = {**self.test.to_dict()}
            if self.references is not None:
                test |= self.references.test_to_dict()
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
            "test": test,
        }


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
    engine = prepared.engine
    parts = prepared.parts
    settings = prepared.recipe.training
    on_progress(Measuring())
    drawn = None
    with borrowed(engine, checkpoint.parameters):
        evaluator = AccuracyEvaluator(engine)
        training = evaluator.evaluate(parts.training)
        validation = None if parts.validation is None else evaluator.evaluate(parts.validation)
        test = None if parts.test is None else evaluator.evaluate(parts.test)
        has_diverged = not training.loss_nats_per_char < DIVERGED  # True for NaN
        if progress.best_epoch and has_diverged:
            raise diverged(settings, progress.best_epoch)
        quantiles = score_quantiles(engine, parts.whole, parts.start_tokens)
        if prepared.for_use:
            was_stopped_before = should_stop()  # the user is waiting for the end of the run

            def can_proceed() -> bool:
                on_progress(Measuring())
                return was_stopped_before or not should_stop()

            generator = replace(
                prepared.generator, scorer=scorer_of(checkpoint), patterns=checkpoint.patterns
            )
            drawn = measure_rules(
                generator,
                shortest=checkpoint.shortest_name,
                longest=checkpoint.longest_name,
                rng=np.random.default_rng([settings.seed, 0, SCORING]),
                proceed=can_proceed,
            )
            if drawn is not None:
                case = None if checkpoint.letter_case == "original" else checkpoint.letter_case
                names = [write(name, case, generator.normalization) for name in drawn.new_names]
                drawn = replace(drawn, new_names=tuple(names))

    summary: TrainingSummary = {**checkpoint.training, "training": training.to_dict()}
    if test is not None:
        summary["test"] = test.to_dict()
    # The median speed ignores the first epoch, in which engines may compile.
    seconds = [record.training_seconds for record in progress.history[1:]]
    characters = prepared.batches.characters
    speeds = [characters / duration for duration in seconds if duration > 0]
    return RunResult(
        checkpoint=replace(
            checkpoint,
            training=summary,
            score_quantiles=quantiles,
            score_rules=() if drawn is None else drawn.rules,
        ),
        backend=engine.name,
        seed=settings.seed,
        epochs=progress.epoch,
        best_epoch=progress.best_epoch,
        seconds=progress.seconds,
        chars_per_second=median(speeds) if speeds else None,
        training=training,
        validation=validation,
        test=test,
        references=prepared.references,
        history=tuple(progress.history),
        drawn=drawn,
        out=out,
        finished=progress.finished(settings) and (drawn is not None or not prepared.for_use),
    )


def diverged(training: TrainingSettings, epoch: int) -> TrainingError:
    """Return the error for a network that has diverged, with what to do.

    Args:
        training: The settings of the run.
        epoch: The epoch in which it diverged, counted from 1.
    """
    rates = [rate for _, rate in training.lr_steps] or [training.peak_learning_rate]
    return TrainingError(
        f"the loss is no longer a finite number, or much too large, in epoch {epoch}, so training stops. Train "
        f"again with a lower {setting('learning_rate')} than {max(rates):g}, or with {setting('clip_norm', 1)}"
    )


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

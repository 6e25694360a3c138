"""The last part of a training: what is made of its end, the figures of the best model and the model itself."""

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
from namegen.core.generation.fitting import measure_rules
from namegen.core.generation.scoring import scorer_of
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.progress import EpochRecord, TrainingProgress
from namegen.core.training.trainer import DIVERGED, STOPS, diverged
from namegen.errors import TrainingError, engine_at_work
from namegen.events import Measuring, ProgressCallback
from namegen.types import Array

PLAIN = (
    "backend",
    "seed",
    "epochs",
    "best_epoch",
    "seconds",
    "chars_per_second",
)  # fields that are JSON as they are


@dataclass(frozen=True)
class RunResult:
    """A finished (or stopped) training: the best model and its figures.

    Attributes:
        checkpoint: the best model.
        backend, seed: which engine trained it, and from which random numbers.
        epochs, best_epoch: how many were trained, and which of them gave the model.
        seconds: inside ``train_epoch`` and validation.
        chars_per_second: the median of the epochs after the first; None without one.
        training, validation, test: the model's figures on the parts of the list; None where nothing is held out.
        references: what the held-out figures stand beside, computed when asked for; None where nothing is held out.
        history: one record per epoch.
        out: the run folder; None where nothing was written.
        finished: whether it was trained to its end.
    """

    checkpoint: Checkpoint = field(repr=False)
    backend: str
    seed: int
    epochs: int
    best_epoch: int
    seconds: float
    chars_per_second: float | None
    training: Metrics
    validation: Metrics | None
    test: Metrics | None
    references: HeldOutReferences | None = field(repr=False)
    history: tuple[EpochRecord, ...] = field(repr=False)
    out: Path | None
    finished: bool

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        validation = test = None
        if self.references is not None and self.validation is not None:
            validation = {**self.validation.to_dict(), **self.references.to_dict()}
        if self.test is not None:
            test = {
                **self.test.to_dict(),
                **({} if self.references is None else self.references.test_to_dict()),
            }
        return {
            "out": None if self.out is None else str(self.out),
            **{name: getattr(self, name) for name in PLAIN},
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
        prepared: what was trained.
        progress: how far.
        checkpoint: the best model, without its figures on the list.
        out: the run folder.
        on_progress: told that it is measured.
        should_stop: asked before the names of each label are drawn; True leaves them unmeasured, so that the training
            has not finished, unless a stop had been asked for already.

    Raises:
        TrainingError: the last update of the best epoch was the one that went astray.
    """
    on_progress(Measuring())
    parts, engine, training = prepared.parts, prepared.engine, prepared.recipe.training
    with borrowed(engine, checkpoint.parameters):
        evaluator = AccuracyEvaluator(engine)
        figures = evaluator.evaluate(parts.training)
        validation, test = (
            None if part is None else evaluator.evaluate(part)
            for part in (parts.held_out, parts.test)
        )
        best_epoch = 0 if progress.best is None else progress.best.epoch
        if best_epoch and not figures.loss_nats_per_char < DIVERGED:
            raise TrainingError(diverged(training, best_epoch))
        quantiles = score_quantiles(engine, parts.whole, parts.beginnings)
        rules = None
        if prepared.for_use:
            stopped_before = should_stop()

            def proceed() -> bool:
                on_progress(Measuring())
                return stopped_before or not should_stop()

            rules = measure_rules(
                replace(prepared.generator, scorer=scorer_of(checkpoint)),
                shortest=checkpoint.shortest_name,
                longest=checkpoint.longest_name,
                rng=np.random.default_rng([training.seed, 0, 4]),
                proceed=proceed,
            )
    summary: TrainingSummary = {**checkpoint.training, "training": figures.to_dict()}
    if test is not None:
        summary["test"] = test.to_dict()
    characters = prepared.batches.characters
    speeds = [
        characters / one.training_seconds
        for one in progress.history[1:]
        if one.training_seconds > 0
    ]
    return RunResult(
        checkpoint=replace(
            checkpoint, training=summary, score_quantiles=quantiles, score_rules=rules or ()
        ),
        backend=engine.name,
        seed=training.seed,
        epochs=progress.epoch,
        best_epoch=best_epoch,
        seconds=progress.seconds,
        chars_per_second=median(speeds) if speeds else None,
        training=figures,
        validation=validation,
        test=test,
        references=prepared.references,
        history=tuple(progress.history),
        out=out,
        finished=progress.finished(training) and not (prepared.for_use and rules is None),
    )


@contextmanager
def borrowed(engine: Engine, parameters: Mapping[str, Array]) -> Iterator[None]:
    """Let an engine hold other parameters for a while; afterwards it is, bit for bit, what it was."""
    with engine_at_work(engine.name, "while it was being judged", STOPS):
        state = engine.get_state()
        engine.set_state(parameters)
        try:
            yield
        finally:
            engine.set_state(state)

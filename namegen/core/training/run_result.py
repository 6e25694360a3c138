"""RunResult: what comes of a training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from namegen.core.evaluation.evaluator import Metrics
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.training.history import EpochRecord


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
        history: a record an epoch.
        out: the run folder; None where nothing was written.
        finished: whether it was trained to its end.
    """

    checkpoint: Checkpoint
    backend: str
    seed: int
    epochs: int
    best_epoch: int
    seconds: float
    chars_per_second: float | None
    training: Metrics
    validation: Metrics | None
    test: Metrics | None
    references: HeldOutReferences | None
    history: tuple[EpochRecord, ...]
    out: Path | None
    finished: bool

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        validation = test = None
        if self.references is not None and self.validation is not None:
            validation = {**self.validation.to_dict(), **self.references.to_dict()}
        if self.test is not None:
            test = {**self.test.to_dict(), **({} if self.references is None else self.references.test_to_dict())}
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

"""Runs of a sweep that nobody had to train."""

from __future__ import annotations

from namegen.experiments.sweep.document import HeldOut, PartFigures, RunTiming, TrainedRun
from namegen.experiments.trained import History, PlainMetrics

EPOCHS = 3


def metrics(accuracy: float) -> PlainMetrics:
    return PlainMetrics(2.0, 2.9, accuracy, accuracy / 2)


def trained_run(rate: float, seed: int, accuracy: float) -> TrainedRun:
    """A run whose accuracy rises to what it is given by a tenth an epoch."""
    return TrainedRun(
        run=f"{rate}-{seed}",
        list="list.txt",
        backend="numpy",
        seed=seed,
        settings={"training.learning_rate": rate, "training.seed": seed},
        model=f"runs/{rate}-{seed}.safetensors",
        status="done",
        machine={"processor": "abacus", "cores": 2, "memory_gib": None, "system": "none"},
        versions={"numpy": "2.0", "keras": None},
        parameters=10,
        batch_size=4,
        epochs=EPOCHS,
        best_epoch=2,
        history=History(
            epoch=(1, 2, 3),
            seconds=(1.0 + seed, 2.0 + seed, 3.0 + seed),
            learning_rate=(rate,) * EPOCHS,
            training_loss_nats_per_char=(2.0,) * EPOCHS,
            validation_loss_nats_per_char=(2.0,) * EPOCHS,
            validation_accuracy_argmax=(accuracy - 0.2, accuracy - 0.1, accuracy),
            validation_accuracy_sampled=(accuracy / 2,) * EPOCHS,
        ),
        figures=PartFigures(metrics(accuracy), metrics(accuracy)),
        held_out=HeldOut(60, 400, 12.5, metrics(0.9), metrics(0.3), 3),
        timing=RunTiming(3.0, 1.0, 1000.0, 4.0),
        commit=None,
    )

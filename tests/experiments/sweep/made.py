"""Make runs of a sweep for tests, without training."""

from __future__ import annotations

from typing import Any

from namegen.core.settings import Config
from namegen.experiments.machine import Machine
from namegen.experiments.sweep.document import HeldOut, PartFigures, Results, Run, Trained
from namegen.experiments.trained import History, PlainMetrics

EPOCHS = 3
AXES: dict[str, tuple[Any, ...]] = {"training.learning_rate": (0.01, 0.03), "training.seed": (0, 1)}


def metrics(accuracy: float) -> PlainMetrics:
    return PlainMetrics(2.0, 2.9, accuracy, accuracy / 2)


def results_of(
    *runs: Run, axes: dict[str, tuple[Any, ...]] | None = None, left: int = 0
) -> Results:
    return Results("namegen sweep", 4, axes or AXES, Config(), left, (), {}, runs)


def some_run(rate: float, seed: int, **outcome: Any) -> Run:
    return Run(
        run=f"{rate}-{seed}",
        list="list.txt",
        backend="numpy",
        seed=seed,
        settings={"training.learning_rate": rate, "training.seed": seed},
        commit=None,
        **{"why": "", "model": None, "machine": None, "versions": {}, "trained": None, **outcome},
    )


def trained_run(
    rate: float, seed: int, accuracy: float, ceiling: PlainMetrics | None = None
) -> Run:
    """Make a run whose accuracy increases by 0.1 per epoch, up to the given value."""
    trained = Trained(
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
        held_out=HeldOut(60, 400, 12.5, ceiling or metrics(0.9), metrics(0.3), 3),
        seconds=3.0,
        chars_per_second=1000.0,
    )
    machine = Machine("abacus", 2, None, "none")
    versions = {"numpy": "2.0", "keras": None}
    model = f"runs/{rate}-{seed}.safetensors"
    return some_run(
        rate, seed, status="done", machine=machine, versions=versions, trained=trained, model=model
    )

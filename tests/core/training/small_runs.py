"""Create small runs for tests, stop them, and get their results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.preparation import prepare
from namegen.core.training.progress import EpochRecord
from namegen.core.training.trainer import Trainer
from namegen.lists import load_bundled

CORPUS = Corpus(load_bundled("mlb-first").names[:400], source="four hundred")


SHORT = TrainingSettings(
    quick=True, epochs=4, batch_size=32, lr_schedule="constant", learning_rate=0.01
)


def make_run(
    training: TrainingSettings = SHORT,
    data: DataSettings | None = None,
    corpus: Corpus = CORPUS,
    *,
    for_use: bool = False,
    **more: object,
) -> Trainer:
    recipe = Recipe(data or DataSettings(split="by-row"), NetworkSettings(hidden=(8,)), training)
    return Trainer(prepare(corpus, recipe, NumpyEngine, for_use=for_use), **more)


class After:
    """Request a stop after a number of steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


def states(run: Trainer) -> dict[str, np.ndarray]:
    return run.prepared.engine.get_state()


def untimed(history: list[EpochRecord]) -> list[EpochRecord]:
    return [replace(record, seconds=0.0, training_seconds=0.0) for record in history]

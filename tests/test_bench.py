"""Check the calculations of ``make bench``. The benchmarks themselves don't run here."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from benchmarks.document import median_interval
from benchmarks.trainers import SPEED_RATE
from benchmarks.trainers.namegen_trainer import NamegenTrainer
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.preparation import prepare
from namegen.core.training.trainer import Trainer

NAMES = ("Al", "Ali", "Al", "Bo", "Bob", "Al", "Cyrus", "Cy", "Bo")


@pytest.mark.parametrize("rounds", [6, 8, 9, 12])
def test_the_interval_of_a_median_has_95_percent_coverage(rounds: int) -> None:
    """No narrower interval covers 95%. The test counts all combinations of rounds below and above the median."""
    low, high = median_interval(range(rounds))
    below = np.array([sum(way) for way in product((0, 1), repeat=rounds)])
    wide, narrow = (
        np.mean((least <= below) & (below <= rounds - least)) for least in (low + 1, low + 2)
    )
    assert narrow < 0.95 <= wide
    assert high == rounds - 1 - low


def recipe(**training: float) -> Recipe:
    settings = TrainingSettings(
        quick=True,
        batch_size=4,
        epochs=1,
        lr_schedule="constant",
        learning_rate=SPEED_RATE,
        **training,
    )
    return Recipe(
        DataSettings(validation=0.0, split="by-row"),
        NetworkSettings(cell="gru", hidden=(5,)),
        settings,
    )


def test_the_benchmark_trains_exactly_like_a_real_run() -> None:
    """The parameters are equal bit for bit, even with dropout."""
    corpus, told = Corpus.from_names(NAMES), recipe(recurrent_dropout=0.25, output_dropout=0.1)
    trainer, prepared = NamegenTrainer(corpus, told), prepare(corpus, told, load_engine("numpy"))
    trainer.warm_up()
    trainer.epoch(0, lambda: SPEED_RATE)
    Trainer(prepared).run()
    expected = parameters_of(prepared.engine.get_state())
    assert all(
        np.array_equal(values, expected[name]) for name, values in trainer.get_parameters().items()
    )

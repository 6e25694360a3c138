"""Check the calculations of ``make bench``. The benchmarks themselves don't run here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from benchmarks.document import Comparison, Sharing, Variant, format_median, median_interval
from benchmarks.lists import sharing
from benchmarks.rounds import run_rounds
from benchmarks.trainers import SPEED_RATE
from benchmarks.trainers.namegen_trainer import NamegenTrainer
from namegen.backends import load_engine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings
from namegen.core.training.preparation import prepare
from namegen.core.training.run import TrainingRun

NAMES = ("Al", "Ali", "Al", "Bo", "Bob", "Al", "Cyrus", "Cy", "Bo")
SPEED = Comparison(
    "gru",
    "GRU 192, names, namegen batch 128",
    "characters a second",
    ("namegen",),
    (
        Variant("namegen", (200e3, 210e3, 150e3), start_seconds=0.04),
        Variant("PyTorch packed, batch 128", (100e3, 70e3, 60e3), "PyTorch packed", 1.0),
        Variant("PyTorch packed, batch 512", (50e3, 100e3, 90e3), "PyTorch packed", 1.0),
    ),
    (Sharing(128, 900, 600, 400),),
    {"namegen": 128},
    "PyTorch packed",
)
LOSS = Comparison(
    "loss-1s",
    "GRU 192, 1 s",
    "nats a character",
    ("namegen",),
    (
        Variant("namegen, batch 64", (2.3, 2.4), "namegen"),
        Variant("namegen, batch 128", (2.1, 2.2), "namegen"),
        Variant("JAX scan, batch 64", (2.3, 2.3)),
        Variant("PyTorch, batch 64", (2.0, 2.3)),
    ),
)


def test_the_best_setting_has_the_best_median() -> None:
    assert SPEED.best("PyTorch packed").name == "PyTorch packed, batch 512"
    assert LOSS.best("namegen").name == "namegen, batch 128"
    assert LOSS.best_rival.name == "PyTorch, batch 64"


def test_ratios_are_computed_for_each_round() -> None:
    """Losses are compared by their differences. The median of the ratios isn't the ratio of the medians."""
    times = SPEED.against("namegen", SPEED.best("PyTorch packed"))
    assert times == pytest.approx((4.0, 2.1, 150 / 90))
    assert format_median(times, "{:.1f}".format) == "2.1 (1.7–4.0)"
    assert median_interval([3, 1, 2, 5, 4]) == (1, 5)
    assert LOSS.against("namegen", LOSS.ways[2]) == pytest.approx((-0.2, -0.1))


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


def test_sharing_agrees_with_a_plain_loop() -> None:
    batches = BatchMaker.from_names(NAMES, Corpus.from_names(NAMES).vocabulary)
    order, characters, distinct, prefixes = (
        np.random.default_rng([0, 0]).permutation(len(NAMES)),
        0,
        0,
        0,
    )
    ranked = [sorted(set(NAMES)).index(name) for name in NAMES]
    for first in range(0, len(NAMES), 4):
        batch = [sorted(set(NAMES))[rank] for rank in np.array(ranked)[order][first : first + 4]]
        characters += sum(len(name) + 1 for name in batch)
        distinct += sum(len(name) + 1 for name in set(batch))
        prefixes += len({name[:end] for name in batch for end in range(len(name) + 1)})
    assert sharing(batches, 4) == Sharing(4, characters, distinct, prefixes)


def test_variants_take_turns_and_the_first_round_is_ignored() -> None:
    calls: list[tuple[str, int]] = []

    def way(name: str) -> Callable[[int], float]:
        return lambda number: calls.append((name, number)) or float(number)

    assert run_rounds({"a": way("a"), "b": way("b")}, 2) == {"a": (1.0, 2.0), "b": (1.0, 2.0)}
    assert calls == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]


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
    TrainingRun(prepared).run()
    expected = parameters_of(prepared.engine.get_state())
    assert all(
        np.array_equal(values, expected[name]) for name, values in trainer.get_parameters().items()
    )

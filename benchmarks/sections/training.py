"""Measure how fast namegen, PyTorch, JAX and Keras train the same network on the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.document import Comparison
from benchmarks.lists import FOURTH, count_sharing, load
from benchmarks.rounds import Benchmark
from benchmarks.trainers import BLOG, JAX, KERAS, NAMEGEN, TORCH, speed, trainers_of
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings

WHOLE_LIST = DataSettings(validation=0.0, split="by-row", duplicates="full")
CELL_NAMES = {"simple_rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
BatchSizes = Mapping[str, Sequence[int]]  # maps each library to the numbers of names per batch
WIDE: BatchSizes = {
    NAMEGEN: (64, 128, 512),
    TORCH: (64, 128, 512),
    JAX: (64, 128, 512),
    KERAS: (128, 512),
}
SMALL: BatchSizes = {
    NAMEGEN: (512, 2048, 8192),
    TORCH: (512, 2048, 8192),
    JAX: (128, 256, 512),
    KERAS: (512, 2048),
}


def gated(rounds: int) -> tuple[Comparison, ...]:
    """Train wide gated networks on distinct names."""
    return (
        compare(FOURTH, "gru", (192,), WIDE, rounds),
        compare(FOURTH, "lstm", (160,), WIDE, rounds),
    )


def small(rounds: int) -> tuple[Comparison, ...]:
    """Train two gated layers of 32 units on a list with few repeats."""
    return (
        compare("mlb-last", "gru", (32, 32), SMALL, rounds),
        compare("mlb-last", "lstm", (32, 32), SMALL, rounds),
    )


def plain(rounds: int) -> tuple[Comparison, ...]:
    """Train two plain layers of 32 units, the network of ``--quick``, on a list with many repeats."""
    return (compare("mlb-first", "simple_rnn", (32, 32), {**SMALL, BLOG: (1000,)}, rounds),)


def keras_engine(rounds: int) -> tuple[Comparison, ...]:
    """Train with the Keras backend and with Keras's ``fit``."""
    wide = {NAMEGEN: (128, 512), KERAS: (128, 512)}
    small = {NAMEGEN: (512, 2048), KERAS: (512, 2048)}
    return (
        compare(FOURTH, "gru", (192,), wide, rounds, backend="keras"),
        compare(FOURTH, "lstm", (160,), wide, rounds, backend="keras"),
        compare("mlb-first", "simple_rnn", (32, 32), small, rounds, backend="keras"),
    )


def compare(
    list_name: str,
    cell: str,
    hidden: tuple[int, ...],
    batch_sizes: BatchSizes,
    rounds: int,
    backend: str = "numpy",
) -> Comparison:
    """Train a network on a list with several libraries, each in all its forms and with several batch sizes.

    The values are characters per second.
    """
    corpus = load(list_name)
    has_repeated_names = len(set(corpus.names)) < len(corpus.names)
    benchmark = Benchmark()
    for library, sizes in batch_sizes.items():
        for form, trainer in trainers_of(library, backend).items():
            if "distinct" in form and not has_repeated_names:
                continue  # it would be the same as the padded form
            # The form that reads distinct names doesn't read every character, so it's in a group of its own.
            group = form if "distinct" in form else library
            for size in sizes:
                training = TrainingSettings(quick=True, batch_size=size)
                recipe = Recipe(WHOLE_LIST, NetworkSettings(cell=cell, hidden=hidden), training)
                prepare = partial(speed, partial(trainer, corpus, recipe))
                benchmark.add(f"{form}, batch {size}", prepare, group)

    widths = str(hidden[0]) if len(hidden) == 1 else f"{len(hidden)}×{hidden[0]}"
    comparison = Comparison(
        key=cell,
        title=f"{CELL_NAMES[cell]} {widths}, {list_name}",
        unit="characters a second",
        ways=benchmark.run(rounds),
        subject=NAMEGEN,
    )
    if TORCH not in batch_sizes:
        return comparison
    # Explain the lead over PyTorch, at namegen's fastest batch size.
    batch_size = int(comparison.best(NAMEGEN).name.rpartition(" ")[2])
    return replace(comparison, sharing=count_sharing(corpus, batch_size))

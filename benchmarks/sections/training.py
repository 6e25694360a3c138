"""Measure how fast namegen, PyTorch, JAX and Keras train the same network on the same names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.document import Comparison, Variant
from benchmarks.lists import FOURTH, load, sharing
from benchmarks.products import flop_per_epoch, prepare_product
from benchmarks.rounds import Benchmark, Measurement
from benchmarks.trainers import Trainer, speed
from namegen.core.data.batching import BatchMaker
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings

CELL_NAMES = {"simple_rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
WHOLE_LIST = DataSettings(validation=0.0, split="by-row", duplicates="full")
# The groups. The variants of a group differ only in their input and batch size, and the fastest represents the group.
NAMEGEN = "namegen"
KERAS = "Keras fit"
JAX = "JAX scan"
# This group processes every character of every name. The page explains namegen's lead over it.
TORCH = "PyTorch"
TORCH_DISTINCT = "PyTorch distinct"
LARGEST_PRODUCT = "1024×1024×1024"


@dataclass(frozen=True)
class TorchForm:
    """A form in which PyTorch can process names."""

    name: str
    group: str
    padded: bool = False
    distinct: bool = False  # process each different name of a batch once


TORCH_FORMS = (
    TorchForm("packed", TORCH),
    TorchForm("padded", TORCH, padded=True),
    TorchForm("distinct", TORCH_DISTINCT, padded=True, distinct=True),
)


class TrainingBenchmark(Benchmark):
    """The variants of training a network on a list. Their values are characters per second."""

    def __init__(self, list_name: str, cell: str, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.corpus = load(list_name)
        self.settings = NetworkSettings(cell=cell, hidden=hidden)
        self.network = RecurrentNetwork.from_settings(self.settings, self.corpus.vocabulary.size)
        self.batches = BatchMaker.from_names(self.corpus.names, self.corpus.vocabulary)
        self.network_name = f"{CELL_NAMES[cell]} {_format_widths(hidden)}"
        self.title = f"{self.network_name}, {list_name}"
        self.namegen_batch_sizes: dict[str, int] = {}  # by variant

    def add_namegen(self, batch_sizes: Sequence[int], *, backend: str = "numpy") -> None:
        """Add one of namegen's backends."""
        from benchmarks.trainers.namegen_trainer import NamegenTrainer

        for batch_size in batch_sizes:
            name = f"{NAMEGEN}, batch {batch_size}"
            settings = TrainingSettings(quick=True, batch_size=batch_size)
            recipe = Recipe(WHOLE_LIST, self.settings, settings)
            create = partial(NamegenTrainer, self.corpus, recipe, backend=backend)
            self.add(name, partial(_prepare_trainer, create), group=NAMEGEN)
            self.namegen_batch_sizes[name] = batch_size

    def add_torch(self, batch_sizes: Sequence[int]) -> None:
        """Add PyTorch in each form."""
        from benchmarks.trainers.torch_trainer import TorchTrainer

        for form in TORCH_FORMS:
            if form.distinct and not self.has_repeated_names:
                continue  # it would be the same as the padded form
            for batch_size in batch_sizes:
                name = f"PyTorch {form.name}, batch {batch_size}"
                create = self._with_names(
                    TorchTrainer,
                    batch_size=batch_size,
                    padded=form.padded,
                    distinct=form.distinct,
                )
                self.add(name, partial(_prepare_trainer, create), group=form.group)

    def add_jax(self, batch_sizes: Sequence[int]) -> None:
        """Add JAX."""
        from benchmarks.trainers.jax_trainer import JaxTrainer

        for batch_size in batch_sizes:
            name = f"{JAX}, batch {batch_size}"
            create = self._with_names(JaxTrainer, batch_size=batch_size)
            self.add(name, partial(_prepare_trainer, create), group=JAX)

    def _with_names(self, trainer: type[Trainer], **options: Any) -> Callable[[], Trainer]:
        """Return a function that creates another library's trainer for this network and list."""
        return partial(trainer, self.corpus.names, self.corpus.vocabulary, self.network, **options)

    def add_keras(self, batch_sizes: Sequence[int]) -> None:
        """Add Keras's ``fit``."""
        from benchmarks.train_keras import plain_keras

        for batch_size in batch_sizes:
            train_epoch = partial(
                plain_keras,
                self.corpus.names,
                self.corpus.vocabulary,
                batch_size,
                1,
                cell=self.settings.cell,
                hidden=self.settings.hidden,
            )
            name = f"{KERAS}, batch {batch_size}"
            self.add(name, partial(_prepare_keras, train_epoch), group=KERAS)

    def add_blog(self) -> None:
        """Add the training code of the blog post."""
        from benchmarks.train_keras import blog_keras

        train_epoch = partial(blog_keras, self.corpus.names, self.corpus.vocabulary, 1000, 1)
        self.add("the blog's way, 1,000 prefixes", partial(_prepare_keras, train_epoch))

    @property
    def has_repeated_names(self) -> bool:
        """Whether a name occurs more than once in the list."""
        return len(set(self.corpus.names)) < len(self.corpus.names)

    def comparison(self, variants: Sequence[Variant], key: str) -> Comparison:
        """Return the comparison of all variants, and how much namegen saves at its fastest batch size."""
        comparison = Comparison(
            key=key,
            title=self.title,
            unit="characters a second",
            subjects=(NAMEGEN,),
            ways=tuple(variants),
            rival=TORCH,
        )
        fastest = comparison.best(NAMEGEN)
        batch_size = self.namegen_batch_sizes[fastest.name]
        return replace(
            comparison,
            sharing=(sharing(self.batches, batch_size),),
            shares={NAMEGEN: batch_size},
        )


def _format_widths(hidden: tuple[int, ...]) -> str:
    """Format the widths of the layers, for example ``192`` or ``2×32``."""
    if len(hidden) == 1:
        return str(hidden[0])
    return f"{len(hidden)}×{hidden[0]}"


def _prepare_trainer(create: Callable[[], Trainer]) -> Measurement:
    """Create a trainer and prepare to measure its speed."""
    return speed(create())


def _prepare_keras(train_epoch: Callable[[], float]) -> Measurement:
    """Compile a function that trains for an epoch and returns its speed, and return it as a measurement."""
    train_epoch()  # the first call compiles

    def measure(_: int) -> float:
        return train_epoch()

    return measure


# --- the sections -----------------------------------------------------------------------------------------------------


def gated(rounds: int) -> tuple[Comparison, ...]:
    """Train wide gated networks on distinct names, and compare with the speed of matrix products."""
    return (*_gated("gru", 192, rounds), *_gated("lstm", 160, rounds))


def _gated(cell: str, width: int, rounds: int) -> tuple[Comparison, Comparison]:
    """Measure the training speed of a network, and the speed of the largest matrix product."""
    benchmark = TrainingBenchmark(FOURTH, cell, (width,))
    benchmark.add_namegen((64, 128, 512))
    benchmark.add_torch((64, 128, 512))
    benchmark.add_jax((64, 128, 512))
    benchmark.add_keras((128, 512))
    benchmark.add(LARGEST_PRODUCT, partial(prepare_product, 1024, 1024, 1024))
    *trained, largest_product = benchmark.run(rounds)
    training = benchmark.comparison(trained, key=cell)
    return training, _products_comparison(benchmark, training, largest_product)


def _products_comparison(
    benchmark: TrainingBenchmark, training: Comparison, largest_product: Variant
) -> Comparison:
    """Compare the arithmetic speed of namegen's training with the speed of the largest matrix product."""
    each_prefix = _arithmetic_speed(benchmark, training, "each prefix", once_per_state=False)
    family_once = _arithmetic_speed(benchmark, training, "family once", once_per_state=True)
    return Comparison(
        key=f"{training.key}-products",
        title=f"{benchmark.network_name}: products in single precision, one core",
        unit="GFLOP/s",
        subjects=(each_prefix.name, family_once.name),
        ways=(each_prefix, family_once, replace(largest_product, start_seconds=None)),
        rival=LARGEST_PRODUCT,
    )


def _arithmetic_speed(
    benchmark: TrainingBenchmark,
    training: Comparison,
    counting_method: str,
    *,
    once_per_state: bool,
) -> Variant:
    """Convert namegen's best training speed to GFLOP/s."""
    flop = flop_per_epoch(
        benchmark.network,
        benchmark.batches,
        training.shares[NAMEGEN],
        once_per_state=once_per_state,
    )
    characters = benchmark.batches.tree.characters
    values = []
    for characters_per_second in training.best(NAMEGEN).values:
        epochs_per_second = characters_per_second / characters
        values.append(epochs_per_second * flop / 1e9)
    return Variant(f"training, {counting_method}", tuple(values))


def small(rounds: int) -> tuple[Comparison, ...]:
    """Train two gated layers of 32 units on a list with few repeats."""
    return (_small("gru", rounds), _small("lstm", rounds))


def _small(cell: str, rounds: int) -> Comparison:
    benchmark = TrainingBenchmark("mlb-last", cell, (32, 32))
    benchmark.add_namegen((512, 2048, 8192))
    benchmark.add_torch((512, 2048, 8192))
    benchmark.add_jax((128, 256, 512))
    benchmark.add_keras((512, 2048))
    return benchmark.comparison(benchmark.run(rounds), key=cell)


def plain(rounds: int) -> tuple[Comparison, ...]:
    """Train two plain layers of 32 units, the network of ``--quick``, on a list with many repeats."""
    benchmark = TrainingBenchmark("mlb-first", "simple_rnn", (32, 32))
    benchmark.add_namegen((512, 2048, 8192))
    benchmark.add_blog()
    benchmark.add_torch((512, 2048, 8192))
    benchmark.add_jax((128, 256, 512))
    benchmark.add_keras((512, 2048))
    return (benchmark.comparison(benchmark.run(rounds), key="rnn"),)


def keras_engine(rounds: int) -> tuple[Comparison, ...]:
    """Train with the Keras backend and with Keras's ``fit``."""
    return (
        _keras_engine(TrainingBenchmark(FOURTH, "gru", (192,)), (128, 512), rounds),
        _keras_engine(TrainingBenchmark(FOURTH, "lstm", (160,)), (128, 512), rounds),
        _keras_engine(TrainingBenchmark("mlb-first", "simple_rnn", (32, 32)), (512, 2048), rounds),
    )


def _keras_engine(
    benchmark: TrainingBenchmark, batch_sizes: Sequence[int], rounds: int
) -> Comparison:
    benchmark.add_namegen(batch_sizes, backend="keras")
    benchmark.add_keras(batch_sizes)
    return Comparison(
        key=benchmark.settings.cell,
        title=benchmark.title,
        unit="characters a second",
        subjects=(NAMEGEN,),
        ways=benchmark.run(rounds),
    )

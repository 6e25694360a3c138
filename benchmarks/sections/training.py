"""The speed of training: namegen, PyTorch, JAX and Keras on the same names with the same network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.document import Comparison, Sharing, Way
from benchmarks.lists import FOURTH, load, sharing
from benchmarks.products import flop_per_epoch, product
from benchmarks.rounds import Contest, Turn
from benchmarks.trainers import Trainer, speed
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import DataSettings, NetworkSettings, Recipe, TrainingSettings

CELL_NAMES = {"simple_rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
WHOLE_LIST = DataSettings(validation=0.0, split="by-row", duplicates="full")
# The ways of a group differ only in their input and batch size, and the fastest represents the group. The page explains
# the lead over the group of PyTorch that reads every character of every name.
NAMEGEN, FIT = "namegen", "Keras fit"
EVERY_CHARACTER, DISTINCT, JAX = "PyTorch", "PyTorch distinct", "JAX scan"
FORMS: dict[str, dict[str, bool]] = {
    "packed": {},
    "padded": {"padded": True},
    "distinct": {"padded": True, "distinct": True},
}
LARGEST_PRODUCT = "1024×1024×1024"
Entry = Callable[[], Turn]  # prepares a way


class Work:
    """A network and a list, and the ways to train the network on it."""

    def __init__(self, of_list: str, cell: str, hidden: tuple[int, ...]) -> None:
        self.corpus: Corpus = load(of_list)
        self.settings = NetworkSettings(cell=cell, hidden=hidden)
        self.network = RecurrentNetwork.from_settings(self.settings, self.corpus.vocabulary.size)
        self.batches = BatchMaker.from_names(self.corpus.names, self.corpus.vocabulary)
        widths = f"{len(hidden)}×{hidden[0]}" if len(hidden) > 1 else str(hidden[0])
        self.network_name = f"{CELL_NAMES[cell]} {widths}"
        self.title = f"{self.network_name}, {of_list}"

    def namegen(self, batch_size: int, *, backend: str = "numpy") -> Entry:
        """Prepare training with one of namegen's backends."""
        from benchmarks.trainers.namegen_trainer import NamegenTrainer

        recipe = Recipe(
            WHOLE_LIST,
            self.settings,
            TrainingSettings(quick=True, batch_size=batch_size),
        )
        return lambda: speed(NamegenTrainer(self.corpus, recipe, backend=backend))

    def rival(self, kind: type[Trainer], batch_size: int, **form: bool) -> Entry:
        """Prepare training with another library."""
        names, vocabulary = self.corpus.names, self.corpus.vocabulary
        return lambda: speed(kind(names, vocabulary, self.network, batch_size=batch_size, **form))

    def enter_namegen(
        self, contest: Contest, batch_sizes: tuple[int, ...], *, backend: str = "numpy"
    ) -> None:
        """Enter namegen with some batch sizes, of which the fastest counts."""
        for batch_size in batch_sizes:
            contest.enter(
                f"{NAMEGEN}, batch {batch_size}",
                self.namegen(batch_size, backend=backend),
                group=NAMEGEN,
            )

    def enter_rivals(
        self,
        contest: Contest,
        *,
        torch: tuple[int, ...],
        jax: tuple[int, ...],
        keras: tuple[int, ...],
    ) -> None:
        """Enter PyTorch in each form, JAX and Keras ``fit``, each with some batch sizes."""
        from benchmarks.trainers.jax_trainer import JaxTrainer
        from benchmarks.trainers.torch_trainer import TorchTrainer

        for name, form in FORMS.items():
            if name == "distinct" and len(set(self.corpus.names)) == len(self.corpus.names):
                continue  # it would be the padded form
            group = DISTINCT if name == "distinct" else EVERY_CHARACTER
            for size in torch:
                contest.enter(
                    f"PyTorch {name}, batch {size}",
                    self.rival(TorchTrainer, size, **form),
                    group=group,
                )
        for size in jax:
            contest.enter(f"{JAX}, batch {size}", self.rival(JaxTrainer, size), group=JAX)
        for size in keras:
            contest.enter(f"{FIT}, batch {size}", self.plain_keras(size), group=FIT)

    def plain_keras(self, batch_size: int) -> Entry:
        """Prepare training with Keras ``fit``."""
        from benchmarks.train_keras import plain_keras

        names, vocabulary, settings = self.corpus.names, self.corpus.vocabulary, self.settings

        def turn(_: int) -> float:
            return plain_keras(
                names, vocabulary, batch_size, 1, cell=settings.cell, hidden=settings.hidden
            )

        return lambda: compiled(turn)

    def sharing(self, *batch_sizes: int) -> tuple[Sharing, ...]:
        """Return how much repeats and common prefixes save in batches of some sizes."""
        return tuple(sharing(self.batches, batch_size) for batch_size in batch_sizes)


def compiled(turn: Turn) -> Turn:
    """Run a turn once, so that it's compiled, and return it."""
    turn(0)
    return turn


def gated(rounds: int) -> tuple[Comparison, ...]:
    """Train wide gated networks on distinct names, and compare with the speed of matrix products."""
    return tuple(
        comparison
        for cell, width in (("gru", 192), ("lstm", 160))
        for comparison in _gated(Work(FOURTH, cell, (width,)), rounds)
    )


def _gated(work: Work, rounds: int) -> tuple[Comparison, Comparison]:
    sizes = (64, 128, 512)
    contest = Contest()
    work.enter_namegen(contest, sizes)
    work.enter_rivals(contest, torch=sizes, jax=sizes, keras=(128, 512))
    contest.enter(LARGEST_PRODUCT, lambda: product(1024, 1024, 1024))
    *trained, largest = contest.run(rounds)
    training = _training(work, trained, sizes)
    batch_size = training.shares[NAMEGEN]
    characters_per_second = training.best(NAMEGEN).values
    operations = {
        f"training, {name}": flop_per_epoch(
            work.network, work.batches, batch_size, once_a_family=once_a_family
        )
        for name, once_a_family in (("each prefix", False), ("family once", True))
    }
    characters = work.batches.tree.characters
    achieved = tuple(
        Way(name, tuple(value / characters * flop / 1e9 for value in characters_per_second))
        for name, flop in operations.items()
    )
    products = Comparison(
        f"{work.settings.cell}-products",
        f"{work.network_name}: products in single precision, one core",
        "GFLOP/s",
        tuple(operations),
        (*achieved, replace(largest, start_seconds=None)),
        rival=LARGEST_PRODUCT,
    )
    return training, products


def _training(work: Work, ways: Sequence[Way], sizes: tuple[int, ...]) -> Comparison:
    """The comparison of a training, with what namegen shares at its fastest batch size."""
    comparison = Comparison(
        work.settings.cell,
        work.title,
        "characters a second",
        (NAMEGEN,),
        tuple(ways),
        rival=EVERY_CHARACTER,
    )
    size_of_name = {f"{NAMEGEN}, batch {size}": size for size in sizes}
    fastest = size_of_name[comparison.best(NAMEGEN).name]
    return replace(comparison, sharing=work.sharing(fastest), shares={NAMEGEN: fastest})


def small(rounds: int) -> tuple[Comparison, ...]:
    """Train two gated layers of 32 units on a list with few repeats."""
    sizes = (512, 2048, 8192)
    comparisons = []
    for cell in ("gru", "lstm"):
        work = Work("mlb-last", cell, (32, 32))
        contest = Contest()
        work.enter_namegen(contest, sizes)
        work.enter_rivals(contest, torch=sizes, jax=(128, 256, 512), keras=(512, 2048))
        comparisons.append(_training(work, contest.run(rounds), sizes))
    return tuple(comparisons)


def plain(rounds: int) -> tuple[Comparison, ...]:
    """Train two plain layers of 32 units, the network of ``--quick``, on a list with many repeats."""
    from benchmarks.train_keras import blog_keras  # here: the other sections load no TensorFlow

    work = Work("mlb-first", "simple_rnn", (32, 32))
    sizes = (512, 2048, 8192)
    contest = Contest()
    work.enter_namegen(contest, sizes)

    def blog(_: int) -> float:
        return blog_keras(work.corpus.names, work.corpus.vocabulary, 1000, 1)

    contest.enter("the blog's way, 1,000 prefixes", lambda: compiled(blog))
    work.enter_rivals(contest, torch=sizes, jax=(128, 256, 512), keras=(512, 2048))
    return (replace(_training(work, contest.run(rounds), sizes), key="rnn"),)


def keras_engine(rounds: int) -> tuple[Comparison, ...]:
    """Train with the Keras backend and with plain ``fit``."""
    comparisons = []
    for list_name, cell, hidden, sizes in (
        (FOURTH, "gru", (192,), (128, 512)),
        (FOURTH, "lstm", (160,), (128, 512)),
        ("mlb-first", "simple_rnn", (32, 32), (512, 2048)),
    ):
        work = Work(list_name, cell, hidden)
        contest = Contest()
        work.enter_namegen(contest, sizes, backend="keras")
        work.enter_rivals(contest, torch=(), jax=(), keras=sizes)
        ways = contest.run(rounds)
        comparisons.append(Comparison(cell, work.title, "characters a second", (NAMEGEN,), ways))
    return tuple(comparisons)

"""Training: characters a second of namegen beside PyTorch, JAX and Keras on the same names, the same network."""

from __future__ import annotations

from collections.abc import Callable
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
# Ways of one group are the same but for form and batch size; the fastest stands for it. The lead is explained against
# PyTorch where it reads every character of every name.
EVERY_CHARACTER, DISTINCT, JAX = "PyTorch", "PyTorch distinct", "JAX scan"
FORMS: dict[str, dict[str, bool]] = {
    "packed": {},
    "padded": {"padded": True},
    "distinct": {"padded": True, "distinct": True},
}
Entry = Callable[[], Turn]  # makes a way ready


class Work:
    """A network on a list, and the ways of training it."""

    def __init__(self, of_list: str, cell: str, hidden: tuple[int, ...]) -> None:
        self.corpus: Corpus = load(of_list)
        self.settings = NetworkSettings(cell=cell, hidden=hidden)
        self.network = RecurrentNetwork.from_settings(self.settings, self.corpus.vocabulary.size)
        self.batches = BatchMaker.from_names(self.corpus.names, self.corpus.vocabulary)
        widths = f"{len(hidden)}×{hidden[0]}" if len(hidden) > 1 else str(hidden[0])
        self.network_name = f"{CELL_NAMES[cell]} {widths}"
        self.title = f"{self.network_name}, {of_list}"

    def namegen(
        self, batch_size: int, *, backend: str = "numpy", soft: bool = False, **drops: float
    ) -> Entry:
        """Of one of our engines."""
        from benchmarks.trainers.namegen_trainer import NamegenTrainer

        recipe = Recipe(
            WHOLE_LIST,
            self.settings,
            TrainingSettings(quick=True, batch_size=batch_size, **drops),
        )
        return lambda: speed(NamegenTrainer(self.corpus, recipe, backend=backend, soft=soft))

    def rival(self, kind: type[Trainer], batch_size: int, **form: bool) -> Entry:
        """Of another library."""
        names, vocabulary = self.corpus.names, self.corpus.vocabulary
        return lambda: speed(kind(names, vocabulary, self.network, batch_size=batch_size, **form))

    def enter_rivals(
        self, contest: Contest, small: int, large: int, *, jax: tuple[int, ...]
    ) -> None:
        """PyTorch in every form at two batch sizes, JAX at some, and ``fit`` at the smaller one."""
        from benchmarks.trainers.jax_trainer import JaxTrainer
        from benchmarks.trainers.torch_trainer import TorchTrainer

        for name, form in FORMS.items():
            if name == "distinct" and len(set(self.corpus.names)) == len(self.corpus.names):
                continue  # it would be the padded form
            group = DISTINCT if name == "distinct" else EVERY_CHARACTER
            for size in (small, large):
                contest.enter(
                    f"PyTorch {name}, batch {size}",
                    self.rival(TorchTrainer, size, **form),
                    group=group,
                )
        for size in jax:
            contest.enter(f"{JAX}, batch {size}", self.rival(JaxTrainer, size), group=JAX)
        contest.enter(f"Keras fit, batch {small}", self.plain_keras(small))

    def kernels(self, batch_size: int) -> dict[str, str]:
        """PyTorch's form → its operators that take longest."""
        from benchmarks.trainers.torch_trainer import TorchTrainer

        names, vocabulary = self.corpus.names, self.corpus.vocabulary
        return {
            name: TorchTrainer(
                names, vocabulary, self.network, batch_size=batch_size, **form
            ).kernels()
            for name, form in FORMS.items()
            if name != "distinct"
        }

    def plain_keras(self, batch_size: int) -> Entry:
        """Of ``fit``."""
        from benchmarks.train_keras import plain_keras

        names, vocabulary, settings = self.corpus.names, self.corpus.vocabulary, self.settings

        def turn(_: int) -> float:
            return plain_keras(
                names, vocabulary, batch_size, 1, cell=settings.cell, hidden=settings.hidden
            )

        return lambda: compiled(turn)

    def sharing(self, *batch_sizes: int) -> tuple[Sharing, ...]:
        """Of its batches."""
        return tuple(sharing(self.batches, batch_size) for batch_size in batch_sizes)


def compiled(turn: Turn) -> Turn:
    """The same turn, after a first one: that compiles."""
    turn(0)
    return turn


def gated(rounds: int) -> tuple[Comparison, ...]:
    """Wide gated networks on distinct names, with what the machine's products would allow."""
    return tuple(
        comparison
        for cell, width in (("gru", 192), ("lstm", 160))
        for comparison in _gated(Work(FOURTH, cell, (width,)), rounds)
    )


def _gated(work: Work, rounds: int, batch_size: int = 128) -> tuple[Comparison, Comparison]:
    ours = "namegen"
    contest = Contest()
    contest.enter(ours, work.namegen(batch_size))
    contest.enter(
        f"{ours}, dropping", work.namegen(batch_size, recurrent_dropout=0.25, output_dropout=0.1)
    )
    contest.enter(f"{ours}, soft targets", work.namegen(batch_size, soft=True))
    work.enter_rivals(contest, batch_size, 512, jax=(batch_size, 512))
    (shared,), peak = work.sharing(batch_size), "1024×1024×1024"
    contest.enter(peak, lambda: product(1024, 1024, 1024))
    *trained, largest = contest.run(rounds)
    characters = work.batches.tree.characters
    training = {
        f"training, {what}": Way(
            f"training, {what}",
            tuple(
                value
                / characters
                * flop_per_epoch(work.network, work.batches, batch_size, once_a_family=once)
                / 1e9
                for value in trained[0].values
            ),
        )
        for what, once in (("each prefix", False), ("family once", True))
    }
    key = work.settings.cell
    return (
        Comparison(
            key,
            f"{work.title}, namegen batch {batch_size}",
            "characters a second",
            (ours,),
            tuple(trained),
            (shared,),
            {ours: batch_size},
            EVERY_CHARACTER,
            work.kernels(batch_size),
        ),
        Comparison(
            f"{key}-products",
            f"{work.network_name}: products in single precision, one core",
            "GFLOP/s",
            tuple(training),
            (*training.values(), replace(largest, start_seconds=None)),
            rival=peak,
        ),
    )


def small(rounds: int) -> tuple[Comparison, ...]:
    """Two gated layers of 32 on a list that repeats little."""
    found = []
    for cell in ("gru", "lstm"):
        work = Work("mlb-last", cell, (32, 32))
        contest = Contest()
        contest.enter("namegen", work.namegen(512))
        work.enter_rivals(contest, 512, 2048, jax=(256, 512))
        title = f"{work.title}, namegen batch 512"
        ways, shared, sizes = contest.run(rounds), work.sharing(512), {"namegen": 512}
        found.append(
            Comparison(
                cell,
                title,
                "characters a second",
                ("namegen",),
                ways,
                shared,
                sizes,
                EVERY_CHARACTER,
            )
        )
    return tuple(found)


def plain(rounds: int) -> tuple[Comparison, ...]:
    """Two plain layers of 32 on a list that repeats much: namegen's default."""
    work, sizes = Work("mlb-first", "simple_rnn", (32, 32)), (512, 2048)
    from benchmarks.train_keras import blog_keras  # here: the other sections load no TensorFlow

    contest = Contest()
    ours = {f"namegen, batch {size}": size for size in sizes}
    for name, size in ours.items():
        contest.enter(name, work.namegen(size))

    def blog(_: int) -> float:
        return blog_keras(work.corpus.names, work.corpus.vocabulary, 1000, 1)

    contest.enter("the blog's way, 1,000 prefixes", lambda: compiled(blog))
    work.enter_rivals(contest, *sizes, jax=(256, 512))
    ways, shared = contest.run(rounds), work.sharing(*sizes)
    unit, kernels = "characters a second", work.kernels(sizes[0])
    return (
        Comparison(
            "rnn", work.title, unit, tuple(ours), ways, shared, ours, EVERY_CHARACTER, kernels
        ),
    )


def keras_engine(rounds: int) -> tuple[Comparison, ...]:
    """Our Keras engine beside ``fit``."""
    found = []
    for of_list, cell, hidden, size in (
        (FOURTH, "gru", (192,), 128),
        (FOURTH, "lstm", (160,), 128),
        ("mlb-first", "simple_rnn", (32, 32), 512),
    ):
        work, ours = Work(of_list, cell, hidden), "namegen keras"
        contest = Contest()
        contest.enter(ours, work.namegen(size, backend="keras"))
        contest.enter("plain Keras fit", work.plain_keras(size))
        title = f"{work.title}, batch {size}"
        found.append(Comparison(cell, title, "characters a second", (ours,), contest.run(rounds)))
    return tuple(found)

"""What a comparison measures: its networks, and every measurement of a list."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Generic, TypeVar, get_args

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.bundled_configs import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.documents import Json, to_plain
from namegen.errors import EngineError
from namegen.experiments.compare.document import (
    GENERATED_NAMES,
    NUMPY,
    TFLITE,
    ExportSubject,
    GenerationSubject,
    ListSubject,
    Loop,
    ReferenceSubject,
    Role,
    SplitName,
    Subject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.kept import digest_of
from namegen.experiments.machine import code_fingerprint, engine_code, machine
from namegen.experiments.trained import check_long_enough

COMMAND = "compare-backends"
THREADS = 1  # the matrices are too small to share
VALIDATION = 0.2  # as the original split its lists
QUICK_EPOCHS = 10
ROUNDS, QUICK_ROUNDS = 5, 3  # the first of them is the training that the curves are of
LARGE_BATCH = 512  # names: speed is told for the batch of the training, and for this one
FEWEST_UPDATES = 4  # of an epoch with the large batch: with fewer, what an epoch costs whatever its names would be told
TIMED_EPOCHS, QUICK_TIMED_EPOCHS = (
    26,
    6,
)  # of each round: one to warm up, and others, of which the fastest counts

LIKE_FOR_LIKE_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32")
# A third of the default rate, and a third of the epochs that are the default where repeats are kept. At 0.015 the
# rounding of single precision grows from step to step until the curves of two engines differ by 0.02 nats for a while,
# though both end equally good; at this rate it dies away.
LIKE_FOR_LIKE_TRAINING: dict[str, Json] = {"learning_rate": 0.005, "epochs": 40}
NETWORKS: dict[str, dict[str, Json]] = {
    "SimpleRNN 2×32": {"cell": "simple_rnn", "hidden": [32, 32]},
    "LSTM 2×32": {"cell": "lstm", "hidden": [32, 32]},
    "GRU 2×32": {"cell": "gru", "hidden": [32, 32]},
    "SimpleRNN 2×128": {"cell": "simple_rnn", "hidden": [128, 128]},
}
WIDTHS = (32, 32)  # of a network of another architecture: those of the first ones here
# The original's own networks, as configs: what they are called → the config's name; {} is the kind of list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
KINDS = {"mlb-first": "first", "mlb-last": "last", "companies": "companies"}


@dataclass(frozen=True)
class Scope:
    """How much is measured.

    Attributes:
        seeds: how often each network is trained.
        quick: a first look.
        split_seed: which names are held out, of every training: what differs between seeds is the start alone.
    """

    seeds: int = 3
    quick: bool = False
    split_seed: int = 0

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """The ways in which a list is split; like for like runs with the first."""
        return ("by-row",) if self.quick else ("by-row", "by-name")

    @property
    def training(self) -> dict[str, Json]:
        """What is the same for every training but those of the original's networks."""
        return {"quick": True} | ({"epochs": QUICK_EPOCHS} if self.quick else {})


About_co = TypeVar("About_co", bound=Subject, covariant=True)


@dataclass(frozen=True, eq=False)
class Measurement(Generic[About_co]):
    """One thing to measure.

    Attributes:
        corpus: the list.
        subject: all that the result depends on, beside the list, the code and the machine.
        label: what progress calls it.
        timed: its seconds are told, so nothing else may run beside it.
        reads: the measurement whose file it reads.
    """

    corpus: Corpus
    subject: About_co
    label: str
    timed: bool = False
    reads: Measurement[Subject] | None = None

    @property
    def engine(self) -> str:
        """What has to be installed."""
        return str(getattr(self.subject, "engine", NUMPY))

    @cached_property
    def key(self) -> str:
        """A hash of what is measured, where, and by which code: the name of its file."""
        what = {
            "kind": self.subject.kind,
            "subject": to_plain(self.subject),
            "list": self.corpus.fingerprint,
            "reads": None if self.reads is None else self.reads.key,
            "threads": THREADS,
            "machine": to_plain(machine()),
            "engine": to_plain(engine_code(self.engine)),
            "code": code_fingerprint(),
        }
        return f"{self.subject.kind}-{digest_of(what, 10)}"

    @property
    def beside(self) -> str | None:
        """The ending of the file that lies beside its record, for the measurements that need a network."""
        return {TrainingSubject.kind: ".safetensors", ExportSubject.kind: ".tflite"}.get(
            self.subject.kind
        )


@dataclass(frozen=True)
class PlannedNetwork:
    """A network, and who trains it.

    Attributes:
        name: what a report calls it.
        engine: who trains it.
        config: the tables of a config, but for the seeds; and but for the split of those that are trained on each.
    """

    name: str
    engine: str
    config: Mapping[str, Mapping[str, Json]]


def _own(
    name: str, engine: str, network: Mapping[str, Json], training: Mapping[str, Json]
) -> PlannedNetwork:
    return PlannedNetwork(
        name, engine, {"data": {"validation": VALIDATION}, "network": network, "training": training}
    )


def foreign_networks(training: Mapping[str, Json]) -> list[PlannedNetwork]:
    """The network of each engine of a third party that trains no recurrent networks.

    An engine that cannot be loaded is taken for an engine of recurrent networks: the first measurement of it says what
    is wrong.
    """
    found = []
    for engine in engine_paths():
        if engine in ENGINES:
            continue
        try:
            names = [
                architecture.architecture for architecture in load_engine(engine).architectures
            ]
        except EngineError:
            continue
        if RecurrentNetwork.architecture not in names:
            settings: dict[str, Json] = {"architecture": names[0], "hidden": list(WIDTHS)}
            found.append(_own(names[0], engine, settings, training))
    return found


def original_networks(corpus: Corpus) -> list[PlannedNetwork]:
    """The original's networks, their configs made for this list.

    A list of a kind of its own takes those for first names; the batch of 1,000 prefixes is made of its own names.
    """
    kind = KINDS.get(corpus.source)
    found = []
    bundled = bundled_configs()
    for network, name in ORIGINALS.items():
        config = tomllib.loads(bundled[name.format(kind or "first")].text)
        config["data"].pop("names", None)
        if kind is None and config["training"]["batch_size"] > 1:
            mean = sum(len(name) + 1 for name in corpus.names) / len(corpus.names)
            config["training"]["batch_size"] = max(round(1000 / mean), 1)
        found.append(PlannedNetwork(network, NUMPY, config))
    return found


def make_plan(corpora: list[Corpus], scope: Scope) -> list[Measurement[Subject]]:
    """Every measurement of a comparison, each once, in the order in which they are made.

    First come those that may run side by side, then those that are timed; what reads a network stands behind it.

    Raises:
        NamesError: a list is too small to split.
    """
    for corpus, split in product(corpora, scope.splits):
        check_long_enough(corpus, VALIDATION, split, scope.split_seed)
    stages = zip(*(_stages(corpus, scope) for corpus in corpora), strict=True)
    return list({one.key: one for stage in stages for of_list in stage for one in of_list}.values())


def _stages(corpus: Corpus, scope: Scope) -> Iterator[list[Measurement[Subject]]]:
    """The measurements of a list: of its networks; of the engines; the ``.tflite``; of the names."""
    names = LIKE_FOR_LIKE_NETWORKS if scope.quick else NETWORKS
    ours = [_own(name, NUMPY, NETWORKS[name], scope.training) for name in names]
    foreign = foreign_networks(scope.training)
    originals = [] if scope.quick else original_networks(corpus)
    split = scope.splits[0]

    def training(
        network: PlannedNetwork, seed: int, split: SplitName | None = None
    ) -> Measurement[TrainingSubject]:
        return _training(corpus, scope, network, seed, split, "network")

    yield [
        Measurement(corpus, ListSubject(), f"{corpus.source}: the list"),
        *(
            Measurement(
                corpus,
                ReferenceSubject(split, scope.split_seed, VALIDATION),
                f"{corpus.source}: ceiling and n-gram, split {split}",
            )
            for split in scope.splits
        ),
        *(
            training(network, seed, split)
            for networks, splits in (
                (ours, scope.splits),
                (originals, (None,)),
                (foreign, scope.splits),
            )
            for split, network, seed in product(splits, networks, range(scope.seeds))
        ),
    ]
    yield [*_of_the_engines(corpus, scope, {one.engine for one in foreign})]
    first, *others = [
        *(training(one, 0, split) for one in ours),
        *(training(one, 0) for one in originals),
    ]
    file = ExportSubject(first.subject.network, TFLITE)
    exported = Measurement(corpus, file, f"{corpus.source}: export as .tflite", reads=first)
    yield [exported]
    recurrent = [
        engine for engine in engine_paths() if engine not in {one.engine for one in foreign}
    ]
    yield [
        *(_generation(first, engine) for engine in recurrent),
        *(_generation(training(one, 0, split), one.engine) for one in foreign),
        *(_generation(first, TFLITE, exported, loop) for loop in get_args(Loop)),
        *(_generation(one, NUMPY) for one in others),
    ]


def _of_the_engines(
    corpus: Corpus, scope: Scope, foreign: set[str]
) -> Iterator[Measurement[Subject]]:
    """The same training by each engine, and by each that trains another network its own; then further rounds.

    In each round the engines take turns, so that what slows the machine down for a while hits all of them.
    """
    split, settings = scope.splits[0], LIKE_FOR_LIKE_TRAINING | scope.training
    engines = [engine for engine in engine_paths() if engine not in foreign]
    names = LIKE_FOR_LIKE_NETWORKS[:1] if scope.quick else LIKE_FOR_LIKE_NETWORKS
    networks = [
        _own(name, engine, NETWORKS[name], settings) for name, engine in product(names, engines)
    ]
    networks += foreign_networks(settings)
    for network in networks:
        yield _training(corpus, scope, network, 0, split, "like_for_like")
    trained = (1 - VALIDATION) * len(corpus.names)
    large = LARGE_BATCH if trained >= FEWEST_UPDATES * LARGE_BATCH else None
    for number, network in product(range(1, QUICK_ROUNDS if scope.quick else ROUNDS), networks):
        config = _config(
            scope, network, 0, split, epochs=QUICK_TIMED_EPOCHS if scope.quick else TIMED_EPOCHS
        )
        subject = TimingSubject(network.name, network.engine, number, config, large)
        label = f"{corpus.source}: {network.name}, {network.engine}, timed, round {number + 1}"
        yield Measurement(corpus, subject, label, timed=True)


def _training(
    corpus: Corpus,
    scope: Scope,
    network: PlannedNetwork,
    seed: int,
    split: SplitName | None,
    role: Role,
) -> Measurement[TrainingSubject]:
    subject = TrainingSubject(
        network.name, network.engine, role, _config(scope, network, seed, split)
    )
    label = f"{corpus.source}: {network.name}, {network.engine}, split {subject.split}, seed {seed}"
    timed = role == "like_for_like"
    return Measurement(corpus, subject, f"{label}, like for like" if timed else label, timed)


def _config(
    scope: Scope, network: PlannedNetwork, seed: int, split: SplitName | None, **training: Json
) -> dict[str, Json]:
    """The tables of a config, with its seeds; ``split``: None where the network's own config has it."""
    data = {
        **network.config["data"],
        "split_seed": scope.split_seed,
        **({} if split is None else {"split": split}),
    }
    training = {**network.config["training"], "seed": seed, **training}
    return {
        **{name: dict(table) for name, table in network.config.items()},
        "data": data,
        "training": training,
    }


def _generation(
    training: Measurement[TrainingSubject],
    engine: str,
    file: Measurement[Subject] | None = None,
    loop: Loop | None = None,
) -> Measurement[GenerationSubject]:
    """Names of a trained network; ``file``: the one that is read, if it is not the network's own."""
    corpus, trained = training.corpus, training.subject
    subject = GenerationSubject(
        trained.network, engine, GENERATED_NAMES, 0, loop, trained.reference
    )
    label = f"{corpus.source}: {subject.names:,} names by {subject.model}, {subject.network}"
    return Measurement(corpus, subject, label, timed=True, reads=file or training)

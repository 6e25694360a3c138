"""The plan of a comparison: its networks, and every measurement of a list."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
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
THREADS = 1  # the matrices are too small for several threads
VALIDATION = 0.2  # the original's share of held-out names
QUICK_EPOCHS = 10
# Rounds of timing. The first round is the run whose curves are shown.
ROUNDS = 5
QUICK_ROUNDS = 3
LARGE_BATCH = 512  # names; speed is measured with the run's own batch size and with this one
# Updates per epoch with the large batch. With fewer, the fixed cost of an epoch would dominate.
FEWEST_UPDATES = 4
# Epochs of each round: one to warm up, and others, of which the fastest counts.
TIMED_EPOCHS = 26
QUICK_TIMED_EPOCHS = 6

LIKE_FOR_LIKE_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32")
# A third of the default learning rate, and a third of the default epochs of a list that keeps its duplicates. At a rate
# of 0.015, rounding errors grow until the curves of two backends temporarily differ by 0.02 nats, although both end
# equally well. At this rate the errors fade.
LIKE_FOR_LIKE_TRAINING: dict[str, Json] = {"learning_rate": 0.005, "epochs": 40}
NETWORKS: dict[str, dict[str, Json]] = {
    "SimpleRNN 2×32": {"cell": "simple_rnn", "hidden": [32, 32]},
    "LSTM 2×32": {"cell": "lstm", "hidden": [32, 32]},
    "GRU 2×32": {"cell": "gru", "hidden": [32, 32]},
    "SimpleRNN 2×128": {"cell": "simple_rnn", "hidden": [128, 128]},
}
WIDTHS = (32, 32)  # of a network of another architecture
# The original's own networks: label → name of the config, where {} is the kind of list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
ORIGINAL_BATCH_CHARACTERS = 1000  # the original's batch size, in prefixes: one for each character
LIST_KINDS = {"mlb-first": "first", "mlb-last": "last", "companies": "companies"}
FILE_SUFFIXES = {TrainingSubject.kind: ".safetensors", ExportSubject.kind: ".tflite"}


@dataclass(frozen=True)
class Scope:
    """How much to measure."""

    seeds: int = 3  # each network is trained once per seed
    quick: bool = False  # a quick look
    split_seed: int = 0  # the same for every run, so that seeds only change the initial weights

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """The ways to split a list; the backends are compared on the first one."""
        return ("by-row",) if self.quick else ("by-row", "by-name")

    @property
    def training(self) -> dict[str, Json]:
        """The training settings of every network except for the original's."""
        settings: dict[str, Json] = {"quick": True}
        if self.quick:
            settings["epochs"] = QUICK_EPOCHS
        return settings


About_co = TypeVar("About_co", bound=Subject, covariant=True)


@dataclass(frozen=True, eq=False)
class Measurement(Generic[About_co]):
    """One measurement of a list."""

    corpus: Corpus  # the list
    subject: About_co  # what the result depends on, apart from the list, the code and the machine
    label: str  # for the progress display
    timed: bool = False  # its times are reported, so nothing else may run at the same time
    reads: Measurement[Subject] | None = None  # the measurement that makes the network it reads

    @property
    def engine(self) -> str:
        """The backend that has to be installed."""
        return str(getattr(self.subject, "engine", NUMPY))

    @cached_property
    def key(self) -> str:
        """A hash of the subject, the list, the machine and the code, which names the measurement's file."""
        dependencies = {
            "kind": self.subject.kind,
            "subject": to_plain(self.subject),
            "list": self.corpus.fingerprint,
            "reads": None if self.reads is None else self.reads.key,
            "threads": THREADS,
            "machine": to_plain(machine()),
            "engine": to_plain(engine_code(self.engine)),
            "code": code_fingerprint(),
        }
        return f"{self.subject.kind}-{digest_of(dependencies, 10)}"

    @property
    def beside(self) -> str | None:
        """The suffix of the file with the measurement's network; None if it makes none."""
        return FILE_SUFFIXES.get(self.subject.kind)


@dataclass(frozen=True)
class PlannedNetwork:
    """A network and the backend that trains it."""

    name: str  # its label in the report
    engine: str
    # The tables of a config, without seeds. The split is also missing for a network that is trained on every split.
    config: Mapping[str, Mapping[str, Json]]


def _network(
    name: str, engine: str, network: Mapping[str, Json], training: Mapping[str, Json]
) -> PlannedNetwork:
    config = {"data": {"validation": VALIDATION}, "network": network, "training": training}
    return PlannedNetwork(name, engine, config)


def foreign_networks(training: Mapping[str, Json]) -> list[PlannedNetwork]:
    """Plan a network for each third-party backend that doesn't train recurrent networks.

    A backend that can't be loaded is treated as one for recurrent networks. Its first measurement reports the error.
    """
    networks = []
    for engine in engine_paths():
        if engine in ENGINES:
            continue
        try:
            architectures = load_engine(engine).architectures
        except EngineError:
            continue
        names = [architecture.architecture for architecture in architectures]
        if RecurrentNetwork.architecture not in names:
            settings: dict[str, Json] = {"architecture": names[0], "hidden": list(WIDTHS)}
            networks.append(_network(names[0], engine, settings, training))
    return networks


def original_networks(corpus: Corpus) -> list[PlannedNetwork]:
    """Plan the original's networks for a list.

    A list that the original didn't use gets the configs for first names. A batch is about 1,000 characters in the
    original, so its size in names depends on the list.
    """
    kind = LIST_KINDS.get(corpus.source)
    configs = bundled_configs()
    networks = []
    for label, config_name in ORIGINALS.items():
        config = tomllib.loads(configs[config_name.format(kind or "first")].text)
        config["data"].pop("names", None)
        training = config["training"]
        if kind is None and training["batch_size"] > 1:
            characters = sum(len(name) + 1 for name in corpus.names) / len(corpus.names)
            training["batch_size"] = max(round(ORIGINAL_BATCH_CHARACTERS / characters), 1)
        networks.append(PlannedNetwork(label, NUMPY, config))
    return networks


def make_plan(corpora: list[Corpus], scope: Scope) -> list[Measurement[Subject]]:
    """Plan every measurement of a comparison, each once, in the order in which they run.

    The measurements that can run in parallel come first, then the timed ones. A measurement comes after the one whose
    network it reads.

    Raises:
        NamesError: a list is too small to split.
    """
    for corpus, split in product(corpora, scope.splits):
        check_long_enough(corpus, VALIDATION, split, scope.split_seed)
    plans = [ListPlan(corpus, scope).stages() for corpus in corpora]
    by_key: dict[str, Measurement[Subject]] = {}
    for stage_of_lists in zip(*plans, strict=True):
        for measurement in chain(*stage_of_lists):
            by_key[measurement.key] = measurement
    return list(by_key.values())


class ListPlan:
    """Plans the measurements of one list.

    Args:
        corpus: the list.
        scope: how much to measure.
    """

    def __init__(self, corpus: Corpus, scope: Scope) -> None:
        self.corpus = corpus
        self.scope = scope
        self._first_split = scope.splits[0]
        self._foreign = foreign_networks(scope.training)
        self._originals = [] if scope.quick else original_networks(corpus)
        names = LIKE_FOR_LIKE_NETWORKS if scope.quick else NETWORKS
        self._recurrent = [_network(name, NUMPY, NETWORKS[name], scope.training) for name in names]
        foreign_engines = {network.engine for network in self._foreign}
        self._recurrent_engines = [name for name in engine_paths() if name not in foreign_engines]

    def stages(self) -> list[list[Measurement[Subject]]]:
        """Return the four stages: the list and its networks, the backends, the ``.tflite``, and generation."""
        first, *others = [
            *(self._run(network, 0, self._first_split) for network in self._recurrent),
            *(self._run(network, 0) for network in self._originals),
        ]
        exported = Measurement(
            self.corpus,
            ExportSubject(first.subject.network, TFLITE),
            f"{self.corpus.source}: export as .tflite",
            reads=first,
        )
        return [
            [*self._references(), *self._network_runs()],
            [*self._like_for_like_runs(), *self._timing_rounds()],
            [exported],
            [
                *(_generation(first, engine) for engine in self._recurrent_engines),
                *(
                    _generation(self._run(network, 0, self._first_split), network.engine)
                    for network in self._foreign
                ),
                *(_generation(first, TFLITE, exported, loop) for loop in get_args(Loop)),
                *(_generation(run, NUMPY) for run in others),
            ],
        ]

    def _references(self) -> Iterator[Measurement[Subject]]:
        """The list itself, and the ceiling and n-gram of each split."""
        source = self.corpus.source
        yield Measurement(self.corpus, ListSubject(), f"{source}: the list")
        for split in self.scope.splits:
            subject = ReferenceSubject(split, self.scope.split_seed, VALIDATION)
            yield Measurement(self.corpus, subject, f"{source}: ceiling and n-gram, split {split}")

    def _network_runs(self) -> Iterator[Measurement[TrainingSubject]]:
        """The runs of every network, with every seed; the original's networks have their own split."""
        seeds = range(self.scope.seeds)
        for split, network, seed in product(self.scope.splits, self._recurrent, seeds):
            yield self._run(network, seed, split)
        for network, seed in product(self._originals, seeds):
            yield self._run(network, seed)
        for split, network, seed in product(self.scope.splits, self._foreign, seeds):
            yield self._run(network, seed, split)

    def _like_for_like_networks(self) -> list[PlannedNetwork]:
        """The same networks for each backend; a backend for other architectures has its own network."""
        training = LIKE_FOR_LIKE_TRAINING | self.scope.training
        names = LIKE_FOR_LIKE_NETWORKS[:1] if self.scope.quick else LIKE_FOR_LIKE_NETWORKS
        networks = [
            _network(name, engine, NETWORKS[name], training)
            for name, engine in product(names, self._recurrent_engines)
        ]
        return networks + foreign_networks(training)

    def _like_for_like_runs(self) -> Iterator[Measurement[TrainingSubject]]:
        for network in self._like_for_like_networks():
            yield self._run(network, 0, self._first_split, role="like_for_like")

    def _timing_rounds(self) -> Iterator[Measurement[TimingSubject]]:
        """Rounds of timing, in which the backends take turns, so that a slow phase of the machine affects all."""
        rounds = QUICK_ROUNDS if self.scope.quick else ROUNDS
        epochs = QUICK_TIMED_EPOCHS if self.scope.quick else TIMED_EPOCHS
        training_names = (1 - VALIDATION) * len(self.corpus.names)
        has_large_batch = training_names >= FEWEST_UPDATES * LARGE_BATCH
        for number, network in product(range(1, rounds), self._like_for_like_networks()):
            subject = TimingSubject(
                network=network.name,
                engine=network.engine,
                round=number,
                config=self._config(network, 0, self._first_split, epochs=epochs),
                large_batch=LARGE_BATCH if has_large_batch else None,
            )
            label = (
                f"{self.corpus.source}: {network.name}, {network.engine}, timed, round {number + 1}"
            )
            yield Measurement(self.corpus, subject, label, timed=True)

    def _run(
        self,
        network: PlannedNetwork,
        seed: int,
        split: SplitName | None = None,
        role: Role = "network",
    ) -> Measurement[TrainingSubject]:
        """A run; the network's own config has the split if it's None."""
        config = self._config(network, seed, split)
        subject = TrainingSubject(network.name, network.engine, role, config)
        label = f"{self.corpus.source}: {network.name}, {network.engine}, split {subject.split}, seed {seed}"
        is_timed = role == "like_for_like"
        if is_timed:
            label += ", like for like"
        return Measurement(self.corpus, subject, label, is_timed)

    def _config(
        self, network: PlannedNetwork, seed: int, split: SplitName | None, **training: Json
    ) -> dict[str, Json]:
        """The tables of a config with its seeds."""
        data = {**network.config["data"], "split_seed": self.scope.split_seed}
        if split is not None:
            data["split"] = split
        return {
            **{name: dict(table) for name, table in network.config.items()},
            "data": data,
            "training": {**network.config["training"], "seed": seed, **training},
        }


def _generation(
    run: Measurement[TrainingSubject],
    engine: str,
    exported: Measurement[Subject] | None = None,
    loop: Loop | None = None,
) -> Measurement[GenerationSubject]:
    """The generation of names by the network of a run, or by its export if there is one."""
    subject = GenerationSubject(
        network=run.subject.network,
        engine=engine,
        names=GENERATED_NAMES,
        seed=0,
        loop=loop,
        split=run.subject.reference,
    )
    label = f"{run.corpus.source}: {subject.names:,} names by {subject.model}, {subject.network}"
    return Measurement(run.corpus, subject, label, timed=True, reads=exported or run)

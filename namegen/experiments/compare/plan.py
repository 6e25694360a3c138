"""Plan all measurements of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from typing import Generic, TypeVar, get_args

from namegen.backends import engine_paths
from namegen.core.data.corpus import Corpus
from namegen.documents import Json, to_plain
from namegen.errors import UnknownEngineError, quote
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
from namegen.experiments.compare.networks import (
    LIKE_FOR_LIKE_NETWORKS,
    LIKE_FOR_LIKE_TRAINING,
    NETWORKS,
    VALIDATION,
    PlannedNetwork,
    foreign_networks,
    original_networks,
    plan_network,
)
from namegen.experiments.kept import digest_of
from namegen.experiments.machine import code_fingerprint, engine_code, machine
from namegen.experiments.trained import check_long_enough

COMMAND = "compare-backends"
THREADS = 1  # the matrices are too small to benefit from several threads
QUICK_EPOCHS = 10
# Rounds of timing. The first round is the run whose curves are shown.
ROUNDS = 5
QUICK_ROUNDS = 3
LARGE_BATCH = 512  # names; speed is measured with the run's own batch size and with this one
# Updates per epoch with the large batch. With fewer, the fixed cost of an epoch would dominate.
FEWEST_UPDATES = 4
# The epochs of each round: one to warm up, and others, of which only the fastest counts.
TIMED_EPOCHS = 26
QUICK_TIMED_EPOCHS = 6

FILE_SUFFIXES = {TrainingSubject.kind: ".safetensors", ExportSubject.kind: ".tflite"}


@dataclass(frozen=True)
class Scope:
    """The extent of a comparison."""

    seeds: int = 3  # each network is trained once per seed
    quick: bool = False  # a quick comparison
    split_seed: int = 0  # the same for every run, so that seeds only change the initial weights

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """The ways to split a list. The backends are compared on the first one."""
        return ("by-row",) if self.quick else ("by-row", "by-name")

    @property
    def training(self) -> dict[str, Json]:
        """The training settings of every network except for the original's."""
        settings: dict[str, Json] = {"quick": True}
        if self.quick:
            settings["epochs"] = QUICK_EPOCHS
        return settings

    @property
    def rounds(self) -> int:
        """The number of timing rounds."""
        return QUICK_ROUNDS if self.quick else ROUNDS

    @property
    def timed_epochs(self) -> int:
        """The number of epochs in each round except for the first."""
        return QUICK_TIMED_EPOCHS if self.quick else TIMED_EPOCHS


AnySubject_co = TypeVar("AnySubject_co", bound=Subject, covariant=True)


@dataclass(frozen=True, eq=False)
class Measurement(Generic[AnySubject_co]):
    """One measurement of a list."""

    corpus: Corpus  # the list
    subject: (
        AnySubject_co  # what the result depends on, apart from the list, the code and the machine
    )
    label: str  # for the progress display
    timed: bool = False  # its times are reported, so nothing else can run at the same time
    needs: Measurement[Subject] | None = None  # the measurement that produces the network it reads

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
            "needs": self.needs.key if self.needs else None,
            "threads": THREADS,
            "machine": to_plain(machine()),
            "engine": to_plain(engine_code(self.engine)),
            "code": code_fingerprint(),
        }
        return f"{self.subject.kind}-{digest_of(dependencies, 10)}"

    @property
    def network_suffix(self) -> str | None:
        """The suffix of the measurement's model file, or None if the measurement produces no network."""
        return FILE_SUFFIXES.get(self.subject.kind)


def choose_backends(names: Sequence[str] | None) -> list[str]:
    """Return the backends to compare, in the order of the report.

    Args:
        names: the names of registered backends, or "tflite" for the exported network. None selects all of them.

    Raises:
        UnknownEngineError: there is no backend with this name.

    >>> choose_backends(["keras", "numpy", "keras"])
    ['numpy', 'keras']
    """
    known = [*engine_paths(), TFLITE]
    if names is None:
        return known
    for name in names:
        if name not in known:
            raise UnknownEngineError(
                f"there is no backend {quote(name)} to compare: choose from {', '.join(known)}"
            )
    return [name for name in known if name in names]


def make_plan(
    corpora: list[Corpus], scope: Scope, backends: Sequence[str] | None = None
) -> list[Measurement[Subject]]:
    """Plan every measurement of a comparison once, in the order in which they run.

    Measurements that can run in parallel come before timed ones. A measurement comes after the measurement whose
    network it reads.

    Args:
        corpora: the lists.
        scope: how much to measure.
        backends: the backends to compare, or None for all of them.

    Raises:
        NamesError: a list is too small to split.
        UnknownEngineError: there is no backend with this name.
    """
    chosen = choose_backends(backends)
    for corpus, split in product(corpora, scope.splits):
        check_long_enough(corpus, VALIDATION, split, scope.split_seed)
    plans = [ListPlan(corpus, scope, chosen).stages() for corpus in corpora]
    by_key: dict[str, Measurement[Subject]] = {}
    for stage_of_lists in zip(*plans, strict=True):
        for measurement in chain(*stage_of_lists):
            by_key[measurement.key] = measurement
    return list(by_key.values())


class ListPlan:
    """Plan the measurements of one list.

    Args:
        corpus: the list.
        scope: how much to measure.
        backends: the backends to compare. NumPy trains the other networks, even if it isn't one of these backends.
    """

    def __init__(self, corpus: Corpus, scope: Scope, backends: Sequence[str]) -> None:
        self.corpus = corpus
        self.scope = scope
        self.source = corpus.source
        self.first_split = scope.splits[0]
        self.engines = [name for name in backends if name != TFLITE]
        self.has_tflite = TFLITE in backends
        # The networks of third-party backends for other architectures, and of the original project.
        self.foreign = foreign_networks(self.engines, scope.training)
        self.originals = [] if scope.quick else original_networks(corpus)

    @cached_property
    def recurrent(self) -> list[PlannedNetwork]:
        """The recurrent networks, which NumPy trains."""
        names = LIKE_FOR_LIKE_NETWORKS if self.scope.quick else NETWORKS
        training = self.scope.training
        return [plan_network(name, NUMPY, NETWORKS[name], training) for name in names]

    @cached_property
    def recurrent_engines(self) -> list[str]:
        """The backends that train recurrent networks."""
        foreign_engines = {network.engine for network in self.foreign}
        return [name for name in self.engines if name not in foreign_engines]

    def stages(self) -> list[list[Measurement[Subject]]]:
        """Return the four stages: the list and its networks, the backends, the ``.tflite``, and generation."""
        return [
            [*self._references(), *self._network_runs()],
            [*self._like_for_like_runs(), *self._timing_rounds()],
            [*self._exports()],
            [*self._generations()],
        ]

    # --- the list and its networks ------------------------------------------------------------------------------------

    def _references(self) -> Iterator[Measurement[Subject]]:
        """Plan to measure the size of the list and, for each split, the ceiling and the n-gram baseline."""
        yield Measurement(self.corpus, ListSubject(), f"{self.source}: the list")
        for split in self.scope.splits:
            subject = ReferenceSubject(split, self.scope.split_seed, VALIDATION)
            label = f"{self.source}: ceiling and n-gram, split {split}"
            yield Measurement(self.corpus, subject, label)

    def _network_runs(self) -> Iterator[Measurement[TrainingSubject]]:
        """Plan a run of every network with every seed, on each split.

        The networks of the original project are only trained on the split in their own configs.
        """
        splits = self.scope.splits
        seeds = range(self.scope.seeds)
        for split, network, seed in product(splits, self.recurrent, seeds):
            yield self._run(network, seed, split)
        for network, seed in product(self.originals, seeds):
            yield self._run(network, seed)
        for split, network, seed in product(splits, self.foreign, seeds):
            yield self._run(network, seed, split)

    def _run(
        self,
        network: PlannedNetwork,
        seed: int,
        split: SplitName | None = None,
        role: Role = "network",
    ) -> Measurement[TrainingSubject]:
        """Plan the training run of a network with one seed. Without a split, use the split of the network's config."""
        config = network.complete_config(seed=seed, split_seed=self.scope.split_seed, split=split)
        subject = TrainingSubject(network.name, network.engine, role, config)
        label = (
            f"{self.source}: {network.name}, {network.engine}, split {subject.split}, seed {seed}"
        )
        is_timed = role == "like_for_like"
        if is_timed:
            label += ", like for like"
        return Measurement(self.corpus, subject, label, is_timed)

    # --- the backends -------------------------------------------------------------------------------------------------

    def _like_for_like_networks(self) -> list[PlannedNetwork]:
        """Plan the same networks for every backend. A backend for other architectures gets a separate network."""
        training = LIKE_FOR_LIKE_TRAINING | self.scope.training
        names = LIKE_FOR_LIKE_NETWORKS[:1] if self.scope.quick else LIKE_FOR_LIKE_NETWORKS
        networks = [
            plan_network(name, engine, NETWORKS[name], training)
            for name, engine in product(names, self.recurrent_engines)
        ]
        return networks + foreign_networks(self.engines, training)

    def _like_for_like_runs(self) -> Iterator[Measurement[TrainingSubject]]:
        """Plan one run of the same networks by each backend."""
        for network in self._like_for_like_networks():
            yield self._run(network, 0, self.first_split, role="like_for_like")

    def _timing_rounds(self) -> Iterator[Measurement[TimingSubject]]:
        """Plan the other timing rounds. Backends take turns, so that slow phases of the machine affect all of them."""
        for number in range(1, self.scope.rounds):
            for network in self._like_for_like_networks():
                yield self._timing_round(network, number)

    def _timing_round(self, network: PlannedNetwork, number: int) -> Measurement[TimingSubject]:
        """Plan to time a network for a few epochs, in the round with this number."""
        config = network.complete_config(
            seed=0,
            split_seed=self.scope.split_seed,
            split=self.first_split,
            epochs=self.scope.timed_epochs,
        )
        subject = TimingSubject(
            network=network.name,
            engine=network.engine,
            round=number,
            config=config,
            large_batch=self._large_batch(),
        )
        label = f"{self.source}: {network.name}, {network.engine}, timed, round {number + 1}"
        return Measurement(self.corpus, subject, label, timed=True)

    def _large_batch(self) -> int | None:
        """Return the large batch size, or None if the list is too short for it."""
        training_names = (1 - VALIDATION) * len(self.corpus.names)
        return LARGE_BATCH if training_names >= FEWEST_UPDATES * LARGE_BATCH else None

    # --- generation ---------------------------------------------------------------------------------------------------

    @cached_property
    def _main_run(self) -> Measurement[TrainingSubject]:
        """The run that trains the network with which every backend generates names."""
        return self._run(self.recurrent[0], 0, self.first_split)

    @cached_property
    def _export(self) -> Measurement[ExportSubject]:
        subject = ExportSubject(self._main_run.subject.network, TFLITE)
        label = f"{self.source}: export as .tflite"
        return Measurement(self.corpus, subject, label, needs=self._main_run)

    def _exports(self) -> Iterator[Measurement[ExportSubject]]:
        if self.has_tflite:
            yield self._export

    def _generations(self) -> Iterator[Measurement[GenerationSubject]]:
        """Plan the generation of names by each backend, each loop of the ``.tflite`` and each other network."""
        for engine in self.recurrent_engines:
            yield _plan_generation(self._main_run, engine)
        for network in self.foreign:
            yield _plan_generation(self._run(network, 0, self.first_split), network.engine)
        if self.has_tflite:
            for loop in get_args(Loop):
                yield _plan_generation(self._main_run, TFLITE, self._export, loop)
        for network in self.recurrent[1:]:
            yield _plan_generation(self._run(network, 0, self.first_split), NUMPY)
        for network in self.originals:
            yield _plan_generation(self._run(network, 0), NUMPY)


def _plan_generation(
    run: Measurement[TrainingSubject],
    engine: str,
    exported: Measurement[Subject] | None = None,
    loop: Loop | None = None,
) -> Measurement[GenerationSubject]:
    """Plan to generate names with a run's network, or with its exported file if it has one."""
    subject = GenerationSubject(
        network=run.subject.network,
        engine=engine,
        names=GENERATED_NAMES,
        seed=0,
        loop=loop,
        split=run.subject.reference,
    )
    label = f"{run.corpus.source}: {subject.names:,} names by {subject.model}, {subject.network}"
    return Measurement(run.corpus, subject, label, timed=True, needs=exported or run)

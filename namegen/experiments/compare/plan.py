"""What a comparison measures: its networks, and every measurement of a list."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from itertools import product
from typing import Literal

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.bundled_configs import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.documents import Json, to_plain
from namegen.errors import EngineError
from namegen.experiments.compare.measurements import (
    GENERATED_NAMES,
    ExportSubject,
    GenerationSubject,
    ListSubject,
    ReferenceSubject,
    Result,
    Role,
    SplitName,
    Subject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.list_names import check_long_enough
from namegen.experiments.machine import code_fingerprint, engine_code, machine

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

    @classmethod
    def of(cls, name: str, engine: str, settings: Mapping[str, Json], training: Mapping[str, Json]) -> PlannedNetwork:
        """One of the comparison's own, by the tables ``network`` and ``training``."""
        return cls(name, engine, {"data": {"validation": VALIDATION}, "network": settings, "training": training})


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
            names = [architecture.architecture for architecture in load_engine(engine).architectures]
        except EngineError:
            continue
        if RecurrentNetwork.architecture not in names:
            settings: dict[str, Json] = {"architecture": names[0], "hidden": list(WIDTHS)}
            found.append(PlannedNetwork.of(f"{names[0]} {len(WIDTHS)}×{WIDTHS[0]}", engine, settings, training))
    return found


def like_for_like_networks(scope: Scope) -> list[PlannedNetwork]:
    """The networks that every engine trains alike, then those of the engines that train others."""
    training = LIKE_FOR_LIKE_TRAINING | scope.training
    foreign = foreign_networks(training)
    engines = [engine for engine in engine_paths() if engine not in {one.engine for one in foreign}]
    ours = product(scope.timed_networks, engines)
    return [*(PlannedNetwork.of(name, engine, NETWORKS[name], training) for name, engine in ours), *foreign]


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


COMMAND = "compare-backends"
THREADS = 1  # the matrices are too small to share
VALIDATION = 0.2  # as the original split its lists
NUMPY, TFLITE = "numpy", "tflite"
QUICK_EPOCHS = 10
ROUNDS, QUICK_ROUNDS = 5, 3  # the first of them is the training that the curves are of
LARGE_BATCH = 512  # names: speed is told for the batch of the training, and for this one
FEWEST_UPDATES = 4  # of an epoch with the large batch: with fewer, what an epoch costs whatever its names would be told
TIMED_EPOCHS = 6  # of each round: one to warm up, and five


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
        return ("names",) if self.quick else ("names", "unique")

    @property
    def networks(self) -> tuple[str, ...]:
        """The networks of our own that are trained."""
        return LIKE_FOR_LIKE_NETWORKS if self.quick else tuple(NETWORKS)

    @property
    def timed_networks(self) -> tuple[str, ...]:
        """Those that every engine trains like for like, and is timed with in rounds."""
        return LIKE_FOR_LIKE_NETWORKS[:1] if self.quick else LIKE_FOR_LIKE_NETWORKS

    @property
    def rounds(self) -> int:
        """How often each engine is timed."""
        return QUICK_ROUNDS if self.quick else ROUNDS

    @property
    def training(self) -> dict[str, Json]:
        """What is the same for every training but those of the original's networks."""
        return {"effort": "quick"} | ({"epochs": QUICK_EPOCHS} if self.quick else {})


@dataclass(frozen=True, eq=False)
class Measurement:
    """One thing to measure.

    Attributes:
        corpus: the list.
        subject: all that the result depends on, beside the list, the code and the machine.
        label: what progress calls it.
        network: what a report calls the network; empty where there is none.
        roles: of a training, the parts of a report that it belongs to; the result does not depend on them.
        engine: what has to be installed.
        timed: its seconds are told, so nothing else may run beside it.
        reads: the measurement whose file it reads.
    """

    corpus: Corpus
    subject: Subject
    label: str
    network: str = ""
    roles: tuple[Role, ...] = ()
    engine: str = NUMPY
    timed: bool = False
    reads: Measurement | None = None

    @property
    def kind(self) -> str:
        """What is measured: a key of ``measure.MEASURES``."""
        return self.subject.kind

    @cached_property
    def key(self) -> str:
        """A hash of what is measured, where, and by which code: the name of its file."""
        what = {
            "kind": self.kind,
            "subject": to_plain(self.subject),
            "list": self.corpus.fingerprint,
            "reads": None if self.reads is None else self.reads.key,
            "threads": THREADS,
            "machine": machine(),
            "engine": to_plain(engine_code(self.engine)),
            "code": code_fingerprint(COMMAND),
        }
        text = json.dumps(what, sort_keys=True, ensure_ascii=True)
        return f"{self.kind}-{blake2b(text.encode(), digest_size=10).hexdigest()}"

    @property
    def writes(self) -> str | None:
        """The file that it leaves beside its figures, for the measurements that need a network."""
        suffix = {TrainingSubject.kind: ".safetensors", ExportSubject.kind: ".tflite"}.get(self.kind)
        return None if suffix is None else self.key + suffix


@dataclass(frozen=True)
class KeptResult:
    """A result, and the commit of the checkout that it was measured with; None outside of one."""

    result: Result
    commit: str | None


@dataclass
class PlanOutcome:
    """What a comparison has measured.

    Attributes:
        plan: every measurement.
        figures: the results by the measurement's key.
        missing: engine → one sentence about what it lacks and how to get it.
        left_out: the measurement's key → why this one alone could not be made.
        failed: the measurement's key → what it said last.
    """

    plan: list[Measurement]
    figures: dict[str, KeptResult] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def make_plan(corpora: list[Corpus], scope: Scope) -> list[Measurement]:
    """Every measurement of a comparison, each once, in the order in which they are made.

    Raises:
        NamesError: a list is too small to split.
    """
    for corpus, split in product(corpora, scope.splits):
        check_long_enough(corpus, VALIDATION, split, scope.split_seed)
    found: dict[str, Measurement] = {}
    for corpus in corpora:
        for measurement in _of_list(corpus, scope):
            first = found.setdefault(measurement.key, measurement)
            more = tuple(role for role in measurement.roles if role not in first.roles)
            if more:
                found[first.key] = replace(first, roles=first.roles + more)
    return list(found.values())


def _of_list(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    source = corpus.source
    yield Measurement(corpus, ListSubject(), f"{source}: the list")
    for split in scope.splits:
        subject = ReferenceSubject(split, scope.split_seed, VALIDATION)
        yield Measurement(corpus, subject, f"{source}: ceiling and n-gram, split {split}")
    yield from _like_for_like(corpus, scope)
    yield from _timings(corpus, scope)
    networks = [*_our_networks(scope), *foreign_networks(scope.training)]
    for split, network, seed in product(scope.splits, networks, range(scope.seeds)):
        yield _training(corpus, scope, network, seed, split)
    for network, seed in product(_originals(corpus, scope), range(scope.seeds)):
        yield _training(corpus, scope, network, seed)
    yield from _generation(corpus, scope)


def _our_networks(scope: Scope) -> list[PlannedNetwork]:
    return [PlannedNetwork.of(name, NUMPY, NETWORKS[name], scope.training) for name in scope.networks]


def _originals(corpus: Corpus, scope: Scope) -> list[PlannedNetwork]:
    return [] if scope.quick else original_networks(corpus)


def _like_for_like(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    """The same training by each engine, and by each that trains another network its own."""
    for network in like_for_like_networks(scope):
        training = _training(corpus, scope, network, 0, scope.splits[0])
        yield replace(training, timed=True, label=f"{training.label}, like for like", roles=("like_for_like",))


def _timings(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    """Further rounds: in each, the engines take turns, so that what slows the machine down for a while hits all."""
    trained = (1 - VALIDATION) * len(corpus.names)
    large = LARGE_BATCH if trained >= FEWEST_UPDATES * LARGE_BATCH else None
    for number, network in product(range(1, scope.rounds), like_for_like_networks(scope)):
        config = _config(scope, network, 0, scope.splits[0], epochs=TIMED_EPOCHS)
        subject = TimingSubject(network.engine, config, number, large)
        label = f"{corpus.source}: {network.name}, {network.engine}, timed, round {number + 1}"
        yield Measurement(corpus, subject, label, network.name, engine=network.engine, timed=True)


def _training(
    corpus: Corpus, scope: Scope, network: PlannedNetwork, seed: int, split: SplitName | None = None
) -> Measurement:
    subject = TrainingSubject(network.engine, _config(scope, network, seed, split))
    label = f"{corpus.source}: {network.name}, {network.engine}, split {subject.split}, seed {seed}"
    return Measurement(corpus, subject, label, network.name, ("network",), network.engine)


def _config(
    scope: Scope, network: PlannedNetwork, seed: int, split: SplitName | None, **training: Json
) -> dict[str, Json]:
    """The tables of a config, with its seeds; ``split``: None where the network's own config has it."""
    data = {**network.config["data"], "split_seed": scope.split_seed, **({} if split is None else {"split": split})}
    training = {**network.config["training"], "seed": seed, **training}
    return {**{name: dict(table) for name, table in network.config.items()}, "data": data, "training": training}


def _generation(corpus: Corpus, scope: Scope) -> Iterator[Measurement]:
    """Every LanguageModel with the first network; every other network with the NumPy engine."""
    split = scope.splits[0]
    first, *others = (
        *(_training(corpus, scope, network, 0, split) for network in _our_networks(scope)),
        *(_training(corpus, scope, network, 0) for network in _originals(corpus, scope)),
    )
    foreign = foreign_networks(scope.training)
    for engine in engine_paths():
        if engine not in {one.engine for one in foreign}:
            yield _generated(first, engine)
    for own in foreign:
        yield _generated(_training(corpus, scope, own, 0, split), own.engine)
    label = f"{corpus.source}: export as .tflite"
    file = Measurement(corpus, ExportSubject(), label, first.network, engine=TFLITE, reads=first)
    yield file
    yield _generated(file, TFLITE, "step")
    yield _generated(file, TFLITE, "generate")
    for training in others:
        yield _generated(training, NUMPY)


def _generated(model: Measurement, engine: str, loop: Literal["step", "generate"] | None = None) -> Measurement:
    training = (model.reads or model).subject  # a .tflite is made of a network that was trained
    split = training.reference if isinstance(training, TrainingSubject) else None
    subject = GenerationSubject(engine, GENERATED_NAMES, seed=0, loop=loop, split=split)
    label = f"{model.corpus.source}: {subject.names:,} names by {subject.model}, {model.network}"
    return Measurement(model.corpus, subject, label, model.network, engine=engine, timed=True, reads=model)

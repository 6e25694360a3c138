"""Plan a comparison: list every job, in the order in which the jobs run.

For each list, a comparison has these jobs:

1. reference: measure the ceiling and the n-gram, for each split of the list
2. network: train each network with each seed, on each split
3. backend: train a few of the networks with every backend, in several rounds
4. generation: generate names with each network, and with every backend that trains it
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from msgspec import Struct, structs

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.bundled_configs import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.core.settings import Config, DataSettings, NetworkSettings, TrainingSettings
from namegen.errors import EngineError, NamesError, UnknownEngineError, quote
from namegen.experiments.jobs import NUMPY, TFLITE, Job, Kind
from namegen.settings_toml import parse_config

VALIDATION = 0.2  # the original project's share of held-out names
# A quick comparison trains on about this many names in all, but within these numbers of epochs. Short lists need many
# epochs until an LSTM is as good as a SimpleRNN.
QUICK_NAMES = 60_000
FEWEST_QUICK_EPOCHS = 10
MOST_QUICK_EPOCHS = 60

RNN = RecurrentNetwork.architecture
CELL_NAMES = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
HIDDEN = (32, 32)
DEFAULT_NETWORKS = (
    NetworkSettings(cell="simple_rnn", hidden=HIDDEN),
    NetworkSettings(cell="lstm", hidden=HIDDEN),
    NetworkSettings(cell="gru", hidden=HIDDEN),
    NetworkSettings(cell="simple_rnn", hidden=(128, 128)),
)
# A third of the default learning rate. At a rate of 0.015, rounding errors grow until the curves of two backends
# temporarily differ by 0.02 nats, although both reach the same loss in the end. At the lower rate, the errors fade.
BACKEND_LEARNING_RATE = 0.005
BACKEND_EPOCHS = 40
# The original's networks. Each label is mapped to the name of its config, where {} is the type of the list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
LIST_TYPES = {"mlb-first": "first", "mlb-last": "last", "companies": "companies"}


class Options(Struct, frozen=True):
    """The extent of a comparison."""

    seeds: int = 3  # each network is trained once per seed
    quick: bool = False  # one split, small networks, fewer epochs and rounds
    split_seed: int = 0  # the same for every run, so that seeds only change the initial weights
    backends: tuple[str, ...] | None = None  # the backends to compare; None for all
    cells: tuple[str, ...] = ()  # compare networks with these cells instead of the default ones
    hidden: tuple[int, ...] = ()  # the widths of their layers; two layers of 32 units by default
    epochs: int | None = None  # of every run

    @property
    def splits(self) -> tuple[str, ...]:
        """The ways to hold out names. Backends are only compared with the first one."""
        return ("by-row",) if self.quick else ("by-row", "by-name")


class Network(NamedTuple):
    """A network of a comparison."""

    label: str  # its name in reports
    config: Config
    splits: tuple[str, ...]  # the ways to hold out names
    trainer: str = NUMPY  # the backend that trains it
    backends: Sequence[str] = ()  # the backends that are compared with this network, if any


def plan_comparison(corpora: Sequence[Corpus], options: Options) -> list[Job]:
    """Plan every job of a comparison. Jobs that can run in parallel come before timed ones.

    Raises:
        NamesError: a list is too small to split.
        UnknownEngineError: there is no backend with this name.
        EngineError: a backend of ``options`` trains none of the networks.
    """
    backends = choose_backends(options.backends)
    jobs: dict[str, Job] = {}  # by key, because a list may be passed twice
    for corpus in corpora:
        for job in plan_list(corpus, options, backends):
            jobs[job.key] = job
    return sorted(jobs.values(), key=lambda job: job.is_timed)


def choose_backends(names: Sequence[str] | None) -> list[str]:
    """Return the backends to compare, in the order of the report. None selects all of them.

    Raises:
        UnknownEngineError: there is no backend with this name.

    >>> choose_backends(["keras", "numpy", "keras"])
    ['numpy', 'keras']
    """
    known = [*engine_paths(), TFLITE]
    for name in names or ():
        if name not in known:
            raise UnknownEngineError(
                f"there is no backend {quote(name)} to compare: choose from {', '.join(known)}"
            )
    return known if names is None else [name for name in known if name in names]


def plan_list(corpus: Corpus, options: Options, backends: Sequence[str]) -> list[Job]:
    """Plan the jobs of one list."""

    def make_job(kind: Kind, config: Config, split: str, **more: Any) -> Job:
        data = replace(
            config.data,
            names=DataSettings().names,  # the fingerprint identifies the list
            validation=VALIDATION,
            split=split,
            split_seed=options.split_seed,
        )
        return Job(
            kind=kind,
            list=corpus.source,
            fingerprint=corpus.fingerprint,
            config=replace(config, data=data),
            **more,
        )

    # What networks are compared with.
    jobs = []
    for split in options.splits:
        reference = make_job("reference", Config(), split)
        try:
            corpus.split(reference.config.data, seed=0)
        except NamesError as error:
            raise NamesError(
                f"{corpus.source} is too short for a comparison, which holds out {VALIDATION:.0%} of its names: give a "
                "longer list"
            ) from error
        jobs.append(reference)

    # Each network, with all seeds and splits. The first of these runs also generates names.
    networks = compared_networks(corpus, options, backends)
    generations = []
    for network in networks:
        runs = []
        for split, seed in product(network.splits, range(options.seeds)):
            config = with_training(network.config, seed=seed)
            runs.append(
                make_job("network", config, split, network=network.label, backend=network.trainer)
            )
        jobs += runs
        for backend in network.backends or [network.trainer]:
            generations.append(
                structs.replace(runs[0], kind="generation", backend=backend, needs=runs[0].key)
            )

    # Backends take turns in several rounds, so that all of them are affected if the machine becomes slower.
    for number in range(3 if options.quick else 5):
        for network in networks:
            config = with_training(
                network.config,
                learning_rate=BACKEND_LEARNING_RATE,
                epochs=network.config.training.epochs or BACKEND_EPOCHS,
            )
            for backend in network.backends:
                if backend != TFLITE:
                    jobs.append(
                        make_job(
                            "backend",
                            config,
                            options.splits[0],
                            network=network.label,
                            backend=backend,
                            round=number,
                        )
                    )
    return [*jobs, *generations]


def with_training(config: Config, **changes: Any) -> Config:
    """Return a config with other settings for training."""
    return replace(config, training=replace(config.training, **changes))


def compared_networks(corpus: Corpus, options: Options, backends: Sequence[str]) -> list[Network]:
    """Choose the networks of a comparison, and the backends that are compared with each of them."""
    hidden = options.hidden or HIDDEN
    others: Sequence[NetworkSettings] = ()  # networks that only one backend trains
    if options.cells or options.hidden:
        cells = options.cells or ("lstm",)
        shared = [NetworkSettings(cell=cell, hidden=hidden) for cell in cells]
    else:
        count = 1 if options.quick else 2
        shared = list(DEFAULT_NETWORKS[:count])
        others = DEFAULT_NETWORKS[count : 2 * count]

    # A backend that trains none of the shared networks adds a network of its own.
    for backend in backends:
        architectures, known_cells = abilities(backend)
        if options.cells or any(supports(backend, network) for network in shared):
            continue
        first_cell = next((cell for cell in CELLS if cell in known_cells), None)
        if RNN not in architectures:
            shared.append(NetworkSettings(architecture=architectures[0], hidden=hidden))
        elif first_cell is not None:
            shared.append(NetworkSettings(cell=first_cell, hidden=hidden))

    # A backend that the user named must have something to do.
    for backend in options.backends or ():
        if not any(supports(backend, network) for network in shared):
            labels = ", ".join(map(network_label, shared))
            raise EngineError(
                f"{backend} trains none of the compared networks ({labels}): choose another --cell, or leave it out "
                "of --backends"
            )

    # The number of epochs. By default, it depends on the network.
    epochs = options.epochs
    if options.quick and epochs is None:
        epochs = round(QUICK_NAMES / len(corpus.names))
        epochs = min(max(epochs, FEWEST_QUICK_EPOCHS), MOST_QUICK_EPOCHS)
    training = TrainingSettings(quick=True, epochs=epochs)

    networks = []
    for settings in [*shared, *(each for each in others if each not in shared)]:
        able = [backend for backend in backends if supports(backend, settings)]
        networks.append(
            Network(
                label=network_label(settings),
                config=Config(network=settings, training=training),
                splits=options.splits,
                trainer=able[0] if settings.architecture else NUMPY,
                backends=able if settings in shared else [],
            )
        )
    # On the original's lists, add its networks.
    if others and not options.quick and corpus.source in LIST_TYPES:
        for label, name in ORIGINALS.items():
            config_file = bundled_configs()[name.format(LIST_TYPES[corpus.source])]
            config = parse_config(tomllib.loads(config_file.text))
            networks.append(Network(label, config, options.splits[:1]))
    return networks


def abilities(backend: str) -> tuple[list[str], Collection[str]]:
    """Return the architectures and the cells that a backend supports.

    A backend that can't be loaded is treated like namegen's own. Its first job reports the error.
    """
    if backend not in (*ENGINES, TFLITE):
        with suppress(EngineError):
            engine = load_engine(backend)
            return [network.architecture for network in engine.architectures], engine.cells
    return [RNN], CELLS


def supports(backend: str, network: NetworkSettings) -> bool:
    """Return whether a backend supports a network."""
    architectures, cells = abilities(backend)
    if network.architecture:
        return network.architecture in architectures
    return RNN in architectures and network.cell in cells


def network_label(network: NetworkSettings) -> str:
    """Return the name of a network in reports.

    >>> network_label(NetworkSettings(cell="lstm", hidden=(32, 32)))
    'LSTM 2×32'
    >>> network_label(NetworkSettings(cell="gru", hidden=(64, 16)))
    'GRU 64+16'
    """
    if network.architecture:
        return network.architecture
    hidden = network.hidden or HIDDEN
    layers = "+".join(map(str, hidden))
    if len(set(hidden)) == 1:
        layers = f"{len(hidden)}×{hidden[0]}"
    return f"{CELL_NAMES.get(str(network.cell), network.cell)} {layers}"

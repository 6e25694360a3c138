"""Plan a comparison: list every job, in the order in which the jobs run.

For each list, a comparison has these jobs:

1. references: the ceiling and the n-gram, for each split of the list
2. networks: the NumPy backend trains each network with each seed, on each split
3. backends: every backend trains the same networks, in alternating rounds
4. generation: every backend, and every network, generates names
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

from msgspec import Struct

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.bundled_configs import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import CELLS
from namegen.core.settings import DataSettings
from namegen.errors import EngineError, UnknownEngineError, quote
from namegen.experiments.rows import NUMPY, TFLITE, Job
from namegen.settings_toml import parse_config

VALIDATION = 0.2  # the original project's share of held-out names
GENERATED_NAMES = 10_000
LARGE_BATCH = 512  # names; speed is measured with the run's own batch size and with this one
FEWEST_UPDATES = (
    4  # per epoch with the large batch; with fewer, the fixed cost of an epoch would dominate
)
# A quick comparison trains for about this many names in all, but within these numbers of epochs. Short lists need many
# epochs until an LSTM is as good as a SimpleRNN.
QUICK_NAMES = 60_000
QUICK_EPOCHS = (10, 60)

CELL_NAMES = {"simple_rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
DEFAULT_NETWORKS = (
    ("simple_rnn", (32, 32)),
    ("lstm", (32, 32)),
    ("gru", (32, 32)),
    ("simple_rnn", (128, 128)),
)
# A third of the default learning rate. At a rate of 0.015, rounding errors grow until the curves of two backends
# temporarily differ by 0.02 nats, although both reach the same loss in the end. At the lower rate, the errors fade.
BACKEND_TRAINING = {"learning_rate": 0.005, "epochs": 40}
# The original's networks. Each label is mapped to the name of its config, where {} is the type of the list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
ORIGINAL_BATCH_CHARACTERS = 1000  # the original's batch size in prefixes, one for each character
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
        """The ways to split a list. The backends are compared on the first one."""
        return ("by-row",) if self.quick else ("by-row", "by-name")

    @property
    def networks(self) -> list[tuple[str, tuple[int, ...]]]:
        """The cell and the layers of each network."""
        if self.cells or self.hidden:
            return [(cell, self.hidden or (32, 32)) for cell in self.cells or ("lstm",)]
        return list(DEFAULT_NETWORKS[:2] if self.quick else DEFAULT_NETWORKS)

    @property
    def backend_networks(self) -> list[tuple[str, tuple[int, ...]]]:
        """The networks that every backend trains."""
        if self.cells or self.hidden:
            return self.networks
        return list(DEFAULT_NETWORKS[:1] if self.quick else DEFAULT_NETWORKS[:2])


def network_label(cell: str, hidden: Sequence[int]) -> str:
    """Return the name of a network in reports.

    >>> network_label("lstm", (32, 32)), network_label("gru", (64, 16))
    ('LSTM 2×32', 'GRU 64+16')
    """
    has_equal_layers = len(set(hidden)) == 1
    layers = f"{len(hidden)}×{hidden[0]}" if has_equal_layers else "+".join(map(str, hidden))
    return f"{CELL_NAMES.get(cell, cell)} {layers}"


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


@lru_cache(maxsize=64)
def foreign_architecture(backend: str) -> str | None:
    """Return the architecture of a third-party backend, or None if it trains recurrent networks.

    A backend that can't be loaded is treated as one for recurrent networks. Its first job reports the error.
    """
    if backend in ENGINES:
        return None
    try:
        names = [architecture.architecture for architecture in load_engine(backend).architectures]
    except EngineError:
        return None
    return None if RecurrentNetwork.architecture in names else names[0]


def known_cells(backend: str) -> Iterable[str]:
    """Return the cells that a backend trains."""
    if backend in ENGINES:
        return CELLS
    try:
        return load_engine(backend).cells
    except EngineError:  # its first job reports the error
        return CELLS


def plan_comparison(corpora: Sequence[Corpus], options: Options) -> list[Job]:
    """Plan every job of a comparison. Jobs that can run in parallel come before timed ones.

    Raises:
        NamesError: a list is too small to split.
        UnknownEngineError: there is no backend with this name.
    """
    backends = choose_backends(options.backends)
    untimed: list[Job] = []
    timed: list[Job] = []
    for corpus in corpora:
        for split in options.splits:
            data = DataSettings(validation=VALIDATION, split=split)
            corpus.split(data, seed=options.split_seed)  # checks that the list is long enough
        for job in plan_list(corpus, options, backends):
            (timed if job.is_timed else untimed).append(job)
    return list({job.key: job for job in (*untimed, *timed)}.values())


def plan_list(corpus: Corpus, options: Options, backends: Sequence[str]) -> list[Job]:
    """Plan the jobs of one list."""
    first_split = options.splits[0]
    training: dict[str, Any] = {"quick": True}
    if options.quick:
        epochs = round(QUICK_NAMES / len(corpus.names))
        training["epochs"] = min(max(epochs, QUICK_EPOCHS[0]), QUICK_EPOCHS[1])
    if options.epochs is not None:
        training["epochs"] = options.epochs

    def make_job(
        kind: Any, tables: Mapping[str, Any], *, seed: int = 0, split: str = "", **more: Any
    ) -> Job:
        data = {
            "validation": VALIDATION,
            **tables.get("data", {}),
            "split_seed": options.split_seed,
        }
        if split:
            data["split"] = split
        config = parse_config(
            {
                "data": data,
                "network": tables.get("network", {}),
                "training": {**tables.get("training", {}), "seed": seed},
            }
        )
        return Job(
            kind=kind, list=corpus.source, fingerprint=corpus.fingerprint, config=config, **more
        )

    jobs = [
        make_job("reference", {}, split=split, names=GENERATED_NAMES) for split in options.splits
    ]

    # Networks, which NumPy trains. Backends for other architectures train their own. The runs with the first seed on
    # the first split generate names.
    networks: list[tuple[str, str, dict[str, Any]]] = []  # label, backend, tables of the config
    for cell, hidden in options.networks:
        tables = {"network": {"cell": cell, "hidden": list(hidden)}, "training": training}
        networks.append((network_label(cell, hidden), NUMPY, tables))
    for backend in backends:
        architecture = foreign_architecture(backend)
        if architecture is not None:
            network = {"architecture": architecture, "hidden": list(options.hidden or (32, 32))}
            networks.append((architecture, backend, {"network": network, "training": training}))
    generators: list[Job] = []
    for label, backend, tables in networks:
        for split, seed in product(options.splits, range(options.seeds)):
            job = make_job(
                "training", tables, seed=seed, split=split, backend=backend, network=label
            )
            jobs.append(job)
            if split == first_split and seed == 0:
                generators.append(job)
    if not options.quick and not options.cells and not options.hidden:
        for label, tables in original_networks(corpus).items():
            for seed in range(options.seeds):
                job = make_job("training", tables, seed=seed, network=label)
                jobs.append(job)
                if seed == 0:
                    generators.append(job)

    # Backends, in rounds. The first round is the run whose curves are shown. The others train for fewer epochs, of
    # which the first warms up and only the fastest counts.
    recurrent = [name for name in backends if name != TFLITE and not foreign_architecture(name)]
    pairs: list[tuple[str, str, dict[str, Any]]] = []
    for cell, hidden in _networks_of_backends(options, recurrent):
        for backend in recurrent:
            if cell in known_cells(backend):
                network = {"cell": cell, "hidden": list(hidden)}
                pairs.append((network_label(cell, hidden), backend, network))
    pairs += [
        (label, backend, tables["network"])
        for label, backend, tables in networks
        if backend != NUMPY
    ]
    has_large_batch = (1 - VALIDATION) * len(corpus.names) >= FEWEST_UPDATES * LARGE_BATCH
    for number in range(3 if options.quick else 5):
        for label, backend, network in pairs:
            run = {"network": network, "training": BACKEND_TRAINING | training}
            more: dict[str, Any] = {
                "split": first_split,
                "backend": backend,
                "network": label,
                "round": number,
            }
            if number == 0:
                jobs.append(make_job("training", run, role="backend", **more))
                continue
            short = {**run["training"], "epochs": 6 if options.quick else 26}
            jobs.append(make_job("training", {**run, "training": short}, role="timing", **more))
            if has_large_batch:
                large = {**short, "batch_size": LARGE_BATCH}
                jobs.append(make_job("training", {**run, "training": large}, role="timing", **more))

    # Generation. Every backend uses the first network that it supports.
    for source in generators:
        is_first = source is generators[0]
        makers: list[tuple[str, Any]] = [(source.backend, None)]
        if is_first:
            cell = source.config.network.cell or "simple_rnn"
            makers = [(name, None) for name in recurrent if cell in known_cells(name)]
            makers += [(TFLITE, loop) for loop in ("step", "generate") if TFLITE in backends]
        for backend, loop in makers:
            jobs.append(
                Job(
                    kind="generation",
                    list=source.list,
                    fingerprint=source.fingerprint,
                    config=source.config,
                    backend=backend,
                    network=source.network,
                    names=GENERATED_NAMES,
                    loop=loop,
                    needs=source.key,
                )
            )
    return jobs


def _networks_of_backends(
    options: Options, backends: Sequence[str]
) -> list[tuple[str, tuple[int, ...]]]:
    """Return the networks that backends train. A backend without any of their cells adds one that it does train."""
    networks = options.backend_networks
    if options.cells:
        return networks
    for backend in backends:
        cells = known_cells(backend)
        if not any(cell in cells for cell, _ in networks):
            own_cells = [cell for cell in CELLS if cell in cells]
            networks += [(cell, options.hidden or (32, 32)) for cell in own_cells[:1]]
    return list(dict.fromkeys(networks))


def original_networks(corpus: Corpus) -> dict[str, dict[str, Any]]:
    """Return the tables of the original's configs for a list, by the networks' labels.

    A list that the original didn't use gets the configs for first names, with as many names per batch as have as many
    characters as one of the original's batches, on average.
    """
    list_type = LIST_TYPES.get(corpus.source)
    networks = {}
    for label, template in ORIGINALS.items():
        config = tomllib.loads(bundled_configs()[template.format(list_type or "first")].text)
        config["data"].pop("names", None)
        if list_type is None and config["training"]["batch_size"] > 1:
            mean_characters = sum(len(name) + 1 for name in corpus.names) / len(corpus.names)
            config["training"]["batch_size"] = max(
                round(ORIGINAL_BATCH_CHARACTERS / mean_characters), 1
            )
        networks[label] = config
    return networks

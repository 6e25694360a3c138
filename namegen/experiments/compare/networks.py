"""The networks of a comparison, and the training config of each network."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from namegen.backends import ENGINES, load_engine
from namegen.bundled_configs import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.architecture import RecurrentNetwork
from namegen.documents import Json
from namegen.errors import EngineError
from namegen.experiments.compare.document import NUMPY, SplitName

VALIDATION = 0.2  # the original project's share of held-out names
LIKE_FOR_LIKE_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32")
# A third of the default learning rate, and a third of the default epochs of a list that keeps its duplicates. At a rate
# of 0.015, rounding errors grow until the curves of two backends temporarily differ by 0.02 nats, although both reach
# the same loss in the end. At the lower rate, the errors fade.
LIKE_FOR_LIKE_TRAINING: dict[str, Json] = {"learning_rate": 0.005, "epochs": 40}
NETWORKS: dict[str, dict[str, Json]] = {
    "SimpleRNN 2×32": {"cell": "simple_rnn", "hidden": [32, 32]},
    "LSTM 2×32": {"cell": "lstm", "hidden": [32, 32]},
    "GRU 2×32": {"cell": "gru", "hidden": [32, 32]},
    "SimpleRNN 2×128": {"cell": "simple_rnn", "hidden": [128, 128]},
}
WIDTHS = (32, 32)  # of a network with another architecture
# The original's networks. Each label is mapped to the name of its config, where {} is the type of the list.
ORIGINALS = {
    "scratch 2×32 (original)": "scratch-{}",
    "Keras SimpleRNN 2×32 (original)": "blog-rnn32-{}",
    "Keras LSTM 2×32 (original)": "blog-lstm32-{}",
    "Keras SimpleRNN 2×128 (original)": "blog-rnn128-{}",
}
ORIGINAL_BATCH_CHARACTERS = 1000  # the original's batch size in prefixes, one for each character
LIST_TYPES = {"mlb-first": "first", "mlb-last": "last", "companies": "companies"}


@dataclass(frozen=True)
class PlannedNetwork:
    """A network and the backend that trains it."""

    name: str  # its label in the report
    engine: str  # the backend's name
    # The tables of a config, without seeds. The split is also missing for a network that is trained on every split.
    config: Mapping[str, Mapping[str, Json]]

    def complete_config(
        self,
        *,
        seed: int,
        split_seed: int,
        split: SplitName | None = None,
        epochs: int | None = None,
    ) -> dict[str, Json]:
        """Return the config of one run.

        Args:
            seed: the training seed.
            split_seed: the seed of the split.
            split: the split, or None if the config already has one.
            epochs: the number of epochs, or None for the config's number.
        """
        data = {**self.config["data"], "split_seed": split_seed}
        if split is not None:
            data["split"] = split
        training = {**self.config["training"], "seed": seed}
        if epochs is not None:
            training["epochs"] = epochs
        other_tables = {name: dict(table) for name, table in self.config.items()}
        return {**other_tables, "data": data, "training": training}


def plan_network(
    name: str, engine: str, network: Mapping[str, Json], training: Mapping[str, Json]
) -> PlannedNetwork:
    """Plan a network from the tables ``network`` and ``training`` of its config."""
    config = {"data": {"validation": VALIDATION}, "network": network, "training": training}
    return PlannedNetwork(name, engine, config)


def foreign_networks(engines: Iterable[str], training: Mapping[str, Json]) -> list[PlannedNetwork]:
    """Plan a network for each third-party backend that doesn't train recurrent networks.

    Args:
        engines: the backends of the comparison. Backends that train recurrent networks are ignored.
        training: the training settings.
    """
    networks = []
    for engine in engines:
        architecture = foreign_architecture(engine)
        if architecture is not None:
            settings: dict[str, Json] = {"architecture": architecture, "hidden": list(WIDTHS)}
            networks.append(plan_network(architecture, engine, settings, training))
    return networks


def foreign_architecture(engine: str) -> str | None:
    """Return the architecture of a third-party backend, or None if it trains recurrent networks.

    A backend that can't be loaded is treated as one for recurrent networks. Its first measurement reports the error.
    """
    if engine in ENGINES:
        return None
    try:
        architectures = load_engine(engine).architectures
    except EngineError:
        return None
    names = [architecture.architecture for architecture in architectures]
    return None if RecurrentNetwork.architecture in names else names[0]


def original_networks(corpus: Corpus) -> list[PlannedNetwork]:
    """Plan the original's networks for a list.

    A list that the original didn't use gets the configs for first names with a different batch size.
    """
    list_type = LIST_TYPES.get(corpus.source)
    networks = []
    for label, template in ORIGINALS.items():
        config = _bundled_config(template.format(list_type or "first"))
        training = config["training"]
        trains_in_batches = training["batch_size"] > 1
        if list_type is None and trains_in_batches:
            training["batch_size"] = original_batch_size(corpus)
        networks.append(PlannedNetwork(label, NUMPY, config))
    return networks


def _bundled_config(name: str) -> dict[str, Any]:
    """Read a config, and remove its list."""
    config = tomllib.loads(bundled_configs()[name].text)
    config["data"].pop("names", None)
    return config


def original_batch_size(corpus: Corpus) -> int:
    """Return how many names of a list have as many characters as one of the original's batches, on average."""
    characters = sum(len(name) + 1 for name in corpus.names)
    mean_characters = characters / len(corpus.names)
    return max(round(ORIGINAL_BATCH_CHARACTERS / mean_characters), 1)

"""The networks that a comparison trains: those of its own, the original's, and those of a third party's engine."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

from namegen.backends import ENGINES, engine_paths, load_engine
from namegen.config_files import bundled_configs
from namegen.core.data.corpus import Corpus
from namegen.core.network.recurrent_network import RecurrentNetwork
from namegen.documents import Json
from namegen.errors import EngineError

LIKE_FOR_LIKE_NETWORKS = ("SimpleRNN 2×32", "LSTM 2×32")
# A third of the default rate, and a third of the epochs that are the default where repeats are kept. At 0.015 the
# rounding of single precision grows from step to step until the curves of two engines differ by 0.02 nats for a while,
# though both end equally good; at this rate it dies away.
LIKE_FOR_LIKE_TRAINING = {"learning_rate": 0.005, "epochs": 40}
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
class ForeignNetwork:
    """What an engine trains that does not train recurrent networks: what a report calls it, and its settings."""

    name: str
    settings: Mapping[str, Json]


def foreign_networks() -> dict[str, ForeignNetwork]:
    """Engine → its own network, for each engine of a third party that has no recurrent ones.

    One that cannot be loaded is taken for an engine of recurrent networks: the first measurement of it says what is
    wrong.
    """
    found = {}
    for engine in engine_paths():
        if engine in ENGINES:
            continue
        try:
            names = [architecture.architecture for architecture in load_engine(engine).architectures]
        except EngineError:
            continue
        if RecurrentNetwork.architecture not in names:
            width = f"{len(WIDTHS)}×{WIDTHS[0]}"
            settings: dict[str, Json] = {"architecture": names[0], "hidden": list(WIDTHS)}
            found[engine] = ForeignNetwork(f"{names[0]} {width}", settings)
    return found


def original_configs(corpus: Corpus) -> dict[str, dict[str, dict[str, Json]]]:
    """The configs of the original's networks, made for this list.

    A list of a kind of its own takes those for first names; the batch of 1,000 prefixes is made of its own names.
    """
    kind = KINDS.get(corpus.source)
    found = {}
    bundled = bundled_configs()
    for network, name in ORIGINALS.items():
        config = tomllib.loads(bundled[name.format(kind or "first")].text)
        config["data"].pop("names", None)
        if kind is None and config["training"]["batch_size"] > 1:
            mean = sum(len(name) + 1 for name in corpus.names) / len(corpus.names)
            config["training"]["batch_size"] = max(round(1000 / mean), 1)
        found[network] = config
    return found

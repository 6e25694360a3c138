"""The lists and models of ``benchmarks.quality``, with their settings."""

from __future__ import annotations

from benchmarks.lists import US_FIRST, US_FIRST_LINES

LISTS = (US_FIRST, "mlb-first", "mlb-last", "companies", "japanese-given", US_FIRST_LINES)
DEFAULT_SEEDS = 3
MORE_SEEDS = {US_FIRST: 5}  # lists that are trained on with more seeds

Settings = dict[str, object]

NO_DROPOUT: Settings = {
    "training.recurrent_dropout": 0.0,
    "training.output_dropout": 0.0,
}
NO_LABEL_SMOOTHING: Settings = {"training.label_smoothing": 0.0}
TRANSFORMER: Settings = {
    "network.hidden": (64, 64, 64, 64),  # four blocks of 64 units with four heads, as in makemore
    "training.learning_rate": 0.003,
    "training.batch_size": 128,
    "training.epochs": 25,
    "training.layer_dropout": 0.1,
    "training.output_dropout": 0.1,
}
CELL_NAMES = {"simple_rnn": "SimpleRNN", "gru": "GRU", "lstm": "LSTM"}
CELL_WIDTHS = {"simple_rnn": (64, 128), "gru": (64, 128), "lstm": (64, 256)}


def _single_layer_networks() -> dict[str, Settings]:
    """Return the settings of each cell with two widths, with the default dropout and without dropout."""
    networks = {}
    for cell, widths in CELL_WIDTHS.items():
        for width in widths:
            name = f"{CELL_NAMES[cell]} {width}"
            settings: Settings = {"network.cell": cell, "network.hidden": (width,)}
            networks[name] = settings
            networks[f"{name}, nothing dropped"] = {**settings, **NO_DROPOUT}
    return networks


# The names of the models are stored in quality.json.
MODELS: dict[str, Settings] = {
    "quick: SimpleRNN 2×32": {"training.quick": True},
    "standard": {},
    "standard, nothing smoothed": NO_LABEL_SMOOTHING,
    "standard, nothing dropped": NO_DROPOUT,
    "standard, neither": {**NO_DROPOUT, **NO_LABEL_SMOOTHING},
    **_single_layer_networks(),
    "Transformer 4×64": TRANSFORMER,
}
# The split of US_FIRST_LINES rewards memorization. Three models are enough to show that.
MODELS_FOR_LINES = ("quick: SimpleRNN 2×32", "standard", "Transformer 4×64")


def seed_count(list_name: str) -> int:
    """Return the default number of seeds for a list."""
    return MORE_SEEDS.get(list_name, DEFAULT_SEEDS)


def is_measured(list_name: str, model: str) -> bool:
    """Check whether a model is trained on a list."""
    return list_name != US_FIRST_LINES or model in MODELS_FOR_LINES

"""The results of the blog that namegen is compared with, in percent and seconds."""

from __future__ import annotations

from dataclasses import dataclass

LISTS = ("mlb-first", "mlb-last")
CEILING = "theoretical maximum"


def by_list(first_names: float, last_names: float) -> dict[str, float]:
    """Return a result for each list."""
    return {"mlb-first": first_names, "mlb-last": last_names}


# The blog's name of each network, and the name of the same network in namegen's results.
NETWORKS = {
    "scratch NumPy, SimpleRNN 2×32": "scratch 2×32 (original)",
    "Keras, SimpleRNN 2×32": "Keras SimpleRNN 2×32 (original)",
    "Keras, LSTM 2×32": "Keras LSTM 2×32 (original)",
    "Keras, SimpleRNN 2×128": "Keras SimpleRNN 2×128 (original)",
}
# Accuracy on the whole list.
SAMPLED_ACCURACY = {
    "scratch NumPy, SimpleRNN 2×32": by_list(44.8, 26.8),
    "Keras, SimpleRNN 2×32": by_list(48.0, 30.3),
    "Keras, LSTM 2×32": by_list(48.8, 34.4),
    "Keras, SimpleRNN 2×128": by_list(52.5, 43.9),
    CEILING: by_list(54.1, 53.6),
}
ARGMAX_ACCURACY = {
    "scratch NumPy, SimpleRNN 2×32": by_list(56.9, 40.0),
    "Keras, SimpleRNN 2×32": by_list(59.0, 43.7),
    "Keras, LSTM 2×32": by_list(59.8, 47.0),
    "Keras, SimpleRNN 2×128": by_list(62.1, 54.6),
    CEILING: by_list(62.7, 60.1),
}
# Argmax accuracy on the held-out names.
HELD_OUT_ACCURACY = {
    "Keras, SimpleRNN 2×32": by_list(58.2, 42.3),
    "Keras, LSTM 2×32": by_list(58.9, 44.8),
}
# The share of 10,000 generated names that are in the list.
RECREATED_NAMES = {
    "scratch NumPy, SimpleRNN 2×32": by_list(63.1, 9.0),
    "Keras, SimpleRNN 2×32": by_list(72.7, 14.5),
    "Keras, LSTM 2×32": by_list(75.8, 21.3),
    "Keras, SimpleRNN 2×128": by_list(88.6, 49.8),
}


@dataclass(frozen=True)
class GenerationTime:
    """The time in which the blog generated 10,000 names, and the measurement of namegen to compare it with."""

    method: str
    seconds: dict[str, float]  # by list; empty if the blog didn't measure it
    network: str  # namegen's network
    model: str  # the backend that generates the names


GENERATION_TIMES = (
    GenerationTime("scratch", by_list(5.8, 7.5), "scratch 2×32 (original)", "numpy"),
    GenerationTime("Keras, graph mode", by_list(267, 373), "SimpleRNN 2×32", "keras"),
    GenerationTime("TensorFlow Lite, the step", by_list(166, 177), "SimpleRNN 2×32", "tflite step"),
    GenerationTime("TensorFlow Lite, the loop inside", {}, "SimpleRNN 2×32", "tflite generate"),
)

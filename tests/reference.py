"""Slow and obvious: what the fast paths must equal. Plain loops over names, characters and numbers.

Nothing here uses a layer, a loss or a tree of namegen: names are read one after the other, an input is a one-hot
vector, and backpropagation goes through the list of remembered steps from the last one to the first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

STOP = ""  # what follows a finished name, in the counts by prefix


def prefix_counts(names: Iterable[str]) -> dict[str, Counter[str]]:
    """What follows each prefix of the names, ``STOP`` included, and how often."""
    follows: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        for place, character in enumerate([*name, STOP]):
            follows[name[:place]][character] += 1
    return dict(follows)


def ceiling(names: Sequence[str]) -> dict[str, float]:
    """The figures of the list itself as a model: each prefix predicts what follows it in the list."""
    follows = prefix_counts(names)
    loss = argmax = sampled = 0.0
    characters = 0
    for name in names:
        for place, true in enumerate([*name, STOP]):
            counts = follows[name[:place]]
            probability = counts[true] / sum(counts.values())
            said = max(sorted(counts), key=counts.__getitem__)
            loss -= math.log(probability)
            argmax += said == true
            sampled += probability
            characters += 1
    return {
        "loss_nats_per_char": loss / characters,
        "bits_per_char": loss / characters / math.log(2),
        "accuracy_argmax": argmax / characters,
        "accuracy_sampled": sampled / characters,
    }


def loss_and_gradients(
    cell: str,
    parameters: Mapping[str, np.ndarray],
    names: Iterable[Sequence[int]],
    *,
    bptt: bool = True,
    start_tokens: Sequence[int] | None = None,
) -> tuple[float, dict[str, np.ndarray]]:
    """The loss in nats, summed over all names, and the gradient of loss / characters, one name after the other.

    ``names`` are token sequences without boundaries, ``start_tokens`` what each begins with. ``bptt=False``: no
    gradient passes from a step to the one before it.
    """
    gradients = {name: np.zeros(values.shape) for name, values in parameters.items()}
    total, characters = 0.0, 0
    names = list(names)
    for name, start_token in zip(names, start_tokens or [0] * len(names), strict=True):
        logits, memory = read_name(cell, parameters, [start_token, *name])
        targets = [*name, 0]
        d_logits = []
        for row, target in zip(logits, targets, strict=True):
            probabilities = np.exp(row - row.max())
            probabilities /= probabilities.sum()
            total -= math.log(probabilities[target])
            probabilities[target] -= 1
            d_logits.append(probabilities)
        characters += len(targets)
        unread_name(cell, parameters, memory, d_logits, gradients, bptt)
    return total, {name: values / characters for name, values in gradients.items()}


def read_name(
    cell: str, parameters: Mapping[str, np.ndarray], tokens: Sequence[int]
) -> tuple[list[np.ndarray], list[dict[str, Any]]]:
    """The logits after each token, and what the way back needs of each step."""
    layers = sum(name.endswith("recurrent_kernel") for name in parameters)
    W, b = parameters["output.kernel"], parameters["output.bias"]
    states = [(np.zeros(len(parameters[f"rnn.{k}.recurrent_kernel"])),) * 2 for k in range(layers)]
    logits, memory = [], []
    for token in tokens:
        x = np.zeros(len(parameters["rnn.0.kernel"]))
        x[token] = 1
        steps = []
        for k in range(layers):
            step = CELLS[cell][0](x, *states[k], *layer_parameters(parameters, k))
            states[k] = step["h"], step["c"]
            steps.append(step)
            x = step["h"]
        logits.append(x @ W + b)
        memory.append({"steps": steps, "top": x})
    return logits, memory


def unread_name(
    cell: str,
    parameters: Mapping[str, np.ndarray],
    memory: list[dict[str, Any]],
    d_logits: list[np.ndarray],
    gradients: dict[str, np.ndarray],
    bptt: bool,
) -> None:
    """Add one name's gradients to ``gradients``: backpropagation through time, step by step."""
    layers = len(memory[0]["steps"])
    later = [
        (0.0, 0.0)
    ] * layers  # d loss / d (h, c) that the step after this one hands back, by layer
    for step, d_row in zip(reversed(memory), reversed(d_logits), strict=True):
        gradients["output.kernel"] += np.outer(step["top"], d_row)
        gradients["output.bias"] += d_row
        d_x = parameters["output.kernel"] @ d_row
        for k in reversed(range(layers)):
            d_h, d_c = later[k]
            found = CELLS[cell][1](
                step["steps"][k], d_x + d_h, d_c, *layer_parameters(parameters, k)
            )
            for name in ("kernel", "recurrent_kernel", "bias"):
                gradients[f"rnn.{k}.{name}"] += found[name]
            later[k] = (found["h"], found["c"]) if bptt else (0.0, 0.0)
            d_x = found["x"]


def layer_parameters(
    parameters: Mapping[str, np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """K, U and b of layer k."""
    return (
        parameters[f"rnn.{k}.kernel"],
        parameters[f"rnn.{k}.recurrent_kernel"],
        parameters[f"rnn.{k}.bias"],
    )


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def simple_rnn(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, K: np.ndarray, U: np.ndarray, b: np.ndarray
) -> dict:
    return {"x": x, "before": h, "h": np.tanh(x @ K + h @ U + b), "c": c}


def simple_rnn_back(
    step: dict, d_h: Any, d_c: Any, K: np.ndarray, U: np.ndarray, b: np.ndarray
) -> dict:
    d_pre = d_h * (1 - step["h"] ** 2)
    return {
        "kernel": np.outer(step["x"], d_pre),
        "recurrent_kernel": np.outer(step["before"], d_pre),
        "bias": d_pre,
        "x": K @ d_pre,
        "h": U @ d_pre,
        "c": 0.0,
    }


def gru(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, K: np.ndarray, U: np.ndarray, b: np.ndarray
) -> dict:
    Kz, Kr, Kn = np.split(K, 3, axis=1)
    Uz, Ur, Un = np.split(U, 3, axis=1)
    (bz, br, bn), (cz, cr, cn) = np.split(b[0], 3), np.split(b[1], 3)
    z = logistic(x @ Kz + bz + h @ Uz + cz)
    r = logistic(x @ Kr + br + h @ Ur + cr)
    inner = h @ Un + cn
    n = np.tanh(x @ Kn + bn + r * inner)
    return {
        "x": x,
        "before": h,
        "z": z,
        "r": r,
        "n": n,
        "inner": inner,
        "h": z * h + (1 - z) * n,
        "c": c,
    }


def gru_back(step: dict, d_h: Any, d_c: Any, K: np.ndarray, U: np.ndarray, b: np.ndarray) -> dict:
    x, before, z, r, n, inner = (step[name] for name in ("x", "before", "z", "r", "n", "inner"))
    d_z = d_h * (before - n) * z * (1 - z)
    d_n = d_h * (1 - z) * (1 - n**2)
    d_r = d_n * inner * r * (1 - r)
    of_input, of_state = np.concatenate([d_z, d_r, d_n]), np.concatenate([d_z, d_r, d_n * r])
    return {
        "kernel": np.outer(x, of_input),
        "recurrent_kernel": np.outer(before, of_state),
        "bias": np.stack([of_input, of_state]),
        "x": K @ of_input,
        "h": d_h * z + U @ of_state,
        "c": 0.0,
    }


def lstm(
    x: np.ndarray, h: np.ndarray, c: np.ndarray, K: np.ndarray, U: np.ndarray, b: np.ndarray
) -> dict:
    i, f, g, o = np.split(x @ K + h @ U + b, 4)
    i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
    after = f * c + i * g
    return {
        "x": x, "before": h, "c_before": c, "i": i, "f": f, "g": g, "o": o, "h": o * np.tanh(after), "c": after,
    }  # fmt: skip


def lstm_back(step: dict, d_h: Any, d_c: Any, K: np.ndarray, U: np.ndarray, b: np.ndarray) -> dict:
    i, f, g, o = (step[name] for name in ("i", "f", "g", "o"))
    d_c = d_c + d_h * o * (1 - np.tanh(step["c"]) ** 2)
    d_gates = np.concatenate(
        [
            d_c * g * i * (1 - i),
            d_c * step["c_before"] * f * (1 - f),
            d_c * i * (1 - g**2),
            d_h * np.tanh(step["c"]) * o * (1 - o),
        ]
    )
    return {
        "kernel": np.outer(step["x"], d_gates),
        "recurrent_kernel": np.outer(step["before"], d_gates),
        "bias": d_gates,
        "x": K @ d_gates,
        "h": U @ d_gates,
        "c": d_c * f,
    }


CELLS = {
    "simple_rnn": (simple_rnn, simple_rnn_back),
    "gru": (gru, gru_back),
    "lstm": (lstm, lstm_back),
}


def same_form(name: str, forms: Iterable[str]) -> str:
    """What is left of a name to tell whether it is the same as another: no trailing form, no case, nothing but letters
    and digits. For names of one Unicode spelling.
    """

    def squeezed(text: str) -> str:
        return "".join(character for character in text.casefold() if character.isalnum())

    ends = {squeezed(form) for form in forms}
    words = [word for word in name.replace(",", " ").split() if squeezed(word)]
    cut = True
    while cut:
        cut = False
        for start in range(1, len(words)):  # the longest form first; the first word always stays
            if squeezed("".join(words[start:])) in ends:
                words, cut = words[:start], True
                break
    return squeezed("".join(words)) or name.casefold()

"""Slow and simple reference implementations, which the fast code has to agree with.

They don't use any layer, loss or tree of namegen. They read one name after another, inputs are one-hot vectors, and
backpropagation visits the stored steps from the last to the first.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

STOP = ""  # the end of a name in the counts


def prefix_counts(names: Iterable[str]) -> dict[str, Counter[str]]:
    """Count the characters after each prefix of the names, including ``STOP``."""
    followers: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        for position, character in enumerate([*name, STOP]):
            followers[name[:position]][character] += 1
    return dict(followers)


def ceiling(names: Sequence[str]) -> dict[str, float]:
    """Compute the metrics of a model that predicts the characters after each prefix as often as in the list."""
    followers = prefix_counts(names)
    loss = 0.0
    argmax = 0.0
    sampled = 0.0
    characters = 0
    for name in names:
        for position, target in enumerate([*name, STOP]):
            counts = followers[name[:position]]
            probability = counts[target] / counts.total()
            most_likely = max(sorted(counts), key=counts.__getitem__)
            loss -= math.log(probability)
            argmax += most_likely == target
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
    """Compute the loss in nats, summed over all names, and the gradient of loss / characters.

    ``names`` are the tokens of the names without start and end tokens. With ``bptt=False``, no gradient passes from a
    step to the previous one.
    """
    gradients = {name: np.zeros(values.shape) for name, values in parameters.items()}
    total = 0.0
    characters = 0
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
    """Compute the logits after each token, and store everything that the backward pass needs."""
    layers = sum(name.endswith("recurrent_kernel") for name in parameters)
    W = parameters["output.kernel"]
    b = parameters["output.bias"]
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
    """Add the gradients of a name to ``gradients``, with backpropagation through time."""
    layers = len(memory[0]["steps"])
    # The gradients with respect to h and c that each layer receives from the next step.
    later = [(0.0, 0.0)] * layers
    for step, d_row in zip(reversed(memory), reversed(d_logits), strict=True):
        gradients["output.kernel"] += np.outer(step["top"], d_row)
        gradients["output.bias"] += d_row
        d_x = parameters["output.kernel"] @ d_row
        for k in reversed(range(layers)):
            d_h, d_c = later[k]
            d = CELLS[cell][1](step["steps"][k], d_x + d_h, d_c, *layer_parameters(parameters, k))
            for name in ("kernel", "recurrent_kernel", "bias"):
                gradients[f"rnn.{k}.{name}"] += d[name]
            later[k] = (d["h"], d["c"]) if bptt else (0.0, 0.0)
            d_x = d["x"]


def layer_parameters(
    parameters: Mapping[str, np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return K, U and b of layer k."""
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
    d_input = np.concatenate([d_z, d_r, d_n])
    d_state = np.concatenate([d_z, d_r, d_n * r])
    return {
        "kernel": np.outer(x, d_input),
        "recurrent_kernel": np.outer(before, d_state),
        "bias": np.stack([d_input, d_state]),
        "x": K @ d_input,
        "h": d_h * z + U @ d_state,
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
    """Normalize a name: remove legal forms at its end and everything except letters and digits, and ignore case.

    This works for names that are spelled with the same Unicode characters.
    """
    endings = {letters_and_digits(form) for form in forms}
    words = [word for word in name.replace(",", " ").split() if letters_and_digits(word)]
    end = end_without_form(words, endings)
    while end < len(words):
        words = words[:end]
        end = end_without_form(words, endings)
    return letters_and_digits("".join(words)) or name.casefold()


def end_without_form(words: Sequence[str], endings: set[str]) -> int:
    """Return how many words are left without the longest ending. The first word always stays."""
    for start in range(1, len(words)):
        if letters_and_digits("".join(words[start:])) in endings:
            return start
    return len(words)


def letters_and_digits(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())

"""A page's model, read in Python as ``network.js`` reads it, so that an export can be compared before it is written.

Formulas, layout and precision (parameters float32, arithmetic float64) are those of ``network.js``, line by line and on
purpose not those of an engine: what is compared must not come from the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np

from namegen.core.network.record import text_to_bytes
from namegen.documents import Json
from namegen.types import Array, Float64, Int, Int32

LayerState: TypeAlias = list[Array]  # h, of an LSTM h and c: each (B, H)
PageState: TypeAlias = list[LayerState]


@dataclass(frozen=True)
class PageDescription:
    """What the JSON of a page or a module says of a model; ``docs/use/web.md`` explains each key.

    Attributes:
        name, title, credit, notice: see ``PageModel``.
        spaces, separators, kinds, removal, folding: tables of the model's own characters: what a page cannot look up.
        tensors: the parameters, float32, by canonical name, as texts (``core/network/record.py``).
        record: all else that the model carries, as ``Record.to_plain`` gives it.
    """

    name: str
    title: str
    credit: str
    notice: str
    spaces: str
    separators: str
    kinds: str
    removal: Mapping[str, str]
    folding: Mapping[str, str]
    tensors: Mapping[str, str]
    record: Mapping[str, Json]


class PageNetwork:
    """A LanguageModel of what ``describe`` puts into a page.

    Args:
        description: one model of the page's JSON.
    """

    def __init__(self, description: PageDescription) -> None:
        network = cast(Mapping[str, Any], description.record["network"])
        self.cell = CELLS[network["cell"]]
        self.widths: Sequence[int] = network["hidden"]
        self.states = 2 if network["cell"] == "lstm" else 1
        self.vocabulary_size: int = network["vocabulary_size"]
        tensors = {
            name: np.frombuffer(text_to_bytes(text), "<f4").astype(np.float64)
            for name, text in description.tensors.items()
        }
        self.layers = [
            _Layer(
                width,
                tensors[f"rnn.{k}.kernel"],
                tensors[f"rnn.{k}.recurrent_kernel"],
                tensors[f"rnn.{k}.bias"],
            )
            for k, width in enumerate(self.widths)
        ]
        self.kernel = tensors["output.kernel"].reshape(-1, self.vocabulary_size)
        self.bias = tensors["output.bias"]

    def initial_state(self, rows: int) -> PageState:
        """Zeros."""
        return [[np.zeros((rows, width)) for _ in range(self.states)] for width in self.widths]

    def step(self, tokens: Int32[Array, "B"], state: object) -> tuple[Float64[Array, "B V"], PageState]:
        """Read one token a row."""
        x: Array = tokens
        after = []
        for layer, before in zip(self.layers, cast(PageState, state), strict=True):
            after.append(self.cell(layer, x, before))
            x = after[-1][0]
        return self.bias + x @ self.kernel, after

    def select(self, state: object, rows: Int[Array, "K"]) -> PageState:
        """Gather rows of a state."""
        return [[array[rows] for array in layer] for layer in cast(PageState, state)]


class _Layer:
    """Its matrices, whose rows follow from how many numbers there are."""

    def __init__(self, width: int, kernel: Array, recurrent_kernel: Array, bias: Array) -> None:
        self.width, self.bias = width, bias
        self.recurrent_kernel = recurrent_kernel.reshape(width, -1)
        self.kernel = kernel.reshape(-1, self.recurrent_kernel.shape[1])

    def project(self, x: Array) -> Array:
        """``x K + b``; a token is looked up."""
        read = self.kernel[x] if x.ndim == 1 else x @ self.kernel
        return self.bias[: self.kernel.shape[1]] + read


def _sigmoid(x: Array) -> Array:
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _simple_rnn(layer: _Layer, x: Array, state: LayerState) -> LayerState:
    (h,) = state
    return [np.tanh(layer.project(x) + h @ layer.recurrent_kernel)]


def _gru(layer: _Layer, x: Array, state: LayerState) -> LayerState:
    (h,), H = state, layer.width
    p, s = layer.project(x), layer.bias[3 * H :] + h @ layer.recurrent_kernel
    z, r = _sigmoid(p[:, :H] + s[:, :H]), _sigmoid(p[:, H : 2 * H] + s[:, H : 2 * H])
    n = np.tanh(p[:, 2 * H :] + r * s[:, 2 * H :])
    return [n + z * (h - n)]


def _lstm(layer: _Layer, x: Array, state: LayerState) -> LayerState:
    (h, c), H = state, layer.width
    a = layer.project(x) + h @ layer.recurrent_kernel
    i, f, o = (_sigmoid(a[:, gate * H : (gate + 1) * H]) for gate in (0, 1, 3))
    c_after = f * c + i * np.tanh(a[:, 2 * H : 3 * H])
    return [o * np.tanh(c_after), c_after]


CELLS = {"simple_rnn": _simple_rnn, "gru": _gru, "lstm": _lstm}

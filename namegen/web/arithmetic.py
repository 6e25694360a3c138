"""A page's model, read in Python as ``network.js`` reads it, so that an export can be compared before it is written.

Formulas and precision (parameters float32, arithmetic float64) are those of ``network.js``, and on purpose not those of
an engine: what is compared must not come from the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np

from namegen.core.network.architecture import exportable
from namegen.core.network.record import read_record, text_to_bytes
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
        claimed: what no new name begins with, a line each (``core/generation/wishes/claimed.py``).
        spellings: of companies, how the words of legal forms are written, and other words (``letter_case.py``).
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
    claimed: str
    spellings: tuple[Mapping[str, str], ...]
    tensors: Mapping[str, str]
    record: Mapping[str, Json]


class PageNetwork:
    """A LanguageModel of what ``describe`` puts into a page.

    Args:
        description: one model of the page's JSON.
    """

    def __init__(self, description: PageDescription) -> None:
        self.network = exportable(read_record(description.record).network, CELLS, "a page")
        self.vocabulary_size = self.network.vocabulary_size
        tensors = {
            name: np.frombuffer(text_to_bytes(description.tensors[name]), "<f4").astype(np.float64).reshape(shape)
            for name, shape in self.network.parameter_shapes.items()
        }
        self.layers = [
            [tensors[f"rnn.{k}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            for k in range(len(self.network.hidden))
        ]
        self.kernel, self.bias = tensors["output.kernel"], tensors["output.bias"]

    def initial_state(self, rows: int) -> PageState:
        """Zeros."""
        states = range(self.network.cell_shape.states)
        return [[np.zeros((rows, width)) for _ in states] for width in self.network.hidden]

    def step(self, tokens: Int32[Array, "B"], state: object) -> tuple[Float64[Array, "B V"], PageState]:
        """Read one token a row."""
        x: Array = tokens
        after = []
        for (K, U, b), before in zip(self.layers, cast(PageState, state), strict=True):
            x_K = K[x] if x.ndim == 1 else x @ K  # a token is looked up
            after.append(CELLS[self.network.cell](x_K, U, b, before))
            x = after[-1][0]
        return self.bias + x @ self.kernel, after

    def select(self, state: object, rows: Int[Array, "K"]) -> PageState:
        """Gather rows of a state."""
        return [[array[rows] for array in layer] for layer in cast(PageState, state)]


def _sigmoid(x: Array) -> Array:
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _simple_rnn(x_K: Array, U: Array, b: Array, state: LayerState) -> LayerState:
    (h,) = state
    return [np.tanh(x_K + h @ U + b)]


def _gru(x_K: Array, U: Array, b: Array, state: LayerState) -> LayerState:
    (h,), H = state, len(U)
    p, s = x_K + b[0], h @ U + b[1]
    z, r = _sigmoid(p[:, :H] + s[:, :H]), _sigmoid(p[:, H : 2 * H] + s[:, H : 2 * H])
    n = np.tanh(p[:, 2 * H :] + r * s[:, 2 * H :])
    return [n + z * (h - n)]


def _lstm(x_K: Array, U: Array, b: Array, state: LayerState) -> LayerState:
    (h, c), H = state, len(U)
    a = x_K + h @ U + b
    i, f, o = (_sigmoid(a[:, gate * H : (gate + 1) * H]) for gate in (0, 1, 3))
    c_after = f * c + i * np.tanh(a[:, 2 * H : 3 * H])
    return [o * np.tanh(c_after), c_after]


CELLS = {"simple_rnn": _simple_rnn, "gru": _gru, "lstm": _lstm}

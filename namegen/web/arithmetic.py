"""A page's model, read in Python as ``network.js`` reads it, so that an export can be compared before it is written.

The loop over a cell's operations and the precision (parameters float32, arithmetic float64) are those of
``network.js``, and on purpose not those of an engine: what is compared must not come from the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, cast

import numpy as np

from namegen.core.checkpoint.metadata import text_to_bytes
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import Formula
from namegen.documents import Json
from namegen.types import Array, Float64, Int, Int32

LayerState: TypeAlias = list[Array]  # of each state of the cell (B, H), h first
PageState: TypeAlias = list[LayerState]


@dataclass(frozen=True)
class PageDescription:
    """What the JSON of a page or a module says of a model; ``docs/guides/web-page.md`` explains each key.

    Attributes:
        name, title, credit, notice: see ``PageModel``.
        spaces, separators, removal, folding: tables of the model's own characters: what a page cannot look up.
        claimed: what no new name begins with, a line each (``core/generation/constraints/claimed.py``).
        spellings: of companies, how the words of legal forms are written, and other words (``letter_case.py``).
        forms: of family names of the world, how a man's becomes a woman's, by origin (``FEMALE_ENDINGS``).
        cell: its title.
        formula: its operations (``core/network/cells.py``).
        tensors: the parameters by canonical name, as texts (``core/checkpoint/metadata.py``).
        half: whether they are written in half precision; otherwise as float32.
        metadata: all else that the model carries, as ``Metadata.to_plain`` gives it.
    """

    name: str
    title: str
    credit: str
    notice: str
    spaces: str
    separators: str
    removal: Mapping[str, str]
    folding: Mapping[str, str]
    claimed: str
    spellings: tuple[Mapping[str, str], ...]
    forms: Mapping[str, str]
    cell: str
    formula: Formula
    tensors: Mapping[str, str]
    half: bool
    metadata: Mapping[str, Json]


class PageNetwork:
    """A LanguageModel of what ``describe`` puts into a page.

    Args:
        description: one model of the page's JSON.
        network: the shapes of its tensors.
    """

    def __init__(self, description: PageDescription, network: RecurrentNetwork) -> None:
        self.network, self.formula = network, description.formula
        self.vocabulary_size = network.vocabulary_size
        tensors = {
            name: np.frombuffer(
                text_to_bytes(description.tensors[name]), "<f2" if description.half else "<f4"
            )
            .astype(np.float64)
            .reshape(shape)
            for name, shape in network.parameter_shapes.items()
        }
        self.layers = [
            [tensors[f"rnn.{k}.{part}"] for part in ("kernel", "recurrent_kernel", "bias")]
            for k in range(len(network.hidden))
        ]
        self.kernel, self.bias = tensors["output.kernel"], tensors["output.bias"]

    def initial_state(self, rows: int) -> PageState:
        """Zeros."""
        return [
            [np.zeros((rows, width)) for _ in range(self.formula.states)]
            for width in self.network.hidden
        ]

    def step(
        self, tokens: Int32[Array, "B"], state: object
    ) -> tuple[Float64[Array, "B V"], PageState]:
        """Read one token a row."""
        rows: Array = tokens
        after = []
        for (K, U, b), before in zip(self.layers, cast(PageState, state), strict=True):
            width, biases = len(U), np.atleast_2d(b)
            x = (K[rows] if rows.ndim == 1 else rows @ K) + biases[0]  # a token is looked up
            s = before[0] @ U + (biases[1, : U.shape[1]] if len(biases) == 2 else 0)
            values = [
                part[:, k : k + width] for part in (x, s) for k in range(0, part.shape[1], width)
            ] + before
            for one in self.formula.operations:
                of = [values[place] for place in one.of]
                values.append(
                    np.float64(one.number) if one.name == "number" else OPERATIONS[one.name](*of)
                )
            after.append([values[place] for place in self.formula.after])
            rows = after[-1][0]
        return self.bias + rows @ self.kernel, after

    def select(self, state: object, rows: Int[Array, "K"]) -> PageState:
        """Gather rows of a state."""
        return [[array[rows] for array in layer] for layer in cast(PageState, state)]


OPERATIONS: dict[str, Callable[..., Array]] = {  # those of OPERATIONS in network.js
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "absolute": np.absolute,
    "sigmoid": lambda x: 0.5 * np.tanh(0.5 * x) + 0.5,
    "tanh": np.tanh,
}

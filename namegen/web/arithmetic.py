"""Compute a page's model in Python in the same way as ``network.js`` does, to check an export before it's written.

Like ``network.js``, this code runs the operations of the cell's formula, with float32 parameters and float64
arithmetic. It shares no code with the engines, so that the check also detects errors in an engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from namegen.core.checkpoint.metadata import text_to_bytes
from namegen.core.network.architecture import RecurrentNetwork
from namegen.types import Array, Float64, Int, Int32

if TYPE_CHECKING:
    from namegen.web.description import PageDescription

LayerState: TypeAlias = list[Array]  # for each state of the cell (B, H), h first
PageState: TypeAlias = list[LayerState]  # one entry per layer


def _sigmoid(x: Array) -> Array:
    return 0.5 * np.tanh(0.5 * x) + 0.5


# The operations that network.js knows, in the same order.
OPERATIONS: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "absolute": np.absolute,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
}


@dataclass(frozen=True)
class PageLayer:
    """The parameters of one recurrent layer, in float64."""

    kernel: Array  # (I, G·H)
    recurrent_kernel: Array  # (H, S·H)
    input_bias: Array  # (G·H,)
    state_bias: Array  # (S·H,), zeros if the cell has only one bias
    vectors: list[Array]  # (H,) each


class PageNetwork:
    """A LanguageModel with the parameters of a page.

    Args:
        description: a model of the page.
        network: the shapes of its parameters.
    """

    def __init__(self, description: PageDescription, network: RecurrentNetwork) -> None:
        self.network = network
        self.formula = description.formula
        self.vocabulary_size = network.vocabulary_size
        dtype = "<f2" if description.half else "<f4"
        tensors: dict[str, Array] = {}
        for name, shape in network.parameter_shapes.items():
            values = np.frombuffer(text_to_bytes(description.tensors[name]), dtype)
            tensors[name] = values.astype(np.float64).reshape(shape)
        self.layers: list[PageLayer] = []
        for index in range(len(network.hidden)):
            recurrent_kernel = tensors[f"rnn.{index}.recurrent_kernel"]
            biases = np.atleast_2d(tensors[f"rnn.{index}.bias"])  # (1 or 2, G·H)
            state_columns = recurrent_kernel.shape[1]
            state_bias = np.zeros(state_columns)
            if len(biases) == 2:  # the second one belongs to the recurrent kernel
                state_bias = biases[1, :state_columns]
            layer = PageLayer(
                kernel=tensors[f"rnn.{index}.kernel"],
                recurrent_kernel=recurrent_kernel,
                input_bias=biases[0],
                state_bias=state_bias,
                vectors=[tensors[f"rnn.{index}.{vector}"] for vector in self.formula.vectors],
            )
            self.layers.append(layer)
        self.kernel = tensors["output.kernel"]  # (H, V)
        self.bias = tensors["output.bias"]  # (V,)

    def initial_state(self, rows: int) -> PageState:
        """Return a state of zeros."""
        states = self.formula.states
        return [[np.zeros((rows, width)) for _ in range(states)] for width in self.network.hidden]

    def step(
        self, tokens: Int32[Array, "B"], state: object
    ) -> tuple[Float64[Array, "B V"], PageState]:
        """Read one token per row. Return the logits of the next token and the new state."""
        before = cast(PageState, state)
        # The product of a token's one-hot vector and the kernel is a row of the kernel.
        products = self.layers[0].kernel[tokens]  # (B, G·H)
        after: PageState = []
        for index, layer in enumerate(self.layers):
            if index > 0:
                output_below = after[-1][0]  # h of the layer below (B, H)
                products = output_below @ layer.kernel
            after.append(self._step_layer(layer, products, before[index]))
        logits = self.bias + after[-1][0] @ self.kernel
        return logits, after

    def _step_layer(self, layer: PageLayer, products: Array, before: LayerState) -> LayerState:
        """Update the state of one layer.

        Args:
            layer: the layer's parameters.
            products: the input times the kernel (B, G·H).
            before: the state before the step.
        """
        width = len(layer.recurrent_kernel)
        x = products + layer.input_bias
        s = before[0] @ layer.recurrent_kernel + layer.state_bias
        values = [*_split_gates(x, width), *_split_gates(s, width), *before, *layer.vectors]
        for operation in self.formula.operations:
            if operation.name == "number":
                values.append(np.asarray(operation.number, np.float64))
                continue
            inputs = [values[index] for index in operation.of]
            values.append(OPERATIONS[operation.name](*inputs))
        return [values[index] for index in self.formula.after]

    def select(self, state: object, rows: Int[Array, "K"]) -> PageState:
        """Return the state of the selected rows."""
        return [[array[rows] for array in layer] for layer in cast(PageState, state)]


def _split_gates(values: Array, width: int) -> list[Array]:
    """Return the columns of each gate, as views that are ``width`` columns wide."""
    columns = values.shape[1]
    return [values[:, start : start + width] for start in range(0, columns, width)]

"""The network's arithmetic as operators of a .tflite subgraph. ``core/README.md`` defines the letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from namegen.backends.tflite.graph import (
    ANY,
    DEFAULT_OPTIONS,
    NO_TENSOR,
    TRUE,
    Graph,
    Options,
    Tensor,
    Weight,
    int32,
)
from namegen.backends.tflite.schema import FullyConnectedOptions, Op, SplitOptions, Type
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import Formula, Operation

# The versions of the operators that read int8 weights.
MULTIPLIES_INT8 = 12  # FULLY_CONNECTED; it also rounds the rows to 8 bits
GATHERS_INT8 = 2  # GATHER
DEQUANTIZES_INT8 = 2  # DEQUANTIZE
OPERATIONS = {  # the operators for the operations of a cell's formula
    "add": Op.ADD,
    "subtract": Op.SUB,
    "multiply": Op.MUL,
    "divide": Op.DIV,
    "absolute": Op.ABS,
    "sigmoid": Op.LOGISTIC,
    "tanh": Op.TANH,
}


def network_step(
    graph: Graph,
    network: RecurrentNetwork,
    weights: Mapping[str, Weight],
    *,
    tokens: Tensor,
    state: Sequence[Tensor],
) -> tuple[Tensor, list[Tensor]]:
    """Add the operators that run the network on one token per row. Return the logits (B, V) and the new state.

    Args:
        graph: the subgraph that the operators are added to.
        network: the shapes.
        weights: the weights, named as in ``weights.py``.
        tokens: token ids, (B,).
        state: the arrays of all layers' states, (B, H) each.
    """
    layer_input = tokens
    new_state: list[Tensor] = []
    arrays_per_layer = network.formula.states
    for index, width in enumerate(network.hidden):
        layer = Layer(graph, index, formula=network.formula, width=width, weights=weights)
        start = arrays_per_layer * index
        layer_state = state[start : start + arrays_per_layer]
        new_layer_state = layer.step(layer_input, layer_state)
        new_state += new_layer_state
        layer_input = new_layer_state[0]  # h, (B, H)
    logits = matrix_product(graph, layer_input, weights["output.kernel"], weights["output.bias"])
    return logits, new_state


def matrix_product(graph: Graph, rows: Tensor, kernel: Weight, bias: Weight | None) -> Tensor:
    """Compute ``rows K (+ b)``. The kernel is stored as (outputs, inputs), which is how the operator reads it."""
    kernel_tensor = graph.weight(kernel)
    bias_tensor = NO_TENSOR if bias is None else graph.weight(bias)
    options: Options = DEFAULT_OPTIONS
    version = 1
    if kernel.scales is not None:
        options = {FullyConnectedOptions.ASYMMETRIC_QUANTIZE_INPUTS: TRUE}
        version = MULTIPLIES_INT8
    return graph.compute(
        Op.FULLY_CONNECTED,
        [rows, kernel_tensor, bias_tensor],
        Type.FLOAT32,
        (ANY, kernel.values.shape[0]),
        options,
        version=version,
    )


def reads_only_sums(formula: Formula) -> bool:
    """Check whether a cell reads x (from the input) and s (from the state) of each gate only as ``x + s``.

    If so, a single ADD operator computes the sums of all gates.

    >>> from namegen.core.network.cells import GRU, LSTM
    >>> reads_only_sums(LSTM.formula), reads_only_sums(GRU.formula)
    (True, False)
    """
    if formula.state_gates != formula.gates:
        return False
    return all(
        _adds_x_and_s(operation, formula)
        for operation in formula.operations
        if _reads_x_or_s(operation, formula)
    )


def _reads_x_or_s(operation: Operation, formula: Formula) -> bool:
    """Check whether an operation of a cell's formula reads x (from the input) or s (from the state) of any gate.

    ``operation.of`` contains the indices of the values that it reads: x of each gate, s of each gate, then all others.
    """
    x_and_s_count = formula.gates + formula.state_gates
    return any(index < x_and_s_count for index in operation.of)


def _adds_x_and_s(operation: Operation, formula: Formula) -> bool:
    """Check whether an operation adds x (from the input) and s (from the state) of the same gate.

    ``operation.of`` contains the indices of its operands: x of each gate comes first, followed by s of each gate.
    """
    if operation.name != "add":
        return False
    lower_index, higher_index = sorted(operation.of)
    is_x = lower_index < formula.gates
    is_s_of_same_gate = higher_index == lower_index + formula.gates
    return is_x and is_s_of_same_gate


@dataclass(eq=False)
class Layer:
    """One recurrent layer in a subgraph."""

    graph: Graph  # the subgraph that the operators are added to
    index: int  # which layer, from 0
    formula: Formula  # of the cell
    width: int  # H
    weights: Mapping[str, Weight]  # of all layers, named as in ``weights.py``
    x_bias: Weight | None = field(default=None, init=False)
    s_bias: Weight | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Choose the matrix product that each bias is added to."""
        self.reads_only_sums = reads_only_sums(self.formula)
        if self.formula.biases == 2:
            self.x_bias = self.weight("bias.0")
            self.s_bias = self.weight("bias.1")
        elif self.reads_only_sums:
            self.s_bias = self.weight("bias")  # part of the matrix product, so it costs nothing
        else:
            self.x_bias = self.weight("bias")

    def weight(self, name: str) -> Weight:
        """Look up a weight of this layer."""
        return self.weights[f"rnn.{self.index}.{name}"]

    def step(self, rows: Tensor, before: Sequence[Tensor]) -> list[Tensor]:
        """Add the operators of one step, and return the layer's state after it.

        Args:
            rows: token ids (B,) for the first layer, otherwise the previous layer's h.
            before: the layer's state before the step, (B, H) each.
        """
        h = before[0]
        values = [*self.gate_inputs(rows, h), *before]
        for operation in self.formula.operations:
            values.append(self.apply(operation, values))
        return [values[index] for index in self.formula.after]

    def gate_inputs(self, rows: Tensor, h: Tensor) -> list[Tensor]:
        """Compute x (from the input) of each gate, then s (from the state) of each gate, (B, H) each.

        If the cell reads only their sums, both x and s are ``x + s``.
        """
        if self.reads_only_sums:
            products = [self.input_product(rows), self.state_product(h)]  # (B, G H) each
            sums_of_gates = self.split(self.graph.compute(Op.ADD, products))
            return [*sums_of_gates, *sums_of_gates]
        x = self.split(self.input_product(rows))
        s = self.split(self.state_product(h)) if self.formula.state_gates else []
        return [*x, *s]

    def apply(self, operation: Operation, values: Sequence[Tensor]) -> Tensor:
        """Add the operator for one operation of the cell's formula, and return its result, (B, H).

        Args:
            operation: the operation. Its operands are indices of values.
            values: x and s of each gate, the state before the step, and the results of earlier operations.
        """
        if operation.name == "number":
            return self.graph.constant(operation.number, np.float32)
        operands = [values[index] for index in operation.of]
        if self.reads_only_sums and _reads_x_or_s(operation, self.formula):
            return operands[0]  # both operands already are the sum, see ``gate_inputs``
        op = OPERATIONS[operation.name]
        return self.graph.compute(op, operands, Type.FLOAT32, (ANY, self.width))

    def input_product(self, rows: Tensor) -> Tensor:
        """Multiply the layer's input by its kernel, ``x K (+ b)``, for all gates, (B, G H)."""
        if self.index > 0:
            return matrix_product(self.graph, rows, self.weight("kernel"), self.x_bias)
        product = self.kernel_rows(rows)
        if self.x_bias is None:
            return product
        bias = self.graph.weight(self.x_bias)
        return self.graph.compute(Op.ADD, [product, bias])

    def kernel_rows(self, tokens: Tensor) -> Tensor:
        """Compute the first layer's ``x K``, (B, G H), by looking up a row of K for each token (x is one-hot)."""
        kernel = self.weight("kernel")
        table = self.graph.weight(kernel)  # (V, G H)
        shape = (ANY, kernel.values.shape[1])
        if kernel.scales is None:
            return self.graph.compute(Op.GATHER, [table, tokens], Type.FLOAT32, shape)
        quantized_rows = self.graph.compute(
            Op.GATHER,
            [table, tokens],
            Type.INT8,
            shape,
            version=GATHERS_INT8,
            quantization=self.graph.file.add_weight(kernel).quantization,
        )
        return self.graph.compute(
            Op.DEQUANTIZE, [quantized_rows], Type.FLOAT32, version=DEQUANTIZES_INT8
        )

    def state_product(self, h: Tensor) -> Tensor:
        """Multiply the state by the recurrent kernel, ``h U (+ b)``, for all gates that read the state, (B, S H)."""
        return matrix_product(self.graph, h, self.weight("recurrent_kernel"), self.s_bias)

    def split(self, values: Tensor) -> list[Tensor]:
        """Split (B, k H) into k arrays (B, H), one per gate."""
        gates = values.shape[1] // self.width
        if gates == 1:
            return [values]
        outputs = [self.graph.tensor(Type.FLOAT32, (ANY, self.width)) for _ in range(gates)]
        self.graph.add_operator(
            Op.SPLIT,
            [self.graph.constant(1), values],
            outputs,
            {SplitOptions.NUM_SPLITS: int32(gates)},
        )
        return outputs

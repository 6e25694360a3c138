"""The network's arithmetic as operators of a .tflite subgraph. ``core/README.md`` defines the letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.backends.tflite.graph import ANY, FLOAT32, INT8, NO_TENSOR, Graph, Op, Tensor
from namegen.backends.tflite.litert import schema
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import Formula, Operation

# The versions of the operators that read int8 weights.
MULTIPLIES_INT8 = 12  # FULLY_CONNECTED; it also rounds the rows to 8 bits
GATHERS_INT8 = 2  # GATHER
DEQUANTIZES_INT8 = 2  # DEQUANTIZE
OPERATIONS: dict[str, int] = {  # the operators for the operations of a cell's formula
    "add": Op.ADD,
    "subtract": Op.SUB,
    "multiply": Op.MUL,
    "divide": Op.DIV,
    "absolute": Op.ABS,
    "sigmoid": Op.LOGISTIC,
    "tanh": Op.TANH,
}


def network_step(
    graph: Graph, network: RecurrentNetwork, tokens: Tensor, state: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Add the operators that run the network on one token per row. Return the logits (B, V) and the new state.

    Args:
        graph: the subgraph that the operators are added to.
        network: the shapes.
        tokens: token ids, (B,).
        state: the arrays of all layers' states, (B, H) each.
    """
    rows = (
        tokens  # what a layer reads: token ids for the first layer, otherwise h of the layer below
    )
    after: list[Tensor] = []
    states = network.formula.states  # arrays per layer
    for k in range(len(network.hidden)):
        layer_after = layer_step(graph, network, k, rows, state[k * states : (k + 1) * states])
        after += layer_after
        rows = layer_after[0]
    return matrix_product(graph, rows, "output.kernel", "output.bias"), after


def layer_step(
    graph: Graph, network: RecurrentNetwork, k: int, rows: Tensor, before: Sequence[Tensor]
) -> list[Tensor]:
    """Add the operators of one step of layer ``k``. Return its state after the step.

    Args:
        graph: the subgraph that the operators are added to.
        network: the shapes.
        k: the number of the layer.
        rows: token ids (B,) for the first layer, otherwise h of the layer below, (B, H).
        before: the layer's state before the step, (B, H) each.
    """
    formula = network.formula
    layer = f"rnn.{k}"
    has_only_sums = reads_only_sums(formula)
    # 1. Each bias belongs to a matrix product. If x and s are added anyway, the product with the state adds the only
    #    bias, which costs nothing. In the first layer, the product with the input is a lookup, which can't add it.
    x_bias: str | None = f"{layer}.bias"
    s_bias: str | None = None
    if formula.biases == 2:
        x_bias, s_bias = f"{layer}.bias.0", f"{layer}.bias.1"
    elif has_only_sums:
        x_bias, s_bias = None, f"{layer}.bias"
    # 2. x and s of each gate. If the formula reads only their sums, both are x + s.
    if k == 0:
        x = kernel_rows(graph, f"{layer}.kernel", rows, x_bias)  # (B, G·H)
    else:
        x = matrix_product(graph, rows, f"{layer}.kernel", x_bias)
    gates: list[Tensor] = []
    if formula.state_gates:
        s = matrix_product(graph, before[0], f"{layer}.recurrent_kernel", s_bias)  # (B, S·H)
        if has_only_sums:
            sums = split(graph, graph.compute(Op.ADD, [x, s]), formula.gates)
            gates = [*sums, *sums]
        else:
            gates = [*split(graph, x, formula.gates), *split(graph, s, formula.state_gates)]
    else:
        gates = split(graph, x, formula.gates)
    # 3. The operations of the formula.
    vectors = [graph.weight(f"{layer}.{vector}") for vector in formula.vectors]  # (H,) each
    values = [*gates, *before, *vectors]
    for operation in formula.operations:
        operands = [values[index] for index in operation.of]
        if operation.name == "number":
            result = graph.constant(operation.number, np.float32)
        elif has_only_sums and is_sum_of_gate(operation, formula):
            result = operands[0]
        else:
            shape = (ANY, network.hidden[k])
            result = graph.compute(OPERATIONS[operation.name], operands, FLOAT32, shape)
        values.append(result)
    return [values[index] for index in formula.after]


def reads_only_sums(formula: Formula) -> bool:
    """Check whether a cell reads x (from the input) and s (from the state) of each gate only as ``x + s``.

    If so, a single ADD operator computes the sums of all gates.

    >>> from namegen.core.network.cells import GRU, LSTM
    >>> reads_only_sums(LSTM.formula), reads_only_sums(GRU.formula)
    (True, False)
    """
    x_and_s = range(formula.gates + formula.state_gates)
    if formula.state_gates != formula.gates:
        return False
    return all(
        is_sum_of_gate(operation, formula)
        for operation in formula.operations
        if any(index in x_and_s for index in operation.of)
    )


def is_sum_of_gate(operation: Operation, formula: Formula) -> bool:
    """Check whether an operation adds x and s of the same gate. The first values are x of each gate, then s of each."""
    if operation.name != "add":
        return False
    gate, other = sorted(operation.of)
    return gate < formula.gates and other == gate + formula.gates


def matrix_product(graph: Graph, rows: Tensor, kernel: str, bias: str | None) -> Tensor:
    """Compute ``rows K (+ b)``. The kernel is stored as (outputs, inputs), which is how the operator reads it."""
    weight = graph.file.weights[kernel]
    options = None
    version = 1
    if weight.scales is not None:
        options = schema.FullyConnectedOptionsT(asymmetricQuantizeInputs=True)
        version = MULTIPLIES_INT8
    inputs = [rows, graph.weight(kernel), NO_TENSOR if bias is None else graph.weight(bias)]
    shape = (ANY, weight.values.shape[0])
    return graph.compute(Op.FULLY_CONNECTED, inputs, FLOAT32, shape, options, version=version)


def kernel_rows(graph: Graph, kernel: str, tokens: Tensor, bias: str | None) -> Tensor:
    """Compute the first layer's ``x K (+ b)`` by looking up a row of K for each token, because x is one-hot."""
    weight = graph.file.weights[kernel]
    inputs = [graph.weight(kernel), tokens]
    shape = (ANY, weight.values.shape[1])
    if weight.scales is None:
        rows = graph.compute(Op.GATHER, inputs, FLOAT32, shape)
    else:
        in_8_bits = graph.compute(
            Op.GATHER, inputs, INT8, shape, version=GATHERS_INT8, scales=weight.scales
        )
        rows = graph.compute(Op.DEQUANTIZE, [in_8_bits], FLOAT32, version=DEQUANTIZES_INT8)
    if bias is None:
        return rows
    return graph.compute(Op.ADD, [rows, graph.weight(bias)])


def split(graph: Graph, values: Tensor, gates: int) -> list[Tensor]:
    """Split (B, gates · H) into one array (B, H) per gate."""
    if gates == 1:
        return [values]
    width = values.shape[1] // gates
    outputs = [graph.tensor(FLOAT32, (ANY, width)) for _ in range(gates)]
    inputs = [graph.constant(1), values]
    graph.add_operator(Op.SPLIT, inputs, outputs, schema.SplitOptionsT(numSplits=gates))
    return outputs

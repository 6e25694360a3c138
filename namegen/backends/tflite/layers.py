"""The network's arithmetic as operators of a .tflite subgraph. ``core/README.md`` defines the letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from namegen.backends.tflite.graph import ANY, FLOAT32, INT8, NO_TENSOR, Graph, Op, Tensor
from namegen.backends.tflite.litert import schema
from namegen.core.network.architecture import RecurrentNetwork

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
    # What a layer reads: token ids for the first layer, otherwise h of the layer below.
    rows = tokens
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
    x_bias = f"{layer}.bias"
    s_bias: str | None = None
    if formula.biases == 2:
        x_bias = f"{layer}.bias.0"
        s_bias = f"{layer}.bias.1"
    # 1. x = rows K + b, cut into gates. The first layer's rows are one-hot, so it looks up rows of K.
    if k == 0:
        x = kernel_rows(graph, f"{layer}.kernel", rows, x_bias)  # (B, G·H)
    else:
        x = matrix_product(graph, rows, f"{layer}.kernel", x_bias)
    values = split(graph, x, formula.gates)
    # 2. s = h U (+ b'), cut into the gates that read the state.
    if formula.state_gates:
        s = matrix_product(graph, before[0], f"{layer}.recurrent_kernel", s_bias)  # (B, S·H)
        values += split(graph, s, formula.state_gates)
    # 3. The operations of the formula, which read these values, the state and the vectors.
    values += before
    values += [graph.weight(f"{layer}.{vector}") for vector in formula.vectors]  # (H,) each
    for operation in formula.operations:
        if operation.name == "number":
            result = graph.constant(operation.number, np.float32)
        else:
            operands = [values[index] for index in operation.of]
            shape = (ANY, network.hidden[k])
            result = graph.compute(OPERATIONS[operation.name], operands, FLOAT32, shape)
        values.append(result)
    return [values[index] for index in formula.after]


def matrix_product(graph: Graph, rows: Tensor, kernel: str, bias: str | None) -> Tensor:
    """Add the operator that computes ``rows K``, or ``rows K + b``, and return its output.

    Args:
        graph: the subgraph that the operator is added to.
        rows: the matrix (B, inputs).
        kernel: the name of the weight K. The file has it as (outputs, inputs), which is how the operator reads it.
        bias: the name of the weight b; None for no bias.
    """
    weight = graph.file.weights[kernel]
    options = None
    version = 1
    is_in_8_bits = weight.scales is not None
    if is_in_8_bits:  # the operator also rounds the rows to 8 bits, with a range of their own
        options = schema.FullyConnectedOptionsT(asymmetricQuantizeInputs=True)
        version = MULTIPLIES_INT8
    inputs = [rows, graph.weight(kernel), NO_TENSOR if bias is None else graph.weight(bias)]
    shape = (ANY, weight.values.shape[0])
    return graph.compute(Op.FULLY_CONNECTED, inputs, FLOAT32, shape, options, version=version)


def kernel_rows(graph: Graph, kernel: str, tokens: Tensor, bias: str) -> Tensor:
    """Compute the first layer's ``x K + b`` by looking up a row of K for each token, because x is one-hot."""
    weight = graph.file.weights[kernel]
    inputs = [graph.weight(kernel), tokens]
    shape = (ANY, weight.values.shape[1])
    # A kernel in 8 bits gives rows in 8 bits, which are converted back.
    if weight.scales is None:
        rows = graph.compute(Op.GATHER, inputs, FLOAT32, shape)
    else:
        in_8_bits = graph.compute(
            Op.GATHER, inputs, INT8, shape, version=GATHERS_INT8, scales=weight.scales
        )
        rows = graph.compute(Op.DEQUANTIZE, [in_8_bits], FLOAT32, version=DEQUANTIZES_INT8)
    return graph.compute(Op.ADD, [rows, graph.weight(bias)])


def split(graph: Graph, values: Tensor, gates: int) -> list[Tensor]:
    """Split (B, gates · H) into one array (B, H) per gate."""
    if gates == 1:
        return [values]
    width = values.shape[1] // gates
    outputs = [graph.tensor(FLOAT32, (ANY, width)) for _ in range(gates)]
    last_axis = 1
    options = schema.SplitOptionsT(numSplits=gates)
    graph.add_operator(Op.SPLIT, [last_axis, values], outputs, options)
    return outputs

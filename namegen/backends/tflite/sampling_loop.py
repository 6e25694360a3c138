"""The ``generate`` signature of a .tflite: a WHILE loop that draws one character of every name per round.

It follows the rule of ``core/generation/sampling.draw`` in float32. In shapes, n is the number of names, T the largest
number of characters (end token included), and V the size of the vocabulary.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from namegen.backends.tflite.graph import ANY, BOOL, FLOAT32, INT32, File, Graph, Op, Tensor
from namegen.backends.tflite.layers import network_step
from namegen.backends.tflite.litert import schema
from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.network.architecture import RecurrentNetwork

FILLS = 2  # the version of FILL
GATHERS_PER_ROW = 5  # the version of GATHER that has batchDims
# Bits of STRIDED_SLICE's masks.
ROWS_AXIS = 0b01
COLUMNS_AXIS = 0b10


class LoopVariables(NamedTuple):
    """The variables of the loop."""

    position: Tensor  # how many characters have been drawn, ()
    tokens: Tensor  # the names, padded with end tokens, (T, n)
    last: Tensor  # the last token of each name, (n,)
    log_probability: Tensor  # of each name so far, at temperature 1, in nats, (n,)
    is_unfinished: Tensor  # whether a name has no end token yet, (n,)
    temperature: Tensor  # 0: take the most likely character, ()
    uniforms: Tensor  # the uniform random numbers, (T, n)
    states: list[Tensor]  # the arrays of the network's state, (n, H) each

    def all(self) -> list[Tensor]:
        """List all tensors, in the order of the loop's inputs and outputs."""
        *single, states = self
        return [*single, *states]

    def declare_in(self, graph: Graph) -> LoopVariables:
        """Add tensors of the same types and shapes to a subgraph, as its inputs or as the loop's results."""
        *single, states = self
        declared = [graph.like(tensor) for tensor in single]
        return LoopVariables._make([*declared, [graph.like(state) for state in states]])


def add_sampling_loop(file: File, network: RecurrentNetwork, start_tokens: StartTokens) -> None:
    """Add the signature to a file.

    Its inputs are ``uniforms`` (n, T), random numbers from 0 to below 1, and ``temperature``. With several start
    tokens, ``uniforms`` is (n, 1 + T), and the first number of a row chooses the start token. Its outputs are
    ``tokens`` (n, T) and ``log_probability`` (n,), which is given the start token.
    """
    graph = file.add_graph("generate")
    uniforms = graph.tensor(FLOAT32, (ANY, ANY), name="uniforms")
    temperature = graph.tensor(FLOAT32, (), name="temperature")
    start = first_variables(graph, network, start_tokens, uniforms, temperature)
    condition = file.add_graph("goes_on")
    add_condition(condition, start.declare_in(condition))
    body = file.add_graph("one_character")
    add_round(body, network, start.declare_in(body))
    end = start.declare_in(graph)
    subgraphs = schema.WhileOptionsT(
        condSubgraphIndex=condition.number, bodySubgraphIndex=body.number
    )
    graph.add_operator(Op.WHILE, start.all(), end.all(), subgraphs)
    file.add_signature(
        graph,
        {"uniforms": uniforms, "temperature": temperature},
        {"tokens": transpose(graph, end.tokens), "log_probability": end.log_probability},
    )


def first_variables(
    graph: Graph,
    network: RecurrentNetwork,
    start_tokens: StartTokens,
    uniforms: Tensor,
    temperature: Tensor,
) -> LoopVariables:
    """Compute the loop's variables before the first round."""
    first_tokens: Tensor | None = None
    if start_tokens.several:
        # Draw the start token of each name with the random numbers in the first column, and remove the column.
        sums = graph.constant(np.cumsum(start_tokens.shares), np.float32)
        index = pick(graph, sums, slice_columns(graph, uniforms, start=0, stop=1))  # (n,)
        ids = graph.constant(start_tokens.ids)
        first_tokens = graph.compute(Op.GATHER, [ids, index], INT32, (ANY,))
        uniforms = slice_columns(graph, uniforms, start=1)  # (n, T)
    names, max_length = sizes(graph, uniforms)
    per_name = pack(graph, names)
    if first_tokens is None:
        first_tokens = fill(graph, per_name, start_tokens.tokens[0], (ANY,))
    states = [
        fill(graph, pack(graph, names, graph.constant(width)), 0.0, (ANY, width), np.float32)
        for width in network.state_widths
    ]
    return LoopVariables(
        position=graph.constant(0),
        tokens=fill(graph, pack(graph, max_length, names), END_TOKEN, (ANY, ANY)),
        last=first_tokens,
        log_probability=fill(graph, per_name, 0.0, (ANY,), np.float32),
        is_unfinished=fill(graph, per_name, True, (ANY,), np.bool_),
        temperature=temperature,
        uniforms=transpose(graph, uniforms),
        states=states,
    )


def add_condition(graph: Graph, variables: LoopVariables) -> None:
    """Add the loop's condition: a name is unfinished, and there are random numbers left."""
    max_length, _ = sizes(graph, variables.uniforms)
    has_numbers = graph.compute(Op.LESS, [variables.position, max_length], BOOL)
    names_axis = graph.constant([0])
    any_is_unfinished = graph.compute(
        Op.REDUCE_ANY, [variables.is_unfinished, names_axis], BOOL, ()
    )
    continues = graph.compute(Op.LOGICAL_AND, [has_numbers, any_is_unfinished])
    graph.set_inputs_and_outputs(variables.all(), [continues])


def add_round(graph: Graph, network: RecurrentNetwork, before: LoopVariables) -> None:
    """Add the body of the loop, which draws the next character of every name."""
    logits, states = network_step(graph, network, before.last, before.states)  # (n, V)
    # 1. Subtract the largest logit of each name. The differences can't overflow when they're divided by a low
    #    temperature.
    keeps_axis = schema.ReducerOptionsT(keepDims=True)
    last_axis = graph.constant([1])
    largest = graph.compute(Op.REDUCE_MAX, [logits, last_axis], FLOAT32, (ANY, 1), keeps_axis)
    shifted = graph.compute(Op.SUB, [logits, largest])  # (n, V)
    # 2. The probabilities. At temperature 0, they aren't used, and the divisor is 1.
    is_sampling = graph.compute(
        Op.GREATER, [before.temperature, graph.constant(0, np.float32)], BOOL
    )
    one = graph.constant(1, np.float32)
    divisor = graph.compute(Op.SELECT_V2, [is_sampling, before.temperature, one], FLOAT32)
    scaled = graph.compute(Op.DIV, [shifted, divisor])
    probabilities = graph.compute(Op.SOFTMAX, [scaled], options=schema.SoftmaxOptionsT(beta=1.0))
    # 3. Draw a token for each name, or take the most likely one.
    sums = graph.compute(Op.CUMSUM, [probabilities, graph.constant(1)])  # (n, V)
    row = graph.compute(Op.GATHER, [before.uniforms, before.position], FLOAT32, (ANY,))
    column = graph.compute(Op.RESHAPE, [row, graph.constant([-1, 1])], FLOAT32, (ANY, 1))
    sampled = pick(graph, sums, column)
    most_likely = graph.compute(
        Op.ARG_MAX, [logits, graph.constant(1)], INT32, (ANY,), schema.ArgMaxOptionsT(INT32)
    )
    drawn = graph.compute(Op.SELECT_V2, [is_sampling, sampled, most_likely], INT32, (ANY,))
    # 4. The log-probability of each token, at temperature 1. LOG_SOFTMAX would take five times as long. Finished names
    #    keep theirs.
    powers = graph.compute(Op.EXP, [shifted])
    total = graph.compute(Op.SUM, [powers, graph.constant(1)], FLOAT32, (ANY,))
    per_row = schema.GatherOptionsT(axis=1, batchDims=1)
    logit = graph.compute(
        Op.GATHER, [shifted, drawn], FLOAT32, (ANY,), per_row, version=GATHERS_PER_ROW
    )
    log_probability = graph.compute(Op.SUB, [logit, graph.compute(Op.LOG, [total])])
    new_log_probability = graph.compute(Op.ADD, [before.log_probability, log_probability])
    # 5. Write the tokens into their row of all tokens: the end token (id 0) for finished names.
    one_if_unfinished = graph.compute(Op.CAST, [before.is_unfinished], INT32)
    last = graph.compute(Op.MUL, [drawn, one_if_unfinished])
    new_row = graph.compute(Op.RESHAPE, [last, graph.constant([1, -1])], INT32, (1, ANY))
    first_cell = pack(graph, before.position, graph.constant(0))
    after = LoopVariables(
        position=graph.compute(Op.ADD, [before.position, graph.constant(1)]),
        tokens=graph.compute(Op.DYNAMIC_UPDATE_SLICE, [before.tokens, new_row, first_cell]),
        last=last,
        log_probability=graph.compute(
            Op.SELECT_V2,
            [before.is_unfinished, new_log_probability, before.log_probability],
            FLOAT32,
        ),
        is_unfinished=graph.compute(Op.NOT_EQUAL, [last, graph.constant(END_TOKEN)], BOOL),
        temperature=before.temperature,
        uniforms=before.uniforms,
        states=states,
    )
    graph.set_inputs_and_outputs(before.all(), after.all())


def pick(graph: Graph, sums: Tensor, uniforms: Tensor) -> Tensor:
    """Draw an index per row, (n,): the first index whose cumulative sum exceeds the uniform number, else the last.

    Args:
        graph: the subgraph that the operators are added to.
        sums: cumulative sums, (k,) or (n, k).
        uniforms: one uniform number per row, (n, 1).
    """
    k = sums.shape[-1]
    is_below = graph.compute(Op.LESS_EQUAL, [sums, uniforms], BOOL, (ANY, k))
    ones = graph.compute(Op.CAST, [is_below], INT32)
    first_index_above = graph.compute(Op.SUM, [ones, graph.constant(1)], INT32, (ANY,))
    return graph.compute(Op.MINIMUM, [first_index_above, graph.constant(k - 1)])


def slice_columns(graph: Graph, matrix: Tensor, *, start: int, stop: int | None = None) -> Tensor:
    """Select the columns from ``start`` to before ``stop``. None means the end."""
    inputs = [
        matrix,
        graph.constant([0, start]),
        graph.constant([0, stop or 0]),
        graph.constant([1, 1]),  # strides
    ]
    # STRIDED_SLICE ignores the begin or the end of these axes, and so keeps all rows.
    options = schema.StridedSliceOptionsT(beginMask=ROWS_AXIS, endMask=ROWS_AXIS)
    if stop is None:
        options.endMask = ROWS_AXIS | COLUMNS_AXIS
    columns = ANY if stop is None else stop - start
    return graph.compute(Op.STRIDED_SLICE, inputs, shape=(ANY, columns), options=options)


def transpose(graph: Graph, matrix: Tensor) -> Tensor:
    """Transpose a matrix."""
    return graph.compute(Op.TRANSPOSE, [matrix, graph.constant([1, 0])], shape=(ANY, ANY))


def sizes(graph: Graph, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of rows and columns of a matrix, () each."""
    shape = graph.compute(Op.SHAPE, [matrix], INT32, (2,), schema.ShapeOptionsT(outType=INT32))
    rows = graph.tensor(INT32, ())
    columns = graph.tensor(INT32, ())
    graph.add_operator(Op.UNPACK, [shape], [rows, columns], schema.UnpackOptionsT(num=2))
    return rows, columns


def fill(
    graph: Graph, shape: Tensor, value: float, sizes: tuple[int, ...], dtype: type = np.int32
) -> Tensor:
    """Create an array of equal numbers. ``sizes`` is its shape, as far as it's known already."""
    constant = graph.constant(value, dtype)
    return graph.compute(Op.FILL, [shape, constant], constant.type, sizes, version=FILLS)


def pack(graph: Graph, *values: Tensor) -> Tensor:
    """Put scalars into a vector."""
    options = schema.PackOptionsT(valuesCount=len(values))
    return graph.compute(Op.PACK, values, INT32, (len(values),), options)

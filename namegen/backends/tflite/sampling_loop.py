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
LAST_AXIS = 1


class LoopVariables(NamedTuple):
    """The variables of the loop. A round reads them and computes their new values."""

    position: Tensor  # how many characters have been drawn, ()
    tokens: Tensor  # the names, padded with end tokens, (T, n)
    last: Tensor  # the last token of each name, (n,)
    log_probability: Tensor  # of each name so far, at temperature 1, in nats, (n,)
    is_unfinished: Tensor  # whether a name has no end token yet, (n,)
    temperature: Tensor  # 0: take the most likely character, ()
    uniforms: Tensor  # the uniform random numbers, one row per round, after one for the start token if it's drawn
    states: list[Tensor]  # the arrays of the network's state, (n, H) each

    def all(self) -> list[Tensor]:
        """List all tensors, in the order of the loop's inputs and outputs."""
        single = self[:-1]  # all fields but the last one are single tensors
        return [*single, *self.states]

    def declare_in(self, graph: Graph) -> LoopVariables:
        """Add tensors of the same types and shapes to a subgraph, as its inputs or as the loop's results."""
        single = [graph.like(tensor) for tensor in self[:-1]]
        states = [graph.like(state) for state in self.states]
        return LoopVariables._make([*single, states])


def add_sampling_loop(file: File, network: RecurrentNetwork, start_tokens: StartTokens) -> None:
    """Add a subgraph that draws whole names, for programs that run the file without namegen.

    It's a WHILE loop. Each round draws one more character of all n names, until all have ended or no random numbers are
    left. The condition and the body of the loop are subgraphs, too.

    Its inputs are ``uniforms`` (n, T), random numbers from 0 to below 1, and ``temperature``. With several start
    tokens, ``uniforms`` is (n, 1 + T), and the first number of a row chooses the start token. Its outputs are
    ``tokens`` (n, T) and ``log_probability`` (n,), which is given the start token.
    """
    graph = file.add_graph("generate")
    uniforms = graph.tensor(FLOAT32, (ANY, ANY), name="uniforms")
    temperature = graph.tensor(FLOAT32, (), name="temperature")
    # The loop's variables before the first round. All subgraphs have variables of the same types and shapes.
    start = first_variables(graph, network, start_tokens, uniforms, temperature)
    condition = file.add_graph("goes_on")
    add_condition(condition, start_tokens, start.declare_in(condition))
    body = file.add_graph("one_character")
    add_round(body, network, start_tokens, start.declare_in(body))
    # The loop itself, with its variables after the last round.
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
    """Add the operators that compute the loop's variables before the first round, for any number n of names.

    The number of names is only known when the operators run. So they read it from the shape of ``uniforms``, and make
    arrays of this size with FILL, or with GATHER, which repeats a row n times.

    Args:
        graph: the subgraph that the operators are added to. LiteRT runs them later.
        network: the shapes.
        start_tokens: the start tokens of names. If there are several, one is drawn for each name.
        uniforms: the uniform random numbers, one row per name.
        temperature: the sampling temperature, ().
    """
    # 1. The sizes: n, and (T, n).
    uniforms = transpose(graph, uniforms)  # one row per round
    sizes = shape_of(graph, uniforms)  # (rows, n)
    name_count = graph.compute(Op.GATHER, [sizes, [1]], INT32, (1,))
    size_of_tokens = graph.compute(Op.SUB, [sizes, [start_tokens.numbers, 0]])
    # 2. The start token of each name. If there are several, draw it with the random numbers in the first row.
    zeros = graph.compute(Op.FILL, [name_count, 0], INT32, (ANY,), version=FILLS)
    index = zeros  # (n,)
    if start_tokens.several:
        sums = graph.constant(np.cumsum(start_tokens.shares), np.float32)
        first_row = graph.compute(Op.GATHER, [uniforms, 0], FLOAT32, (ANY,))
        index = pick(graph, sums, first_row)
    first_tokens = graph.compute(Op.GATHER, [list(start_tokens.tokens), index], INT32, (ANY,))

    # 3. The other variables, which are the same for all names.
    def for_each_name(value: object, dtype: type) -> Tensor:
        """Repeat a value, or a row of values, for each of the n names."""
        values = graph.constant([value], dtype)
        return graph.compute(Op.GATHER, [values, zeros], values.type, (ANY, *values.shape[1:]))

    return LoopVariables(
        position=graph.constant(0),
        tokens=graph.compute(
            Op.FILL, [size_of_tokens, END_TOKEN], INT32, (ANY, ANY), version=FILLS
        ),
        last=first_tokens,
        log_probability=for_each_name(0.0, np.float32),
        is_unfinished=for_each_name(True, np.bool_),
        temperature=temperature,
        uniforms=uniforms,
        states=[for_each_name(np.zeros(width), np.float32) for width in network.state_widths],
    )


def add_condition(graph: Graph, start_tokens: StartTokens, variables: LoopVariables) -> None:
    """Add the loop's condition: a name is unfinished, and there are random numbers left."""
    sizes = shape_of(graph, variables.uniforms)  # (rows, n)
    rows = graph.compute(Op.GATHER, [sizes, 0], INT32, ())
    # The row of random numbers for the next character. The first row may have drawn the start tokens.
    row = graph.compute(Op.ADD, [variables.position, start_tokens.numbers])
    has_numbers = graph.compute(Op.LESS, [row, rows], BOOL)
    any_is_unfinished = graph.compute(Op.REDUCE_ANY, [variables.is_unfinished, [0]], BOOL, ())
    continues = graph.compute(Op.LOGICAL_AND, [has_numbers, any_is_unfinished])
    graph.set_inputs_and_outputs(variables.all(), [continues])


def add_round(
    graph: Graph, network: RecurrentNetwork, start_tokens: StartTokens, before: LoopVariables
) -> None:
    """Add the body of the loop, which draws the next character of every name.

    With NumPy arrays, a round at a temperature above 0 would be::

        logits, states = network(last, states)  # (n, V)
        shifted = logits - logits.max(axis=1, keepdims=True)
        sums = softmax(shifted / temperature).cumsum(axis=1)
        drawn = (sums <= uniforms[row][:, None]).sum(axis=1)  # (n,)
        log_probability[is_unfinished] += log_softmax(shifted)[range(n), drawn][is_unfinished]
        last = drawn * is_unfinished  # the end token is 0
        tokens[position] = last
        is_unfinished = last != END_TOKEN

    Args:
        graph: the subgraph that the operators are added to. LiteRT runs them once per round.
        network: the shapes.
        start_tokens: the start tokens of names. If one was drawn, it has used the first row of random numbers.
        before: the loop's variables before the round, for n names.
    """
    # 1. The logits of the next character, and the new states.
    logits, states = network_step(graph, network, before.last, before.states)  # (n, V)
    # 2. Subtract the largest logit of each name. The differences can't overflow when they're divided by a low
    #    temperature.
    keeps_axis = schema.ReducerOptionsT(keepDims=True)
    largest = graph.compute(Op.REDUCE_MAX, [logits, [1]], FLOAT32, (ANY, 1), keeps_axis)
    shifted = graph.compute(Op.SUB, [logits, largest])  # (n, V)
    # 3. The probabilities. At temperature 0, they aren't used, but the divisor must not be 0.
    smallest = graph.constant(np.finfo(np.float32).tiny, np.float32)
    is_sampling = graph.compute(Op.GREATER_EQUAL, [before.temperature, smallest], BOOL)
    divisor = graph.compute(Op.MAXIMUM, [before.temperature, smallest])
    scaled = graph.compute(Op.DIV, [shifted, divisor])
    softmax = schema.SoftmaxOptionsT(beta=1.0)
    probabilities = graph.compute(Op.SOFTMAX, [scaled], options=softmax)
    # 4. Draw a token for each name, or take the most likely one.
    sums = graph.compute(Op.CUMSUM, [probabilities, LAST_AXIS])  # (n, V)
    row = graph.compute(Op.ADD, [before.position, start_tokens.numbers])
    uniforms = graph.compute(Op.GATHER, [before.uniforms, row], FLOAT32, (ANY,))
    sampled = pick(graph, sums, uniforms)
    returns_int32 = schema.ArgMaxOptionsT(INT32)
    most_likely = graph.compute(Op.ARG_MAX, [logits, LAST_AXIS], INT32, (ANY,), returns_int32)
    drawn = graph.compute(Op.SELECT_V2, [is_sampling, sampled, most_likely], INT32, (ANY,))
    # 5. The log-probability of each token, at temperature 1. LOG_SOFTMAX would take five times as long. Finished names
    #    keep theirs.
    powers = graph.compute(Op.EXP, [shifted])
    total = graph.compute(Op.SUM, [powers, LAST_AXIS], FLOAT32, (ANY,))
    per_row = schema.GatherOptionsT(axis=1, batchDims=1)
    logit = graph.compute(
        Op.GATHER, [shifted, drawn], FLOAT32, (ANY,), per_row, version=GATHERS_PER_ROW
    )
    log_probability = graph.compute(Op.SUB, [logit, graph.compute(Op.LOG, [total])])
    sum_so_far = graph.compute(Op.ADD, [before.log_probability, log_probability])
    new_log_probability = graph.compute(
        Op.SELECT_V2, [before.is_unfinished, sum_so_far, before.log_probability], FLOAT32
    )
    # 6. Write the tokens into their row of all tokens: the end token (id 0) for finished names.
    one_if_unfinished = graph.compute(Op.CAST, [before.is_unfinished], INT32)
    last = graph.compute(Op.MUL, [drawn, one_if_unfinished])
    new_row = graph.compute(Op.RESHAPE, [last, [1, -1]], INT32, (1, ANY))
    # (position, 0), the first cell of the row
    cell = graph.compute(Op.MUL, [[1, 0], before.position])
    tokens = graph.compute(Op.DYNAMIC_UPDATE_SLICE, [before.tokens, new_row, cell])
    after = LoopVariables(
        position=graph.compute(Op.ADD, [before.position, 1]),
        tokens=tokens,
        last=last,
        log_probability=new_log_probability,
        is_unfinished=graph.compute(Op.NOT_EQUAL, [last, END_TOKEN], BOOL),
        temperature=before.temperature,
        uniforms=before.uniforms,
        states=states,
    )
    graph.set_inputs_and_outputs(before.all(), after.all())


def pick(graph: Graph, sums: Tensor, uniforms: Tensor) -> Tensor:
    """Draw an index per row, (n,): the first index whose cumulative sum exceeds the uniform number, else the last.

    The operators count the sums that don't exceed it: for the sums 0.2, 0.7, 1.0 and the number 0.5, one sum is below,
    so the index is 1.

    Args:
        graph: the subgraph that the operators are added to.
        sums: cumulative sums, (k,) or (n, k).
        uniforms: one uniform number per row, (n,).
    """
    k = sums.shape[-1]
    column = graph.compute(Op.RESHAPE, [uniforms, [-1, 1]], FLOAT32, (ANY, 1))
    is_below = graph.compute(Op.LESS_EQUAL, [sums, column], BOOL, (ANY, k))
    one_if_below = graph.compute(Op.CAST, [is_below], INT32)
    sums_below = graph.compute(Op.SUM, [one_if_below, LAST_AXIS], INT32, (ANY,))
    return graph.compute(Op.MINIMUM, [sums_below, k - 1])


def transpose(graph: Graph, matrix: Tensor) -> Tensor:
    """Transpose a matrix."""
    return graph.compute(Op.TRANSPOSE, [matrix, [1, 0]], shape=(ANY, ANY))


def shape_of(graph: Graph, matrix: Tensor) -> Tensor:
    """Return the numbers of rows and columns of a matrix, (2,)."""
    options = schema.ShapeOptionsT(outType=INT32)
    return graph.compute(Op.SHAPE, [matrix], INT32, (2,), options)

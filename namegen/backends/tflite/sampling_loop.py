"""The ``generate`` signature of a .tflite: a WHILE loop that draws one character of every name per round.

It follows the rule of ``core/generation/sampling.draw`` in float32. In shapes, n is the number of names, T the largest
number of characters (end token included), and V the size of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from namegen.backends.tflite.flatbuffer import Number
from namegen.backends.tflite.graph import ANY, TRUE, File, Graph, Tensor, Weight, int8, int32
from namegen.backends.tflite.layers import network_step
from namegen.backends.tflite.schema import (
    ArgMaxOptions,
    GatherOptions,
    Op,
    PackOptions,
    ReducerOptions,
    ShapeOptions,
    SoftmaxOptions,
    StridedSliceOptions,
    Type,
    UnpackOptions,
    WhileOptions,
)
from namegen.core.data.labels import StartTokens
from namegen.core.data.vocabulary import END_TOKEN
from namegen.core.network.architecture import RecurrentNetwork

FILLS = 2  # the version of FILL
# Bits of STRIDED_SLICE's masks.
ROWS_AXIS = 0b01
COLUMNS_AXIS = 0b10
GATHERS_PER_ROW = 5  # the version of GATHER that has BATCH_DIMS


@dataclass(frozen=True)
class LoopVariables:
    """The variables of the loop."""

    position: Tensor  # how many characters have been drawn, ()
    tokens: Tensor  # the names, padded with end tokens, (T, n)
    last: Tensor  # the last token of each name, (n,)
    log_probability: Tensor  # of each name so far, at temperature 1, in nats, (n,)
    is_unfinished: Tensor  # whether a name has no end token yet, (n,)
    max_length: Tensor  # T, ()
    is_sampling: Tensor  # False: take the most likely character, ()
    divisor: Tensor  # of the logits: the temperature, or 1 if there's no sampling, ()
    uniforms: Tensor  # the uniform random numbers, (T, n)
    states: list[Tensor]  # the arrays of the network's state, (n, H) each

    def all(self) -> list[Tensor]:
        """List all tensors, in the order of the loop's inputs and outputs."""
        return [
            self.position,
            self.tokens,
            self.last,
            self.log_probability,
            self.is_unfinished,
            self.max_length,
            self.is_sampling,
            self.divisor,
            self.uniforms,
            *self.states,
        ]

    def declare_in(self, graph: Graph) -> LoopVariables:
        """Add tensors of the same types and shapes to a subgraph, as its inputs or as the loop's results."""
        return LoopVariables(
            position=graph.like(self.position),
            tokens=graph.like(self.tokens),
            last=graph.like(self.last),
            log_probability=graph.like(self.log_probability),
            is_unfinished=graph.like(self.is_unfinished),
            max_length=graph.like(self.max_length),
            is_sampling=graph.like(self.is_sampling),
            divisor=graph.like(self.divisor),
            uniforms=graph.like(self.uniforms),
            states=[graph.like(state) for state in self.states],
        )


@dataclass(frozen=True)
class Draw:
    """The characters drawn in one round of the loop."""

    ids: Tensor  # one per name, (n,)
    shifted: Tensor  # the logits that they were drawn from, minus the largest of each name, (n, V)


@dataclass(frozen=True, eq=False)
class SamplingLoop:
    """Adds the ``generate`` signature to a file."""

    file: File
    network: RecurrentNetwork
    weights: Mapping[str, Weight]  # named as in ``weights.py``
    start_tokens: StartTokens

    def add_signature(self, graph: Graph) -> None:
        """Add the signature to its subgraph, which is still empty.

        Its inputs are ``uniforms`` (n, T), random numbers from 0 to below 1, and ``temperature``. With several start
        tokens, ``uniforms`` is (n, 1 + T), and the first number of a row chooses the start token. Its outputs are
        ``tokens`` (n, T) and ``log_probability`` (n,), which is given the start token.
        """
        uniforms = graph.tensor(Type.FLOAT32, (ANY, ANY), name="uniforms")
        temperature = graph.tensor(Type.FLOAT32, (), name="temperature")
        end = self._loop(graph, self._start(graph, uniforms, temperature))
        tokens = transpose(graph, end.tokens)  # (n, T)
        self.file.add_signature(
            "generate",
            graph,
            inputs={"uniforms": uniforms, "temperature": temperature},
            outputs={"tokens": tokens, "log_probability": end.log_probability},
        )

    def _loop(self, graph: Graph, start: LoopVariables) -> LoopVariables:
        """Add the operator WHILE with its two subgraphs, and return the loop's variables after the last round."""
        condition = self._condition(start)
        body = self._body(start)
        end = start.declare_in(graph)
        options = {
            WhileOptions.COND_SUBGRAPH_INDEX: int32(condition.index),
            WhileOptions.BODY_SUBGRAPH_INDEX: int32(body.index),
        }
        graph.add_operator(Op.WHILE, start.all(), end.all(), options)
        return end

    def _start(self, graph: Graph, uniforms: Tensor, temperature: Tensor) -> LoopVariables:
        """Compute the loop's variables before the first round."""
        start_tokens: Tensor | None = None
        if self.start_tokens.several:
            start_tokens = self._drawn_start_tokens(graph, uniforms)
            uniforms = without_first_column(graph, uniforms)  # (n, T)
        names, max_length = sizes(graph, uniforms)
        uniforms_by_position = transpose(graph, uniforms)  # (T, n)
        is_sampling = is_positive(graph, temperature)
        divisor = value_or_one(graph, is_sampling, temperature)
        per_name = graph.compute(Op.RESHAPE, [names, graph.constant([1])], Type.INT32, (1,))
        if start_tokens is None:
            start_tokens = fill(graph, per_name, self.start_tokens.tokens[0], (ANY,))
        per_character = pack(graph, max_length, names)
        return LoopVariables(
            position=graph.constant(0),
            tokens=fill(graph, per_character, END_TOKEN, (ANY, ANY)),
            last=start_tokens,
            log_probability=fill(graph, per_name, 0.0, (ANY,), np.float32),
            is_unfinished=fill(graph, per_name, True, (ANY,), np.bool_),
            max_length=max_length,
            is_sampling=is_sampling,
            divisor=divisor,
            uniforms=uniforms_by_position,
            states=[zero_state(graph, names, width) for width in self.network.state_widths],
        )

    def _drawn_start_tokens(self, graph: Graph, uniforms: Tensor) -> Tensor:
        """Draw the start token of each name, (n,), with the random numbers in the first column of ``uniforms``."""
        sums = graph.constant(np.cumsum(self.start_tokens.shares), np.float32)
        index = pick(graph, sums, first_column(graph, uniforms))  # (n,)
        ids = graph.constant(self.start_tokens.ids)
        return graph.compute(Op.GATHER, [ids, index], Type.INT32, (ANY,))

    def _condition(self, start: LoopVariables) -> Graph:
        """Add the loop's condition as a subgraph: a name is unfinished, and the maximum length isn't reached."""
        graph = self.file.add_graph("goes_on")
        variables = start.declare_in(graph)
        is_below_maximum = graph.compute(
            Op.LESS, [variables.position, variables.max_length], Type.BOOL
        )
        names_axis = graph.constant([0])
        any_is_unfinished = graph.compute(
            Op.REDUCE_ANY, [variables.is_unfinished, names_axis], Type.BOOL, ()
        )
        continues = graph.compute(Op.LOGICAL_AND, [is_below_maximum, any_is_unfinished])
        graph.set_inputs_and_outputs(variables.all(), [continues])
        return graph

    def _body(self, start: LoopVariables) -> Graph:
        """Add the body of the loop as a subgraph, which draws the next character of every name."""
        graph = self.file.add_graph("one_character")
        before = start.declare_in(graph)  # the variables before the round
        logits, states = network_step(
            graph, self.network, self.weights, tokens=before.last, state=before.states
        )
        draw = self._draw(graph, logits, before)
        with_character = self._with_character(graph, draw, before)
        after = replace(with_character, states=states)
        graph.set_inputs_and_outputs(before.all(), after.all())
        return graph

    def _draw(self, graph: Graph, logits: Tensor, before: LoopVariables) -> Draw:
        """Draw the next token of each name, or choose the most likely one at temperature 0."""
        most_likely = argmax(graph, logits)  # (n,)
        # Differences to the largest logit can't overflow when they're divided by a low temperature.
        shifted = minus_largest(graph, logits)  # (n, V)
        sampled = self._sampled(graph, shifted, before)  # (n,)
        ids = graph.compute(
            Op.SELECT_V2, [before.is_sampling, sampled, most_likely], Type.INT32, (ANY,)
        )
        return Draw(ids, shifted)

    def _with_character(self, graph: Graph, draw: Draw, before: LoopVariables) -> LoopVariables:
        """Add the drawn characters to the unfinished names."""
        log_probability = self._new_log_probability(graph, draw, before)
        one_if_unfinished = graph.compute(Op.CAST, [before.is_unfinished], Type.INT32)
        # The end token (id 0) for finished names.
        last = graph.compute(Op.MUL, [draw.ids, one_if_unfinished])
        tokens = self._with_new_tokens(graph, last, before)  # (T, n)
        return replace(
            before,
            position=graph.compute(Op.ADD, [before.position, graph.constant(1)]),
            tokens=tokens,
            last=last,
            log_probability=log_probability,
            is_unfinished=graph.compute(Op.NOT_EQUAL, [last, graph.constant(END_TOKEN)], Type.BOOL),
        )

    def _sampled(self, graph: Graph, shifted: Tensor, variables: LoopVariables) -> Tensor:
        """Draw a token id per name, (n,), from the softmax of its logits divided by the temperature."""
        scaled = graph.compute(Op.DIV, [shifted, variables.divisor])
        beta = {SoftmaxOptions.BETA: Number("<f", 1.0)}
        probabilities = graph.compute(Op.SOFTMAX, [scaled], options=beta)  # (n, V)
        sums = graph.compute(Op.CUMSUM, [probabilities, graph.constant(1)])  # (n, V)
        uniforms = graph.compute(  # of this position, (n,)
            Op.GATHER, [variables.uniforms, variables.position], Type.FLOAT32, (ANY,)
        )
        column = graph.compute(
            Op.RESHAPE, [uniforms, graph.constant([-1, 1])], Type.FLOAT32, (ANY, 1)
        )
        return pick(graph, sums, column)

    def _new_log_probability(self, graph: Graph, draw: Draw, before: LoopVariables) -> Tensor:
        """Add the drawn character's log-probability to that of each name, (n,). Finished names keep theirs."""
        of_character = log_probability_of(graph, draw.shifted, draw.ids)
        total = graph.compute(Op.ADD, [before.log_probability, of_character])
        return graph.compute(
            Op.SELECT_V2, [before.is_unfinished, total, before.log_probability], Type.FLOAT32
        )

    def _with_new_tokens(self, graph: Graph, last: Tensor, before: LoopVariables) -> Tensor:
        """Write the new tokens into their row of all tokens, (T, n)."""
        row = graph.compute(Op.RESHAPE, [last, graph.constant([1, -1])], Type.INT32, (1, ANY))
        first_cell = pack(graph, before.position, graph.constant(0))
        return graph.compute(Op.DYNAMIC_UPDATE_SLICE, [before.tokens, row, first_cell])


def is_positive(graph: Graph, scalar: Tensor) -> Tensor:
    """Check whether a number is above 0, ()."""
    zero = graph.constant(0, np.float32)
    return graph.compute(Op.GREATER, [scalar, zero], Type.BOOL)


def value_or_one(graph: Graph, condition: Tensor, scalar: Tensor) -> Tensor:
    """Return a number if a condition holds, otherwise 1, ()."""
    one = graph.constant(1, np.float32)
    return graph.compute(Op.SELECT_V2, [condition, scalar, one], Type.FLOAT32)


def argmax(graph: Graph, logits: Tensor) -> Tensor:
    """Return the index of the largest logit in each row, (n,)."""
    int32_output = {ArgMaxOptions.OUTPUT_TYPE: int8(Type.INT32)}
    axis = graph.constant(1)
    return graph.compute(Op.ARG_MAX, [logits, axis], Type.INT32, (ANY,), int32_output)


def minus_largest(graph: Graph, logits: Tensor) -> Tensor:
    """Subtract the largest logit of each row from its logits, (n, V)."""
    keep_axis = {ReducerOptions.KEEP_DIMS: TRUE}
    axis = graph.constant([1])
    largest = graph.compute(Op.REDUCE_MAX, [logits, axis], Type.FLOAT32, (ANY, 1), keep_axis)
    return graph.compute(Op.SUB, [logits, largest])


def pick(graph: Graph, sums: Tensor, uniforms: Tensor) -> Tensor:
    """Draw an index per row, (n,): the first index whose cumulative sum exceeds the uniform number, else the last.

    Args:
        graph: the subgraph that the operators are added to.
        sums: cumulative sums, (k,) or (n, k).
        uniforms: one uniform number per row, (n, 1).
    """
    k = sums.shape[-1]
    last = graph.constant(k - 1)
    is_below = graph.compute(Op.LESS_EQUAL, [sums, uniforms], Type.BOOL, (ANY, k))
    ones = graph.compute(Op.CAST, [is_below], Type.INT32)
    first_index_above = graph.compute(Op.SUM, [ones, graph.constant(1)], Type.INT32, (ANY,))
    return graph.compute(Op.MINIMUM, [first_index_above, last])


def log_probability_of(graph: Graph, shifted: Tensor, ids: Tensor) -> Tensor:
    """Compute the log-probability of one id per row at temperature 1, (n,).

    LOG_SOFTMAX would take five times as long as these operators.

    Args:
        graph: the subgraph that the operators are added to.
        shifted: logits (n, V) whose largest value in each row is 0.
        ids: (n,).
    """
    powers = graph.compute(Op.EXP, [shifted])  # (n, V)
    total = graph.compute(Op.SUM, [powers, graph.constant(1)], Type.FLOAT32, (ANY,))  # (n,)
    one_per_row = {GatherOptions.AXIS: int32(1), GatherOptions.BATCH_DIMS: int32(1)}
    logits = graph.compute(  # of the ids, (n,)
        Op.GATHER, [shifted, ids], Type.FLOAT32, (ANY,), one_per_row, version=GATHERS_PER_ROW
    )
    log_total = graph.compute(Op.LOG, [total])
    return graph.compute(Op.SUB, [logits, log_total])


def first_column(graph: Graph, matrix: Tensor) -> Tensor:
    """Select the first column of a matrix, (n, 1)."""
    return slice_columns(graph, matrix, start=0, stop=1)


def without_first_column(graph: Graph, matrix: Tensor) -> Tensor:
    """Select all columns of a matrix except for the first one, (n, any)."""
    return slice_columns(graph, matrix, start=1)


def slice_columns(graph: Graph, matrix: Tensor, *, start: int, stop: int | None = None) -> Tensor:
    """Select the columns from ``start`` to before ``stop``. None means the end."""
    begin = graph.constant([0, start])
    end = graph.constant([0, stop or 0])
    strides = graph.constant([1, 1])
    # Bit masks: STRIDED_SLICE ignores the begin or the end of these axes, and so keeps all rows.
    axes_without_begin = ROWS_AXIS
    axes_without_end = ROWS_AXIS if stop is not None else ROWS_AXIS | COLUMNS_AXIS
    options = {
        StridedSliceOptions.BEGIN_MASK: int32(axes_without_begin),
        StridedSliceOptions.END_MASK: int32(axes_without_end),
    }
    column_count = ANY if stop is None else stop - start
    shape = (matrix.shape[0], column_count)
    inputs = [matrix, begin, end, strides]
    return graph.compute(Op.STRIDED_SLICE, inputs, shape=shape, options=options)


def transpose(graph: Graph, matrix: Tensor) -> Tensor:
    """Transpose a matrix."""
    axes = graph.constant([1, 0])
    return graph.compute(Op.TRANSPOSE, [matrix, axes], shape=(ANY, ANY))


def sizes(graph: Graph, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of rows and columns of a matrix, () each."""
    output_type = {ShapeOptions.OUT_TYPE: int8(Type.INT32)}
    shape = graph.compute(Op.SHAPE, [matrix], Type.INT32, (2,), output_type)
    rows = graph.tensor(Type.INT32, ())
    columns = graph.tensor(Type.INT32, ())
    graph.add_operator(Op.UNPACK, [shape], [rows, columns], {UnpackOptions.NUM: int32(2)})
    return rows, columns


def zero_state(graph: Graph, rows: Tensor, width: int) -> Tensor:
    """Create an array of zeros, (rows, width)."""
    shape = pack(graph, rows, graph.constant(width))
    return fill(graph, shape, 0.0, (ANY, width), np.float32)


def fill(
    graph: Graph, shape: Tensor, value: int | float, sizes: tuple[int, ...], dtype: type = np.int32
) -> Tensor:
    """Create an array of equal numbers. ``sizes`` is its shape, as far as it's known already."""
    constant = graph.constant(value, dtype)
    return graph.compute(Op.FILL, [shape, constant], constant.type, sizes, version=FILLS)


def pack(graph: Graph, *values: Tensor) -> Tensor:
    """Put scalars into a vector."""
    options = {PackOptions.VALUES_COUNT: int32(len(values))}
    return graph.compute(Op.PACK, values, Type.INT32, (len(values),), options)

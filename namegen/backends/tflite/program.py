"""The network as operators of LiteRT: the three signatures of the file. Letters are those of ``core/README.md``.

    step        tokens, states → logits, states
    generate    uniform numbers, temperature → tokens, log_probability: a loop (WHILE) around step and the drawing rule
    vocabulary  → code points

Weights are constants, each of which stands in the file once, whichever signatures read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from namegen.backends.tflite.flatbuffer import Number
from namegen.backends.tflite.graph import TRUE, File, Graph, Op, Tensor, Type, Weight, integer
from namegen.core.data.labels import Beginnings
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.network.cells import Formula

ANY = -1  # rows of a call, uniform numbers of a row: whatever comes
HYBRID, GATHERS_INT8, WIDENS_INT8 = (
    12,
    2,
    2,
)  # the versions of operators that read weights of 8 bits
GATHERS_IN_ROWS = 5  # the version that gathers from each row its own number
OPERATIONS = {  # of cells
    "add": Op.ADD,
    "subtract": Op.SUB,
    "multiply": Op.MUL,
    "divide": Op.DIV,
    "absolute": Op.ABS,
    "sigmoid": Op.LOGISTIC,
    "tanh": Op.TANH,
}


class Program:
    """The network, written into a file's subgraphs.

    Args:
        file: what the subgraphs are added to.
        network: the shapes.
        weights: by the names of ``weights.py``.
        beginnings: what a name may begin with.
    """

    def __init__(
        self,
        file: File,
        network: RecurrentNetwork,
        weights: Mapping[str, Weight],
        beginnings: Beginnings,
    ) -> None:
        self.file, self.network, self.weights, self.beginnings = file, network, weights, beginnings

    def add_signatures(self, code_points: Weight) -> None:
        """All three, and their subgraphs; that of ``generate`` comes first, as who asks for no signature gets it."""
        generate, step, vocabulary = (
            self.file.graph(name) for name in ("generate", "step", "vocabulary")
        )
        buffer, _ = self.file.weight(code_points)
        given = vocabulary.tensor(
            Type.INT32, code_points.values.shape, name="code_points", buffer=buffer
        )
        self.file.sign("vocabulary", vocabulary, {}, {"code_points": given})
        self._step(step)
        self._generate(generate)

    def _step(self, graph: Graph) -> None:
        tokens = graph.tensor(Type.INT32, (ANY,), name="tokens")
        widths = {f"state_{k}": width for k, width in enumerate(self.network.state_widths)}
        state = {
            name: graph.tensor(Type.FLOAT32, (ANY, width), name=name)
            for name, width in widths.items()
        }
        logits, after = self._read(graph, tokens, list(state.values()))
        outputs = {"logits": logits, **dict(zip(widths, after, strict=True))}
        self.file.sign("step", graph, {"tokens": tokens, **state}, outputs)

    def _read(
        self, graph: Graph, tokens: Tensor, state: Sequence[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Read one token a row: logits (B, V), and the state after it, each array (B, H)."""
        rows, after, states = tokens, list[Tensor](), self.network.formula.states
        for k, width in enumerate(self.network.hidden):
            before = state[states * k :][:states]
            after += Layer(graph, k, width, self.weights).step(self.network.formula, rows, before)
            rows = after[-states]
        logits = multiply(graph, rows, self.weights["output.kernel"], self.weights["output.bias"])
        return logits, after

    def _generate(self, graph: Graph) -> None:
        """The rule of ``core/generation/sampling.draw`` for one name a row: uniforms (n, T) → token ids (n, T), and the
        names' log-probabilities given their beginnings (n,).

        Where there are several beginnings, the first uniform number of a row chooses its own: (n, 1 + T) → (n, T). The
        loop ends with the last name, or at T.
        """
        uniforms = graph.tensor(Type.FLOAT32, (ANY, ANY), name="uniforms")
        temperature = graph.tensor(Type.FLOAT32, (), name="temperature")
        first, rest = self._begin(graph, uniforms)
        shape = graph.add(Op.SHAPE, [rest], Type.INT32, (2,), {0: Number("<b", Type.INT32)})
        rows, longest = (graph.tensor(Type.INT32, ()) for _ in range(2))
        graph.run(Op.UNPACK, [shape], [rows, longest], {0: integer(2)})
        turned = graph.constant([1, 0])
        columns = graph.add(Op.TRANSPOSE, [rest, turned], Type.FLOAT32, (ANY, ANY))  # (T, n)
        draws = graph.add(Op.GREATER, [temperature, graph.constant(0, np.float32)], Type.BOOL, ())
        divisor = graph.add(
            Op.SELECT_V2, [draws, temperature, graph.constant(1, np.float32)], Type.FLOAT32, ()
        )
        count = graph.add(Op.RESHAPE, [rows, graph.constant([1])], Type.INT32, (1,))
        last = first or self._fill(graph, count, self.beginnings.tokens[0], (ANY,))
        table = self._pack(graph, longest, rows)
        variables = {
            "place": graph.constant(0),
            "tokens": self._fill(graph, table, 0, (ANY, ANY)),  # (T, n)
            "last": last,
            "log_probability": self._fill(graph, count, 0.0, (ANY,), np.float32),
            "alive": self._fill(graph, count, True, (ANY,), np.bool_),
            "longest": longest,
            "draws": draws,
            "divisor": divisor,
            "columns": columns,
        }
        for k, width in enumerate(self.network.state_widths):
            state = self._pack(graph, rows, graph.constant(width))
            variables[f"state_{k}"] = self._fill(graph, state, 0.0, (ANY, width), np.float32)
        goes_on, body = self._goes_on(variables), self._body(variables)
        after = _like(graph, variables)
        places = {0: integer(goes_on.place), 1: integer(body.place)}
        graph.run(Op.WHILE, list(variables.values()), list(after.values()), places)
        tokens = graph.add(Op.TRANSPOSE, [after["tokens"], turned], Type.INT32, (ANY, ANY))
        given = {"uniforms": uniforms, "temperature": temperature}
        self.file.sign(
            "generate",
            graph,
            given,
            {"tokens": tokens, "log_probability": after["log_probability"]},
        )

    def _begin(self, graph: Graph, uniforms: Tensor) -> tuple[Tensor | None, Tensor]:
        """The beginning of each row (n,), None where there is but one; and the uniform numbers that are left."""
        if not self.beginnings.several:
            return None, uniforms
        sums = graph.constant(np.cumsum(self.beginnings.shares), np.float32)
        chosen = self._drawn(graph, sums, columns_of(graph, uniforms, 0, 1))
        ids = graph.constant(self.beginnings.ids)
        return graph.add(Op.GATHER, [ids, chosen], Type.INT32, (ANY,)), columns_of(
            graph, uniforms, 1, None
        )

    def _drawn(self, graph: Graph, sums: Tensor, uniforms: Tensor) -> Tensor:
        """The first id whose sum exceeds the uniform number (n, 1), the last if none does."""
        last_id = graph.constant(sums.shape[-1] - 1)
        wide = (ANY, sums.shape[-1])
        below = graph.add(Op.LESS_EQUAL, [sums, uniforms], Type.BOOL, wide)
        ones = graph.add(Op.CAST, [below], Type.INT32, wide)
        counted = graph.add(Op.SUM, [ones, graph.constant(1)], Type.INT32, (ANY,))
        return graph.add(Op.MINIMUM, [counted, last_id], Type.INT32, (ANY,))

    def _goes_on(self, variables: Mapping[str, Tensor]) -> Graph:
        """While there is a place left and a name that has not ended."""
        graph = self.file.graph("goes_on")
        inner = _like(graph, variables)
        is_left = graph.add(Op.LESS, [inner["place"], inner["longest"]], Type.BOOL, ())
        lives = graph.add(Op.REDUCE_ANY, [inner["alive"], graph.constant([0])], Type.BOOL, ())
        graph.ends(inner.values(), [graph.add(Op.LOGICAL_AND, [is_left, lives], Type.BOOL, ())])
        return graph

    def _body(self, variables: Mapping[str, Tensor]) -> Graph:
        """One character of every name."""
        graph, V = self.file.graph("one_character"), self.network.vocabulary_size
        inner = _like(graph, variables)
        names = [name for name in inner if name.startswith("state_")]
        logits, after = self._read(graph, inner["last"], [inner[name] for name in names])
        kind = {0: Number("<b", Type.INT32)}
        likeliest = graph.add(Op.ARG_MAX, [logits, graph.constant(1)], Type.INT32, (ANY,), kind)
        kept = {0: TRUE}
        highest = graph.add(
            Op.REDUCE_MAX, [logits, graph.constant([1])], Type.FLOAT32, (ANY, 1), kept
        )
        below = graph.add(Op.SUB, [logits, highest], Type.FLOAT32, (ANY, V))  # before it overflows
        scaled = graph.add(Op.DIV, [below, inner["divisor"]], Type.FLOAT32, (ANY, V))
        beta = {0: Number("<f", 1.0)}
        chances = graph.add(Op.SOFTMAX, [scaled], Type.FLOAT32, (ANY, V), beta)
        sums = graph.add(Op.CUMSUM, [chances, graph.constant(1)], Type.FLOAT32, (ANY, V))
        uniforms = graph.add(Op.GATHER, [inner["columns"], inner["place"]], Type.FLOAT32, (ANY,))
        upright = graph.add(Op.RESHAPE, [uniforms, graph.constant([-1, 1])], Type.FLOAT32, (ANY, 1))
        drawn = self._drawn(graph, sums, upright)
        chosen = graph.add(Op.SELECT_V2, [inner["draws"], drawn, likeliest], Type.INT32, (ANY,))
        of_chosen = self._log_probability(graph, below, chosen)
        scored = graph.add(Op.ADD, [inner["log_probability"], of_chosen], Type.FLOAT32, (ANY,))
        score = graph.add(
            Op.SELECT_V2, [inner["alive"], scored, inner["log_probability"]], Type.FLOAT32, (ANY,)
        )
        alive = graph.add(Op.CAST, [inner["alive"]], Type.INT32, (ANY,))
        last = graph.add(Op.MUL, [chosen, alive], Type.INT32, (ANY,))
        row = graph.add(Op.RESHAPE, [last, graph.constant([1, -1])], Type.INT32, (1, ANY))
        corner = self._pack(graph, inner["place"], graph.constant(0))
        tokens = graph.add(
            Op.DYNAMIC_UPDATE_SLICE, [inner["tokens"], row, corner], Type.INT32, (ANY, ANY)
        )
        done = {
            "place": graph.add(Op.ADD, [inner["place"], graph.constant(1)], Type.INT32, ()),
            "tokens": tokens,
            "last": last,
            "log_probability": score,
            "alive": graph.add(Op.NOT_EQUAL, [last, graph.constant(0)], Type.BOOL, (ANY,)),
            **dict(zip(names, after, strict=True)),
        }
        graph.ends(inner.values(), [done.get(name, tensor) for name, tensor in inner.items()])
        return graph

    def _log_probability(self, graph: Graph, below: Tensor, chosen: Tensor) -> Tensor:
        """At temperature 1, of one id a row (n,), from logits whose highest is 0.

        The operator LOG_SOFTMAX takes five times as long as these.
        """
        wide, one_each = below.shape, {0: integer(1), 1: integer(1)}
        powers = graph.add(Op.EXP, [below], Type.FLOAT32, wide)
        total = graph.add(Op.SUM, [powers, graph.constant(1)], Type.FLOAT32, (ANY,))
        own = graph.add(
            Op.GATHER, [below, chosen], Type.FLOAT32, (ANY,), one_each, version=GATHERS_IN_ROWS
        )
        return graph.add(
            Op.SUB, [own, graph.add(Op.LOG, [total], Type.FLOAT32, (ANY,))], Type.FLOAT32, (ANY,)
        )

    def _fill(
        self,
        graph: Graph,
        shape: Tensor,
        value: int | float,
        sizes: tuple[int, ...],
        dtype: type = np.int32,
    ) -> Tensor:
        one = graph.constant(value, dtype)
        return graph.add(Op.FILL, [shape, one], one.type, sizes, version=2)

    def _pack(self, graph: Graph, *sizes: Tensor) -> Tensor:
        return graph.add(Op.PACK, sizes, Type.INT32, (len(sizes),), {0: integer(len(sizes))})


def _like(graph: Graph, variables: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors like the variables of a loop: inside one of its subgraphs, or what comes out of it."""
    return {name: graph.tensor(tensor.type, tensor.shape) for name, tensor in variables.items()}


def columns_of(graph: Graph, rows: Tensor, start: int, stop: int | None) -> Tensor:
    """Columns of a matrix, from ``start`` to before ``stop``; None: to the last."""
    to_the_end = 0b11 if stop is None else 0b01  # bits of axes whose own bound is meant
    bounds = [graph.constant(bound) for bound in ([0, start], [0, stop or 0], [1, 1])]
    shape = (rows.shape[0], ANY if stop is None else stop - start)
    return graph.add(
        Op.STRIDED_SLICE,
        [rows, *bounds],
        rows.type,
        shape,
        {0: integer(0b01), 1: integer(to_the_end)},
    )


def multiply(graph: Graph, rows: Tensor, kernel: Weight, bias: Weight | None) -> Tensor:
    """``rows K (+ b)``: a kernel stands in the file as (outputs, inputs), as the operator reads it."""
    is_small = kernel.scales is not None
    options = {3: TRUE} if is_small else {}
    inputs = [rows, graph.weight(kernel), None if bias is None else graph.weight(bias)]
    shape = (ANY, kernel.values.shape[0])
    return graph.add(
        Op.FULLY_CONNECTED, inputs, Type.FLOAT32, shape, options, version=HYBRID if is_small else 1
    )


class Layer:
    """One layer's arithmetic in a subgraph.

    Args:
        graph: where it is added.
        k: which layer.
        width: ``H``.
        weights: by the names of ``weights.py``.
    """

    def __init__(self, graph: Graph, k: int, width: int, weights: Mapping[str, Weight]) -> None:
        self.graph, self.k, self.width, self.weights = graph, k, width, weights

    def weight(self, name: str) -> Weight:
        """One of its own."""
        return self.weights[f"rnn.{self.k}.{name}"]

    def read(self, rows: Tensor, bias: Weight | None = None) -> Tensor:
        """``x K (+ b)``: of the first layer a one-hot row times K, which is a row of K."""
        kernel = self.weight("kernel")
        if self.k:
            return multiply(self.graph, rows, kernel, bias)
        table, columns = self.graph.weight(kernel), kernel.values.shape[1]
        if kernel.scales is None:
            x = self.graph.add(Op.GATHER, [table, rows], Type.FLOAT32, (ANY, columns))
        else:
            _, scales = self.graph.file.weight(kernel)
            x = self.graph.add(
                Op.GATHER,
                [table, rows],
                Type.INT8,
                (ANY, columns),
                version=GATHERS_INT8,
                scales=scales,
            )
            x = self.graph.add(
                Op.DEQUANTIZE, [x], Type.FLOAT32, (ANY, columns), version=WIDENS_INT8
            )
        return (
            x
            if bias is None
            else self.graph.add(Op.ADD, [x, self.graph.weight(bias)], Type.FLOAT32, x.shape)
        )

    def split(self, x: Tensor) -> list[Tensor]:
        """The gates that stand side by side in it."""
        parts = x.shape[1] // self.width
        if parts == 1:
            return [x]
        outputs = [self.graph.tensor(Type.FLOAT32, (ANY, self.width)) for _ in range(parts)]
        self.graph.run(Op.SPLIT, [self.graph.constant(1), x], outputs, {0: integer(parts)})
        return outputs

    def step(self, formula: Formula, rows: Tensor, before: Sequence[Tensor]) -> list[Tensor]:
        """The state after the step. Where x and s are read as their sums alone, all gates are added at once."""
        G, S, graph = formula.gates, formula.state_gates, self.graph
        is_single = formula.biases == 1
        biases = (
            [None, self.weight("bias")]
            if is_single
            else [self.weight(f"bias.{row}") for row in range(2)]
        )
        adding = [one for one in formula.operations if min(one.of, default=G + S) < G + S]
        is_summed = S == G and all(
            one.name == "add" and max(one.of) - G == min(one.of) < G for one in adding
        )
        if is_single and not is_summed:
            biases.reverse()  # it belongs to x; into a sum, the product with the state takes it along for nothing

        def of_state() -> Tensor:
            return multiply(graph, before[0], self.weight("recurrent_kernel"), biases[1])

        if is_summed:
            x = self.read(rows, biases[0])
            sums = self.split(graph.add(Op.ADD, [x, of_state()], Type.FLOAT32, x.shape))
            values = [*sums, *sums, *before]
        else:
            values = [
                *self.split(self.read(rows, biases[0])),
                *(self.split(of_state()) if S else ()),
                *before,
            ]
        for one in formula.operations:
            if one.name == "number":
                values.append(graph.constant(one.number, np.float32))
            elif is_summed and one in adding:
                values.append(values[min(one.of)])
            else:
                of = [values[place] for place in one.of]
                values.append(graph.add(OPERATIONS[one.name], of, Type.FLOAT32, (ANY, self.width)))
        return [values[place] for place in formula.after]

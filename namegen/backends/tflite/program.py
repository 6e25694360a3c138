"""The three signatures of a .tflite. Programs that call the file use these names:

    step        tokens, states → logits, states
    generate    uniforms, temperature → tokens, log_probability (see ``sampling_loop.py``)
    vocabulary  → code_points

The letters in shapes are defined in ``core/README.md``. All signatures share the same stored weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from namegen.backends.tflite.graph import ANY, File, Graph, Weight
from namegen.backends.tflite.layers import network_step
from namegen.backends.tflite.sampling_loop import SamplingLoop
from namegen.backends.tflite.schema import Type
from namegen.core.data.labels import StartTokens
from namegen.core.network.architecture import RecurrentNetwork


@dataclass(frozen=True, eq=False)
class Program:
    """Adds a network to a file."""

    file: File
    network: RecurrentNetwork
    weights: Mapping[str, Weight]  # named as in ``weights.py``
    start_tokens: StartTokens

    def add_signatures(self, code_points: Weight) -> None:
        """Add all signatures and their subgraphs. The argument is the vocabulary's code points, (V − 1,).

        ``generate`` gets the first subgraph, because that's what programs call if they don't choose a signature.
        """
        generate = self.file.add_graph("generate")
        step = self.file.add_graph("step")
        vocabulary = self.file.add_graph("vocabulary")
        self._vocabulary(vocabulary, code_points)
        self._step(step)
        loop = SamplingLoop(self.file, self.network, self.weights, self.start_tokens)
        loop.add_signature(generate)

    def _vocabulary(self, graph: Graph, code_points: Weight) -> None:
        """Add the signature that returns the vocabulary's code points."""
        buffer = self.file.add_weight(code_points).buffer
        shape = code_points.values.shape
        tensor = graph.tensor(Type.INT32, shape, name="code_points", buffer=buffer)
        self.file.add_signature("vocabulary", graph, {}, {"code_points": tensor})

    def _step(self, graph: Graph) -> None:
        """Add the signature that runs the network on one token per row."""
        tokens = graph.tensor(Type.INT32, (ANY,), name="tokens")
        state = {
            f"state_{k}": graph.tensor(Type.FLOAT32, (ANY, width), name=f"state_{k}")
            for k, width in enumerate(self.network.state_widths)
        }
        logits, new_state = network_step(
            graph, self.network, self.weights, tokens=tokens, state=list(state.values())
        )
        outputs = {"logits": logits, **dict(zip(state, new_state, strict=True))}
        self.file.add_signature("step", graph, {"tokens": tokens, **state}, outputs)

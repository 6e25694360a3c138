"""TFLiteModel: a ``.tflite`` of ``namegen export-tflite`` as a LanguageModel, in the LiteRT runtime alone.

No TensorFlow is loaded. ``docs/use/tflite.md`` shows the same in a few lines without namegen, which trusts the file;
``contents.py`` does not, and stands before the runtime here.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np

from namegen.backends.quiet import quiet
from namegen.backends.tflite.contents import read_contents
from namegen.core.engine import State
from namegen.core.evaluation.evaluator import QUANTISED_TOLERANCE, TOLERANCE, check_probe
from namegen.core.generation.sampling import check_temperature
from namegen.errors import (
    CheckpointError,
    EngineError,
    SettingsError,
    missing_library,
    reason_of,
    short,
)
from namegen.files import read_whole
from namegen.types import Array, Float, Float32, Int, Int32

CHUNK_NAMES = 256  # rows of the sampling loop at a time: they stay in the processor's cache, and end early together
BELOW_ONE = np.nextafter(
    np.float32(1), np.float32(0)
)  # a float64 below 1 may round to 1, which is no uniform number
LARGEST_FILE = (
    200_000_000  # bytes: 50 million parameters. What is read is written again, all within 1 GB
)

TFLiteState: TypeAlias = tuple[Array, ...]  # one (B, H) for each array of each layer's state


class TFLiteModel:
    """A trained network in a ``.tflite``. Several threads may use it: one waits for the other.

    Args:
        content: the whole file.
        path: how error messages call it.
        threads: for the runtime.

    Attributes:
        metadata: all that it carries beside its weights: vocabulary, labels, known names and the like.
        quantize: how its weights are stored: ``none``, ``float16`` or ``int8``.

    Raises:
        CheckpointError: a damaged or foreign file, or one of which the runtime computes something else than the engine
            that trained it. EngineError: LiteRT is not installed.
    """

    def __init__(
        self, content: bytes, *, path: Path | str = "the .tflite", threads: int = 1
    ) -> None:
        if threads < 1:
            raise SettingsError(f"threads is {threads}: expected a whole number of at least 1")
        contents = read_contents(content, path)
        self.metadata, self.quantize = contents.metadata, contents.quantize
        network = contents.network
        self.vocabulary_size, self._widths = network.vocabulary_size, network.state_widths
        self._names = [f"state_{k}" for k in range(len(self._widths))]
        self._lock = threading.Lock()  # the runtime's buffers are those of one call
        interpreter_class = find_interpreter()
        try:
            with quiet():
                interpreter = interpreter_class(model_content=content, num_threads=threads)
                self._step = interpreter.get_signature_runner("step")
                self._generate = interpreter.get_signature_runner("generate")
                interpreter.get_signature_runner(
                    "vocabulary"
                )()  # the runtime says what it has to say now, unheard
        except (ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{path} does not fit together: {error}; export it again"
            ) from error
        check_probe(
            self,
            self.metadata.probe,
            network.beginnings[0],
            reader="the LiteRT runtime here",
            trained_by=self.metadata.engine,
            name=str(path),
            advice="export it again, or use another version of the runtime",
            tolerance=TOLERANCE if self.quantize == "none" else QUANTISED_TOLERANCE,
        )

    @classmethod
    def load(cls, path: Path | str, threads: int = 1) -> TFLiteModel:
        """Read a file. Raises what the class raises."""
        try:
            content = read_whole(path, LARGEST_FILE)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise CheckpointError(
                f"cannot read {short(path)}: {reason_of(error)}; give another file"
            ) from error
        return cls(content, path=short(path), threads=threads)

    def initial_state(self, rows: int) -> TFLiteState:
        """Zeros for every layer."""
        return tuple(np.zeros((rows, width), np.float32) for width in self._widths)

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float32[Array, "B V"], TFLiteState]:
        """Read one token a row. Rows come as they are: a number that changes costs 2 to 10 %, padding more."""
        inputs = dict(zip(self._names, cast(TFLiteState, state), strict=True))
        with self._lock:
            outputs: dict[str, Array] = self._step(tokens=tokens, **inputs)
        return outputs["logits"], tuple(
            [outputs[name] for name in self._names]
        )  # copies of the runtime's buffers

    def select(self, state: State, rows: Int[Array, "K"]) -> TFLiteState:
        """Gather rows of a state."""
        return tuple(array.take(rows, axis=0) for array in cast(TFLiteState, state))

    def generate_tokens(
        self, uniforms: Float[Array, "n numbers"], temperature: float = 1.0
    ) -> tuple[Int32[Array, "n T"], Float32[Array, "n"]]:
        """Draw one name for each row of uniform numbers, with the sampling loop that is inside the file.

        The same as ``Generator.draw_one_by_one``, in float32.

        Args:
            uniforms: at least 0 and below 1, one a token; where there are several beginnings, one more, the first,
                chooses which.
            temperature: see ``core/generation/sampling.py``.

        Returns:
            Token ids, the boundary from the end of each name on; a row without a boundary did not end within its
            numbers. And of each row the log-probability of what it holds, given its beginning, at temperature 1, nats.
        """
        check_temperature(temperature)
        numbers = np.minimum(uniforms.astype(np.float32), BELOW_ONE)
        tokens = np.zeros(
            (len(numbers), max(numbers.shape[1] - self.metadata.beginnings.numbers, 0)), np.int32
        )
        scores = np.zeros(len(numbers), np.float32)
        if tokens.size:
            for start in range(0, len(numbers), CHUNK_NAMES):
                part = slice(start, start + CHUNK_NAMES)
                with self._lock:
                    drawn = self._generate(
                        uniforms=numbers[part], temperature=np.float32(temperature)
                    )
                tokens[part] = drawn["tokens"]
                scores[part] = drawn["log_probability"]
        return tokens, scores


def find_interpreter() -> Any:
    """LiteRT's class. Raises EngineError where it is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ModuleNotFoundError as error:
        raise EngineError(missing_library("a .tflite", error.name, "tflite")) from error
    return Interpreter

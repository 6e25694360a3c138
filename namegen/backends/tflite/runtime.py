"""TFLiteModel: an exported .tflite file as a LanguageModel, run by LiteRT without TensorFlow.

``docs/guides/phone.md`` shows how to run a file in a few lines without namegen. That code trusts the file. Here, LiteRT
only gets what ``contents.py`` has read from the file and built again.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TypeAlias, cast

import numpy as np

from namegen.backends.quiet import quiet
from namegen.backends.tflite.contents import read_contents, to_bytes_of
from namegen.backends.tflite.litert import Interpreter
from namegen.core.checkpoint.self_test import QUANTISED_TOLERANCE, TOLERANCE, check_self_test
from namegen.core.engine import State
from namegen.core.generation.request import GenerationRequest
from namegen.core.settings import checked
from namegen.errors import CheckpointError, GenerationError, SettingsError, reason_of, short
from namegen.files import read_whole
from namegen.types import Array, Float, Float32, Int, Int32

# Names per call of the sampling loop, which fit in the cache.
CHUNK_NAMES = 256
# The largest uniform number in float32.
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))
# In bytes, for 50 million parameters. Reading writes the file again, which takes less than 1 GB in all.
LARGEST_FILE = 200_000_000

TFLiteState: TypeAlias = tuple[Array, ...]  # the state arrays of all layers, (B, H) each


class TFLiteModel:
    """A trained network in a .tflite file. Threads may share it; they take turns.

    Attributes:
        metadata: everything in the file except for its weights, such as the vocabulary, labels and known names.
        quantize: how its weights are stored: ``none``, ``float16`` or ``int8``.
        vocabulary_size: ``V``.

    Args:
        content: the whole file.
        path: the file's name in error messages.
        threads: how many threads LiteRT uses.

    Raises:
        CheckpointError: the file is damaged or wasn't written by namegen, or LiteRT computes something else than the
            backend that trained the network.
        SettingsError: ``threads`` is less than 1.
    """

    def __init__(
        self, content: bytes, *, path: Path | str = "the .tflite", threads: int = 1
    ) -> None:
        """Read and check a file, and load it into LiteRT."""
        if threads < 1:
            raise SettingsError(f"threads is {threads}: expected a whole number of at least 1")
        # 1. Read and check the file.
        contents = read_contents(content, path)
        network = contents.network
        self.metadata = contents.metadata
        self.quantize = contents.quantize
        self.vocabulary_size = network.vocabulary_size
        self._state_widths = network.state_widths
        self._state_names = [f"state_{k}" for k in range(len(self._state_widths))]
        self._lock = threading.Lock()  # LiteRT has one set of buffers, for one call at a time
        # 2. Build its operators again, and load them. LiteRT never gets the file itself, which may be forged.
        try:
            with quiet():
                interpreter = Interpreter(model_content=to_bytes_of(contents), num_threads=threads)
                self._step = interpreter.get_signature_runner("step")
                self._generate = interpreter.get_signature_runner("generate")
                # LiteRT prints its messages at the first call.
                interpreter.get_signature_runner("vocabulary")()
        except (ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{path} does not fit together: {error}; export it again"
            ) from error
        # 3. Compare a few logits with those that the file contains.
        check_self_test(
            self,
            self.metadata.probe,
            network.start_tokens[0],
            reader="the LiteRT runtime here",
            trained_by=self.metadata.engine,
            name=str(path),
            advice="export it again, or use another version of the runtime",
            tolerance=TOLERANCE if self.quantize == "none" else QUANTISED_TOLERANCE,
        )

    @classmethod
    def load(cls, path: Path | str, threads: int = 1) -> TFLiteModel:
        """Read a file. ``threads`` is the number of threads that LiteRT uses.

        Raises:
            CheckpointError: the file can't be read.
            NamegenError: the file isn't valid. The class lists all reasons.
        """
        try:
            content = read_whole(path, LARGEST_FILE)
        except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
            raise CheckpointError(
                f"cannot read {short(path)}: {reason_of(error)}; use another file"
            ) from error
        return cls(content, path=short(path), threads=threads)

    def initial_state(self, rows: int) -> TFLiteState:
        """Return the state before the start token: zeros for every layer."""
        return tuple(np.zeros((rows, width), np.float32) for width in self._state_widths)

    def step(
        self, tokens: Int32[Array, "B"], state: State
    ) -> tuple[Float32[Array, "B V"], TFLiteState]:
        """Read one token per row. Return the logits of the next token, and the new state.

        A number of rows that differs from the previous call costs 2 to 10%; padding the rows would cost more.

        Raises:
            GenerationError: a logit isn't finite, because the weights in the file are too large.
        """
        state_inputs = dict(zip(self._state_names, cast(TFLiteState, state), strict=True))
        with self._lock:
            outputs: dict[str, Array] = self._step(tokens=tokens, **state_inputs)
        new_state = tuple([outputs[name] for name in self._state_names])
        logits = outputs["logits"]
        if not np.isfinite(logits).all():
            raise GenerationError("the file's logits are not finite: export the model again")
        return logits, new_state  # LiteRT has copied both from its buffers

    def select(self, state: State, rows: Int[Array, "K"]) -> TFLiteState:
        """Select rows of a state."""
        return tuple(array.take(rows, axis=0) for array in cast(TFLiteState, state))

    def generate_tokens(
        self, uniforms: Float[Array, "n numbers"], temperature: float = 1.0
    ) -> tuple[Int32[Array, "n T"], Float32[Array, "n"]]:
        """Draw one name per row of uniform random numbers, with the sampling loop in the file.

        It draws the same names as ``Generator.draw_one_by_one``, in float32.

        Args:
            uniforms: random numbers from 0 to below 1, one per token. With several start tokens, one more number per
                row comes first, and chooses the start token.
            temperature: as for ``core/generation/sampling.draw``.

        Returns:
            Token ids, where each name is padded with end tokens, and the log-probability of each name given its start
            token, at temperature 1, in nats. A row without an end token wasn't finished within its numbers.

        Raises:
            SettingsError: the temperature is below 0 or isn't a number.
            GenerationError: the probability of a name isn't a number.
        """
        temperature = checked(GenerationRequest, "temperature", temperature)
        # A float64 just below 1 would be rounded to 1.
        uniforms = np.minimum(uniforms.astype(np.float32), BELOW_ONE)
        names, numbers = uniforms.shape
        max_length = max(numbers - self.metadata.start_tokens.numbers, 0)
        tokens = np.zeros((names, max_length), np.int32)
        log_probabilities = np.zeros(names, np.float32)
        if tokens.size == 0:
            return tokens, log_probabilities
        # The loop ends when all names of a chunk are finished, so small chunks are faster.
        for start in range(0, names, CHUNK_NAMES):
            chunk = slice(start, start + CHUNK_NAMES)
            with self._lock:
                drawn: dict[str, Array] = self._generate(
                    uniforms=uniforms[chunk], temperature=np.float32(temperature)
                )
            tokens[chunk] = drawn["tokens"]
            log_probabilities[chunk] = drawn["log_probability"]
        if np.isnan(log_probabilities).any():
            raise GenerationError("the file's logits are not finite: export the model again")
        return tokens, log_probabilities

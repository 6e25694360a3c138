"""Measure how fast each runtime generates names with the same network, and how long a single step takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.document import Comparison
from benchmarks.rounds import Benchmark, Measurement, measure_seconds
from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import LanguageModel
from namegen.core.generation.generator import Generator

NAMES = 10_000  # names per measurement
LONGEST = 24  # characters of a name
STEPS = 2_000  # steps per measurement
TOKEN = np.array([1], np.int32)  # (1,), the input of each step
NUMPY = "NumPy engine"


def generating(rounds: int) -> tuple[Comparison, Comparison]:
    """Generate names with the same network in each runtime, and measure single steps."""
    numpy_model = api.load("mlb-first", backend="numpy")
    keras_model = api.load("mlb-first", backend="keras")
    tflite_model = load_tflite(numpy_model.checkpoint)
    benchmark = GeneratingBenchmark(numpy_model.vocabulary)
    benchmark.add(NUMPY, numpy_model.model)
    benchmark.add("Keras engine", keras_model.model)
    benchmark.add("TFLite, the step", tflite_model)
    benchmark.add_tflite_loop(tflite_model)
    return benchmark.run(rounds)


def load_tflite(checkpoint: Checkpoint) -> TFLiteModel:
    """Convert a model to TensorFlow Lite, and load it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_tflite(checkpoint, path)
        return TFLiteModel.load(path)


class GeneratingBenchmark:
    """Measure the speed of generating names, and the time of a single step, in several runtimes."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.uniforms = np.random.default_rng(0).random((NAMES, LONGEST))  # the random numbers
        self.names = Benchmark()
        self.steps = Benchmark()

    def add(self, name: str, model: LanguageModel) -> None:
        """Add a runtime to both measurements."""
        generator = Generator(model, self.vocabulary)
        draw = partial(generator.draw_one_by_one, self.uniforms)
        self.names.add(name, partial(prepare_drawing, draw))
        self.steps.add(name, partial(prepare_steps, model))

    def add_tflite_loop(self, model: TFLiteModel) -> None:
        """Add TensorFlow Lite with its own loop over the characters, which draws all names in a single call."""

        def draw() -> None:
            model.generate_tokens(self.uniforms.astype(np.float32), 1.0)

        self.names.add("TFLite, the loop inside", partial(prepare_drawing, draw))

    def run(self, rounds: int) -> tuple[Comparison, Comparison]:
        """Measure all runtimes, and compare them with the NumPy backend."""
        names = Comparison(
            key="names",
            title=f"{NAMES:,} names one by one, as tokens",
            unit="names a second",
            subjects=(NUMPY,),
            ways=self.names.run(rounds),
        )
        step = Comparison(
            key="step",
            title="One step of one row",
            unit="microseconds",
            subjects=(NUMPY,),
            ways=self.steps.run(rounds),
        )
        return names, step


def prepare_drawing(draw: Callable[[], object]) -> Measurement:
    """Compile a function that draws names, and return a measurement of its names per second."""
    draw()  # the first call compiles

    def measure(_: int) -> float:
        seconds, _result = measure_seconds(draw)
        return NAMES / seconds

    return measure


def prepare_steps(model: LanguageModel) -> Measurement:
    """Compile a model's step, and return a measurement of the microseconds per step."""
    take_steps = partial(_take_steps, model)
    take_steps()  # the first call compiles

    def measure(_: int) -> float:
        seconds, _result = measure_seconds(take_steps)
        return seconds / STEPS * 1e6

    return measure


def _take_steps(model: LanguageModel) -> None:
    """Read the same token many times, from the initial state of one name."""
    state = model.initial_state(1)
    for _ in range(STEPS):
        _, state = model.step(TOKEN, state)

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
from namegen.core.engine import LanguageModel
from namegen.core.generation.generator import Generator
from namegen.types import Array

NAMES = 10_000  # names per measurement
LONGEST = 24  # characters of a name
STEPS = 2_000  # steps per measurement
TOKEN = np.array([1], np.int32)  # (1,), the input of each step
NUMPY = "NumPy engine"


def generating(rounds: int) -> tuple[Comparison, ...]:
    """Generate names in all runtimes, and measure single steps."""
    numpy_model = api.load("mlb-first", backend="numpy")
    keras_model = api.load("mlb-first", backend="keras")
    tflite_model = load_tflite(numpy_model.checkpoint)
    models = {
        NUMPY: numpy_model.model,
        "Keras engine": keras_model.model,
        "TFLite, the step": tflite_model,
    }
    uniforms = np.random.default_rng(0).random((NAMES, LONGEST))
    drawing = Benchmark()
    stepping = Benchmark()
    for name, model in models.items():
        generator = Generator(model, numpy_model.vocabulary)
        draw = partial(generator.draw_one_by_one, uniforms)
        drawing.add(name, partial(prepare_drawing, draw))
        stepping.add(name, partial(prepare_steps, model))
    draw_in_tflite = partial(_draw_in_tflite, tflite_model, uniforms)
    drawing.add("TFLite, the loop inside", partial(prepare_drawing, draw_in_tflite))
    return _comparisons(drawing, stepping, rounds)


def load_tflite(checkpoint: Checkpoint) -> TFLiteModel:
    """Convert a model to TensorFlow Lite, and load it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_tflite(checkpoint, path)
        return TFLiteModel.load(path)


def _draw_in_tflite(model: TFLiteModel, uniforms: Array) -> None:
    """Draw all names in a single call, which runs the loop over the characters in TensorFlow Lite."""
    model.generate_tokens(uniforms.astype(np.float32), 1.0)


def _comparisons(
    drawing: Benchmark, stepping: Benchmark, rounds: int
) -> tuple[Comparison, Comparison]:
    """Run both benchmarks."""
    names = Comparison(
        key="names",
        title=f"{NAMES:,} names one by one, as tokens",
        unit="names a second",
        subjects=(NUMPY,),
        ways=drawing.run(rounds),
    )
    step = Comparison(
        key="step",
        title="One step of one row",
        unit="microseconds",
        subjects=(NUMPY,),
        ways=stepping.run(rounds),
    )
    return names, step


def prepare_drawing(draw: Callable[[], object]) -> Measurement:
    """Compile a function that draws names, and return a measurement of its names per second."""
    draw()  # the first call compiles

    def measure(_: int) -> float:
        seconds, _names = measure_seconds(draw)
        return NAMES / seconds

    return measure


def prepare_steps(model: LanguageModel) -> Measurement:
    """Compile a model's step, and return a measurement of the microseconds per step."""
    take_steps = partial(_take_steps, model)
    take_steps()  # the first call compiles

    def measure(_: int) -> float:
        seconds, _nothing = measure_seconds(take_steps)
        return seconds / STEPS * 1e6

    return measure


def _take_steps(model: LanguageModel) -> None:
    """Read the same token many times, from the initial state of one name."""
    state = model.initial_state(1)
    for _ in range(STEPS):
        _, state = model.step(TOKEN, state)

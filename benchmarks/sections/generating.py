"""Measure how fast each runtime generates names with the same network, and how long a single step takes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.document import Comparison
from benchmarks.rounds import Benchmark, Measurement, seconds_of
from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
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
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_tflite(numpy_model.checkpoint, path)
        tflite_model = TFLiteModel.load(path)
    models: dict[str, LanguageModel] = {
        NUMPY: numpy_model.model,
        "Keras engine": api.load("mlb-first", backend="keras").model,
        "TFLite, the step": tflite_model,
    }

    uniforms = np.random.default_rng(0).random((NAMES, LONGEST))  # the random numbers
    names = Benchmark()
    steps = Benchmark()
    for name, model in models.items():
        draw = partial(Generator(model, numpy_model.vocabulary).draw_one_by_one, uniforms)
        names.add(name, partial(prepare, draw, lambda seconds: NAMES / seconds))
        take_steps = partial(read_tokens, model)
        steps.add(name, partial(prepare, take_steps, lambda seconds: seconds / STEPS * 1e6))
    # TensorFlow Lite also has its own loop over the characters, which draws all names in a single call.
    draw_in_loop = partial(tflite_model.generate_tokens, uniforms.astype(np.float32), 1.0)
    loop_name = "TFLite, the loop inside"
    names.add(loop_name, partial(prepare, draw_in_loop, lambda seconds: NAMES / seconds))

    names_title = f"{NAMES:,} names one by one, as tokens"
    return (
        Comparison("names", names_title, "names a second", names.run(rounds), NUMPY),
        Comparison("step", "One step of one row", "microseconds", steps.run(rounds), NUMPY),
    )


def prepare(work: Callable[[], object], convert: Callable[[float], float]) -> Measurement:
    """Compile a function by calling it, and return a measurement of its seconds, converted to another unit."""
    work()
    return lambda _number: convert(seconds_of(work))


def read_tokens(model: LanguageModel) -> None:
    """Read the same token many times, from the initial state of one name."""
    state = model.initial_state(1)
    for _ in range(STEPS):
        _, state = model.step(TOKEN, state)

"""Generating: names one by one from the same network in every runtime, and one step of one row."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.document import Comparison
from benchmarks.rounds import Contest, Turn, timed
from namegen import api
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.engine import LanguageModel
from namegen.core.generation.generator import Generator

NAMES, LONGEST, STEPS = 10_000, 24, 2_000


def stepping(model: LanguageModel) -> Callable[[], None]:
    """Many steps of one row, one after the other."""
    token = np.array([1], np.int32)

    def steps() -> None:
        state = model.initial_state(1)
        for _ in range(STEPS):
            _, state = model.step(token, state)

    return steps


def ready(work: Callable[[], object], figure: Callable[[float], float]) -> Callable[[], Turn]:
    """A turn that does the work and makes its figure of the seconds; done once before, as the first compiles."""

    def make() -> Turn:
        work()
        return lambda _: figure(timed(work)[0])

    return make


def generating(rounds: int) -> tuple[Comparison, ...]:
    """Both figures."""
    uniforms = np.random.default_rng(0).random((NAMES, LONGEST))
    numpy_model, keras_model = (
        api.load("mlb-first", backend=backend) for backend in ("numpy", "keras")
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        export_tflite(numpy_model.checkpoint, path)
        tflite = TFLiteModel.load(path)
    models = {
        "NumPy engine": numpy_model.model,
        "Keras engine": keras_model.model,
        "TFLite, the step": tflite,
    }
    drawing, steps = Contest(), Contest()
    for name, model in models.items():
        generator = Generator(model, numpy_model.vocabulary)
        draw = ready(
            lambda of=generator: of.draw_one_by_one(uniforms), lambda seconds: NAMES / seconds
        )
        drawing.enter(name, draw)
        steps.enter(name, ready(stepping(model), lambda seconds: seconds / STEPS * 1e6))
    inside = ready(
        lambda: tflite.generate_tokens(uniforms.astype(np.float32), 1.0),
        lambda seconds: NAMES / seconds,
    )
    drawing.enter("TFLite, the loop inside", inside)
    ours = ("NumPy engine",)
    return (
        Comparison(
            "names",
            f"{NAMES:,} names one by one, as tokens",
            "names a second",
            ours,
            drawing.run(rounds),
        ),
        Comparison("step", "One step of one row", "microseconds", ours, steps.run(rounds)),
    )

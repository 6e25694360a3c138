"""Generation: 10,000 names one by one from the same network in every runtime, and one step of one row.

    python benchmarks/generate.py        # needs the extras keras and tflite

The shipped mlb-first (two SimpleRNN layers of 32), one core, one thread; the ways take turns, and the figure is the
median of the rounds with the lowest and the highest beside it. Compiling is not part of the time.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from namegen.threads import limit_threads

limit_threads(1)
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402  # loads BLAS, which reads the limit above as it starts

from namegen import api  # noqa: E402
from namegen.backends.tflite.export import export_tflite  # noqa: E402
from namegen.backends.tflite.runtime import TFLiteModel  # noqa: E402
from namegen.core.engine import LanguageModel  # noqa: E402
from namegen.core.generation.generator import Generator  # noqa: E402

NAMES, LONGEST, ROUNDS, STEPS = 10_000, 24, 5, 2_000


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def stepping(model: LanguageModel) -> Callable[[], None]:
    """Many steps of one row, one after the other."""
    token = np.array([1], np.int32)

    def steps() -> None:
        state = model.initial_state(1)
        for _ in range(STEPS):
            _, state = model.step(token, state)

    return steps


def main() -> None:
    """Measure and print."""
    uniforms = np.random.default_rng(0).random((NAMES, LONGEST))
    numpy_model, keras_model = (api.load("mlb-first", backend=backend) for backend in ("numpy", "keras"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        if numpy_model.checkpoint is None:
            raise SystemExit("the shipped mlb-first has no checkpoint")
        took = seconds(lambda: export_tflite(numpy_model.checkpoint, path))
        print(f"export and check: {took:.1f} s, {path.stat().st_size:,} bytes\n")
        tflite = TFLiteModel.load(path)
    models = {"numpy": numpy_model.model, "keras": keras_model.model, "tflite step": tflite}
    vocabulary = numpy_model.vocabulary
    generators = {name: Generator(model, vocabulary) for name, model in models.items()}
    ways: dict[str, Callable[[], object]] = {
        f"{name}, one by one": lambda generator=generator: generator.draw_one_by_one(uniforms)
        for name, generator in generators.items()
    }
    ways["tflite generate"] = lambda: tflite.generate_tokens(uniforms.astype(np.float32), 1.0)
    walks = {name: stepping(model) for name, model in models.items()}
    for work in [*ways.values(), *walks.values()]:
        work()  # compiles
    print(f"{'':24}{'names/s':>12}{'lowest':>12}{'highest':>12}")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            rates[name].append(NAMES / seconds(work))
    for name, values in rates.items():
        print(f"{name:24}{median(values):12,.0f}{min(values):12,.0f}{max(values):12,.0f}")
    print(f"\n{'one step, one row':24}{'µs':>12}{'lowest':>12}{'highest':>12}")
    times: dict[str, list[float]] = {name: [] for name in walks}
    for _ in range(ROUNDS):
        for name, work in walks.items():
            times[name].append(seconds(work) / STEPS * 1e6)
    for name, values in times.items():
        print(f"{name:24}{median(values):12.1f}{min(values):12.1f}{max(values):12.1f}")


if __name__ == "__main__":
    sys.exit(main())

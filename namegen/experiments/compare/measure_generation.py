"""Generate names with a trained network or with its ``.tflite`` export, and measure the names and the speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from namegen.backends.opening import find_architecture, open_network
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.generation.generator import Generator
from namegen.core.generation.sampling import SamplingSettings
from namegen.errors import CheckpointError, EngineError
from namegen.experiments.compare.document import (
    TFLITE,
    Algorithm,
    Export,
    ExportSubject,
    Generation,
    GenerationFigures,
    GenerationSubject,
)
from namegen.experiments.compare.machine_load import LoadMonitor, peak_memory_mib
from namegen.experiments.compare.quality import NameJudge, describe_names, fit_judge, two_halves
from namegen.experiments.compare.request import Request
from namegen.types import Array, Float64, Int

if TYPE_CHECKING:
    from namegen.backends.tflite.runtime import TFLiteModel

# After the first call, generation is timed at least FEWEST_PASSES times, and until ENOUGH_SECONDS have passed. If a
# pass takes longer than SLOW_PASS_SECONDS, only one pass is timed.
FEWEST_PASSES = 3
MOST_PASSES = 20
ENOUGH_SECONDS = 1.0
SLOW_PASS_SECONDS = 5.0


def export_tflite(request: Request, subject: ExportSubject) -> Export:
    """Export the trained network as a ``.tflite`` for the measurements that need one."""
    from namegen.backends.tflite.export import export_tflite as export

    checkpoint = Checkpoint.load(request.input_path)
    # Without the list's names, the size of the file is the size of the network.
    report = export(checkpoint, request.output_path, force=True, without_names=True)
    return Export(
        **vars(subject),
        bytes=report.bytes,
        largest_logit_difference=report.largest_logit_difference,
    )


def measure_generation(request: Request, subject: GenerationSubject) -> Generation:
    """Generate names with each algorithm that the model supports, and measure the names and the speed."""
    source = load_source(request, subject)
    start_up_seconds = time.time() - request.started
    judge = fit_judge(request.corpus, subject.split)
    with LoadMonitor() as monitor:
        timed = time_algorithms(source, monitor)
        peak_memory = peak_memory_mib()
    figures = {name: _figures(names, request, judge) for name, names in timed.items()}
    return Generation(
        **vars(subject),
        start_up_seconds=start_up_seconds,
        peak_memory_mib=peak_memory,
        algorithms=figures,
        quiet=monitor.load,
    )


def _figures(timed: TimedNames, request: Request, judge: NameJudge) -> GenerationFigures:
    """Describe the speed of one algorithm and the names that it generated."""
    first_half, _ = two_halves(request.names)
    statistics = describe_names(timed.names, request.names, first_half, judge)
    return GenerationFigures(
        **vars(statistics),
        first_seconds=timed.first_seconds,
        seconds=timed.fastest_seconds,
        names_per_second=timed.requested / timed.fastest_seconds,
    )


# --- models -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class NameSource:
    """A loaded model that generates a fixed number of names."""

    generator: Generator
    count: int  # the number of names to generate
    seed: int
    max_length: int  # in characters
    tflite: TFLiteModel | None = None  # set if the model's own sampling loop is measured

    def one_by_one(self) -> list[str]:
        """Sample each name separately, and return the names that end within the maximum length."""
        token_ids = self._draw_tokens(self._random_numbers())  # (names, characters)
        has_ended = token_ids[:, -1] == 0  # the end token, (names,)
        return self.generator.vocabulary.decode_all(token_ids[has_ended])

    def _random_numbers(self) -> Float64[Array, "names numbers"]:
        numbers_per_name = self.generator.start_tokens.numbers + self.max_length
        return np.random.default_rng(self.seed).random((self.count, numbers_per_name))

    def _draw_tokens(self, numbers: Float64[Array, "names numbers"]) -> Int[Array, "names chars"]:
        if self.tflite is None:
            return self.generator.draw_one_by_one(numbers)
        return self.tflite.generate_tokens(numbers)[0]

    def count_splitting(self) -> list[str]:
        """Sample all names together by count-splitting."""
        batches = self.generator.generate(
            self.count,
            rng=np.random.default_rng(self.seed),
            sampling=SamplingSettings(max_length=self.max_length),
            allow_seen=True,
            allow_repeats=True,
        )
        return [name for batch in batches for name in batch.names]


def load_source(request: Request, subject: GenerationSubject) -> NameSource:
    """Load the model that generates names for a measurement."""
    longest = max(len(name) for name in request.names)
    tflite = None
    if subject.engine == TFLITE:
        tflite = _load_tflite(request)
        generator = _tflite_generator(tflite)
    else:
        generator = _engine_generator(request, subject)
    uses_loop_in_file = subject.loop == "generate"
    return NameSource(
        generator=generator,
        count=subject.names,
        seed=subject.seed,
        max_length=default_max_length(longest),
        tflite=tflite if uses_loop_in_file else None,
    )


def _load_tflite(request: Request) -> TFLiteModel:
    from namegen.backends.tflite.runtime import TFLiteModel

    return TFLiteModel.load(request.input_path, threads=request.threads)


def _tflite_generator(model: TFLiteModel) -> Generator:
    metadata = model.metadata
    return Generator(model, metadata.vocabulary, start_tokens=metadata.start_tokens)


def _engine_generator(request: Request, subject: GenerationSubject) -> Generator:
    """Open a trained network with a backend.

    Raises:
        EngineError: the backend doesn't support the network, so the measurement is skipped.
    """
    checkpoint = Checkpoint.load(request.input_path, find_architecture)
    try:
        engine = open_network(
            checkpoint, "the network", backend=subject.engine, threads=request.threads
        )
    except CheckpointError as error:  # the backend computes different logits
        raise EngineError(str(error)) from error
    return Generator(engine, checkpoint.vocabulary, start_tokens=checkpoint.start_tokens)


# --- time -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TimedNames:
    """The names that an algorithm generated, and how long it took."""

    names: list[str]
    requested: int  # the number of requested names; names that are too long are missing
    first_seconds: float  # of the first call, which includes compilation
    fastest_seconds: float  # of the fastest later call


def time_algorithms(source: NameSource, monitor: LoadMonitor) -> dict[Algorithm, TimedNames]:
    """Time each algorithm that a model supports."""
    timed: dict[Algorithm, TimedNames] = {
        "one_by_one": time_generation(source.one_by_one, source.count, monitor)
    }
    if source.tflite is None:
        timed["count_splitting"] = time_generation(source.count_splitting, source.count, monitor)
    return timed


def time_generation(
    generate: Callable[[], list[str]], requested: int, monitor: LoadMonitor
) -> TimedNames:
    """Generate names several times, and measure the time of each call.

    Args:
        generate: returns the same names each time.
        requested: the number of names it generates.
        monitor: checks the machine after each call.
    """
    seconds: list[float] = []
    names: list[str] = []
    while not _is_timed_enough(seconds):
        start = time.perf_counter()
        names = generate()
        seconds.append(time.perf_counter() - start)
        monitor.check()
    return TimedNames(
        names=names,
        requested=requested,
        first_seconds=seconds[0],
        fastest_seconds=min(seconds[1:]),
    )


def _is_timed_enough(seconds: list[float]) -> bool:
    """Return whether enough calls were timed, not counting the first one."""
    passes = seconds[1:]
    if not passes:
        return False
    if len(passes) < FEWEST_PASSES:
        return passes[-1] > SLOW_PASS_SECONDS
    return len(passes) >= MOST_PASSES or sum(passes) >= ENOUGH_SECONDS

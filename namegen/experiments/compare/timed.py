"""How fast an engine trains, the most memory that it takes, and whether the machine was quiet; for what measures.

Nothing heavy is imported: a measurement has to pin its threads first.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from namegen.errors import EngineError
from namegen.experiments.compare.measurements import BatchTiming, Quiet, Request, TimingResult, TimingSubject
from namegen.experiments.trained import seconds_per_epoch

if TYPE_CHECKING:
    from namegen.core.engine import EngineClass
    from namegen.core.settings import Recipe


def peak_memory_mib() -> float | None:
    """The most memory that this process has held at one time; None where the system does not say.

    Linux is asked for the high-water mark of this program alone: ``ru_maxrss`` would begin at the size of the process
    that started it.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:  # not Linux
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if platform.system() == "Darwin" else most / 2**10


CONTROL_SIZE, CONTROL_PASSES, CONTROL_ROUNDS = 64, 400, 5  # some milliseconds a round
LONG_ENOUGH_SECONDS = 0.3  # the system counts the processor's time in hundredths of a second


class LibraryMissingError(EngineError):
    """A whole engine cannot run here, whatever the network."""


@contextmanager
def needed_library() -> Iterator[None]:
    """While it lasts, an engine that cannot be used lacks its library: LibraryMissingError."""
    try:
        yield
    except EngineError as error:
        raise LibraryMissingError(str(error)) from error


def engine_to_measure(name: str) -> EngineClass:
    """Load an engine. Raises LibraryMissingError."""
    from namegen.backends import load_engine

    with needed_library():
        return load_engine(name)


@dataclass
class Clock:
    """How long an engine takes until it trains.

    Attributes:
        making, warm_up: in seconds.
    """

    making: float = 0.0
    warm_up: float = 0.0


def clocked(engine_class: EngineClass, clock: Clock) -> EngineClass:
    """The same engine, which notes how long making it and warming it up takes."""
    base: Any = engine_class

    class Clocked(base):  # type: ignore[misc]  # which engine it is, is known only now
        def __init__(self, *arguments: Any, **options: Any) -> None:
            start = time.perf_counter()
            super().__init__(*arguments, **options)
            clock.making += time.perf_counter() - start

        def warm_up(self, step: Any) -> None:
            start = time.perf_counter()
            super().warm_up(step)
            clock.warm_up += time.perf_counter() - start

    return Clocked


def measure_timing(request: Request[TimingSubject]) -> TimingResult:
    """Train a few epochs with the batch size of the config, then with a large one if there is one."""
    engine_class, started = engine_to_measure(request.subject.engine), time.time() - request.started
    from namegen.settings_toml import parse_config

    recipe = parse_config(request.subject.config, source="the comparison's config").recipe
    clock = Clock()
    with Watch() as watch:
        own = _train(request, recipe, engine_class, clock)
        started, memory = started + clock.making, peak_memory_mib()
        batches = [own]
        if request.subject.large_batch is not None:
            training = replace(recipe.training, batch_size=request.subject.large_batch)
            batches.append(_train(request, replace(recipe, training=training), engine_class, Clock()))
    return TimingResult(start_up_seconds=started, peak_memory_mib=memory, batches=tuple(batches), quiet=watch.quiet)


def _train(request: Request[TimingSubject], recipe: Recipe, engine_class: EngineClass, clock: Clock) -> BatchTiming:
    from namegen.core.training.preparation import prepare
    from namegen.core.training.run import TrainingRun

    prepared = prepare(request.corpus, recipe, clocked(engine_class, clock), threads=request.threads)
    result = TrainingRun(prepared).run()
    seconds, batch_size = seconds_per_epoch(result.history), cast(int, prepared.recipe.training.batch_size)
    characters = prepared.parts.batches.tree.characters
    return BatchTiming(batch_size, clock.warm_up, seconds, characters / seconds)


# --- whether the machine was quiet ------------------------------------------------------------------------------------


class Watch:
    """While it is open, other processes are watched; before and after, a fixed computation is timed.

    >>> with Watch() as watch:
    ...     pass
    >>> min(watch.quiet.control_seconds) > 0
    True
    """

    quiet: Quiet

    def __enter__(self) -> Watch:
        self._control = control_seconds()
        self._start = time.perf_counter()
        self._others = others_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        others, wall = others_seconds(), time.perf_counter() - self._start
        cores = None
        if others is not None and self._others is not None and wall >= LONG_ENOUGH_SECONDS:
            cores = max(others - self._others, 0.0) / wall
        self.quiet = Quiet((self._control, control_seconds()), cores)


def control_seconds() -> float:
    """How long some products of small matrices take: the median of a few rounds."""
    import numpy as np

    matrix = np.full((CONTROL_SIZE, CONTROL_SIZE), 1 / CONTROL_SIZE, np.float32)
    found = []
    for _ in range(CONTROL_ROUNDS):
        start, product = time.perf_counter(), matrix
        for _ in range(CONTROL_PASSES):
            product = product @ matrix
        found.append(time.perf_counter() - start)
    return median(found)


def others_seconds() -> float | None:
    """The processor's time that all other processes have had, in seconds; None where the system does not say."""
    try:
        parts = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()
        user, nice, system, _, _, irq, soft_irq, steal = map(int, parts[1:9])  # proc(5)
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # not Linux
        return None
    own = os.times()
    return (user + nice + system + irq + soft_irq + steal) / ticks - own.user - own.system

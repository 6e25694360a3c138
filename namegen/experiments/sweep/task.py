"""One run of a sweep, as a worker of dask does it; this module is loaded in every worker.

The worker tells how far it is by events, and stops as soon as nobody waits for the result any more.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from distributed import get_worker

from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_result import RunResult
from namegen.errors import EngineError, EngineFailedError, TrainingError
from namegen.experiments.engine_code import versions
from namegen.experiments.machine import machine
from namegen.experiments.sweep.exchange import (
    DIVERGED,
    DONE,
    FAILED,
    UNAVAILABLE,
    HeldOut,
    PartFigures,
    RunAnswer,
    RunJob,
    RunTiming,
    Trained,
    Untrained,
)
from namegen.experiments.sweep.grid import in_config, training_code
from namegen.experiments.trained import plain_metrics, seconds_per_epoch, summarise
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.settings import DataSettings
    from namegen.core.training.progress import TrainingProgress

TOPIC = "namegen-sweep"  # of the events
SECONDS_BETWEEN_EVENTS = 0.5
SECONDS_BETWEEN_LOOKS = 0.2
WANTED = ("executing", "long-running", "resumed")  # states of a task in a worker whose result somebody waits for
MOST_SPLITS = 1_000  # that a worker remembers


def train_run(job: RunJob) -> RunAnswer:
    """Train one network.

    Returns:
        What came of it: trained, with its network; or why not, where the loss went astray, or where the engine lacks
        its library or the cell, or broke down.

    Raises:
        EngineError: this worker has another namegen. TrainingError: nobody waits for the result any more.
    """
    engine = job.config.run.backend
    if training_code(engine) != job.code:
        raise EngineError(
            f"the worker has another version of namegen's code, or of the engine {engine}: install the same one "
            "everywhere"
        )
    limit_threads(job.config.run.threads or 1)
    started = time.perf_counter()
    try:
        run = _make_run(job, Teller(job.run))
        result = run.run()
    except EngineError as error:
        return RunAnswer(Untrained(UNAVAILABLE, error.told(in_config), machine(), versions((engine,))))
    except TrainingError as error:
        return RunAnswer(Untrained(DIVERGED, error.told(in_config), machine(), versions((engine,))))
    except EngineFailedError as error:
        return RunAnswer(Untrained(FAILED, error.told(in_config), machine(), versions((engine,))))
    if not result.finished:
        raise TrainingError("the run was stopped, as its sweep has ended")
    split = (run.corpus.fingerprint, job.config.data, job.config.training.seed)
    outcome = Trained(
        status=DONE,
        machine=machine(),
        versions=versions((engine,)),
        **vars(summarise(run, result)),
        figures=_figures(result),
        held_out=remembered(split, lambda: _held_out(result)),
        timing=RunTiming(
            seconds=result.seconds,
            seconds_per_epoch=seconds_per_epoch(result.history),
            chars_per_second=result.chars_per_second,
            whole_seconds=time.perf_counter() - started,
        ),
    )
    return RunAnswer(outcome, _file(result))


def _make_run(job: RunJob, teller: Teller) -> TrainingRun:
    run = TrainingRun(
        Corpus(job.names, source=job.source),
        job.config.recipe,
        load_engine(job.config.run.backend),
        threads=job.config.run.threads or 1,  # others run beside it
        listener=teller,
        stop=teller.stop,
    )
    teller.epochs = run.trainer.epochs
    return run


def _figures(result: RunResult) -> PartFigures:
    if result.validation is None:
        raise TrainingError("nothing was held out: a sweep makes no such run")
    return PartFigures(plain_metrics(result.training), plain_metrics(result.validation))


def _held_out(result: RunResult) -> HeldOut:
    """What the figures of the held-out part stand beside: fitting the n-gram is what takes time here."""
    references = result.references
    if references is None:
        raise TrainingError("nothing was held out: a sweep makes no such run")
    baseline = references.same_reading
    return HeldOut(
        names=references.tree.name_count,
        characters=references.tree.characters,
        seen_percent=references.parts.seen_percent,
        ceiling=plain_metrics(references.ceiling),
        baseline=plain_metrics(baseline.metrics),
        baseline_order=baseline.order,
    )


_known_splits: dict[tuple[str, DataSettings, int], HeldOut] = {}


def remembered(split: tuple[str, DataSettings, int], compute: Callable[[], HeldOut]) -> HeldOut:
    """What belongs to a split: computed for the first of its runs, as no setting of a network changes it.

    Args:
        split: the fingerprint of the list, the settings of the data, the seed.
        compute: what to do for a split that this worker does not know yet.
    """
    if split not in _known_splits:
        if len(_known_splits) >= MOST_SPLITS:
            del _known_splits[next(iter(_known_splits))]
        _known_splits[split] = compute()
    return _known_splits[split]


def _file(result: RunResult) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        result.checkpoint.save(path)
        return path.read_bytes()


class Teller:
    """A listener that sends events to whoever follows the sweep, and asks whether the run is still wanted."""

    def __init__(self, run: str) -> None:
        self.run, self.epochs = run, 0
        self._worker = get_worker()
        self._task = self._worker.get_current_task()
        self._next_event = self._next_look = 0.0
        self._unwanted = False

    def stop(self) -> bool:
        """Whether nobody waits for the result any more; asked before every step, so it looks only now and then."""
        now = time.monotonic()
        if now >= self._next_look and not self._unwanted:
            self._next_look = now + SECONDS_BETWEEN_LOOKS
            task = self._worker.state.tasks.get(self._task)
            self._unwanted = task is None or task.state not in WANTED
        return self._unwanted

    def on_step(self, progress: TrainingProgress, step: int, steps: int) -> None:
        """Nothing."""

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Tell how far it is, if it is time."""
        now = time.monotonic()
        if now >= self._next_event:
            self._next_event = now + SECONDS_BETWEEN_EVENTS
            message = {"run": self.run, "epoch": progress.epoch, "epochs": self.epochs}
            self._worker.log_event(TOPIC, message)

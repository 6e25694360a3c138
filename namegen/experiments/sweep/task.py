"""One run of a sweep, as a worker of dask does it; this module is loaded in every worker.

A job comes and a result goes as plain values, the trained network as the bytes of its file. The worker tells how far it
is by events, and stops as soon as nobody waits for the result any more.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from distributed import get_worker

from namegen.backends import load_engine
from namegen.config import parse_config
from namegen.core.data.corpus import Corpus
from namegen.core.training.run import RunResult, TrainingRun
from namegen.documents import to_plain
from namegen.errors import EngineError, TrainingError
from namegen.experiments.compare.measure import describe_training
from namegen.experiments.machine import machine, versions
from namegen.experiments.sweep.grid import training_code
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.training.trainer import Progress

TOPIC = "namegen-sweep"  # of the events
SECONDS_BETWEEN_EVENTS = 0.5
SECONDS_BETWEEN_LOOKS = 0.2
WANTED = ("executing", "long-running", "resumed")  # states of a task in a worker whose result somebody waits for
DONE, DIVERGED, UNAVAILABLE = "done", "diverged", "unavailable"


def train_run(job: Mapping[str, Any]) -> dict[str, Any]:
    """Train one network.

    Args:
        job: ``config`` (tables), ``list`` (what it is called), ``names``, ``run`` (its key), ``code`` (the
            ``training_code`` that it is to be trained by).

    Returns:
        ``status``: "done"; "diverged", with ``why``, where the loss went astray; "unavailable", with ``why``, where the
        engine lacks its library or the cell. A run that is done has its figures, its curves, and ``model``, bytes.

    Raises:
        EngineError: this worker has another namegen. TrainingError: nobody waits for the result any more.
    """
    if training_code() != job["code"]:
        raise EngineError("the worker has another version of namegen's code: install the same one everywhere")
    config = parse_config(job["config"], source="the sweep's config")
    limit_threads(config.run.threads)
    started = time.perf_counter()
    corpus = Corpus(tuple(job["names"]), source=job["list"])
    where = {"machine": machine(), "versions": versions()}
    try:
        teller = Teller(job["run"])
        run = TrainingRun(
            corpus,
            config.data,
            config.network,
            config.training,
            load_engine(config.run.backend),
            threads=config.run.threads,
            listener=teller,
            stop=teller.stop,
        )
        teller.epochs = run.trainer.epochs
        result = run.run()
    except EngineError as error:
        return {"status": UNAVAILABLE, "why": str(error), **where}
    except TrainingError as error:
        return {"status": DIVERGED, "why": str(error), **where}
    if not result.finished:
        raise TrainingError("the run was stopped, as nobody waits for it")
    return {
        "status": DONE,
        **where,
        **to_plain(describe_training(run, result)),
        "figures": {
            "training": result.training.to_dict(),
            "held_out": None if result.validation is None else result.validation.to_dict(),
        },
        "held_out": _held_out(result),
        "timing": {
            "seconds": result.seconds,
            "seconds_per_epoch": median([record.training_seconds for record in result.history[1:] or result.history]),
            "chars_per_second": result.chars_per_second,
            "whole_seconds": time.perf_counter() - started,
        },
        "model": _file(result),
    }


def _held_out(result: RunResult) -> dict[str, Any]:
    """What the figures of the held-out part stand beside."""
    part = result.part
    if part is None:  # make_runs does not let it come to this
        return {}
    baseline = part.baseline_damped or part.baseline  # fitted on what the network reads
    return {
        "names": part.tree.names,
        "characters": part.tree.characters,
        "seen_percent": part.seen_percent,
        "ceiling": part.ceiling.to_dict(),
        "baseline": baseline.to_dict(),
        "baseline_order": part.baseline_order,
    }


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

    def on_step(self, progress: Progress, step: int, steps: int) -> None:
        """Nothing."""

    def on_epoch(self, progress: Progress) -> None:
        """Tell how far it is, if it is time."""
        now = time.monotonic()
        if now >= self._next_event:
            self._next_event = now + SECONDS_BETWEEN_EVENTS
            message = {"run": self.run, "epoch": progress.epoch, "epochs": self.epochs}
            self._worker.log_event(TOPIC, message)

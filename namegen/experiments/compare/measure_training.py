"""Train networks with one backend, and measure their metrics, time and memory.

The modules for training are imported after the backend is loaded, so that they don't count towards its start-up time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from namegen.experiments.compare.document import (
    HeldOutGroups,
    Parts,
    Timing,
    TimingRound,
    TimingSubject,
    Training,
    TrainingSubject,
)
from namegen.experiments.compare.machine_load import LoadMonitor, peak_memory_mib
from namegen.experiments.compare.request import Request
from namegen.experiments.trained import PlainMetrics, plain_metrics, seconds_per_epoch, summarize

if TYPE_CHECKING:
    from namegen.core.engine import EngineClass
    from namegen.core.settings import Recipe
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.result import RunResult
    from namegen.documents import UnsetType


def measure_training(request: Request, subject: TrainingSubject) -> Training:
    """Train one network, save it, and record its learning curves, metrics, time and memory."""
    trainer = TimedTrainer(request, subject)
    with LoadMonitor() as monitor:
        run = trainer.train(trainer.recipe, monitor)
    run.result.checkpoint.save(request.output_path)
    run.restore_best_epoch()
    return Training(
        **vars(subject),
        **vars(summarize(run.prepared, run.result)),
        figures=run.metrics_by_part(),
        timing=run.timing,
        quiet=monitor.load,
        held_out_groups=run.held_out_groups(),
    )


def measure_timing(request: Request, subject: TimingSubject) -> TimingRound:
    """Train for a few epochs with the config's batch size, and again with the large batch size if there is one."""
    trainer = TimedTrainer(request, subject)
    with LoadMonitor() as monitor:
        timings = [trainer.train(trainer.recipe, monitor).timing]
        if subject.large_batch is not None:
            recipe = with_batch_size(trainer.recipe, subject.large_batch)
            large_timing = trainer.train(recipe, monitor).timing
            # The peak memory of the process includes the first training.
            timings.append(replace(large_timing, peak_memory_mib=None))
    return TimingRound(**vars(subject), batches=tuple(timings), quiet=monitor.load)


def with_batch_size(recipe: Recipe, batch_size: int) -> Recipe:
    """Return a copy of a recipe with a different batch size, in names."""
    training = replace(recipe.training, batch_size=batch_size)
    return replace(recipe, training=training)


@dataclass(frozen=True, eq=False)
class TimedRun:
    """A finished run and its timing."""

    prepared: PreparedTraining
    result: RunResult
    timing: Timing

    def restore_best_epoch(self) -> None:
        """Set the engine's parameters to those of the best epoch."""
        self.prepared.engine.set_state(self.result.checkpoint.parameters)

    def metrics_by_part(self) -> Parts[PlainMetrics]:
        """Return the metrics of the network on each part of the list."""
        from namegen.core.evaluation.evaluator import AccuracyEvaluator

        validation = self.result.validation
        if validation is None:
            raise ValueError("the measurement has no held-out names: report this")
        evaluator = AccuracyEvaluator(self.prepared.engine)
        whole = evaluator.evaluate(self.prepared.parts.whole)
        return Parts(
            training=plain_metrics(self.result.training),
            held_out=plain_metrics(validation),
            whole=plain_metrics(whole),
        )

    def held_out_groups(self) -> HeldOutGroups | UnsetType:
        """Evaluate the network on groups of the held-out names."""
        from namegen.experiments.compare.measure_list import held_out_tree, measure_groups

        parts = self.prepared.parts
        return measure_groups(self.prepared.engine, held_out_tree(parts), parts.vocabulary)


@dataclass
class EngineTimes:
    """The time that an engine takes to get ready for training."""

    creation: float = 0.0  # seconds
    warm_up: float = 0.0  # seconds, including compilation


class TimedTrainer:
    """Train networks with one backend, and measure the time.

    Args:
        request: contains the list.
        subject: the backend and the config.

    Raises:
        EngineError: the backend can't run on this machine.
    """

    recipe: Recipe  # the settings of the config

    def __init__(self, request: Request, subject: TrainingSubject | TimingSubject) -> None:
        from namegen.backends import load_engine

        self._request = request
        self._times = EngineTimes()
        self._engine_class = timed_engine(load_engine(subject.engine), self._times)
        self._loading_seconds = time.time() - request.started
        # Further imports don't count towards the loading time of the backend.
        from namegen.settings_toml import parse_config

        self.recipe = parse_config(subject.config, source="the comparison's config").recipe

    def train(self, recipe: Recipe, monitor: LoadMonitor) -> TimedRun:
        """Train one network while monitoring the machine."""
        from namegen.core.training.preparation import prepare
        from namegen.core.training.run import TrainingRun

        corpus = self._request.corpus
        prepared = prepare(corpus, recipe, self._engine_class, threads=self._request.threads)
        result = TrainingRun(prepared, on_progress=monitor.on_progress).run()
        return TimedRun(prepared, result, self._timing(prepared, result))

    def _timing(self, prepared: PreparedTraining, result: RunResult) -> Timing:
        """Describe the speed of the last run."""
        epoch_seconds = seconds_per_epoch(result.history)
        epoch_characters = prepared.parts.batches.tree.characters
        return Timing(
            batch_size=cast(int, prepared.recipe.training.batch_size),
            start_up_seconds=self._loading_seconds + self._times.creation,
            compilation_seconds=self._times.warm_up,
            seconds_per_epoch=epoch_seconds,
            chars_per_second=epoch_characters / epoch_seconds,
            peak_memory_mib=peak_memory_mib(),
        )


def timed_engine(engine_class: Any, times: EngineTimes) -> EngineClass:
    """Derive an engine class that also times its creation and its warm-up.

    Args:
        engine_class: the class of a backend.
        times: receives the times of the last engine, in seconds.
    """

    class TimedEngine(engine_class):  # type: ignore[misc]  # known only at run time
        def __init__(self, *arguments: Any, **options: Any) -> None:
            start = time.perf_counter()
            super().__init__(*arguments, **options)
            times.creation = time.perf_counter() - start

        def warm_up(self, step: Any) -> None:
            start = time.perf_counter()
            super().warm_up(step)
            times.warm_up = time.perf_counter() - start

    return cast("EngineClass", TimedEngine)

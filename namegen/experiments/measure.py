"""Run one job: measure a list, train a network, or generate names.

``measure`` is called in a process of its own, or on a worker of a cluster. Libraries that aren't needed to load a
backend are imported after it, so that they don't count towards its start-up time.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

import namegen
from namegen.backends import load_engine
from namegen.errors import EngineError, NamegenError, TrainingError
from namegen.experiments import workers
from namegen.experiments.rows import (
    TFLITE,
    Algorithm,
    Generation,
    Groups,
    Job,
    Metrics,
    Names,
    Part,
    Reference,
    ReferencePart,
    Row,
    Status,
    Training,
    this_machine,
    versions,
)
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.engine import LanguageModel

# Names are generated at least FEWEST_PASSES times after the first call, and until ENOUGH_SECONDS have passed. If a pass
# takes longer than SLOW_PASS_SECONDS, only one is timed.
FEWEST_PASSES = 3
MOST_PASSES = 20
ENOUGH_SECONDS = 1.0
SLOW_PASS_SECONDS = 5.0
GROUP_DIGITS = 4  # the number of decimals in a group's sums
CURVES = (
    "epoch",
    "seconds",
    "learning_rate",
    "training_loss_nats_per_char",
    "validation_loss_nats_per_char",
    "validation_accuracy_argmax",
    "validation_accuracy_sampled",
)


class Task(Struct, frozen=True):
    """A job, with the names and the network that it needs."""

    job: Job
    source: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    model: bytes | None  # the file of the network that generates names
    version: str = namegen.__version__


def measure(task: Task) -> tuple[Row, bytes | None]:
    """Run a job. Return its row, without a key, and the file of the trained network.

    Errors that namegen can explain become the status of the row.
    """
    job = task.job
    status: Status = "done"
    why = ""
    result: Reference | Training | Generation | None = None
    model = None
    limit_threads(job.config.run.threads or 1)
    try:
        if task.version != namegen.__version__:
            raise EngineError(
                f"the worker has namegen {namegen.__version__} instead of {task.version}: install the same version"
            )
        match job.kind:
            case "reference":
                result = measure_list(task)
            case "training":
                result, model = train(task)
            case "generation":
                result = generate(task)
    except TrainingError as error:
        status, why = "diverged", str(error)
    except EngineError as error:
        status, why = "unavailable", str(error)
    except NamegenError as error:
        status, why = "failed", str(error)
    row = Row(
        key="",
        job=job,
        status=status,
        why=why,
        machine=this_machine(),
        versions=versions(job.backend),
        result=result,
    )
    return row, model


def corpus_of(task: Task) -> Corpus:
    """Return the list of a task."""
    from namegen.core.data.corpus import Corpus

    return Corpus(task.names, source=task.source, labels=task.labels)


# --- lists ------------------------------------------------------------------------------------------------------------


def measure_list(task: Task) -> Reference:
    """Measure the ceiling and the n-gram on each part of a split.

    The n-gram has the same training data as the networks. If the job requests names, n-grams also generate some.
    """
    from namegen.core.data.list_parts import ListParts
    from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
    from namegen.core.evaluation.references import best_ngram
    from namegen.core.models.ngram import UNSMOOTHED, NgramModel
    from namegen.core.training.preparation import data_for
    from namegen.experiments.names import NameJudge, count_lengths, draw_names

    job = task.job
    corpus = corpus_of(task)
    recipe = job.config.recipe
    parts = ListParts.from_corpus(corpus, data_for(corpus, recipe), seed=recipe.training.seed)
    assert parts.validation is not None  # the plan has checked it
    trees: dict[Part, PrefixTree] = {
        "training": parts.training,
        "held_out": parts.validation,
        "whole": parts.whole,
    }
    ngram, _ = best_ngram(parts.batches.tree, parts.validation, parts.vocabulary.size)
    measured = {}
    for part, tree in trees.items():
        measured[part] = ReferencePart(
            names=tree.name_count,
            characters=tree.characters,
            ceiling=to_metrics(ceiling(tree)),
            baseline=to_metrics(AccuracyEvaluator(ngram).evaluate(tree)),
        )

    generated = {}
    judge_names = 0
    if job.names:
        judge = NameJudge(corpus, parts)
        judge_names = judge.names
        models: dict[str, LanguageModel] = {"ngram": ngram}
        for name, order in (("pairs", 1), ("chain", 4)):
            tree = parts.batches.tree
            models[name] = NgramModel(tree, parts.vocabulary.size, order + 1, UNSMOOTHED)
        for name, model in models.items():
            names = draw_names(model, corpus, parts.start_tokens, job.names)
            generated[name] = judge.describe(names)
    return Reference(
        names=len(corpus.names),
        distinct_names=trees["whole"].distinct_name_count,
        lengths=count_lengths(corpus.names),
        seen_percent=parts.seen_percent,
        sqrt_duplicates=parts.uses_sqrt_duplicates,
        baseline_order=ngram.order,
        parts=measured,
        baseline_groups=measure_groups(ngram, parts.validation, parts.vocabulary),
        generated=generated,
        judge_names=judge_names,
    )


def to_metrics(metrics: Any) -> Metrics:
    """Convert metrics to a form that JSON can represent."""
    return msgspec.convert(metrics.to_dict(), Metrics)


def measure_groups(
    model: LanguageModel, held_out: PrefixTree, vocabulary: Vocabulary
) -> Groups | None:
    """Evaluate a model on groups of the held-out names. Return None if a name has the probability 0."""
    import numpy as np

    from namegen.core.evaluation.name_groups import group_sums

    sums = group_sums(model, held_out, vocabulary)
    if not np.isfinite(sums["nats"].sum()):
        return None
    return Groups(
        **{name: tuple(values.round(GROUP_DIGITS).tolist()) for name, values in sums.items()}
    )


# --- training ---------------------------------------------------------------------------------------------------------


def train(task: Task) -> tuple[Training, bytes | None]:
    """Train a network, evaluate its best epoch, and measure time and memory. Also return the network's file."""
    job = task.job
    engine_class: Any = load_engine(job.backend)
    times = {"loaded": time.time() - workers.STARTED, "created": 0.0, "warm": 0.0}

    class TimedEngine(engine_class):  # type: ignore[misc]  # known only at run time
        def __init__(self, *arguments: Any, **options: Any) -> None:
            start = time.perf_counter()
            super().__init__(*arguments, **options)
            times["created"] = time.perf_counter() - start

        def warm_up(self, step: Any) -> None:
            start = time.perf_counter()
            super().warm_up(step)
            times["warm"] = time.perf_counter() - start

    from namegen.core.evaluation.evaluator import AccuracyEvaluator
    from namegen.core.training.preparation import prepare
    from namegen.core.training.run import TrainingRun

    threads = job.config.run.threads or 1
    prepared = prepare(corpus_of(task), job.config.recipe, TimedEngine, threads=threads)
    result = TrainingRun(prepared).run()
    peak_memory = peak_memory_mib()
    parts = prepared.parts
    if result.validation is None or parts.validation is None:
        raise TrainingError("the run needs held-out names: set data.validation above 0")
    epoch_seconds = min(record.training_seconds for record in result.history[1:] or result.history)
    metrics: dict[Part, Metrics] = {
        "training": to_metrics(result.training),
        "held_out": to_metrics(result.validation),
    }
    groups = None
    model = None
    if job.role == "network":
        prepared.engine.set_state(result.checkpoint.parameters)  # of the best epoch
        metrics["whole"] = to_metrics(AccuracyEvaluator(prepared.engine).evaluate(parts.whole))
        groups = measure_groups(prepared.engine, parts.validation, parts.vocabulary)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            result.checkpoint.save(path)
            model = path.read_bytes()
    history = {}
    for curve in CURVES:
        history[curve] = tuple(getattr(record, curve) for record in result.history)
    training = Training(
        parameters=prepared.network.parameter_count,
        batch_size=prepared.recipe.training.batch_size or 0,
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        history=history,
        metrics=metrics,
        groups=groups,
        seconds=result.seconds,
        start_up_seconds=times["loaded"] + times["created"],
        compilation_seconds=times["warm"],
        seconds_per_epoch=epoch_seconds,
        chars_per_second=parts.batches.tree.characters / epoch_seconds,
        peak_memory_mib=peak_memory,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )
    return training, model


def peak_memory_mib() -> float | None:
    """Return the peak memory of this process in MiB, or None if the system doesn't report it."""
    with suppress(OSError):  # not Linux
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    with suppress(ModuleNotFoundError):  # Windows
        import resource

        unit = 2**20 if platform.system() == "Darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return None


# --- generation -------------------------------------------------------------------------------------------------------


def generate(task: Task) -> Generation:
    """Generate names with each algorithm that the model supports, and measure the names and the speed.

    For ``tflite``, the network is exported first, which isn't timed.
    """
    import numpy as np

    from namegen.backends.opening import find_architecture, open_network
    from namegen.core.checkpoint.checkpoint import Checkpoint
    from namegen.core.checkpoint.metadata import default_max_length
    from namegen.core.data.list_parts import ListParts
    from namegen.core.generation.generator import Generator
    from namegen.core.training.preparation import data_for
    from namegen.errors import CheckpointError
    from namegen.experiments.names import NameJudge, draw_names

    job = task.job
    corpus = corpus_of(task)
    export_seconds = 0.0
    tflite_bytes = None
    tflite = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(task.model or b"")
        checkpoint = Checkpoint.load(path, find_architecture)
        if job.backend == TFLITE:
            from namegen.backends.tflite.export import export_tflite
            from namegen.backends.tflite.runtime import TFLiteModel

            start = time.time()
            exported = Path(folder) / "model.tflite"
            # Without the list's names, the size of the file is the size of the network.
            tflite_bytes = export_tflite(checkpoint, exported, without_names=True).bytes
            export_seconds = time.time() - start
            tflite = TFLiteModel.load(exported, threads=job.config.run.threads or 1)
            metadata = tflite.metadata
            generator = Generator(tflite, metadata.vocabulary, start_tokens=metadata.start_tokens)
        else:
            try:
                engine = open_network(
                    checkpoint,
                    "the network",
                    backend=job.backend,
                    threads=job.config.run.threads or 1,
                )
            except CheckpointError as error:  # the backend computes other logits
                raise EngineError(str(error)) from error
            generator = Generator(
                engine, checkpoint.vocabulary, start_tokens=checkpoint.start_tokens
            )
        start_up_seconds = time.time() - workers.STARTED - export_seconds

        max_length = default_max_length(max(map(len, corpus.names)))
        numbers_per_name = generator.start_tokens.numbers + max_length

        def one_by_one() -> list[str]:
            numbers = np.random.default_rng(0).random((job.names, numbers_per_name))
            if tflite is not None and job.loop == "generate":
                tokens = tflite.generate_tokens(numbers)[0]  # (names, characters)
            else:
                tokens = generator.draw_one_by_one(numbers)
            has_ended = tokens[:, -1] == 0  # the end token, (names,)
            return generator.vocabulary.decode_all(tokens[has_ended])

        def count_splitting() -> list[str]:
            return draw_names(generator.model, corpus, generator.start_tokens, job.names)

        recipe = job.config.recipe
        parts = ListParts.from_corpus(corpus, data_for(corpus, recipe), seed=recipe.training.seed)
        judge = NameJudge(corpus, parts)
        drawn: dict[Algorithm, Names] = {"one_by_one": time_names(one_by_one, judge)}
        if job.loop != "generate":
            drawn["count_splitting"] = time_names(count_splitting, judge)
    return Generation(drawn, start_up_seconds, peak_memory_mib(), tflite_bytes)


def time_names(draw: Any, judge: Any) -> Names:
    """Draw the same names several times, and describe the names and the time."""
    seconds: list[float] = []
    names: list[str] = []
    while True:
        start = time.perf_counter()
        names = draw()
        seconds.append(time.perf_counter() - start)
        passes = seconds[1:]
        is_slow = bool(passes) and passes[-1] > SLOW_PASS_SECONDS
        is_enough = len(passes) >= FEWEST_PASSES and sum(passes) >= ENOUGH_SECONDS
        if is_slow or is_enough or len(passes) >= MOST_PASSES:
            break
    statistics: Names = judge.describe(names)
    return msgspec.structs.replace(statistics, first_seconds=seconds[0], seconds=min(seconds[1:]))

"""Run one job: measure a list, train a network, or generate names.

``measure`` is called in a process of its own, or on a worker of a cluster.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
import timeit
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, structs

import namegen
from namegen.backends import load_engine
from namegen.backends.opening import find_architecture, open_network
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import default_max_length
from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.data.normalization import hash_names, known_set
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
from namegen.core.evaluation.references import best_ngram
from namegen.core.generation.generator import Generator
from namegen.core.generation.request import GenerationRequest
from namegen.core.training.preparation import data_for, prepare
from namegen.core.training.trainer import Trainer
from namegen.errors import CheckpointError, EngineError, NamegenError, TrainingError
from namegen.events import Event, StepBegins, TrainingBegins
from namegen.experiments import workers
from namegen.experiments.jobs import TFLITE, Job, versions
from namegen.experiments.rows import (
    Generation,
    History,
    Metrics,
    Part,
    Reference,
    Row,
    Status,
    Training,
    this_machine,
)
from namegen.threads import limit_threads

GENERATED_NAMES = 10_000  # by each model
TIMED_CALLS = 10  # of which the fastest counts
NEW_NAMES_KEPT = 10


class Task(Struct, frozen=True):
    """A job, with the names and the network that it needs."""

    key: str
    job: Job
    source: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    model: bytes | None = None  # the file of the network that generates names
    version: str = namegen.__version__


def measure(task: Task) -> tuple[Row, bytes | None]:
    """Run a job. Return its row and the file of the trained network, if there is one.

    Errors that namegen can explain become the status of the row.
    """
    job = task.job
    status: Status = "done"
    why = ""
    result: Reference | Training | Generation | None = None
    model = None
    limit_threads(job.threads)
    try:
        if task.version != namegen.__version__:
            raise EngineError(
                f"the worker has namegen {namegen.__version__} instead of {task.version}: install the same version"
            )
        corpus = Corpus(task.names, source=task.source, labels=task.labels)
        match job.kind:
            case "reference":
                result = measure_references(job, corpus)
            case "network" | "backend":
                result, model = train(job, corpus)
            case "generation":
                result = generate(job, corpus, task.model)
    except TrainingError as error:
        status, why = "diverged", str(error)
    except EngineError as error:
        status, why = "unavailable", str(error)
    except NamegenError as error:
        status, why = "failed", str(error)
    row = Row(
        key=task.key,
        job=job,
        status=status,
        why=why,
        machine=this_machine(),
        versions=versions(job.backend),
        result=result,
    )
    return row, model


# --- the ceiling and the n-gram ---------------------------------------------------------------------------------------


def measure_references(job: Job, corpus: Corpus) -> Reference:
    """Measure the ceiling and the n-gram on each part of a list, and generate names with the n-gram.

    The n-gram has the same training data as the networks.
    """
    recipe = job.config.recipe
    parts = ListParts.from_corpus(corpus, data_for(corpus, recipe), seed=recipe.training.seed)
    assert parts.validation is not None  # the plan has checked it
    ngram, _ = best_ngram(parts.batches.tree, parts.validation, parts.vocabulary.size)
    evaluator = AccuracyEvaluator(ngram)
    trees: dict[Part, PrefixTree] = {
        "training": parts.training,
        "held_out": parts.validation,
        "whole": parts.whole,
    }
    generator = Generator(ngram, parts.vocabulary, start_tokens=parts.start_tokens)
    return Reference(
        names=len(corpus.names),
        distinct_names=parts.whole.distinct_name_count,
        lengths=count_lengths(corpus.names),
        seen_percent=parts.seen_percent,
        ceiling={part: to_metrics(ceiling(tree)) for part, tree in trees.items()},
        ngram={part: to_metrics(evaluator.evaluate(tree)) for part, tree in trees.items()},
        ngram_name=f"{ngram.order}-gram",
        ngram_generation=describe_names(draw_names(generator, corpus), corpus),
    )


def to_metrics(metrics: Any) -> Metrics:
    """Convert metrics to a form that JSON can represent."""
    return msgspec.convert(metrics.to_dict(), Metrics)


# --- training ---------------------------------------------------------------------------------------------------------


def train(job: Job, corpus: Corpus) -> tuple[Training, bytes | None]:
    """Train a network, evaluate its best epoch, and measure time and memory.

    If the job compares networks, also return the file of the network.
    """
    # Train. The times of the first events show when the network was created, and when the backend was ready.
    first_times: dict[type[Event], float] = {}

    def note_time(event: Event) -> None:
        first_times.setdefault(type(event), time.time())

    engine_class = load_engine(job.backend)
    prepared = prepare(corpus, job.config.recipe, engine_class, threads=job.threads)
    result = Trainer(prepared, on_progress=note_time).run()
    peak_memory = peak_memory_mib()
    created = first_times[TrainingBegins]
    ready = first_times[StepBegins]

    # Evaluate the network of the best epoch.
    engine = prepared.engine
    engine.set_state(result.checkpoint.parameters)
    by_part: dict[Part, Any] = {
        "training": result.training,
        "held_out": result.validation,
        "whole": AccuracyEvaluator(engine).evaluate(prepared.parts.whole),
    }
    epoch_seconds = [record.training_seconds for record in result.history]
    curves = {
        curve: tuple(getattr(record, curve) for record in result.history)
        for curve in History.__struct_fields__
    }
    training = Training(
        parameters=prepared.network.parameter_count,
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        history=History(**curves),
        metrics={part: to_metrics(metrics) for part, metrics in by_part.items()},
        seconds=result.seconds,
        start_up_seconds=created - workers.STARTED,
        compilation_seconds=ready - created,
        seconds_per_epoch=min(epoch_seconds[1:] or epoch_seconds),
        peak_memory_mib=peak_memory,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    )
    if job.kind == "backend":
        return training, None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        result.checkpoint.save(path)
        return training, path.read_bytes()


def peak_memory_mib() -> float | None:
    """Return the peak memory of this process in MiB, or None if the system doesn't report it."""
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    with suppress(OSError):  # not Linux
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        for kibibytes in re.findall(r"VmHWM:\s*(\d+)", status):
            return int(kibibytes) / 1024
    return None


# --- generation -------------------------------------------------------------------------------------------------------


def generate(job: Job, corpus: Corpus, network: bytes | None) -> Generation:
    """Generate names in each way that the backend supports, and measure the names and the speed.

    For ``tflite``, the network is exported first, which isn't timed.
    """
    if network is None:
        raise EngineError("the network is missing, because its training failed")
    tflite = None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(network)
        checkpoint = Checkpoint.load(path, find_architecture)
        if job.backend == TFLITE:
            from namegen.backends.tflite.export import export_tflite
            from namegen.backends.tflite.runtime import TFLiteModel

            exported = Path(folder) / "model.tflite"
            export_tflite(checkpoint, exported, without_names=True)
            tflite = TFLiteModel.load(exported, threads=job.threads)
    try:
        model = tflite or open_network(
            checkpoint, "the network", backend=job.backend, threads=job.threads
        )
    except CheckpointError as error:  # the backend computes other logits
        raise EngineError(str(error)) from error
    generator = Generator(model, checkpoint.vocabulary, start_tokens=checkpoint.start_tokens)

    # One by one, a name takes a random number for its label, if there are labels, and one for each character.
    numbers_per_name = generator.start_tokens.numbers + longest_name(corpus)
    numbers = np.random.default_rng(0).random((GENERATED_NAMES, numbers_per_name))
    decode = checkpoint.vocabulary.decode_all
    calls: dict[str, Callable[[], list[str]]] = {
        "one by one": lambda: decode(generator.draw_one_by_one(numbers)),
        "count-splitting": lambda: draw_names(generator, corpus),
    }
    if tflite is not None:
        calls["loop in the file"] = lambda: decode(tflite.generate_tokens(numbers)[0])
    names_per_second = {}
    for way, call in calls.items():
        call()  # the first call may compile
        seconds = min(timeit.repeat(call, number=1, repeat=TIMED_CALLS))
        names_per_second[way] = GENERATED_NAMES / seconds
    generation = describe_names(draw_names(generator, corpus), corpus)
    return structs.replace(generation, names_per_second=names_per_second)


def draw_names(generator: Generator, corpus: Corpus) -> list[str]:
    """Draw names from a model's own distribution by count-splitting, with the seed 0."""
    request = GenerationRequest(
        n=GENERATED_NAMES,
        seed=0,
        max_length=longest_name(corpus),
        allow_seen=True,
        allow_repeats=True,
        allow_profanity=True,
    )
    return [name for batch in generator.generate(request) for name in batch.names]


def longest_name(corpus: Corpus) -> int:
    """Return the most characters that a generated name may have."""
    return default_max_length(max(map(len, corpus.names)))


def describe_names(names: Sequence[str], corpus: Corpus) -> Generation:
    """Count how many generated names are in the list, and how many are different."""
    is_listed = known_set(corpus.names).holds(hash_names(names))  # (names,)
    new_names = [name for name, listed in zip(names, is_listed, strict=True) if not listed]
    return Generation(
        recreated_percent=100 * int(is_listed.sum()) / len(names),
        unique_percent=100 * len(set(names)) / len(names),
        lengths=count_lengths(names),
        new_names=tuple(dict.fromkeys(new_names))[:NEW_NAMES_KEPT],
    )


def count_lengths(names: Sequence[str]) -> dict[str, int]:
    """Count the names of each length, the shortest first.

    >>> count_lengths(["Ann", "Al", "Bo"])
    {'2': 2, '3': 1}
    """
    counts = Counter(map(len, names))
    return {str(length): counts[length] for length in sorted(counts)}

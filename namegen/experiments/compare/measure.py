"""One measurement, in a process of its own: ``python -m namegen.experiments.compare.measure``.

A job comes as one JSON object on standard input, the result goes as one JSON object to standard output. So a
measurement starts with cold libraries, its memory is its own, and one that dies takes nothing with it. Nothing heavy
is imported before the threads are pinned.

A result is ``{"result": {…}}``, or ``{"unavailable": {"why": …, "engine": bool}}`` where a library is missing (then
``engine`` is true) or the engine lacks the cell.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from namegen.errors import EngineError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.engine import EngineClass, LanguageModel
    from namegen.core.training.run import RunResult, TrainingRun

Result = dict[str, Any]
# A drawing is timed at least so often, and more often until so many seconds have gone by; only once if it is slow.
FEWEST_PASSES, MOST_PASSES, ENOUGH_SECONDS, SLOW_PASS_SECONDS = 3, 20, 1.0, 5.0


class LibraryMissingError(EngineError):
    """A whole engine cannot run here, whatever the network."""


HISTORY = (
    "epoch",
    "seconds",
    "learning_rate",
    "training_loss_nats_per_char",
    "validation_loss_nats_per_char",
    "validation_accuracy_argmax",
    "validation_accuracy_sampled",
)


def main() -> None:
    """Read the job, do it, write the result; standard output belongs to the result alone."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what a library prints goes to standard error
    job = json.load(sys.stdin)
    limit_threads(job["threads"])
    try:
        document: Result = {"result": JOBS[job["kind"]](job)}
    except EngineError as error:
        document = {"unavailable": {"why": str(error), "engine": isinstance(error, LibraryMissingError)}}
    with os.fdopen(answer, "w", encoding="utf-8") as stream:
        json.dump(document, stream, allow_nan=False)
    sys.stderr.flush()
    os._exit(0)  # taking TensorFlow down takes longer than many a measurement


# --- the list ---------------------------------------------------------------------------------------------------------


def measure_list(job: Mapping[str, Any]) -> Result:
    """How large the list is, its ceiling, and how far its two halves are apart."""
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.evaluation.metrics import ceiling
    from namegen.experiments.compare.quality import divergences, lengths, two_halves

    names = job["names"]
    tree = PrefixTree.from_names(names, Vocabulary.from_names(names))
    return {
        "names": tree.names,
        "distinct_names": tree.distinct_names,
        "distinct_prefixes": tree.nodes,
        "characters": tree.characters,
        "ceiling": ceiling(tree).to_dict(),
        "lengths": lengths(names),
        "divergence_of_halves_bits": divergences(*two_halves(names)),
    }


def measure_reference(job: Mapping[str, Any]) -> Result:
    """For one split: the ceiling of each part, and the n-gram that is fitted on the training part.

    The n-gram reads what the network reads: damped repeats where those are damped.
    """
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.repeats import lessons
    from namegen.core.evaluation.counting import NgramModel
    from namegen.core.evaluation.evaluator import AccuracyEvaluator
    from namegen.core.evaluation.metrics import ceiling
    from namegen.core.settings import DataSettings

    corpus = Corpus(tuple(job["names"]), source=job["list"])
    data = DataSettings(validation=job["subject"]["validation"], split=job["subject"]["split"])
    split = corpus.split(data.validation, data.split, job["subject"]["seed"])
    trees = {
        part: PrefixTree.from_names(names, corpus.vocabulary)
        for part, names in (("training", split.training), ("held_out", split.validation), ("whole", corpus.names))
    }
    fitted = PrefixTree.from_names(lessons(split.training, data), corpus.vocabulary)
    model, _ = NgramModel.best(fitted, trees["held_out"], corpus.vocabulary.size)
    evaluator = AccuracyEvaluator(model)
    return {
        "seen_percent": split.seen_percent,
        "baseline_order": model.order,
        "repeats_damped": data.damps_repeats,
        "parts": {
            part: {
                "names": tree.names,
                "characters": tree.characters,
                "ceiling": ceiling(tree).to_dict(),
                "baseline": evaluator.evaluate(tree).to_dict(),
            }
            for part, tree in trees.items()
        },
    }


# --- training ---------------------------------------------------------------------------------------------------------


def measure_training(job: Mapping[str, Any]) -> Result:
    """Train one network with one engine: its curves, its figures on each part, its time and memory."""
    engine_class, started = _load_engine(job["subject"]["engine"]), time.time() - job["started"]
    from namegen.config import parse_config
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.evaluation.evaluator import AccuracyEvaluator
    from namegen.core.training.run import TrainingRun
    from namegen.experiments.machine import peak_memory_mib

    config = parse_config(job["subject"]["config"], source="the comparison's config")
    corpus = Corpus(tuple(job["names"]), source=job["list"])
    clock = {"making": 0.0, "warm_up": 0.0}
    run = TrainingRun(corpus, config.recipe, _clocked(engine_class, clock), threads=job["threads"])
    result = run.run()
    memory = peak_memory_mib()
    run.engine.set_state(result.checkpoint.parameters)
    whole = AccuracyEvaluator(run.engine).evaluate(PrefixTree.from_names(corpus.names, corpus.vocabulary))
    result.checkpoint.save(Path(job["files"]["model"]))
    epochs = [record.training_seconds for record in result.history]
    return describe_training(run, result) | {
        "figures": training_figures(result) | {"whole": whole.to_dict()},
        "timing": {
            "start_up_seconds": started + clock["making"],
            "compilation_seconds": clock["warm_up"],
            "first_epoch_seconds": epochs[0],
            "seconds_per_epoch": median(epochs[1:] or epochs),
            "seconds": result.seconds,
            "chars_per_second": result.chars_per_second,
            "peak_memory_mib": memory,
        },
    }


def describe_training(run: TrainingRun, result: RunResult) -> Result:
    """What every report says of a training: sizes, epochs, and its curves."""
    return {
        "parameters": sum(values.size for values in result.checkpoint.parameters.values()),
        "batch_size": run.recipe.training.batch_size,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "history": {column: [getattr(record, column) for record in result.history] for column in HISTORY},
    }


def training_figures(result: RunResult) -> Result:
    """The best epoch's figures on the training part and the held-out part."""
    held_out = None if result.validation is None else result.validation.to_dict()
    return {"training": result.training.to_dict(), "held_out": held_out}


def _load_engine(name: str) -> EngineClass:
    from namegen.backends import load_engine

    try:
        return load_engine(name)
    except EngineError as error:
        raise LibraryMissingError(str(error)) from error


def _clocked(engine_class: EngineClass, clock: dict[str, float]) -> EngineClass:
    """The same engine, which notes how long making it and warming it up takes."""
    base: Any = engine_class

    class Clocked(base):  # type: ignore[misc]  # which engine it is, is known only now
        def __init__(self, *arguments: Any, **options: Any) -> None:
            start = time.perf_counter()
            super().__init__(*arguments, **options)
            clock["making"] += time.perf_counter() - start

        def warm_up(self, batch: Any) -> None:
            start = time.perf_counter()
            super().warm_up(batch)
            clock["warm_up"] += time.perf_counter() - start

    return Clocked


# --- generation -------------------------------------------------------------------------------------------------------


def export_tflite(job: Mapping[str, Any]) -> Result:
    """Write the trained network as a ``.tflite``, for the measurements that need one."""
    from namegen.backends.tflite.export import export_tflite as export
    from namegen.core.network.checkpoint import Checkpoint

    try:
        report = export(Checkpoint.load(Path(job["files"]["of"])), Path(job["files"]["model"]), force=True)
    except EngineError as error:
        raise LibraryMissingError(str(error)) from error
    return {"bytes": report.bytes, "largest_logit_difference": report.largest_logit_difference}


def measure_generation(job: Mapping[str, Any]) -> Result:
    """Draw names with one LanguageModel, by each algorithm that it has, and look at them."""
    import numpy as np

    from namegen.core.generation.generator import Generator
    from namegen.core.generation.sampling import SamplingSettings
    from namegen.core.network.checkpoint import default_max_length
    from namegen.experiments.compare.quality import describe_names, two_halves
    from namegen.experiments.machine import peak_memory_mib

    subject, names = job["subject"], job["names"]
    model, vocabulary, loop = _language_model(job)
    started = time.time() - job["started"]
    n, seed = subject["names"], subject["seed"]
    longest = default_max_length(max(map(len, names)))
    generator = Generator(model, vocabulary)

    def one_by_one() -> list[str]:
        tokens = (loop or generator.draw_one_by_one)(np.random.default_rng(seed).random((n, longest)))
        ended = tokens[:, -1] == 0
        return vocabulary.decode_all(tokens[ended])

    def count_splitting() -> list[str]:
        rng, sampling = np.random.default_rng(seed), SamplingSettings(max_length=longest)
        batches = generator.generate(n, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True)
        return [name for batch in batches for name in batch.names]

    half = two_halves(names)[0]
    drawn = {}
    for name, algorithm in (("one_by_one", one_by_one), *(() if loop else (("count_splitting", count_splitting),))):
        drawn[name], timing = _timed(algorithm)
        drawn[name] = {**timing, "names_per_second": n / timing["seconds"], **describe_names(drawn[name], names, half)}
    return {"start_up_seconds": started, "peak_memory_mib": peak_memory_mib(), "algorithms": drawn}


def _language_model(job: Mapping[str, Any]) -> tuple[LanguageModel, Vocabulary, Callable[..., Any] | None]:
    """The model, its vocabulary, and its own sampling loop if that is what is measured."""
    subject, path = job["subject"], Path(job["files"]["of"])
    if subject["engine"] == "tflite":
        from namegen.backends.tflite.runtime import TFLiteModel

        try:
            model = TFLiteModel.load(path, threads=job["threads"])
        except EngineError as error:
            raise LibraryMissingError(str(error)) from error
        return model, model.vocabulary, model.generate_tokens if subject["loop"] == "generate" else None
    from namegen.core.network.checkpoint import Checkpoint

    engine_class, checkpoint = _load_engine(subject["engine"]), Checkpoint.load(path)
    engine = engine_class(checkpoint.network, None, threads=job["threads"])
    engine.set_state(checkpoint.parameters)
    return engine, checkpoint.vocabulary, None


def _timed(draw: Callable[[], list[str]]) -> tuple[Any, dict[str, float]]:
    """Names, and the seconds of the first drawing (which compiles) and the median of the next ones."""
    seconds: list[float] = []
    names: Sequence[str] = ()
    while not _timed_enough(seconds):
        start = time.perf_counter()
        names = draw()
        seconds.append(time.perf_counter() - start)
    return names, {"first_seconds": seconds[0], "seconds": median(seconds[1:])}


def _timed_enough(seconds: Sequence[float]) -> bool:
    passes = seconds[1:]
    if len(passes) < FEWEST_PASSES:
        return bool(passes) and passes[-1] > SLOW_PASS_SECONDS
    return len(passes) >= MOST_PASSES or sum(passes) >= ENOUGH_SECONDS


JOBS: dict[str, Callable[[Mapping[str, Any]], Result]] = {
    "list": measure_list,
    "reference": measure_reference,
    "training": measure_training,
    "export": export_tflite,
    "generation": measure_generation,
}

if __name__ == "__main__":
    main()

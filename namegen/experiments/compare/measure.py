"""One measurement, in a child: it starts with cold libraries, its memory is its own, and one that dies takes nothing
with it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from namegen.children import Parent
from namegen.documents import UNSET, Json, UnsetType, to_plain
from namegen.errors import CheckpointError, EngineError
from namegen.experiments.compare.measurements import (
    GENERATED_NAMES,
    Algorithm,
    Answer,
    ExportResult,
    ExportSubject,
    GenerationFigures,
    GenerationResult,
    GenerationSpeed,
    GenerationSubject,
    HeldOutGroups,
    ListFacts,
    ListSubject,
    Parts,
    ReferencePart,
    ReferenceResult,
    ReferenceSubject,
    Request,
    Result,
    Timing,
    TimingSubject,
    TrainingResult,
    TrainingSubject,
    read_request,
)
from namegen.experiments.compare.timed import (
    Clock,
    LibraryMissingError,
    Watch,
    clocked,
    engine_to_measure,
    measure_timing,
    needed_library,
    peak_memory_mib,
)
from namegen.experiments.trained import plain_metrics, seconds_per_epoch, summarise

if TYPE_CHECKING:
    from namegen.core.data.labels import Beginnings
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.engine import LanguageModel
    from namegen.types import Array

Needed = TypeVar("Needed")
# Generating is timed at least so often, and more often until so many seconds have gone by; only once if it is slow.
FEWEST_PASSES, MOST_PASSES, ENOUGH_SECONDS, SLOW_PASS_SECONDS = 3, 20, 1.0, 5.0


def measure(document: Json, parent: Parent) -> dict[str, Json]:
    """Make one measurement.

    Args:
        document: a ``Request``.
        parent: which says when the process was started.

    Returns:
        An ``Answer``.
    """
    request = replace(read_request(document), started=parent.started)
    try:
        return to_plain(Answer(result=MEASURES[request.kind](request)))
    except EngineError as error:
        return to_plain(Answer(unavailable=str(error), lacks_engine=isinstance(error, LibraryMissingError)))


# --- the list ---------------------------------------------------------------------------------------------------------


def measure_list(request: Request[ListSubject]) -> ListFacts:
    """How large the list is, its ceiling, and how far its two halves are apart."""
    from namegen.core.data.batching import label_beginnings
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.evaluation.evaluator import ceiling
    from namegen.experiments.compare.quality import divergences, lengths, two_halves

    names, corpus = request.names, request.corpus
    beginnings = label_beginnings(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(names, corpus.vocabulary, beginnings)
    return ListFacts(
        names=tree.name_count,
        distinct_names=tree.distinct_name_count,
        distinct_prefixes=tree.nodes,
        characters=tree.characters,
        ceiling=plain_metrics(ceiling(tree)),
        lengths=lengths(names),
        divergence_of_halves_bits=divergences(*two_halves(names)),
    )


def measure_reference(request: Request[ReferenceSubject]) -> ReferenceResult:
    """For one split: the ceiling of each part, and an n-gram that reads what the network reads.

    That is the training part, with fewer repeats where those are damped.
    """
    from namegen.core.data.batching import ListParts
    from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
    from namegen.core.evaluation.references import best_ngram
    from namegen.core.settings import DataSettings
    from namegen.experiments.compare.quality import counting_names

    subject = request.subject
    corpus = request.corpus
    data = DataSettings(validation=subject.validation, split=subject.split)
    parts = ListParts.from_corpus(corpus, data, seed=subject.seed)
    held_out = _needed(parts.held_out, "held-out part")
    model, _ = best_ngram(parts.batches.tree, held_out, corpus.vocabulary.size)
    evaluator = AccuracyEvaluator(model)

    def part(tree: PrefixTree) -> ReferencePart:
        ceiling_, baseline = plain_metrics(ceiling(tree)), plain_metrics(evaluator.evaluate(tree))
        groups = _groups(model, tree, corpus.vocabulary) if tree is held_out else UNSET
        return ReferencePart(tree.name_count, tree.characters, ceiling_, baseline, groups)

    drawn, judge_names = counting_names(corpus, parts, model, subject, names=GENERATED_NAMES, seed=0)
    return ReferenceResult(
        seen_percent=parts.seen_percent,
        baseline_order=model.order,
        repeats_damped=parts.damped,
        parts=Parts(part(parts.training), part(held_out), part(parts.whole)),
        counting_names=drawn,
        judge_names=judge_names,
    )


def _groups(model: LanguageModel, held_out: PrefixTree, vocabulary: Vocabulary) -> HeldOutGroups | UnsetType:
    """A model's sums over groups of the held-out names; nothing where a name is impossible to it."""
    from namegen.core.evaluation.evaluator import group_sums

    sums = group_sums(model, held_out, vocabulary)
    if not math.isfinite(sums.nats.sum()):
        return UNSET
    whole, parts = (sums.characters, sums.hits), (sums.nats, sums.sampled)
    (characters, hits), (nats, sampled) = ([tuple(one.round(4).tolist()) for one in two] for two in (whole, parts))
    return HeldOutGroups(characters, nats, hits, sampled)


# --- training ---------------------------------------------------------------------------------------------------------


def measure_training(request: Request[TrainingSubject]) -> TrainingResult:
    """Train one network with one engine: its curves, its figures on each part, its time and memory."""
    engine_class, started = engine_to_measure(request.subject.engine), time.time() - request.started
    from namegen.core.evaluation.evaluator import AccuracyEvaluator
    from namegen.core.training.preparation import prepare
    from namegen.core.training.run import TrainingRun
    from namegen.settings_toml import parse_config

    config = parse_config(request.subject.config, source="the comparison's config")
    clock = Clock()
    with Watch() as watch:
        prepared = prepare(request.corpus, config.recipe, clocked(engine_class, clock), threads=request.threads)
        result = TrainingRun(prepared).run()
        memory = peak_memory_mib()
    engine, in_parts = prepared.engine, prepared.parts
    engine.set_state(result.checkpoint.parameters)
    whole = AccuracyEvaluator(engine).evaluate(in_parts.whole)
    result.checkpoint.save(_file(request.writes))
    held_out = _needed(result.validation, "held-out part")
    groups = _groups(engine, _needed(in_parts.held_out, "held-out part"), in_parts.vocabulary)
    parts = (result.training, held_out, whole)
    timing = Timing(
        start_up_seconds=started + clock.making,
        compilation_seconds=clock.warm_up,
        first_epoch_seconds=result.history[0].training_seconds,
        seconds_per_epoch=seconds_per_epoch(result.history),
        seconds=result.seconds,
        chars_per_second=result.chars_per_second,
        peak_memory_mib=memory,
        quiet=watch.quiet,
    )
    figures = Parts(*map(plain_metrics, parts))
    return TrainingResult(**vars(summarise(prepared, result)), figures=figures, timing=timing, held_out_groups=groups)


# --- generation -------------------------------------------------------------------------------------------------------


def export_tflite(request: Request[ExportSubject]) -> ExportResult:
    """Write the trained network as a ``.tflite``, for the measurements that need one."""
    from namegen.backends.tflite.export import export_tflite as export
    from namegen.core.network.checkpoint import Checkpoint

    with needed_library():
        report = export(
            Checkpoint.load(_file(request.reads)),
            _file(request.writes),
            force=True,
            without_names=True,  # what is measured is the network
        )
    return ExportResult(bytes=report.bytes, largest_logit_difference=report.largest_logit_difference)


def measure_generation(request: Request[GenerationSubject]) -> GenerationResult:
    """Generate names with one LanguageModel, by each algorithm that it has, and look at them."""
    import numpy as np

    from namegen.core.generation.generator import Generator
    from namegen.core.generation.sampling import SamplingSettings
    from namegen.core.network.record import default_max_length
    from namegen.experiments.compare.quality import SplitJudge, describe_names, two_halves

    names, n, seed, split = request.names, request.subject.names, request.subject.seed, request.subject.split
    model, vocabulary, beginnings, loop = _language_model(request)
    started = time.time() - request.started
    longest = default_max_length(max(map(len, names)))
    generator = Generator(model, vocabulary, beginnings=beginnings)

    def one_by_one() -> list[str]:
        draws = np.random.default_rng(seed).random((n, beginnings.numbers + longest))
        tokens = loop(draws)[0] if loop else generator.draw_one_by_one(draws)
        return vocabulary.decode_all(tokens[tokens[:, -1] == 0])  # those that have ended

    def count_splitting() -> list[str]:
        rng, sampling = np.random.default_rng(seed), SamplingSettings(max_length=longest)
        batches = generator.generate(n, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True)
        return [name for batch in batches for name in batch.names]

    half = two_halves(names)[0]
    algorithms: dict[Algorithm, Callable[[], list[str]]] = {"one_by_one": one_by_one}
    if loop is None:
        algorithms["count_splitting"] = count_splitting
    with Watch() as watch:
        drawn = {name: _timed(algorithm, n) for name, algorithm in algorithms.items()}
        memory = peak_memory_mib()
    judge = None if split is None else SplitJudge.of(request.corpus, split).judged
    generated = {
        name: GenerationFigures(**vars(speed), **vars(describe_names(found, names, half, judge)))
        for name, (found, speed) in drawn.items()
    }
    return GenerationResult(start_up_seconds=started, peak_memory_mib=memory, algorithms=generated, quiet=watch.quiet)


def _language_model(
    request: Request[GenerationSubject],
) -> tuple[LanguageModel, Vocabulary, Beginnings, Callable[[Array], tuple[Array, ...]] | None]:
    """The model, its vocabulary, what its names begin with, and its own sampling loop if that is what is measured."""
    subject, path = request.subject, _file(request.reads)
    if subject.engine == "tflite":
        from namegen.backends.tflite.runtime import TFLiteModel

        with needed_library():
            model = TFLiteModel.load(path, threads=request.threads)
        loop = model.generate_tokens if subject.loop == "generate" else None
        return model, model.record.vocabulary, model.record.beginnings, loop
    from namegen.backends.opening import find_architecture, open_network
    from namegen.core.network.checkpoint import Checkpoint

    engine_to_measure(subject.engine)
    checkpoint = Checkpoint.load(path, find_architecture)
    try:
        engine = open_network(checkpoint, "the network", backend=subject.engine, threads=request.threads)
    except CheckpointError as error:  # it computes something else: it is left out, as one that lacks the cell
        raise EngineError(str(error)) from error
    return engine, checkpoint.vocabulary, checkpoint.beginnings, None


def _needed(value: Needed | None, what: str) -> Needed:
    """What this kind of measurement always has."""
    if value is None:
        raise ValueError(f"the measurement has no {what}: report this")
    return value


def _file(path: str | None) -> Path:
    return Path(_needed(path, "file for its network"))


def _timed(generate: Callable[[], list[str]], n: int) -> tuple[Sequence[str], GenerationSpeed]:
    """Names, and how fast n of them are generated: the first time (which compiles), and the median of the next ones."""
    seconds: list[float] = []
    names: Sequence[str] = ()
    while not _timed_enough(seconds):
        start = time.perf_counter()
        names = generate()
        seconds.append(time.perf_counter() - start)
    usual = median(seconds[1:])
    return names, GenerationSpeed(first_seconds=seconds[0], seconds=usual, names_per_second=n / usual)


def _timed_enough(seconds: Sequence[float]) -> bool:
    passes = seconds[1:]
    if len(passes) < FEWEST_PASSES:
        return bool(passes) and passes[-1] > SLOW_PASS_SECONDS
    return len(passes) >= MOST_PASSES or sum(passes) >= ENOUGH_SECONDS


MEASURES: dict[str, Callable[[Request[Any]], Result]] = {
    ListSubject.kind: measure_list,
    ReferenceSubject.kind: measure_reference,
    TrainingSubject.kind: measure_training,
    TimingSubject.kind: measure_timing,
    ExportSubject.kind: export_tflite,
    GenerationSubject.kind: measure_generation,
}

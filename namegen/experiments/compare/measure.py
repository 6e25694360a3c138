"""Make one measurement in a child process.

Each measurement has its own process, so that it starts with cold libraries, its memory can be measured, and a crash
doesn't affect the others.
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from namegen.children import Parent
from namegen.documents import UNSET, Json, UnsetType, from_plain, to_plain
from namegen.errors import CheckpointError, EngineError
from namegen.events import EpochEnded, Event
from namegen.experiments.compare.document import (
    GENERATED_NAMES,
    TFLITE,
    Algorithm,
    Export,
    ExportSubject,
    Generation,
    GenerationFigures,
    GenerationSubject,
    HeldOutGroups,
    ListFacts,
    ListSubject,
    Parts,
    Quiet,
    Record,
    Reference,
    ReferencePart,
    ReferenceSubject,
    Subject,
    Timing,
    TimingRound,
    TimingSubject,
    Training,
    TrainingSubject,
)
from namegen.experiments.trained import plain_metrics, seconds_per_epoch, summarise

if TYPE_CHECKING:
    from namegen.core.data.corpus import Corpus
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.engine import EngineClass, LanguageModel
    from namegen.core.generation.generator import Generator
    from namegen.core.settings import Recipe
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.result import RunResult
    from namegen.types import Array

Needed = TypeVar("Needed")
# After the first call, generation is timed at least FEWEST_PASSES times, then until ENOUGH_SECONDS have passed. If a
# pass takes more than SLOW_PASS_SECONDS, it's timed only once.
FEWEST_PASSES = 3
MOST_PASSES = 20
ENOUGH_SECONDS = 1.0
SLOW_PASS_SECONDS = 5.0
# The fixed computation takes a few milliseconds per round.
CONTROL_SIZE = 64
CONTROL_PASSES = 400
CONTROL_ROUNDS = 5
LONG_ENOUGH_SECONDS = 0.3  # the system counts processor time in hundredths of a second


@dataclass(frozen=True)
class Request:
    """A measurement to make."""

    kind: str  # of the subject
    subject: Mapping[str, Json]  # as plain values
    source: str  # the name of the list
    names: tuple[str, ...]
    labels: tuple[str, ...] = ()  # one for each name; empty for a list without labels
    writes: str | None = (
        None  # the file to write the network to; None if the measurement makes none
    )
    reads: str | None = None  # the file with the network to measure; None if it needs none
    threads: int = 1
    started: float = 0.0  # when the process started (Unix time); the process itself sets it

    @property
    def corpus(self) -> Corpus:
        """The list."""
        from namegen.core.data.corpus import Corpus

        return Corpus(self.names, source=self.source, labels=self.labels)

    def record(self) -> Record:
        """Make the measurement."""
        subject_class, measure_subject = MEASURES[self.kind]
        return measure_subject(self, from_plain(subject_class, self.subject))


def measure(document: Json, parent: Parent) -> dict[str, Json]:
    """Make one measurement; this is what a child process calls.

    Args:
        document: a ``Request`` as plain values.
        parent: knows when the process started.

    Returns:
        ``record``: the record as plain values; or ``unavailable``: a sentence that explains why this machine can't
        make the measurement, and what to do.
    """
    try:
        request = replace(from_plain(Request, document), started=parent.started)
        return {"record": to_plain(request.record())}
    except EngineError as error:
        return {"unavailable": str(error)}


# --- the list ---------------------------------------------------------------------------------------------------------


def measure_list(request: Request, subject: ListSubject) -> ListFacts:
    """Measure the size of the list, its ceiling, and the divergence of its two halves."""
    from namegen.core.data.list_parts import label_beginnings
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.evaluation.evaluator import ceiling
    from namegen.experiments.compare.quality import divergences, lengths, two_halves

    corpus = request.corpus
    beginnings = label_beginnings(corpus, corpus.vocabulary, corpus.label_counts)
    tree = PrefixTree.from_names(request.names, corpus.vocabulary, beginnings)
    return ListFacts(
        names=tree.name_count,
        distinct_names=tree.distinct_name_count,
        distinct_prefixes=tree.nodes,
        characters=tree.characters,
        ceiling=plain_metrics(ceiling(tree)),
        lengths=lengths(request.names),
        divergence_of_halves_bits=divergences(*two_halves(request.names)),
    )


def measure_reference(request: Request, subject: ReferenceSubject) -> Reference:
    """Measure the ceiling of each part of a split, and an n-gram that is fitted on the networks' training data.

    The training data is the training set, with square-root weighting of duplicates if the list uses it.
    """
    from namegen.core.data.list_parts import ListParts
    from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
    from namegen.core.evaluation.references import best_ngram
    from namegen.core.settings import DataSettings
    from namegen.experiments.compare.quality import ngram_names

    corpus = request.corpus
    data = DataSettings(validation=subject.validation, split=subject.split)
    parts = ListParts.from_corpus(corpus, data, seed=subject.seed)
    held_out = _needed(parts.held_out, "held-out names")
    model, _ = best_ngram(parts.batches.tree, held_out, corpus.vocabulary.size)
    evaluator = AccuracyEvaluator(model)

    def reference_part(tree: PrefixTree) -> ReferencePart:
        return ReferencePart(
            names=tree.name_count,
            characters=tree.characters,
            ceiling=plain_metrics(ceiling(tree)),
            baseline=plain_metrics(evaluator.evaluate(tree)),
        )

    groups = _groups(model, held_out, corpus.vocabulary)
    figures, judge_names = ngram_names(corpus, parts, model, subject, names=GENERATED_NAMES, seed=0)
    return Reference(
        **vars(subject),
        seen_percent=parts.seen_percent,
        baseline_order=model.order,
        sqrt_duplicates=parts.damped,
        parts=Parts(
            training=reference_part(parts.training),
            held_out=replace(reference_part(held_out), baseline_groups=groups),
            whole=reference_part(parts.whole),
        ),
        ngram_names=figures,
        judge_names=judge_names,
    )


def _groups(
    model: LanguageModel, held_out: PrefixTree, vocabulary: Vocabulary
) -> HeldOutGroups | UnsetType:
    """A model's sums over groups of the held-out names; unset if a name has the probability 0."""
    from namegen.core.evaluation.evaluator import group_sums

    sums = group_sums(model, held_out, vocabulary)
    if not math.isfinite(sums["nats"].sum()):
        return UNSET
    columns = {name: tuple(values.round(4).tolist()) for name, values in sums.items()}
    return HeldOutGroups(**columns)


# --- training ---------------------------------------------------------------------------------------------------------


def measure_training(request: Request, subject: TrainingSubject) -> Training:
    """Train one network with one backend; measure its curves, its metrics on each part, its time and memory."""
    trainer = TimedTrainer(request, subject)
    from namegen.core.evaluation.evaluator import AccuracyEvaluator

    with Watch() as watch:
        trained = trainer.train(trainer.recipe, watch)
    result = trained.result
    engine = trained.prepared.engine
    parts = trained.prepared.parts
    engine.set_state(result.checkpoint.parameters)
    whole = AccuracyEvaluator(engine).evaluate(parts.whole)
    result.checkpoint.save(_file(request.writes))
    return Training(
        **vars(subject),
        **vars(summarise(trained.prepared, result)),
        figures=Parts(
            training=plain_metrics(result.training),
            held_out=plain_metrics(_needed(result.validation, "held-out names")),
            whole=plain_metrics(whole),
        ),
        timing=trained.timing,
        quiet=watch.quiet,
        held_out_groups=_groups(
            engine, _needed(parts.held_out, "held-out names"), parts.vocabulary
        ),
    )


def measure_timing(request: Request, subject: TimingSubject) -> TimingRound:
    """Train a few epochs with the batch size of the config, then with the large one if there is one."""
    trainer = TimedTrainer(request, subject)
    with Watch() as watch:
        batches = [trainer.train(trainer.recipe, watch).timing]
        if subject.large_batch is not None:
            training = replace(trainer.recipe.training, batch_size=subject.large_batch)
            recipe = replace(trainer.recipe, training=training)
            timing = trainer.train(recipe, watch).timing
            batches.append(replace(timing, peak_memory_mib=None))
    return TimingRound(**vars(subject), batches=tuple(batches), quiet=watch.quiet)


@dataclass(frozen=True, eq=False)
class Trained:
    """A finished run and its time."""

    prepared: PreparedTraining
    result: RunResult
    timing: Timing


class TimedTrainer:
    """Trains networks with one backend, and measures the time.

    Args:
        request: contains the list.
        subject: the backend and the config.

    Raises:
        EngineError: the backend can't run on this machine.
    """

    def __init__(self, request: Request, subject: TrainingSubject | TimingSubject) -> None:
        from namegen.backends import load_engine

        self._request = request
        self._engine_class = cast(Any, load_engine(subject.engine))
        self._loading_seconds = time.time() - request.started
        # Of the last engine.
        self._creation_seconds = 0.0
        self._warm_up_seconds = 0.0
        from namegen.settings_toml import parse_config

        self.recipe = parse_config(subject.config, source="the comparison's config").recipe

    def train(self, recipe: Recipe, watch: Watch) -> Trained:
        """Train one network while the machine is watched."""
        from namegen.core.training.preparation import prepare
        from namegen.core.training.run import TrainingRun

        request = self._request
        prepared = prepare(request.corpus, recipe, self._timed_engine(), threads=request.threads)
        result = TrainingRun(prepared, on_progress=watch.at_epochs).run()
        seconds = seconds_per_epoch(result.history)
        timing = Timing(
            batch_size=cast(int, prepared.recipe.training.batch_size),
            start_up_seconds=self._loading_seconds + self._creation_seconds,
            compilation_seconds=self._warm_up_seconds,
            seconds_per_epoch=seconds,
            chars_per_second=prepared.parts.batches.tree.characters / seconds,
            peak_memory_mib=peak_memory_mib(),
        )
        return Trained(prepared, result, timing)

    def _timed_engine(self) -> EngineClass:
        """The same engine class, which also measures how long its creation and its warm-up take."""
        trainer = self
        engine_class = self._engine_class

        class TimedEngine(engine_class):  # type: ignore[misc,valid-type]  # known only at run time
            def __init__(self, *arguments: Any, **options: Any) -> None:
                start = time.perf_counter()
                super().__init__(*arguments, **options)
                trainer._creation_seconds = time.perf_counter() - start

            def warm_up(self, step: Any) -> None:
                start = time.perf_counter()
                super().warm_up(step)
                trainer._warm_up_seconds = time.perf_counter() - start

        return cast("EngineClass", TimedEngine)


# --- generation -------------------------------------------------------------------------------------------------------


def export_tflite(request: Request, subject: ExportSubject) -> Export:
    """Export the trained network as a ``.tflite``, for the measurements that need one."""
    from namegen.backends.tflite.export import export_tflite as export
    from namegen.core.checkpoint.checkpoint import Checkpoint

    checkpoint = Checkpoint.load(_file(request.reads))
    # Without the list's names, so that the size is that of the network.
    report = export(checkpoint, _file(request.writes), force=True, without_names=True)
    return Export(
        **vars(subject),
        bytes=report.bytes,
        largest_logit_difference=report.largest_logit_difference,
    )


def measure_generation(request: Request, subject: GenerationSubject) -> Generation:
    """Generate names with one model by each algorithm that it supports, and measure them and the speed."""
    from namegen.experiments.compare.quality import SplitJudge, describe_names, two_halves

    source = _name_source(request, subject)
    started = time.time() - request.started
    half, _ = two_halves(request.names)
    judge = SplitJudge.of(request.corpus, subject.split)
    algorithms: dict[Algorithm, Callable[[], list[str]]] = {"one_by_one": source.one_by_one}
    if source.loop is None:
        algorithms["count_splitting"] = source.count_splitting
    with Watch() as watch:
        timed = {name: _timed(generate, watch) for name, generate in algorithms.items()}
        memory = peak_memory_mib()
    figures: dict[Algorithm, GenerationFigures] = {}
    for name, (generated, first_seconds, least_seconds) in timed.items():
        figures[name] = GenerationFigures(
            **vars(describe_names(generated, request.names, half, judge)),
            first_seconds=first_seconds,
            seconds=least_seconds,
            names_per_second=subject.names / least_seconds,
        )
    return Generation(
        **vars(subject),
        start_up_seconds=started,
        peak_memory_mib=memory,
        algorithms=figures,
        quiet=watch.quiet,
    )


# Takes random numbers and returns token ids first.
SamplingLoop: TypeAlias = "Callable[[Array], tuple[Array, ...]]"


@dataclass(frozen=True, eq=False)
class NameSource:
    """A loaded model that generates a number of names."""

    generator: Generator
    names: int  # how many to generate
    seed: int
    max_length: int  # in characters
    loop: SamplingLoop | None  # the sampling loop of a ``.tflite``, if that is measured

    def one_by_one(self) -> list[str]:
        """Draw each name separately."""
        import numpy as np

        numbers_per_name = self.generator.beginnings.numbers + self.max_length
        draws = np.random.default_rng(self.seed).random((self.names, numbers_per_name))
        # (names, characters)
        tokens = self.loop(draws)[0] if self.loop else self.generator.draw_one_by_one(draws)
        has_ended = tokens[:, -1] == 0
        return self.generator.vocabulary.decode_all(tokens[has_ended])

    def count_splitting(self) -> list[str]:
        """Draw all names together by count-splitting."""
        import numpy as np

        from namegen.core.generation.sampling import SamplingSettings

        batches = self.generator.generate(
            self.names,
            rng=np.random.default_rng(self.seed),
            sampling=SamplingSettings(max_length=self.max_length),
            allow_seen=True,
            allow_repeats=True,
        )
        return [name for batch in batches for name in batch.names]


def _name_source(request: Request, subject: GenerationSubject) -> NameSource:
    """Load the network that a measurement reads."""
    from namegen.core.checkpoint.metadata import default_max_length
    from namegen.core.generation.generator import Generator

    path = _file(request.reads)
    loop = None
    if subject.engine == TFLITE:
        from namegen.backends.tflite.runtime import TFLiteModel

        model = TFLiteModel.load(path, threads=request.threads)
        metadata = model.metadata
        generator = Generator(model, metadata.vocabulary, beginnings=metadata.beginnings)
        if subject.loop == "generate":
            loop = model.generate_tokens
    else:
        generator = _engine_generator(request, subject, path)
    longest = max(len(name) for name in request.names)
    return NameSource(
        generator=generator,
        names=subject.names,
        seed=subject.seed,
        max_length=default_max_length(longest),
        loop=loop,
    )


def _engine_generator(request: Request, subject: GenerationSubject, path: Path) -> Generator:
    """Open a network with a backend."""
    from namegen.backends.opening import find_architecture, open_network
    from namegen.core.checkpoint.checkpoint import Checkpoint
    from namegen.core.generation.generator import Generator

    checkpoint = Checkpoint.load(path, find_architecture)
    try:
        engine = open_network(
            checkpoint, "the network", backend=subject.engine, threads=request.threads
        )
    except CheckpointError as error:
        # The backend computes something else, so the measurement is skipped, as for a missing cell.
        raise EngineError(str(error)) from error
    return Generator(engine, checkpoint.vocabulary, beginnings=checkpoint.beginnings)


def _needed(value: Needed | None, description: str) -> Needed:
    """A value that this kind of measurement always has."""
    if value is None:
        raise ValueError(f"the measurement has no {description}: report this")
    return value


def _file(path: str | None) -> Path:
    return Path(_needed(path, "file for its network"))


def _timed(generate: Callable[[], list[str]], watch: Watch) -> tuple[Sequence[str], float, float]:
    """Generate names several times.

    Returns:
        The names, the seconds of the first call, which includes compilation, and the least seconds of a later call.
    """
    seconds: list[float] = []
    names: Sequence[str] = ()
    while not _timed_enough(seconds):
        start = time.perf_counter()
        names = generate()
        seconds.append(time.perf_counter() - start)
        watch.look()
    return names, seconds[0], min(seconds[1:])


def _timed_enough(seconds: Sequence[float]) -> bool:
    passes = seconds[1:]
    if len(passes) < FEWEST_PASSES:
        return bool(passes) and passes[-1] > SLOW_PASS_SECONDS
    return len(passes) >= MOST_PASSES or sum(passes) >= ENOUGH_SECONDS


# --- memory, and whether the machine was quiet ------------------------------------------------------------------------


def peak_memory_mib() -> float | None:
    """Return the peak memory of this process in MiB; None if the system doesn't report it.

    On Linux, this is the high-water mark of this program alone, because ``ru_maxrss`` starts at the size of the parent
    process.
    """
    with suppress(OSError):  # not Linux
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if platform.system() == "Darwin" else peak / 2**10


class Watch:
    """Measures how busy the machine is, as a context manager.

    It measures the processor time of other processes. At the start, at the end and at every ``look``, it also times a
    fixed computation.

    >>> with Watch() as watch:
    ...     pass
    >>> min(watch.quiet.control_seconds) > 0
    True
    """

    quiet: Quiet  # set at the end

    def __enter__(self) -> Watch:
        self._looks = [control_seconds()]
        self._start = time.perf_counter()
        self._others_at_start = others_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        at_start = self._others_at_start
        at_end = others_seconds()
        elapsed = time.perf_counter() - self._start
        other_cores = None
        if at_start is not None and at_end is not None and elapsed >= LONG_ENOUGH_SECONDS:
            other_cores = max(at_end - at_start, 0.0) / elapsed
        self.look()
        half = len(self._looks) // 2
        shortest = min(self._looks[:half]), min(self._looks[half:])
        self.quiet = Quiet(shortest, other_cores)

    def at_epochs(self, event: Event) -> None:
        """Look at the end of each epoch."""
        if isinstance(event, EpochEnded):
            self.look()

    def look(self) -> None:
        """Time the fixed computation."""
        self._looks.append(control_seconds())


def control_seconds() -> float:
    """Return how long a series of products of small matrices takes: the median of a few rounds."""
    import numpy as np

    matrix = np.full((CONTROL_SIZE, CONTROL_SIZE), 1 / CONTROL_SIZE, np.float32)
    rounds = []
    for _ in range(CONTROL_ROUNDS):
        start = time.perf_counter()
        product = matrix
        for _ in range(CONTROL_PASSES):
            product = product @ matrix
        rounds.append(time.perf_counter() - start)
    return median(rounds)


def others_seconds() -> float | None:
    """Return the processor time of all other processes in seconds; None if the system doesn't report it."""
    try:
        first_line = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0]
        columns = first_line.split()[1:9]
        user, nice, system, _, _, irq, soft_irq, steal = map(int, columns)  # see proc(5)
        ticks_per_second = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # not Linux
        return None
    this_process = os.times()
    busy_ticks = user + nice + system + irq + soft_irq + steal
    return busy_ticks / ticks_per_second - this_process.user - this_process.system


MEASURES: dict[str, tuple[type[Subject], Callable[[Request, Any], Record]]] = {
    ListSubject.kind: (ListSubject, measure_list),
    ReferenceSubject.kind: (ReferenceSubject, measure_reference),
    TrainingSubject.kind: (TrainingSubject, measure_training),
    TimingSubject.kind: (TimingSubject, measure_timing),
    ExportSubject.kind: (ExportSubject, export_tflite),
    GenerationSubject.kind: (GenerationSubject, measure_generation),
}

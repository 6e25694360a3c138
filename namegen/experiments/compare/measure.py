"""One measurement, in a child: it starts with cold libraries, its memory is its own, and one that dies takes nothing
with it.
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
from typing import TYPE_CHECKING, Any, TypeVar, cast

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
    from namegen.core.data.labels import Beginnings
    from namegen.core.data.prefix_tree import PrefixTree
    from namegen.core.data.vocabulary import Vocabulary
    from namegen.core.engine import EngineClass, LanguageModel
    from namegen.core.settings import Recipe
    from namegen.core.training.preparation import PreparedTraining
    from namegen.core.training.result import RunResult
    from namegen.types import Array

Needed = TypeVar("Needed")
# Generating is timed at least so often, and more often until so many seconds have gone by; only once if it is slow.
FEWEST_PASSES, MOST_PASSES, ENOUGH_SECONDS, SLOW_PASS_SECONDS = 3, 20, 1.0, 5.0
CONTROL_SIZE, CONTROL_PASSES, CONTROL_ROUNDS = 64, 400, 5  # some milliseconds a round
LONG_ENOUGH_SECONDS = 0.3  # the system counts the processor's time in hundredths of a second


@dataclass(frozen=True)
class Request:
    """One measurement to be made.

    Attributes:
        kind: of the measurement.
        subject: what it depends on, as plain values.
        source: what the list is called.
        names: the list.
        labels: of the names, one for each; (): the list has none.
        writes: the file that the network goes into; None where the measurement leaves none.
        reads: the file with the network that is measured; None where it needs none.
        threads: as many as it may use.
        started: when its process was started, in seconds of the system's clock; put in by the process itself.
    """

    kind: str
    subject: Mapping[str, Json]
    source: str
    names: tuple[str, ...]
    labels: tuple[str, ...] = ()
    writes: str | None = None
    reads: str | None = None
    threads: int = 1
    started: float = 0.0

    @property
    def corpus(self) -> Corpus:
        """The list."""
        from namegen.core.data.corpus import Corpus

        return Corpus(self.names, source=self.source, labels=self.labels)

    def record(self) -> Record:
        """Make the measurement."""
        of, work = MEASURES[self.kind]
        return work(self, from_plain(of, self.subject))


def measure(document: Json, parent: Parent) -> dict[str, Json]:
    """Make one measurement.

    Args:
        document: a ``Request``.
        parent: which says when the process was started.

    Returns:
        The ``record``, as plain values; or why it is ``unavailable`` here, one sentence, with what to do.
    """
    try:
        return {
            "record": to_plain(
                replace(from_plain(Request, document), started=parent.started).record()
            )
        }
    except EngineError as error:
        return {"unavailable": str(error)}


# --- the list ---------------------------------------------------------------------------------------------------------


def measure_list(request: Request, subject: ListSubject) -> ListFacts:
    """How large the list is, its ceiling, and how far its two halves are apart."""
    from namegen.core.data.list_parts import label_beginnings
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


def measure_reference(request: Request, subject: ReferenceSubject) -> Reference:
    """For one split: the ceiling of each part, and an n-gram that reads what the network reads.

    That is the training part, with fewer repeats where those are damped.
    """
    from namegen.core.data.list_parts import ListParts
    from namegen.core.evaluation.evaluator import AccuracyEvaluator, ceiling
    from namegen.core.evaluation.references import best_ngram
    from namegen.core.settings import DataSettings
    from namegen.experiments.compare.quality import ngram_names

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

    drawn, judge_names = ngram_names(corpus, parts, model, subject, names=GENERATED_NAMES, seed=0)
    return Reference(
        **vars(subject),
        seen_percent=parts.seen_percent,
        baseline_order=model.order,
        sqrt_duplicates=parts.damped,
        parts=Parts(part(parts.training), part(held_out), part(parts.whole)),
        ngram_names=drawn,
        judge_names=judge_names,
    )


def _groups(
    model: LanguageModel, held_out: PrefixTree, vocabulary: Vocabulary
) -> HeldOutGroups | UnsetType:
    """A model's sums over groups of the held-out names; nothing where a name is impossible to it."""
    from namegen.core.evaluation.evaluator import group_sums

    sums = group_sums(model, held_out, vocabulary)
    if not math.isfinite(sums["nats"].sum()):
        return UNSET
    return HeldOutGroups(**{name: tuple(values.round(4).tolist()) for name, values in sums.items()})


# --- training ---------------------------------------------------------------------------------------------------------


def measure_training(request: Request, subject: TrainingSubject) -> Training:
    """Train one network with one engine: its curves, its figures on each part, its time and memory."""
    trains = Trains(request, subject)
    from namegen.core.evaluation.evaluator import AccuracyEvaluator

    with Watch() as watch:
        prepared, result, timing = trains(trains.recipe, watch)
    engine, in_parts = prepared.engine, prepared.parts
    engine.set_state(result.checkpoint.parameters)
    whole = AccuracyEvaluator(engine).evaluate(in_parts.whole)
    result.checkpoint.save(_file(request.writes))
    parts = (result.training, _needed(result.validation, "held-out part"), whole)
    return Training(
        **vars(subject),
        **vars(summarise(prepared, result)),
        figures=Parts(*map(plain_metrics, parts)),
        timing=timing,
        quiet=watch.quiet,
        held_out_groups=_groups(
            engine, _needed(in_parts.held_out, "held-out part"), in_parts.vocabulary
        ),
    )


def measure_timing(request: Request, subject: TimingSubject) -> TimingRound:
    """Train a few epochs with the batch size of the config, then with a large one if there is one."""
    trains = Trains(request, subject)
    with Watch() as watch:
        batches = [trains(trains.recipe, watch)[2]]
        if subject.large_batch is not None:
            training = replace(trains.recipe.training, batch_size=subject.large_batch)
            _, _, large = trains(replace(trains.recipe, training=training), watch)
            batches.append(replace(large, peak_memory_mib=None))
    return TimingRound(**vars(subject), batches=tuple(batches), quiet=watch.quiet)


class Trains:
    """Trains networks with one engine, and times that.

    Args:
        request: the list.
        subject: engine and config.

    Raises:
        EngineError: the engine cannot run here.
    """

    def __init__(self, request: Request, subject: TrainingSubject | TimingSubject) -> None:
        from namegen.backends import load_engine

        self._request, self._engine_class = request, cast(Any, load_engine(subject.engine))
        self._loaded = time.time() - request.started
        self._making = self._warm_up = (
            0.0  # seconds that the last engine took to be made, and to be warm
        )
        from namegen.settings_toml import parse_config

        self.recipe = parse_config(subject.config, source="the comparison's config").recipe

    def __call__(self, recipe: Recipe, watch: Watch) -> tuple[PreparedTraining, RunResult, Timing]:
        """Train one network, watched."""
        from namegen.core.training.preparation import prepare
        from namegen.core.training.run import TrainingRun

        prepared = prepare(
            self._request.corpus, recipe, self._clocked(), threads=self._request.threads
        )
        result = TrainingRun(prepared, on_progress=watch.at_epochs).run()
        seconds = seconds_per_epoch(result.history)
        timing = Timing(
            batch_size=cast(int, prepared.recipe.training.batch_size),
            start_up_seconds=self._loaded + self._making,
            compilation_seconds=self._warm_up,
            seconds_per_epoch=seconds,
            chars_per_second=prepared.parts.batches.tree.characters / seconds,
            peak_memory_mib=peak_memory_mib(),
        )
        return prepared, result, timing

    def _clocked(self) -> EngineClass:
        """The same engine, which notes how long making it and warming it up takes."""
        trains, base = self, self._engine_class

        class Clocked(base):  # type: ignore[misc,valid-type]  # which engine it is, is known only now
            def __init__(self, *arguments: Any, **options: Any) -> None:
                start = time.perf_counter()
                super().__init__(*arguments, **options)
                trains._making = time.perf_counter() - start

            def warm_up(self, step: Any) -> None:
                start = time.perf_counter()
                super().warm_up(step)
                trains._warm_up = time.perf_counter() - start

        return cast("EngineClass", Clocked)


# --- generation -------------------------------------------------------------------------------------------------------


def export_tflite(request: Request, subject: ExportSubject) -> Export:
    """Write the trained network as a ``.tflite``, for the measurements that need one."""
    from namegen.backends.tflite.export import export_tflite as export
    from namegen.core.checkpoint.checkpoint import Checkpoint

    checkpoint, written = Checkpoint.load(_file(request.reads)), _file(request.writes)
    report = export(
        checkpoint, written, force=True, without_names=True
    )  # what is measured is the network
    return Export(
        **vars(subject),
        bytes=report.bytes,
        largest_logit_difference=report.largest_logit_difference,
    )


def measure_generation(request: Request, subject: GenerationSubject) -> Generation:
    """Generate names with one LanguageModel, by each algorithm that it has, and look at them."""
    import numpy as np

    from namegen.core.checkpoint.metadata import default_max_length
    from namegen.core.generation.generator import Generator
    from namegen.core.generation.sampling import SamplingSettings
    from namegen.experiments.compare.quality import SplitJudge, describe_names, two_halves

    names, n, seed = request.names, subject.names, subject.seed
    model, vocabulary, beginnings, loop = _language_model(request, subject)
    started = time.time() - request.started
    longest = default_max_length(max(map(len, names)))
    generator = Generator(model, vocabulary, beginnings=beginnings)

    def one_by_one() -> list[str]:
        draws = np.random.default_rng(seed).random((n, beginnings.numbers + longest))
        tokens = loop(draws)[0] if loop else generator.draw_one_by_one(draws)
        return vocabulary.decode_all(tokens[tokens[:, -1] == 0])  # those that have ended

    def count_splitting() -> list[str]:
        rng, sampling = np.random.default_rng(seed), SamplingSettings(max_length=longest)
        batches = generator.generate(
            n, rng=rng, sampling=sampling, allow_seen=True, allow_repeats=True
        )
        return [name for batch in batches for name in batch.names]

    half, judge = two_halves(names)[0], SplitJudge.of(request.corpus, subject.split)
    algorithms: dict[Algorithm, Callable[[], list[str]]] = {"one_by_one": one_by_one}
    if loop is None:
        algorithms["count_splitting"] = count_splitting
    with Watch() as watch:
        drawn = {name: _timed(algorithm, watch) for name, algorithm in algorithms.items()}
        memory = peak_memory_mib()
    generated = {
        name: GenerationFigures(
            **vars(describe_names(found, names, half, judge)),
            first_seconds=first,
            seconds=least,
            names_per_second=n / least,
        )
        for name, (found, first, least) in drawn.items()
    }
    return Generation(
        **vars(subject),
        start_up_seconds=started,
        peak_memory_mib=memory,
        algorithms=generated,
        quiet=watch.quiet,
    )


def _language_model(
    request: Request, subject: GenerationSubject
) -> tuple[LanguageModel, Vocabulary, Beginnings, Callable[[Array], tuple[Array, ...]] | None]:
    """The model, its vocabulary, what its names begin with, and its own sampling loop if that is what is measured."""
    path = _file(request.reads)
    if subject.engine == TFLITE:
        from namegen.backends.tflite.runtime import TFLiteModel

        model = TFLiteModel.load(path, threads=request.threads)
        loop = model.generate_tokens if subject.loop == "generate" else None
        return model, model.metadata.vocabulary, model.metadata.beginnings, loop
    from namegen.backends.opening import find_architecture, open_network
    from namegen.core.checkpoint.checkpoint import Checkpoint

    checkpoint = Checkpoint.load(path, find_architecture)
    try:
        engine = open_network(
            checkpoint, "the network", backend=subject.engine, threads=request.threads
        )
    except (
        CheckpointError
    ) as error:  # it computes something else: it is left out, as one that lacks the cell
        raise EngineError(str(error)) from error
    return engine, checkpoint.vocabulary, checkpoint.beginnings, None


def _needed(value: Needed | None, what: str) -> Needed:
    """What this kind of measurement always has."""
    if value is None:
        raise ValueError(f"the measurement has no {what}: report this")
    return value


def _file(path: str | None) -> Path:
    return Path(_needed(path, "file for its network"))


def _timed(generate: Callable[[], list[str]], watch: Watch) -> tuple[Sequence[str], float, float]:
    """Names; the seconds of the first time, which compiles; and the least of the next ones."""
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
    """The most memory that this process has held at one time; None where the system does not say.

    Linux is asked for the high-water mark of this program alone: ``ru_maxrss`` would begin at the size of the process
    that started it.
    """
    with suppress(OSError):  # not Linux
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if platform.system() == "Darwin" else most / 2**10


class Watch:
    """While it is open, other processes are watched; before, after, and at each look a fixed computation is timed.

    >>> with Watch() as watch:
    ...     pass
    >>> min(watch.quiet.control_seconds) > 0
    True
    """

    quiet: Quiet

    def __enter__(self) -> Watch:
        self._looks = [control_seconds()]
        self._start = time.perf_counter()
        self._others = others_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        others, wall = others_seconds(), time.perf_counter() - self._start
        cores = None
        if others is not None and self._others is not None and wall >= LONG_ENOUGH_SECONDS:
            cores = max(others - self._others, 0.0) / wall
        self.look()
        half = len(self._looks) // 2
        self.quiet = Quiet((min(self._looks[:half]), min(self._looks[half:])), cores)

    def at_epochs(self, event: Event) -> None:
        """Look where an epoch of a training has ended."""
        if isinstance(event, EpochEnded):
            self.look()

    def look(self) -> None:
        """Time the fixed computation once more, between two epochs or drawings."""
        self._looks.append(control_seconds())


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


MEASURES: dict[str, tuple[type[Subject], Callable[[Request, Any], Record]]] = {
    ListSubject.kind: (ListSubject, measure_list),
    ReferenceSubject.kind: (ReferenceSubject, measure_reference),
    TrainingSubject.kind: (TrainingSubject, measure_training),
    TimingSubject.kind: (TimingSubject, measure_timing),
    ExportSubject.kind: (ExportSubject, export_tflite),
    GenerationSubject.kind: (GenerationSubject, measure_generation),
}

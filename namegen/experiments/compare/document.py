"""What a comparison measures, what comes of it, and ``results.json``, which holds all of it.

What a measurement depends on is a *subject*. Its JSON is a part of the key under which a record is kept, beside the
list, the code and the machine. A *record* is a subject with its figures. A child makes it, the folder keeps it, and
``results.json`` has it among the records of its list, always in the same form. Each field is explained once: here, or
in ``trained.py`` where a sweep has it too. "char" counts the characters of a name and the boundary at its end.

Nothing heavy is imported: a measurement has to pin its threads first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, cast, get_args

from namegen.documents import (
    UNSET,
    Count,
    CountKey,
    Json,
    Measure,
    Meta,
    Percent,
    Share,
    UnsetType,
    from_plain,
)
from namegen.experiments.kept import read_document
from namegen.experiments.machine import EngineCode, Machine
from namegen.experiments.trained import Metric, PlainMetrics, TrainingSummary

FORMAT: Literal["namegen comparison"] = "namegen comparison"
FORMAT_VERSION: Literal[4] = 4
NUMPY, TFLITE = "numpy", "tflite"
GENERATED_NAMES = 10_000  # drawn by each network, and by the n-gram
ODDEST = 0.1  # the share of real names that a plausible one is likelier than (``quality.py``)

SplitName = Literal["by-row", "by-name"]
Role = Literal["like_for_like", "network"]  # the part of a report that a training belongs to
Algorithm = Literal["one_by_one", "count_splitting"]
Loop = Literal["step", "generate"]  # the signatures of a ``.tflite`` that draw names
NgramModelName = Literal[
    "ngram", "chain", "pairs"
]  # the n-gram, and Markov chains of order 4 and 1
Part = Literal["training", "held_out", "whole"]
Lengths = dict[CountKey, Count]  # characters of a name → names
# Order of the n-gram → Jensen–Shannon divergence in bits, of all three orders.
Divergences = Annotated[dict[Literal["1", "2", "3"], Measure], Meta(min_length=3)]
Of = TypeVar("Of")

# What a report calls the parts of a list, and the ways to draw names.
PARTS: dict[Part, str] = {
    "training": "training set",
    "held_out": "held-out names",
    "whole": "whole list",
}
ALGORITHMS: dict[Algorithm, str] = {
    "one_by_one": "one by one",
    "count_splitting": "count-splitting",
}
BASELINE, CEILING = (
    "baseline",
    "ceiling",
)  # what stands beside the networks in every table of accuracy


@dataclass(frozen=True)
class Parts(Generic[Of]):
    """The same of the training part, of the held-out part and of the whole list."""

    training: Of
    held_out: Of
    whole: Of


@dataclass(frozen=True)
class HeldOutGroups:
    """What one model makes of the held-out names, in sums: columns of one entry a group.

    A hash of a name says which group it is in, so the groups of two models are of the same names
    (``core/evaluation/evaluator.py``). They are what intervals are made of (``pairs.py``).

    Attributes:
        characters: to be predicted, in all names of the group.
        nats: minus the log-probability of them all.
        hits: characters that were the likeliest.
        sampled: the probabilities of the true characters.
    """

    characters: tuple[Count, ...]
    nats: tuple[Measure, ...]
    hits: tuple[Count, ...]
    sampled: tuple[Measure, ...]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.characters, self.nats, self.hits, self.sampled)}
        if len(lengths) > 1:
            raise ValueError(
                f"columns of {' and '.join(map(str, sorted(lengths)))} groups: expected as many in each"
            )


@dataclass(frozen=True)
class NameFigures:
    """What generated names are like.

    Attributes:
        recreated_percent: of the generated names, those of the list, letter case and punctuation apart.
        unique_percent: different names, of those generated.
        duplicates: the commonest names generated more than once, with their counts.
        duplicated_names: how many different names were generated more than once.
        lengths: how many names have how many characters.
        divergence_bits: of their n-grams from those of one half of the list.
        new_percent: of the generated names, those that the training part lacks, letter case and punctuation apart.
        plausible_percent: of the new names, each once, those that could stand in the list (``quality.py``); None where
            the judge would know too few names, or none is new.
        new_names: the first ten of the new names, as they were drawn.
    """

    recreated_percent: Percent
    unique_percent: Percent
    duplicates: tuple[tuple[str, Count], ...]
    duplicated_names: Count
    lengths: Lengths
    divergence_bits: Divergences
    new_percent: Percent
    plausible_percent: Percent | None
    new_names: tuple[str, ...]


@dataclass(frozen=True)
class Quiet:
    """Whether something else ran while it was measured.

    Attributes:
        control_seconds: how long one fixed computation took at least, in the first half and in the second.
        other_cores: how many cores all other processes kept busy meanwhile, on average; None where the system does not
            say, or where it took too short a time.
    """

    control_seconds: tuple[Measure, Measure]
    other_cores: Measure | None


# --- the list and its splits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListSubject:
    """The list itself: nothing to choose."""

    kind: ClassVar[str] = "list"


@dataclass(frozen=True)
class ListFacts(ListSubject):
    """The list itself, measured.

    Attributes:
        names, distinct_names, distinct_prefixes, characters: its sizes; repeats are counted in the first and the last.
        ceiling: the list itself as a model.
        lengths: how many names have how many characters.
        divergence_of_halves_bits: of its two halves, which is what chance alone makes.
    """

    names: Count
    distinct_names: Count
    distinct_prefixes: Count
    characters: Count
    ceiling: PlainMetrics
    lengths: Lengths
    divergence_of_halves_bits: Divergences

    def __post_init__(self) -> None:
        if not sum(self.lengths.values()):
            raise ValueError("the lengths of no names: expected those of the list")


@dataclass(frozen=True)
class ReferenceSubject:
    """Ceiling and n-gram of one split of the list.

    Attributes:
        split: whether a name may stand on both sides ("by-row") or not ("by-name").
        seed: of the split.
        validation: the share of the list that is held out.
    """

    kind: ClassVar[str] = "reference"
    split: SplitName
    seed: Count
    validation: Share


@dataclass(frozen=True)
class ReferencePart:
    """What a network's figures on one part of the list are compared with.

    Attributes:
        names, characters: the size of the part.
        ceiling: the part itself as a model.
        baseline: the n-gram that was fitted on what the network reads: the training part, with fewer repeats where
            those are damped.
        baseline_groups: of the held-out part, the n-gram's sums over groups of names; missing for other parts.
    """

    names: Count
    characters: Count
    ceiling: PlainMetrics
    baseline: PlainMetrics
    baseline_groups: HeldOutGroups | UnsetType = UNSET


@dataclass(frozen=True)
class Reference(ReferenceSubject):
    """Ceiling and n-gram of one split, measured.

    Attributes:
        seen_percent: of the held-out names, those that stand in the training part too.
        baseline_order: of the n-gram.
        sqrt_duplicates: networks and n-gram read a name of c entries about √c times.
        parts: ceiling and n-gram on each part of the list.
        ngram_names: what the names are like that n-gram and Markov chains draw from what the network reads.
        judge_names: how many names the judge of plausible ones has counted.
    """

    seen_percent: Percent
    baseline_order: Count
    sqrt_duplicates: bool
    parts: Parts[ReferencePart]
    ngram_names: dict[NgramModelName, NameFigures]
    judge_names: Count

    @property
    def names(self) -> dict[str, NameFigures]:
        """What counts → the names that it draws, as a report calls it."""
        called: dict[NgramModelName, str] = {
            "ngram": f"{self.baseline_order}-gram",
            "chain": "a Markov chain of order 4",
            "pairs": "pairs of letters",
        }
        return {called[name]: found for name, found in self.ngram_names.items()}


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingSubject:
    """One network, trained by one engine.

    Attributes:
        network: what a report calls it.
        engine: who trains it.
        role: the part of a report that it belongs to.
        config: the tables of a config file; what they do not say has its default, but they do say split, split_seed,
            validation and seed.
    """

    kind: ClassVar[str] = "training"
    network: str
    engine: str
    role: Role
    config: Mapping[str, Json]

    def __post_init__(self) -> None:
        try:
            from_plain(
                tuple[SplitName, Count, Share, Count], [*vars(self.reference).values(), self.seed]
            )
        except (KeyError, TypeError):
            raise ValueError(
                "a config without split, split_seed, validation or seed: expected all of them"
            ) from None

    @property
    def split(self) -> SplitName:
        """How the list is split."""
        return self.reference.split

    @property
    def reference(self) -> ReferenceSubject:
        """The split itself: which names are held out."""
        data = cast("Mapping[str, Any]", self.config["data"])
        return ReferenceSubject(data["split"], data["split_seed"], data["validation"])

    @property
    def seed(self) -> int:
        """The seed of the training."""
        return cast(int, cast("Mapping[str, Json]", self.config["training"])["seed"])


@dataclass(frozen=True)
class Timing:
    """How fast an engine trains with batches of one size, in a process of its own.

    Attributes:
        batch_size: in names.
        start_up_seconds: from the start of the process to an engine that is made, its libraries loaded.
        compilation_seconds: until the engine is warm.
        seconds_per_epoch: inside training, of the fastest epoch after the first.
        chars_per_second: inside training, in that epoch.
        peak_memory_mib: the most that the process held; None where the system does not say, or where it was not of this
            batch size alone.
    """

    batch_size: Count
    start_up_seconds: Measure
    compilation_seconds: Measure
    seconds_per_epoch: Measure
    chars_per_second: Measure
    peak_memory_mib: Measure | None


@dataclass(frozen=True)
class Training(TrainingSummary, TrainingSubject):
    """A training, measured.

    Attributes:
        figures: of the best epoch, on each part of the list.
        timing: its time and memory; to be told only where nothing else ran beside it.
        quiet: whether something else ran.
        held_out_groups: its sums over groups of the held-out names; missing where a held-out name is impossible to the
            network.
    """

    figures: Parts[PlainMetrics]
    timing: Timing
    quiet: Quiet
    held_out_groups: HeldOutGroups | UnsetType = UNSET


@dataclass(frozen=True)
class TimingSubject:
    """How fast an engine trains: one round of several.

    Attributes:
        network: what a report calls it.
        engine: who trains it.
        round: counted from 1; the training that the curves are of is round 0.
        config: the tables of a config, of few epochs.
        large_batch: names; what is timed beside the batch of the config. None: nothing, as the list is short.
    """

    kind: ClassVar[str] = "timing"
    network: str
    engine: str
    round: Count
    config: Mapping[str, Json]
    large_batch: Count | None


@dataclass(frozen=True)
class TimingRound(TimingSubject):
    """A round of timing, measured.

    Attributes:
        batches: with the batch size of the training; then with the large one.
        quiet: whether something else ran.
    """

    batches: tuple[Timing, ...]
    quiet: Quiet


# --- generation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExportSubject:
    """A trained network as a ``.tflite``.

    Attributes:
        network: what a report calls it.
        engine: what has to be installed.
    """

    kind: ClassVar[str] = "export"
    network: str
    engine: str


@dataclass(frozen=True)
class Export(ExportSubject):
    """A trained network, written as a ``.tflite``.

    Attributes:
        bytes: the size of the file.
        largest_logit_difference: from the network that it was made of.
    """

    bytes: Count
    largest_logit_difference: Measure


@dataclass(frozen=True)
class GenerationSubject:
    """Names generated by one model.

    Attributes:
        network: whose names.
        engine: what reads the network: an engine, or "tflite".
        names: how many are generated.
        seed: of the generation.
        loop: of a ``.tflite``, the signature that is called; None for an engine.
        split: that of the network's training, which says which of its names are new.
    """

    kind: ClassVar[str] = "generation"
    network: str
    engine: str
    names: Count
    seed: Count
    loop: Loop | None
    split: ReferenceSubject

    @property
    def model(self) -> str:
        """What generates the names, as a report calls it."""
        return f"{self.engine} {self.loop}" if self.loop else self.engine


@dataclass(frozen=True)
class GenerationFigures(NameFigures):
    """Names generated by one algorithm: what they are like, and how fast they were generated.

    Attributes:
        first_seconds: the first time, which compiles.
        seconds: the least of the next ones.
        names_per_second: in that one.
    """

    first_seconds: Measure
    seconds: Measure
    names_per_second: Measure


@dataclass(frozen=True)
class Generation(GenerationSubject):
    """Names generated by one model, measured.

    Attributes:
        start_up_seconds: from the start of the process to a model that is loaded.
        peak_memory_mib: the most that the process held; None where the system does not say.
        algorithms: the names by each algorithm that the model has.
        quiet: whether something else ran.
    """

    start_up_seconds: Measure
    peak_memory_mib: Measure | None
    algorithms: dict[Algorithm, GenerationFigures]
    quiet: Quiet

    @property
    def best(self) -> GenerationFigures:
        """Its names by count-splitting, or else as it draws them."""
        return self.algorithms.get("count_splitting") or self.algorithms["one_by_one"]


Subject = (
    ListSubject
    | ReferenceSubject
    | TrainingSubject
    | TimingSubject
    | ExportSubject
    | GenerationSubject
)
Record = ListFacts | Reference | Training | TimingRound | Export | Generation
RECORDS: dict[str, type[Record]] = {one.kind: one for one in get_args(Record)}


# --- results.json -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListEntry:
    """All figures of one list.

    Attributes:
        name: what it is called.
        fingerprint: a hash of its names in their order.
        facts: its sizes and its ceiling; None where they could not be measured.
        references: ceiling and n-gram, for each split.
        trainings: every training.
        timings: further rounds in which the engines were timed.
        exported: the ``.tflite``; None where there is none.
        generation: the generated names, for each network and model.
    """

    name: str
    fingerprint: str
    facts: ListFacts | None
    references: tuple[Reference, ...]
    trainings: tuple[Training, ...]
    timings: tuple[TimingRound, ...]
    exported: Export | None
    generation: tuple[Generation, ...]

    @property
    def engines(self) -> list[str]:
        """Every engine that has figures of this list, and what else reads a network."""
        return [
            *dict.fromkeys(
                [*(one.engine for one in self.trainings), *(one.engine for one in self.generation)]
            )
        ]

    @property
    def splits(self) -> list[SplitName]:
        """The ways in which the list was split, for which there are networks."""
        return [one.split for one in self.references if self.networks(one.split)]

    def reference(self, split: SplitName) -> Reference:
        """Ceiling and n-gram of a split."""
        return next(one for one in self.references if one.split == split)

    def runs(self, split: SplitName, network: str | None = None) -> list[Training]:
        """The trainings of a network, one for each seed; None: of every network."""
        of_split = [run for run in self.trainings if run.role == "network" and run.split == split]
        return [run for run in of_split if network in (None, run.network)]

    def networks(self, split: SplitName) -> list[str]:
        """The networks that were trained on this split, in the order of every table."""
        return list(dict.fromkeys(run.network for run in self.runs(split)))

    def called(self, split: SplitName, who: str) -> str:
        """What a report calls a network, the n-gram (``BASELINE``) or the ceiling (``CEILING``)."""
        return f"{self.reference(split).baseline_order}-gram" if who == BASELINE else who

    def values(self, split: SplitName, who: str, part: Part, metric: Metric) -> list[float]:
        """A figure of a network, the n-gram or the ceiling on a part of the list, one for each seed."""
        if who in (BASELINE, CEILING):
            return [getattr(getattr(getattr(self.reference(split).parts, part), who), metric)]
        return [getattr(getattr(run.figures, part), metric) for run in self.runs(split, who)]

    @property
    def like_for_like(self) -> dict[str, list[Training]]:
        """The trainings that are compared engine by engine; a network with other parameters is another one."""
        found: dict[str, list[Training]] = {}
        for run in self.trainings:
            if run.role == "like_for_like":
                same = run.parameters == found.get(run.network, [run])[0].parameters
                name = run.network if same else f"{run.network} of {run.parameters:,} parameters"
                found.setdefault(name, []).append(run)
        return found

    @property
    def generated(self) -> dict[str, GenerationFigures]:
        """The names that the NumPy engine drew from each network, or else the first engine that did."""
        found: dict[str, GenerationFigures] = {}
        for one in self.generation:
            if one.model == NUMPY or (one.engine != TFLITE and one.network not in found):
                found[one.network] = one.best
        return found


@dataclass(frozen=True)
class Trouble:
    """What is not there, and a sentence that says why."""

    what: str
    why: str


@dataclass(frozen=True)
class Comparison:
    """``results.json``.

    Attributes:
        format, format_version: what the file is.
        quick: whether it was a first look.
        seeds: those that each network was trained with.
        split_seed: of every split.
        threads: of each measurement.
        validation: the share of each list that was held out.
        generated_names: how many names each model drew.
        quick_epochs: of a first look; None for a whole comparison.
        engines: every engine that is registered.
        engine_codes: of each of them a hash of its code, and the versions of what it needs.
        machine: where it was measured.
        versions: of Python, namegen and the libraries; None for one that is not installed.
        commits: of the checkouts that measured; none for an installed namegen.
        left_out: what could not be measured: an engine lacks its library, and how to get it, or does not offer it.
        failed: measurements that went wrong.
        lists: the figures of each list.
    """

    format: Literal["namegen comparison"]
    format_version: Literal[4]
    quick: bool
    seeds: tuple[Count, ...]
    split_seed: Count
    threads: Count
    validation: Share
    generated_names: Count
    quick_epochs: Count | None
    engines: tuple[str, ...]
    engine_codes: dict[str, EngineCode]
    machine: Machine
    versions: dict[str, str | None]
    commits: tuple[str, ...]
    left_out: tuple[Trouble, ...]
    failed: tuple[Trouble, ...]
    lists: tuple[ListEntry, ...]


def read_comparison(path: Path) -> Comparison:
    """Read the ``results.json`` of a comparison.

    Raises:
        ResultsError: the file can't be read, isn't a comparison, has another format version, or is damaged.
    """
    command = "namegen compare-backends"
    return read_document(
        path, Comparison, format_name=FORMAT, version=FORMAT_VERSION, command=command
    )

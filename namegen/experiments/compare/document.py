"""The data classes of ``results.json``, which describe the measurements of a comparison and their results.

A *subject* is everything that a measurement depends on, apart from the list, the code and the machine. A *record* is a
subject together with its results. A child process produces the record, the output folder stores it under a hash of the
subject, and ``results.json`` contains it in the entry of its list.

In field names, ``char`` stands for a character of a name or the end token after it. ``trained.py`` explains the fields
that sweeps also have.

This module imports nothing heavy, because a measurement limits its threads before NumPy is loaded.
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
NUMPY = "numpy"
TFLITE = "tflite"
GENERATED_NAMES = 10_000  # the number of names that each network and the n-gram generate
# A name is plausible if it's more likely than this share of real names (``quality.py``).
ODDEST = 0.1

SplitName = Literal["by-row", "by-name"]
Role = Literal["like_for_like", "network"]  # the section of the report that a run belongs to
Algorithm = Literal["one_by_one", "count_splitting"]
Loop = Literal["step", "generate"]  # the signatures of a ``.tflite`` that generate names
# The n-gram baseline, and Markov chains of order 4 and 1.
NgramModelName = Literal["ngram", "chain", "pairs"]
Part = Literal["training", "held_out", "whole"]
Lengths = dict[CountKey, Count]  # maps each number of characters to the number of names
# Maps each of the three n-gram orders to the Jensen–Shannon divergence in bits.
Divergences = Annotated[dict[Literal["1", "2", "3"], Measure], Meta(min_length=3)]
PartValue = TypeVar("PartValue")

# The names that reports use.
PARTS: dict[Part, str] = {
    "training": "training set",
    "held_out": "held-out names",
    "whole": "whole list",
}
ALGORITHMS: dict[Algorithm, str] = {
    "one_by_one": "one by one",
    "count_splitting": "count-splitting",
}
# The networks are compared with these models: the n-gram, and the list itself as a model.
BASELINE = "baseline"
CEILING = "ceiling"


@dataclass(frozen=True)
class Parts(Generic[PartValue]):
    """One value for each part of a list."""

    training: PartValue
    held_out: PartValue
    whole: PartValue


@dataclass(frozen=True)
class HeldOutGroups:
    """The results of one model on the held-out names, as sums over groups of names.

    Each column has one entry per group. A hash of the name determines its group, so the groups of two models contain
    the same names (``core/evaluation/name_groups.py``). Confidence intervals are computed from them (``pairs.py``).
    """

    characters: tuple[Count, ...]  # characters to predict
    nats: tuple[Measure, ...]  # the sum of the negative log-probabilities of all characters
    hits: tuple[Count, ...]  # characters that the model considered the most likely
    sampled: tuple[Measure, ...]  # the sum of the probabilities of the correct characters

    def __post_init__(self) -> None:
        columns = (self.characters, self.nats, self.hits, self.sampled)
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            shown_lengths = " and ".join(str(length) for length in sorted(lengths))
            raise ValueError(f"the columns of the groups have different lengths: {shown_lengths}")


@dataclass(frozen=True)
class NameFigures:
    """Statistics of generated names.

    A name isn't new if it only differs in letter case or punctuation.
    """

    recreated_percent: Percent  # generated names that are in the list
    unique_percent: Percent  # the number of different names, as a percentage of all generated names
    # The most frequent names that were generated more than once.
    duplicates: tuple[tuple[str, Count], ...]
    duplicated_names: Count  # how many different names were generated more than once
    lengths: Lengths
    divergence_bits: Divergences  # between their n-grams and the n-grams of one half of the list
    new_percent: Percent  # generated names that aren't in the training set
    # Plausible names among the different new names (``quality.py``); None if there are no new names, or if too few
    # names were held out to judge.
    plausible_percent: Percent | None
    new_names: tuple[str, ...]  # the first ten new names, in the order in which they were generated


@dataclass(frozen=True)
class MachineLoad:
    """The load of the machine during a measurement."""

    # The shortest times of a reference computation in the first half and the second half of the measurement.
    control_seconds: tuple[Measure, Measure]
    # The average number of cores that other processes kept busy; None if the system doesn't report it, or if the
    # measurement was too short.
    other_cores: Measure | None


# --- the list and its splits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListSubject:
    """A measurement of the list itself, which needs no settings."""

    kind: ClassVar[str] = "list"


@dataclass(frozen=True)
class ListFacts(ListSubject):
    """The size of the list and its ceiling."""

    names: Count  # with duplicates
    distinct_names: Count
    distinct_prefixes: Count
    characters: Count  # in all names, with duplicates
    ceiling: PlainMetrics  # of the list itself as a model
    lengths: Lengths
    # The divergence between two random halves, which shows the effect of chance alone.
    divergence_of_halves_bits: Divergences

    def __post_init__(self) -> None:
        if not sum(self.lengths.values()):
            raise ValueError("the list has no lengths: expected the length of every name")


@dataclass(frozen=True)
class ReferenceSubject:
    """A measurement of the ceiling and the n-gram for one split of the list."""

    kind: ClassVar[str] = "reference"
    split: SplitName  # whether a name can be on both sides ("by-row") or not ("by-name")
    seed: Count  # of the split
    validation: Share  # the share of the list that is held out


@dataclass(frozen=True)
class ReferencePart:
    """The ceiling and the n-gram on one part of the list."""

    names: Count
    characters: Count
    ceiling: PlainMetrics  # of the part itself as a model
    baseline: PlainMetrics  # of the n-gram, fitted on the same training data as the networks
    baseline_groups: HeldOutGroups | UnsetType = UNSET  # only for the held-out names


@dataclass(frozen=True)
class Reference(ReferenceSubject):
    """The ceiling and the n-gram of one split."""

    seen_percent: Percent  # held-out names that are also in the training set
    baseline_order: Count  # of the n-gram
    # Whether the networks and the n-gram train on a name with c entries only about √c times.
    sqrt_duplicates: bool
    parts: Parts[ReferencePart]
    # The names that the n-gram and the Markov chains generate.
    ngram_names: dict[NgramModelName, NameFigures]
    judge_names: Count  # the number of names that the judge of plausible names was trained on

    @property
    def names(self) -> dict[str, NameFigures]:
        """Map the label of each n-gram model to the names it generates."""
        labels: dict[NgramModelName, str] = {
            "ngram": f"{self.baseline_order}-gram",
            "chain": "a Markov chain of order 4",
            "pairs": "pairs of letters",
        }
        return {labels[model]: figures for model, figures in self.ngram_names.items()}


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingSubject:
    """A run: one network, trained by one backend."""

    kind: ClassVar[str] = "training"
    network: str  # its label in the report
    engine: str  # the backend's name
    role: Role
    # The tables of a config file. Missing settings have their defaults, but split, split_seed, validation and seed
    # are required.
    config: Mapping[str, Json]

    def __post_init__(self) -> None:
        try:
            from_plain(ReferenceSubject, vars(self.reference))
            from_plain(tuple[Count], [self.seed])
        except (KeyError, TypeError):
            raise ValueError(
                "the config must have the settings split, split_seed, validation and seed"
            ) from None

    @property
    def split(self) -> SplitName:
        """The split of the list."""
        return self.reference.split

    @property
    def reference(self) -> ReferenceSubject:
        """The split, which determines the held-out names."""
        data = cast("Mapping[str, Any]", self.config["data"])
        return ReferenceSubject(data["split"], data["split_seed"], data["validation"])

    @property
    def seed(self) -> int:
        """The training seed."""
        training = cast("Mapping[str, Json]", self.config["training"])
        return cast(int, training["seed"])


@dataclass(frozen=True)
class Timing:
    """The speed at which a backend trains with batches of one size, measured in its own process."""

    batch_size: Count  # in names
    start_up_seconds: Measure  # from the start of the process until the engine is created
    compilation_seconds: Measure  # until the engine is warm
    seconds_per_epoch: Measure  # of the fastest epoch after the first, without validation
    chars_per_second: Measure  # in that epoch
    # The peak memory of the process; None if the system doesn't report it, or if the process also trained with
    # another batch size.
    peak_memory_mib: Measure | None


@dataclass(frozen=True)
class Training(TrainingSummary, TrainingSubject):
    """The results of a run."""

    figures: Parts[PlainMetrics]  # of the best epoch
    timing: Timing  # only meaningful if the run was the only process on the machine
    quiet: MachineLoad
    # Missing if the network assigns the probability 0 to a held-out name.
    held_out_groups: HeldOutGroups | UnsetType = UNSET


@dataclass(frozen=True)
class TimingSubject:
    """One of several rounds that measure how fast a backend trains."""

    kind: ClassVar[str] = "timing"
    network: str  # its label in the report
    engine: str  # the backend's name
    round: Count  # from 1; round 0 is the run whose curves are shown
    config: Mapping[str, Json]  # the tables of a config with few epochs
    large_batch: Count | None  # in names, timed after the config's batch; None for a short list


@dataclass(frozen=True)
class TimingRound(TimingSubject):
    """The results of one round."""

    batches: tuple[Timing, ...]  # with the run's batch size, then with the large one
    quiet: MachineLoad


# --- generation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExportSubject:
    """A trained network, exported as a ``.tflite`` file."""

    kind: ClassVar[str] = "export"
    network: str  # its label in the report
    engine: str  # the backend that has to be installed


@dataclass(frozen=True)
class Export(ExportSubject):
    """The results of an export."""

    bytes: Count  # the size of the file
    largest_logit_difference: Measure  # between the file and the network


@dataclass(frozen=True)
class GenerationSubject:
    """A network and a backend that generate names."""

    kind: ClassVar[str] = "generation"
    network: str  # its label in the report
    engine: str  # the name of a backend, or "tflite"
    names: Count  # how many names are generated
    seed: Count  # of the generation
    loop: Loop | None  # the signature of the ``.tflite`` that is called; None for a backend
    split: ReferenceSubject  # of the network's run, which determines which names are new

    @property
    def model(self) -> str:
        """The label of the backend, with the signature of a ``.tflite``."""
        return f"{self.engine} {self.loop}" if self.loop else self.engine


@dataclass(frozen=True)
class GenerationFigures(NameFigures):
    """Statistics of the names that one algorithm generated, and its speed."""

    first_seconds: Measure  # of the first call, which includes compilation
    seconds: Measure  # of the fastest later call
    names_per_second: Measure  # in that call


@dataclass(frozen=True)
class Generation(GenerationSubject):
    """The generated names and their speed."""

    start_up_seconds: Measure  # from the start of the process until the model is loaded
    peak_memory_mib: Measure | None  # None if the system doesn't report it
    algorithms: dict[Algorithm, GenerationFigures]  # every algorithm that the model supports
    quiet: MachineLoad

    @property
    def best(self) -> GenerationFigures:
        """The names generated with count-splitting, or one by one if the model doesn't support it."""
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
SUBJECTS: dict[str, type[Subject]] = {subject.kind: subject for subject in get_args(Subject)}
RECORDS: dict[str, type[Record]] = {record.kind: record for record in get_args(Record)}


# --- results.json -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListEntry:
    """All results of one list."""

    name: str
    fingerprint: str  # a hash of the names in their order
    facts: ListFacts | None  # None if the measurement failed
    references: tuple[Reference, ...]  # one for each split
    trainings: tuple[Training, ...]
    timings: tuple[TimingRound, ...]
    exported: Export | None  # None if no ``.tflite`` was exported
    generation: tuple[Generation, ...]  # one for each network and backend

    @property
    def engines(self) -> list[str]:
        """All backends with results for this list, and "tflite" if it generated names."""
        names = [run.engine for run in self.trainings]
        names += [generation.engine for generation in self.generation]
        return list(dict.fromkeys(names))

    @property
    def timed_engines(self) -> list[str]:
        """The backends that trained a network in the same way, so that their times can be compared."""
        names = [run.engine for run in self.trainings if run.role == "like_for_like"]
        return list(dict.fromkeys(names))

    @property
    def splits(self) -> list[SplitName]:
        """The splits that networks were trained on."""
        splits = [reference.split for reference in self.references]
        return [split for split in splits if self.networks(split)]

    def reference(self, split: SplitName) -> Reference:
        """Return the ceiling and the n-gram of a split."""
        return next(reference for reference in self.references if reference.split == split)

    def runs(self, split: SplitName, network: str | None = None) -> list[Training]:
        """Return the runs of a network, one for each seed. Without a network, return all runs on the split."""
        runs = [run for run in self.trainings if run.role == "network" and run.split == split]
        if network is None:
            return runs
        return [run for run in runs if run.network == network]

    def networks(self, split: SplitName) -> list[str]:
        """Return the networks that were trained on a split, in the order of the tables."""
        return list(dict.fromkeys(run.network for run in self.runs(split)))

    def label_of(self, split: SplitName, model: str) -> str:
        """Return the report's label of a network, of the n-gram (``BASELINE``) or of the ceiling (``CEILING``)."""
        if model == BASELINE:
            return f"{self.reference(split).baseline_order}-gram"
        return model

    def values(self, split: SplitName, model: str, part: Part, metric: Metric) -> list[float]:
        """Return a metric of a model on one part of the list.

        Args:
            split: one of the splits.
            model: a network, ``BASELINE`` or ``CEILING``.
            part: the part of the list.
            metric: the name of the metric.

        Returns:
            One value for each seed of a network, or the single value of the n-gram or the ceiling.
        """
        if model in (BASELINE, CEILING):
            reference_part = getattr(self.reference(split).parts, part)
            metrics = [getattr(reference_part, model)]
        else:
            metrics = [getattr(run.figures, part) for run in self.runs(split, model)]
        return [getattr(values, metric) for values in metrics]

    @property
    def like_for_like(self) -> dict[str, list[Training]]:
        """The runs that compare the backends, grouped by network: all backends train it in the same way.

        If a backend's network has a different number of parameters, its run is in a separate group.
        """
        runs = [run for run in self.trainings if run.role == "like_for_like"]
        parameters_of_first_run: dict[str, int] = {}  # by network
        groups: dict[str, list[Training]] = {}
        for run in runs:
            usual_parameters = parameters_of_first_run.setdefault(run.network, run.parameters)
            label = run.network
            if run.parameters != usual_parameters:
                label = f"{run.network} of {run.parameters:,} parameters"
            groups.setdefault(label, []).append(run)
        return groups

    @property
    def generated(self) -> dict[str, GenerationFigures]:
        """The generated names of each network, from NumPy if possible, or else from the first backend."""
        names: dict[str, GenerationFigures] = {}
        for generation in self.generation:
            is_numpy = generation.engine == NUMPY
            is_first = generation.engine != TFLITE and generation.network not in names
            if is_numpy or is_first:
                names[generation.network] = generation.best
        return names


@dataclass(frozen=True)
class Trouble:
    """A measurement without a result."""

    what: str  # the measurement
    why: str  # the reason, as a clause


@dataclass(frozen=True)
class Comparison:
    """The contents of ``results.json``."""

    format: Literal["namegen comparison"]
    format_version: Literal[4]
    quick: bool  # whether this was a quick comparison
    seeds: tuple[Count, ...]  # each network was trained once per seed
    split_seed: Count  # the same for every split
    threads: Count  # of each measurement
    validation: Share  # the share of each list that was held out
    generated_names: Count  # by each model
    quick_epochs: Count | None  # epochs of a quick comparison; None for a full comparison
    engines: tuple[str, ...]  # the backends of the comparison
    engine_codes: dict[str, EngineCode]  # a hash of each backend's code, and its dependencies
    machine: Machine
    versions: dict[str, str | None]  # Python, namegen and libraries; None if not installed
    # The commits of the checkouts that made the measurements; empty for an installed namegen.
    commits: tuple[str, ...]
    left_out: tuple[Trouble, ...]  # a backend isn't installed, or doesn't support the measurement
    failed: tuple[Trouble, ...]
    lists: tuple[ListEntry, ...]


def read_comparison(path: Path) -> Comparison:
    """Read the ``results.json`` of a comparison.

    Raises:
        ResultsError: the file can't be read, isn't a comparison, has a different format version, or is damaged.
    """
    command = "namegen compare-backends"
    return read_document(
        path, Comparison, format_name=FORMAT, version=FORMAT_VERSION, command=command
    )

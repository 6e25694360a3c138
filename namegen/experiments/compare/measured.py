"""What each kind of measurement gives: its result, as a measuring process hands it over and as it is kept.

Each field is explained once: here, or in ``trained.py`` where a sweep has it too. "char" counts the characters of a
name and the boundary at its end. Nothing heavy is imported: a measurement has to pin its threads first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from namegen.documents import UNSET, Count, CountKey, Measure, Percent, UnsetType
from namegen.experiments.trained import PlainMetrics, TrainingSummary

Lengths = dict[CountKey, Count]  # characters of a name → names
Divergences = dict[Literal["1", "2", "3"], Measure]  # order of the n-gram → Jensen–Shannon divergence in bits
Algorithm = Literal["one_by_one", "count_splitting"]
Counting = Literal["ngram", "chain", "pairs"]  # what counts and draws names: the n-gram, Markov chains of order 4 and 1
Of = TypeVar("Of")


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
            raise ValueError(f"columns of {' and '.join(map(str, sorted(lengths)))} groups: expected as many in each")


# --- names ------------------------------------------------------------------------------------------------------------


def _check_divergences(found: Divergences) -> None:
    """Raise ValueError where those of letters, pairs and triples are not all there."""
    if len(found) < 3:
        raise ValueError(f"divergences of {len(found)} orders: expected those of 1, 2 and 3")


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
        new_percent: of the generated names, those that the training part lacks, letter case and punctuation apart;
            missing in documents of the first edition.
        plausible_percent: of the new names, each once, those that could stand in the list (``judging.py``); None where
            the judge would know too few names, or none is new; missing in documents of the first edition.
    """

    recreated_percent: Percent
    unique_percent: Percent
    duplicates: tuple[tuple[str, Count], ...]
    duplicated_names: Count
    lengths: Lengths
    divergence_bits: Divergences
    new_percent: Percent | UnsetType = UNSET
    plausible_percent: Percent | UnsetType | None = UNSET

    def __post_init__(self) -> None:
        _check_divergences(self.divergence_bits)


# --- the list and its splits ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ListFacts:
    """The result of measuring the list itself.

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
        _check_divergences(self.divergence_of_halves_bits)
        if not sum(self.lengths.values()):
            raise ValueError("the lengths of no names: expected those of the list")


@dataclass(frozen=True)
class ReferencePart:
    """What a network's figures on one part of the list are compared with.

    Attributes:
        names, characters: the size of the part.
        ceiling: the part itself as a model.
        baseline: the n-gram that was fitted on what the network reads: the training part, with fewer repeats where
            those are damped.
        baseline_groups: of the held-out part, the n-gram's sums over groups of names; missing for other parts, and in
            documents of the first edition.
    """

    names: Count
    characters: Count
    ceiling: PlainMetrics
    baseline: PlainMetrics
    baseline_groups: HeldOutGroups | UnsetType = UNSET


@dataclass(frozen=True)
class ReferenceResult:
    """The result of measuring ceiling and n-gram of one split.

    Attributes:
        seen_percent: of the held-out names, those that stand in the training part too.
        baseline_order: of the n-gram.
        repeats_damped: networks and n-gram read a name of c entries about √c times.
        parts: ceiling and n-gram on each part of the list.
        counting_names: what the names are like that counting draws from what the network reads; missing in documents
            of the first edition.
        judge_names: how many names the judge of plausible ones has counted; missing in documents of the first edition.
    """

    seen_percent: Percent
    baseline_order: Count
    repeats_damped: bool
    parts: Parts[ReferencePart]
    counting_names: dict[Counting, NameFigures] | UnsetType = UNSET
    judge_names: Count | UnsetType = UNSET


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quiet:
    """Whether something else ran while it was measured.

    Attributes:
        control_seconds: how long one fixed computation took, just before and just after.
        other_cores: how many cores all other processes kept busy meanwhile, on average; None where the system does not
            say, or where it took too short a time.
    """

    control_seconds: tuple[Measure, Measure]
    other_cores: Measure | None


@dataclass(frozen=True)
class Timing:
    """The time and the memory of a training, in a process of its own.

    Attributes:
        start_up_seconds: from the start of the process to an engine that is made, its libraries loaded.
        compilation_seconds: until the engine is warm.
        first_epoch_seconds: inside training.
        seconds_per_epoch: inside training, median of the epochs after the first.
        seconds: inside training and validation, all epochs.
        chars_per_second: inside training; None where the run was too short to tell.
        peak_memory_mib: the most that the process held; None where the system does not say.
        quiet: whether something else ran; missing in documents of the first edition.
    """

    start_up_seconds: Measure
    compilation_seconds: Measure
    first_epoch_seconds: Measure
    seconds_per_epoch: Measure
    seconds: Measure
    chars_per_second: Measure | None
    peak_memory_mib: Measure | None
    quiet: Quiet | UnsetType = UNSET


@dataclass(frozen=True)
class BatchTiming:
    """How fast an engine trains with batches of one size.

    Attributes:
        batch_size: in names.
        compilation_seconds: until the engine is warm.
        seconds_per_epoch: inside training, median of the epochs after the first.
        chars_per_second: inside training, from that median.
    """

    batch_size: Count
    compilation_seconds: Measure
    seconds_per_epoch: Measure
    chars_per_second: Measure


@dataclass(frozen=True)
class TimingResult:
    """The result of timing one engine once, in a process of its own.

    Attributes:
        start_up_seconds: from the start of the process to an engine that is made, its libraries loaded.
        peak_memory_mib: the most that the process held until the first batch size was done; None where the system does
            not say.
        batches: with the batch size of the training; then with a large one, where the list has names enough for some
            updates of an epoch.
        quiet: whether something else ran.
    """

    start_up_seconds: Measure
    peak_memory_mib: Measure | None
    batches: tuple[BatchTiming, ...]
    quiet: Quiet


@dataclass(frozen=True)
class TrainingResult(TrainingSummary):
    """The result of one training.

    Attributes:
        figures: of the best epoch, on each part of the list.
        timing: its time and memory; to be told only where nothing else ran beside it.
        held_out_groups: its sums over groups of the held-out names; missing in documents of the first edition, and
            where a held-out name is impossible to the network.
    """

    figures: Parts[PlainMetrics]
    timing: Timing
    held_out_groups: HeldOutGroups | UnsetType = UNSET


# --- generation -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExportResult:
    """The result of writing the network as a ``.tflite``.

    Attributes:
        bytes: the size of the file.
        largest_logit_difference: from the network that it was made of.
    """

    bytes: Count
    largest_logit_difference: Measure


@dataclass(frozen=True)
class GenerationSpeed:
    """How fast names were generated.

    Attributes:
        first_seconds: the first time, which compiles.
        seconds: median of the next ones.
        names_per_second: of the next ones.
    """

    first_seconds: Measure
    seconds: Measure
    names_per_second: Measure


@dataclass(frozen=True)
class GenerationFigures(NameFigures, GenerationSpeed):
    """Names generated by one algorithm: how fast, and what they are like."""


@dataclass(frozen=True)
class GenerationResult:
    """The result of generating names with one model.

    Attributes:
        start_up_seconds: from the start of the process to a model that is loaded.
        peak_memory_mib: the most that the process held; None where the system does not say.
        algorithms: the names by each algorithm that the model has.
        quiet: whether something else ran; missing in documents of the first edition.
    """

    start_up_seconds: Measure
    peak_memory_mib: Measure | None
    algorithms: dict[Algorithm, GenerationFigures]
    quiet: Quiet | UnsetType = UNSET


Result = ListFacts | ReferenceResult | TrainingResult | TimingResult | ExportResult | GenerationResult

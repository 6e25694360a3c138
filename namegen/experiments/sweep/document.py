"""The document of a sweep's ``results.json``, and what came of a run; ``docs/use/sweep.md`` explains each field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap
from typing import Literal, TypeAlias

from namegen.documents import UNSET, Json, Measure, UnsetType, from_plain
from namegen.errors import quote
from namegen.experiments.kept import Reader
from namegen.experiments.machine import EngineCode
from namegen.experiments.trained import PlainMetrics, TrainingSummary
from namegen.settings_toml import Config

FORMAT: Literal["namegen sweep"] = "namegen sweep"
FORMAT_VERSION: Literal[2] = 2
DONE: Literal["done"] = "done"
DIVERGED: Literal["diverged"] = "diverged"
UNAVAILABLE: Literal["unavailable"] = "unavailable"
FAILED: Literal["failed"] = "failed"


@dataclass(frozen=True)
class PartFigures:
    """The same figures of two parts of the list."""

    training: PlainMetrics
    held_out: PlainMetrics


@dataclass(frozen=True)
class HeldOut:
    """What the figures of the held-out part stand beside.

    Attributes:
        names, characters: the size of the part.
        seen_percent: of its names, those that stand in the training part too.
        ceiling: the part itself as a model.
        baseline: the n-gram that was fitted on what the network reads.
        baseline_order: of that n-gram.
    """

    names: int
    characters: int
    seen_percent: float
    ceiling: PlainMetrics
    baseline: PlainMetrics
    baseline_order: int


@dataclass(frozen=True)
class RunTiming:
    """How long a run took, beside others.

    Attributes:
        seconds: inside training and validation, all epochs.
        seconds_per_epoch: inside training, median of the epochs after the first.
        chars_per_second: inside training; None where the run was too short to tell.
        whole_seconds: with everything around it.
    """

    seconds: Measure
    seconds_per_epoch: Measure
    chars_per_second: Measure | None
    whole_seconds: Measure


@dataclass(frozen=True)
class TrainedHead:
    """How the document of a trained run begins.

    Attributes:
        machine, versions: where it was trained, and with what.
    """

    status: Literal["done"]
    machine: Mapping[str, Json]
    versions: Mapping[str, str | None]


@dataclass(frozen=True)
class Trained(TrainingSummary, TrainedHead):
    """A run that is done.

    Attributes:
        figures: of the best epoch.
        held_out: what those of the held-out part stand beside.
        timing: how long it took.
    """

    figures: PartFigures
    held_out: HeldOut
    timing: RunTiming


@dataclass(frozen=True)
class Untrained:
    """A run without a network: its loss went astray, its engine is not there, or it failed.

    Attributes:
        why: one sentence.
        machine, versions: as of a trained one; missing where no worker came as far as to tell them.
    """

    status: Literal["diverged", "unavailable", "failed"]
    why: str
    machine: Mapping[str, Json] | UnsetType = UNSET
    versions: Mapping[str, str | None] | UnsetType = UNSET


RunOutcome: TypeAlias = Trained | Untrained


@dataclass(frozen=True)
class RunJob:
    """What a child is given.

    Attributes:
        config: all settings.
        source: what the list is called.
        names: the list.
        held_out: what the figures stand beside, where another run of the same split has found it: fitting the n-gram
            takes longer than many a run.
    """

    config: Config
    source: str
    names: tuple[str, ...]
    held_out: HeldOut | None


KEPT_RUNS, MODEL_SUFFIX = "runs", ".safetensors"


@dataclass(frozen=True)
class EndedRun:
    """What has come of a run.

    Attributes:
        name: of its files, without an ending.
        outcome: its figures, or why there are none.
        commit: of the checkout that the sweep ran from; None for an installed namegen.
    """

    name: str
    outcome: RunOutcome
    commit: str | None

    @property
    def model(self) -> str | None:
        """Its network, from the folder of the sweep; None without one."""
        return f"{KEPT_RUNS}/{self.name}{MODEL_SUFFIX}" if isinstance(self.outcome, Trained) else None


def read_run_outcome(plain: Mapping[str, object]) -> RunOutcome:
    """An outcome from plain values.

    Raises:
        ValueError: it has another form.
    """
    return from_plain(Trained, plain) if plain.get("status") == DONE else from_plain(Untrained, plain)


# --- results.json -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunIdentity:
    """Which run it is.

    Attributes:
        run: its key.
        list: what the list is called.
        backend, seed: engine and seed.
        settings: the value of each axis, by dotted path.
        model: its network, from the folder of the file; None without one.
    """

    run: str
    list: str
    backend: str
    seed: int
    settings: Mapping[str, Json]
    model: str | None


@dataclass(frozen=True)
class TrainedRun(Trained, RunIdentity):
    """A run that is done: which it is, what came of it, and the commit of the checkout that the sweep ran from."""

    commit: str | None


@dataclass(frozen=True)
class UntrainedRun(Untrained, RunIdentity):
    """A run without a network: which it is, why, and the commit of the checkout that the sweep ran from."""

    commit: str | None = None


Run: TypeAlias = TrainedRun | UntrainedRun


@dataclass(frozen=True)
class ResultsHead:
    """How a sweep's document begins: all before its runs, which are of two kinds and so are read one by one.

    Attributes:
        axes: dotted path of a setting → its values.
        base: the settings beside the grid.
        left: how many runs are still to be made.
        plots: the files of the plots, one a list.
        engine_codes: of each engine a hash of its code, and the versions of what it needs, on the machine that the
            sweep ran from.
    """

    format: Literal["namegen sweep"]
    format_version: Literal[2]
    axes: Mapping[str, tuple[Json, ...]]
    base: Config
    left: int
    plots: tuple[str, ...]
    engine_codes: Mapping[str, EngineCode]


@dataclass(frozen=True)
class Results(ResultsHead):
    """All that has come of a sweep; ``runs`` are those that have ended, in the order of the grid."""

    runs: tuple[Run, ...]


def results_from_plain(plain: Mapping[str, object]) -> Results:
    """The document of a sweep from plain values. Raises ValueError: it has another form, or does not fit together."""
    runs = plain.get("runs")
    if not isinstance(runs, list):
        raise ValueError("Expected `array` - at `$.runs`")
    head = from_plain(ResultsHead, {key: value for key, value in plain.items() if key != "runs"})
    results = Results(**vars(head), runs=tuple(starmap(_run, enumerate(runs))))
    _check_together(results)
    return results


SWEEPS: dict[str, Reader] = {FORMAT: (FORMAT_VERSION, "sweep", results_from_plain)}


def _run(place: int, plain: object) -> Run:
    """A run of either kind, told apart by its status."""
    done = isinstance(plain, dict) and plain.get("status") == DONE
    try:
        return from_plain(TrainedRun, plain) if done else from_plain(UntrainedRun, plain)
    except ValueError as error:
        raise ValueError(f"{error} of `$.runs[{place}]`") from None


def _check_together(results: Results) -> None:
    """Raise ValueError for runs that are sound one by one and that no sweep leaves together."""
    counts = Counter((run.run, run.list) for run in results.runs)
    twice = next((run for (run, _), count in counts.items() if count > 1), None)
    if twice is not None:
        raise ValueError(f"the run {quote(twice)} stands twice")
    for run in results.runs:
        if set(run.settings) != set(results.axes):
            raise ValueError(f"the run {quote(run.run)} has other settings than the axes of the sweep")
        if isinstance(run, TrainedRun):
            lengths = {len(column) for column in vars(run.history).values()}
            if len(lengths) > 1:
                raise ValueError(f"the columns of the history of the run {quote(run.run)} have different lengths")

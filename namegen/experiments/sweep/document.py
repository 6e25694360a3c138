"""Define the content of a sweep's ``results.json``, and the job and the outcome of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from namegen.core.settings import Config
from namegen.documents import Json, Measure
from namegen.experiments.machine import EngineCode, Machine
from namegen.experiments.trained import PlainMetrics, TrainingSummary

FORMAT: Literal["namegen sweep"] = "namegen sweep"
FORMAT_VERSION: Literal[4] = 4
MODEL_SUFFIX = ".safetensors"

Status: TypeAlias = Literal["done", "diverged", "unavailable", "failed"]


@dataclass(frozen=True)
class PartFigures:
    """The metrics of a network after its best epoch."""

    training: PlainMetrics
    """The metrics on the training names."""
    held_out: PlainMetrics
    """The metrics on the held-out names."""


@dataclass(frozen=True)
class HeldOut:
    """The held-out names, and the references for metrics on them."""

    names: int
    """The number of held-out names."""
    characters: int
    """The number of their characters."""
    seen_percent: float
    """The percentage of held-out names that are also training names."""
    ceiling: PlainMetrics
    """The best possible metrics, which are reached by using the held-out names themselves as a model."""
    baseline: PlainMetrics
    """The metrics of the n-gram baseline, fitted on the network's training data."""
    baseline_order: int
    """The order of the n-gram baseline."""


@dataclass(frozen=True)
class Trained(TrainingSummary):
    """The network of a finished run."""

    figures: PartFigures
    """Its metrics after the best epoch."""
    held_out: HeldOut
    """The references for the metrics on the held-out names."""
    seconds: Measure
    """The time for training and validating all epochs. Other runs may have been running at the same time."""
    chars_per_second: Measure | None
    """The training speed, or None if the run was too short to measure it."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    status: Status
    """A run is "diverged" if its loss became infinite, and "unavailable" if its backend isn't installed."""
    why: str
    """A sentence that explains the status, or "" if the run is done."""
    machine: Machine | None
    """The machine that trained the network, or None if the worker died before it could report."""
    versions: Mapping[str, str | None]
    """The versions of the libraries; empty if the worker died before it could report."""
    trained: Trained | None
    """The network, or None if the run isn't done."""

    @property
    def done(self) -> Trained:
        """The results of a finished run.

        Raises:
            ValueError: the run isn't finished.
        """
        if self.trained is None:
            raise ValueError(f"the run is {self.status}")
        return self.trained


@dataclass(frozen=True)
class RunJob:
    """The input of a child process."""

    config: Config
    """All settings."""
    source: str
    """The name of the list."""
    names: tuple[str, ...]
    """The list."""
    held_out: HeldOut | None
    """The references, if another run with the same split has computed them. Fitting the n-gram baseline is slow."""


@dataclass(frozen=True)
class Run(Outcome):
    """A run that has ended, with its outcome."""

    run: str
    """Its key."""
    list: str
    """The name of its list."""
    backend: str
    """The backend that trained it."""
    seed: int
    """Its seed."""
    settings: Mapping[str, Json]
    """The values of the axes, by dotted path."""
    model: str | None
    """Its model file, relative to ``results.json``, or None if the run isn't done."""
    commit: str | None
    """The commit of the checkout that trained the network, or None for an installed namegen."""


@dataclass(frozen=True)
class Results:
    """The content of ``results.json``."""

    format: Literal["namegen sweep"]
    """The type of the file."""
    format_version: Literal[4]
    """The version of the format."""
    axes: Mapping[str, tuple[Json, ...]]
    """The values of the varied settings, by dotted path."""
    base: Config
    """The settings outside the grid."""
    left: int
    """The number of runs that haven't ended."""
    plots: tuple[str, ...]
    """The file names of the plots, one per list."""
    engine_codes: Mapping[str, EngineCode]
    """The code of each backend and the versions of its libraries, on the machine that ran the sweep."""
    runs: tuple[Run, ...]
    """The runs that have ended, in the order of the grid."""

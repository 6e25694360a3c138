"""The document of a sweep's ``results.json``, and what came of a run; each class explains its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from namegen.documents import Json, Measure
from namegen.experiments.machine import EngineCode, Machine
from namegen.experiments.trained import PlainMetrics, TrainingSummary
from namegen.settings_toml import Config

FORMAT: Literal["namegen sweep"] = "namegen sweep"
FORMAT_VERSION: Literal[4] = 4
MODEL_SUFFIX = ".safetensors"


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
class Trained(TrainingSummary):
    """The network of a run.

    Attributes:
        figures: of the best epoch.
        held_out: what those of the held-out part stand beside.
        seconds: inside training and validation, all epochs, beside other runs.
        chars_per_second: inside training; None where the run was too short to tell.
    """

    figures: PartFigures
    held_out: HeldOut
    seconds: Measure
    chars_per_second: Measure | None


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        status: done; or its loss went astray, its engine is not there, or it failed.
        why: one sentence; empty for one that is done.
        machine, versions: where it was made, and with what; None and empty where no worker came as far as to tell.
        trained: its network; None for one that is not done.
    """

    status: Literal["done", "diverged", "unavailable", "failed"]
    why: str
    machine: Machine | None
    versions: Mapping[str, str | None]
    trained: Trained | None

    @property
    def done(self) -> Trained:
        """The network of a run that is done. Raises ValueError for another one."""
        if self.trained is None:
            raise ValueError(f"the run is {self.status}")
        return self.trained


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


@dataclass(frozen=True)
class Run(Outcome):
    """A run that has ended: what came of it, and which it is.

    Attributes:
        run: its key.
        list: what the list is called.
        backend, seed: engine and seed.
        settings: the value of each axis, by dotted path.
        model: its network, from the folder of the file; None without one.
        commit: of the checkout that the sweep ran from; None for an installed namegen.
    """

    run: str
    list: str
    backend: str
    seed: int
    settings: Mapping[str, Json]
    model: str | None
    commit: str | None


@dataclass(frozen=True)
class Results:
    """All that has come of a sweep.

    Attributes:
        format, format_version: what the file is.
        axes: dotted path of a setting → its values.
        base: the settings beside the grid.
        left: how many runs are still to be made.
        plots: the files of the plots, one a list.
        engine_codes: of each engine a hash of its code, and the versions of what it needs, on the machine that the
            sweep ran from.
        runs: those that have ended, in the order of the grid.
    """

    format: Literal["namegen sweep"]
    format_version: Literal[4]
    axes: Mapping[str, tuple[Json, ...]]
    base: Config
    left: int
    plots: tuple[str, ...]
    engine_codes: Mapping[str, EngineCode]
    runs: tuple[Run, ...]

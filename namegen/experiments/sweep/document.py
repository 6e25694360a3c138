"""The document of a sweep's ``results.json``; ``docs/use/sweep.md`` explains each field to its readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from namegen.config import Config
from namegen.documents import UNSET, Json, UnsetType
from namegen.experiments.engine_code import EngineCode
from namegen.experiments.sweep.exchange import Trained, Untrained


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
    """

    format: Literal["namegen sweep"]
    format_version: Literal[1]
    axes: Mapping[str, tuple[Json, ...]]
    base: Config
    left: int
    plots: tuple[str, ...]


@dataclass(frozen=True)
class Results(ResultsHead):
    """All that has come of a sweep.

    Attributes:
        runs: those that have ended, in the order of the grid.
        engine_codes: of each engine a hash of its code, and the versions of what it needs, on the machine that the
            sweep ran from.
    """

    runs: tuple[Run, ...]
    engine_codes: Mapping[str, EngineCode] | UnsetType = UNSET

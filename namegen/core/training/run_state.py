"""SavedState: the state file of a training run, all that is needed to go on as if there had been no pause.

Tensors: the engine's own state by canonical name, the best parameters so far as ``best.{parameter}``, and the probe of
the parameters. The document: where the run stands, and its identity: what must be the same when it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from namegen.core.network.checkpoint import PROBE, read_tensors, write_tensors
from namegen.core.training.history import EpochRecord
from namegen.core.training.progress import BestEpoch, TrainingProgress
from namegen.documents import LARGEST_RECORD, UNSET, Count, Json, Measure, Size, UnsetType, from_plain, to_plain
from namegen.errors import CheckpointError, quote
from namegen.types import Array, Float32

BEST_PREFIX = "best."


@dataclass(frozen=True)
class BestDocument:
    """Which epoch was the best; its parameters are tensors."""

    epoch: Size
    value: float


@dataclass(frozen=True)
class IdentityDocument:
    """What must be the same when a run goes on."""

    list: str
    list_name: str
    network: Mapping[str, Json]
    training: Mapping[str, Json]
    data: Mapping[str, Json]
    teaching: Mapping[str, Json] | UnsetType = UNSET


@dataclass(frozen=True)
class StateDocument:
    """What the file's JSON holds, beside the version and the checksum; see ``TrainingProgress``."""

    kind: Literal["training state"]
    epoch: Count
    step: Count
    loss_sum: float
    characters: Count
    seconds: Measure
    training_seconds: Measure
    history: tuple[EpochRecord, ...]
    best: BestDocument | None
    identity: Mapping[str, Json]
    engine: str


@dataclass(frozen=True, eq=False)
class SavedState:
    """Where a training was left.

    Attributes:
        engine_state: what ``Engine.get_state`` gave.
        progress: where the run stands.
        identity: plain values by name: the list's fingerprint, the network, the settings.
        engine: which one saved it.
        probe: what it computed (``core/evaluation/evaluator.py``); None: nothing can be checked.
    """

    engine_state: Mapping[str, Array]
    progress: TrainingProgress
    identity: Mapping[str, Json]
    engine: str
    probe: Float32[Array, "2 V"] | None

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        progress, best = self.progress, self.progress.best
        tensors = dict(self.engine_state)
        if best is not None:
            tensors |= {BEST_PREFIX + name: values for name, values in best.parameters.items()}
        if self.probe is not None:
            tensors[PROBE] = self.probe
        document = StateDocument(
            kind="training state",
            epoch=progress.epoch,
            step=progress.step,
            loss_sum=progress.loss_sum,
            characters=progress.characters,
            seconds=progress.seconds,
            training_seconds=progress.training_seconds,
            history=tuple(progress.history),
            best=None if best is None else BestDocument(best.epoch, best.value),
            identity=self.identity,
            engine=self.engine,
        )
        write_tensors(path, tensors, to_plain(document), largest=LARGEST_RECORD)

    @classmethod
    def load(cls, path: Path) -> SavedState:
        """The way back. Raises CheckpointError."""
        tensors, plain = read_tensors(path, largest=LARGEST_RECORD)
        if plain.get("kind") != "training state":
            raise CheckpointError(
                f"{path} holds a {quote(str(plain.get('kind')))}: expected the state of a training run"
            )
        found = tensors.pop(PROBE, None)
        try:
            document = from_plain(StateDocument, plain)
            from_plain(IdentityDocument, document.identity)
            _check_together(document, found)
        except ValueError as error:
            raise CheckpointError(
                f"{path} does not hold what a training state has ({error}): take another copy of it"
            ) from error
        parameters = {
            name.removeprefix(BEST_PREFIX): tensors.pop(name) for name in list(tensors) if name.startswith(BEST_PREFIX)
        }
        best = document.best
        progress = TrainingProgress(
            epoch=document.epoch,
            step=document.step,
            loss_sum=document.loss_sum,
            characters=document.characters,
            seconds=document.seconds,
            training_seconds=document.training_seconds,
            history=list(document.history),
            best=None if best is None else BestEpoch(best.epoch, best.value, parameters),
        )
        return cls(tensors, progress, document.identity, document.engine, found)


def _check_together(document: StateDocument, probe: Array | None) -> None:
    """Raise ValueError for values that are sound one by one and no training leaves together."""
    epochs = [record.epoch for record in document.history]
    if len(epochs) != document.epoch or epochs != list(range(1, len(epochs) + 1)):
        raise ValueError(f"the history has {len(epochs)} records that are not of the epochs 1 to {document.epoch}")
    if (document.best is None) != (document.epoch == 0):
        raise ValueError("there is a best epoch after the first one, and none before")
    if document.best is not None and document.best.epoch > document.epoch:
        raise ValueError(f"the best epoch is {document.best.epoch} of {document.epoch}")
    if (document.step == 0) != (document.characters == 0):
        raise ValueError(f"{document.step} steps have read {document.characters} characters")
    if probe is not None and (probe.dtype != np.float32 or probe.ndim != 2 or len(probe) != 2):
        raise ValueError(f"{PROBE} is not two rows of logits")

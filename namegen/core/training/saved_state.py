"""The state of a run, saved in ``state.safetensors``: everything that resuming needs.

The file has these tensors:

- the engine's state, by canonical name
- the best parameters so far, as ``best.{parameter}``
- the self-test logits (``probe``), which show whether another engine computes the same

Its JSON document (``StateDocument``) has the progress of the run, and the identity: what must be the same when the run
is resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.training.progress import BestEpoch, EpochRecord, TrainingProgress
from namegen.documents import LARGEST_RECORD, Count, Json, Measure, Size, from_plain, to_plain
from namegen.errors import CheckpointError, quote
from namegen.types import Array, Float32

KIND = "training state"
BEST_PREFIX = "best."
PROBE = "probe"


@dataclass(frozen=True)
class BestDocument:
    """The best epoch so far. Its parameters are tensors."""

    epoch: Size
    value: float


@dataclass(frozen=True)
class Identity:
    """What must be the same when a run is resumed."""

    list: str  # the fingerprint
    list_name: str  # may change, as the file may be moved
    network: Mapping[str, Json]
    training: Mapping[str, Json]  # settings
    data: Mapping[str, Json]  # settings


@dataclass(frozen=True)
class StateDocument:
    """The JSON document of a state. See ``TrainingProgress`` for the fields that it also has."""

    epoch: Count
    step: Count
    loss_sum: float
    characters: Count
    seconds: Measure
    training_seconds: Measure
    history: tuple[EpochRecord, ...]
    best: BestDocument | None
    identity: Identity
    engine: str  # the backend that saved the state

    @classmethod
    def of(cls, state: SavedState) -> StateDocument:
        """Collect what a state's document contains."""
        progress = state.progress
        best = progress.best
        return cls(
            epoch=progress.epoch,
            step=progress.step,
            loss_sum=progress.loss_sum,
            characters=progress.characters,
            seconds=progress.seconds,
            training_seconds=progress.training_seconds,
            history=tuple(progress.history),
            best=None if best is None else BestDocument(best.epoch, best.value),
            identity=state.identity,
            engine=state.engine,
        )

    def progress(self, best_parameters: Mapping[str, Array]) -> TrainingProgress:
        """Restore the progress of the run.

        Args:
            best_parameters: The parameters of the best epoch; empty if there's none.
        """
        return TrainingProgress(
            epoch=self.epoch,
            step=self.step,
            loss_sum=self.loss_sum,
            characters=self.characters,
            seconds=self.seconds,
            training_seconds=self.training_seconds,
            history=list(self.history),
            best=self._best_epoch(best_parameters),
        )

    def _best_epoch(self, parameters: Mapping[str, Array]) -> BestEpoch | None:
        """Restore the best epoch; None if no epoch is finished."""
        if self.best is None:
            return None
        return BestEpoch(self.best.epoch, self.best.value, parameters)


@dataclass(frozen=True, eq=False)
class SavedState:
    """The state of a run at some step."""

    engine_state: Mapping[str, Array]  # what ``Engine.get_state`` returned
    progress: TrainingProgress
    identity: Identity
    engine: str  # the backend that saved the state
    # What that backend computes with the state (``core/checkpoint/self_test.py``); None if nothing can be checked.
    probe: Float32[Array, "2 V"] | None

    def save(self, path: Path) -> None:
        """Write the file, completely or not at all.

        Raises:
            OutputError: The file can't be written.
        """
        document = {"kind": KIND, **to_plain(StateDocument.of(self))}
        write_tensors(path, self._tensors(), document, largest=LARGEST_RECORD)

    def _tensors(self) -> dict[str, Array]:
        """Collect the tensors of the file, by name."""
        tensors = dict(self.engine_state)
        best = self.progress.best
        if best is not None:
            for name, values in best.parameters.items():
                tensors[BEST_PREFIX + name] = values
        if self.probe is not None:
            tensors[PROBE] = self.probe
        return tensors

    @classmethod
    def load(cls, path: Path) -> SavedState:
        """Read a file that ``save`` wrote.

        Raises:
            CheckpointError: The file is missing, damaged, or not the state of a run.
        """
        tensors, plain = read_tensors(path, largest=LARGEST_RECORD)
        probe = tensors.pop(PROBE, None)
        document = _read_document(plain, probe, path)
        best_parameters = _pop_best_parameters(tensors)
        return cls(
            engine_state=tensors,
            progress=document.progress(best_parameters),
            identity=document.identity,
            engine=document.engine,
            probe=probe,
        )


def _read_document(plain: dict[str, Json], probe: Array | None, path: Path) -> StateDocument:
    """Read a state's JSON document.

    Raises:
        CheckpointError: It isn't the document of a state, or its values are wrong.
    """
    kind = plain.pop("kind", None)
    if kind != KIND:
        raise CheckpointError(
            f"{path} contains a {quote(str(kind))}: expected the state of a training run"
        )
    try:
        document = from_plain(StateDocument, plain)
        _check_document(document)
        _check_probe(probe)
    except ValueError as error:
        raise CheckpointError(
            f"{path} is not a valid state of a training run ({error}): use another copy of it"
        ) from error
    return document


def _check_document(document: StateDocument) -> None:
    """Raise ValueError for values that are valid one by one, but contradict each other."""
    _check_history(document)
    _check_progress(document)


def _pop_best_parameters(tensors: dict[str, Array]) -> dict[str, Array]:
    """Remove the best parameters from a file's tensors, and return them by canonical name."""
    names = [name for name in tensors if name.startswith(BEST_PREFIX)]
    return {name.removeprefix(BEST_PREFIX): tensors.pop(name) for name in names}


def _check_history(document: StateDocument) -> None:
    """Raise ValueError if the history doesn't have one record per finished epoch."""
    epochs = [record.epoch for record in document.history]
    is_complete = len(epochs) == document.epoch  # first, as an epoch from a forged file may be huge
    if not is_complete or epochs != list(range(1, len(epochs) + 1)):
        raise ValueError(
            f"the history has {len(epochs)} records, which are not for the epochs 1 to {document.epoch}"
        )


def _check_progress(document: StateDocument) -> None:
    """Raise ValueError if the best epoch or the current step contradicts the number of finished epochs."""
    has_best = document.best is not None
    if has_best != (document.epoch > 0):
        raise ValueError("there is a best epoch after the first epoch, and none before it")
    if document.best is not None and document.best.epoch > document.epoch:
        raise ValueError(f"the best epoch is {document.best.epoch} of {document.epoch}")
    if (document.step == 0) != (document.characters == 0):
        raise ValueError(f"{document.characters} characters were read in {document.step} steps")


def _check_probe(probe: Array | None) -> None:
    """Raise ValueError if the self-test logits don't have the right type and shape."""
    if probe is not None and (probe.dtype != np.float32 or probe.ndim != 2 or len(probe) != 2):
        raise ValueError(f"{PROBE} is not two rows of logits")

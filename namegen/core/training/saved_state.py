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

    def check(self) -> None:
        """Raise ValueError for values that are valid one by one, but contradict each other."""
        epochs = [record.epoch for record in self.history]
        is_complete = len(epochs) == self.epoch  # first, as an epoch from a forged file may be huge
        if not is_complete or epochs != list(range(1, len(epochs) + 1)):
            raise ValueError(
                f"the history has {len(epochs)} records, which are not for the epochs 1 to {self.epoch}"
            )
        if (self.best is not None) != (self.epoch > 0):
            raise ValueError("there is a best epoch after the first epoch, and none before it")
        if self.best is not None and self.best.epoch > self.epoch:
            raise ValueError(f"the best epoch is {self.best.epoch} of {self.epoch}")
        if (self.step == 0) != (self.characters == 0):
            raise ValueError(f"{self.characters} characters were read in {self.step} steps")


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
        progress = self.progress
        tensors = dict(self.engine_state)
        best = None
        if progress.best is not None:
            best = BestDocument(progress.best.epoch, progress.best.value)
            for name, values in progress.best.parameters.items():
                tensors[BEST_PREFIX + name] = values
        if self.probe is not None:
            tensors[PROBE] = self.probe
        values_of_progress = {**vars(progress), "history": tuple(progress.history), "best": best}
        document = StateDocument(**values_of_progress, identity=self.identity, engine=self.engine)
        write_tensors(path, tensors, {"kind": KIND, **to_plain(document)}, largest=LARGEST_RECORD)

    @classmethod
    def load(cls, path: Path) -> SavedState:
        """Read a file that ``save`` wrote.

        Raises:
            CheckpointError: The file is missing, damaged, or not the state of a run.
        """
        tensors, plain = read_tensors(path, largest=LARGEST_RECORD)
        kind = plain.pop("kind", None)
        if kind != KIND:
            raise CheckpointError(
                f"{path} contains a {quote(str(kind))}: expected the state of a training run"
            )
        probe = tensors.pop(PROBE, None)
        try:
            document = from_plain(StateDocument, plain)
            document.check()
            if probe is not None and (probe.dtype != np.float32 or probe.shape[:-1] != (2,)):
                raise ValueError(f"{PROBE} is not two rows of logits")
        except ValueError as error:
            raise CheckpointError(
                f"{path} is not a valid state of a training run ({error}): use another copy of it"
            ) from error
        engine_state: dict[str, Array] = {}
        best_parameters: dict[str, Array] = {}
        for name, values in tensors.items():
            if name.startswith(BEST_PREFIX):
                best_parameters[name.removeprefix(BEST_PREFIX)] = values
            else:
                engine_state[name] = values
        best = document.best
        progress = TrainingProgress(
            epoch=document.epoch,
            step=document.step,
            loss_sum=document.loss_sum,
            characters=document.characters,
            seconds=document.seconds,
            training_seconds=document.training_seconds,
            history=list(document.history),
            best=None if best is None else BestEpoch(best.epoch, best.value, best_parameters),
        )
        return cls(engine_state, progress, document.identity, document.engine, probe)

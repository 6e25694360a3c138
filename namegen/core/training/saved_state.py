"""The state of a run, saved in ``state.safetensors``: everything that resuming needs.

The file has these tensors:

- the engine's state, by canonical name
- the best parameters so far, as ``best.{parameter}``
- the self-test logits (``probe``), which show whether another engine computes the same

Its JSON document has the fields of ``TrainingProgress``, the backend's name (``engine``), and the identity: what must
be the same when the run is resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from namegen.core.checkpoint.tensor_file import read_tensors, write_tensors
from namegen.core.training.progress import TrainingProgress
from namegen.documents import LARGEST_RECORD, Json, from_plain, to_plain
from namegen.errors import CheckpointError, quote
from namegen.types import Array, Float32

KIND = "training state"
BEST_PREFIX = "best."
PROBE = "probe"


@dataclass(frozen=True)
class Identity:
    """What must be the same when a run is resumed."""

    list: str  # the fingerprint
    list_name: str  # may change, as the file may be moved
    network: Mapping[str, Json]
    training: Mapping[str, Json]  # settings
    data: Mapping[str, Json]  # settings


@dataclass(frozen=True, eq=False)
class SavedState:
    """The state of a run at some step."""

    engine_state: Mapping[str, Array]  # what ``Engine.get_state`` returned
    best_parameters: Mapping[
        str, Array
    ]  # of the best epoch so far; empty before the first one ends
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
        tensors = dict(self.engine_state)
        for name, values in self.best_parameters.items():
            tensors[BEST_PREFIX + name] = values
        if self.probe is not None:
            tensors[PROBE] = self.probe
        plain = {
            "kind": KIND,
            **to_plain(self.progress),
            "identity": to_plain(self.identity),
            "engine": self.engine,
        }
        write_tensors(path, tensors, plain, largest=LARGEST_RECORD)

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
            engine = from_plain(str, plain.pop("engine", None))
            identity = from_plain(Identity, plain.pop("identity", None))
            progress = from_plain(TrainingProgress, plain)
            if len(progress.history) != progress.epoch or progress.best_epoch > progress.epoch:
                raise ValueError(
                    f"the history doesn't have a record for each of {progress.epoch} epochs"
                )
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
        return cls(engine_state, best_parameters, progress, identity, engine, probe)

"""The state file of a training run: all that is needed to go on as if there had been no pause.

Tensors: the engine's own state by canonical name, and the best parameters so far as ``best.{parameter}``. The document:
where the run stands, and its identity: what must be the same when it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from namegen.core.network.tensor_file import read_tensors, write_tensors
from namegen.core.training.history import EpochRecord
from namegen.core.training.progress import BestEpoch, TrainingProgress
from namegen.errors import CheckpointError
from namegen.types import Array

BEST_PREFIX = "best."
PLACE = (
    "epoch",
    "step",
    "loss_sum",
    "characters",
    "seconds",
    "training_seconds",
)  # fields of TrainingProgress that are numbers


def save_state(
    path: Path, engine_state: Mapping[str, Array], progress: TrainingProgress, identity: Mapping[str, Any]
) -> None:
    """Write the state, whole or not at all. Raises OutputError.

    Args:
        path: ``state.safetensors``.
        engine_state: what ``Engine.get_state`` gives.
        progress: where the run stands.
        identity: plain values by name: the list's fingerprint, the network, the settings.
    """
    best = progress.best
    tensors = dict(engine_state)
    if best is not None:
        tensors |= {BEST_PREFIX + name: values for name, values in best.parameters.items()}
    document = {
        "kind": "training state",
        **{name: getattr(progress, name) for name in PLACE},
        "history": [record.to_dict() for record in progress.history],
        "best": None if best is None else {"epoch": best.epoch, "value": best.value},
        "identity": dict(identity),
    }
    write_tensors(path, tensors, document)


def load_state(path: Path) -> tuple[dict[str, Array], TrainingProgress, dict[str, Any]]:
    """The way back: the engine's state, where the run stands, its identity. Raises CheckpointError."""
    tensors, document = read_tensors(path)
    if document.get("kind") != "training state":
        raise CheckpointError(f"{path} holds a {document.get('kind')}: expected the state of a training run")
    best = {name.removeprefix(BEST_PREFIX): tensors.pop(name) for name in list(tensors) if name.startswith(BEST_PREFIX)}
    try:
        progress = TrainingProgress(
            **{name: document[name] for name in PLACE},
            history=[EpochRecord.from_dict(record) for record in document["history"]],
            best=None if document["best"] is None else BestEpoch(**document["best"], parameters=best),
        )
        return tensors, progress, dict(document["identity"])
    except (KeyError, TypeError) as error:
        raise CheckpointError(f"{path} does not hold what a training state has: take another copy of it") from error

"""From what somebody calls a model to its file."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path

from namegen.core.training.file_names import MODEL_FILE
from namegen.errors import CheckpointError
from namegen.escaping import quote
from namegen.models import SHIPPED, shipped_path

RUNS = Path("runs")  # where the command line keeps its trainings
DEFAULT_MODEL = "mlb-first"


def find_model(model: str | None) -> tuple[str, Path]:
    """What a MODEL argument stands for: a run folder, a checkpoint, a ``.tflite``, or a shipped model's name.

    A shipped model's name means that model even where a file or a folder has it too: give ``./companies`` for those.

    Args:
        model: None takes the newest run under ``runs/``, else the shipped ``mlb-first``.

    Returns:
        How to call it, and its file.

    Raises:
        CheckpointError: there is no such model; the message says what there is.
    """
    if model is None:
        runs = sorted(RUNS.glob(f"*/{MODEL_FILE}"), key=lambda path: path.stat().st_mtime_ns)
        return (str(runs[-1].parent), runs[-1]) if runs else (DEFAULT_MODEL, shipped_path(DEFAULT_MODEL))
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(
            "the name of the model is empty: give a run folder, a .safetensors or .tflite file, or one of "
            f"{', '.join(SHIPPED)}"
        )
    path = Path(model)
    if os.path.isdir(model):
        if not os.access(model, os.X_OK):
            raise CheckpointError(f"cannot look into the folder {model}: allow it, or give another model")
        if not (path / MODEL_FILE).is_file():
            raise CheckpointError(
                f"the folder {model} holds no {MODEL_FILE}: give a run folder of namegen train, after its first epoch"
            )
        return model, path / MODEL_FILE
    if os.path.exists(model):  # False for what no path can be
        return model, path
    close = get_close_matches(model.lower(), SHIPPED, n=1, cutoff=0.6) if len(model) < 100 else []
    raise CheckpointError(
        f"there is no model {quote(model, 200)}: {f'did you mean {close[0]}? Expected' if close else 'expected'} a run "
        f"folder, a .safetensors or .tflite file, or one of {', '.join(SHIPPED)}"
    )

"""From what somebody calls a model to its file."""

from __future__ import annotations

import stat
from pathlib import Path

from namegen.core.training.file_names import MODEL_FILE
from namegen.errors import CheckpointError, nearest, quote
from namegen.files import is_file, is_folder, look
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
        CheckpointError: there is no such model, and the message says what there is; or it may not be looked at.
    """
    if model is None:
        newest = _newest_run()
        return (str(newest.parent), newest) if newest else (DEFAULT_MODEL, shipped_path(DEFAULT_MODEL))
    if model in SHIPPED:
        return model, shipped_path(model)
    if not model:
        raise CheckpointError(
            "the name of the model is empty: give a run folder, a .safetensors or .tflite file, or one of "
            f"{', '.join(SHIPPED)}"
        )
    path = Path(model)
    if is_folder(path, CheckpointError):
        if not is_file(path / MODEL_FILE, CheckpointError):
            raise CheckpointError(
                f"the folder {model} has no {MODEL_FILE}: give a run folder of `namegen train`, after its first epoch"
            )
        return model, path / MODEL_FILE
    found = look(path, CheckpointError)
    if found is not None:
        if stat.S_ISREG(found.st_mode) or stat.S_ISFIFO(found.st_mode):
            return model, path
        raise CheckpointError(f"{quote(model, 200)} is a device, not a file: give a run folder or a model file")
    runs = {path.parent.name: str(path.parent) for path in RUNS.glob(f"*/{MODEL_FILE}")}
    near = nearest(model, [*SHIPPED, *sorted(runs)])
    near = near and runs.get(near, near)
    raise CheckpointError(
        f"there is no model {quote(model, 200)}: {f'did you mean {near}? Expected' if near else 'expected'} a run "
        f"folder, a .safetensors or .tflite file, or one of {', '.join(SHIPPED)}"
    )


def _newest_run() -> Path | None:
    """The model under ``runs/`` that was written last, of those that can be looked at."""
    found = [(path, look(path, None)) for path in RUNS.glob(f"*/{MODEL_FILE}")]
    times = {path: facts.st_mtime_ns for path, facts in found if facts is not None}
    return max(times, key=lambda path: times[path], default=None)

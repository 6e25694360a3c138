"""What the attacks on folders share: that every file of a run folder opens, and which of them wait for `make harm`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from namegen.config import read_run_config
from namegen.core.network.checkpoint import read_tensors
from namegen.core.training.history import COLUMNS
from namegen.core.training.run_folder import RunFolder, read_model
from tests.harm.effort import tries

PNG_END = b"IEND\xaeB`\x82"

# A sweep of two networks, its epochs to be filled in.
GRID = """
[data]
names = "names.txt"
validation = 0.2
[network]
hidden = [4]
[training]
batch_size = 16
epochs = {epochs}
[grid]
training.learning_rate = [0.01, 0.001]
"""


def every_file_opens(folder: Path) -> None:
    """Assert that whatever lies in a run folder under its own name is whole."""
    if not folder.exists():
        return
    for name in {path.name for path in folder.iterdir() if not path.name.endswith(".part")}:
        path = folder / name
        match name:
            case "config.toml":
                read_run_config(path)
            case "names.txt":
                assert path.read_text(encoding="utf-8").endswith("\n")
            case "history.csv":
                with path.open(encoding="utf-8", newline="") as stream:
                    assert all(len(row) == len(COLUMNS) for row in csv.reader(stream))
            case "state.safetensors":
                RunFolder(folder).load_state()
            case "model.safetensors":
                read_model(path)
            case "known_names.safetensors":
                read_tensors(path)
            case "history.png":
                assert path.read_bytes().endswith(PNG_END)
            case _:
                raise AssertionError(f"{name} is no file of a run folder")


def tries_or_skip(*, landing: int = 1, hour: int = 1) -> int:
    """As ``tries``; none in ``make test``, as what starts several programs takes seconds."""
    attempts = tries(few=0, landing=landing, hour=hour)
    if not attempts:
        pytest.skip("it takes seconds: `make harm` runs it, or `make fuzz`")
    return attempts

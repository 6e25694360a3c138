"""Valid files that the tests change: two small runs and their models. Also a check that all files of a run open."""

from __future__ import annotations

import csv
import tempfile
from functools import cache
from pathlib import Path

import pytest

from namegen.api.training import train
from namegen.core.checkpoint.checkpoint import read_model
from namegen.core.checkpoint.tensor_file import read_tensors
from namegen.core.data.corpus import Corpus
from namegen.core.generation import search
from namegen.core.training import MODEL_FILE
from namegen.core.training.progress import COLUMNS
from namegen.core.training.run_folder import RunFolder
from namegen.settings_toml import parse_config, read_config

NAMES = (
    "Anna",
    "Aino",
    "Aada",
    "Bo",
    "Börje",
    "Åsa",
    "O'Neil",
    "Ann",
    "Anni",
    "Nina",
    "Nana",
    "Jon",
    "Jona",
) * 3
LABELS = (
    "Finnish",
    "Danish",
    "Danish",
    "Finnish",
    "Danish",
    "Danish",
    "Irish",
    *["Danish"] * 6,
) * 3
# A sweep of two runs. Fill in the number of epochs.
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


@cache
def run_folder(*, labelled: bool = True) -> Path:
    """Train a small network for two epochs, and return the folder with model, history, state, config and list."""
    folder = Path(tempfile.mkdtemp(prefix="namegen-harm-")) / "run"
    settings = {
        "network": {"hidden": [4], "cell": "gru" if labelled else "simple_rnn"},
        "training": {"quick": True, "epochs": 2, "batch_size": 8, "lr_schedule": "constant"},
        "data": {
            "name_type": "plain" if labelled else "company",
            "split": "by-row",
            "validation": 0.2,
        },
        "run": {"plot": False},
    }
    corpus = Corpus.from_names(NAMES, labels=LABELS if labelled else None)
    train(corpus, config=parse_config(settings), out=folder)
    return folder


def model_file(*, labelled: bool) -> Path:
    """Return a model with everything that a model can contain.

    This includes labels, known names, n-grams, score rules, quantiles and self-test logits. With ``labelled=False``,
    the model has no labels, but it ignores company suffixes.
    """
    return run_folder(labelled=labelled) / MODEL_FILE


def end_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a search that finds almost no names stop earlier than usual."""
    monkeypatch.setattr(
        search, "UNFILTERED", search.Effort(draws_per_name=2_000, draws_in_vain=2_000)
    )
    monkeypatch.setattr(
        search,
        "FILTERED",
        search.Effort(draws_per_name=250, draws_in_vain=2_000, largest_round=1_000),
    )
    monkeypatch.setattr(search, "DRAWS_FOR_CANDIDATES", 1_000)
    monkeypatch.setattr(search, "MAX_PREFIXES_BY_ARRIVAL", 20_000)


def every_file_opens(folder: Path) -> None:
    """Assert that every file in a run folder is complete, except for temporary files."""
    if not folder.exists():
        return
    for path in folder.iterdir():
        match path.name:
            case "config.toml":
                read_config(path)
            case "names.csv":
                assert path.read_text(encoding="utf-8").endswith("\n")
            case "history.csv":
                with path.open(encoding="utf-8", newline="") as stream:
                    assert all(len(row) == len(COLUMNS) for row in csv.reader(stream))
            case "state.safetensors":
                RunFolder(folder).load_state()
            case "model.safetensors":
                read_model(path)
            case "model.known_names.safetensors":
                read_tensors(path)
            case "history.png":
                assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
            case name:
                assert name.endswith(".part"), f"{name} is no file of a run folder"

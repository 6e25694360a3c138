"""Sound files to forge from: small models, and the run that made one of them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from namegen.api.training import train
from namegen.config import parse_config
from namegen.core.data.corpus import Corpus
from namegen.core.training.file_names import MODEL_FILE

NAMES = ("Anna", "Aino", "Aada", "Bo", "Börje", "Åsa", "O'Neil", "Ann", "Anni", "Nina", "Nana", "Jon", "Jona") * 3
LABELS = ("Finnish", "Danish", "Finnish", "Danish", "Danish", "Danish", "Irish", *["Danish"] * 6) * 3


@cache
def run_folder() -> Path:
    """A training that has gone two epochs: model, history, state, config and list."""
    return _trained(labelled=True)


@cache
def _trained(*, labelled: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="namegen-harm-")) / "run"
    settings = {
        "network": {"hidden": [4], "cell": "gru" if labelled else "simple_rnn"},
        "training": {"effort": "quick", "epochs": 2, "batch_size": 8, "schedule": "constant"},
        "data": {"sameness": "names" if labelled else "companies", "split": "names", "validation": 0.2},
        "run": {"plot": False},
    }
    corpus = Corpus.from_names(NAMES, labels=LABELS if labelled else None)
    train(corpus, config=parse_config(settings), out=folder)
    return folder


def model_file(*, labelled: bool) -> Path:
    """A model with all that one may carry: labels, known names, quantiles, a probe, a drawing temperature; the other
    one without labels, and with endings that do not count.
    """
    return _trained(labelled=labelled) / MODEL_FILE


def copy_of_run(to: Path) -> Path:
    """The run folder once more, for an attempt to spoil."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(run_folder(), to)
    return to

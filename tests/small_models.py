"""Small replacements for the built-in models. They use the same lists, and take only a moment to train."""

from __future__ import annotations

import fcntl
import hashlib
import tempfile
from functools import cache
from itertools import compress
from pathlib import Path

import namegen
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.data.corpus import Corpus
from namegen.core.training.preparation import prepare
from namegen.core.training.trainer import Trainer
from namegen.lists import load_bundled
from namegen.settings_toml import parse_config

NAMES_OF_MODELS = (
    "mlb-first",
    "mlb-last",
    "companies",
    "world-given",
    "world-family",
    "world-places",
    "taverns",
)
SOME_LABELS = ("Estonian", "Finnish", "Italian", "Swahili", "Italy", "Nigeria", "Poland")


@cache
def small_models() -> Path:
    """Return a folder of models with the names of the built-in models. Each is trained on all names of its list.

    The folder is shared by all processes that test the same version of namegen.
    """
    version = hashlib.sha256()
    for path in sorted(Path(namegen.__file__).parent.rglob("*.*")):
        if path.suffix in (".py", ".txt"):  # the program and its lists
            version.update(path.read_bytes())
    folder = Path(tempfile.gettempdir()) / f"namegen-models-{version.hexdigest()[:16]}"
    with open(f"{folder}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process trains, and all others wait
        if not folder.is_dir():
            unfinished = Path(tempfile.mkdtemp(prefix="namegen-models-"))
            for name in NAMES_OF_MODELS:
                _train(name).save(unfinished / f"{name}.safetensors")
            unfinished.rename(folder)
    return folder


def _train(name: str) -> Checkpoint:
    # One epoch of the few taverns is a single update, after which the case of hardly any name is right.
    epochs = 60 if name == "taverns" else 1
    settings = {
        "network": {"hidden": [24]},
        "training": {"quick": True, "epochs": epochs, "batch_size": 256},
        "data": {"names": name, "validation": 0.0},
    }
    recipe = parse_config(settings).recipe
    prepared = prepare(some_of(load_bundled(name)), recipe, NumpyEngine, for_use=True)
    return Trainer(prepared).run().checkpoint


def some_of(corpus: Corpus) -> Corpus:
    """Return only the names of a few labels, if the list has labels. Only the given names include Swahili."""
    if not corpus.labels:
        return corpus
    chosen = [label.split(",")[0] in SOME_LABELS for label in corpus.labels]
    names = tuple(compress(corpus.names, chosen))
    labels = tuple(compress(corpus.labels, chosen))
    return Corpus(names, corpus.source, labels=labels)

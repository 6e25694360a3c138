"""The models of ``benchmarks.labels``: how a list is split, trained on and stored in ``build/labels``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from benchmarks.quality_page import SPLIT_SEED
from namegen import api
from namegen.core.data.corpus import Corpus
from namegen.lists import load_bundled
from namegen.settings_toml import Config, merge

FOLDER = Path("build") / "labels"
ALL_LABELS = ""  # instead of a label: the shared model
SETTINGS: dict[str, object] = {
    "data.validation": 0.1,
    "data.test": 0.3,
    "data.split_seed": SPLIT_SEED,
    "network.base_model": "none",  # the base models were trained on names of the test set
    "run.threads": 1,
    "run.plot": False,
}


class LabelledName(NamedTuple):
    """A name and its label."""

    name: str
    label: str


def load_list(list_name: str) -> Corpus:
    """Load a built-in list, labelled by origin."""
    return load_bundled(list_name, labels="origin")


def split_list(corpus: Corpus) -> tuple[Corpus, Corpus, Corpus]:
    """Split a list into a training set, a validation set and a test set."""
    return corpus.split(merge(Config(), SETTINGS).data, seed=0)


def find_test_names(corpus: Corpus) -> list[LabelledName]:
    """Return each name of the test set once with each of its labels, in the order of the list."""
    _, _, test = split_list(corpus)
    names = set(test.names)
    pairs = dict.fromkeys(zip(corpus.names, corpus.labels, strict=True))
    return [LabelledName(name, label) for name, label in pairs if name in names]


def ensure_model(list_name: str, label: str, seed: int) -> api.LoadedModel:
    """Load the model of a label, or the shared model. Train it first if it isn't stored yet."""
    title = f"{list_name} {label or 'all'} {seed}".lower()
    letters = [letter if letter.isalnum() else "-" for letter in title]
    path = FOLDER / f"{''.join(letters)}.safetensors"
    if not path.exists():
        _train_model(select_label(load_list(list_name), label), seed, path)
    return api.load(path)


def select_label(corpus: Corpus, label: str) -> Corpus:
    """Return the names with a label as a list without labels, or the whole list for ``ALL_LABELS``."""
    if label == ALL_LABELS:
        return corpus
    pairs = zip(corpus.names, corpus.labels, strict=True)
    names = tuple(name for name, name_label in pairs if name_label == label)
    return Corpus(names, f"{corpus.source}, {label}")


def _train_model(corpus: Corpus, seed: int, path: Path) -> None:
    """Train a model with the default network, and store it."""
    config = merge(Config(), {**SETTINGS, "training.seed": seed})
    result = api.train(corpus, config=config)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    result.checkpoint.save(unfinished)
    os.replace(unfinished, path)
    print(f"{path.stem}: {result.seconds:.0f} s", flush=True)

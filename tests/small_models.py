"""Small models in place of those that come with the package: trained for a moment, on the same lists."""

from __future__ import annotations

import tempfile
from functools import cache
from itertools import compress
from pathlib import Path

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.data.corpus import Corpus
from namegen.core.training.preparation import prepare
from namegen.core.training.run import TrainingRun
from namegen.lists import load_bundled
from namegen.settings_toml import parse_config

SOME_LABELS = ("Estonian", "Finnish", "Italian", "Swahili", "Italy", "Nigeria", "Poland")


@cache
def small_models() -> Path:
    """A folder of models under the names of the shipped ones, each knowing the whole of its list."""
    folder = Path(tempfile.mkdtemp(prefix="namegen-models-"))
    for name in (
        "mlb-first",
        "mlb-last",
        "companies",
        "world-given",
        "world-family",
        "world-places",
        "taverns",
    ):
        settings = {
            "network": {"hidden": [24]},
            "training": {"quick": True, "epochs": 1, "batch_size": 256},
            "data": {"names": name, "validation": 0.0},
        }
        recipe = parse_config(settings).recipe
        prepared = prepare(some_of(load_bundled(name)), recipe, NumpyEngine, for_use=True)
        TrainingRun(prepared).run().checkpoint.save(folder / f"{name}.safetensors")
    return folder


def some_of(corpus: Corpus) -> Corpus:
    """Of a labelled list the names of a few labels, of which Swahili stands in the list of given names alone."""
    if not corpus.labels:
        return corpus
    chosen = [label.split(",")[0] in SOME_LABELS for label in corpus.labels]
    names, labels = (tuple(compress(values, chosen)) for values in (corpus.names, corpus.labels))
    return Corpus(names, corpus.source, labels=labels)

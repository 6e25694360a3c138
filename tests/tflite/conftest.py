"""One small trained network for each cell, exported once for each quantisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from namegen import api
from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.backends.tflite.export import export_tflite
from namegen.config import Config, merge
from namegen.core.data.corpus import Corpus
from namegen.core.data.prefix_tree import PrefixTree
from namegen.core.network.checkpoint import Checkpoint
from namegen.lists import load_bundled
from tests.requirements import require

CELLS = ("simple_rnn", "gru", "lstm")


def train(names: tuple[str, ...], **settings: object) -> Checkpoint:
    """A few epochs: enough for logits that are neither flat nor those of a random network."""
    changed = {f"network.{name}": value for name, value in settings.items()}
    config = merge(
        Config(),
        {
            "training.effort": "quick",
            "training.epochs": 4,
            "training.batch_size": 32,
            "data.validation": 0.0,
            **changed,
        },
    )
    return api.train(Corpus(names, source="a part of mlb-first"), config=config).checkpoint


@pytest.fixture(autouse=True)
def libraries() -> None:
    """What every test of this folder needs."""
    require("ai_edge_litert")


@pytest.fixture(scope="session")
def names() -> tuple[str, ...]:
    return load_bundled("mlb-first").names[:3000]


@pytest.fixture(scope="session")
def checkpoint(names: tuple[str, ...]) -> Callable[[str], Checkpoint]:
    """By cell; layers of two widths, so that one cannot be taken for the other."""
    made: dict[str, Checkpoint] = {}

    def of(cell: str) -> Checkpoint:
        if cell not in made:
            made[cell] = train(names, cell=cell, hidden=(32, 24))
        return made[cell]

    return of


@pytest.fixture(scope="session")
def exported(checkpoint: Callable[[str], Checkpoint], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The file, by cell and quantisation."""
    folder = tmp_path_factory.mktemp("exported")

    def of(cell: str = "simple_rnn", quantize: str = "none") -> Path:
        path = folder / f"{cell}-{quantize}.tflite"
        if not path.exists():
            export_tflite(checkpoint(cell), path, quantize=quantize)
        return path

    return of


def engine_of(checkpoint: Checkpoint, dtype: str = "float32") -> NumpyEngine:
    """The same network in the engine that files are held against."""
    engine = NumpyEngine(checkpoint.network, None, threads=1, dtype=dtype)
    engine.set_state(checkpoint.parameters)
    return engine


def logits_of(model: object, tree: PrefixTree) -> np.ndarray:
    """The logits at every node, read one depth after the other."""
    state, found = model.initial_state(tree.roots), []
    for depth in range(tree.depth):
        rows = slice(tree.level[depth], tree.level[depth + 1])
        if depth:
            state = model.select(state, tree.parent[rows] - tree.level[depth - 1])
        logits, state = model.step(tree.token[rows], state)
        found.append(logits)
    return np.concatenate(found)  # (N, V)

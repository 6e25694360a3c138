"""Check that a third-party cell can be trained and exported after it's declared once."""

from __future__ import annotations

import importlib.metadata
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from namegen import backends
from namegen.backends.opening import logits_of
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.data.batching import BatchMaker
from namegen.core.engine import Step
from namegen.core.models import all_log_probabilities
from namegen.core.network.architecture import parameters_of
from namegen.core.settings import TrainingSettings
from namegen.testing import NAMES, VOCABULARY
from namegen.testing.comparisons import expect_same
from namegen.testing.material import small_steps
from namegen.web.description import PageModel
from namegen.web.export import write_module
from tests import own_cells
from tests.own_cells import ENGINES, NETWORKS, OWN_CELLS
from tests.requirements import require
from tests.web.running import in_node

TEXTS = ["Almabo", "OmarBi", "BoLilA"]
TOKENS = np.array([[0, *VOCABULARY.encode(text)] for text in TEXTS], np.int32)
NODE = """({ load }, json, texts) => {
    const of = (next) => Object.fromEntries(next.map((one) => [one.character, Math.log(one.probability)]));
    const prefixes = (text) => Array.from({ length: text.length + 1 }, (_, k) => text.slice(0, k));
    return texts.map((text) => prefixes(text).map((prefix) => of(load(json).next(prefix))));
}"""
own = pytest.mark.parametrize("cell", OWN_CELLS)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the engines of the cells, as a third-party package would."""
    group = backends.ENTRY_POINT_GROUP
    points = [
        importlib.metadata.EntryPoint(name, f"tests.own_cells:{name}", group) for name in ENGINES
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    for name, engine in ENGINES.items():
        monkeypatch.setattr(own_cells, name, engine, raising=False)


@cache
def trained(cell: str) -> tuple[Checkpoint, np.ndarray]:
    """Train a network with two layers for 30 steps, and return its checkpoint and logits."""
    network = NETWORKS[cell](VOCABULARY.size, hidden=(8, 6))
    engine = ENGINES[cell](network, TrainingSettings(), threads=1)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    (batch,) = BatchMaker.from_names(NAMES, VOCABULARY).epoch(0, batch_size=100, seed=0)
    losses = engine.train_epoch(Step(batch, 0.02) for _ in range(30)).loss_sum
    assert losses[-1] < 0.8 * losses[0]
    carried = {"engine": cell, "probe": self_test_logits(engine, 0), "longest_name": 9}
    return Checkpoint(
        network=network,
        vocabulary=VOCABULARY,
        parameters=parameters_of(engine.get_state()),
        **carried,
    ), logits_of(engine, TOKENS)


@own
def test_own_cells_can_be_exported_to_javascript(cell: str, tmp_path: Path) -> None:
    """The JavaScript module computes the same probabilities as the engine."""
    checkpoint, logits = trained(cell)
    write_module([PageModel("own", checkpoint)], tmp_path / "names.mjs")
    found = [
        [[row[one] for one in ("", *VOCABULARY.characters)] for row in rows]
        for rows in in_node(tmp_path)(NODE, TEXTS)
    ]
    np.testing.assert_allclose(
        found,
        all_log_probabilities(logits.reshape(-1, VOCABULARY.size)).reshape(logits.shape),
        atol=1e-5,
    )


@own
def test_own_cells_can_be_exported_to_tflite(cell: str, tmp_path: Path) -> None:
    require("ai_edge_litert")
    from namegen.backends.tflite.export import export_tflite
    from namegen.backends.tflite.runtime import TFLiteModel

    checkpoint, logits = trained(cell)
    export_tflite(checkpoint, tmp_path / "own.tflite")
    model = TFLiteModel((tmp_path / "own.tflite").read_bytes())
    np.testing.assert_allclose(logits_of(model, TOKENS), logits, atol=1e-5)


@pytest.mark.parametrize(
    "cell",
    [pytest.param(cell, marks=() if cell == "indrnn" else pytest.mark.slow) for cell in OWN_CELLS],
)
def test_keras_and_numpy_train_own_cells_alike(cell: str) -> None:
    require("tensorflow")
    from namegen.backends.keras_engine.engine import KerasEngine

    network = NETWORKS[cell](VOCABULARY.size, hidden=(4, 3), labels=2)
    keras_engine = type(
        "Engine", (KerasEngine,), {"architectures": (NETWORKS[cell],), "cells": frozenset()}
    )
    states = []
    for engine_class in (ENGINES[cell], keras_engine):
        engine = engine_class(network, TrainingSettings(), threads=1, dtype="float64")
        engine.set_state(network.initial_parameters("normal", rng=np.random.default_rng(1)))
        engine.train_epoch(small_steps(5))
        states.append(engine.get_state())
    expect_same(states[1], states[0], "after 5 steps", 1e-9)

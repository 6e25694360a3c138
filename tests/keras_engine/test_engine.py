"""Test what is specific to the Keras engine: compilation, padding, error messages and silent loading."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from namegen.api.training import open_base_model
from namegen.backends import load_engine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.optimizers import OPTIMIZERS
from namegen.core.settings import Recipe, TrainingSettings
from namegen.core.training.preparation import prepare
from namegen.errors import EngineError
from namegen.lists import load_bundled
from tests.lion import LION
from tests.reading import assert_same_state
from tests.requirements import require


@pytest.fixture(autouse=True)
def _keras() -> None:
    require("keras", "tensorflow")


@pytest.fixture(scope="module")
def mlb_last() -> BatchMaker:
    names = load_bundled("mlb-last")
    return BatchMaker.from_names(names.names, names.vocabulary)


def make(vocabulary_size: int, *, dtype: str = "float32", **settings: Any) -> Any:
    network = RecurrentNetwork(vocabulary_size, hidden=(6, 5))
    engine = load_engine("keras")(network, TrainingSettings(**settings), threads=1, dtype=dtype)
    engine.set_state(network.initial_parameters("glorot", rng=np.random.default_rng(0)))
    return engine


def steps(
    batches: BatchMaker, epoch: int = 0, batch_size: int = 512, count: int | None = None
) -> Iterator[Step]:
    return (
        Step(batch, 0.01)
        for batch in islice(batches.epoch(epoch, batch_size=batch_size, seed=0), count)
    )


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a new process without the user's TensorFlow and Keras environment variables."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("TF_", "KERAS_"))
    }
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**kept, **environment}
    )


@pytest.mark.slow
def test_three_epochs_compile_once(mlb_last: BatchMaker) -> None:
    """All batches of a real list use the same compiled program, including the smaller last batch of each epoch.

    Much larger batches need one more compilation.
    """
    # No other test uses this clip_norm, so nothing has been compiled for it yet.
    engine = make(int(mlb_last.tree.edge_token.max()) + 1, clip_norm=7.0)
    compilations = engine.model.program.compiled.experimental_get_tracing_count
    assert compilations() == 0
    engine.warm_up(next(steps(mlb_last)))
    for epoch in range(3):
        engine.train_epoch(steps(mlb_last, epoch))
        engine.step(np.zeros(epoch + 3, np.int32), engine.initial_state(epoch + 3))
    assert compilations() == 1
    assert engine.model.step.experimental_get_tracing_count() == 1
    for epoch in range(2):
        engine.train_epoch(steps(mlb_last, epoch, batch_size=12000, count=2))
    assert compilations() == 2


def test_a_later_similar_engine_reuses_compiled_code() -> None:
    """An engine resets and reuses the model of a deleted engine. Engines that exist at the same time share nothing."""
    engine, other = make(5), make(5)
    assert engine.model is not other.model
    engine.set_state({name: values + 1 for name, values in engine.get_state().items()})
    compiled = engine.model
    del engine, other
    network = RecurrentNetwork(5, hidden=(6, 5))
    engines = [
        load_engine("keras")(network, TrainingSettings(learning_rate=0.5, seed=3), threads=1)
        for _ in range(2)
    ]
    assert compiled in [engine.model for engine in engines]
    for engine in engines:
        assert not any(values.any() for values in engine.get_state().values())


@pytest.mark.slow
def test_the_engine_is_silent_and_changes_nothing_global() -> None:
    """Loading, compiling, training and inference print nothing, and don't change Keras's dtypes or random states."""
    done = run(
        """
import random
import numpy as np
from namegen.backends import load_engine
from namegen.core.data.batching import BatchMaker
from namegen.core.data.vocabulary import Vocabulary
from namegen.core.engine import Step
from namegen.core.network.architecture import RecurrentNetwork
from namegen.core.settings import TrainingSettings
batches = BatchMaker.from_names(("Al", "Bo"), Vocabulary.from_names(("Al", "Bo")))
engine_class = load_engine("keras")
import keras
def state():
    types = keras.config.floatx(), keras.config.dtype_policy().name
    return random.getstate(), np.random.get_state()[1].tolist(), types
before = state()
engine = engine_class(RecurrentNetwork(5, hidden=(2,)), TrainingSettings(), threads=1, dtype="float64")
engine.train_epoch(Step(batch, 0.1) for batch in batches.epoch(0, batch_size=2, seed=0))
logits, _ = engine.step(np.zeros(2, np.int32), engine.initial_state(2))
print(logits.dtype, state() == before)
"""
    )
    assert (done.stdout, done.stderr, done.returncode) == ("float64 True\n", "", 0)


@pytest.mark.parametrize(
    ("before", "environment", "said"),
    [
        ("", {"KERAS_BACKEND": "jax"}, "start again with KERAS_BACKEND=tensorflow False"),
        (
            "import sys; sys.modules['tensorflow'] = None",
            {},
            "needs tensorflow, which is not installed",
        ),
    ],
)
def test_keras_without_its_tensorflow_backend_is_rejected(
    before: str, environment: dict[str, str], said: str
) -> None:
    """The error is one line. Keras isn't imported if it's configured for another backend."""
    program = """
import sys
from namegen.backends import load_engine
from namegen.errors import EngineError
try:
    load_engine("keras")
except EngineError as error:
    print(error, "keras" in sys.modules)
"""
    done = run(before + program, **environment)
    assert said in done.stdout
    assert done.stdout.count("\n") == 1


def test_optimizers_that_keras_lacks_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "lion", LION)
    with pytest.raises(EngineError, match="keras has no optimizer 'lion': use the backend numpy"):
        make(4, optimizer="lion")


def test_fine_tuning_starts_from_the_same_parameters_as_numpy() -> None:
    names = Corpus.from_names(
        [start + end for start in ("Al", "Bern", "Car", "Dor") for end in ("a", "o", "is", "e")]
    )
    states = [
        prepare(
            names, Recipe(), load_engine(name), open_base_model=open_base_model
        ).engine.get_state()
        for name in ("numpy", "keras")
    ]
    assert_same_state(*states)

"""Compute logits with the NumPy engine, and compare the states of engines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from namegen.backends.numpy_engine.engine import NumpyEngine
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.engine import LanguageModel


def engine_of(checkpoint: Checkpoint, dtype: str = "float32") -> NumpyEngine:
    """Return a model's network in the NumPy engine, the reference for all other programs."""
    engine = NumpyEngine(checkpoint.network, None, threads=1, dtype=dtype)
    engine.set_state(checkpoint.parameters)
    return engine


def logits_behind(model: LanguageModel, tokens: Iterable[int]) -> np.ndarray:
    """Return the logits after each token of one row, (T, V)."""
    state = model.initial_state(1)
    rows = []
    for token in tokens:
        logits, state = model.step(np.array([token], np.int32), state)
        rows.append(logits[0])
    return np.stack(rows)


def assert_same_state(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> None:
    """Check that two states are equal bit for bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)

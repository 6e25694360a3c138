"""A ``.tflite`` carries the probe of its source, and is refused where the runtime computes something else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.backends.tflite.contents import contents_of, to_bytes_of
from namegen.backends.tflite.export import export_tflite
from namegen.backends.tflite.runtime import TFLiteModel
from namegen.core.evaluation.evaluator import probe
from namegen.core.network.checkpoint import Checkpoint
from namegen.errors import CheckpointError
from tests.tflite.conftest import engine_of


@pytest.mark.parametrize(("quantize", "limit"), [("none", 1e-3), ("int8", 2e-2)])
def test_what_rounding_explains_and_no_more(
    quantize: str, limit: float, checkpoint: Callable[[str], Checkpoint], tmp_path: Path
) -> None:
    """The distance is measured from what the file gives, so that a quantised one is tried at its own limit."""
    source = checkpoint("gru")
    assert source.probe is not None
    given = probe(TFLiteModel(to_bytes_of(contents_of(source, quantize))), 0)
    for share, fits in ((0.7 * limit, True), (1.5 * limit, False)):
        other = given.copy()
        other[1, 1] += share * max(1.0, float(np.abs(given).max()))
        content = to_bytes_of(contents_of(replace(source, probe=other), quantize))
        if fits:
            TFLiteModel(content)
        else:
            with pytest.raises(CheckpointError, match="the LiteRT runtime here computes other values"):
                TFLiteModel(content, path="some.tflite")


def test_a_checkpoint_without_one_is_probed_as_it_is_exported(
    checkpoint: Callable[[str], Checkpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = replace(checkpoint("simple_rnn"), probe=None)
    export_tflite(source, tmp_path / "model.tflite", names=["Bob", "Anna"])
    seen: list[np.ndarray] = []
    monkeypatch.setattr(
        "namegen.backends.tflite.runtime.check_probe", lambda model, expected, *_, **__: seen.append(expected)
    )
    TFLiteModel.load(tmp_path / "model.tflite")
    np.testing.assert_allclose(seen[0], probe(engine_of(source), 0), rtol=1e-5, atol=1e-6)

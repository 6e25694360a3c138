"""Test that exporters reject a model if its cell has been modified in the NumPy engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen.backends.numpy_engine import cells
from namegen.backends.opening import check_export, logits_of
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.core.network.cells import CELLS
from namegen.errors import OutputError
from namegen.web.arithmetic import PageNetwork
from namegen.web.description import PageModel, describe
from namegen.web.export import write_page
from tests.labelled import labelled_checkpoint
from tests.reading import engine_of
from tests.requirements import require


def leaky(cell: cells.NumpyCell) -> cells.NumpyCell:
    """Return a modified cell whose output is 3% smaller."""

    class Leaky(type(cell)):  # type: ignore[misc]
        def forward(self, columns: Any, s: Any, before: Any, after: Any, kept: Any) -> None:
            super().forward(columns, s, before, after, kept)
            after[0] *= 0.97

    return Leaky()


CHANGED = {name: leaky(cell) for name, cell in cells.CELLS.items()}


def export_tflite(checkpoint: Checkpoint, folder: Path) -> None:
    require("ai_edge_litert")
    from namegen.backends.tflite.export import export_tflite

    export_tflite(checkpoint, folder / "model.tflite")


def export_keras(checkpoint: Checkpoint, folder: Path) -> None:
    require("tensorflow")
    from namegen.backends.keras_engine.export import STOCK, export_keras

    if checkpoint.network.cell_class not in STOCK:
        pytest.skip("stock Keras has no such cell")
    export_keras(checkpoint, folder / "model.keras")


def export_web(checkpoint: Checkpoint, folder: Path) -> None:
    write_page([PageModel("names", checkpoint)], folder / "page.html")


EXPORTERS: dict[str, Callable[..., None]] = {
    "a .tflite": export_tflite,
    "a .keras": export_keras,
    "a page": export_web,
}


def with_own_self_test(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint with self-test logits computed with the current cells of the NumPy engine."""
    engine = engine_of(checkpoint)
    return replace(checkpoint, probe=self_test_logits(engine, checkpoint.network.start_tokens[0]))


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("target", EXPORTERS)
def test_a_modified_cell_is_rejected(
    target: str, cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The self-test logits match because the modified cell computed them, but the exporter still rejects the model."""
    monkeypatch.setitem(cells.CELLS, cell, CHANGED[cell])
    source = with_own_self_test(labelled_checkpoint(cell, (12, 8)))
    for one in (source, replace(source, probe=None)):
        with pytest.raises(
            OutputError,
            match=f"would compute other values .* the cell '{cell}' .* has been changed",
        ):
            EXPORTERS[target](one, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cell", CELLS)
def test_a_web_page_computes_the_same_logits_as_the_engine(cell: str) -> None:
    checkpoint = labelled_checkpoint(cell, (12, 8))
    network = PageNetwork(describe("names", PageModel("names", checkpoint), ""), checkpoint.network)
    engine = engine_of(checkpoint, "float64")
    tokens = np.random.default_rng(1).integers(
        0, checkpoint.vocabulary.size + 2, (20, 9), dtype=np.int32
    )
    expected = logits_of(engine, tokens)
    assert expected.std() > 0.5
    np.testing.assert_allclose(logits_of(network, tokens), expected, rtol=0, atol=1e-12)


def test_exports_are_compared_after_every_start_token() -> None:
    """A difference of up to 0.1% of the largest logit counts as rounding."""
    checkpoint, seen = labelled_checkpoint(), []
    engine = engine_of(checkpoint)

    def compute(tokens: Any, by: float) -> Any:
        seen.append(tokens)
        logits = logits_of(engine, tokens)
        logits[3, 2, 1] += by * max(1.0, float(np.abs(logits).max()))
        return logits

    check_export(checkpoint, "names", "a page", partial(compute, by=5e-4))
    V = checkpoint.vocabulary.size
    assert seen[0][:, 0].tolist() == [V, V + 1] * 4
    assert ((seen[0][:, 1:] > 0) & (seen[0][:, 1:] < V)).all()
    for wrong in (2e-3, np.nan):
        with pytest.raises(OutputError, match="a page would compute other values for names"):
            check_export(checkpoint, "names", "a page", partial(compute, by=wrong))

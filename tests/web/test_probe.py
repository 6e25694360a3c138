"""The page computes a model's probe again, and draws no names where it computes something else."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from namegen.core.network.checkpoint import Checkpoint
from tests.web.conftest import Opener


def changed(page_file: Path, checkpoint: Checkpoint, share: float) -> str:
    """The page's text with one logit of a model's probe moved by a share of the largest."""
    assert checkpoint.probe is not None
    probe = checkpoint.probe.copy()
    probe[1, 2] += share * max(1.0, float(np.abs(probe).max()))
    before, after = (base64.b64encode(row.astype("<f4").tobytes()).decode() for row in (checkpoint.probe[1], probe[1]))
    text = page_file.read_text(encoding="utf-8")
    assert before in text
    return text.replace(before, after)


@pytest.mark.parametrize("cell", ["simple_rnn", "gru", "lstm"])
def test_names_come_where_it_fits(cell: str, page_file: Path, opened: Opener) -> None:
    page = opened(page_file, f"#model={cell}")
    assert page.evaluate("(name) => namegen.modelOf(name).sound", cell)
    assert page.locator("#names li").count() > 0


@pytest.mark.parametrize(("share", "fits"), [(5e-4, True), (2e-3, False)])
def test_more_than_a_thousandth_is_no_rounding(
    share: float, fits: bool, page_file: Path, checkpoints: dict[str, Checkpoint], opened: Opener, tmp_path: Path
) -> None:
    other = tmp_path / "other.html"
    other.write_text(changed(page_file, checkpoints["lstm"], share), encoding="utf-8")
    page = opened(other, "#model=lstm")
    page.locator("#names:not([aria-busy])").wait_for(state="attached")
    assert (page.locator("#names li").count() > 0) == fits
    message = page.locator("#message")
    assert message.is_visible() != fits
    if not fits:
        assert (
            "This page computes something else for lstm than the engine “numpy”, which trained it"
            in message.inner_text()
        )
    page.locator("#models input[value=gru]").check(force=True)
    assert page.locator("#names li").count() > 0

"""The page computes the self-test logits of a model again. If they differ, it doesn't generate names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.core.checkpoint.self_test import self_test_logits
from namegen.web.description import PageModel
from namegen.web.export import write_page
from tests.reading import engine_of
from tests.web.conftest import Opener, at_random


@pytest.mark.parametrize(("share", "fits"), [(0, True), (5e-4, True), (2e-3, False)])
def test_models_with_different_logits_are_rejected(
    share: float, fits: bool, opened: Opener, tmp_path: Path
) -> None:
    """Change one logit by a share of the largest one. The other model of the page still works."""
    models = {cell: at_random(cell, "abcdefg") for cell in ("lstm", "gru")}
    for cell, model in models.items():
        engine = engine_of(model)
        models[cell] = replace(model, probe=self_test_logits(engine, model.network.start_tokens[0]))
    out = tmp_path / "page.html"
    write_page([PageModel(cell, model) for cell, model in models.items()], out)
    rows = models["lstm"].probe
    moved = rows.copy()
    moved[1, 2] += share * max(1.0, float(np.abs(rows).max()))
    before, after = (bytes_to_text(one.tobytes()) for one in (rows, moved))
    assert before in out.read_text(encoding="utf-8")
    out.write_text(out.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    page = opened(out, "#model=lstm")
    page.locator("#names:not([aria-busy])").wait_for(state="attached")
    assert (
        (page.locator("#names li").count() > 0)
        == page.evaluate("namegen.modelOf('lstm').passesSelfTest")
        == fits
    )
    message = page.locator("#message")
    assert message.is_visible() != fits
    if not fits:
        assert (
            "This page can’t run “lstm”: it computes other values than the backend “numpy”"
            in message.inner_text()
        )
    page.locator("#models input[value=gru]").check(force=True)
    assert page.locator("#names li").count() > 0


@pytest.mark.parametrize(
    ("forged", "field"),
    [
        ('"engine":7', "engine"),
        ('"motor":"numpy"', "engine"),
        ('"more":1,"engine":"numpy"', "more"),
    ],
)
def test_pages_with_invalid_metadata_are_reported_as_damaged(
    forged: str, field: str, opened: Opener, tmp_path: Path
) -> None:
    """Test a field of the wrong type, a missing field and an unknown field."""
    out = tmp_path / "page.html"
    write_page([PageModel("gru", at_random("gru", "abcdefg"))], out)
    out.write_text(
        out.read_text(encoding="utf-8").replace('"engine":"numpy"', forged, 1), encoding="utf-8"
    )
    page = opened(out)
    assert (
        page.locator("#message").inner_text()
        == f"This page is damaged (its “{field}”). Export it again."
    )
    assert page.locator("#names li").count() == 0

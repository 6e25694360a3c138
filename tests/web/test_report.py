"""The report of ``compare-backends`` is accessible and readable on phones, on desktops and on paper."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from namegen.experiments.compare.document import Comparison, Training, Trouble
from namegen.experiments.compare.tables import write_report

from namegen.documents import from_plain
from tests.requirements import require
from tests.web.conftest import Opener

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "results.json"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PAPER = {"width": 690, "height": 1010}  # A4 without margins, in CSS pixels
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true; })"
SCROLLED = "document.querySelector('details .rows:not(.wide)')"
BOTTOMS = "[...document.querySelectorAll('.headline, .headline ~ p')].map((one) => one.getBoundingClientRect().bottom)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report about one list from the docs, with a Hebrew name and a failed run."""
    results = from_plain(Comparison, json.loads(RESULTS.read_text(encoding="utf-8")))
    entry = results.lists[0]
    first, *others = entry.generation
    drawn = {
        name: replace(one, duplicates=(("שלום", 9), *one.duplicates))
        for name, one in first.algorithms.items()
    }
    generation = (replace(first, algorithms=drawn), *others)
    named = replace(
        entry, name="שמות 1", generation=generation, trainings=tuple(map(begun, entry.trainings))
    )
    out = tmp_path_factory.mktemp("report")
    failed = (Trouble("LSTM 2×32, another", "it ended with the code -9"),)
    write_report(replace(results, lists=(named,), failed=failed), out / "report.html")
    return out / "report.html"


def begun(run: Training) -> Training:
    """Keep only the first epochs of a run, so that its plots have few points."""
    shorter = {name: column[:8] for name, column in vars(run.history).items()}
    return replace(run, history=replace(run.history, **shorter))


def edges(table: Any) -> tuple[float, float]:
    """Return the brightness of the left and right edges of a table, from 0 to 1, ignoring its text."""
    picture = imread(io.BytesIO(table.screenshot()))
    left, right = (float(np.quantile(picture[:, column, 0], 0.75)) for column in (1, -2))
    return left, right


def keeps_nobody_out(page: Any, size: dict[str, int]) -> None:
    """Unfold the page, and check its accessibility with axe-core. It mustn't be wider than the screen."""
    require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    page.evaluate(UNFOLD)
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"][:2]]) for v in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_the_report_supports_phones_paper_and_right_to_left_names(
    report: Path, opened: Opener
) -> None:
    page = opened(report, viewport=PHONE)
    assert page.evaluate(BOTTOMS)[3] <= PHONE["height"], (
        "the first screen has to show the headline, speed, quality and names"
    )
    keeps_nobody_out(page, PHONE)
    wide = page.locator(".wide").evaluate_all(
        "(all) => all.map((one) => one.scrollWidth - one.clientWidth)"
    )
    assert len(wide) > 4
    assert max(wide) <= 0, "wide tables have to show each value on its own line"
    # Other wide tables can be scrolled. A shadow indicates this, and the first column stays visible.
    table = page.locator("details .rows:not(.wide)").first
    table.scroll_into_view_if_needed()
    assert page.evaluate(f"{SCROLLED}.scrollWidth - {SCROLLED}.clientWidth") > 50
    begun = edges(table)
    table.focus()
    page.evaluate(f"{SCROLLED}.scrollLeft = 1e6")
    ended = edges(table)
    assert begun[1] < 0.9 < ended[1], (
        "the right edge has a shadow until the table is scrolled to its end"
    )
    first = f"{SCROLLED}.querySelector('tbody th')"
    assert page.evaluate(f"{first}.getBoundingClientRect().left") == pytest.approx(
        page.evaluate(f"{SCROLLED}.getBoundingClientRect().left"), abs=1
    )
    # On paper, everything is unfolded, colors are light, and nothing is cut off.
    page = opened(report, viewport=PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).getPropertyValue('--paper')") == "#ffffff"
    tables = page.evaluate(
        "[...document.querySelectorAll('table')].map((t) => [t.checkVisibility(), t.getBoundingClientRect().right])"
    )
    assert all(seen and right <= PAPER["width"] for seen, right in tables)
    assert (
        page.locator("svg").evaluate_all(
            "(all) => all.filter((svg) => svg.checkVisibility()).length"
        )
        == 6
    )
    for what in ("figure", "tr", "table"):
        assert (
            page.evaluate(
                "(what) => getComputedStyle(document.querySelector(what)).breakInside", what
            )
            == "avoid"
        )
    assert (
        page.evaluate("getComputedStyle(document.querySelector('thead')).display")
        == "table-header-group"
    )
    # Right-to-left names don't change the direction of the surrounding text.
    page = opened(report, viewport=DESKTOP)
    page.evaluate(UNFOLD)
    cell = page.locator("td", has_text="שלום").first
    assert cell.inner_text() == "שלום ×9"
    name, count = page.evaluate(
        """() => {
            const cells = [...document.querySelectorAll("td")];
            const cell = cells.find((one) => one.textContent.includes("שלום"));
            const place = (node) => {
                const range = document.createRange();
                range.selectNode(node);
                return range.getBoundingClientRect();
            };
            return [place(cell.firstChild).right, place(cell.lastChild).left];
        }"""
    )
    assert count >= name - 1, "the count is to the right of the name"

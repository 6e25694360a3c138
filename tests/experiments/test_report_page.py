"""The report is accessible and readable on phones, on desktops and on paper."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from namegen.experiments.document import write_report
from namegen.experiments.report import make_report
from namegen.experiments.rows import Results
from tests.requirements import require
from tests.web.conftest import Opener, browser, opened  # noqa: F401  # fixtures

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
PAPER = {"width": 690, "height": 1010}  # A4 without margins, in CSS pixels
HEBREW = "שלום"
HOSTILE = "</script><b>\x1b\u202e&{{7*7}}$|"


@pytest.fixture(scope="module")
def page_path(tmp_path_factory: pytest.TempPathFactory, published: Results) -> Path:
    """Write a report about the published rows of one list, with a Hebrew name and a failed job of a hostile backend."""
    rows = []
    for row in published.rows:
        if row.job.list == published.rows[0].job.list:
            job = msgspec.structs.replace(row.job, list=f"{HEBREW} 1")
            rows.append(msgspec.structs.replace(row, job=job))
    job = msgspec.structs.replace(rows[-1].job, backend=HOSTILE)
    failed = msgspec.structs.replace(
        rows[-1], job=job, status="failed", why=f"it ended {HOSTILE}", result=None
    )
    results = msgspec.structs.replace(published, rows=(*rows[:-1], failed))
    folder = tmp_path_factory.mktemp("report")
    write_report(make_report(results), folder)
    return folder / "report.html"


@pytest.mark.parametrize(
    ("size", "scheme", "background"),
    [(PHONE, "light", "rgb(255, 255, 255)"), (DESKTOP, "dark", "rgb(22, 24, 27)")],
)
def test_the_report_is_accessible_and_shows_its_plots(
    page_path: Path,
    opened: Opener,  # noqa: F811
    size: dict[str, int],
    scheme: str,
    background: str,
) -> None:
    require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    page = opened(page_path, viewport=size, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    violations = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:120]) for each in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == background
    widths = page.evaluate("[...document.images].map(one => one.complete && one.naturalWidth)")
    assert len(widths) == len(list(page_path.parent.glob("*.png")))
    assert min(widths) > 100


def test_the_printed_report_is_light_and_nothing_is_cut_off(
    page_path: Path,
    opened: Opener,  # noqa: F811
) -> None:
    page = opened(page_path, viewport=PAPER, color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    right_edges = page.evaluate(
        "[...document.querySelectorAll('table, img')].map(each => each.getBoundingClientRect().right)"
    )
    assert max(right_edges) <= PAPER["width"]
    assert page.evaluate("getComputedStyle(document.querySelector('tr')).breakInside") == "avoid"


def test_hostile_names_are_escaped(
    page_path: Path,
    opened: Opener,  # noqa: F811
) -> None:
    page = opened(page_path)
    assert page.evaluate("document.querySelectorAll('b, script').length") == 0
    shown = HOSTILE.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
    text = page.locator("body").inner_text()
    assert f"Failed ({shown})" in text
    assert f"it ended {shown}" in text

"""The report contains the measured numbers, and text from lists and backends can't change it."""

from __future__ import annotations

from pathlib import Path
from statistics import mean

import msgspec
import pytest

from namegen.experiments.document import Table, escaped
from namegen.experiments.report import (
    backend_table,
    held_out_table,
    make_report,
    names_table,
    quality_findings,
    speed_findings,
)
from namegen.experiments.rows import Results, Training
from namegen.experiments.summary import LOSS, lists_of
from tests.experiments.conftest import HOSTILE


def test_the_headline_has_the_ratio_of_each_network_with_its_interval(published: Results) -> None:
    """The median ratios of this comparison are 1.4 and 1.05."""
    headline = make_report(published).headline
    assert headline == " ".join(speed_findings(published))
    assert "SimpleRNN 2×32: numpy trains 1.43 (1.33 to 1.53) times as fast as keras." in headline
    assert make_report(published).warnings == []


def test_the_headline_of_a_quick_comparison_has_the_number_of_epochs(measured: Results) -> None:
    assert make_report(measured).headline.endswith("trained for only 2 epochs.")


def test_a_busy_machine_gets_a_note_and_still_a_ratio(published: Results) -> None:
    rows = [
        msgspec.structs.replace(row, result=msgspec.structs.replace(row.result, load=5.0))
        if isinstance(row.result, Training)
        else row
        for row in published.rows
    ]
    report = make_report(msgspec.structs.replace(published, rows=tuple(rows)))
    assert "times as fast" in report.headline
    assert "load average 5.0" in report.warnings[0]


def test_missing_results_are_listed_once_per_reason(published: Results) -> None:
    rows = [
        msgspec.structs.replace(row, status="unavailable", why=f"{HOSTILE} is missing", result=None)
        if row.job.backend == "keras"
        else row
        for row in published.rows
    ]
    report = make_report(msgspec.structs.replace(published, rows=tuple(rows), jobs_left=2))
    assert len(report.warnings) == 2
    assert report.warnings[0].startswith("Unavailable (keras): ")
    assert "2 jobs haven't run yet" in report.warnings[1]
    assert report.headline.startswith("mlb-first, by-row: the best network is SimpleRNN 2×128")


def test_tables_show_the_numbers_of_the_rows(published: Results) -> None:
    each = lists_of(published)[0]
    network = each.networks()["by-row"][0]
    table = held_out_table(each, "by-row")
    cells = table.cells[0]
    assert cells["loss (nats)"].startswith(f"{mean(network.values(LOSS)):.3f} (")
    assert cells["seeds"] == "3"
    assert [row[0] for row in table.rows[-2:]] == ["8-gram", "ceiling"]
    assert "91.0% of the held-out names" in table.note
    assert "held-out names" not in held_out_table(each, "by-name").note
    assert [row[:2] for row in backend_table(each).rows[:2]] == [
        ["SimpleRNN 2×32", "numpy"],
        ["SimpleRNN 2×32", "keras"],
    ]
    assert names_table(each).rows[-1][:3] == ["8-gram", "–", "84.8"]


def test_the_best_network_has_the_lowest_loss(published: Results) -> None:
    finding = quality_findings(published)[0]
    best = min(lists_of(published)[0].networks()["by-row"], key=lambda model: model.mean(LOSS))
    assert f"the best network is {best.name}, with a loss of 1.349 nats" in finding
    assert finding.endswith("(8-gram: 1.280, ceiling: 1.077).")


def test_hostile_names_are_escaped_everywhere(folder: Path) -> None:
    page = (folder / "report.html").read_text("utf-8")
    markdown = (folder / "report.md").read_text("utf-8")
    for text in (page, markdown):
        assert "<b>" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "u202e" in text
    assert "{{7*7}}" in page  # jinja2 didn't run it


def test_a_table_omits_empty_columns() -> None:
    table = Table("Lengths", [{"name": "Al", "x": "–"}, {"name": "Bob", "length": "3"}])
    assert table.columns == ["name", "length"]
    assert table.rows == [["Al", "–"], ["Bob", "3"]]


def test_markdown_shows_any_text_literally() -> None:
    table = Table("a|b", [{"x": "<i>", "y": "1_2"}], note="*n*")
    assert table.markdown() == (
        "**a\\|b**\n\n| x | y |\n| --- | ---: |\n| &#60;i&#62; | 1_2 |\n\n\\*n\\*"
    )


@pytest.mark.parametrize("text", ["a`b", "[x](y)", "\\", "**"])
def test_markdown_marks_are_escaped(text: str) -> None:
    assert escaped(text) != text

"""Several reports in one: read, told apart, put side by side."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.documents import to_plain
from namegen.errors import OutputError, ResultsError
from namegen.experiments.compare.document import Comparison
from namegen.experiments.joined import (
    Source,
    cautions,
    differences_table,
    read_sources,
    sources_table,
    tables_across,
    write_joined,
)
from namegen.experiments.machine import Machine
from namegen.experiments.sweep.document import Results
from tests.experiments.compare.conftest import comparison  # noqa: F401  # a fixture
from tests.experiments.sweep.made import results_of, some_run, trained_run

SLOW, FAST = trained_run(0.01, 0, 0.5), trained_run(0.03, 0, 0.75)


def sources(*results: Comparison | Results) -> list[Source]:
    return [Source("ABC"[place], "abc"[place], one) for place, one in enumerate(results)]


def written(folder: Path, results: Comparison | Results) -> str:
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(to_plain(results)), encoding="utf-8")
    return str(folder)


def elsewhere(results: Comparison) -> Comparison:
    """The same comparison on another machine, twice as slow, with another NumPy."""
    entries = []
    for entry in results.lists:
        runs = [
            replace(run, timing=replace(run.timing, seconds_per_epoch=2 * run.timing.seconds_per_epoch))
            for run in entry.trainings
        ]
        entries.append(replace(entry, trainings=tuple(runs)))
    versions = {**results.versions, "numpy": "9.9"}
    return replace(results, machine=Machine("abacus", 1, None, "none"), versions=versions, lists=tuple(entries))


def test_folders_and_files_are_read_in_their_order_each_once(tmp_path: Path, comparison: Comparison) -> None:  # noqa: F811
    first, second = written(tmp_path / "a", comparison), written(tmp_path / "b", results_of(SLOW, FAST))
    found = read_sources([first, second, f"{first}/results.json", f"{tmp_path}/b/../a"])
    assert sources_table(found).rows == (
        ("A", first, "comparison", "mlb-first, mlb-last"),
        ("B", second, "sweep", "list.txt"),
    )
    assert found[1].results == results_of(SLOW, FAST)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is damaged .Expecting"), ('{"format": "namegen sweep", "format_version": 3}', "is damaged .Object")],
)
def test_what_cannot_be_joined_is_told_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ResultsError, match=said):
        read_sources([str(tmp_path)])


def test_only_what_differs_stands_in_the_table(comparison: Comparison) -> None:  # noqa: F811
    both = sources(comparison, elsewhere(comparison))
    table = differences_table(both)
    assert [row[0] for row in table.rows] == ["processor", "cores", "memory_gib", "system", "numpy"]
    assert table.rows[0][2] == "abacus"
    assert cautions(both)[0] == "Compare times within a report, not between reports."
    alike = sources(comparison, comparison)
    assert (differences_table(alike).rows, len(cautions(alike)), cautions(alike[:1])) == ((), 1, [])


def test_a_list_stands_once_with_a_column_for_each_comparison(comparison: Comparison) -> None:  # noqa: F811
    slow = elsewhere(comparison)
    renamed = replace(slow, lists=(replace(slow.lists[0], name="first.txt"),))
    tables = list(tables_across(sources(comparison, results_of(SLOW, FAST), renamed)))
    assert all(table.title.startswith("mlb-first = first.txt, ") for table in tables), "the others stand in one report"
    first = next(table for table in tables if "held-out part, split names" in table.title)
    assert first.columns == ("what", "A", "C")
    assert [row[0] for row in first.rows][-2:] == ["n-gram", "ceiling"]
    assert first.references == 2
    assert all(row[1] == row[2] for row in first.rows), "the same figures, whatever the machine"
    [speed] = [table for table in tables if "seconds an epoch" in table.title]
    here, there = next(row[1:] for row in speed.rows if row[0].startswith("SimpleRNN 2×32, keras"))
    assert here.partition(" s")[0] != there.partition(" s")[0]
    assert here.partition(", ")[2] == there.partition(", ")[2] == "numpy: 1.5 (1.3 to 1.8)"


def test_a_setting_stands_once_with_a_column_for_each_sweep() -> None:
    both = results_of(SLOW, trained_run(0.01, 1, 0.25), FAST)
    argmax, loss = tables_across(sources(both, results_of(SLOW)))
    assert argmax.columns == loss.columns == ("what", "A", "B")
    assert argmax.rows == (
        ("learning rate 0.01", "37.5 (25.0 to 50.0)", "50.0"),
        ("learning rate 0.03", "75.0", "–"),
        ("n-gram", "30.0", "30.0"),
        ("ceiling", "90.0", "90.0"),
    )
    assert argmax.references == 2
    assert loss.rows[0] == ("learning rate 0.01", "2.000", "2.000")
    assert not list(tables_across(sources(results_of(SLOW), results_of(replace(SLOW, list="other.txt")))))


def test_the_page_holds_all_and_escapes_what_lists_bring(
    tmp_path: Path,
    comparison: Comparison,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A list's name is data, in a table and in a title."""
    drawn = b'<svg><path id="a"/></svg>'
    monkeypatch.setattr("namegen.drawings.style.figure_bytes", lambda *_: drawn)
    hostile = "</script><b>x</b>\x1b{{7*7}}"
    comparison = replace(comparison, lists=(replace(comparison.lists[0], generation=(), references=()),))  # few plots
    named = replace(elsewhere(comparison), lists=(replace(comparison.lists[0], name=hostile),))
    out = tmp_path / "joined.html"
    joined = [*sources(comparison), Source("B", "<b>", named), Source("C", "c", results_of(SLOW, FAST))]
    write_joined(joined, out)
    page = out.read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;U+001B{{7*7}}" in page
    assert page.count("Which engine trains faster?") == 2
    assert "C: sweep of learning rate, list.txt" in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), "two plots of one page share no id"
    with pytest.raises(OutputError, match="exists already"):
        write_joined(joined, out)


def test_a_single_report_is_unfolded_and_one_without_figures_has_no_plot(tmp_path: Path) -> None:
    lost = results_of(some_run(0.01, 0, status="failed", why="<i>"), left=3)
    for some, plots in (([lost], 0), ([results_of(SLOW, FAST)], 1), ([results_of(SLOW, FAST), lost], 1)):
        write_joined(sources(*some), tmp_path / "page.html", force=True)
        page = (tmp_path / "page.html").read_text(encoding="utf-8")
        assert ('<details><summary><h3 id="report-A">' in page) == (len(some) > 1)
        assert page.count("<figure>") == plots
        assert page.count("<caption>list.txt: on the held-out names</caption>") == len(some)
        assert ("3 runs of the sweep are still to be made" in page) == ("failed: &lt;i&gt;" in page) == (lost in some)


def test_the_command_joins_folders(tmp_path: Path, comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    bare = replace(comparison.lists[1], generation=(), trainings=())
    some = replace(comparison, lists=(bare,))
    folders = [written(tmp_path / "a", some), written(tmp_path / "b", results_of(SLOW, FAST))]
    run = CliRunner().invoke(cli, ["report", *folders, "--out", str(tmp_path / "all.html"), "--quiet"])
    assert run.exit_code == 0, run.output
    assert max(map(len, run.output.split("\n"))) <= 80 + len(str(tmp_path))
    assert "What differs between them" in run.output
    assert (tmp_path / "all.html").stat().st_size > 20_000
    again = ["report", folders[1], folders[1], "--out", str(tmp_path / "all.html"), "--force", "--json"]
    run = CliRunner().invoke(cli, again)
    assert run.stderr == "the same report was given more than once: it counts once\n"
    assert [one["letter"] for one in json.loads(run.stdout)["reports"]] == ["A"]
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["report", folders[1]]).exit_code == 0
    assert (tmp_path / "reports" / "joined.html").exists()

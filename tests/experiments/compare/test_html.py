"""The report as a page: plots inside of it, its colours, its files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from namegen.drawings.style import PALETTE
from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.compare.html import ListReport, file_names, inline_svg, ordered, render, write_report
from tests.experiments.compare.test_verdict import bare


def test_a_plot_inside_a_page_has_its_own_ids_and_colours_by_name() -> None:
    svg = '<?xml version="1.0"?><svg width="9" viewBox="0 0 9 9"><metadata>x</metadata><path id="a"/>'
    svg += '<use href="#a" clip-path="url(#c)" style="fill: #0072b2; stroke: #123456"/></svg>'
    found = inline_svg(svg, "p1", 'a "list" <x>')
    assert 'id="p1-a"' in found
    assert 'href="#p1-a" clip-path="url(#p1-c)" style="fill: var(--blue); stroke: #123456"' in found
    assert 'viewBox="0 0 9 9" role="img" aria-label="a &#34;list&#34; &lt;x&gt;"' in found
    assert "metadata" not in found


def test_the_files_of_two_lists_never_have_one_name() -> None:
    assert file_names(["a/x.txt", "b/x.csv", "..", "<>"]) == ["x", "x-2", "list-3", "list-4"]
    assert file_names(["x-3.txt", "a/x.txt", "b/x.txt", "x-4"]) == ["x-3", "x", "x-5", "x-4"]


def test_the_style_sheet_has_every_colour_for_screen_dark_screen_and_paper(comparison: Comparison) -> None:
    page = render(replace(comparison, lists=()), [])
    light, dark, printed = re.findall(r":root \{\s*(--paper.*?)\}", page, flags=re.S)
    for shown, scheme in ((light, "light"), (dark, "dark"), (printed, "printed")):
        found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", shown))
        assert found == {name: getattr(colour, scheme) for name, colour in PALETTE.items()}
    places = [page.index(text) for text in (light, "prefers-color-scheme: dark", dark, "@media print", printed)]
    assert places == sorted(places)


def test_a_name_from_right_to_left_stands_by_itself() -> None:
    """What stands around it keeps its order: a count behind it, and a sentence."""
    name = "\u05e9\u05de"
    assert ordered([], f"{name} ×1,203") == f"<bdi>{name}</bdi> ×1,203"
    assert ordered([f"{name} 60"], f"{name} 60, held-out <x>") == f"<bdi>{name} 60</bdi>, held-out &lt;x&gt;"
    assert ordered([], f"\u202e{name}<") == f"<bdi>U+202E{name}&lt;</bdi>"
    assert ordered(["Al"], "Al ×3 <") == "Al ×3 &lt;"


def test_a_section_keeps_its_first_plot_in_sight_and_says_what_is_folded(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.experiments.compare.html.figure_bytes", lambda *_: b"<svg></svg>")
    entry = comparison.lists[0]
    failed = Trouble("LSTM 2×32, keras", "it ended with the code -9")
    runs = tuple(run for run in entry.trainings if not (run.engine == "keras" and run.network == "LSTM 2×32"))
    broken = replace(entry, trainings=runs, generation=())
    write_report(replace(comparison, lists=(broken,), failed=(failed,)), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    in_sight = re.sub(
        r"<details.*?</details>",
        "",
        re.sub(r'<details class="numbers">.*?</details>', "", page, flags=re.S),
        flags=re.S,
    )
    assert '<p class="missing">Failed: LSTM 2×32, keras: it ended with the code -9.</p>' in in_sight
    assert re.findall(r"<caption>(.*?)</caption>", in_sight) == []
    assert re.findall(r"<figcaption>(.*)", in_sight) == [
        "SimpleRNN 2×32 on mlb-first, by each engine",
        "Accuracy of the networks on mlb-first, split names",
    ]
    assert "LSTM 2×32 on mlb-first, by numpy" in page
    assert re.findall(r'<details class="folded"><summary>(.*?)</summary>', page) == [
        "Like for like: 1 plot and 4 tables more",
        "Networks and accuracy: 1 plot and 6 tables more",
    ]


def test_lists_after_the_second_are_folded(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    lists = [ListReport(replace(entry, name=name, facts=None), {}) for name in "abc"]
    page = render(replace(comparison, lists=tuple(one.entry for one in lists)), lists)
    assert [bool(fold) for fold in re.findall(r"(<details><summary>)?<h2 id", page)] == [False, False, True]


def test_a_list_without_figures_still_has_its_place_in_the_page(comparison: Comparison, tmp_path: Path) -> None:
    entry = bare(comparison.lists[0], name="<b>\x1b", exported=None)
    write_report(replace(comparison, lists=(entry,)), tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<h2 id="list-1">&lt;b&gt;U+001B</h2>' in page
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]

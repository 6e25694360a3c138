"""Test reports: tables, numbers as text, and the page with its plots and colors."""

from __future__ import annotations

import re
from pathlib import Path

from namegen.drawings.style import PALETTE
from namegen.experiments.report import (
    Column,
    Section,
    Table,
    Text,
    file_names,
    inline_svg,
    make_table,
    markdown,
    ordered,
    percent,
    seconds,
    spread,
    whole,
    write_page,
)


def test_text_in_markdown_is_escaped() -> None:
    table = Table("a|b", ("<b>", "n"), (("x|*y*\x1b", "1"),), "<i> of x_y")
    text = "\n\n".join(
        markdown(
            [Section("A", (Section("B", (table,)), Section("more", (Text("<c>\x1b"),), "more")))]
        )
    )
    assert text.split("\n") == [
        "## A",
        "",
        "### B",
        "",
        "**a\\|b**",
        "",
        "| &#60;b&#62; | n |",
        "| --- | ---: |",
        "| x\\|\\*y\\*U+001B | 1 |",
        "",
        "&#60;i&#62; of x_y",
        "",
        "&#60;c&#62;U+001B",
    ]


def test_a_column_formats_text_and_numbers() -> None:
    columns = [
        Column("what", str),
        Column("share (%)", {"a": 0.5, "b": [0.5, 0.7], "c": [], "d": None}.get, percent),
    ]
    table = make_table("t", columns, "abcd", references=1)
    assert (table.columns, table.left) == (("what", "share (%)"), 1)
    assert [row[1] for row in table.rows] == ["50.0", "60.0 (50.0 to 70.0)", "–", "–"]


def test_numbers_are_rounded_and_formatted() -> None:
    assert [seconds(value) for value in (1234.5, 12.34, 0.01234, 0.0000012)] == [
        "1,234", "12.3", "0.0123", "under 0.001"
    ]  # fmt: skip
    assert (spread([0.5]), whole(123_456.0)) == ("50.0", "123,000")


def test_plots_on_a_page_have_unique_ids_and_color_variables() -> None:
    svg = (
        '<?xml version="1.0"?><svg width="9" viewBox="0 0 9 9"><metadata>x</metadata><path id="a"/>'
    )
    svg += '<use href="#a" clip-path="url(#c)" style="fill: #0072b2; stroke: #123456"/></svg>'
    found = inline_svg(svg, "p1", 'a "list" <x>')
    assert 'id="p1-a"' in found
    assert 'href="#p1-a" clip-path="url(#p1-c)" style="fill: var(--blue); stroke: #123456"' in found
    assert 'viewBox="0 0 9 9" role="img" aria-label="a &#34;list&#34; &lt;x&gt;"' in found
    assert "metadata" not in found


def test_file_names_of_lists_are_unique() -> None:
    assert file_names(["list.txt", "a/x.txt", "b/x.csv", "..", "<>"]) == [
        "list",
        "x",
        "x-3",
        "list-4",
        "list-5",
    ]
    assert file_names(["x-3.txt", "a/x.txt", "b/x.txt", "x-4"]) == ["x-3", "x", "x-3-3", "x-4"]


def test_the_style_sheet_has_all_colors_in_all_modes(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", "a title", [], '{"a": "</script>"}')
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '{"a": "\\u003c/script>"}</script>' in page
    light, dark, printed = re.findall(r":root \{\s*(--paper.*?)\}", page, flags=re.S)
    for shown, scheme in ((light, "light"), (dark, "dark"), (printed, "printed")):
        found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", shown))
        assert found == {name: getattr(colour, scheme) for name, colour in PALETTE.items()}
    places = [
        page.index(text)
        for text in (light, "prefers-color-scheme: dark", dark, "@media print", printed)
    ]
    assert places == sorted(places)


def test_a_name_in_a_right_to_left_script_is_isolated() -> None:
    """The words and numbers around it keep their order."""
    name = "\u05e9\u05de"
    assert ordered(f"{name} ×1,203") == f"<bdi>{name}</bdi> ×1,203"
    assert ordered(f"{name} 60, held-out <x>") == f"<bdi>{name} 60</bdi>, held-out &lt;x&gt;"
    assert ordered(f"\u202e{name} {name}<") == f"U+202E<bdi>{name} {name}</bdi>&lt;"
    assert ordered("Al ×3 <") == "Al ×3 &lt;"

"""Tables of text, and figures as text."""

from __future__ import annotations

from namegen.experiments.table import Table, mebibytes, percent, seconds, spread, whole


def test_text_in_markdown_is_escaped() -> None:
    text = Table("a|b", ("<b>", "n"), (("x|*y*\x1b", "1"),), "<i> of x_y").markdown()
    assert text.split("\n") == [
        "**a\\|b**",
        "",
        "| &#60;b&#62; | n |",
        "| --- | ---: |",
        "| x\\|\\*y\\*U+001B | 1 |",
        "",
        "&#60;i&#62; of x_y",
    ]


def test_figures_as_text() -> None:
    assert [seconds(value) for value in (1234.5, 12.34, 0.01234, 0.0000012, None)] == [
        "1,234", "12.3", "0.0123", "under 0.001", "–"
    ]  # fmt: skip
    assert (spread([0.5]), spread([0.5, 0.7]), spread([])) == ("50.0", "60.0 (50.0 to 70.0)", "–")
    assert (whole(123_456.0), mebibytes(1234.5), percent(None)) == ("123,000", "1,234", "–")

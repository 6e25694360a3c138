"""Write a report of tables and plots as an HTML page, as Markdown, and as PNG files."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import bidirectional

from namegen.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "–"  # the cell of a missing value
ISOLATES = "\u2068\u2069"  # the marks around isolated text
Item = TypeVar("Item")


# --- numbers as text --------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """Format a share as a percentage with one decimal, without the percent sign.

    >>> percent(0.123)
    '12.3'
    """
    return f"{100 * share:.1f}"


def seconds(value: float) -> str:
    """Format seconds with three significant digits.

    >>> [seconds(value) for value in (0.00123, 12.34, 1234.5)]
    ['0.00123', '12.3', '1,234']
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else "under 0.001"


def whole(value: float) -> str:
    """Format a large number with commas, rounded to three significant digits.

    >>> whole(123_456.0)
    '123,000'
    """
    return f"{float(f'{value:.3g}'):,.0f}"


def spread(
    values: Iterable[float | None], show: Callable[[float], str] = percent, middle: Any = mean
) -> str:
    """Format the average of several values, and their range if they differ. Missing values are skipped.

    Args:
        values: the values, for example one per seed.
        show: formats a number.
        middle: computes the average, for example ``mean`` or ``median``.

    >>> spread([1.0, 2.0, 6.0], seconds), spread([])
    ('3 (1 to 6)', '–')
    """
    known = [value for value in values if value is not None]
    if not known:
        return NONE
    lowest = show(min(known))
    highest = show(max(known))
    average = show(middle(known))
    return average if lowest == highest else f"{average} ({lowest} to {highest})"


# --- parts of a report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of strings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""  # the line below the table
    left: int = 1  # the number of columns that contain words; they come first
    references: int = 0  # the number of rows at the end that the other rows are compared with

    def markdown(self) -> str:
        """Format the table as GitHub Markdown, and escape all strings."""
        marks = ["---"] * self.left + ["---:"] * (len(self.columns) - self.left)
        lines = [[escaped(cell) for cell in row] for row in (self.columns, *self.rows)]
        lines.insert(1, marks)
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        note = f"\n\n{escaped(self.note)}" if self.note else ""
        return f"**{escaped(self.title)}**\n\n{text}{note}"


def make_table(
    title: str,
    columns: Mapping[str, Callable[[Item], str]],
    items: Iterable[Item],
    note: str = "",
    left: int = 1,
    references: int = 0,
) -> Table:
    """Make a table with a row per item. Columns without any value are omitted.

    Args:
        title: the line above the table.
        columns: maps each heading to a function that returns the cell of an item.
        items: the items.
        note: the line below the table.
        left: the number of columns that contain words.
        references: the number of rows at the end that the other rows are compared with.

    >>> make_table("Lengths", {"name": str, "length": lambda name: str(len(name))}, ["Al"]).rows
    (('Al', '2'),)
    """
    shown: dict[str, list[str]] = {}
    for head, cell_of in columns.items():
        cells = [cell_of(item) for item in items]
        if len(shown) < left or any(cell != NONE for cell in cells):
            shown[head] = cells
    return Table(
        title, tuple(shown), tuple(zip(*shown.values(), strict=True)), note, left, references
    )


@dataclass(frozen=True)
class Plot:
    """A plot that is drawn when it's needed, in a light and a dark version."""

    key: str  # its file name without the suffix
    title: str
    draw: Callable[[], Figure]  # is called inside ``drawing_style``


@dataclass(frozen=True)
class Section:
    """The part of a report about one list and one topic."""

    title: str
    about: str = ""
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Report:
    """A report: a headline, findings, and sections."""

    title: str
    headline: str
    findings: Sequence[str]
    warnings: Sequence[str]  # about results that are missing or unreliable
    details: Sequence[str]  # where and how the results were measured
    sections: Sequence[Section]

    def markdown(self) -> str:
        """Return the report as Markdown, with links to the files of its plots."""
        parts = [f"# {escaped(self.title)}", f"**{escaped(self.headline)}**"]
        parts += map(escaped, (*self.findings, *self.warnings))
        for section in self.sections:
            parts += [f"## {escaped(section.title)}", escaped(section.about)]
            parts += [f"![{escaped(plot.title)}]({plot.key}.png)" for plot in section.plots]
            parts += [table.markdown() for table in section.tables if table.rows]
        parts += ["## How it was measured", *map(escaped, self.details)]
        return "\n\n".join(filter(None, parts)) + "\n"


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.html``, ``report.md`` and the plots.

    Raises:
        OutputError: a file can't be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from namegen.drawings.style import (
        drawable_text,
        drawing_style,
        figure_bytes,
        save_figure,
        write_title,
    )

    images = {}  # data of the light and the dark version, by key
    for section in report.sections:
        for plot in section.plots:
            for dark in (True, False):
                with drawing_style(dark=dark):
                    figure = plot.draw()
                    svg = b64encode(figure_bytes(figure, "svg")).decode()
                    images[plot.key, dark] = f"data:image/svg+xml;base64,{svg}"
                    if not dark:
                        write_title(figure, drawable_text(plot.title, 90))
                        save_figure(figure, folder / f"{plot.key}.png")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = visible
    page = environment.get_template("report.html").render(report=report, images=images)
    write_whole(folder / "report.html", page.encode())
    write_whole(folder / "report.md", report.markdown().encode())


# --- escaping ---------------------------------------------------------------------------------------------------------


def visible(text: str) -> str:
    r"""Show control characters, which browsers hide, as code points. The marks of ``isolated`` are kept.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(
        character if character.isprintable() or character in ISOLATES else f"U+{ord(character):04X}"
        for character in text
    )


def isolated(name: str) -> str:
    """Isolate a right-to-left name, so that it doesn't change the order of the text around it."""
    is_right_to_left = any(bidirectional(character) in ("R", "AL") for character in name)
    return f"{ISOLATES[0]}{name}{ISOLATES[1]}" if is_right_to_left else name


def escaped(text: str) -> str:
    r"""Escape text for Markdown, and show control characters as code points.

    >>> print(escaped("a|b <c> x_y _z_"))
    a\|b &#60;c&#62; x_y \_z\_
    """
    without_tags = re.sub("[<>&]", lambda match: f"&#{ord(match[0])};", visible(text))
    escaped_marks = re.sub(r"[\\`*_\[\]|]", r"\\\g<0>", without_tags)
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped_marks)  # underscores inside words


def file_names(names: Sequence[str]) -> list[str]:
    """Make a unique file name for each list from the letters and digits of its name.

    >>> file_names(["mlb-first", "a/First names.txt", "b/First names.txt", "名"])
    ['mlb-first', 'first-names', 'first-names-3', 'list-4']
    """
    unique: list[str] = []
    for number, name in enumerate(names, start=1):
        words = re.sub("[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40]
        file_name = words or f"list-{number}"
        unique.append(f"{file_name}-{number}" if file_name in unique else file_name)
    return unique

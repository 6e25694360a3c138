"""A report as a document: its parts, and how they're written as HTML, Markdown and PNG files."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from namegen.errors import printable
from namegen.experiments.text import NONE
from namegen.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Table:
    """A table. Columns without any value aren't shown.

    >>> table = Table("Lengths", [{"name": "Al", "length": "2", "note": "–"}])
    >>> table.columns, table.rows
    (['name', 'length'], [['Al', '2']])
    """

    title: str
    cells: list[dict[str, str]]  # for each row, the cell of each column
    note: str = ""  # the line below the table
    left: int = 1  # the number of columns that contain words; they come first
    references: int = 0  # the number of rows at the end that the other rows are compared with

    @property
    def columns(self) -> list[str]:
        """The headings."""
        headings = dict.fromkeys(heading for row in self.cells for heading in row)
        return [
            heading
            for heading in headings
            if any(row.get(heading, NONE) != NONE for row in self.cells)
        ]

    @property
    def rows(self) -> list[list[str]]:
        """The cells below the headings."""
        columns = self.columns
        return [[row.get(heading, NONE) for heading in columns] for row in self.cells]

    def markdown(self) -> str:
        """Format the table as GitHub Markdown, and escape all strings."""
        columns = self.columns
        marks = ["---"] * self.left + ["---:"] * (len(columns) - self.left)
        lines = [[escaped(cell) for cell in row] for row in (columns, *self.rows)]
        lines.insert(1, marks)
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        note = f"\n\n{escaped(self.note)}" if self.note else ""
        return f"**{escaped(self.title)}**\n\n{text}{note}"


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
    about: str  # may be empty
    plots: Sequence[Plot]
    tables: Sequence[Table]


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
            parts += [table.markdown() for table in section.tables]
        parts += ["## How it was measured", *map(escaped, self.details)]
        return "\n\n".join(filter(None, parts)) + "\n"


def write_report(report: Report, folder: Path) -> None:
    """Write ``report.html``, ``report.md`` and the plots.

    Raises:
        OutputError: a file can't be written.
    """
    from jinja2 import Environment

    from namegen.drawings import style

    images = {}  # the address of each plot, by key and whether it's dark
    for plot in [plot for section in report.sections for plot in section.plots]:
        for dark in (True, False):
            with style.drawing_style(dark=dark):
                figure = plot.draw()
                svg = b64encode(style.figure_bytes(figure, "svg")).decode()
                images[plot.key, dark] = f"data:image/svg+xml;base64,{svg}"
                if not dark:
                    style.write_title(figure, style.drawable_text(plot.title, 90))
                    style.save_figure(figure, folder / f"{plot.key}.png")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["printable"] = printable
    source = Path(__file__).with_name("report.html").read_text(encoding="utf-8")
    page = environment.from_string(source).render(report=report, images=images)
    write_whole(folder / "report.html", page.encode())
    write_whole(folder / "report.md", report.markdown().encode())


def escaped(text: str) -> str:
    r"""Escape text for Markdown.

    >>> print(escaped("a|b <c> x_y _z_"))
    a\|b &#60;c&#62; x_y \_z\_
    """
    without_tags = re.sub("[<>&]", lambda match: f"&#{ord(match[0])};", printable(text))
    escaped_marks = re.sub(r"[\\`*_\[\]|]", r"\\\g<0>", without_tags)
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped_marks)  # underscores inside words

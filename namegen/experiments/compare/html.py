"""The report of a comparison: one self-contained HTML file, and its plots as PNG."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from namegen.documents import to_plain
from namegen.drawings.style import PALETTE, drawing_style, figure_bytes, is_right_to_left
from namegen.errors import counted
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.figures import ListPlot, list_plots
from namegen.experiments.compare.selection import engines_of
from namegen.experiments.compare.tables import (
    GENERATION_SECTION,
    LIKE_FOR_LIKE_SECTION,
    NETWORKS_SECTION,
    curve_tables,
    list_tables,
)
from namegen.experiments.compare.verdict import measured_where, troubles, verdict
from namegen.experiments.table import Table
from namegen.files import write_whole

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).parent / "templates"
REPORT = "report.html"
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
COLOUR_NAMES = {colour.light: name for name, colour in PALETTE.items()}
LISTS_IN_SIGHT = 2  # of which each has its page; those after them are folded
COUNTED_NAME = re.compile(r"(?s)(.*)( ×[\d,]+)")
IN_WORDS = {
    LIKE_FOR_LIKE_SECTION: "The same network, start and batches, trained by each engine. Accuracy (argmax) is how "
    "often the likeliest next character is right.",
    NETWORKS_SECTION: "How often the likeliest next character is right (argmax), and how often one drawn by the "
    "network's probabilities is (sampled).",
    GENERATION_SECTION: "How fast names are drawn, one by one or by splitting counts, and what they are like.",
}


@dataclass(frozen=True)
class Plot:
    """A plot in the page.

    Attributes:
        wide, narrow: its SVG, for a wide screen and for paper, and for a narrow screen.
        title, detail: what it shows.
        narrow_note: what the narrow one leaves out; empty where it is nothing.
        folded: it is folded away.
    """

    wide: str
    narrow: str
    title: str
    detail: str
    narrow_note: str
    folded: bool


@dataclass
class Section:
    """A part of a list's report.

    Attributes:
        about: a sentence on what it tells; empty for a section that is not known.
        top: the table in sight, where no plot is.
        tables: those that are folded away.
        more: those that are folded away inside of that, and do not go on paper.
        plots: in sight, but for those that say otherwise.
    """

    about: str
    top: list[Table]
    tables: list[Table]
    more: list[Table]
    plots: list[Plot] = field(default_factory=list)

    @property
    def folded(self) -> str:
        """What is folded away, counted.

        >>> Section("", [], [Table("a", (), ())], []).folded
        '1 table'
        """
        found = {"plot": sum(plot.folded for plot in self.plots), "table": len(self.tables) + len(self.more)}
        return " and ".join(counted(number, what) for what, number in found.items() if number)


@dataclass(frozen=True)
class ListReport:
    """A list in the page."""

    entry: ListEntry
    sections: dict[str, Section]


def write_report(results: Comparison, out: Path) -> None:
    """Write ``report.html`` and the plots as PNG into the folder. Raises OutputError."""
    write_whole(out / REPORT, render(results, list_reports(results, out)).encode())


def list_reports(results: Comparison, pictures: Path | None, prefix: str = "p") -> list[ListReport]:
    """The lists of a comparison as the page shows them.

    Args:
        results: the comparison.
        pictures: the folder that each plot is written into as PNG; None: they are not written.
        prefix: with which the ids inside a plot begin, another one for each comparison of a page.

    Raises:
        OutputError: a plot cannot be written.
    """
    lists, slugs = [], file_names([entry.name for entry in results.lists])
    engines = [*results.engines, *(engine for entry in results.lists for engine in engines_of(entry))]
    with drawing_style():
        for number, (entry, slug) in enumerate(zip(results.lists, slugs, strict=True), start=1):
            sections = {name: _section(name, tables, entry) for name, tables in list_tables(entry, results).items()}
            for plot in list_plots(entry, results.generated_names, engines):
                file = None if pictures is None else pictures / f"{slug}-{plot.key}.png"
                sections[plot.section].plots.append(_plot(plot, f"{prefix}{number}{plot.key}", file))
            for section in sections.values():
                if all(plot.folded for plot in section.plots) and not section.top:
                    section.top, section.tables = section.tables[:1], section.tables[1:]
            lists.append(ListReport(entry, sections))
    return lists


def _section(name: str, tables: list[Table], entry: ListEntry) -> Section:
    """Without its plots; the verdict has said what the tables have in figures, so they are folded."""
    more = curve_tables(entry) if name == LIKE_FOR_LIKE_SECTION else []
    return Section(IN_WORDS.get(name, ""), [], tables, more)


def _plot(plot: ListPlot, prefix: str, file: Path | None) -> Plot:
    """A plot for the page, where its title is text; written as a file with its title, if one is given."""
    wide, narrow = both_widths(plot.figure, plot.draw(narrow=True), prefix, plot.caption)
    if file is not None:
        write_whole(file, figure_bytes(plot.titled(), "png"))
    return Plot(wide, narrow, plot.title, plot.detail, plot.narrow_note, plot.folded)


def both_widths(wide: Figure, narrow: Figure, prefix: str, caption: str) -> tuple[str, str]:
    """The SVG of a plot for a wide screen and for a narrow one; the ids in it begin with the prefix."""
    return (
        inline_svg(figure_bytes(wide, "svg").decode(), f"{prefix}w", caption),
        inline_svg(figure_bytes(narrow, "svg").decode(), f"{prefix}n", caption),
    )


def render(results: Comparison, lists: Sequence[ListReport]) -> str:
    """The page: jinja2 escapes every text."""
    data = json.dumps(to_plain(results), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return (
        page_environment([entry.name for entry in results.lists])
        .get_template(REPORT)
        .render(**whole(results), lists=lists, data=Markup(data))  # "<" is written as an escape of JSON
    )


def whole(results: Comparison) -> dict[str, object]:
    """What a page says of a comparison as a whole."""
    return {"verdict": verdict(results), "troubles": troubles(results), "where": measured_where(results)}


def page_environment(names: Sequence[str]) -> Environment:
    """What the templates of pages are read with.

    Args:
        names: what lists are called: one from a right-to-left script is set apart inside a sentence.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["visible"] = visible
    environment.filters["ordered"] = partial(ordered, names)
    environment.filters["markup"] = Markup
    environment.globals |= {"palette": PALETTE, "lists_in_sight": LISTS_IN_SIGHT}
    return environment


def ordered(names: Sequence[str], text: str) -> Markup:
    """Text for the page, escaped; a name in a right-to-left script does not reorder what stands around it.

    Args:
        names: what lists are called: they are found inside of sentences.
        text: a cell, a title or a sentence.

    >>> ordered([], "Al ×3"), ordered([], "\u05d0 ×3") == "<bdi>\u05d0</bdi> ×3"
    (Markup('Al ×3'), True)
    """
    if not is_right_to_left(text):
        return escape(visible(text))
    counted = COUNTED_NAME.fullmatch(text)
    if counted:
        return Markup("<bdi>{}</bdi>{}").format(visible(counted[1]), counted[2])
    found = sorted((name for name in names if name in text and is_right_to_left(name)), key=len, reverse=True)
    pieces = re.split(f"({'|'.join(map(re.escape, found))})", text) if found else ["", text, ""]
    return Markup("").join(
        Markup("<bdi>{}</bdi>").format(visible(piece)) if place % 2 else escape(visible(piece))
        for place, piece in enumerate(pieces)
    )


def visible(text: str) -> str:
    r"""Text with its control characters shown as code points: the browser would hide them.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in text)


def inline_svg(svg: str, prefix: str, caption: str) -> str:
    """A plot to stand inside a page: ids of its own, colours by name, as wide as its column, a caption for ears."""
    body = svg[svg.index("<svg") :]
    head, _, rest = body.partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, flags=re.S)
    rest = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{prefix}-", rest)
    rest = COLOUR.sub(lambda match: f"var(--{name})" if (name := COLOUR_NAMES.get(match[0])) else match[0], rest)
    label = escape(visible(caption))
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {namespaces} {box[0] if box else ""} role="img" aria-label="{label}">{rest}'


def file_names(names: Sequence[str]) -> list[str]:
    """How the files of each list begin: letters and digits of its name, and its number where that is not enough.

    >>> file_names(["mlb-first", "a/First names.txt", "b/First names.txt", "名"])
    ['mlb-first', 'first-names', 'first-names-3', 'list-4']
    """
    plain = [
        re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40] or f"list-{number}"
        for number, name in enumerate(names, start=1)
    ]
    found: list[str] = []
    for number, name in enumerate(plain, start=1):
        free = (f"{name}-{more}" for more in count(number) if f"{name}-{more}" not in {*found, *plain})
        found.append(next(free) if name in found else name)
    return found

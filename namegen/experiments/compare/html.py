"""The report of a comparison: one self-contained HTML file, and its plots as PNG."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from namegen.documents import to_plain
from namegen.drawings.style import PALETTE, drawing_style, figure_bytes
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.figures import list_plots
from namegen.experiments.compare.selection import engines_of
from namegen.experiments.compare.tables.like_for_like import curve_tables
from namegen.experiments.compare.tables.sections import LIKE_FOR_LIKE_SECTION, list_tables
from namegen.experiments.compare.verdict import verdict
from namegen.experiments.compare.words import measured_where
from namegen.experiments.table import Table
from namegen.files import write_whole

TEMPLATES = Path(__file__).parent / "templates"
REPORT = "report.html"
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
COLOUR_NAMES = {colour.light: name for name, colour in PALETTE.items()}


@dataclass(frozen=True)
class Plot:
    """A plot in the page: its SVG, what it shows, and the file that holds it as PNG."""

    svg: str
    caption: str
    file: str


@dataclass
class Section:
    """A part of a list's report; ``more`` are tables that are folded away."""

    tables: list[Table]
    more: list[Table]
    plots: list[Plot] = field(default_factory=list)


@dataclass(frozen=True)
class ListReport:
    """A list in the page."""

    entry: ListEntry
    sections: dict[str, Section]


def write_report(results: Comparison, out: Path) -> None:
    """Write ``report.html`` and the plots as PNG into the folder. Raises OutputError."""
    lists, slugs = [], file_names([entry.name for entry in results.lists])
    engines = [*results.engines, *(engine for entry in results.lists for engine in engines_of(entry))]
    with drawing_style():
        for number, (entry, slug) in enumerate(zip(results.lists, slugs, strict=True), start=1):
            sections = {
                name: Section(tables, more=curve_tables(entry) if name == LIKE_FOR_LIKE_SECTION else [])
                for name, tables in list_tables(entry, results).items()
            }
            for plot in list_plots(entry, results.generated_names, engines):
                file = f"{slug}-{plot.key}.png"
                write_whole(out / file, figure_bytes(plot.figure, "png"))
                svg = inline_svg(figure_bytes(plot.figure, "svg").decode(), f"p{number}{plot.key}", plot.caption)
                sections[plot.section].plots.append(Plot(svg, plot.caption, file))
            lists.append(ListReport(entry, sections))
    write_whole(out / REPORT, render(results, lists).encode())


def render(results: Comparison, lists: Sequence[ListReport]) -> str:
    """The page: jinja2 escapes every text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["visible"] = visible
    data = json.dumps(to_plain(results), ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")
    return environment.get_template(REPORT).render(
        palette=PALETTE,
        verdict=verdict(results),
        where=measured_where(results),
        lists=lists,
        markup=Markup,
        data=Markup(data),  # "<" is written as an escape of JSON
    )


def visible(text: str) -> str:
    r"""Text with its control characters shown as code points: the browser would hide them.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in text)


def inline_svg(svg: str, prefix: str, caption: str) -> str:
    """A plot to stand inside a page: ids of its own, colours by name, as wide as its column, a caption for ears."""
    from markupsafe import escape

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

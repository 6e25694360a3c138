"""Write reports of text, tables and plots, as an HTML page or as Markdown.

Each column of a table is declared once, as a ``Column``: its head with the unit, its source and its format. Heavy
libraries are imported only when a page is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from markupsafe import Markup, escape

from namegen.errors import counted
from namegen.experiments.trained import Metric
from namegen.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NONE = "–"  # the cell of a missing value
TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "report.html"
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
# Words in a right-to-left script, with the characters between them and the numbers after them.
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc]([ '-]?[\d\u0590-\u08ff\ufb1d-\ufefc])*")
# The space between a number and its unit, which must not become a line break.
BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|(?:s|nats|MiB|GiB)\b)")
Row = TypeVar("Row")

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
    if value >= 0.001:
        return f"{value:.3g}"
    return "under 0.001"


def whole(value: float) -> str:
    """Format a large number with commas, rounded to three significant digits.

    >>> whole(123_456.0)
    '123,000'
    """
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}"


def spread(
    values: Sequence[float], show: Callable[[float], str] = percent, middle: Any = mean
) -> str:
    """Format the middle of several values and their range.

    Args:
        values: for example one per seed; may be empty.
        show: formats a number.
        middle: the mean, or the median.

    >>> spread([1.0, 2.0, 6.0], seconds), spread([])
    ('3 (1 to 6)', '–')
    """
    if not values:
        return NONE
    lowest = show(min(values))
    highest = show(max(values))
    shown = show(middle(values))
    return shown if lowest == highest else f"{shown} ({lowest} to {highest})"


def listed(parts: Sequence[str]) -> str:
    """Join words with commas, and "and" before the last one.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


@dataclass(frozen=True)
class Criterion:
    """A metric that every report compares models by."""

    words: str
    """Its name, with the unit."""
    show: Callable[[float], str]
    """Formats a value."""
    column: str
    """The field of ``HeldOutGroups`` that contains its sum over the characters."""
    scale: int = 100
    """Factor for showing a difference."""
    digits: int = 1
    """Decimals for showing a difference."""
    lower_is_better: bool = False
    """Whether lower values are better, as for a loss."""


ARGMAX: Metric = "accuracy_argmax"
SAMPLED: Metric = "accuracy_sampled"
LOSS: Metric = "loss_nats_per_char"
CRITERIA: dict[Metric, Criterion] = {
    ARGMAX: Criterion("The likeliest next character is right (%)", percent, "hits"),
    SAMPLED: Criterion("A drawn character is right (%)", percent, "sampled"),
    LOSS: Criterion(
        "Loss (nats per character)",
        "{:.3f}".format,
        "nats",
        scale=1,
        digits=3,
        lower_is_better=True,
    ),
}


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of strings."""

    kind: ClassVar[str] = "table"
    title: str
    """The line above the table."""
    columns: tuple[str, ...]
    """The heads of the columns."""
    rows: tuple[tuple[str, ...], ...]
    """The cells of each row."""
    note: str = ""
    """The line below the table."""
    left: int = 1
    """The number of columns with words, which come first; the others contain numbers."""
    references: int = 0
    """The number of rows, at the end, that the other rows are compared with."""

    def markdown(self) -> str:
        """Format the table as GitHub Markdown; all texts are escaped."""
        rule = ["---"] * self.left + ["---:"] * (len(self.columns) - self.left)
        lines = [f"**{escaped(self.title)}**", "", _markdown_row(map(escaped, self.columns))]
        lines.append(_markdown_row(rule))
        lines += [_markdown_row(map(escaped, row)) for row in self.rows]
        if self.note:
            lines += ["", escaped_sentence(self.note)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a table."""

    head: str
    """Its name, with the unit."""
    of: Callable[[Row], str | float | Sequence[float] | None]
    """Returns the value of a row: a string, a number, or several numbers, for example one per seed."""
    show: Callable[[float], str] | None = None
    """Formats a number; None for a column of words."""
    middle: Callable[[Sequence[float]], float] = mean
    """Summarizes several numbers; their range is also shown."""

    def cell(self, row: Row) -> str:
        """Format the value of a row."""
        value = self.of(row)
        if value is None:
            return NONE
        if isinstance(value, str):
            return value
        values = [value] if isinstance(value, int | float) else value
        return spread(values, self.show or str, self.middle)


def make_table(
    title: str,
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    note: str = "",
    references: int = 0,
) -> Table:
    """Format rows of any type as a table.

    Args:
        title: the line above the table.
        columns: the columns, those with words first.
        rows: the rows, in the form that the columns expect.
        note: the line below the table.
        references: the number of rows at the end that the other rows are compared with.

    >>> make_table("Lengths", [Column("name", str), Column("length", len, str)], ["Al"]).rows
    (('Al', '2'),)
    """
    word_columns = [column for column in columns if column.show is None]
    return Table(
        title=title,
        columns=tuple(column.head for column in columns),
        rows=tuple(_cells(columns, row) for row in rows),
        note=note,
        left=len(word_columns),
        references=references,
    )


def _cells(columns: Sequence[Column[Row]], row: Row) -> tuple[str, ...]:
    return tuple(column.cell(row) for column in columns)


# --- blocks of a report -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str
    """Its text."""
    look: str = ""
    """Its class in the style sheet of the page."""


@dataclass(frozen=True)
class Plot:
    """A plot, which is drawn when it's needed."""

    kind: ClassVar[str] = "plot"
    key: str
    """Identifies the plot among the plots of its list."""
    of: str
    """The name of its list."""
    title: str
    """The line above the plot; ``{list}`` is replaced by the name of the list."""
    detail: str
    """A longer description."""
    draw: Callable[[], Figure]
    """Draws the plot without its title, inside ``drawing_style``."""

    @property
    def heading(self) -> str:
        """The title on a page."""
        return self.title.replace("{list}", self.of)

    @cached_property
    def figure(self) -> Figure:
        """The figure, which is drawn once for the page and the file."""
        return self.draw()

    def write(self, path: Path) -> None:
        """Draw the plot with its title into a file.

        Raises:
            OutputError: the file can't be written.
        """
        from namegen.drawings import style

        with style.drawing_style():
            name = style.isolated(style.drawable_text(self.of, 48))
            style.write_title(self.figure, self.title.replace("{list}", name))
            style.save_figure(self.figure, path)


@dataclass(frozen=True)
class Section:
    """A section of a report."""

    kind: ClassVar[str] = "section"
    title: str
    """Its title."""
    blocks: tuple[Block, ...]
    """Its content."""
    fold: str = ""
    """How it's folded on the page:

    - "": not at all
    - "whole": under its heading
    - "plain": under its title, which isn't a heading
    - "more": as the rest of the section above it
    """
    anchor: str = ""
    """The anchor for links; "" for none."""


Block: TypeAlias = Text | Table | Plot | Section


def more(title: str, blocks: Sequence[Block]) -> Iterator[Section]:
    """Yield a folded section for the tables and plots that aren't visible at first; nothing if there are none.

    >>> [section.title for section in more("Speed", [Table("", (), ())])]
    ['Speed: 1 table more']
    """
    if not blocks:
        return
    plot_count = sum(1 for block in blocks if isinstance(block, Plot))
    counts = {"plot": plot_count, "table": len(blocks) - plot_count}
    words = " and ".join(counted(count, word) for word, count in counts.items() if count)
    yield Section(f"{title}: {words} more", tuple(blocks), "more")


def plots(blocks: Iterable[Block]) -> Iterator[Plot]:
    """Yield all plots, including those inside sections."""
    for block in blocks:
        if isinstance(block, Plot):
            yield block
        elif isinstance(block, Section):
            yield from plots(block.blocks)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(blocks: Iterable[Block], depth: int = 2) -> Iterator[str]:
    """Yield the blocks of a report as Markdown, without plots; all texts are escaped.

    Args:
        blocks: the blocks.
        depth: the level of the headings.

    >>> list(markdown([Section("Results", (Text("a_b <c>"),))]))
    ['## Results', 'a_b &#60;c&#62;']
    """
    for block in blocks:
        if isinstance(block, Text):
            yield escaped_sentence(block.text)
        elif isinstance(block, Table):
            yield block.markdown()
        elif isinstance(block, Section):
            if block.fold == "more":
                yield from markdown(block.blocks, depth)
            else:
                yield f"{'#' * depth} {escaped(block.title)}"
                yield from markdown(block.blocks, depth + 1)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    r"""Escape text for Markdown, and show control characters as code points.

    >>> print(escaped("a|b <c>"))
    a\|b &#60;c&#62;
    """
    entities = re.sub("[<>&]", lambda match: f"&#{ord(match[0])};", visible(text))
    return re.sub(r"[\\`*_\[\]|]", r"\\\g<0>", entities)


def escaped_sentence(text: str) -> str:
    r"""Escape text for Markdown, except for underscores inside words, which need no escape.

    >>> print(escaped_sentence("x86_64 <b> _a_"))
    x86_64 &#60;b&#62; \_a\_
    """
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped(text))


# --- HTML -------------------------------------------------------------------------------------------------------------


def write_page(path: Path, title: str, blocks: Sequence[Block], data: str = "") -> None:
    """Write a report as a self-contained HTML file.

    Args:
        path: the file.
        title: the title of the page.
        blocks: the content; jinja2 escapes all texts.
        data: JSON to embed in the page; "" for none.

    Raises:
        OutputError: the file can't be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from namegen.drawings.style import PALETTE, drawing_style

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    plot_numbers = count(1)
    environment.filters |= {
        "visible": visible,
        "ordered": ordered,
        "drawn": partial(_drawn, plot_numbers),
    }
    links = [block for block in blocks if isinstance(block, Section) and block.anchor]
    link_indexes = [index for index, block in enumerate(blocks) if block in links]
    first_link = link_indexes[0] if link_indexes else len(blocks)
    safe_data = Markup(
        data.replace("<", "\\u003c")
    )  # as a JSON escape, so that no tag ends the script
    with drawing_style():
        page = environment.get_template(TEMPLATE).render(
            title=title,
            blocks=blocks,
            links=links,
            first_link=first_link,
            data=safe_data,
            palette=PALETTE,
        )
    write_whole(path, page.encode())


def _drawn(numbers: Iterator[int], plot: Plot) -> Markup:
    """Draw a plot as SVG with a unique prefix for its ids."""
    from namegen.drawings.style import figure_bytes

    svg = figure_bytes(plot.figure, "svg").decode()
    caption = f"{plot.heading}: {plot.detail}"
    return Markup(inline_svg(svg, f"p{next(numbers)}", caption))


def ordered(text: str) -> Markup:
    r"""Escape text for HTML, keep numbers and units on one line, and isolate words in right-to-left scripts.

    Without isolation, such words would change the order of the words and numbers around them.

    >>> ordered("Al 3 %"), ordered("\u05d0 ×3") == "<bdi>\u05d0</bdi> ×3"
    (Markup('Al 3\xa0%'), True)
    """
    unbroken = BEFORE_UNIT.sub("\xa0", visible(text))
    return Markup(RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", str(escape(unbroken))))


def visible(text: str) -> str:
    r"""Show control characters, which browsers hide, as code points.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(
        character if character.isprintable() else f"U+{ord(character):04X}" for character in text
    )


def inline_svg(svg: str, prefix: str, caption: str) -> str:
    """Prepare an SVG file for a page: unique ids, colors from the style sheet, and the width of the column.

    Args:
        svg: the content of the file.
        prefix: the prefix of its ids.
        caption: the description for screen readers.
    """
    from namegen.drawings.style import PALETTE

    names = {colour.light: name for name, colour in PALETTE.items()}

    def named_colour(match: re.Match[str]) -> str:
        value = match[0]
        return f"var(--{names[value]})" if value in names else value

    head, _, content = svg[svg.index("<svg") :].partition(">")
    box_match = re.search(r'viewBox="[^"]*"', head)
    box = box_match[0] if box_match else ""
    content = re.sub(r"<metadata>.*?</metadata>", "", content, flags=re.S)
    content = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{prefix}-", content)
    content = COLOUR.sub(named_colour, content)
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    label = escape(visible(caption))
    return f'<svg {namespaces} {box} role="img" aria-label="{label}">{content}'


def file_names(names: Sequence[str]) -> list[str]:
    """Make a unique file name for each list from the letters and digits of its name.

    >>> file_names(["mlb-first", "a/First names.txt", "b/First names.txt", "名"])
    ['mlb-first', 'first-names', 'first-names-3', 'list-4']
    """
    unique: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40]
        candidate = plain or f"list-{number}"
        while candidate in unique:
            candidate = f"{candidate}-{number}"
        unique.append(candidate)
    return unique

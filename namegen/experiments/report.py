"""Write reports of text, tables and plots, as an HTML page or as Markdown.

Each column of a table is declared once, as a ``Column`` with its heading, its source and its format. Heavy libraries
are imported only when a page is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from markupsafe import Markup, escape

from namegen.errors import counted
from namegen.experiments.trained import Metric
from namegen.files import write_whole

if TYPE_CHECKING:
    from jinja2 import Template
    from matplotlib.figure import Figure

NONE = "–"  # the cell of a missing value
TEMPLATES = Path(__file__).parent / "templates"
TEMPLATE = "report.html"
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
    """Format the average of several values, and their range if they differ.

    Args:
        values: the values, for example one per seed. There may be none.
        show: formats a number.
        middle: computes the average, for example ``mean`` or ``median``.

    >>> spread([1.0, 2.0, 6.0], seconds), spread([])
    ('3 (1 to 6)', '–')
    """
    if not values:
        return NONE
    average = show(middle(values))
    lowest = show(min(values))
    highest = show(max(values))
    if lowest == highest:
        return average
    return f"{average} ({lowest} to {highest})"


def listed(parts: Sequence[str]) -> str:
    """Join words with commas, and with "and" before the last one.

    >>> listed(["a", "b", "c"]), listed(["a"]), listed([])
    ('a, b and c', 'a', '')
    """
    if len(parts) < 2:
        return "".join(parts)
    all_but_last = ", ".join(parts[:-1])
    return f"{all_but_last} and {parts[-1]}"


@dataclass(frozen=True)
class Criterion:
    """A metric by which every report compares models."""

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
    """The headings of the columns."""
    rows: tuple[tuple[str, ...], ...]
    """The cells of each row."""
    note: str = ""
    """The line below the table."""
    left: int = 1
    """The number of columns that contain words. They come first, and the other columns contain numbers."""
    references: int = 0
    """The number of rows at the end that the other rows are compared with."""

    def markdown(self) -> str:
        """Format the table as GitHub Markdown, and escape all strings."""
        number_columns = len(self.columns) - self.left
        alignments = ["---"] * self.left + ["---:"] * number_columns
        lines = [
            f"**{escaped(self.title)}**",
            "",
            _markdown_row(self.columns),
            f"| {' | '.join(alignments)} |",
        ]
        lines += [_markdown_row(row) for row in self.rows]
        if self.note:
            lines += ["", escaped_sentence(self.note)]
        return "\n".join(lines)


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a table."""

    head: str
    """Its name, with the unit."""
    value_of: Callable[[Row], str | float | Sequence[float] | None]
    """Returns the value of a row: a string, a number, or several numbers, for example one per seed."""
    show: Callable[[float], str] | None = None
    """Formats a number. It's None for a column of words."""
    middle: Callable[[Sequence[float]], float] = mean
    """Summarizes several numbers, whose range is also shown."""

    def cell(self, row: Row) -> str:
        """Format the value of a row, which is a string, a number, several numbers, or None."""
        value = self.value_of(row)
        if value is None:
            return NONE
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            value = [value]
        return spread(value, self.show or str, self.middle)


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
        columns: the columns. Columns with words come first.
        rows: the rows, in the form that the columns expect.
        note: the line below the table.
        references: the number of rows at the end that the other rows are compared with.

    >>> make_table("Lengths", [Column("name", str), Column("length", len, str)], ["Al"]).rows
    (('Al', '2'),)
    """
    heads = [column.head for column in columns]
    word_columns = [column for column in columns if column.show is None]
    return Table(
        title=title,
        columns=tuple(heads),
        rows=tuple(_format_row(columns, row) for row in rows),
        note=note,
        left=len(word_columns),
        references=references,
    )


def _format_row(columns: Sequence[Column[Row]], row: Row) -> tuple[str, ...]:
    """Format the values of a row, one cell per column."""
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
    """A plot that is drawn when it's needed."""

    kind: ClassVar[str] = "plot"
    key: str
    """The id of the plot, which is unique among the plots of its list."""
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
        return self._title_with(self.of)

    def _title_with(self, list_name: str) -> str:
        """Return the title with this list name."""
        return self.title.replace("{list}", list_name)

    @cached_property
    def figure(self) -> Figure:
        """The figure. It's drawn only once for both the page and the file."""
        return self.draw()

    def write(self, path: Path) -> None:
        """Write the plot and its title to a file.

        Raises:
            OutputError: the file can't be written.
        """
        from namegen.drawings import style

        with style.drawing_style():
            list_name = style.isolated(style.drawable_text(self.of, 48))
            style.write_title(self.figure, self._title_with(list_name))
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
    """The anchor for links, or "" for none."""


Block: TypeAlias = Text | Table | Plot | Section


def more(title: str, blocks: Sequence[Block]) -> Iterator[Section]:
    """Yield a section with tables and plots that readers have to unfold, or nothing if there are none.

    >>> [section.title for section in more("Speed", [Table("", (), ())])]
    ['Speed: 1 more table']
    """
    if not blocks:
        return
    plot_count = len([block for block in blocks if isinstance(block, Plot)])
    table_count = len(blocks) - plot_count
    counts: list[str] = []
    if plot_count:
        counts.append(counted(plot_count, "more plot"))
    if table_count:
        counts.append(counted(table_count, "more table"))
    yield Section(f"{title}: {' and '.join(counts)}", tuple(blocks), fold="more")


def plots(blocks: Iterable[Block]) -> Iterator[Plot]:
    """Yield all plots, including those inside sections."""
    for block in blocks:
        if isinstance(block, Plot):
            yield block
        elif isinstance(block, Section):
            yield from plots(block.blocks)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(blocks: Iterable[Block], depth: int = 2) -> Iterator[str]:
    """Yield the blocks of a report as Markdown, without the plots. All strings are escaped.

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
            yield from _section_markdown(block, depth)


def _section_markdown(section: Section, depth: int) -> Iterator[str]:
    """Yield a section as Markdown. A section that continues the previous one has no heading."""
    if section.fold == "more":
        yield from markdown(section.blocks, depth)
        return
    hashes = "#" * depth
    yield f"{hashes} {escaped(section.title)}"
    yield from markdown(section.blocks, depth + 1)


def _markdown_row(texts: Iterable[str]) -> str:
    """Format a row of a Markdown table, and escape its cells."""
    cells = [escaped(text) for text in texts]
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    r"""Escape text for Markdown, and show control characters as code points.

    >>> print(escaped("a|b <c>"))
    a\|b &#60;c&#62;
    """
    without_tags = re.sub("[<>&]", _html_entity, visible(text))
    return re.sub(r"[\\`*_\[\]|]", r"\\\g<0>", without_tags)


def _html_entity(match: re.Match[str]) -> str:
    """Return the HTML entity of a character."""
    return f"&#{ord(match[0])};"


def escaped_sentence(text: str) -> str:
    r"""Escape text for Markdown, except for underscores inside words, which need no escape.

    >>> print(escaped_sentence("x86_64 <b> _a_"))
    x86_64 &#60;b&#62; \_a\_
    """
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped(text))


# --- HTML -------------------------------------------------------------------------------------------------------------


def write_page(path: Path, title: str, blocks: Sequence[Block], data: str = "") -> None:
    """Write a report as an HTML file that needs no other files.

    Args:
        path: the file.
        title: the title of the page.
        blocks: the content. All strings are escaped.
        data: JSON to embed in the page, or "" for none.

    Raises:
        OutputError: the file can't be written.
    """
    from namegen.drawings.style import PALETTE, drawing_style

    linked_sections = [block for block in blocks if _has_anchor(block)]
    with drawing_style():
        page = _load_template().render(
            title=title,
            blocks=blocks,
            links=linked_sections,
            first_link=_find_first_anchor(blocks),
            data=_script_data(data),
            palette=PALETTE,
        )
    write_whole(path, page.encode())


def _has_anchor(block: Block) -> bool:
    """Return whether links on the page can lead to a block."""
    return isinstance(block, Section) and block.anchor != ""


def _find_first_anchor(blocks: Sequence[Block]) -> int:
    """Return the index of the first block with an anchor, or the number of blocks if there is none."""
    for index, block in enumerate(blocks):
        if _has_anchor(block):
            return index
    return len(blocks)


def _script_data(data: str) -> Markup:
    """Escape JSON for a ``<script>`` element. Without ``<``, no tag in the data can end the element."""
    return Markup(data.replace("<", "\\u003c"))


def _load_template() -> Template:
    """Load the template of a page, with the filters that it uses."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["visible"] = visible
    environment.filters["ordered"] = ordered
    environment.filters["drawn"] = _PlotDrawer().draw
    return environment.get_template(TEMPLATE)


class _PlotDrawer:
    """Draw the plots of a page, and count them."""

    def __init__(self) -> None:
        self.count = 0

    def draw(self, plot: Plot) -> Markup:
        """Draw a plot as SVG, with ids that are unique on the page."""
        from namegen.drawings.style import figure_bytes

        self.count += 1
        svg = figure_bytes(plot.figure, "svg").decode()
        caption = f"{plot.heading}: {plot.detail}"
        return Markup(inline_svg(svg, f"p{self.count}", caption))


def ordered(text: str) -> Markup:
    r"""Escape text for HTML, keep numbers and units on one line, and isolate words in right-to-left scripts.

    Without isolation, such words would change the order of the words and numbers around them.

    >>> ordered("Al 3 %"), ordered("\u05d0 ×3") == "<bdi>\u05d0</bdi> ×3"
    (Markup('Al 3\xa0%'), True)
    """
    unbroken = BEFORE_UNIT.sub("\xa0", visible(text))
    html = str(escape(unbroken))
    return Markup(RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", html))


def visible(text: str) -> str:
    r"""Show control characters, which browsers hide, as code points.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    """Return a printable character, or the code point of a control character."""
    if character.isprintable():
        return character
    return f"U+{ord(character):04X}"


def inline_svg(svg: str, prefix: str, caption: str) -> str:
    """Turn an SVG file into an element of a page, which has unique ids and the colors of the style sheet.

    Args:
        svg: the content of the file.
        prefix: the prefix of its ids.
        caption: the description for screen readers.
    """
    svg_element = svg[svg.index("<svg") :]
    head, _, content = svg_element.partition(">")
    content = re.sub(r"<metadata>.*?</metadata>", "", content, flags=re.S)
    content = _with_id_prefix(content, prefix)
    content = _with_color_variables(content)
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    label = escape(visible(caption))
    return f'<svg {namespaces} {_find_view_box(head)} role="img" aria-label="{label}">{content}'


def _find_view_box(head: str) -> str:
    """Return the ``viewBox`` attribute of an SVG element, which contains its size, or "" if it has none."""
    match = re.search(r'viewBox="[^"]*"', head)
    return match[0] if match else ""


def _with_id_prefix(content: str, prefix: str) -> str:
    """Add a prefix to all ids of an SVG element, and to all references to them."""
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\1{prefix}-", content)


def _with_color_variables(content: str) -> str:
    """Replace the palette's colors with variables from the style sheet, which also defines the colors of dark mode."""
    from namegen.drawings.style import PALETTE

    for name, color in PALETTE.items():
        content = re.sub(rf"{color.light}\b", f"var(--{name})", content)
    return content


def file_names(names: Sequence[str]) -> list[str]:
    """Make a unique file name for each list from the letters and digits of its name.

    >>> file_names(["mlb-first", "a/First names.txt", "b/First names.txt", "名"])
    ['mlb-first', 'first-names', 'first-names-3', 'list-4']
    """
    unique_names: list[str] = []
    for number, name in enumerate(names, start=1):
        file_name = _file_name(name) or f"list-{number}"
        while file_name in unique_names:
            file_name = f"{file_name}-{number}"
        unique_names.append(file_name)
    return unique_names


def _file_name(name: str) -> str:
    """Return the first 40 lower-case letters and digits of a list's name, with hyphens between words."""
    words = re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower())
    return words.strip("-")[:40]

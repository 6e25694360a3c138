"""Reports: text, tables and plots in sections, declared once; as a page for a browser, and as Markdown.

A table is made of ``Column``s: each declares a figure once, its name with the unit, where it comes from, and how it is
formatted. Nothing heavy is imported before a page is written.
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

NONE = "–"
TEMPLATES, TEMPLATE = Path(__file__).parent / "templates", "report.html"
COLOUR = re.compile(r"#[0-9a-f]{6}\b")
# Words of a right-to-left script, with what stands between two of them, and numbers behind them.
RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufefc]([ '-]?[\d\u0590-\u08ff\ufb1d-\ufefc])*")
BEFORE_UNIT = re.compile(
    r"(?<=\d) (?=%|(?:s|nats|MiB|GiB)\b)"
)  # the space, at which no line may end
Row = TypeVar("Row")

# --- figures as text --------------------------------------------------------------------------------------------------


def percent(share: float) -> str:
    """A share, one decimal, without the sign that the column's head has."""
    return f"{100 * share:.1f}"


def seconds(value: float) -> str:
    """Three digits that matter: 0.00123, 0.123, 12.3, 1,234."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 0.001 else "under 0.001"


def whole(value: float) -> str:
    """A large number with commas, three digits that matter."""
    return f"{float(f'{value:.3g}'):,.0f}"


def spread(
    values: Sequence[float], show: Callable[[float], str] = percent, middle: Any = mean
) -> str:
    """The mean of several seeds, or the median of several rounds, and their range.

    >>> spread([1.0, 2.0, 6.0], seconds), spread([])
    ('3 (1 to 6)', '–')
    """
    if not values:
        return NONE
    shown, low, high = map(show, (middle(values), min(values), max(values)))
    return shown if low == high else f"{shown} ({low} to {high})"


def listed(parts: Sequence[str]) -> str:
    """Parts as one says them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


@dataclass(frozen=True)
class Criterion:
    """What models are judged by: a figure that every report tells, declared once.

    Attributes:
        words: what it is, with its unit.
        show: as text.
        column: of ``HeldOutGroups``, its sum over the characters.
        scale, digits: of a difference: what it is multiplied by, and how many decimals it has.
        lower_is_better: as for a loss.
    """

    words: str
    show: Callable[[float], str]
    column: str
    scale: int = 100
    digits: int = 1
    lower_is_better: bool = False


ARGMAX: Metric = "accuracy_argmax"
SAMPLED: Metric = "accuracy_sampled"
LOSS: Metric = "loss_nats_per_char"
CRITERIA: dict[Metric, Criterion] = {
    ARGMAX: Criterion("The likeliest next character is right (%)", percent, "hits"),
    SAMPLED: Criterion("A drawn character is right (%)", percent, "sampled"),
    LOSS: Criterion("Loss (nats per character)", "{:.3f}".format, "nats", 1, 3, True),
}


# --- tables -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table of text: a title, columns, rows.

    Attributes:
        title, columns, rows, note: what stands above it, in it and below it.
        left: how many of its columns, from the first one on, are words; the others are figures.
        references: how many of its rows, at the end, the others are compared with.
    """

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    left: int = 1
    references: int = 0

    def markdown(self) -> str:
        """As GitHub reads it; text from lists is escaped."""
        rule = ["---" if place < self.left else "---:" for place in range(len(self.columns))]
        lines = [_cells(self.columns), _cells(rule, escape=False), *map(_cells, self.rows)]
        return "\n".join(
            [
                f"**{escaped(self.title)}**",
                "",
                *lines,
                *(["", escaped_sentence(self.note)] if self.note else []),
            ]
        )


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column of a table: what it is called, with its unit, and its cell in a row.

    Attributes:
        head: its name.
        of: from what a row stands for to a text, a number, or several of them: one for each seed or round.
        show: a number as text; None: the column is one of words.
        middle: what of several numbers is shown, beside their range.
    """

    head: str
    of: Callable[[Row], str | float | Sequence[float] | None]
    show: Callable[[float], str] | None = None
    middle: Callable[[Sequence[float]], float] = mean

    def cell(self, row: Row) -> str:
        """Its text in a row."""
        value = self.of(row)
        if value is None or isinstance(value, str):
            return NONE if value is None else value
        return spread(
            [value] if isinstance(value, int | float) else value, self.show or str, self.middle
        )


def make_table(
    title: str,
    columns: Sequence[Column[Row]],
    rows: Iterable[Row],
    note: str = "",
    references: int = 0,
) -> Table:
    """A table of rows: text."""
    heads, left = (
        tuple(column.head for column in columns),
        sum(column.show is None for column in columns),
    )
    return Table(
        title,
        heads,
        tuple(tuple(one.cell(row) for one in columns) for row in rows),
        note,
        left,
        references,
    )


# --- parts of a report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A paragraph; ``look`` is its class in the page."""

    kind: ClassVar[str] = "text"
    text: str
    look: str = ""


@dataclass(frozen=True)
class Plot:
    """A plot, before it is drawn.

    Attributes:
        key: tells it from the other plots of its list.
        of: what its list is called.
        title: what stands above the plot, with ``{list}`` for what the list is called.
        detail: the rest of what it shows.
        draw: draws it without its title. Called inside ``drawing_style``.
    """

    kind: ClassVar[str] = "plot"
    key: str
    of: str
    title: str
    detail: str
    draw: Callable[[], Figure]

    @property
    def heading(self) -> str:
        """What stands above it in a page."""
        return self.title.replace("{list}", self.of)

    @cached_property
    def figure(self) -> Figure:
        """The plot, drawn once for page and file."""
        return self.draw()

    def write(self, path: Path) -> None:
        """Draw it into a file of its own, with its title. Raises OutputError."""
        from namegen.drawings import style

        with style.drawing_style():
            called = style.isolated(style.drawable_text(self.of, 48))
            style.write_title(self.figure, self.title.replace("{list}", called))
            style.save_figure(self.figure, path)


@dataclass(frozen=True)
class Section:
    """A part of a report under a title.

    Attributes:
        title: above it.
        blocks: what stands in it.
        fold: "": in sight; "whole": folded under its title; "plain": the same, its title no heading; "more": what a
            section has beside what is in sight.
        anchor: by which a link finds it; empty for one that is not linked.
    """

    kind: ClassVar[str] = "section"
    title: str
    blocks: tuple[Block, ...]
    fold: str = ""
    anchor: str = ""


Block: TypeAlias = Text | Table | Plot | Section


def more(title: str, blocks: Sequence[Block]) -> Iterator[Section]:
    """What a section has beside what is in sight, counted; nothing where that is nothing."""
    plots = sum(isinstance(one, Plot) for one in blocks)
    numbers = {"plot": plots, "table": len(blocks) - plots}
    if blocks:
        said = " and ".join(counted(number, what) for what, number in numbers.items() if number)
        yield Section(f"{title}: {said} more", tuple(blocks), "more")


def plots(blocks: Iterable[Block]) -> Iterator[Plot]:
    """Every plot in them."""
    for block in blocks:
        if isinstance(block, Plot):
            yield block
        elif isinstance(block, Section):
            yield from plots(block.blocks)


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(blocks: Iterable[Block], depth: int = 2) -> Iterator[str]:
    """The text of a report; plots are left out, and text from lists and from messages is escaped."""
    for block in blocks:
        if isinstance(block, Text):
            yield escaped_sentence(block.text)
        elif isinstance(block, Table):
            yield block.markdown()
        elif isinstance(block, Section):
            named = block.fold != "more"
            yield from [f"{'#' * depth} {escaped(block.title)}"] * named
            yield from markdown(block.blocks, depth + named)


def _cells(cells: Sequence[str], escape: bool = True) -> str:
    return f"| {' | '.join(escaped(cell) if escape else cell for cell in cells)} |"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, control characters as code points."""
    entities = re.sub("[<>&]", lambda found: f"&#{ord(found[0])};", visible(text))
    return re.sub(r"[\\`*_\[\]|]", r"\\\g<0>", entities)


def escaped_sentence(text: str) -> str:
    r"""The same of a sentence; an underscore inside a word stays as it is, as Markdown takes it for a letter.

    >>> print(escaped_sentence("x86_64 <b> _a_"))
    x86_64 &#60;b&#62; \_a\_
    """
    return re.sub(r"(?<=[^\W_])\\_(?=[^\W_])", "_", escaped(text))


# --- a page -----------------------------------------------------------------------------------------------------------


def write_page(path: Path, title: str, blocks: Sequence[Block], data: str = "") -> None:
    """Write a report as one self-contained HTML file; jinja2 escapes every text.

    Args:
        path: the file.
        title: of the page.
        blocks: what stands in it.
        data: JSON that goes into the page; empty: none.

    Raises:
        OutputError: it cannot be written.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from namegen.drawings.style import PALETTE, drawing_style

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {
        "visible": visible,
        "ordered": ordered,
        "drawn": partial(_drawn, count(1)),
    }
    links = [block for block in blocks if isinstance(block, Section) and block.anchor]
    first_link = next((place for place, block in enumerate(blocks) if block in links), len(blocks))
    safe = Markup(data.replace("<", "\\u003c"))  # "<" is written as an escape of JSON
    with drawing_style():
        page = environment.get_template(TEMPLATE).render(
            title=title,
            blocks=blocks,
            links=links,
            first_link=first_link,
            data=safe,
            palette=PALETTE,
        )
    write_whole(path, page.encode())


def _drawn(numbers: Iterator[int], plot: Plot) -> Markup:
    """A plot inside the page, with ids of its own."""
    from namegen.drawings.style import figure_bytes

    svg, caption = figure_bytes(plot.figure, "svg").decode(), f"{plot.heading}: {plot.detail}"
    return Markup(inline_svg(svg, f"p{next(numbers)}", caption))


def ordered(text: str) -> Markup:
    r"""Text for the page, escaped; words in a right-to-left script do not reorder what stands around them, and no line
    ends between a number and its unit.

    >>> ordered("Al 3 %"), ordered("\u05d0 ×3") == "<bdi>\u05d0</bdi> ×3"
    (Markup('Al 3\xa0%'), True)
    """
    text = BEFORE_UNIT.sub("\xa0", visible(text))
    return Markup(RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", str(escape(text))))


def visible(text: str) -> str:
    r"""Text with its control characters shown as code points: the browser would hide them.

    >>> visible("a\x1bb")
    'aU+001Bb'
    """
    return "".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in text)


def inline_svg(svg: str, prefix: str, caption: str) -> str:
    """A plot to stand inside a page: ids of its own, colours by name, as wide as its column, a caption for ears."""
    from namegen.drawings.style import PALETTE

    names = {colour.light: name for name, colour in PALETTE.items()}
    head, _, rest = svg[svg.index("<svg") :].partition(">")
    box = re.search(r'viewBox="[^"]*"', head)
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, flags=re.S)
    rest = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{prefix}-", rest)
    rest = COLOUR.sub(
        lambda match: f"var(--{names[match[0]]})" if match[0] in names else match[0], rest
    )
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    label = escape(visible(caption))
    return f'<svg {namespaces} {box[0] if box else ""} role="img" aria-label="{label}">{rest}'


def file_names(names: Sequence[str]) -> list[str]:
    """How the files of each list begin: letters and digits of its name, and its number where that is not enough.

    >>> file_names(["mlb-first", "a/First names.txt", "b/First names.txt", "名"])
    ['mlb-first', 'first-names', 'first-names-3', 'list-4']
    """
    found: list[str] = []
    for number, name in enumerate(names, start=1):
        plain = (
            re.sub(r"[^a-z0-9]+", "-", Path(name).stem.lower()).strip("-")[:40] or f"list-{number}"
        )
        while plain in found:
            plain = f"{plain}-{number}"
        found.append(plain)
    return found

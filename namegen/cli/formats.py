"""Rows with named columns on standard output, in the format asked for: text, CSV, JSON, JSON lines.

Rows go out as they come, so that a million of them take no memory. What a list or a model brings is made safe to show:
control characters are escaped, and no cell of a CSV file is a formula.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import click

from namegen.cli.display import Display
from namegen.cli.terminal import cells, columns, json_string, printable
from namegen.errors import NamegenError, safe_cell

if TYPE_CHECKING:
    from namegen.api.model import LoadedModel
    from namegen.core.generation.generator import NameBatch

FORMATS = ("text", "csv", "json", "jsonl")
SEARCHING = "looking for names"
SIDE_BY_SIDE = "side by side"  # what a terminal gets where no format is asked for
MOST_SIDE_BY_SIDE = 500  # names; more come a line each, as they are found
OF_NAMES = ("name", "log_probability", "new")  # the columns of names from a model, and one more if it knows labels
LABEL = "label"

Cell: TypeAlias = str | int | float | bool | None

option = click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    help="text: one name per line; csv: a table; json: an array of objects; jsonl: one object per line.  [default: "
    "text, in a terminal in several columns]",
)


def chosen(form: str | None, as_json: bool) -> str:
    """The format that ``--format`` and ``--json`` ask for together. Raises UsageError where they disagree."""
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json contradicts --format {form}: give only one of them.")
    if as_json or form is not None:
        return form or "json"
    return SIDE_BY_SIDE if sys.stdout.isatty() else "text"


class Rows(AbstractContextManager["Rows"]):
    """Writes rows to standard output.

    At its end a JSON array is closed, also where the search for names fails: what was found is whole.

    Args:
        form: one of ``FORMATS``, or ``SIDE_BY_SIDE``.
        names: of the columns; as text only the first column is written.
    """

    def __init__(self, form: str, names: Sequence[str]) -> None:
        self._form, self._columns = form, names
        self._written = False
        self._kept: list[str] = []  # to be written side by side
        fields = ", ".join(f"{json_string(name)}: %s" for name in names)
        self._object = f"{{{fields}}}"  # the columns are ours: none of them has a %

    def __enter__(self) -> Rows:
        """Write what comes before all rows."""
        if self._form == "csv":
            sys.stdout.write(_csv([self._columns]))
        return self

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some rows, each with a cell for every column."""
        if self._form == "json":
            objects = ",\n".join(self._objects(rows))
            if objects:
                sys.stdout.write((",\n" if self._written else "[\n") + objects)
                self._written = True
        elif self._form == "jsonl":
            sys.stdout.write("".join(f"{line}\n" for line in self._objects(rows)))
        elif self._form == "csv":
            sys.stdout.write(_csv([_csv_cell(cell) for cell in row] for row in rows))
        elif self._form == "text":
            sys.stdout.write(text_lines([str(row[0]) for row in rows]))
        else:
            self._kept += [str(row[0]) for row in rows]
            if len(self._kept) > MOST_SIDE_BY_SIDE:
                self._form = "text"
                sys.stdout.write(text_lines(self._kept))

    def write_names(self, batch: NameBatch, model: LoadedModel) -> None:
        """Write names from a model, with its columns; ``new`` is None where the model does not know."""
        if self._form in ("text", SIDE_BY_SIDE):
            self.write(zip(batch.names))  # finding out which are new takes as long as drawing them
            return
        new = [None] * len(batch.names) if batch.new is None else batch.new.tolist()
        found: list[Sequence[Cell]] = [batch.names, batch.log_probability.tolist(), new]
        if model.labels:
            found.append([model.labels[place] for place in batch.likeliest_beginning.tolist()])
        self.write(zip(*found, strict=True))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Write what comes after all rows; nothing where nobody reads on."""
        if error is not None and not isinstance(error, NamegenError | KeyboardInterrupt):
            return
        if self._form == "json":
            sys.stdout.write("\n]\n" if self._written else "[]\n")
        elif self._form == SIDE_BY_SIDE:
            sys.stdout.write(side_by_side(self._kept))

    def _objects(self, rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
        """Put together by hand: a million objects through ``json.dumps`` take longer than their names."""
        return (self._object % tuple([_JSON[type(cell)](cell) for cell in row]) for row in rows)


Found = TypeVar("Found")


def write_found(
    form: str,
    names: Sequence[str],
    batches: Iterable[Iterable[Found]],
    row: Callable[[Found], Sequence[Cell]],
    display: Display,
) -> None:
    """Write what a search gives as it comes, a row each; what shows the search is closed at its end."""
    with Rows(form, names) as rows, closing(display):
        for batch in batches:
            with display.erased():
                rows.write(map(row, batch))


def write_names(form: str, model: LoadedModel, batches: Iterable[NameBatch], display: Display) -> None:
    """The same for names from a model."""
    with Rows(form, (*OF_NAMES, LABEL) if model.labels else OF_NAMES) as rows, closing(display):
        for batch in batches:
            with display.erased():
                rows.write_names(batch, model)


def side_by_side(texts: Sequence[str]) -> str:
    """As ``ls`` lays out files: in columns of one width, each read downwards.

    >>> print(side_by_side(["Ann", "Bob", "Zoë" * 11]), end="")
    Ann                                ZoëZoëZoëZoëZoëZoëZoëZoëZoëZoëZoë
    Bob
    """
    texts = list(map(printable, texts))
    widths = list(map(cells, texts))
    widest = max(widths, default=0) + len("  ")
    across = max(1, (columns() + len("  ")) // widest)
    rows = -(-len(texts) // across)
    padded = [text + " " * (widest - width) for text, width in zip(texts, widths, strict=True)]
    return "".join(f"{''.join(padded[row::rows]).rstrip()}\n" for row in range(rows))


def text_lines(texts: Sequence[str]) -> str:
    """A text a line. One check finds out that all are safe to show, as nearly always."""
    safe = "".join(texts).isprintable()
    return "".join(f"{text}\n" for text in (texts if safe else map(printable, texts)))


_JSON: dict[type, Callable[..., str]] = {
    str: json_string,
    float: lambda value: repr(value) if math.isfinite(value) else "null",
    int: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
}


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    """As a spreadsheet reads it: what is not known is empty."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return safe_cell(printable(cell)) if isinstance(cell, str) else cell

"""Rows with named columns on standard output or in a file, in the format asked for: text, CSV, JSON, JSON lines.

Rows go out as they come, so that a million of them take no memory; a file is written at the end, whole. What a list or
a model brings is made safe to show: control characters are escaped, and no cell of a CSV file is a formula.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from namegen.cli.display import Display
from namegen.cli.options import OutFile, together
from namegen.cli.terminal import cells, columns, json_text, printable
from namegen.errors import NamegenError, safe_cell
from namegen.files import check_output, write_whole

if TYPE_CHECKING:
    from namegen.api.model import LoadedModel
    from namegen.core.generation.name_batch import NameBatch

FORMATS = ("text", "csv", "json", "jsonl")
SEARCHING = "looking for names"
SIDE_BY_SIDE = "side by side"  # what a terminal gets where no format is asked for
MAX_SIDE_BY_SIDE = 500  # names; more come a line each, as they are found
SCORES = ("log_probability", "new")  # columns of names from a model, if they are asked for
LABEL = "label"
ENDINGS = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".txt": "text",
}  # of a file → its format

Cell: TypeAlias = str | int | float | bool | None


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Keep an option for this module alone: no command has to pass it on."""
    context.meta[f"namegen.{parameter.name}"] = value


def _kept(name: str) -> Any:
    context = click.get_current_context(silent=True)
    return context and context.meta.get(f"namegen.{name}")


_kept_option = partial(click.option, expose_value=False, callback=_keep)
option = together(
    _kept_option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="text: one name per line; csv: a table; json: an array of objects; jsonl: one object per line.  [default: "
        "text, in a terminal in several columns]",
    ),
    _kept_option(
        "--out",
        type=OutFile(*ENDINGS),
        metavar="FILE",
        help=f"Write FILE, whole or not at all, in the format of its ending: {', '.join(ENDINGS)}. Spreadsheets open a "
        ".csv with every letter right.",
    ),
    _kept_option("--force", is_flag=True, help="Overwrite FILE if it exists."),
)
scores = _kept_option(
    "--scores",
    is_flag=True,
    help="Add the columns log_probability (in nats) and new to csv and json.",
)


def chosen(as_json: bool) -> str:
    """The format that ``--format``, ``--json`` (``as_json``) and ``--out`` ask for together.

    Raises:
        UsageError: they disagree. OutputError: the file cannot or may not be written.
    """
    form = _kept("form")
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json contradicts --format {form}: give only one of them.")
    form = "json" if as_json else form
    out: Path | None = _kept("out")
    if out is None:
        return form or (SIDE_BY_SIDE if sys.stdout.isatty() else "text")
    check_output(out, example="names.csv", force=bool(_kept("force")))
    if form not in (None, ENDINGS[out.suffix.lower()]):
        raise click.UsageError(
            f"--format {form} contradicts the ending {out.suffix} of --out: give only one of them."
        )
    return ENDINGS[out.suffix.lower()]


class Rows(AbstractContextManager["Rows"]):
    """Writes rows to standard output, or to the file of ``--out``.

    At its end a JSON array is closed, also where the search for names fails: what was found is whole. A file is written
    only if the search does not fail.

    Args:
        form: one of ``FORMATS``, or ``SIDE_BY_SIDE``.
        names: of the columns; as text only the first column is written.
    """

    def __init__(self, form: str, names: Sequence[str]) -> None:
        self._form, self._columns = form, names
        self._out: Path | None = _kept("out")
        self._stream: Any = sys.stdout if self._out is None else io.StringIO()
        self._written = False
        self._kept: list[str] = []  # to be written side by side

    def __enter__(self) -> Rows:
        """Write what comes before all rows."""
        if self._form == "csv":
            self._stream.write(_csv([self._columns]))
        return self

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write some rows, each with a cell for every column."""
        if self._form == "json":
            objects = ",\n".join(self._objects(rows))
            if objects:
                self._stream.write((",\n" if self._written else "[\n") + objects)
                self._written = True
        elif self._form == "jsonl":
            self._stream.write("".join(f"{line}\n" for line in self._objects(rows)))
        elif self._form == "csv":
            self._stream.write(_csv([_csv_cell(cell) for cell in row] for row in rows))
        elif self._form == "text":
            self._stream.write(text_lines([str(row[0]) for row in rows]))
        else:
            self._kept += [str(row[0]) for row in rows]
            if len(self._kept) > MAX_SIDE_BY_SIDE:
                self._form = "text"
                self._stream.write(text_lines(self._kept))

    def write_names(self, batch: NameBatch, model: LoadedModel) -> None:
        """Write names from a model, with its columns; ``new`` is None where the model does not know."""
        if self._form in ("text", SIDE_BY_SIDE):
            self.write(zip(batch.names))  # finding out which are new takes as long as drawing them
            return
        found: list[Sequence[Cell]] = [batch.names]
        if _kept("scores"):
            found.append(
                [
                    value if math.isfinite(value) else None
                    for value in batch.log_probability.tolist()
                ]
            )
            found.append([None] * len(batch.names) if batch.new is None else batch.new.tolist())
        if model.labels:
            found.append([model.labels[place] for place in batch.likeliest_beginning.tolist()])
        self.write(zip(*found, strict=True))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what comes after all rows; nothing where nobody reads on."""
        if error is not None and not isinstance(error, NamegenError | KeyboardInterrupt):
            return
        if self._form == "json":
            self._stream.write("\n]\n" if self._written else "[]\n")
        elif self._form == SIDE_BY_SIDE:
            self._stream.write(side_by_side(self._kept))
        if self._out is not None and error is None:
            # With a byte order mark a spreadsheet takes a table for what it is, Unicode.
            encoding = "utf-8-sig" if self._form == "csv" else "utf-8"
            write_whole(self._out, self._stream.getvalue().encode(encoding, "surrogatepass"))

    def _objects(self, rows: Iterable[Sequence[Cell]]) -> Iterable[str]:
        return (json_text(dict(zip(self._columns, row, strict=True))) for row in rows)


def write_names(
    form: str, model: LoadedModel, batches: Iterable[NameBatch], display: Display
) -> None:
    """Write names from a model as they come; what shows the search is closed at its end."""
    columns = ("name", *(SCORES if _kept("scores") else ()), *((LABEL,) if model.labels else ()))
    with Rows(form, columns) as rows, closing(display):
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


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


@lru_cache(1 << 16)  # many rows have the same label, and some the same name
def _safe_text(text: str) -> Cell:
    return safe_cell(printable(text))


def _csv_cell(cell: Cell) -> Cell:
    """As a spreadsheet reads it: what is not known is empty."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _safe_text(cell) if isinstance(cell, str) else cell

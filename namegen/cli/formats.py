"""Write rows with named columns to standard output or a file, as text, CSV, JSON or JSON lines.

Rows are written to standard output as they arrive, so a million rows need little memory. A file is written all at once
at the end. Names come from files that users load, so control characters are escaped, and no cell of a CSV file becomes
a formula.
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
from namegen.cli.terminal import json_text, printable, show
from namegen.errors import NamegenError, safe_cell
from namegen.files import check_output, write_whole

if TYPE_CHECKING:
    from namegen.api.model import LoadedModel
    from namegen.core.generation.name_batch import NameBatch

FORMATS = ("text", "csv", "json", "jsonl")
SEARCHING = "looking for names"
SIDE_BY_SIDE = "side by side"  # the default format in a terminal
MAX_SIDE_BY_SIDE = 500  # the number of names; if there are more, each gets its own line
SCORES = ("log_probability", "new")  # the columns of ``--scores``
FORMAT_OF_ENDING = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".txt": "text"}

Cell: TypeAlias = str | int | float | bool | None


# --- options ----------------------------------------------------------------------------------------------------------


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """Store the value of an option that only this module reads, so that commands don't have to pass it on."""
    context.meta[f"namegen.{parameter.name}"] = value


def _remembered(name: str) -> Any:
    """Return the value of an option that ``_remember`` has stored, or None outside of a command."""
    context = click.get_current_context(silent=True)
    if context is None:
        return None
    return context.meta.get(f"namegen.{name}")


_output_option = partial(click.option, expose_value=False, callback=_remember)
option = together(
    _output_option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="text: one name per line; csv: a table; json: an array of objects; jsonl: one object per line.  [default: "
        "text; in a terminal, several names per line]",
    ),
    _output_option(
        "--out",
        type=OutFile(*FORMAT_OF_ENDING),
        metavar="FILE",
        help="Write to FILE. Its extension selects the format "
        f"({', '.join(FORMAT_OF_ENDING)}). If there is an error, no file is written.",
    ),
    _output_option("--force", is_flag=True, help="Overwrite FILE if it exists."),
)
scores = _output_option(
    "--scores",
    is_flag=True,
    help="Add the columns log_probability (in nats) and new to csv and json. The format text ignores this option.",
)


def requested(as_json: bool) -> str:
    """Return the format requested by ``--format``, ``--json`` and ``--out``.

    Args:
        as_json: whether ``--json`` was passed.

    Raises:
        UsageError: the options contradict each other.
        OutputError: the file can't be written.
    """
    form: str | None = _remembered("form")
    if as_json and form not in (None, "json"):
        raise click.UsageError(f"--json contradicts --format {form}: pass only one of them.")
    if as_json:
        form = "json"
    out: Path | None = _remembered("out")
    if out is None:
        return form or (SIDE_BY_SIDE if sys.stdout.isatty() else "text")
    check_output(out, example="names.csv", force=bool(_remembered("force")))
    form_of_ending = FORMAT_OF_ENDING[out.suffix.lower()]
    if form not in (None, form_of_ending):
        raise click.UsageError(
            f"--format {form} contradicts the ending {out.suffix} of --out: pass only one of them."
        )
    return form_of_ending


# --- rows -------------------------------------------------------------------------------------------------------------


class Rows(AbstractContextManager["Rows"]):
    """Write rows to standard output or to the file passed with ``--out``.

    If the search for names fails, the JSON array on standard output is still closed, so that the output is valid. A
    file is written only if the search succeeds.

    Args:
        form: one of ``FORMATS``, or ``SIDE_BY_SIDE``.
        names: the names of the columns. Text output contains only the first column.
    """

    def __init__(self, form: str, names: Sequence[str]) -> None:
        self._form = form
        self._columns = names
        self._out: Path | None = _remembered("out")
        self._stream: Any = sys.stdout if self._out is None else io.StringIO()
        self._has_objects = False  # whether a JSON array has been started
        self._waiting: list[str] = []  # strings to write side by side

    def __enter__(self) -> Rows:
        """Write the header."""
        if self._form == "csv":
            self._stream.write(_csv([self._columns]))
        return self

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Write rows that have a cell for every column."""
        if self._form == "csv":
            self._stream.write(_csv([_csv_cell(cell) for cell in row] for row in rows))
            return
        if self._form in ("json", "jsonl"):
            objects = [json_text(dict(zip(self._columns, row, strict=True))) for row in rows]
            if self._form == "jsonl":
                self._stream.write("".join(f"{line}\n" for line in objects))
            elif objects:
                self._stream.write(",\n" if self._has_objects else "[\n")
                self._stream.write(",\n".join(objects))
                self._has_objects = True
            return
        texts = [str(row[0]) for row in rows]
        if self._form == SIDE_BY_SIDE:
            self._waiting += texts
            if len(self._waiting) <= MAX_SIDE_BY_SIDE:
                return
            # There are too many, so write one string per line from now on.
            self._form = "text"
            texts = self._waiting
        # If all strings are printable, as they usually are, a single check is enough.
        if not "".join(texts).isprintable():
            texts = list(map(printable, texts))
        self._stream.write("".join(f"{text}\n" for text in texts))

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the output and write the file. After an error of the output itself, write nothing."""
        if error is not None and not isinstance(error, NamegenError | KeyboardInterrupt):
            return
        if self._form == "json":
            self._stream.write("\n]\n" if self._has_objects else "[]\n")
        elif self._form == SIDE_BY_SIDE and self._waiting:
            from rich.columns import Columns

            # Rich separates columns by one space.
            names = [f"{printable(text)} " for text in self._waiting]
            show(Columns(names, column_first=True, equal=True))
        if self._out is not None and error is None:
            # A byte order mark shows spreadsheets that the table is Unicode.
            encoding = "utf-8-sig" if self._form == "csv" else "utf-8"
            write_whole(self._out, self._stream.getvalue().encode(encoding, "surrogatepass"))


def write_rows(
    form: str, columns: Sequence[str], batches: Iterable[Iterable[Sequence[Cell]]], display: Display
) -> None:
    """Write batches of rows as they arrive, then close the display."""
    with Rows(form, columns) as rows, closing(display):
        for batch in batches:
            with display.erased():
                rows.write(batch)


def write_names(
    form: str, model: LoadedModel, batches: Iterable[NameBatch], display: Display
) -> None:
    """Write a model's names. ``--scores`` adds scores, and a model with labels adds the most likely label."""
    # Text contains only names. Checking which names are new takes as long as generating them.
    is_text = form in ("text", SIDE_BY_SIDE)
    with_scores = bool(_remembered("scores")) and not is_text
    with_labels = bool(model.labels) and not is_text
    columns = ["name"]
    if with_scores:
        columns += SCORES
    if with_labels:
        columns.append("label")

    def rows_of(batch: NameBatch) -> Iterable[Sequence[Cell]]:
        values: list[Sequence[Cell]] = [batch.names]
        if with_scores:
            scores = batch.log_probability.tolist()
            values.append([score if math.isfinite(score) else None for score in scores])
            # None if the model doesn't know which names are new
            values.append([None] * len(batch.names) if batch.new is None else batch.new.tolist())
        if with_labels:
            values.append([model.labels[index] for index in batch.most_likely_label.tolist()])
        return zip(*values, strict=True)

    write_rows(form, columns, map(rows_of, batches), display)


# --- cells ------------------------------------------------------------------------------------------------------------


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as lines of a CSV file."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


@lru_cache(1 << 16)  # many rows have the same label, and some have the same name
def _safe_text(text: str) -> Cell:
    """Escape a string for a CSV file: control characters, and the start of a formula."""
    return safe_cell(printable(text))


def _csv_cell(cell: Cell) -> Cell:
    """Return a cell in the form that spreadsheets read. None becomes an empty cell."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return _safe_text(cell)
    return cell

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
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from namegen.cli.display import Display
from namegen.cli.options import OutFile, force, together
from namegen.cli.terminal import json_text, printable, show
from namegen.errors import safe_cell
from namegen.files import check_output, write_whole

if TYPE_CHECKING:
    from namegen.api.model import LoadedModel
    from namegen.core.generation.name_batch import NameBatch

FORMATS = ("text", "csv", "json", "jsonl")
SEARCHING = "looking for names"
SIDE_BY_SIDE = "side by side"  # the default format in a terminal
MAX_SIDE_BY_SIDE = 500  # the number of names; if there are more, each gets its own line
FORMAT_OF_ENDING = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".txt": "text"}

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Sequence[Cell]

option = together(
    click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="text: one name per line; csv: a table; json: an array of objects; jsonl: one object per line.  [default: "
        "text; in a terminal, several names per line]",
    ),
    click.option(
        "--out",
        type=OutFile(*FORMAT_OF_ENDING),
        metavar="FILE",
        help="Write to FILE. Its extension selects the format "
        f"({', '.join(FORMAT_OF_ENDING)}). If there is an error, no file is written.",
    ),
    force,
)
scores = click.option(
    "--scores",
    is_flag=True,
    help="Add the columns log_probability (in nats) and new to csv and json. The format text ignores this option.",
)


@dataclass(frozen=True)
class Output:
    """Where a command writes its rows, and in which format."""

    form: str  # one of FORMATS, or SIDE_BY_SIDE
    path: Path | None  # None for standard output
    with_scores: bool

    @classmethod
    def requested(cls, options: dict[str, Any], count: int) -> Output:
        """Remove ``--json`` and the options above from the options of a command, and check them.

        Args:
            options: the options of the command.
            count: the requested number of names.

        Raises:
            UsageError: the options contradict each other.
            OutputError: the file can't be written.
        """
        form = options.pop("form")
        path = options.pop("out")
        may_overwrite = options.pop("force")
        if options.pop("as_json"):
            if form not in (None, "json"):
                raise click.UsageError(
                    f"--json contradicts --format {form}: pass only one of them."
                )
            form = "json"
        if path is not None:
            check_output(path, example="names.csv", force=may_overwrite)
            form_of_ending = FORMAT_OF_ENDING[path.suffix.lower()]
            if form not in (None, form_of_ending):
                raise click.UsageError(
                    f"--format {form} contradicts the ending {path.suffix} of --out: pass only one of them."
                )
            form = form_of_ending
        elif form is None:
            fits_on_screen = sys.stdout.isatty() and count <= MAX_SIDE_BY_SIDE
            form = SIDE_BY_SIDE if fits_on_screen else "text"
        return cls(form, path, options.pop("scores", False))

    def write_rows(
        self, columns: Sequence[str], batches: Iterable[Iterable[Row]], display: Display
    ) -> None:
        """Write batches of rows as they arrive. Text contains only the first column.

        If the search for names fails, the rows so far have been written to standard output, and a JSON array is closed.
        A file is written only if the search succeeds.
        """
        file = io.StringIO()
        stream = sys.stdout if self.path is None else file

        def write(text: str) -> None:
            with display.erased():
                stream.write(text)

        def objects(rows: Iterable[Row]) -> list[str]:
            return [json_text(dict(zip(columns, row, strict=True))) for row in rows]

        match self.form:
            case "csv":
                write(_csv([columns]))
                for rows in batches:
                    write(_csv(rows))
            case "json":
                separator = "[\n"
                try:
                    for rows in batches:
                        if lines := objects(rows):
                            write(separator + ",\n".join(lines))
                            separator = ",\n"
                finally:
                    write("[]\n" if separator == "[\n" else "\n]\n")
            case "jsonl":
                for rows in batches:
                    write("".join(f"{line}\n" for line in objects(rows)))
            case "text":
                for rows in batches:
                    names = [str(row[0]) for row in rows]
                    # If all names are printable, as they usually are, a single check is enough.
                    if not "".join(names).isprintable():
                        names = list(map(printable, names))
                    write("".join(f"{name}\n" for name in names))
            case _:
                names = []
                try:
                    for rows in batches:
                        names += [printable(str(row[0])) for row in rows]
                finally:
                    if names:
                        from rich.columns import Columns

                        # Rich separates columns by one space.
                        padded = [f"{name} " for name in names]
                        with display.erased():
                            show(Columns(padded, column_first=True, equal=True))
        if self.path is not None:
            # A byte order mark shows spreadsheets that the table is Unicode.
            encoding = "utf-8-sig" if self.form == "csv" else "utf-8"
            write_whole(self.path, file.getvalue().encode(encoding, "surrogatepass"))

    def write_names(
        self, model: LoadedModel, batches: Iterable[NameBatch], display: Display
    ) -> None:
        """Write a model's names. ``--scores`` adds scores, and a model with labels adds the most likely label."""
        # Text contains only names. Checking which names are new takes as long as generating them.
        is_text = self.form in ("text", SIDE_BY_SIDE)
        with_scores = self.with_scores and not is_text
        with_labels = bool(model.labels) and not is_text
        columns = ["name"]
        if with_scores:
            columns += ["log_probability", "new"]
        if with_labels:
            columns.append("label")

        def rows_of(batch: NameBatch) -> Iterable[Row]:
            values: list[Sequence[Cell]] = [batch.names]
            if with_scores:
                log_probabilities = batch.log_probability.tolist()
                values.append([p if math.isfinite(p) else None for p in log_probabilities])
                # None if the model doesn't know which names are new
                is_new = [None] * len(batch.names) if batch.new is None else batch.new.tolist()
                values.append(is_new)
            if with_labels:
                values.append([model.labels[index] for index in batch.most_likely_label.tolist()])
            return zip(*values, strict=True)

        self.write_rows(columns, map(rows_of, batches), display)


def _csv(rows: Iterable[Row]) -> str:
    """Return rows as lines of a CSV file."""
    stream = io.StringIO()
    cells = ([_csv_cell(cell) for cell in row] for row in rows)
    csv.writer(stream, lineterminator="\n").writerows(cells)
    return stream.getvalue()


def _csv_cell(cell: Cell) -> Cell:
    """Return a cell in the form that spreadsheets read. None becomes an empty cell."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str):
        return _safe_text(cell)
    return cell


@lru_cache(1 << 16)  # many rows have the same label, and some have the same name
def _safe_text(text: str) -> Cell:
    """Escape a string for a CSV file: control characters, and the start of a formula."""
    return safe_cell(printable(text))

"""``namegen pseudonymize``: replace the names in a table with pseudonyms. To start fast, it doesn't import NumPy."""

from __future__ import annotations

import codecs
import csv
import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.name_columns import NameColumns
from namegen.cli.terminal import counted, json_text, note, printable
from namegen.core.data.list_formats import column_place, delimiter_of
from namegen.errors import GenerationError, NamesError, quote, reason_of, safe_cell, short
from namegen.files import check_output, is_there, write_whole
from namegen.pseudonymize import Pseudonyms, keep_pool, read_key, read_pool

MAX_CELL = 10_000_000  # characters; limits the memory that an unclosed quotation mark can take


@command(
    "namegen pseudonymize people.csv --column first --pool names.txt --key-file my.key",
    "namegen pseudonymize people.csv --column name --by customer --pool given.txt --pool family.txt --key-file my.key",
)
@click.argument("file")
@click.option(
    "--column",
    "columns",
    required=True,
    multiple=True,
    metavar="COLUMN",
    help="The name or number of the column with names.",
)
@click.option(
    "--by",
    metavar="COLUMN",
    help="The column whose values determine the pseudonyms, such as a customer number. The column keeps its values.  "
    "[default: the column with names]",
)
@click.option(
    *("--pool", "pools"),
    multiple=True,
    required=True,
    metavar="NAMES",
    help="The pool of pseudonyms: a file with one name per line, or a CSV file with a column `name`. For names with "
    "several parts, repeat the option.",
)
@click.option(
    "--key-file",
    required=True,
    metavar="KEY",
    help="A secret file with at least 16 random bytes. To create one: `umask 077; head -c 32 /dev/urandom > KEY`.",
)
@click.option(
    "--template",
    metavar="TEXT",
    help="The template for names with several parts.  [default: {1} {2} …]",
)
@click.option(
    "--context",
    default="",
    metavar="TEXT",
    help="A label for this use of the key. Each context maps values to different names.",
)
@click.option("--ignore-case", is_flag=True, help="Treat ANN and Ann as the same person.")
@click.option(
    "--allow-collisions",
    is_flag=True,
    help="Write the table even if different people get the same pseudonym.",
)
@click.option(
    "--out",
    type=options.OutFile(".csv"),
    metavar="OUT",
    help="The file to write, instead of standard output.",
)
@options.force
@options.common
def pseudonymize(
    file: str,
    columns: tuple[str, ...],
    by: str | None,
    pools: tuple[str, ...],
    key_file: str,
    allow_collisions: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Replace the names in one column of a table with names from a pool.

    FILE: a CSV file, or - for standard input. The other columns keep their values.

    With the same key, pool and context, the same person always gets the same name. Extra spaces and different Unicode
    forms don't make another person. If two people would get the same name, namegen writes nothing and shows how large
    the pools have to be. It also warns you if another column looks like names or e-mail addresses. The file KEY.pool
    stores the hash of the pool, so that namegen can reject a different pool. --json prints the numbers, and requires
    --out.
    """
    if len(columns) > 1:
        raise click.UsageError(
            "--column was passed more than once: pass one column, and run the command again for another column."
        )
    if as_json and out is None:
        raise click.UsageError("--json needs --out, because the table goes to standard output.")
    if file != "-" and not is_there(file, NamesError):
        raise NamesError(
            f"there is no file {quote(short(file))}: pass a CSV table, or - for standard input"
        )
    if out is not None:
        check_output(out, example="new.csv", force=force)
    pseudonyms = Pseudonyms(
        pool=map(read_pool, pools), key=read_key(key_file), allow_collisions=True, **how
    )
    keep_pool(key_file, pseudonyms.pool_hash, write=False)  # only checks the pool
    with open_again_and_again(file) as stream:
        table = NameTable(stream, file, column=columns[0], by=by)
        # Read the table once to find all people, and any errors, before anything is written.
        row_count = 0
        names_in_pool = 0
        name_columns = NameColumns(table.header, table.name_index)
        for row in table.rows_with_names():
            row_count += 1
            names_in_pool += pseudonyms.has_name(row[table.name_index])
            name_columns.check_row(row)
            pseudonyms.of(row[table.by_index])
        if pseudonyms.collisions and not allow_collisions:
            raise GenerationError(
                f"{pseudonyms.collisions:,} of {counted(pseudonyms.people, 'different value')} would get the same "
                f"pseudonym as another: {pseudonyms.advice()}"
            )
        keep_pool(key_file, pseudonyms.pool_hash)
        if out is None:
            sys.stdout.buffer.writelines(table.renamed(pseudonyms))
        else:
            write_whole(out, table.renamed(pseudonyms))
    collided = (
        f"; {pseudonyms.collisions:,} with the pseudonym of another"
        if pseudonyms.collisions
        else ""
    )
    note(
        f"{counted(pseudonyms.people, 'different value')} in {counted(row_count, 'row')}{collided}"
    )
    if names_in_pool:
        note(
            f"The pool contains {counted(names_in_pool, 'name')} of the table, so a pseudonym could be someone's real "
            "name. Remove them from the pool, and use a new key."
        )
    for name in name_columns.found():
        note(
            f"The column {quote(name)} still looks like names or e-mail addresses. If they are real, run the command "
            "again for this column, or delete it."
        )
    if as_json:
        document = {
            "names": pseudonyms.size,
            "pool_hash": pseudonyms.pool_hash,
            "rows": row_count,
            "people": pseudonyms.people,
            "collisions": pseudonyms.collisions,
            "values_in_pool": names_in_pool,
            "name_columns": name_columns.found(),
        }
        click.echo(json_text(document))


def open_again_and_again(file: str) -> BinaryIO:
    """Open a file, or ``-`` for standard input. The content of a pipe is copied to a temporary file.

    Raises:
        NamesError: the file can't be read.
    """
    try:
        stream = cast(BinaryIO, click.open_file(file, "rb"))
        if stream.seekable():
            return stream
        copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # the caller closes it
        shutil.copyfileobj(stream, copy)
        return copy
    except (OSError, ValueError, RuntimeError) as error:  # such as a closed standard input
        raise NamesError(
            f"cannot read {short(file)} ({reason_of(error)}): pass a CSV file in UTF-8"
        ) from error


class NameTable:
    """A CSV table in which one column gets pseudonyms. It can be read several times.

    Args:
        stream: the content of the table.
        file: the path of the table, for messages.
        column: the name or number of the column with names.
        by: the column whose values determine the pseudonyms. By default, it's the column with names.

    Raises:
        NamesError: the file isn't a CSV table, or it has no such column.
    """

    def __init__(self, stream: BinaryIO, file: str, *, column: str, by: str | None) -> None:
        self._file = file
        stream.seek(0)
        self._first_line = stream.readline(MAX_CELL)
        self._text = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        self._delimiter = delimiter_of(self._first_line.decode("utf-8", "replace"))
        self._line_number = 0  # the last line that was read
        self.header: list[str] = []
        self.header = next(self._rows(), [])
        names = [name.strip() for name in self.header]
        self.name_index = column_place(names, column, short(file), "column")
        self.by_index = self.name_index
        if by is not None:
            self.by_index = column_place(names, by, short(file), "by")

    def rows_with_names(self) -> Iterator[list[str]]:
        """Yield the rows after the header in which the column with names isn't empty."""
        rows = self._rows()
        next(rows)
        for row in rows:
            if not self._has_name(row):
                continue
            if not row[self.by_index].strip():
                raise NamesError(
                    f"line {self._line_number} of {short(self._file)} has a name, but no value in the column "
                    f"{quote(self.header[self.by_index])}: add the value, or choose another column with --by"
                )
            yield row

    def renamed(self, pseudonyms: Pseudonyms) -> Iterator[bytes]:
        """Yield all rows of the new table, with the byte order mark and the line ends of the old one."""
        if self._first_line.startswith(codecs.BOM_UTF8):
            yield codecs.BOM_UTF8
        line_end = "\r\n" if self._first_line.endswith(b"\r\n") else "\n"
        line = io.StringIO(newline="")
        # The writer quotes cells that contain a character of its own line end.
        writer = csv.writer(line, delimiter=self._delimiter, lineterminator="\r\n")
        for index, row in enumerate(self._rows()):
            is_header = index == 0
            if not is_header and self._has_name(row):
                name = pseudonyms.of(row[self.by_index])
                row[self.name_index] = safe_cell(printable(name))
            writer.writerow(row)
            yield (line.getvalue().removesuffix("\r\n") + line_end).encode()
            line.seek(0)
            line.truncate()

    def _has_name(self, row: list[str]) -> bool:
        return bool(row) and row[self.name_index].strip() != ""  # an empty line has no cells

    def _rows(self) -> Iterator[list[str]]:
        """Yield all rows from the header on. Raises NamesError for an invalid row."""
        csv.field_size_limit(MAX_CELL)
        self._text.seek(0)
        reader = csv.reader(self._text, delimiter=self._delimiter, strict=True)
        try:
            for row in reader:
                self._line_number = reader.line_num
                if row and self.header and len(row) != len(self.header):
                    raise csv.Error(
                        f"number of cells: {len(row)}, but {len(self.header)} in the first row"
                    )
                yield row
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            # The file is decoded in blocks, so an invalid byte may be in a later line.
            line = max(reader.line_num, 1)
            raise NamesError(
                f"cannot read line {line} of {short(self._file)} ({reason_of(error)}): correct it, or save it as CSV "
                "in UTF-8"
            ) from error

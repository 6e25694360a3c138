"""``namegen pseudonymize``: replace the names in a table with pseudonyms. It imports nothing slow, not even NumPy."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import click

from namegen.cli import options
from namegen.cli.export import force
from namegen.cli.terminal import Notes, counted, json_text, printable
from namegen.core.data.list_formats import column_place, delimiter_of
from namegen.errors import NamesError, reason_of, safe_cell, short
from namegen.files import check_output, write_whole
from namegen.pseudonymize import Pseudonyms, keep_pool, read_key, read_pool

MAX_CELL = 10_000_000  # characters of a cell or a line; limits the memory that an open quotation mark can take
BYTE_ORDER_MARK = "\ufeff"


@options.command(
    "namegen pseudonymize people.csv --column first --pool names.txt --key-file my.key",
    "namegen pseudonymize people.csv --column 1 --pool given.txt --pool family.txt --key-file my.key --out new.csv",
)
@click.argument("file")
@click.option(
    "--column",
    "columns",
    required=True,
    multiple=True,
    metavar="COLUMN",
    help="The column's name or number.",
)
@click.option(
    *("--pool", "pools"),
    multiple=True,
    required=True,
    metavar="NAMES",
    help="The pool of pseudonyms: a file with one name per line, or a CSV file with a column `name`. Repeat the option "
    "for names with several parts.",
)
@click.option(
    "--key-file",
    required=True,
    metavar="KEY",
    help="A secret file of 16 random bytes or more. To make one: `umask 077; head -c 32 /dev/urandom > KEY`.",
)
@click.option(
    "--template",
    metavar="TEXT",
    help="How to write a name with several parts.  [default: {1} {2} …]",
)
@click.option(
    "--context",
    default="",
    metavar="TEXT",
    help="A label for this use of the key. Each context maps values to different names.",
)
@click.option(
    "--unique",
    is_flag=True,
    help="Stop with an error if two values get the same name. This takes 8 bytes of memory per value.",
)
@click.option(
    "--out",
    type=options.OutFile(".csv"),
    metavar="OUT",
    help="The file to write, instead of standard output.",
)
@force
@options.common
def pseudonymize(
    file: str,
    columns: tuple[str, ...],
    pools: tuple[str, ...],
    key_file: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Replace each value in one column of a table with a name from a pool.

    FILE: a CSV file, or - for standard input. The other columns keep their values.

    With the same key, pool and context, the same value always gets the same name. Two values may share a name, and
    namegen prints the expected number of such pairs to standard error. The file KEY.pool stores the hash of the pool,
    and namegen rejects another pool. --json prints these numbers, and needs --out.
    """
    if len(columns) > 1:
        raise click.UsageError(
            "--column was passed more than once: pass one column, and run the command again for another."
        )
    if as_json and out is None:
        raise click.UsageError("--json needs --out, because the table goes to standard output.")
    if out is not None:
        check_output(out, example="new.csv", force=force)
    pseudonyms = Pseudonyms(pool=map(read_pool, pools), key=read_key(key_file), **how)
    # This only checks the pool: a run that fails must not bind the key to it.
    keep_pool(key_file, pseudonyms.pool_hash, write=False)
    notes(f"{pseudonyms.size:,} names; the hash of the pool is {pseudonyms.pool_hash}")
    rows = renamed(file, columns[0], pseudonyms)
    if out is None:
        byte_order_mark = next(rows)  # raises an error if the table has no such column
        keep_pool(key_file, pseudonyms.pool_hash)
        sys.stdout.buffer.writelines(chain([byte_order_mark], rows))
    else:
        write_whole(out, _rows_then_pool(rows, key_file, pseudonyms.pool_hash))
    _print_report(pseudonyms, notes, as_json=as_json)


def _rows_then_pool(rows: Iterable[bytes], key_file: str, pool_hash: str) -> Iterator[bytes]:
    """Yield all rows, then store the hash of the pool; if that fails, the file isn't written."""
    yield from rows
    keep_pool(key_file, pool_hash)


def _print_report(pseudonyms: Pseudonyms, notes: Notes, *, as_json: bool) -> None:
    values = pseudonyms.hashed + pseudonyms.numbers
    pairs = pseudonyms.expected_shared
    pairs_text = f"{pairs:,.0f}" if pairs >= 1000 else f"{pairs:.3g}"
    notes(
        f"{counted(values, 'value')}; if all are different, expect {pairs_text} pairs that share a name"
    )
    if pseudonyms.listed:
        notes(
            f"{counted(pseudonyms.listed, 'value')} in the table are also in the pool, so a pseudonym could be "
            "someone's real name. Remove them from the pool, and use a new key."
        )
    if as_json:
        document = {
            "names": pseudonyms.size,
            "pool_hash": pseudonyms.pool_hash,
            "values": values,
            "expected_shared": pairs,
            "values_in_pool": pseudonyms.listed,
        }
        click.echo(json_text(document))


# --- the table --------------------------------------------------------------------------------------------------------


def renamed(file: str, column: str, pseudonyms: Pseudonyms) -> Iterator[bytes]:
    """Yield a table's byte order mark or nothing, then its rows with pseudonyms in one column.

    Raises:
        NamesError: the file isn't a CSV table, or it has no such column.
    """
    csv.field_size_limit(MAX_CELL)
    number = 1  # of the row, for messages
    try:
        with click.open_file(file, "rb") as stream:
            lines = _lines(io.TextIOWrapper(stream, "utf-8", newline=""))
            first_line = next(lines, "")
            has_mark = first_line.startswith(BYTE_ORDER_MARK)
            line_end = "\r\n" if first_line.endswith("\r\n") else "\n"
            delimiter = delimiter_of(first_line)
            all_lines = chain([first_line.removeprefix(BYTE_ORDER_MARK)], lines)
            rows = csv.reader(all_lines, delimiter=delimiter, strict=True)
            header = next(rows, [])
            names = [name.strip() for name in header]
            index = column_place(names, column, short(file), "column")
            yield BYTE_ORDER_MARK.encode() if has_mark else b""
            yield f"{_csv_line(header, delimiter)}{line_end}".encode()
            number = 2
            for row in rows:
                if row:
                    if len(row) != len(header):
                        raise csv.Error(f"{len(row)} cells where the first row has {len(header)}")
                    row[index] = safe_cell(printable(pseudonyms.of(row[index])))
                yield f"{_csv_line(row, delimiter)}{line_end}".encode()
                number += 1
    # RuntimeError: standard input is closed
    except (OSError, ValueError, RuntimeError, csv.Error) as error:
        is_decoding = isinstance(error, UnicodeDecodeError)  # of a block, so the row is unknown
        where = "" if is_decoding else f"row {number} of "
        raise NamesError(
            f"cannot read {where}{short(file)} ({reason_of(error)}): pass a CSV table in UTF-8"
        ) from error


def _csv_line(row: list[str], delimiter: str) -> str:
    """A row as CSV. Unlike ``csv.writer``, it keeps the delimiter of the table and quotes only where needed."""
    needs_quotes = re.compile(f'[\r\n"{delimiter}]')
    cells = []
    for cell in row:
        if needs_quotes.search(cell):
            escaped = cell.replace('"', '""')
            cells.append(f'"{escaped}"')
        else:
            cells.append(cell)
    if cells == [""]:
        return '""'  # without quotes, the row would be an empty line
    return delimiter.join(cells)


def _lines(text: TextIO) -> Iterator[str]:
    """The lines of a table, with their ends. Raises csv.Error if a line is too long."""
    while line := text.readline(MAX_CELL):
        if len(line) == MAX_CELL:
            raise csv.Error(f"a line has {MAX_CELL:,} characters or more")
        yield line

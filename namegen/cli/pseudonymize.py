"""``namegen pseudonymize``: names of a pool in place of those in a table. Nothing heavy is loaded, not even NumPy."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
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

MAX_CELL = 10_000_000  # characters, of a line too: an open quotation mark does not take all memory


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
    help="Its name or its number.",
)
@click.option(
    *("--pool", "pools"),
    multiple=True,
    required=True,
    metavar="NAMES",
    help="A file of names, one per line, or a CSV with a column `name`; repeat it for several parts.",
)
@click.option(
    "--key-file",
    required=True,
    metavar="KEY",
    help="A file of 16 or more random bytes, kept secret. To make one: `umask 077; head -c 32 /dev/urandom > KEY`.",
)
@click.option(
    "--template", metavar="TEXT", help="How to write a name of several parts.  [default: {1} {2} …]"
)
@click.option(
    "--context",
    default="",
    metavar="TEXT",
    help="A purpose: with another one, values get other names.",
)
@click.option(
    "--unique",
    is_flag=True,
    help="Stop where two values share a name. Takes 8 bytes for each value.",
)
@click.option(
    "--out",
    type=options.OutFile(".csv"),
    metavar="OUT",
    help="The file to write, in place of standard output.",
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
    """Put a name of a pool in place of each value in one column of a table.

    FILE is CSV, or - for standard input. The same value gets the same name wherever key, pool and context are the same,
    and other columns keep their values. Two values may share a name: standard error says how many pairs to expect. The
    file KEY.pool keeps the hash of the pool, so that another one is refused. --json prints these figures, beside --out.
    """
    if len(columns) > 1:
        raise click.UsageError(
            "--column was given more than once: give one, and run again for another column."
        )
    if as_json and out is None:
        raise click.UsageError("--json needs --out, as the table goes to standard output.")
    if out is not None:
        check_output(out, example="new.csv", force=force)
    made = Pseudonyms(pool=map(read_pool, pools), key=read_key(key_file), **how)
    keep_pool(key_file, made.pool_hash, write=False)  # a run that gives no name binds no key
    notes(f"{made.size:,} names; the hash of the pool is {made.pool_hash}")
    rows = renamed(file, columns[0], made)
    if out is None:
        mark = next(rows)  # so there is such a column
        keep_pool(key_file, made.pool_hash)
        sys.stdout.buffer.writelines(chain([mark], rows))
    else:
        # It keeps the pool, and gives no row, once all rows are there; where it cannot, no file is written.
        write_whole(out, chain(rows, iter(lambda: keep_pool(key_file, made.pool_hash), None)))
    values, pairs = made.hashed + made.numbers, made.expected_shared
    expected = f"{pairs:,.0f}" if pairs >= 1000 else f"{pairs:.3g}"
    notes(
        f"{counted(values, 'value')}; if all are different, expect {expected} pairs that share a name"
    )
    if made.listed:
        told = f"{counted(made.listed, 'value')} of the table stand in the pool, so a pseudonym may be a real name"
        notes(f"{told}: take these names out of the pool, and take a new key")
    if as_json:
        found = {
            "names": made.size,
            "pool_hash": made.pool_hash,
            "values": values,
            "expected_shared": pairs,
        }
        found["values_in_pool"] = made.listed
        click.echo(json_text(found))


def renamed(file: str, column: str, made: Pseudonyms) -> Iterator[bytes]:
    """The rows of a table, with pseudonyms in one column. Raises NamesError: it is none, or has no such column."""
    csv.field_size_limit(MAX_CELL)
    number = 1
    try:
        with click.open_file(file, "rb") as stream:
            lines = _lines(io.TextIOWrapper(stream, "utf-8", newline=""))
            first = next(lines, "")
            mark, end = (
                first[: first.startswith("\ufeff")],
                "\r\n" if first.endswith("\r\n") else "\n",
            )
            delimiter = delimiter_of(first)
            rows = csv.reader(
                chain([first.removeprefix(mark)], lines), delimiter=delimiter, strict=True
            )
            special, header = re.compile(f'[\r\n"{delimiter}]'), next(rows, [])
            place = column_place([name.strip() for name in header], column, short(file), "column")
            yield mark.encode()
            for row in chain([header], rows):
                if number > 1 and row:
                    if len(row) != len(header):
                        raise csv.Error(f"{len(row)} cells where the first row has {len(header)}")
                    row[place] = safe_cell(printable(made.of(row[place])))
                cells = (
                    '"' + cell.replace('"', '""') + '"' if special.search(cell) else cell
                    for cell in row
                )
                joined = delimiter.join(cells) or '""' * len(
                    row
                )  # a row of one empty cell is no empty row
                yield f"{joined}{end}".encode()
                number += 1
    except (
        OSError,
        ValueError,
        RuntimeError,
        csv.Error,
    ) as error:  # RuntimeError: standard input is closed
        where = (
            "" if isinstance(error, UnicodeDecodeError) else f"row {number} of "
        )  # text is decoded in blocks
        raise NamesError(
            f"cannot read {where}{short(file)} ({reason_of(error)}): give a CSV table in UTF-8"
        ) from error


def _lines(text: TextIO) -> Iterator[str]:
    """The lines of a table, with their ends. Raises csv.Error: one is too long."""
    while line := text.readline(MAX_CELL):
        if len(line) == MAX_CELL:
            raise csv.Error(f"a line has {MAX_CELL:,} characters or more")
        yield line

"""``namegen pseudonymize``: replace the names in a table with pseudonyms. To start fast, it doesn't import NumPy."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click

from namegen.cli import options
from namegen.cli.export import force
from namegen.cli.name_table import NameTable, ValueCounts
from namegen.cli.terminal import Notes, counted, json_text
from namegen.errors import NamesError, quote, short
from namegen.files import check_output, is_file, is_there, write_whole
from namegen.pseudonymize import Pseudonyms, keep_pool, read_key, read_pool

STANDARD_INPUT = "-"


@options.command(
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
    by: str | None,
    pools: tuple[str, ...],
    key_file: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Replace the names in one column of a table with names from a pool.

    FILE: a CSV file, or - for standard input. The other columns keep their values.

    With the same key, pool and context, the same value always gets the same name. Two values may share a name, and
    namegen prints the expected number of such pairs to standard error. It also warns you if another column looks like
    names. The file KEY.pool stores the hash of the pool, so that namegen can reject a different pool. --json prints
    these numbers, and requires --out.
    """
    column = _only_column(columns)
    if as_json and out is None:
        raise click.UsageError("--json needs --out, because the table goes to standard output.")
    _check_exists(file)
    if out is not None:
        check_output(out, example="new.csv", force=force)
    pseudonyms = Pseudonyms(pool=map(read_pool, pools), key=read_key(key_file), **how)
    # This only checks the pool, because a run that fails must not bind the key to it.
    keep_pool(key_file, pseudonyms.pool_hash, write=False)
    notes(f"{pseudonyms.size:,} names; the hash of the pool is {pseudonyms.pool_hash}")
    table = NameTable(file, column, by)
    if len(pools) > 1 and is_file(file, NamesError):
        notes(pool_advice(table.count_values(pseudonyms), pseudonyms.size))
    _write_table(table.renamed(pseudonyms), out, key_file, pseudonyms.pool_hash)
    _print_report(table, pseudonyms, notes)
    if as_json:
        click.echo(json_text(_document(table, pseudonyms)))


def _only_column(columns: tuple[str, ...]) -> str:
    """Return the value of ``--column``. Raises UsageError if the option was repeated."""
    if len(columns) > 1:
        raise click.UsageError(
            "--column was passed more than once: pass one column, and run the command again for another column."
        )
    return columns[0]


def _check_exists(file: str) -> None:
    """Raise NamesError if the table's file doesn't exist."""
    if file != STANDARD_INPUT and not is_there(file, NamesError):
        raise NamesError(
            f"there is no file {quote(short(file))}: pass a CSV table, or - for standard input"
        )


def _write_table(rows: Iterator[bytes], out: Path | None, key_file: str, pool_hash: str) -> None:
    """Write the rows to a file or to standard output, then store the hash of the pool."""
    if out is not None:
        write_whole(out, _rows_then_pool(rows, key_file, pool_hash))
        return
    byte_order_mark = next(rows)  # raises an error if the table has no such column
    keep_pool(key_file, pool_hash)
    sys.stdout.buffer.writelines(chain([byte_order_mark], rows))


def _rows_then_pool(rows: Iterable[bytes], key_file: str, pool_hash: str) -> Iterator[bytes]:
    """Yield all rows, then store the hash of the pool. If storing the hash fails, the file isn't written."""
    yield from rows
    keep_pool(key_file, pool_hash)


def pool_advice(counts: ValueCounts, size: int) -> str:
    """Advise the user how large the pools have to be to expect less than one pair of values that shares a name.

    >>> pool_advice(ValueCounts(hashed=1000), 250_000).split(": ")[1]
    '2 pools of 707 names each, or 3 pools of 80. Your pools make 250,000.'
    """
    values = counted(counts.total, "value")
    if counts.pairs == 0:
        return f"If all {values} are different, no two of them share a name."
    needed = counts.pairs + 1
    of_two = _pool_size(needed, 2)
    of_three = _pool_size(needed, 3)
    return (
        f"If all {values} are different, they need {needed:,} names to expect less than one pair that shares a name: "
        f"2 pools of {of_two:,} names each, or 3 pools of {of_three:,}. Your pools make {size:,}."
    )


def _pool_size(needed: int, pools: int) -> int:
    """Return how many names each pool needs, so that all pools together produce the needed number."""
    size = max(int(needed ** (1 / pools)) - 1, 1)
    while size**pools < needed:
        size += 1
    return size


def _print_report(table: NameTable, pseudonyms: Pseudonyms, notes: Notes) -> None:
    """Print how many values may share a name, and warnings about names that the new table may still contain."""
    values = pseudonyms.hashed + pseudonyms.numbers
    pairs = pseudonyms.expected_shared
    pairs_text = f"{pairs:,.0f}" if pairs >= 1000 else f"{pairs:.3g}"
    notes(
        f"{counted(values, 'value')}; if all are different, the expected number of pairs that share a name is "
        f"{pairs_text}"
    )
    if table.values_in_pool:
        notes(
            f"The pool contains {counted(table.values_in_pool, 'name')} of the table, so a pseudonym could be "
            "someone's real name. Remove them from the pool, and use a new key."
        )
    for column in table.name_columns.found():
        notes(
            f"The column {quote(column)} still looks like names. If they are real names, run the command again "
            "for this column, or delete it."
        )


def _document(table: NameTable, pseudonyms: Pseudonyms) -> dict[str, object]:
    """Return the result as JSON."""
    return {
        "names": pseudonyms.size,
        "pool_hash": pseudonyms.pool_hash,
        "values": pseudonyms.hashed + pseudonyms.numbers,
        "expected_shared": pseudonyms.expected_shared,
        "values_in_pool": table.values_in_pool,
        "name_columns": table.name_columns.found(),
    }

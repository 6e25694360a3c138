"""Options that several commands share, and the words in which they are explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from namegen import __version__

Command = TypeVar("Command", bound=Callable[..., Any])

MODEL = "a run folder, a checkpoint or a shipped model's name; left out, the newest run under runs/, else mlb-first"
NAMES = "a file, - for standard input, or a bundled list's name; left out, mlb-first"
MOST_THREADS = 1024


def common(command: Command) -> Command:
    """``--json``, ``--quiet`` and ``--version``, which every command has."""
    for option in (
        click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s"),
        click.option("--quiet", is_flag=True, help="Say nothing on standard error but errors."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        command = option(command)
    return command


backend = click.option(
    "--backend",
    metavar="NAME",
    help="The engine: numpy, keras, or another that is installed.  [default: numpy; the model's own where it must be]",
)
threads = click.option(
    "--threads",
    type=click.IntRange(1, MOST_THREADS),
    default=1,
    show_default=True,
    metavar="N",
    help="Processor threads for the engine.",
)
column = click.option("--column", metavar="NAME", help="The column of a CSV file, by its name or its number from 1.")
max_name_length = click.option(
    "--max-name-length",
    type=click.IntRange(min=1),
    metavar="N",
    help="Refuse lists with longer names.  [default: 1000]",
)

"""``namegen generate``: invent names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.sources import open_model
from namegen.cli.terminal import Notes, json_string, printable

if TYPE_CHECKING:
    from namegen.core.generator import NameBatch

MOST_NAMES = 1_000_000_000


def wishes(command: options.Command) -> options.Command:
    """What one may wish of the names: each option has the name of an argument of ``LoadedModel.generate_batches``."""
    wish: Callable[[options.Command], options.Command]
    for wish in reversed(
        (
            click.option("--seed", type=click.IntRange(min=0), metavar="N", help="The same seed gives the same names."),
            click.option(
                "--temperature",
                type=float,
                default=1.0,
                show_default=True,
                metavar="T",
                help="Below 1 stays with what is likely, above 1 dares more.",
            ),
            click.option("--top-k", type=int, metavar="K", help="Only the K likeliest next characters."),
            click.option(
                "--top-p", type=float, metavar="P", help="Only the likeliest characters that make up P together."
            ),
            click.option(
                "--max-length",
                type=click.IntRange(1, 1_000_000),
                metavar="N",
                help="Characters of the longest name.  [default: twice the longest of the list]",
            ),
            click.option("--allow-seen", is_flag=True, help="Names of the list that the model learned from, too."),
            click.option("--allow-repeats", is_flag=True, help="The same name more than once."),
        )
    ):
        command = wish(command)
    return command


@click.command()
@click.argument("model", required=False)
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, MOST_NAMES),
    default=20,
    show_default=True,
    metavar="N",
    help="How many names.",
)
@wishes
@options.backend
@options.threads
@options.common
def generate(
    model: str | None, count: int, backend: str, threads: int, as_json: bool, quiet: bool, **wished: Any
) -> None:
    """Invent names: new ones, each once, a line each.

    MODEL is a run folder, a checkpoint or a shipped model's name; left out, it is the newest run under runs/, else
    mlb-first. With --json a line is an object: name, log_probability (nats), new.
    """
    loaded = open_model(model, Notes(quiet), backend=backend, threads=threads)
    write = _json_lines if as_json else _lines
    for batch in loaded.generate_batches(count, **wished):
        sys.stdout.write(write(batch))


def _lines(batch: NameBatch) -> str:
    """A name a line. One check finds out that a whole batch is safe to show, as nearly every batch is."""
    safe = "".join(batch.names).isprintable()
    return "\n".join(batch.names if safe else map(printable, batch.names)) + "\n"


def _json_lines(batch: NameBatch) -> str:
    """An object a line, put together by hand: a million objects through ``json.dumps`` take longer than their names."""
    new = ["null"] * len(batch.names) if batch.new is None else ["true" if new else "false" for new in batch.new]
    rows = zip(map(json_string, batch.names), batch.log_probability.tolist(), new, strict=True)
    return "".join(
        f'{{"name": {name}, "log_probability": {log_probability!r}, "new": {is_new}}}\n'
        for name, log_probability, is_new in rows
    )

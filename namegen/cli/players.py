"""``namegen players`` and ``namegen companies``: names from the models that come with the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from namegen.cli import formats, options
from namegen.cli.generate import read_texts, wish_options
from namegen.cli.parts import check_standard_input, part_options, part_wishes
from namegen.cli.search_line import SearchLine
from namegen.cli.terminal import Notes
from namegen.threads import limit_threads

MOST_NAMES = 1_000_000


def how_many(what: str) -> Callable[[options.Command], options.Command]:
    """Add ``-n``."""
    return click.option(
        "-n",
        "count",
        type=options.Whole(1, MOST_NAMES),
        default=25,
        show_default=True,
        metavar="N",
        help=f"How many {what} to give.",
    )


def drawing_options(what: str) -> Callable[[options.Command], options.Command]:
    """Add the options that say how many, and how they are drawn."""

    def add(command: options.Command) -> options.Command:
        command = how_many(what)(command)
        for option in (
            options.letter_case,
            formats.option,
            click.option(
                "--temperature",
                type=float,
                metavar="T",
                help="The sampling temperature: below 1 prefers what is likely, above 1 gives more variety.  [default: "
                "the model's own, at which nearly all new names are plausible]",
            ),
            click.option(
                "--seed",
                type=options.Whole(0),
                metavar="N",
                help="The random seed: the same one gives the same names.",
            ),
        ):
            command = option(command)
        return command

    return add


@click.command(
    epilog=options.examples(
        "namegen players -n 9 --seed 1",
        "namegen players -n 200 --format csv > players.csv",
    ),
)
@drawing_options("players")
@part_options("first", "first names")
@part_options("last", "last names")
@options.common
def players(
    count: int,
    seed: int | None,
    temperature: float | None,
    letter_case: str,
    form: str | None,
    as_json: bool,
    quiet: bool,
    **wished: object,
) -> None:
    """Invent baseball players: a first name, a last name, and sometimes a suffix such as Jr.

    The last name is always new. The first name may be one that real players have, but the full name is never that of a
    real player of major-league baseball. The columns of --format csv and json are: name, first, last, suffix.
    """
    form = formats.chosen(form, as_json)
    check_standard_input(**wished)
    notes = Notes(quiet)
    limit_threads(1)
    from namegen import api

    columns = ("name", "first", "last", "suffix")
    line = SearchLine(notes, count, "players", "last names drawn")
    batches = api.invent_players(
        count,
        seed=seed,
        temperature=temperature,
        first_wishes=part_wishes(wished, "first", notes),
        last_wishes=part_wishes(wished, "last", notes),
        on_progress=line.on_progress,
        letter_case=letter_case,
    )
    with formats.Rows(form, columns) as rows, line:
        for batch in batches:
            line.clear()
            rows.write([(player.full_name, player.first, player.last, player.suffix) for player in batch])


@click.command(
    epilog=options.examples(
        "namegen companies -n 5 --temperature 0.7",
        "namegen companies --format json",
    ),
)
@how_many("companies")
@formats.option
@wish_options
@options.common
def companies(
    count: int,
    form: str | None,
    as_json: bool,
    quiet: bool,
    **wished: Any,
) -> None:
    """Invent new names of companies, each of them once.

    No company in the bundled list has one of these names. A company elsewhere may have it, and it may be a trademark:
    look it up before you use it. The columns of --format csv and json are: name, log_probability (in nats), new.
    """
    form = formats.chosen(form, as_json)
    notes = Notes(quiet)
    limit_threads(1)
    from namegen import api

    model = api.load_shipped("companies")
    wished |= read_texts(wished, notes)
    line = SearchLine(notes, count)
    batches = model.generate_batches(count, on_progress=line.on_progress, **wished)
    with formats.Rows(form, formats.columns_of(model)) as rows, line:
        for batch in batches:
            line.clear()
            rows.write_names(batch, model)

"""``namegen people``, ``players``, ``companies`` and ``places``: generate whole names with the built-in models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter, itemgetter
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import formats
from namegen.cli import options as shared
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.formats import SEARCHING, SIDE_BY_SIDE, Output, Row
from namegen.cli.generate import (
    CONSTRAINTS,
    SHOWN,
    constraint_options,
    drawing_options,
    output_options,
    read_excluded,
)
from namegen.cli.opening import open_model
from namegen.cli.terminal import columns
from namegen.core.settings import GENDERS, SOURCES

if TYPE_CHECKING:
    from namegen.api import LoadedModel


def whole_name_command(
    *examples: str, parts: Sequence[str], shown: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], click.Command]:
    """Create a command whose ``--help`` shows one line for all constraints of a part of the name.

    Args:
        *examples: command lines.
        parts: the parts of the name, such as ``given`` and ``family``.
        shown: the parameter names of the command's own options to show.
    """
    constraints = ", ".join(CONSTRAINTS).replace("_", "-")
    return command(
        *examples,
        shown=("count", "letter_case", "form", "out", "unfiltered", "seed", *shown),
        others=[
            (
                f"--{part}-…",
                f"A constraint for {part} names: {constraints}, as in `namegen generate`.",
            )
            for part in parts
        ],
    )


def whole_name_options(*parts: str) -> Callable[[shared.Command], shared.Command]:
    """Create the options for sampling whole names, for the constraints of each part, and for the output."""
    return shared.together(
        shared.request_option("seed"),
        click.option(
            "--exclude-words",
            metavar="FILE",
            help="Skip whole names if any part contains a word from FILE.",
        ),
        shared.request_option("allow_profanity"),
        shared.request_option("unfiltered"),
        shared.request_option("temperature"),
        *(constraint_options(f"{part} names", f"{part}_") for part in parts),
        shared.request_option("letter_case"),
        formats.option,
        shared.common,
    )


def part_options(part: str, default: str) -> Callable[[shared.Command], shared.Command]:
    """Create the options that choose the model for one part of people's names, and between its real and new names."""
    return shared.together(
        click.option(
            f"--{part}",
            type=click.Choice(SOURCES),
            help=f"real: {part} names from the model's training list; new: names that aren't in it; any: both.  "
            f"[default: {default}]",
        ),
        click.option(
            f"--{part}-model",
            metavar="MODEL",
            help=f"The model for {part} names.  [default: world-{part}]",
        ),
    )


# --- people and players -----------------------------------------------------------------------------------------------


@whole_name_command(
    "namegen people -n 8 --seed 1",
    "namegen people --origin Italian --origin Finnish --gender female",
    "namegen people -n 12 --household 4 --format csv",
    parts=("given", "family"),
    shown=("origins", "gender", "household", "template", "given", "family"),
)
@shared.count_option("people")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="LABEL",
    help="Generate only people of this origin, such as Italian (`namegen models` lists them). Repeat the option for "
    "more.  [default: all origins that both models know, each equally likely]",
)
@click.option("--gender", type=click.Choice(GENDERS), help="Generate only people of this gender.")
@click.option(
    "--household",
    type=shared.WholeNumber(1, 1_000),
    help="Generate households of N people who share a family name. A column contains the household's number.",
)
@part_options("given", "real; any if the model wasn't trained on a built-in list")
@part_options("family", "new")
@click.option(
    "--template",
    metavar="TEXT",
    help="The template for the whole name, which can contain {given}, {family}, {origin} and {gender}.  "
    "[default: {given} {family}]",
)
@whole_name_options("given", "family")
def people(
    count: int,
    household: int | None,
    template: str | None,
    **options: Any,
) -> None:
    """Invent people with a given name and a family name of the same origin.

    The given names are real, and the family names are new. Half of the Irish households have an English family name. No
    whole name appears twice. namegen skips an origin if no name of that origin fits the options. To use your own
    models, train two models on lists with the same labels, and pass them as --given-model and --family-model.

    --format csv and json write the columns name, given, family, origin and gender. --household adds the column
    household, which contains a number.
    """
    output = Output.requested(options, count)
    from namegen import api
    from namegen.core.people.person import TEMPLATE, check_template

    template = TEMPLATE if template is None else template
    check_template(template)
    for name in ("given_model", "family_model"):
        model = options.pop(name)
        if model is not None:
            options[name] = open_model(model)
    constraints = _constraints_of_parts(("given", "family"), options)
    fields = ["given", "family", "origin", "gender"]
    if household:
        fields.append("household")
    cells_of = attrgetter(*fields)
    with Display(SEARCHING) as display:
        batches = api.generate_people_batches(
            count, household=household, on_progress=display, **constraints, **options
        )
        rows: Iterable[Iterable[Row]] = (
            [(person.format(template), *cells_of(person)) for person in batch] for batch in batches
        )
        if household and output.form == SIDE_BY_SIDE:
            # In a terminal, each household has its own lines, because columns would split it.
            rows = map(_household_lines, rows)
            output = replace(output, form="text")
        output.write_rows(["name", *fields], rows, display)


def _household_lines(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the lines with the names of each household. The last column of a row is the household's number."""
    for _, members in groupby(rows, key=itemgetter(-1)):
        names = ", ".join(str(name) for name, *_ in members)
        for line in wrap(names, columns(), subsequent_indent="  ", break_on_hyphens=False):
            yield (line,)


@whole_name_command(
    "namegen players -n 9 --seed 1",
    "namegen players -n 200 --format csv > players.csv",
    parts=("first", "last"),
)
@shared.count_option("players")
@whole_name_options("first", "last")
def players(count: int, **options: Any) -> None:
    """Invent baseball players with a first name, a last name, and sometimes a suffix such as Jr.

    The last name is always new. A real player may have the same first name, but no major-league player has the full
    name. --format csv and json write the columns name, first, last and suffix.
    """
    output = Output.requested(options, count)
    from namegen import api

    constraints = _constraints_of_parts(("first", "last"), options)
    with Display(SEARCHING) as display:
        batches = api.generate_players_batches(count, on_progress=display, **constraints, **options)
        rows = (
            [(player.full_name, player.first, player.last, player.suffix) for player in batch]
            for batch in batches
        )
        output.write_rows(["name", "first", "last", "suffix"], rows, display)


def _constraints_of_parts(parts: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """Turn options such as ``given_starts_with`` into arguments such as ``given_constraints``.

    The words of ``--exclude-words`` are excluded from every part.

    Args:
        parts: the parts of a whole name, such as ``given`` and ``family``.
        options: all options of the command. The options for constraints are removed.
    """
    options |= read_excluded(options)
    excluded_everywhere = options.pop("exclude_words") or ()
    arguments: dict[str, Any] = {}
    for part in parts:
        constraints = {name: options.pop(f"{part}_{name}") for name in CONSTRAINTS}
        excluded_from_part = constraints["exclude_words"] or ()
        constraints["exclude_words"] = [*excluded_from_part, *excluded_everywhere]
        arguments[f"{part}_constraints"] = constraints
    return arguments


# --- companies and places ---------------------------------------------------------------------------------------------


@command(
    "namegen companies -n 5 --unfiltered",
    "namegen companies --format json",
    shown=(*SHOWN, "letter_case"),
)
@shared.count_option("companies")
@drawing_options
@output_options
@shared.common
def companies(count: int, **options: Any) -> None:
    """Invent new company names, without repeats.

    No company in the built-in list has one of these names. However, another company may have the name, and it may be a
    trademark, so check before you use it. --format csv and json write the column name. --scores adds log_probability
    (in nats) and new.
    """
    output = Output.requested(options, count)
    from namegen import api

    _write_names(api.load_shipped("companies"), count, options, output=output)


@command(
    "namegen places --country Poland -n 10",
    "namegen places --country Italy --country Nigeria --format csv",
    shown=(*SHOWN, "countries", "letter_case"),
)
@shared.count_option("places")
@click.option(
    "--country",
    "countries",
    multiple=True,
    metavar="NAME",
    help="Generate only names that fit this country, such as Poland (`namegen models` lists the countries). Repeat the "
    "option for more.  [default: all countries, about as often as in the list]",
)
@drawing_options
@output_options
@shared.common
def places(count: int, **options: Any) -> None:
    """Invent new names of towns and villages, without repeats.

    No place in the built-in list has one of these names. The list contains at most the 500 largest places of each
    country, so a smaller place may have the same name. --format csv and json write the columns name and label, the most
    likely country. --scores adds log_probability (in nats) and new.
    """
    output = Output.requested(options, count)
    from namegen import api

    model = api.places_of(options.pop("countries"))
    _write_names(model, count, options, output=output)


def _write_names(
    model: LoadedModel, count: int, options: dict[str, Any], *, output: Output
) -> None:
    """Generate names with one model, and write each batch as soon as it's ready."""
    options |= read_excluded(options)
    with Display(SEARCHING) as display:
        batches = model.generate_batches(count, on_progress=display, **options)
        output.write_names(model, batches, display)

"""``namegen people``, ``players``, ``companies`` and ``places``: whole names from the built-in models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import formats
from namegen.cli import options as shared
from namegen.cli.display import Display
from namegen.cli.generate import (
    SHOWN,
    constraint_options,
    drawing_options,
    output_options,
    read_excluded,
)
from namegen.cli.options import open_model
from namegen.cli.terminal import Notes
from namegen.constraints import OPTIONS
from namegen.core.settings import GENDERS, SOURCES
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.api import LoadedModel


def whole_name_options(things: str) -> Callable[[shared.Command], shared.Command]:
    """Make the options for drawing whole names of people or players."""
    exclude_words = click.option(
        "--exclude-words",
        metavar="FILE",
        help=f"Skip {things} if any part of the name contains a word from FILE.",
    )
    return shared.together(
        shared.seed,
        exclude_words,
        shared.allow_profanity,
        shared.unfiltered,
        shared.temperature,
    )


# How to write whole names.
whole_name_output = shared.together(shared.letter_case, formats.option)


def short_help(*shown: str, parts: Mapping[str, str]) -> dict[str, Any]:
    """Arguments of a command with ``ShortHelp``: one line stands for all constraints of a name part.

    Args:
        shown: the command's own options to show, by parameter name.
        parts: name part → its names in words, such as ``given`` → ``given names``.
    """
    constraints = ", ".join(constraint.replace("_", "-") for constraint in OPTIONS)
    others = [
        (f"--{part}-…", f"A constraint for {names}: {constraints}, as in `namegen generate`.")
        for part, names in parts.items()
    ]
    usual = ("count", "letter_case", "form", "out", "unfiltered", "seed")
    return {"cls": shared.ShortHelp, "shown": (*usual, *shown), "others": others}


def source_option(part: str, default: str) -> Callable[[shared.Command], shared.Command]:
    """Make the option that chooses between real and new names for one part."""
    return click.option(
        f"--{part}",
        type=click.Choice(SOURCES),
        help=f"real: {part} names from the model's training list; new: names that aren't in it; any: both.  "
        f"[default: {default}]",
    )


# --- people and players -----------------------------------------------------------------------------------------------


@shared.command(
    "namegen people -n 8 --seed 1",
    "namegen people --origin Italian --origin Finnish --gender female",
    "namegen people -n 12 --household 4 --format csv",
    **short_help(
        *("origins", "gender", "household", "template", "given", "family"),
        parts={"given": "given names", "family": "family names"},
    ),
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
    metavar="N",
    help="Generate households of N people who share a family name. A column contains the household's number.",
)
@source_option("given", "real; any if the model wasn't trained on a built-in list")
@source_option("family", "new")
@whole_name_options("people")
@click.option(
    "--given-model", metavar="MODEL", help="The model for given names.  [default: world-given]"
)
@click.option(
    "--family-model", metavar="MODEL", help="The model for family names.  [default: world-family]"
)
@constraint_options("given names", "given-")
@constraint_options("family names", "family-")
@click.option(
    "--template",
    metavar="TEXT",
    help="How to write the whole name, with {given}, {family}, {origin} and {gender}.  [default: {given} {family}]",
)
@whole_name_output
@shared.common
def people(
    count: int,
    household: int | None,
    template: str | None,
    as_json: bool,
    notes: Notes,
    **options: Any,
) -> None:
    """Invent people with a given name and a family name of the same origin.

    Given names are real, and family names are new. No whole name appears twice. namegen skips an origin if no name of
    it fits the options. To use your own models, train two models on lists with the same labels, and pass them as
    --given-model and --family-model.

    --format csv and json have the columns name, given, family, origin and gender. --household adds the column
    household, a number.
    """
    form = formats.requested(as_json)
    limit_threads(1)
    from namegen import api
    from namegen.core.generation.person import TEMPLATE, check_template

    template = TEMPLATE if template is None else template
    check_template(template)
    models: dict[str, Any] = {}
    requested = {name: options.pop(name) for name in ("given_model", "family_model")}
    for name, model in requested.items():
        if model is not None:
            models[name] = open_model(model, notes)
    columns = ["given", "family", "origin", "gender"]
    if household:
        columns.append("household")
    _write_whole_names(
        partial(api.generate_people_batches, count, household=household, **models),
        options,
        parts=("given", "family"),
        columns=columns,
        whole_name=lambda person: person.format(template),
        form=form,
        notes=notes,
    )


@shared.command(
    "namegen players -n 9 --seed 1",
    "namegen players -n 200 --format csv > players.csv",
    **short_help(parts={"first": "first names", "last": "last names"}),
)
@shared.count_option("players")
@whole_name_options("players")
@constraint_options("first names", "first-")
@constraint_options("last names", "last-")
@whole_name_output
@shared.common
def players(count: int, as_json: bool, notes: Notes, **options: Any) -> None:
    """Invent baseball players with a first name, a last name, and sometimes a suffix such as Jr.

    The last name is always new. Real players may have the first name, but no major-league player has the full name.
    --format csv and json have the columns name, first, last and suffix.
    """
    form = formats.requested(as_json)
    limit_threads(1)
    from namegen import api

    _write_whole_names(
        partial(api.generate_players_batches, count),
        options,
        parts=("first", "last"),
        columns=("first", "last", "suffix"),
        whole_name=lambda player: player.full_name,
        form=form,
        notes=notes,
    )


def _write_whole_names(
    generate_batches: Callable[..., Iterable[Iterable[Any]]],
    options: dict[str, Any],
    *,
    parts: Sequence[str],
    columns: Sequence[str],
    whole_name: Callable[[Any], str],
    form: str,
    notes: Notes,
) -> None:
    """Generate people or players, and write each batch when it's ready.

    Args:
        generate_batches: yields batches, with the options and the constraints of each part as keyword arguments.
        options: the command's options, by parameter name.
        parts: the name parts, such as ``given`` and ``family``; options of a part start with its name.
        columns: the attributes of a person to write after the whole name.
        whole_name: formats the whole name of a person.
        form: one of ``formats.FORMATS``, or ``formats.SIDE_BY_SIDE``.
        notes: shows the progress of the search.
    """
    options |= read_excluded(options, notes)
    excluded_everywhere = options.pop("exclude_words") or ()
    for part in parts:
        prefix = f"{part}_"
        constraints: dict[str, Any] = {}
        for name in list(options):
            if name.startswith(prefix):
                constraints[name.removeprefix(prefix)] = options.pop(name)
        excluded_here = constraints["exclude_words"] or ()
        constraints["exclude_words"] = [*excluded_here, *excluded_everywhere]
        options[f"{prefix}constraints"] = constraints
    row_of = attrgetter(*columns)
    with Display(notes, formats.SEARCHING) as display:
        batches = generate_batches(on_progress=display, **options)
        with formats.Rows(form, ("name", *columns)) as rows, closing(display):
            for batch in batches:
                with display.erased():
                    rows.write((whole_name(person), *row_of(person)) for person in batch)


# --- companies and places ---------------------------------------------------------------------------------------------


@shared.command(
    "namegen companies -n 5 --unfiltered",
    "namegen companies --format json",
    cls=shared.ShortHelp,
    shown=(*SHOWN, "letter_case"),
)
@shared.count_option("companies")
@drawing_options
@output_options
@shared.common
def companies(count: int, as_json: bool, notes: Notes, **options: Any) -> None:
    """Invent new company names, without repeats.

    No company in the built-in list has one of these names. Another company may have it, and it may be a trademark:
    check before you use it. --format csv and json have the column name. --scores adds log_probability (in nats) and
    new.
    """
    form = formats.requested(as_json)
    limit_threads(1)
    from namegen import api

    model = api.load_shipped("companies")
    _write_names(model, count, options, form=form, notes=notes)


@shared.command(
    "namegen places --country Poland -n 10",
    "namegen places --country Italy --country Nigeria --format csv",
    cls=shared.ShortHelp,
    shown=(*SHOWN, "countries", "letter_case"),
)
@shared.count_option("places")
@click.option(
    "--country",
    "countries",
    multiple=True,
    metavar="NAME",
    help="Generate only places as in this country, such as Poland (`namegen models` lists the countries). Repeat the "
    "option for more.  [default: all countries, about as often as in the list]",
)
@drawing_options
@output_options
@shared.common
def places(count: int, as_json: bool, notes: Notes, **options: Any) -> None:
    """Invent new names of towns and villages, without repeats.

    No place in the built-in list has one of these names. The list has at most the 500 largest places of a country, so a
    smaller place may have it. --format csv and json have the columns name and label, the most likely country. --scores
    adds log_probability (in nats) and new.
    """
    form = formats.requested(as_json)
    limit_threads(1)
    from namegen import api

    model = api.places_of(options.pop("countries"))
    _write_names(model, count, options, form=form, notes=notes)


def _write_names(
    model: LoadedModel, count: int, options: dict[str, Any], *, form: str, notes: Notes
) -> None:
    """Generate names with one model, and write each batch when it's ready."""
    options |= read_excluded(options, notes)
    with Display(notes, formats.SEARCHING) as display:
        batches = model.generate_batches(count, on_progress=display, **options)
        formats.write_names(form, model, batches, display)

"""``namegen people``, ``players``, ``companies`` and ``places``: whole names from the models that ship with namegen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from operator import attrgetter
from typing import Any

import click

from namegen.cli import completion, formats, options
from namegen.cli.display import Display
from namegen.cli.generate import SHOWN, constraint_options, drawing_options, read_texts
from namegen.cli.options import open_model
from namegen.cli.terminal import Notes
from namegen.constraints import OPTIONS
from namegen.core.settings import GENDERS, SOURCES
from namegen.threads import limit_threads


def whole_names(what: str) -> Callable[[options.Command], options.Command]:
    """The options that say how many whole names, and how they are drawn."""
    how_many = options.how_many(what)
    return options.together(
        options.letter_case,
        options.allow_profanity,
        click.option(
            "--exclude-words",
            metavar="FILE",
            help=f"Skip {what} if any part of their names contains a word from FILE.",
        ),
        formats.option,
        options.temperature,
        options.unfiltered,
        options.seed,
        how_many,
    )


def _write_whole(
    form: str,
    columns: Sequence[str],
    whole: Callable[[Any], str],
    invent: Callable[..., Iterable[Iterable[Any]]],
    parts: Sequence[str],
    notes: Notes,
    constraint_list: dict[str, Any],
) -> None:
    """Invent whole names, and write each with its parts as they are found.

    Args:
        form: of the output.
        columns: attributes of what is invented.
        whole: the name of one as a whole.
        invent: gives them, by what is constraint_list of all and of each part.
        parts: what the constraints of a part begin with; what is banned of all parts is banned of each, too.
        notes: where the search is shown.
        constraint_list: as the options have it.
    """
    constraint_list |= read_texts(constraint_list, notes)
    banned = constraint_list.pop("exclude_words") or ()
    for part in parts:
        own = {
            name: constraint_list.pop(name)
            for name in list(constraint_list)
            if name.startswith(f"{part}_")
        }
        own = {name.removeprefix(f"{part}_"): value for name, value in own.items()}
        constraint_list[f"{part}_constraints"] = {
            **own,
            "exclude_words": [*(own["exclude_words"] or ()), *banned],
        }
    row_of = attrgetter(*columns)
    with Display(notes, formats.SEARCHING) as display:
        batches = invent(on_progress=display, **constraint_list)
        with formats.Rows(form, ("name", *columns)) as rows, closing(display):
            for batch in batches:
                with display.erased():
                    rows.write((whole(one), *row_of(one)) for one in batch)


def short_help(*shown: str, parts: Mapping[str, str]) -> dict[str, Any]:
    """A help of these options, with a line for the constraints of each part: how they begin, and of which names they
    are.
    """
    constraints = ", ".join(constraint.replace("_", "-") for constraint in OPTIONS)
    others = [
        (f"--{part}-…", f"A constraint for {of}: {constraints}, as in `namegen generate`.")
        for part, of in parts.items()
    ]
    drawn = ("count", "letter_case", "form", "out", "unfiltered", "seed")
    return {"cls": options.ShortHelp, "shown": (*drawn, *shown), "others": others}


def source_option(part: str, default: str) -> Callable[[options.Command], options.Command]:
    """Whether names of one part are real."""
    return click.option(
        f"--{part}",
        type=click.Choice(SOURCES),
        help=f"Give real {part} names, of their model's list; new ones, not in it; or any.  [default: {default}]",
    )


@options.command(
    "namegen people -n 8 --seed 1",
    "namegen people --origin Italian --origin Finnish --gender female",
    "namegen people -n 12 --household 4 --format csv",
    **short_help(
        *("origins", "gender", "household", "template", "given", "family"),
        parts={"given": "given names", "family": "family names"},
    ),
)
@whole_names("people")
@click.option(
    "--origin",
    "origins",
    cls=options.filled_by(completion.origins),
    multiple=True,
    metavar="LABEL",
    help="Give only people of this origin; repeat the option for several. Origins: {}.  [default: all of them, each "
    "equally likely; with other models, all that both know]",
)
@click.option("--gender", type=click.Choice(GENDERS), help="Give only people of this gender.")
@click.option(
    "--household",
    type=options.Whole(1, 1_000),
    metavar="N",
    help="Give households of N people, who share a family name; a column says which household.",
)
@click.option(
    "--template",
    metavar="TEXT",
    help="How to write the whole name, with {given}, {family}, {origin} and {gender}.  [default: {given} {family}]",
)
@source_option("given", "real; with a model whose list does not come with namegen, any")
@source_option("family", "new")
@click.option(
    "--given-model", metavar="MODEL", help="The model for given names.  [default: world-given]"
)
@click.option(
    "--family-model", metavar="MODEL", help="The model for family names.  [default: world-family]"
)
@constraint_options("given names", "given-")
@constraint_options("family names", "family-")
@options.common
def people(
    count: int,
    household: int | None,
    template: str | None,
    as_json: bool,
    notes: Notes,
    **constraint_list: Any,
) -> None:
    """Invent people: a given name and a family name of one origin.

    The given name is real, the family name new. No two of the people have the same whole name. An origin without any
    name that fits the options is left out. For people of your own, train two models on lists with the same labels, and
    give them as --given-model and --family-model.

    The columns of --format csv and json are: name, given, family, origin, gender, and with --household also household,
    a number.
    """
    form = formats.chosen(as_json)
    limit_threads(1)
    from namegen import api
    from namegen.core.generation.people import TEMPLATE, check_template

    template = TEMPLATE if template is None else template
    check_template(template)
    asked = {
        name: model
        for name in ("given_model", "family_model")
        if (model := constraint_list.pop(name)) is not None
    }
    models: dict[str, Any] = {name: open_model(model, notes) for name, model in asked.items()}
    invent = partial(api.generate_people_batches, count, household=household, **models)
    columns = ["given", "family", "origin", "gender", *(["household"] if household else [])]
    _write_whole(
        form,
        columns,
        lambda one: one.format(template),
        invent,
        ("given", "family"),
        notes,
        constraint_list,
    )


@options.command(
    "namegen players -n 9 --seed 1",
    "namegen players -n 200 --format csv > players.csv",
    **short_help(parts={"first": "first names", "last": "last names"}),
)
@whole_names("players")
@constraint_options("first names", "first-")
@constraint_options("last names", "last-")
@options.common
def players(count: int, as_json: bool, notes: Notes, **constraint_list: Any) -> None:
    """Invent baseball players: a first name, a last name, and sometimes a suffix such as Jr.

    The last name is always new. The first name may be one that real players have, but the full name is never that of a
    real player of major-league baseball. The columns of --format csv and json are: name, first, last, suffix.
    """
    form = formats.chosen(as_json)
    limit_threads(1)
    from namegen import api

    invent = partial(api.generate_players_batches, count)
    columns = ("first", "last", "suffix")
    _write_whole(
        form, columns, lambda one: one.full_name, invent, ("first", "last"), notes, constraint_list
    )


@options.command(
    "namegen companies -n 5 --unfiltered",
    "namegen companies --format json",
    cls=options.ShortHelp,
    shown=(*SHOWN, "letter_case"),
)
@options.how_many("companies")
@formats.option
@drawing_options
@options.common
def companies(count: int, as_json: bool, notes: Notes, **constraint_list: Any) -> None:
    """Invent new names of companies, each of them once.

    No company in the bundled list has one of these names. A company elsewhere may have it, and it may be a trademark:
    look it up before you use it. --format csv and json have the column name; --scores adds log_probability (in nats)
    and new.
    """
    _write_names("companies", count, formats.chosen(as_json), notes, constraint_list)


@options.command(
    "namegen places --country Poland -n 10",
    "namegen places --country Italy --country Nigeria --format csv",
    cls=options.ShortHelp,
    shown=(*SHOWN, "countries", "letter_case"),
)
@options.how_many("places")
@click.option(
    "--country",
    "countries",
    cls=options.filled_by(completion.countries),
    multiple=True,
    metavar="NAME",
    help="Give only places as in this country; repeat the option for several. Countries: {}.  [default: all of them, "
    "about as often as in the list]",
)
@formats.option
@drawing_options
@options.common
def places(count: int, as_json: bool, notes: Notes, **constraint_list: Any) -> None:
    """Invent new names of towns and villages, each of them once.

    No place in the bundled list has one of these names; it has at most the 500 largest of a country, so a smaller place
    may. The columns of --format csv and json are name and label, the likeliest country; --scores adds log_probability
    (in nats) and new.
    """
    _write_names("places", count, formats.chosen(as_json), notes, constraint_list)


def _write_names(
    what: str, count: int, form: str, notes: Notes, constraint_list: dict[str, Any]
) -> None:
    """Invent companies or places, and write them as they are found."""
    limit_threads(1)
    from namegen import api

    model = (
        api.load_shipped("companies")
        if what == "companies"
        else api.places_of(constraint_list.pop("countries"))
    )
    constraint_list |= read_texts(constraint_list, notes)
    with Display(notes, formats.SEARCHING) as display:
        formats.write_names(
            form,
            model,
            model.generate_batches(count, on_progress=display, **constraint_list),
            display,
        )

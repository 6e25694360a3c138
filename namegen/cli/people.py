"""``namegen people``: whole people, a given name and a family name of one origin."""

from __future__ import annotations

import click

from namegen.cli import formats, options
from namegen.cli.parts import check_standard_input, part_options, part_wishes
from namegen.cli.players import drawing_options
from namegen.cli.search_line import SearchLine
from namegen.cli.sources import open_model
from namegen.cli.terminal import Notes
from namegen.threads import limit_threads


def origins_in_help(ctx: click.Context) -> str:
    """The origins that both shipped models know."""
    from namegen.cli.completion import origins

    return ", ".join(origins(ctx))


@click.command(
    epilog=options.examples(
        "namegen people -n 8 --seed 1",
        "namegen people --origin Italian --origin Finnish --format csv",
        'namegen people --template "{family}, {given}" --given-starts-with Ma',
    ),
)
@drawing_options("people")
@click.option(
    "--origin",
    "origins",
    cls=options.FilledOption,
    fill=origins_in_help,
    multiple=True,
    metavar="LABEL",
    help="Give only people of this origin; repeat the option for several. Origins: {}.  [default: all of them, each "
    "equally likely; with other models, all that both know]",
)
@click.option(
    "--template",
    metavar="TEXT",
    help="How to write the whole name, with {given}, {family} and {origin}.  [default: {given} {family}]",
)
@click.option("--given", metavar="MODEL", help="The model for given names.  [default: world-given]")
@click.option("--family", metavar="MODEL", help="The model for family names.  [default: world-family]")
@click.option(
    "--given-allow-seen/--given-new",
    default=True,
    help="Allow given names from the list that their model learned from, or give only new ones.  [default: "
    "--given-allow-seen]",
)
@click.option(
    "--family-allow-seen/--family-new",
    default=False,
    help="The same for family names.  [default: --family-new]",
)
@part_options("given", "given names")
@part_options("family", "family names")
@options.common
def people(
    count: int,
    origins: tuple[str, ...],
    template: str | None,
    given: str | None,
    family: str | None,
    given_allow_seen: bool,
    family_allow_seen: bool,
    seed: int | None,
    temperature: float | None,
    letter_case: str,
    form: str | None,
    as_json: bool,
    quiet: bool,
    **wished: object,
) -> None:
    """Invent people: a given name and a family name of one origin.

    The family name is new; the given name may be one that real people have. No two of the people have the same whole
    name. An origin without any name that fits the options is left out. The columns of --format csv and json are: name,
    given, family, origin.
    """
    form = formats.chosen(form, as_json)
    check_standard_input(**wished)
    notes = Notes(quiet)
    limit_threads(1)
    from namegen import api
    from namegen.core.generation.people import TEMPLATE, check_template

    template = TEMPLATE if template is None else template
    check_template(template)
    columns = ("name", "given", "family", "origin")
    line = SearchLine(notes, count, "people", "people drawn")
    batches = api.invent_people(
        count,
        origins=origins,
        given=None if given is None else open_model(given, notes),
        family=None if family is None else open_model(family, notes),
        given_wishes={**part_wishes(wished, "given", notes), "allow_seen": given_allow_seen},
        family_wishes={**part_wishes(wished, "family", notes), "allow_seen": family_allow_seen},
        seed=seed,
        temperature=temperature,
        letter_case=letter_case,
        on_progress=line.on_progress,
    )
    with formats.Rows(form, columns) as rows, line:
        for batch in batches:
            line.clear()
            rows.write([(one.written(template), one.given, one.family, one.origin) for one in batch])

"""``namegen fetch``: fresh lists of names from their public sources."""

from __future__ import annotations

import click
from click.core import ParameterSource

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.terminal import Notes, json_text, printable


@options.command(
    "namegen fetch players --part last --out last.txt",
    "namegen fetch companies --contact me@example.org --out companies.txt",
)
@click.argument("what", type=click.Choice(("players", "companies")))
@click.option("--out", required=True, metavar="FILE", help="The file to write the list to, one name per line.")
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@click.option("--contact", metavar="ADDRESS", help="Your e-mail address, sent to the server; the SEC requires one.")
@click.option("--url", metavar="PLACE", help="Read from this web address or path instead, such as a mirror.")
@click.option(
    "--part",
    type=click.Choice(("player", "first", "last")),
    default="player",
    show_default=True,
    help="For players: whole names with years, or only first or last names, to train on.",
)
@options.common
def fetch(
    what: str, out: str, force: bool, contact: str | None, url: str | None, part: str, as_json: bool, notes: Notes
) -> None:
    """Download a new list from its public source.

    players: those of major-league baseball, from the Chadwick Bureau's register of people (16 files, about 70 MB).

    companies: those listed on the NYSE or on Nasdaq, from the SEC, which asks for --contact.

    FILE is written completely or not at all. This command needs urllib3 and certifi: install the extra fetch.
    """
    given = click.get_current_context().get_parameter_source("part") is ParameterSource.COMMANDLINE
    if what == "companies" and given:
        raise click.UsageError("--part is only for players: leave it out")
    from namegen.fetch import sources
    from namegen.fetch.download import Downloader
    from namegen.files import check_output, write_whole

    target = check_output(out, example="names.txt", force=force)
    with Display(notes, "connecting") as display:
        downloader = Downloader(contact=contact, watch=display)
        if what == "players":
            fetched, credit = sources.fetch_players(downloader, url, part=part), sources.PLAYERS_CREDIT
        else:
            fetched, credit = sources.fetch_companies(downloader, url, contact=contact), sources.COMPANIES_CREDIT
    check_output(target, example="names.txt", force=force)  # a file that has come to be meanwhile is kept
    write_whole(target, "".join(f"{line}\n" for line in fetched.lines).encode())
    if as_json:
        report = {"out": out, "lines": len(fetched.lines), "dropped": dict(fetched.dropped), "credit": credit}
        click.echo(json_text(report))
    else:
        notes("\n".join(f"left out: {count:,} {reason}" for reason, count in sorted(fetched.dropped.items())))
        click.echo(f"{len(fetched.lines):,} lines: {printable(out)}\nsource: {credit}")
        if what == "companies":
            notes("train on it with --sameness companies, so that names that differ only in Inc or Ltd count as one")

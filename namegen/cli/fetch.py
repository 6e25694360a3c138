"""``namegen fetch``: fresh lists of names from their public sources."""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from namegen.cli import options
from namegen.cli.terminal import Notes, json_text, printable

if TYPE_CHECKING:
    from namegen.fetch.download import Silent


@click.command(
    epilog=options.examples(
        "namegen fetch players --part last --out last.txt",
        "namegen fetch companies --contact me@example.org --out companies.txt",
    ),
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
    what: str, out: str, force: bool, contact: str | None, url: str | None, part: str, as_json: bool, quiet: bool
) -> None:
    """Download a new list from its public source.

    players: those of major-league baseball, from the Chadwick Bureau's register of people (16 files, about 70 MB).

    companies: those listed on the NYSE or on Nasdaq, from the SEC, which asks for --contact.

    FILE is written completely or not at all. This command needs urllib3 and certifi: install the extra fetch.
    """
    given = click.get_current_context().get_parameter_source("part") is ParameterSource.COMMANDLINE
    if what == "companies" and given:
        raise click.UsageError("--part is only for players: leave it out")
    from namegen.fetch import companies, players
    from namegen.fetch.download import Downloader
    from namegen.fetch.writing import check_target, write_list

    notes = Notes(quiet)
    target = Path(out)
    check_target(target, force=force)
    lines: list[str]
    dropped: Counter[str]
    with show_progress(notes) as watcher, Downloader(contact=contact, watcher=watcher) as downloader:
        if what == "players":
            fetched = players.fetch_players(downloader, url)
            lines, dropped, credit = fetched.lines(part), fetched.dropped, players.CREDIT
        else:
            listed = companies.fetch_companies(downloader, url, contact=contact)
            lines, dropped, credit = listed.names, listed.dropped, companies.CREDIT
    write_list(target, lines, force=force)
    if as_json:
        click.echo(json_text({"out": out, "lines": len(lines), "dropped": dict(dropped), "credit": credit}))
    else:
        notes("\n".join(f"left out: {count:,} {reason}" for reason, count in sorted(dropped.items())))
        click.echo(f"{len(lines):,} lines: {printable(out)}\nsource: {credit}")
        if what == "companies":
            notes("train on it with --sameness companies, so that names that differ only in Inc or Ltd count as one")


def show_progress(notes: Notes) -> AbstractContextManager[Silent]:
    """What fits where standard error goes: a bar in a terminal, a line a file anywhere else."""
    from namegen.fetch.download import Silent

    class Lines(Silent, AbstractContextManager[Silent]):
        """A line a file; with ``--quiet`` none."""

        def __exit__(self, *_: object) -> None:
            """Nothing to put away."""

        def begins(self, what: str, number: int, files: int) -> None:
            """Say which."""
            notes(f"{what} ({number} of {files})" if files > 1 else what)

        def waits(self, seconds: float, why: str) -> None:
            """Say why."""
            notes(f"{why}; trying again in {seconds:.0f} s")

    class Bar(Lines):
        """One bar for all files; each advances it by its share."""

        def __enter__(self) -> Bar:
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
            self._progress: Any = Progress(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._task = self._progress.add_task("connecting", total=None)
            self._progress.start()
            return self

        def __exit__(self, *_: object) -> None:
            """Give the cursor back."""
            self._progress.stop()

        def begins(self, what: str, number: int, files: int) -> None:
            """A bar for this file."""
            name = printable(what.rpartition("/")[2] or what)
            self._progress.reset(
                self._task, total=None, description=f"{name} ({number} of {files})" if files > 1 else name
            )

        def received(self, size: int, expected: int | None) -> None:
            """Advance it."""
            self._progress.update(self._task, completed=size, total=expected)

        def waits(self, seconds: float, why: str) -> None:
            """Above the bar, which stays."""
            self._progress.console.print(printable(f"{why}; trying again in {seconds:.0f} s"), markup=False)

    return Bar() if notes.can_draw_over else Lines()

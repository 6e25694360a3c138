"""``namegen compare-backends``: every engine's accuracy and speed on real names, as a report; and what it says."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.options import note_engines, open_list
from namegen.cli.terminal import Notes, columns, counted, json_text, printable
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.experiments.compare.document import Comparison

DEFAULT_LISTS = ("mlb-first", "mlb-last")
DEFAULT_OUT = Path("reports") / "compare"
DEFAULT_SEEDS, MOST_SEEDS = 3, 100
MOST_LINES = 23  # of what is said at the end, before the path of the report


@options.command(
    "namegen compare-backends --quick",
    "namegen compare-backends friends.txt --seeds 1 --out reports/friends",
    cls=options.OfEveryEngine,
)
@click.argument("names", nargs=-1)
@click.option(
    "--out",
    default=str(DEFAULT_OUT),
    show_default=True,
    metavar="DIR",
    help="The folder to write the report to; a comparison that is already there is continued.",
)
@click.option(
    "--seeds",
    type=options.Whole(1, MOST_SEEDS),
    metavar="N",
    help=f"How often to train each network, each time with another seed.  [default: {DEFAULT_SEEDS}; 1 with --quick]",
)
@click.option(
    "--split-seed",
    type=options.Whole(0),
    default=0,
    show_default=True,
    metavar="N",
    help="The seed that chooses the held-out names, the same for every training.",
)
@options.label_column
@click.option(
    "--quick",
    is_flag=True,
    help="Take a first look: networks of two layers of 32 units, one split, 10 epochs.",
)
@options.common
def compare_backends(
    names: tuple[str, ...],
    out: str,
    seeds: int | None,
    split_seed: int,
    label_column: str | None,
    quick: bool,
    as_json: bool,
    notes: Notes,
) -> None:
    """Compare the engines: train, time and evaluate each of them on real names, and write a report.

    NAMES are files, - for standard input, or names of bundled lists. The default is mlb-first and mlb-last. With
    --label-column, each of them is a list with labels.

    Every measurement runs in a process of its own, with one thread. Ctrl-C stops the comparison; finished measurements
    are kept, and the same command continues from there. An engine that is not installed is left out, and the report
    says how to install it.
    """
    limit_threads(1)
    if not names:
        notes(f"names: {', '.join(DEFAULT_LISTS)}")
    corpora = [
        open_list(name, notes, label_column=label_column)
        for name in dict.fromkeys(names or DEFAULT_LISTS)
    ]
    note_engines(notes)
    from namegen.experiments.compare.plan import Scope
    from namegen.experiments.compare.run import REPORT, compare

    scope = Scope(
        seeds=seeds or (1 if quick else DEFAULT_SEEDS), quick=quick, split_seed=split_seed
    )
    with (
        kept_when_stopped(notes, "measurements"),
        Display(notes, "looking at what is there") as display,
    ):
        results = compare(corpora, out, scope=scope, on_progress=display)
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        print_summary(results)
        click.echo(f"report: {printable(str(Path(out) / REPORT))}")
    if results.failed:
        first = results.failed[0]
        raise NamegenError(
            f"{counted(len(results.failed), 'measurement')} failed, the first one ({first.what}) with: {first.why}; "
            "run the same command to try again"
        )


# --- what is said at the end ------------------------------------------------------------------------------------------


def print_summary(results: Comparison) -> None:
    """Print the headline, troubles, some new names, and what was found, in at most 24 lines."""
    from namegen.experiments.compare.tables import samples, troubles
    from namegen.experiments.compare.verdict import verdict

    width = columns()
    found = verdict(results)
    begins = "\n".join(_filled(text) for text in (found.headline, *troubles(results)))
    ends = [_filled(said) for said in (found.speed, found.quality, found.names) if said]
    lines = len("\n".join([begins, *ends]).splitlines())
    names_per_list = max(MOST_LINES - lines, 0) // max(len(results.lists), 1)
    names = []
    for entry in results.lists:
        *networks, ngram = samples(entry).rows or [()]
        for drawn_by, drawn in [ngram, *networks][:names_per_list] if ngram else []:
            names.append(
                shorten(printable(f"{entry.name}, {drawn_by}: {drawn}"), width, placeholder=" …")
            )
    click.secho(begins, bold=True)
    click.echo("\n".join([*names, *ends]))


def _filled(text: str) -> str:
    """Break a text into lines as wide as the terminal."""
    return fill(printable(text), columns(), break_on_hyphens=False)

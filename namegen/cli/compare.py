"""``namegen compare-backends``: every engine's accuracy and speed on real names, as a report; and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.options import note_engines, open_list
from namegen.cli.report import show_table, without_ranges
from namegen.cli.terminal import Notes, columns, counted, json_text, printable
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.experiments.compare.document import Comparison, ListEntry
    from namegen.experiments.table import Table

DEFAULT_LISTS = ("mlb-first", "mlb-last")
DEFAULT_OUT = Path("reports") / "compare"
DEFAULT_SEEDS, MOST_SEEDS = 3, 100
# Columns of a report's tables → how the terminal heads them.
COLUMNS_OF_PARTS = {"training part": "training", "held-out part": "held-out", "whole list": "whole"}
COLUMNS = {
    "network": "network",
    "engine": "engine",
    "batch (names)": "batch",
    "seconds per epoch": "s/epoch",
    "characters per second": "characters/s",
    "start-up (s)": "start s",
    "peak memory (MiB)": "MiB",
}


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
    "--quick", is_flag=True, help="Take a first look: networks of two layers of 32 units, one split, 10 epochs."
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
    corpora = [open_list(name, notes, label_column=label_column) for name in dict.fromkeys(names or DEFAULT_LISTS)]
    note_engines(notes)
    from namegen.experiments.compare.plan import Scope
    from namegen.experiments.compare.run import REPORT, compare

    scope = Scope(seeds=seeds or (1 if quick else DEFAULT_SEEDS), quick=quick, split_seed=split_seed)
    with kept_when_stopped(notes, "measurements"), Display(notes, "looking at what is there") as display:
        results = compare(corpora, out, scope=scope, watch=display)
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
    """Print the verdict, and the tables that matter most."""
    from namegen.experiments.compare.verdict import verdict

    for line in verdict(results):
        click.secho(line.question, bold=True)
        for answer in line.answers:
            click.echo(fill(printable(answer), columns(), initial_indent="  ", subsequent_indent="  "))
    for entry in results.lists:
        for table in filter(lambda table: table.rows, _tables(entry)):
            click.echo()
            show_table(f"{entry.name}: {table.title}", table)
    for trouble, found in (("missing", results.missing), ("left out", results.left_out), ("failed", results.failed)):
        for one in found:
            click.echo("\n" + fill(printable(f"{trouble}: {one.what}: {one.why}"), columns()))
    click.echo()


def _tables(entry: ListEntry) -> Iterator[Table]:
    """What each engine takes, what the networks have learned, and how fast names are drawn; as narrow as it goes."""
    from namegen.experiments.compare import selection
    from namegen.experiments.compare.tables import accuracy_table, like_for_like_table
    from namegen.experiments.table import NONE, Table, whole

    table = without_ranges(like_for_like_table(entry))
    places = [table.columns.index(column) for column in COLUMNS]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    yield Table("the same training by each engine", tuple(COLUMNS.values()), rows, left=2)
    for split in selection.splits(entry):
        if selection.network_names(entry, split):
            table = without_ranges(accuracy_table(entry, split))
            columns = tuple(COLUMNS_OF_PARTS.get(column, column) for column in table.columns)
            yield Table(f"likeliest character right (%), split {split}", columns, table.rows)
    drawn = []
    for one in entry.generation:
        generated, found = selection.best_generated(one), one.algorithms
        speeds = [whole(found[name].names_per_second) if name in found else NONE for name in selection.ALGORITHMS]
        told = selection.generated_by_network(entry).get(one.network) is generated  # once for each network
        drawn.append((one.network, one.model, *speeds, f"{generated.recreated_percent:.1f}" if told else ""))
    yield Table("names per second", ("network", "model", "one by one", "splitting", "in list %"), tuple(drawn), left=2)

"""``namegen compare-backends``: a report on the accuracy and speed of all backends."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.opening import note_shadowed_backends, open_list
from namegen.cli.terminal import Notes, columns, counted, json_text, printable
from namegen.documents import to_plain
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.data.corpus import Corpus
    from namegen.experiments.compare.document import Comparison, ListEntry

DEFAULT_LISTS = ("mlb-first", "mlb-last")
DEFAULT_OUT = Path("reports") / "compare"
DEFAULT_SEEDS = 3
MAX_SEEDS = 100
MAX_LINES = 23  # of the summary, not counting the path of the report


@options.command(
    "namegen compare-backends --quick",
    "namegen compare-backends friends.txt --seeds 1 --out reports/friends",
    "namegen compare-backends mlb-first --backends numpy,keras",
    cls=options.ListsBackends,
)
@click.argument("names", nargs=-1)
@click.option(
    "--quick",
    is_flag=True,
    help="Run a quick comparison with small networks (two layers of 32 units), one split and 10 epochs.",
)
@click.option(
    "--seeds",
    type=options.WholeNumber(1, MAX_SEEDS),
    metavar="N",
    help=f"Train each network this many times, with different seeds.  [default: {DEFAULT_SEEDS}; 1 with --quick]",
)
@click.option(
    "--split-seed",
    type=options.WholeNumber(0),
    default=0,
    show_default=True,
    metavar="N",
    help="The seed that selects the held-out names. All runs use the same names.",
)
@click.option(
    "--backends",
    metavar="NAME[,NAME...]",
    help="Compare only these backends, such as numpy,keras. The exported network is called tflite.  "
    "[default: all backends]",
)
@options.label_column
@click.option(
    "--out",
    default=str(DEFAULT_OUT),
    show_default=True,
    metavar="DIR",
    help="The folder for the report. If it contains an unfinished comparison, namegen continues it.",
)
@options.common
def compare_backends(
    names: tuple[str, ...],
    out: str,
    seeds: int | None,
    split_seed: int,
    backends: str | None,
    label_column: str | None,
    quick: bool,
    as_json: bool,
    notes: Notes,
) -> None:
    """Compare the backends: train and time each of them on real names, and write a report.

    NAMES: files, - for standard input, or built-in lists (see `namegen lists`). Default: mlb-first and mlb-last. With
    --label-column, every list must have labels.

    Each measurement runs in its own process with one thread. If you stop the comparison with Ctrl-C, namegen keeps the
    finished measurements, and the same command continues from there. namegen skips backends that aren't installed, and
    the report explains how to install them.
    """
    limit_threads(1)
    corpora = open_lists(names, notes, label_column=label_column)
    note_shadowed_backends(notes)
    from namegen.experiments.compare.plan import Scope
    from namegen.experiments.compare.run import REPORT, compare

    default_seeds = 1 if quick else DEFAULT_SEEDS
    scope = Scope(seeds=seeds or default_seeds, quick=quick, split_seed=split_seed)
    chosen = None if backends is None else backends.split(",")
    with (
        kept_when_stopped(notes, "measurements"),
        Display(notes, "looking for finished measurements") as display,
    ):
        results = compare(corpora, out, scope=scope, backends=chosen, on_progress=display)
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        print_summary(results)
        click.echo(f"report: {printable(str(Path(out) / REPORT))}")
    raise_first_failure(results)


def open_lists(names: tuple[str, ...], notes: Notes, *, label_column: str | None) -> list[Corpus]:
    """Open each list once. If no lists were passed, print a note and open the default lists."""
    if not names:
        notes(f"names: {', '.join(DEFAULT_LISTS)}")
    distinct_lists = dict.fromkeys(names or DEFAULT_LISTS)
    return [open_list(name, notes, label_column=label_column) for name in distinct_lists]


def raise_first_failure(results: Comparison) -> None:
    """Raise an error if a measurement failed.

    Raises:
        NamegenError: a measurement failed. The message describes the first failure.
    """
    if results.failed:
        first = results.failed[0]
        failed = counted(len(results.failed), "measurement")
        raise NamegenError(
            f"{failed} failed. The first one is {first.what}: {first.why}. Run the same command to try again"
        )


# --- the summary ------------------------------------------------------------------------------------------------------


def print_summary(results: Comparison) -> None:
    """Print the headline, any problems, some new names and the results, in at most 24 lines."""
    from namegen.experiments.compare.tables import troubles
    from namegen.experiments.compare.verdict import verdict

    conclusions = verdict(results)
    headline = "\n".join(_filled(text) for text in (conclusions.headline, *troubles(results)))
    findings = (conclusions.speed, conclusions.quality, conclusions.names)
    paragraphs = [_filled(text) for text in findings if text]
    line_count = len("\n".join([headline, *paragraphs]).splitlines())
    lines_left = max(MAX_LINES - line_count, 0)  # for new names
    lines_per_list = lines_left // max(len(results.lists), 1)
    name_lines: list[str] = []
    for entry in results.lists:
        name_lines += _name_lines(entry)[:lines_per_list]
    click.secho(headline, bold=True)
    click.echo("\n".join([*name_lines, *paragraphs]))


def _name_lines(entry: ListEntry) -> list[str]:
    """Return a line of new names for each model. The n-gram baseline comes first."""
    from namegen.experiments.compare.name_tables import samples

    rows = samples(entry).rows
    ngram_first = [*rows[-1:], *rows[:-1]]
    lines = [printable(f"{entry.name}, {model}: {names}") for model, names in ngram_first]
    return [shorten(line, columns(), placeholder=" …") for line in lines]


def _filled(text: str) -> str:
    """Wrap text to the width of the terminal."""
    return fill(printable(text), columns(), break_on_hyphens=False)

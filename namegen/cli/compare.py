"""``namegen compare-backends``: a report on the accuracy and speed of all backends."""

from __future__ import annotations

from collections.abc import Sequence
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
    from namegen.experiments.compare.document import Comparison, ListEntry

DEFAULT_LISTS = ("mlb-first", "mlb-last")
DEFAULT_OUT = Path("reports") / "compare"
DEFAULT_SEEDS = 3
MAX_SEEDS = 100
MAX_LINES = 23  # of the summary, without the path of the report


@options.command(
    "namegen compare-backends --quick",
    "namegen compare-backends friends.txt --seeds 1 --out reports/friends",
    cls=options.ListsBackends,
)
@click.argument("names", nargs=-1)
@click.option(
    "--quick",
    is_flag=True,
    help="Take a first look: networks with two layers of 32 units, one split, 10 epochs.",
)
@click.option(
    "--seeds",
    type=options.WholeNumber(1, MAX_SEEDS),
    metavar="N",
    help=f"How often to train each network, with a different seed each time.  [default: {DEFAULT_SEEDS}; 1 with "
    "--quick]",
)
@click.option(
    "--split-seed",
    type=options.WholeNumber(0),
    default=0,
    show_default=True,
    metavar="N",
    help="The seed that chooses the held-out names, the same for all runs.",
)
@options.label_column
@click.option(
    "--out",
    default=str(DEFAULT_OUT),
    show_default=True,
    metavar="DIR",
    help="The folder for the report. A comparison that is already there continues.",
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
    """Compare the backends: train, time and evaluate each of them on real names, and write a report.

    NAMES: files, - for standard input, or built-in lists (see `namegen lists`). Default: mlb-first and mlb-last. With
    --label-column, each of them is a list with labels.

    Every measurement runs in its own process, with one thread. Ctrl-C stops the comparison. Finished measurements are
    kept, and the same command continues from there. namegen skips backends that aren't installed, and the report
    explains how to install them.
    """
    limit_threads(1)
    if not names:
        notes(f"names: {', '.join(DEFAULT_LISTS)}")
    distinct_lists = dict.fromkeys(names or DEFAULT_LISTS)
    corpora = [open_list(name, notes, label_column=label_column) for name in distinct_lists]
    note_shadowed_backends(notes)
    from namegen.experiments.compare.plan import Scope
    from namegen.experiments.compare.run import REPORT, compare

    default_seeds = 1 if quick else DEFAULT_SEEDS
    scope = Scope(seeds=seeds or default_seeds, quick=quick, split_seed=split_seed)
    with (
        kept_when_stopped(notes, "measurements"),
        Display(notes, "looking for finished measurements") as display,
    ):
        results = compare(corpora, out, scope=scope, on_progress=display)
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        print_summary(results)
        click.echo(f"report: {printable(str(Path(out) / REPORT))}")
    _raise_if_failed(results)


def _raise_if_failed(results: Comparison) -> None:
    """Raise NamegenError if a measurement failed."""
    if results.failed:
        first = results.failed[0]
        raise NamegenError(
            f"{counted(len(results.failed), 'measurement')} failed, the first one ({first.what}) with: {first.why}; "
            "run the same command to try again"
        )


# --- the summary ------------------------------------------------------------------------------------------------------


def print_summary(results: Comparison) -> None:
    """Print the headline, problems, some new names, and the results, in at most 24 lines."""
    from namegen.experiments.compare.tables import troubles
    from namegen.experiments.compare.verdict import verdict

    conclusions = verdict(results)
    headline = "\n".join(map(_filled, (conclusions.headline, *troubles(results))))
    findings = (conclusions.speed, conclusions.quality, conclusions.names)
    paragraphs = [_filled(text) for text in findings if text]
    lines_left = MAX_LINES - _line_count([headline, *paragraphs])
    names = _name_lines(results, max_lines=lines_left)
    click.secho(headline, bold=True)
    click.echo("\n".join([*names, *paragraphs]))


def _line_count(texts: Sequence[str]) -> int:
    return sum(len(text.splitlines()) for text in texts)


def _name_lines(results: Comparison, *, max_lines: int) -> list[str]:
    """Return lines with new names of each list and model. All lists get the same number of lines."""
    list_count = max(len(results.lists), 1)
    lines_per_list = max(max_lines, 0) // list_count
    lines = []
    for entry in results.lists:
        shown = _samples(entry)[:lines_per_list]
        for model, names in shown:
            line = printable(f"{entry.name}, {model}: {names}")
            lines.append(shorten(line, columns(), placeholder=" …"))
    return lines


def _samples(entry: ListEntry) -> list[tuple[str, ...]]:
    """Return new names of each model, starting with the n-gram baseline."""
    from namegen.experiments.compare.tables import samples

    rows = samples(entry).rows
    if not rows or not rows[-1]:
        return []
    *networks, ngram = rows
    return [ngram, *networks]


def _filled(text: str) -> str:
    """Break a text into lines that fit the terminal."""
    return fill(printable(text), columns(), break_on_hyphens=False)

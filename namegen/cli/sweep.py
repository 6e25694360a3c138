"""``namegen sweep``: train a network with each combination in a grid of settings, and compare the results."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, TypeAlias

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.opening import note_same_name, note_shadowed_backends, read_list
from namegen.cli.terminal import (
    Notes,
    aligned,
    columns,
    counted,
    fits,
    fitted,
    json_text,
    printable,
)
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.experiments.report import Table
    from namegen.experiments.sweep.document import Results

MAX_WORKERS = 1024

Row: TypeAlias = tuple[str, ...]  # table cells


@options.command(
    "namegen sweep sweep-cell",
    "namegen sweep grid.toml --workers 2 --out reports/grid",
    cls=options.ListsBackends,
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--workers",
    type=options.WholeNumber(1, MAX_WORKERS),
    metavar="N",
    help="The number of runs to train in parallel on this machine.  [default: one per core]",
)
@click.option(
    "--dask",
    "scheduler",
    metavar="ADDRESS",
    help="Train on the cluster of this Dask scheduler, such as tcp://host:8786.",
)
@click.option(
    "--out",
    metavar="DIR",
    help="The folder for the results. If it contains an unfinished sweep, namegen continues it.  "
    "[default: reports/CONFIG]",
)
@options.common
def sweep(
    config: Path,
    out: str | None,
    scheduler: str | None,
    workers: int | None,
    as_json: bool,
    notes: Notes,
) -> None:
    """Train with each combination in a grid of settings. Write a table, and plots of accuracy against time.

    CONFIG: a TOML file as for `namegen train --config`, with a table [grid], or a built-in config (see `namegen
    configs`). Each entry of [grid] is a list of values, such as training.learning_rate = [0.01, 0.001].

    The runs are trained in parallel, either in processes on this machine or, with --dask, on a Dask cluster. --dask
    requires the extra distributed. Ctrl-C stops the sweep. Finished runs are kept, and the same command continues from
    there.
    """
    if scheduler is not None and workers is not None:
        raise click.UsageError(
            "--workers cannot be combined with --dask, because the cluster has its own workers: remove one of them"
        )
    limit_threads(1)
    logging.disable(logging.CRITICAL)  # namegen itself reports lost workers and schedulers
    from namegen.bundled_configs import find_config
    from namegen.documents import to_plain
    from namegen.experiments.sweep.grid import make_runs, read_grid
    from namegen.experiments.sweep.run import sweep as run_sweep

    note_same_name(str(config), "config", notes)
    note_shadowed_backends(notes)
    grid = read_grid(find_config(config))
    runs = make_runs(grid, lambda data: read_list(data, notes))
    folder = Path("reports") / config.stem if out is None else Path(out)
    with kept_when_stopped(notes, "runs"), Display(notes, "looking for finished runs") as display:
        results = run_sweep(
            grid, runs, str(folder), scheduler=scheduler, workers=workers, on_progress=display
        )
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        _print_results(results)
        _print_files(results, folder)
    _raise_if_failed(results, run_count=len(runs))


def _print_results(results: Results) -> None:
    """Print a table for each list, and explain why some runs have no result."""
    from namegen.experiments.sweep.results import lists_of, setting_table

    for list_name in lists_of(results):
        table = setting_table(results, list_name)
        show_with_ranges(f"{list_name}: on the held-out names", table)
        note = fill(printable(table.note), columns())
        click.echo(f"{note}\n" if note else "")
    for sentence in _missing_results(results):
        click.echo(fill(printable(sentence), columns()) + "\n")


def _missing_results(results: Results) -> list[str]:
    """Explain why some runs have no result, with one line for each reason."""
    from namegen.experiments.sweep.results import line_name, untrained

    by_reason: dict[str, str] = {}
    for run in untrained(results):
        by_reason.setdefault(run.why, f"{run.status}: {line_name(run.settings)}: {run.why}")
    return list(by_reason.values())


def _print_files(results: Results, folder: Path) -> None:
    """Print the backends with their versions, and the paths of the table and the plots."""
    from namegen.experiments.machine import code_in_words
    from namegen.experiments.sweep.run import TABLE

    for engine, code in results.engine_codes.items():
        click.echo(f"backend: {printable(f'{engine} ({code_in_words(code)})')}")
    click.echo(f"table: {printable(str(folder / TABLE))}")
    for plot in results.plots:
        click.echo(f"plot:  {printable(str(folder / plot))}")


def _raise_if_failed(results: Results, *, run_count: int) -> None:
    """Raise NamegenError if a run failed."""
    from namegen.experiments.sweep.results import untrained

    failed = [run for run in untrained(results) if run.status == "failed"]
    if failed:
        raise NamegenError(
            f"{len(failed)} of {counted(run_count, 'run')} failed, the first with: {failed[0].why}; run the same "
            "command to try again"
        )


# --- tables with ranges -----------------------------------------------------------------------------------------------


def show_with_ranges(title: str, table: Table) -> None:
    """Print a table of means, with the range of the seeds below each mean.

    If the terminal is too narrow for all ranges, the last columns lose theirs. If it is too narrow for a table at all,
    each range appears next to its mean.
    """
    printable_rows = [tuple(map(printable, row)) for row in table.rows]
    shown_rows = _fitting_rows(table, printable_rows)
    click.secho(fill(printable(title), columns()), bold=True)
    click.echo(fitted([table.columns, *shown_rows], left=table.left))


def _fitting_rows(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows of a table, with as many ranges below their means as fit in the terminal.

    The columns before ``end`` have ranges. If even a table without ranges doesn't fit, the rows stay unchanged.
    """
    for end in reversed(range(table.left, len(table.columns) + 1)):
        lines: list[Row] = []
        for row in rows:
            lines += _ranges_below(row, table.left, end)
        if fits(aligned([table.columns, *lines], left=table.left)):
            return lines
    return rows


def _ranges_below(row: Row, first: int, end: int) -> list[Row]:
    """Split a row into its means and, in a second row, the ranges of the columns from ``first`` to before ``end``.

    >>> _ranges_below(("gru", "2.5 (2.4 to 2.6)"), 1, 2)
    [('gru', '2.5'), ('', '2.4–2.6')]
    """
    means = list(row[:first])
    ranges = [""] * first
    for column in range(first, len(row)):
        mean, low_to_high = _mean_and_range(row[column])
        means.append(mean)
        ranges.append(low_to_high if column < end else "")
    if not any(ranges):
        return [tuple(means)]
    return [tuple(means), tuple(ranges)]


def _mean_and_range(cell: str) -> tuple[str, str]:
    """Split a cell such as ``2.5 (2.4 to 2.6)`` into the mean and the range, which is "" if there is none."""
    mean, _, in_brackets = cell.partition(" (")
    return mean, in_brackets.removesuffix(")").replace(" to ", "–")

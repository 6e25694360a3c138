"""``namegen sweep``: train every combination of a grid of settings, and compare."""

from __future__ import annotations

import logging
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.options import note_engines, note_namesake, read_list
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

MOST_WORKERS = 1024


@options.command(
    "namegen sweep sweep-cell",
    "namegen sweep grid.toml --workers 2 --out reports/grid",
    cls=options.OfEveryEngine,
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    help="The folder to write the results to; a sweep that is already there is continued.  [default: reports/CONFIG]",
)
@click.option(
    "--dask",
    "scheduler",
    metavar="ADDRESS",
    help="Train on the cluster of this dask scheduler, such as tcp://host:8786.",
)
@click.option(
    "--workers",
    type=options.Whole(1, MOST_WORKERS),
    metavar="N",
    help="How many runs to train at the same time on this machine.  [default: one per core]",
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
    """Train with every combination of a grid of settings; write a table and plots of accuracy against time.

    CONFIG is a TOML file as for train --config, with one more table, [grid]. Each entry of [grid] is a list of values,
    such as training.learning_rate = [0.01, 0.001]. CONFIG may also be a name that `namegen configs` shows.

    The runs are trained side by side, in processes of this machine, or with --dask on a dask cluster, which needs
    the extra distributed. Ctrl-C stops the sweep; finished runs are kept, and the same command continues from there.
    """
    if scheduler is not None and workers is not None:
        raise click.UsageError(
            "--workers cannot be combined with --dask, whose cluster has its own workers: leave one of them out"
        )
    limit_threads(1)
    logging.disable(
        logging.CRITICAL
    )  # a worker or a scheduler that goes away is told by us, in one sentence
    from namegen.bundled_configs import find_config
    from namegen.documents import to_plain
    from namegen.experiments.machine import code_in_words
    from namegen.experiments.sweep.grid import make_runs, read_grid
    from namegen.experiments.sweep.results import untrained
    from namegen.experiments.sweep.run import TABLE
    from namegen.experiments.sweep.run import sweep as run_sweep

    note_namesake(str(config), "config", notes)
    note_engines(notes)
    grid = read_grid(find_config(config))

    runs = make_runs(grid, lambda data: read_list(data, notes))
    folder = str(Path("reports") / config.stem) if out is None else out
    with kept_when_stopped(notes, "runs"), Display(notes, "looking at what is there") as display:
        results = run_sweep(
            grid, runs, folder, scheduler=scheduler, workers=workers, on_progress=display
        )
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        _print(results)
        for engine, code in results.engine_codes.items():
            click.echo(f"backend: {printable(f'{engine} ({code_in_words(code)})')}")
        click.echo(f"table: {printable(str(Path(folder) / TABLE))}")
        for plot in results.plots:
            click.echo(f"plot:  {printable(str(Path(folder) / plot))}")
    failed = [run for run in untrained(results) if run.status == "failed"]
    if failed:
        raise NamegenError(
            f"{len(failed)} of {counted(len(runs), 'run')} failed; the first: {failed[0].why}; run it again to retry"
        )


def _print(results: Results) -> None:
    """The settings of each list side by side, and what went wrong."""
    from namegen.experiments.sweep.results import line_name, lists_of, setting_table, untrained

    for of_list in lists_of(results):
        table = setting_table(results, of_list)
        show_with_ranges(f"{of_list}: on the held-out names", table)
        click.echo(fill(printable(table.note), columns()) + "\n" * bool(table.note))
    told: set[str] = set()
    for run in untrained(results):
        if run.why not in told:
            told.add(run.why)
            click.echo(
                fill(printable(f"{run.status}: {line_name(run.settings)}: {run.why}"), columns())
                + "\n"
            )


# --- tables with ranges -----------------------------------------------------------------------------------------------


def show_with_ranges(title: str, table: Table) -> None:
    """Print a table of means, with the range of the seeds below each mean.

    If the terminal is too narrow for all ranges, the last columns lose theirs. If it is too narrow for a table at all,
    each range appears next to its mean.
    """
    rows = [tuple(map(printable, row)) for row in table.rows]
    for last in reversed(range(table.left, len(table.columns) + 1)):
        lines = [line for row in rows for line in _ranges_below(row, table.left, last)]
        if fits(aligned([table.columns, *lines], left=table.left)):
            rows = lines
            break
    click.secho(fill(printable(title), columns()), bold=True)
    click.echo(fitted([table.columns, *rows], left=table.left))


def _ranges_below(row: tuple[str, ...], first: int, last: int) -> list[tuple[str, ...]]:
    """Split a row into its means and a second row with the ranges of the columns ``first`` to ``last - 1``, if any."""
    means, ranges = list(row), [""] * len(row)
    for column in range(first, len(row)):
        means[column], _, low_and_high = row[column].partition(" (")
        if column < last:
            ranges[column] = low_and_high.removesuffix(")").replace(" to ", "–")
    return [tuple(means), tuple(ranges)] if any(ranges) else [tuple(means)]

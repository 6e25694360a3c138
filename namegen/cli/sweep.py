"""``namegen sweep``: train a network with each combination in a grid of settings, and compare the results."""

from __future__ import annotations

import logging
from pathlib import Path
from textwrap import fill

import click

from namegen.cli import options
from namegen.cli.compare import show_results
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.opening import note_same_name, note_shadowed_backends, read_list
from namegen.cli.terminal import Notes, columns, printable, show, table
from namegen.threads import limit_threads

MAX_WORKERS = 1024
SHOWN_COLUMNS = 4  # of the table in the report: the setting, both accuracies and the loss


@options.command(
    "namegen sweep sweep-cell",
    "namegen sweep grid.toml --workers 2 --out reports/grid",
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
    from namegen.experiments.experiment import sweep as run_sweep
    from namegen.experiments.plan_sweep import read_grid
    from namegen.experiments.report import held_out_table
    from namegen.experiments.summary import lists_of

    note_same_name(str(config), "config", notes)
    note_shadowed_backends(notes)
    grid = read_grid(find_config(config))
    folder = Path("reports") / config.stem if out is None else Path(out)
    with kept_when_stopped(notes, "runs"), Display(notes, "looking for finished runs") as display:
        results = run_sweep(
            grid,
            lambda data: read_list(data, notes),
            folder,
            scheduler=scheduler,
            workers=workers,
            on_progress=display,
        )
    if not as_json:
        for each in lists_of(results):
            for split in each.networks():
                held_out = held_out_table(each, split)
                rows = [tuple(map(printable, row[:SHOWN_COLUMNS])) for row in held_out.rows]
                headings = held_out.columns[:SHOWN_COLUMNS]
                click.secho(fill(printable(f"{each.name}: held-out names"), columns()), bold=True)
                show(table(rows, *headings, left=held_out.left), "")
    show_results(results, folder, as_json=as_json)

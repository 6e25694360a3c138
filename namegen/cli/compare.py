"""``namegen compare-backends`` and ``sweep``: measure backends, networks or settings, and write a report."""

from __future__ import annotations

import logging
from pathlib import Path
from textwrap import fill, shorten
from typing import TYPE_CHECKING, Any

import click
import msgspec

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.ending import kept_when_stopped
from namegen.cli.opening import note_same_name, open_list, read_list
from namegen.cli.terminal import columns, counted, json_text, note, printable, show, table
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.experiments.rows import Results

DEFAULT_LISTS = ("mlb-first", "mlb-last")
DEFAULT_OUT = Path("reports") / "compare"
DEFAULT_SEEDS = 3
MAX_SEEDS = 100
MAX_WORKERS = 1024
MAX_NAME_LINES = 12  # lines of new names in the summary
SHOWN_COLUMNS = 4  # of the table of a sweep: the setting, both accuracies and the loss


@command(
    "namegen compare-backends --quick",
    "namegen compare-backends friends.txt --seeds 1 --out reports/friends",
    "namegen compare-backends mlb-first --backends numpy,keras --cell gru --hidden 64",
)
@click.argument("names", nargs=-1)
@click.option(
    "--quick",
    is_flag=True,
    help="Run a quick comparison with small networks (two layers of 32 units), one split and fewer epochs.",
)
@click.option(
    "--seeds",
    type=options.WholeNumber(1, MAX_SEEDS),
    help=f"Train each network this many times, with different seeds.  [default: {DEFAULT_SEEDS}; 1 with --quick]",
)
@click.option(
    "--split-seed",
    type=options.WholeNumber(0),
    default=0,
    show_default=True,
    help="The seed that selects the held-out names. All runs use the same names.",
)
@click.option(
    "--backends",
    metavar="NAME[,NAME...]",
    help="Compare only these backends, separated by commas: {}. The exported network is called tflite.  "
    "[default: all backends]",
)
@click.option(
    "--cell",
    "cells",
    type=options.comma_separated(str, "names of cells, such as lstm,gru"),
    metavar="CELL[,CELL...]",
    help="Compare networks with these cells, such as lstm,gru, instead of the default networks.",
)
@click.option(
    "--hidden",
    type=options.comma_separated(int, "whole numbers separated by commas, such as 64,64"),
    metavar="N[,N...]",
    help="The units of each layer of the compared networks, such as 64,64.",
)
@click.option(
    "--epochs",
    type=options.WholeNumber(1, 1_000_000),
    help="The number of epochs of every network.",
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
    backends: str | None,
    cells: tuple[str, ...] | None,
    hidden: tuple[int, ...] | None,
    label_column: str | None,
    quick: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Compare the backends: train and time each of them on real names, and write a report.

    NAMES: files, - for standard input, or built-in lists (see `namegen lists`). Default: mlb-first and mlb-last. With
    --label-column, every list must have labels.

    Each measurement runs in its own process with one thread. If you stop the comparison with Ctrl-C, namegen keeps the
    finished measurements, and the same command continues from there. namegen skips backends that aren't installed, and
    the report explains how to install them.
    """
    limit_threads(1)
    if not names:
        note(f"names: {', '.join(DEFAULT_LISTS)}")
    distinct_lists = dict.fromkeys(names or DEFAULT_LISTS)
    corpora = [open_list(name, label_column=label_column) for name in distinct_lists]
    from namegen.core.settings import NetworkSettings
    from namegen.experiments.experiment import compare
    from namegen.experiments.plan_comparison import Options

    for cell in cells or ("lstm",):  # rejects a wrong cell or width before anything runs
        NetworkSettings(cell=cell, hidden=hidden or (1,))
    default_seeds = 1 if quick else DEFAULT_SEEDS
    scope = Options(
        seeds=seeds or default_seeds,
        quick=quick,
        backends=None if backends is None else tuple(backends.split(",")),
        cells=cells or (),
        hidden=hidden or (),
        **how,
    )
    with (
        kept_when_stopped("measurements"),
        Display("looking for finished measurements") as display,
    ):
        results = compare(corpora, out, scope, on_progress=display)
    show_results(results, Path(out), as_json=as_json)


@command(
    "namegen sweep sweep-cell",
    "namegen sweep grid.toml --workers 2 --out reports/grid",
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--workers",
    type=options.WholeNumber(1, MAX_WORKERS),
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

    note_same_name(str(config), "config")
    grid = read_grid(find_config(config))
    folder = Path("reports") / config.stem if out is None else Path(out)
    with kept_when_stopped("runs"), Display("looking for finished runs") as display:
        results = run_sweep(
            grid,
            read_list,
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
                click.secho(_filled(f"{each.name}: held-out names"), bold=True)
                show(table(rows, *headings, left=held_out.left), "")
    show_results(results, folder, as_json=as_json)


def show_results(results: Results, out: Path, *, as_json: bool) -> None:
    """Print the summary of a comparison or a sweep.

    Raises:
        NamegenError: a job failed, or nothing was trained. The message describes the first failure.
    """
    if as_json:
        click.echo(json_text(msgspec.to_builtins(results)))
    else:
        from namegen.experiments.report import make_report, samples_table
        from namegen.experiments.summary import lists_of

        report = make_report(results)
        click.secho(_filled(report.headline), bold=True)
        lines = []
        for each in lists_of(results):
            for model, names in samples_table(each).rows:
                lines.append(f"{each.name}, {model}: {names}")
        for line in lines[:MAX_NAME_LINES]:
            click.echo(shorten(printable(line), columns(), placeholder=" …"))
        for text in (*report.findings, *report.warnings):
            click.echo(_filled(text))
        click.echo(f"report: {printable(str(out / 'report.html'))}")
    failed = [row for row in results.rows if row.status == "failed"]
    measured = [row for row in results.rows if row.status in ("done", "diverged")]
    if not failed and all(row.job.kind == "reference" for row in measured):
        raise NamegenError("nothing was trained: the report explains why")
    if failed:
        raise NamegenError(
            f"{counted(len(failed), 'job')} failed. The first one is {failed[0].job.label}: {failed[0].why}. Run the "
            "same command to try again"
        )


def _filled(text: str) -> str:
    """Wrap text to the width of the terminal."""
    return fill(printable(text), columns(), break_on_hyphens=False)

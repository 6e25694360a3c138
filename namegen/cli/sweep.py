"""``namegen sweep``: train every combination of a grid of settings, and compare."""

from __future__ import annotations

import logging
import time
from contextlib import AbstractContextManager
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.ending import exit_code
from namegen.cli.options import note_engines, note_namesake, read_list
from namegen.cli.progress import bars, start_live
from namegen.cli.report import show_with_ranges
from namegen.cli.terminal import Notes, clock, columns, counted, json_text, percent, printable
from namegen.errors import NamegenError
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.experiments.sweep.document import Results
    from namegen.experiments.watcher import Ended, Event, Planned, UnderWay

MOST_WORKERS = 1024
RUNNING_SHOWN = 8


@click.command(
    cls=options.OfEveryEngine,
    epilog=options.examples(
        "namegen sweep sweep-cell",
        "namegen sweep grid.toml --workers 2 --out reports/grid",
    ),
)
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR",
    help="The folder to write the results to; a sweep that is already there is continued.  [default: reports/CONFIG]",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Train on the cluster of this dask scheduler, such as tcp://host:8786."
)
@click.option(
    "--workers",
    type=options.Whole(1, MOST_WORKERS),
    metavar="N",
    help="How many runs to train at the same time on this machine.  [default: one per core]",
)
@options.common
@click.pass_context
def sweep(
    ctx: click.Context,
    config: Path,
    out: str | None,
    scheduler: str | None,
    workers: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train with every combination of a grid of settings; write a table and plots of accuracy against time.

    CONFIG is a TOML file as for train --config, with one more table, [grid]. Each entry of [grid] is a list of values,
    such as training.learning_rate = [0.01, 0.001]. CONFIG may also be a name that `namegen configs` shows.

    The runs are trained side by side, in processes of this machine, or with --scheduler on a dask cluster, which needs
    the extra distributed. Ctrl-C stops the sweep; finished runs are kept, and the same command continues from there.
    """
    if scheduler is not None and workers is not None:
        raise click.UsageError(
            "--workers cannot be combined with --scheduler, whose cluster has its own workers: leave one of them out"
        )
    limit_threads(1)
    logging.disable(logging.CRITICAL)  # a worker or a scheduler that goes away is told by us, in one sentence
    notes = Notes(quiet)
    from namegen.config_files import find_config
    from namegen.documents import to_plain
    from namegen.experiments.machine import code_in_words
    from namegen.experiments.sweep.document import FAILED
    from namegen.experiments.sweep.grid import make_runs, read_grid
    from namegen.experiments.sweep.results import untrained
    from namegen.experiments.sweep.run import TABLE
    from namegen.experiments.sweep.run import sweep as run_sweep

    note_namesake(str(config), "config", notes)
    note_engines(notes)
    grid = read_grid(find_config(config))

    runs = make_runs(grid, lambda data: read_list(data, notes))
    folder = str(Path("reports") / config.stem) if out is None else out
    try:
        with show_progress(notes) as progress:
            results = run_sweep(grid, runs, folder, scheduler=scheduler, workers=workers, watcher=progress)
    except KeyboardInterrupt as error:
        notes("stopped; finished runs are kept, and the same command continues from there")
        ctx.exit(exit_code(error))
    if as_json:
        click.echo(json_text(to_plain(results)))
    else:
        _print(results)
        for engine, code in results.engine_codes.items():
            click.echo(f"engine: {printable(f'{engine} ({code_in_words(code)})')}")
        click.echo(f"table: {printable(str(Path(folder) / TABLE))}")
        for plot in results.plots:
            click.echo(f"plot:  {printable(str(Path(folder) / plot))}")
    failed = [run for run in untrained(results) if run.status == FAILED]
    if failed:
        raise NamegenError(
            f"{len(failed)} of {counted(len(runs), 'run')} failed, the first one with: {failed[0].why}; run the "
            "same command to try again"
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
            click.echo(fill(printable(f"{run.status}: {line_name(run.settings)}: {run.why}"), columns()) + "\n")


# --- progress ---------------------------------------------------------------------------------------------------------


def show_progress(notes: Notes) -> SweepLines:
    """The display that fits where standard error goes."""
    if notes.can_draw_over:
        return SweepBlock(notes)
    return SweepLines(notes)


class SweepLines(AbstractContextManager["SweepLines"]):
    """A line for each run that has ended: what came of it, and how many are running, done and left."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.total = self.done = self.busy = 0
        self._start, self._done_before = time.monotonic(), 0
        self._waits = False

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def __call__(self, event: Event) -> None:
        """Take in what the sweep tells."""
        from namegen.experiments.watcher import Ended, NoWorkers, Planned, Running

        match event:
            case Planned():
                self._planned(event)
            case Running(under_way):
                self._running(under_way)
            case NoWorkers():
                if not self._waits:  # said once
                    self._say("the scheduler has no worker yet; waiting for one (Ctrl-C stops)")
                self.busy, self._waits = 0, True
            case Ended():
                self.done += 1
                self._say(f"{self.done}/{self.total}  {event.label}: {self._came(event)}{self._left()}")

    def _planned(self, event: Planned) -> None:
        """Say how much there is to do."""
        self.total, self.done, self._done_before = event.total, event.kept, event.kept
        going_on = f", {event.kept:,} of them already done" if event.kept else ""
        where = f", on the scheduler {event.scheduler}" if event.scheduler and event.kept < event.total else ""
        self.notes(f"{counted(event.total, 'run')}{going_on}{where}")

    def _running(self, under_way: tuple[UnderWay, ...]) -> None:
        """How many are under way."""
        self.busy, self._waits = len(under_way), False

    def _say(self, text: str) -> None:
        """Say something without breaking what is drawn."""
        self.notes(text)

    def _left(self) -> str:
        """How many are left, and for how long."""
        return f"  ({self.total - self.done:,} left{self._time_left()})"

    def _came(self, event: Ended) -> str:
        if event.accuracy is None:
            return event.trouble
        return f"{percent(event.accuracy)} held-out in {event.seconds:.1f} s"

    def _time_left(self) -> str:
        """By the pace so far."""
        made, left = self.done - self._done_before, self.total - self.done
        if not made or not left:
            return ""
        return f", about {clock((time.monotonic() - self._start) / made * left)}"


class SweepBlock(SweepLines):
    """A bar, and a line for each run under way, drawn over and over; what has ended stays above."""

    def __init__(self, notes: Notes) -> None:
        super().__init__(notes)
        self._live: Any = None

    def __enter__(self) -> SweepBlock:
        """Begin to draw."""
        self._live = start_live(transient=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the block away, and give the cursor back."""
        self._live.stop()

    def _planned(self, event: Planned) -> None:
        """Say how much there is to do; then the workers start."""
        super()._planned(event)
        self._draw(["starting the workers"] if event.kept < event.total else [])

    def _running(self, under_way: tuple[UnderWay, ...]) -> None:
        """Draw what is under way."""
        super()._running(under_way)
        self._draw([self._line(one) for one in under_way])

    def _say(self, text: str) -> None:
        """Above the block, which stays where it is."""
        self._live.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)

    def _left(self) -> str:
        """The block says it."""
        return ""

    def _draw(self, runs: list[str]) -> None:
        from rich.console import Group
        from rich.text import Text

        left = f"{self.busy:,} running, {self.total - self.done - self.busy:,} left{self._time_left()}"
        head = bars([(f"{self.done:,}/{self.total:,}", self.done, self.total, left)])
        lines = [Text(f"  {run}", no_wrap=True, overflow="ellipsis", style="dim") for run in runs[:RUNNING_SHOWN]]
        if len(runs) > RUNNING_SHOWN:
            lines.append(Text(f"  and {len(runs) - RUNNING_SHOWN:,} more", style="dim"))
        self._live.update(Group(head, *lines), refresh=True)

    def _line(self, run: UnderWay) -> str:
        return printable(run.label) + (f"  epoch {run.epoch}/{run.epochs}" if run.epochs else "")

"""sweep: trains every combination of a grid, on dask, and keeps what has finished.

    DIR/
      .namegen-sweep         the mark of a folder that this command has made, and goes on with
      runs/                  a JSON a finished run, and its network beside it; named by its settings and a hash
      results.csv, .json     the table, a row a run; the JSON with the curves
      accuracy-*.png         accuracy against time, a line a setting; a plot a list

Nothing is ever deleted; ``kept.py`` says how a finished run is found again.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namegen.documents import to_plain
from namegen.experiments.kept import KeptStore, open_folder
from namegen.experiments.sweep.client import (
    answer_of,
    check_code,
    ended,
    gone_is_told,
    hand_out,
    open_client,
    require_dask,
    wait_for_scheduler,
)
from namegen.experiments.sweep.document import Results
from namegen.experiments.sweep.exchange import RunOutcome, Trained
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.experiments.sweep.kept_runs import KEPT_RUNS, EndedRun, keep, read_kept
from namegen.experiments.watcher import Ended, NoWorkers, Planned, Running, UnderWay, Watcher, unwatched
from namegen.files import write_whole

if TYPE_CHECKING:
    from distributed import Client

MARK = ".namegen-sweep"
RESULTS, TABLE = "results.json", "results.csv"


@dataclass
class Sweep:
    """A sweep under way: its runs, and what has come of them.

    Attributes:
        grid: what is varied.
        runs: every run, in the order of the table.
        out: the folder.
        found: the key of a run → what came of it; a run that is not there is left to do.
    """

    grid: Grid
    runs: list[SweepRun]
    out: Path
    found: dict[str, EndedRun] = field(default_factory=dict)

    @property
    def left(self) -> list[SweepRun]:
        """The runs that are still to be made."""
        return [run for run in self.runs if run.key not in self.found]


def sweep(
    grid: Grid,
    runs: list[SweepRun],
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    watcher: Watcher = unwatched,
) -> Results:
    """Make the runs that are not there yet, write table and plots, and give the document of ``results.json``.

    Stopped by KeyboardInterrupt it writes the table of what has finished, too, and raises it again.

    Args:
        grid: what is varied.
        runs: ``make_runs(grid, …)``.
        out: a folder that does not exist, is empty, or was made by an earlier sweep.
        scheduler: the address of a dask scheduler; None: processes of this machine, reached over its loopback alone.
        workers: how many local processes; None: one a core.
        watcher: who is told.

    Raises:
        EngineError: dask is not installed, the scheduler does not answer or went away, or its workers have another
            namegen. OutputError: the folder holds other files, or cannot be written. FolderInUseError: another sweep is
            at work in it.
    """
    require_dask()
    with open_folder(out, mark=MARK, command=COMMAND, inside=KEPT_RUNS) as kept:
        store = KeptStore(kept)
        under_way = Sweep(grid, runs, Path(out), read_kept(store, runs))
        watcher(Planned(len(runs), len(under_way.found), scheduler or ""))
        try:
            if under_way.left:
                with gone_is_told(scheduler), open_client(scheduler, under_way.left, workers) as client:
                    _make(under_way, client, store, watcher)
        except BaseException:  # stopped, or the scheduler is gone
            if under_way.found:
                _write(under_way)
            raise
        return _write(under_way)


def _write(made: Sweep) -> Results:
    """Table, JSON and plots of what there is."""
    from namegen.experiments.sweep.results import make_results, table_csv

    results = make_results(made.grid, made.runs, made.found)
    write_whole(made.out / TABLE, table_csv(results).encode())
    if results.runs:
        from namegen.experiments.sweep.figures import draw_sweep

        results = replace(results, plots=tuple(path.name for path in draw_sweep(results, made.out)))
    text = json.dumps(to_plain(results), ensure_ascii=False, allow_nan=False)
    write_whole(made.out / RESULTS, f"{text}\n".encode())
    return results


# --- the loop ---------------------------------------------------------------------------------------------------------


def _make(made: Sweep, client: Client, store: KeptStore, watcher: Watcher) -> None:
    """Hand out the runs, one to each thread of the workers, and take in what comes back."""
    from namegen.experiments.sweep.task import TOPIC

    check_code(client, dict.fromkeys(run.config.run.backend for run in made.left))
    epochs: dict[str, tuple[int, int]] = {}  # the key of a run → epochs done, epochs in all

    def note(event: tuple[float, dict[str, Any]]) -> None:
        epochs[event[1]["run"]] = (event[1]["epoch"], event[1]["epochs"])

    client.subscribe_topic(TOPIC, note)
    waiting, under_way = deque(made.left), dict[Any, SweepRun]()
    try:
        while waiting or under_way:
            threads = sum(client.nthreads().values()) if client.status == "running" else 0
            # None ahead of the workers: one that waits in a worker that dies would count as having a part in it.
            while waiting and len(under_way) < max(threads, 1):
                run = waiting.popleft()
                under_way[hand_out(client, run)] = run
            for future in ended(under_way):
                run = under_way.pop(future)
                answer = answer_of(future)
                if answer is None:
                    waiting.append(run)
                    continue
                made.found[run.key] = keep(store, run, answer)
                watcher(_told(run, answer.outcome))
            _tell(client, under_way, epochs, watcher)
            wait_for_scheduler(client)
    finally:
        if client.status == "running":
            client.cancel(list(under_way))


def _told(run: SweepRun, outcome: RunOutcome) -> Ended:
    if isinstance(outcome, Trained):
        return Ended(run.label, outcome.timing.seconds, accuracy=outcome.figures.held_out.accuracy_argmax)
    return Ended(run.label, trouble=outcome.status)


def _tell(client: Client, under_way: dict[Any, SweepRun], epochs: dict[str, tuple[int, int]], watcher: Watcher) -> None:
    """What the workers are doing."""
    if client.status != "running":
        return
    if not client.nthreads():
        watcher(NoWorkers())
        return
    runs = {future.key: run for future, run in under_way.items()}
    started = [runs[key] for keys in client.processing().values() for key in keys if key in runs]
    watcher(Running(tuple(UnderWay(run.label, *epochs.get(run.key, (0, 0))) for run in started)))

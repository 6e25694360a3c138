"""Train all combinations of a grid, each in a child process, and keep the finished runs.

    DIR/
      .namegen-sweep         marks a folder that this command has created and can continue
      runs/                  a JSON file and a model file per finished run, named after its settings and key
      results.csv, .json     the results, one row per run; the JSON file also contains the learning curves
      accuracy-*.png         accuracy against time, one plot per list, one line per setting

No file is ever deleted. ``kept.py`` describes the files in ``runs``.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from namegen.children import Children, Job, JobEnded, Runner, run_all
from namegen.documents import from_plain, to_plain
from namegen.events import Ended, Planned, ProgressCallback, ignore_progress
from namegen.experiments.kept import KeptStore, open_folder, write_document
from namegen.experiments.machine import codes_for_report
from namegen.experiments.sweep.document import (
    FORMAT,
    FORMAT_VERSION,
    MODEL_SUFFIX,
    HeldOut,
    Outcome,
    Results,
    Run,
    RunJob,
)
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.files import write_whole
from namegen.threads import cores

MARK = ".namegen-sweep"
KEPT_RUNS = "runs"
RESULTS = "results.json"
TABLE = "results.csv"


def sweep(
    grid: Grid,
    runs: list[SweepRun],
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Results:
    """Train the runs that haven't finished yet, and write the table and the plots.

    If the sweep is interrupted, it writes the results of the finished runs first.

    Args:
        grid: the grid.
        runs: the runs of the grid, from ``make_runs``.
        out: a folder that doesn't exist, is empty, or was created by an earlier sweep.
        scheduler: the address of a dask scheduler. None trains in processes on this machine.
        workers: the number of local processes. None uses all cores.
        on_progress: called with the progress.

    Returns:
        The content of ``results.json``.

    Raises:
        EngineError: dask isn't installed, the scheduler doesn't answer or stops, or its workers have a different
            version of namegen.
        OutputError: the folder contains other files, or can't be written to.
        FolderInUseError: another sweep is using the folder.
    """
    runner = _make_runner(runs, scheduler, workers)
    with open_folder(out, mark=MARK, command=COMMAND, inside=KEPT_RUNS) as inner_folder:
        work = _Sweep(runs, KeptStore(inner_folder))
        finished = len(work.ended)
        on_progress(Planned("run", total=len(runs), kept=finished, scheduler=scheduler or ""))
        try:
            if finished < len(runs):
                with runner:
                    work.train(runner, on_progress)
        except BaseException:  # also KeyboardInterrupt
            if work.ended:
                _write_results(make_results(grid, runs, work.ended), Path(out))
            raise
        return _write_results(make_results(grid, runs, work.ended), Path(out))


def _make_runner(runs: list[SweepRun], scheduler: str | None, workers: int | None) -> Runner:
    """Create a runner for processes on this machine, or for a dask cluster."""
    if scheduler is None:
        threads = max(run.config.run.threads or 1 for run in runs)
        default_workers = max(cores() // threads, 1)
        return Children(workers or default_workers)
    from namegen.experiments.cluster import Cluster

    return Cluster(scheduler, {run.config.run.backend for run in runs})


class _Sweep:
    """The state of a sweep while it trains."""

    def __init__(self, runs: Sequence[SweepRun], store: KeptStore) -> None:
        self.runs = runs
        self.store = store
        self.ended: dict[str, Run] = {}  # by key
        # The references for the held-out names, by split. Runs with the same split share them.
        self.held_out: dict[tuple[object, ...], HeldOut] = {}
        self.under_way: dict[Job, SweepRun] = {}
        self._read_finished_runs()

    def _read_finished_runs(self) -> None:
        """Read the runs that an earlier sweep has finished."""
        for run in self.runs:
            finished_run = read_kept(self.store, run)
            if finished_run is not None:
                self.ended[run.key] = finished_run
                if finished_run.trained is not None:
                    self.held_out[_split_key(run)] = finished_run.trained.held_out

    def train(self, runner: Runner, on_progress: ProgressCallback) -> None:
        """Train the runs that haven't ended, and keep their results."""
        for event in run_all(runner, self._jobs(), on_progress):
            run = self.under_way.pop(event.job)
            ended = keep(self.store, run, event)
            self.ended[run.key] = ended
            if ended.trained is not None:
                self.held_out.setdefault(_split_key(run), ended.trained.held_out)
            on_progress(_end_event(run.label, ended))

    def _jobs(self) -> Iterator[Job]:
        """Yield a job for each run that hasn't ended.

        Each job is created just before it starts, so that it can contain the references that earlier runs computed.
        """
        for run in self.runs:
            if run.key not in self.ended:
                job = self._make_job(run)
                self.under_way[job] = run
                yield job

    def _make_job(self, run: SweepRun) -> Job:
        """Create the job that trains a run in a child process."""
        job = RunJob(
            config=run.config,
            source=run.corpus.source,
            names=run.corpus.names,
            held_out=self.held_out.get(_split_key(run)),
        )
        return Job(
            work="namegen.experiments.sweep.task:train_run",
            document=to_plain(job),
            threads=run.config.run.threads or 1,
            label=run.label,
        )


def _end_event(label: str, run: Run) -> Ended:
    """Create the progress event for a run that has ended."""
    if run.trained is None:
        return Ended(label, trouble=run.status)
    accuracy = run.trained.figures.held_out.accuracy_argmax
    return Ended(label, run.trained.seconds, accuracy=accuracy)


def _split_key(run: SweepRun) -> tuple[object, ...]:
    """Return everything that determines which names a run holds out, as a key."""
    return run.corpus.fingerprint, run.config.data, run.config.training.seed


# --- keeping runs -----------------------------------------------------------------------------------------------------


def ended_run(run: SweepRun, outcome: Outcome, name: str, commit: str | None) -> Run:
    """Create the entry of ``results.json`` for a run that has ended.

    Args:
        run: the run.
        outcome: its outcome.
        name: the name of its files, without the suffix.
        commit: the commit of the checkout that trained the network, or None for an installed namegen.
    """
    model = None
    if outcome.trained is not None:
        model = f"{KEPT_RUNS}/{name}{MODEL_SUFFIX}"
    return Run(
        **vars(outcome),
        run=run.key,
        list=run.corpus.source,
        backend=run.config.run.backend,
        seed=run.config.training.seed,
        settings=run.settings,
        model=model,
        commit=commit,
    )


def read_kept(store: KeptStore, run: SweepRun) -> Run | None:
    """Read a run that an earlier sweep has finished, possibly with other axes, or return None if there is none."""
    kept = store.read(run.key, partial(from_plain, Outcome))
    if kept is None:
        return None
    return ended_run(run, kept.result, kept.name, kept.commit)


def keep(store: KeptStore, run: SweepRun, event: JobEnded) -> Run:
    """Store the result of a run that has ended, and return it.

    Only finished and diverged runs are stored. A later sweep repeats all other runs.
    """
    if event.trouble:
        outcome = Outcome("failed", event.trouble, machine=None, versions={}, trained=None)
        return ended_run(run, outcome, run.file, store.commit)
    answer: Any = event.answer
    outcome = from_plain(Outcome, answer["outcome"])
    model_suffix = None
    if outcome.trained is not None:
        model_suffix = MODEL_SUFFIX
        write_whole(store.folder / f"{run.file}{model_suffix}", b64decode(answer["model"]))
    if outcome.status in ("done", "diverged"):
        store.keep(run.file, answer["outcome"], beside=model_suffix)
    return ended_run(run, outcome, run.file, store.commit)


def make_results(grid: Grid, runs: Sequence[SweepRun], ended: Mapping[str, Run]) -> Results:
    """Collect the results in the order of the grid.

    Args:
        grid: the grid.
        runs: all runs of the grid.
        ended: the runs that have ended, indexed by key.
    """
    backends = dict.fromkeys(run.config.run.backend for run in runs)
    ended_runs = [ended[run.key] for run in runs if run.key in ended]
    return Results(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        axes=grid.axes,
        base=grid.base,
        left=len(runs) - len(ended_runs),
        plots=(),
        engine_codes=codes_for_report(backends),
        runs=tuple(ended_runs),
    )


def _write_results(results: Results, out: Path) -> Results:
    """Write the table, the plots and the JSON file. Return the results with the names of the plots."""
    from namegen.experiments.sweep.results import table_csv

    write_whole(out / TABLE, table_csv(results).encode())
    if results.runs:
        from namegen.experiments.sweep.figures import draw_sweep

        paths = draw_sweep(results, out)
        results = replace(results, plots=tuple(path.name for path in paths))
    write_document(out / RESULTS, results)
    return results

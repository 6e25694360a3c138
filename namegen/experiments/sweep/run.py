"""Train all combinations of a grid, each in a child process, and keep the finished runs.

    DIR/
      .namegen-sweep         marks a folder that this command made and can continue
      runs/                  per finished run, a JSON file and a model file, named after its settings and key
      results.csv, .json     the results, one row per run; the JSON file also has the learning curves
      accuracy-*.png         accuracy against time, one plot per list, one line per setting

Nothing is ever deleted. ``kept.py`` describes the files in ``runs``.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

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

    If the sweep is interrupted, the results of the finished runs are written first.

    Args:
        grid: the grid.
        runs: the runs of the grid, from ``make_runs``.
        out: a folder that doesn't exist, is empty, or was made by an earlier sweep.
        scheduler: the address of a dask scheduler; None trains in processes on this machine.
        workers: the number of local processes; None uses all cores.
        on_progress: called with the progress.

    Returns:
        The content of ``results.json``.

    Raises:
        EngineError: dask isn't installed, the scheduler doesn't answer or stops, or its workers have another version of
            namegen.
        OutputError: the folder contains other files, or can't be written to.
        FolderInUseError: another sweep is using the folder.
    """
    runner = _runner(runs, scheduler, workers)
    with open_folder(out, mark=MARK, command=COMMAND, inside=KEPT_RUNS) as kept:
        work = _Sweep(runs, KeptStore(kept))
        on_progress(Planned("run", len(runs), len(work.ended), scheduler or ""))
        try:
            if len(work.ended) < len(runs):
                with runner:
                    work.train(runner, on_progress)
        except BaseException:  # also KeyboardInterrupt
            if work.ended:
                _write(make_results(grid, runs, work.ended), Path(out))
            raise
        return _write(make_results(grid, runs, work.ended), Path(out))


def _runner(runs: list[SweepRun], scheduler: str | None, workers: int | None) -> Runner:
    if scheduler is None:
        threads = max(run.config.run.threads or 1 for run in runs)
        return Children(workers or max(cores() // threads, 1))
    from namegen.experiments.cluster import Cluster

    return Cluster(scheduler, {run.config.run.backend for run in runs})


class _Sweep:
    """The state of a sweep while it trains."""

    def __init__(self, runs: Sequence[SweepRun], store: KeptStore) -> None:
        self.runs = runs
        self.store = store
        self.ended: dict[str, Run] = {}  # by key
        # The held-out names and their references, by split. Runs with the same split share them.
        self.held_out: dict[tuple[object, ...], HeldOut] = {}
        self.under_way: dict[Job, SweepRun] = {}
        for run in runs:
            kept = read_kept(store, run)
            if kept is not None:
                self.ended[run.key] = kept
                if kept.trained is not None:
                    self.held_out[_split(run)] = kept.trained.held_out

    def train(self, runner: Runner, on_progress: ProgressCallback) -> None:
        """Train the runs that haven't ended, and keep their results."""
        for event in run_all(runner, self._parts(), on_progress):
            run = self.under_way.pop(event.job)
            ended = keep(self.store, run, event)
            self.ended[run.key] = ended
            if ended.trained is None:
                on_progress(Ended(run.label, trouble=ended.status))
                continue
            self.held_out.setdefault(_split(run), ended.trained.held_out)
            accuracy = ended.trained.figures.held_out.accuracy_argmax
            on_progress(Ended(run.label, ended.trained.seconds, accuracy=accuracy))

    def _parts(self) -> Iterator[Job]:
        """The jobs, each made just before it starts, so that it has the references of the runs before it."""
        for run in self.runs:
            if run.key in self.ended:
                continue
            job = RunJob(
                config=run.config,
                source=run.corpus.source,
                names=run.corpus.names,
                held_out=self.held_out.get(_split(run)),
            )
            part = Job(
                work="namegen.experiments.sweep.task:train_run",
                document=to_plain(job),
                threads=run.config.run.threads or 1,
                label=run.label,
            )
            self.under_way[part] = run
            yield part


def _split(run: SweepRun) -> tuple[object, ...]:
    """Everything that decides which names are held out."""
    return run.corpus.fingerprint, run.config.data, run.config.training.seed


# --- keeping runs -----------------------------------------------------------------------------------------------------


def ended_run(run: SweepRun, outcome: Outcome, name: str, commit: str | None) -> Run:
    """Combine a run with its outcome.

    Args:
        run: the run.
        outcome: its outcome.
        name: the name of its files, without the suffix.
        commit: the commit of the checkout that trained it; None for an installed namegen.
    """
    model = None if outcome.trained is None else f"{KEPT_RUNS}/{name}{MODEL_SUFFIX}"
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
    """Read a run that an earlier sweep finished, possibly with other axes; None if there is none."""
    kept = store.read(run.key, partial(from_plain, Outcome))
    if kept is None:
        return None
    outcome, name, commit = kept
    return ended_run(run, outcome, name, commit)


def keep(store: KeptStore, run: SweepRun, ended: JobEnded) -> Run:
    """Write the result of a run; only finished and diverged runs are kept, so that a later sweep retries the rest."""
    if ended.trouble:
        outcome = Outcome("failed", ended.trouble, machine=None, versions={}, trained=None)
        return ended_run(run, outcome, run.file, store.commit)
    answer = cast("dict[str, Any]", ended.answer)
    outcome = from_plain(Outcome, answer["outcome"])
    model_suffix = None if outcome.trained is None else MODEL_SUFFIX
    if model_suffix is not None:
        write_whole(store.folder / f"{run.file}{model_suffix}", b64decode(answer["model"]))
    if outcome.status in ("done", "diverged"):
        store.keep(run.file, answer["outcome"], beside=model_suffix)
    return ended_run(run, outcome, run.file, store.commit)


def make_results(grid: Grid, runs: Sequence[SweepRun], ended: Mapping[str, Run]) -> Results:
    """Collect the results in the order of the grid.

    Args:
        grid: the grid.
        runs: all its runs.
        ended: the runs that have ended, by key.
    """
    backends = dict.fromkeys(run.config.run.backend for run in runs)
    return Results(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        axes=grid.axes,
        base=grid.base,
        left=sum(1 for run in runs if run.key not in ended),
        plots=(),
        engine_codes=codes_for_report(backends),
        runs=tuple(ended[run.key] for run in runs if run.key in ended),
    )


def _write(results: Results, out: Path) -> Results:
    """Write the table, the plots and the JSON; returns the results with the names of the plots."""
    from namegen.experiments.sweep.results import table_csv

    write_whole(out / TABLE, table_csv(results).encode())
    if results.runs:
        from namegen.experiments.sweep.figures import draw_sweep

        paths = draw_sweep(results, out)
        results = replace(results, plots=tuple(path.name for path in paths))
    write_document(out / RESULTS, results)
    return results

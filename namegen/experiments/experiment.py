"""Compare backends, or sweep over settings: from a plan to a report. Start reading here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import msgspec

from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.events import ProgressCallback, ignore_progress
from namegen.experiments.document import write_report
from namegen.experiments.jobs import Job
from namegen.experiments.plan_comparison import Options, plan_comparison
from namegen.experiments.plan_sweep import Grid, plan_sweep
from namegen.experiments.report import make_report
from namegen.experiments.rows import Command, Results, Row
from namegen.experiments.run import RowStore, open_folder, run_jobs
from namegen.experiments.summary import summary_csv
from namegen.experiments.workers import Workers, dask_workers, local_workers
from namegen.files import write_whole
from namegen.threads import cores


def compare(
    corpora: Sequence[Corpus],
    out: Path | str,
    options: Options,
    on_progress: ProgressCallback = ignore_progress,
) -> Results:
    """Compare backends and networks, and write the report.

    Args:
        corpora: the lists.
        out: a folder that doesn't exist, is empty, or was created by an earlier comparison.
        options: how much to measure.
        on_progress: called with every event.

    Raises:
        NamesError: a list is too small to split.
        UnknownEngineError: there is no backend with this name.
        OutputError: the folder contains other files, or can't be written to.
        FolderInUseError: another comparison is using the folder.
    """
    return run_experiment(
        "compare-backends",
        plan_comparison(corpora, options),
        {corpus.fingerprint: corpus for corpus in corpora},
        local_workers(cores()),
        out,
        on_progress,
        options=msgspec.to_builtins(options),
    )


def sweep(
    grid: Grid,
    read_list: Callable[[DataSettings], Corpus],
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Results:
    """Train each combination of a grid, and write the report.

    Args:
        grid: the grid, from ``read_grid``.
        read_list: reads the list of a config.
        out: a folder that doesn't exist, is empty, or was created by an earlier sweep.
        scheduler: the address of a Dask scheduler. None trains in processes on this machine.
        workers: the number of local processes. None uses all cores.
        on_progress: called with the progress.

    Raises:
        EngineError: Dask isn't installed, or the scheduler doesn't answer or stops.
        NamesError, SettingsError: a list or a setting can't be used in a sweep.
        OutputError: the folder contains other files, or can't be written to.
        FolderInUseError: another sweep is using the folder.
    """
    jobs, corpora = plan_sweep(grid, read_list)
    count = workers or max(cores() // grid.threads, 1)
    return run_experiment(
        "sweep",
        jobs,
        corpora,
        dask_workers(scheduler) if scheduler else local_workers(count),
        out,
        on_progress,
        options={path: list(values) for path, values in grid.axes.items()},
        scheduler=scheduler or "",
    )


def run_experiment(
    command: Command,
    jobs: Sequence[Job],
    corpora: Mapping[str, Corpus],
    workers: AbstractContextManager[Workers],
    out: Path | str,
    on_progress: ProgressCallback,
    *,
    options: dict[str, Any],
    scheduler: str = "",
) -> Results:
    """Run the jobs that have no row yet, and write all files. After Ctrl-C, write what has been measured so far."""
    rows: dict[str, Row] = {}
    with open_folder(out, command) as folder:
        try:
            with workers as running:
                store = RowStore(folder)
                for row in run_jobs(
                    jobs, corpora, store, running, on_progress, scheduler=scheduler
                ):
                    rows[row.key] = row
        finally:
            ordered = [rows[job.key] for job in jobs if job.key in rows]
            results = Results(
                command=command,
                options=options,
                jobs_left=len(jobs) - len(ordered),
                rows=tuple(ordered),
            )
            if ordered:
                write_whole(folder / "results.json", msgspec.json.encode(results))
                write_whole(folder / "summary.csv", summary_csv(results).encode())
                write_report(make_report(results), folder)
    return results

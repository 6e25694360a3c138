"""sweep: trains every combination of a grid, each in a child, and keeps what has finished.

    DIR/
      .namegen-sweep         the mark of a folder that this command has made, and goes on with
      runs/                  a JSON a finished run, and its network beside it; named by its settings and a hash
      results.csv, .json     the table, a row a run; the JSON with the curves
      accuracy-*.png         accuracy against time, a line a setting; a plot a list

Nothing is ever deleted; ``kept.py`` says how a finished run is found again.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from namegen.children import Children, Part, PartEnded, Runner, run_all
from namegen.documents import from_plain, to_plain
from namegen.events import Ended, Planned, ProgressCallback, ignore_progress
from namegen.experiments.kept import KeptStore, open_folder, write_document
from namegen.experiments.machine import codes_for_report
from namegen.experiments.sweep.document import (
    FORMAT,
    FORMAT_VERSION,
    MODEL_SUFFIX,
    Outcome,
    Results,
    Run,
    RunJob,
)
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.files import write_whole
from namegen.threads import cores

MARK, KEPT_RUNS = ".namegen-sweep", "runs"
RESULTS, TABLE = "results.json", "results.csv"


def sweep(
    grid: Grid,
    runs: list[SweepRun],
    out: Path | str,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
) -> Results:
    """Make the runs that are not there yet, write table and plots, and give the document of ``results.json``.

    Stopped by KeyboardInterrupt it writes the table of what has finished, too, and raises it again.

    Args:
        grid: what is varied.
        runs: ``make_runs(grid, …)``.
        out: a folder that does not exist, is empty, or was made by an earlier sweep.
        scheduler: the address of a dask scheduler; None: processes of this machine.
        workers: how many local processes; None: one a core.
        on_progress: told how far it is.

    Raises:
        EngineError: dask is not installed, the scheduler does not answer or goes away, or its workers have another
            namegen. OutputError: the folder holds other files, or cannot be written. FolderInUseError: another sweep is
            at work in it.
    """
    runner = _runner(runs, scheduler, workers)
    with open_folder(out, mark=MARK, command=COMMAND, inside=KEPT_RUNS) as kept:
        store = KeptStore(kept)
        found = {run.key: one for run in runs if (one := read_kept(store, run)) is not None}
        on_progress(Planned("run", len(runs), len(found), scheduler or ""))
        try:
            if len(found) < len(runs):
                with runner:
                    _make(runs, found, runner, store, on_progress)
        except BaseException:  # stopped, or the scheduler is gone
            if found:
                _write(make_results(grid, runs, found), Path(out))
            raise
        return _write(make_results(grid, runs, found), Path(out))


def _runner(runs: list[SweepRun], scheduler: str | None, workers: int | None) -> Runner:
    if scheduler is None:
        threads = max(run.config.run.threads or 1 for run in runs)
        return Children(workers or max(cores() // threads, 1))
    from namegen.experiments.cluster import Cluster

    return Cluster(scheduler, {run.config.run.backend for run in runs})


def _make(
    runs: Sequence[SweepRun],
    found: dict[str, Run],
    runner: Runner,
    store: KeptStore,
    on_progress: ProgressCallback,
) -> None:
    """Make the runs that are left, and take in what comes back."""
    under_way: dict[Part, SweepRun] = {}
    # What decides which names are held out → what the figures on them stand beside.
    splits = {
        _split(run): found[run.key].done.held_out
        for run in runs
        if run.key in found and found[run.key].trained
    }

    def parts() -> Iterator[Part]:
        for run in runs:
            if run.key not in found:
                job = RunJob(
                    run.config, run.corpus.source, run.corpus.names, splits.get(_split(run))
                )
                threads = run.config.run.threads or 1
                part = Part(
                    "namegen.experiments.sweep.task:train_run", to_plain(job), threads, run.label
                )
                under_way[part] = run
                yield part

    for event in run_all(runner, parts(), on_progress):
        run = under_way.pop(event.part)
        ended = found[run.key] = keep(store, run, event)
        if ended.trained is None:
            on_progress(Ended(run.label, trouble=ended.status))
        else:
            splits.setdefault(_split(run), ended.trained.held_out)
            accuracy = ended.trained.figures.held_out.accuracy_argmax
            on_progress(Ended(run.label, ended.trained.seconds, accuracy=accuracy))


def _split(run: SweepRun) -> tuple[object, ...]:
    return run.corpus.fingerprint, run.config.data, run.config.training.seed


# --- what is kept -----------------------------------------------------------------------------------------------------


def ended_run(run: SweepRun, outcome: Outcome, name: str, commit: str | None) -> Run:
    """A run with what came of it; ``name``: that of its files, without an ending."""
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
    """The run of an earlier sweep, whatever its axes were."""
    kept = store.read(run.key, partial(from_plain, Outcome))
    return None if kept is None else ended_run(run, *kept)


def keep(store: KeptStore, run: SweepRun, ended: PartEnded) -> Run:
    """Write a run that has ended for good; others are tried again by the next sweep."""
    if ended.trouble:
        return ended_run(
            run, Outcome("failed", ended.trouble, None, {}, None), run.file, store.commit
        )
    answer = cast("dict[str, Any]", ended.answer)
    outcome = from_plain(Outcome, answer["outcome"])
    if outcome.trained is not None:
        write_whole(store.folder / f"{run.file}{MODEL_SUFFIX}", b64decode(answer["model"]))
    if outcome.status in ("done", "diverged"):
        store.keep(
            run.file, answer["outcome"], beside=None if outcome.trained is None else MODEL_SUFFIX
        )
    return ended_run(run, outcome, run.file, store.commit)


def make_results(grid: Grid, runs: Sequence[SweepRun], found: Mapping[str, Run]) -> Results:
    """Put what has come of the runs in order; a run that is still to be made is counted only."""
    return Results(
        format=FORMAT,
        format_version=FORMAT_VERSION,
        axes=grid.axes,
        base=grid.base,
        left=sum(run.key not in found for run in runs),
        plots=(),
        engine_codes=codes_for_report(dict.fromkeys(run.config.run.backend for run in runs)),
        runs=tuple(found[run.key] for run in runs if run.key in found),
    )


def _write(results: Results, out: Path) -> Results:
    """Table, JSON and plots of what there is."""
    from namegen.experiments.sweep.results import table_csv

    write_whole(out / TABLE, table_csv(results).encode())
    if results.runs:
        from namegen.experiments.sweep.figures import draw_sweep

        results = replace(results, plots=tuple(path.name for path in draw_sweep(results, out)))
    write_document(out / RESULTS, results)
    return results

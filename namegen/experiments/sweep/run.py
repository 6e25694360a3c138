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
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from namegen.children import Children, Part, PartEnded, Runner, run_all
from namegen.documents import to_plain
from namegen.events import Ended, Planned, Watcher, unwatched
from namegen.experiments.kept import Kept, KeptStore, open_folder, write_document
from namegen.experiments.sweep.document import (
    DIVERGED,
    FAILED,
    KEPT_RUNS,
    MODEL_SUFFIX,
    EndedRun,
    HeldOut,
    Results,
    RunJob,
    Trained,
    Untrained,
    read_run_outcome,
)
from namegen.experiments.sweep.grid import COMMAND, Grid, SweepRun
from namegen.files import write_whole
from namegen.threads import cores

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
    watch: Watcher = unwatched,
) -> Results:
    """Make the runs that are not there yet, write table and plots, and give the document of ``results.json``.

    Stopped by KeyboardInterrupt it writes the table of what has finished, too, and raises it again.

    Args:
        grid: what is varied.
        runs: ``make_runs(grid, …)``.
        out: a folder that does not exist, is empty, or was made by an earlier sweep.
        scheduler: the address of a dask scheduler; None: processes of this machine.
        workers: how many local processes; None: one a core.
        watch: told how far it is.

    Raises:
        EngineError: dask is not installed, the scheduler does not answer or goes away, or its workers have another
            namegen. OutputError: the folder holds other files, or cannot be written. FolderInUseError: another sweep is
            at work in it.
    """
    runner = _runner(runs, scheduler, workers)
    with open_folder(out, mark=MARK, command=COMMAND, inside=KEPT_RUNS) as kept:
        store = KeptStore(kept)
        under_way = Sweep(grid, runs, Path(out), store.read({run.key: run for run in runs}, read_kept))
        watch(Planned("run", len(runs), len(under_way.found), scheduler or ""))
        try:
            if under_way.left:
                with runner:
                    _make(under_way, runner, store, watch)
        except BaseException:  # stopped, or the scheduler is gone
            if under_way.found:
                _write(under_way)
            raise
        return _write(under_way)


def _runner(runs: list[SweepRun], scheduler: str | None, workers: int | None) -> Runner:
    if scheduler is None:
        threads = max(run.config.run.threads or 1 for run in runs)
        return Children(workers or max(cores() // threads, 1))
    from namegen.experiments.cluster import Cluster

    return Cluster(scheduler, {run.config.run.backend for run in runs})


def _make(made: Sweep, runner: Runner, store: KeptStore, watch: Watcher) -> None:
    """Make the runs that are left, and take in what comes back."""
    runs: dict[Part, SweepRun] = {}
    splits = {_split(run): _held_out(made.found[run.key]) for run in made.runs if run.key in made.found}

    def parts() -> Iterator[Part]:
        for run in made.left:
            job = RunJob(run.config, run.corpus.source, run.corpus.names, splits.get(_split(run)))
            threads = run.config.run.threads or 1
            part = Part("namegen.experiments.sweep.task:train_run", to_plain(job), threads, run.label)
            runs[part] = run
            yield part

    for event in run_all(runner, parts(), watch):
        run = runs.pop(event.part)
        ended = made.found[run.key] = keep(store, run, event)
        splits[_split(run)] = splits.get(_split(run)) or _held_out(ended)
        watch(_over(run, ended))


def _split(run: SweepRun) -> tuple[object, ...]:
    """What decides which names are held out."""
    return run.corpus.fingerprint, run.config.data, run.config.training.seed


def _held_out(ended: EndedRun) -> HeldOut | None:
    return ended.outcome.held_out if isinstance(ended.outcome, Trained) else None


def _over(run: SweepRun, ended: EndedRun) -> Ended:
    outcome = ended.outcome
    if isinstance(outcome, Trained):
        return Ended(run.label, outcome.timing.seconds, accuracy=outcome.figures.held_out.accuracy_argmax)
    return Ended(run.label, trouble=outcome.status)


# --- what is kept -----------------------------------------------------------------------------------------------------


def read_kept(run: SweepRun, kept: Kept) -> EndedRun:
    """The outcome of an earlier sweep, whatever its axes were. Raises ValueError: it has another form."""
    return EndedRun(kept.name, read_run_outcome(kept.result), kept.commit)


def keep(store: KeptStore, run: SweepRun, ended: PartEnded) -> EndedRun:
    """Write a run that has ended for good; others are tried again by the next sweep."""
    about = {"label": run.label, "settings": run.settings}
    if ended.trouble:
        return EndedRun(run.file, Untrained(FAILED, ended.trouble), store.commit)
    answer = cast("dict[str, Any]", ended.answer)
    outcome = read_run_outcome(answer["outcome"])
    if isinstance(outcome, Trained):
        write_whole(store.folder / f"{run.file}{MODEL_SUFFIX}", b64decode(answer["model"]))
        store.keep(run.file, to_plain(outcome), about=about, beside=MODEL_SUFFIX)
    elif outcome.status == DIVERGED:
        store.keep(run.file, to_plain(outcome), about=about)
    return EndedRun(run.file, outcome, store.commit)


def _write(made: Sweep) -> Results:
    """Table, JSON and plots of what there is."""
    from namegen.experiments.sweep.results import make_results, table_csv

    results = make_results(made.grid, made.runs, made.found)
    write_whole(made.out / TABLE, table_csv(results).encode())
    if results.runs:
        from namegen.experiments.sweep.figures import draw_sweep

        results = replace(results, plots=tuple(path.name for path in draw_sweep(results, made.out)))
    write_document(made.out / RESULTS, results)
    return results

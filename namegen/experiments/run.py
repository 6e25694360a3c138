"""Run the jobs of an experiment, and keep a row for each finished job.

    DIR/
      .namegen-COMMAND       marks a folder that the command created and can continue
      rows.jsonl             one row per finished job, appended as soon as it's finished
      models/                the trained networks, which `namegen generate` accepts
      results.json           all rows of the last command, in the order of its plan
      summary.csv            means and spreads over the seeds
      report.html, .md       the report; the plots are PNG files next to it

Nothing is ever deleted. A job whose key has a row isn't run again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import structs

from namegen.core.data.corpus import Corpus
from namegen.errors import EngineError, OutputError, cut, reason_of, setting, short
from namegen.events import Ended, NoWorkers, Planned, ProgressCallback, Running
from namegen.experiments.jobs import Job
from namegen.experiments.measure import Task, measure
from namegen.experiments.rows import LARGEST_FILE, Row, Training
from namegen.experiments.text import file_words
from namegen.experiments.workers import SCHEDULER_STOPPED, Workers
from namegen.files import (
    exclusive_lock,
    is_file,
    named_folder,
    read_whole,
    remove_left_overs,
    write_whole,
)

ROWS = "rows.jsonl"
MODELS = "models"
SECONDS_BETWEEN_LOOKS = 0.25


@contextmanager
def open_folder(out: Path | str, command: str) -> Iterator[Path]:
    """Create or reopen the folder of an experiment, and lock it.

    Args:
        out: the folder.
        command: the command that creates the folder.

    Raises:
        OutputError: the name is empty, the folder contains other files, or it can't be created.
        FolderInUseError: another process has locked the folder.
    """
    folder = named_folder(out)
    mark = folder / f".namegen-{command}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a name that contains NUL
        raise OutputError(
            f"can't create the folder {short(folder)} ({reason_of(error)}): choose another folder as {setting('out')}"
        ) from error
    with exclusive_lock(folder):
        remove_left_overs(folder)
        if not is_file(mark, OutputError) and any(folder.iterdir()):
            raise OutputError(
                f"the folder {short(folder)} contains other files, which {command} doesn't change: pass an empty or a "
                f"new folder as {setting('out')}"
            )
        write_whole(mark, f"made by namegen {command}, which continues its work here\n".encode())
        (folder / MODELS).mkdir(exist_ok=True)
        remove_left_overs(folder / MODELS)
        yield folder


class RowStore:
    """The rows of a folder.

    A line that can't be read, for example because the process was killed while writing it, is ignored. So is a row
    whose network is missing.

    Args:
        folder: the folder from ``open_folder``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / ROWS
        self.rows: dict[str, Row] = {}  # by key
        content = read_whole(self._path, LARGEST_FILE) if is_file(self._path, OutputError) else b""
        lines = content.splitlines()
        for line in lines:
            with suppress(ValueError, TypeError, RecursionError):
                row = msgspec.json.decode(line, type=Row)
                if not row.model or is_file(folder / row.model, None):
                    self.rows[row.key] = row
        if content and not content.endswith(b"\n"):  # the last line is incomplete
            write_whole(self._path, b"".join(line + b"\n" for line in lines[:-1]))

    def keep(self, row: Row, model: bytes | None) -> Row:
        """Store a finished job, first its network and then its row.

        Raises:
            OutputError: a file can't be written. All earlier rows are kept.
        """
        if model is not None:
            name = f"{file_words(row.job.label)}-{row.key}.safetensors"
            row = structs.replace(row, model=f"{MODELS}/{name}")
            write_whole(self._folder / row.model, model)
        try:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(row) + b"\n")
        except OSError as error:
            raise OutputError(
                f"can't write {short(self._path)} ({reason_of(error)}): free some space, and repeat the command. "
                "Finished measurements are kept"
            ) from error
        self.rows[row.key] = row
        return row

    def model(self, key: str) -> bytes | None:
        """Return the network of a training, or None if it's missing."""
        row = self.rows.get(key)
        return read_whole(self._folder / row.model, LARGEST_FILE) if row and row.model else None


def run_jobs(
    jobs: Sequence[Job],
    corpora: Mapping[str, Corpus],
    store: RowStore,
    workers: Workers,
    on_progress: ProgressCallback,
    *,
    scheduler: str = "",
) -> Iterator[Row]:
    """Run the jobs that don't have a row, and yield a row for each job.

    Timed jobs run one at a time. All others run in parallel.

    Args:
        jobs: the plan. Timed jobs come last, and a job comes after the job whose network it needs.
        corpora: the lists, by fingerprint.
        store: the finished rows, to which new rows are added.
        workers: run the jobs.
        on_progress: called with every event.
        scheduler: the address of a cluster's scheduler, for progress messages.
    """
    waiting: deque[Task] = deque()
    finished: list[Row] = []
    for job in jobs:
        key = job.key
        if key in store.rows:  # perhaps from an earlier sweep with other axes
            finished.append(structs.replace(store.rows[key], job=job))
            continue
        corpus = corpora[job.fingerprint]
        waiting.append(Task(key, job, corpus.source, corpus.names, corpus.labels))
    on_progress(Planned(len(jobs), len(finished), scheduler))
    yield from finished

    running: dict[Future[tuple[Row, bytes | None]], Task] = {}
    start_times: dict[str, float] = {}  # by key
    while waiting or running:
        # Start as many jobs as possible. If none can run, a cluster has no workers at the moment.
        while waiting and len(running) < (1 if waiting[0].job.is_timed else workers.count()):
            task = waiting.popleft()
            task = structs.replace(task, model=store.model(task.job.needs))
            start_times[task.key] = time.monotonic()
            running[workers.executor.submit(measure, task)] = task
        if not running:
            on_progress(NoWorkers())
            time.sleep(SECONDS_BETWEEN_LOOKS)
            continue

        # Wait for a job to end.
        on_progress(Running(tuple(task.job.label for task in running.values())))
        ended, _ = wait(running, SECONDS_BETWEEN_LOOKS, FIRST_COMPLETED)
        for future in ended:
            task = running.pop(future)
            row, model = row_of(task, future)
            if row.status in ("done", "diverged"):  # the others are tried again next time
                row = store.keep(row, model)
            accuracy = None
            if isinstance(row.result, Training):
                accuracy = row.result.metrics["held_out"].accuracy_argmax
            seconds = time.monotonic() - start_times[task.key]
            on_progress(Ended(task.job.label, seconds, row.why, accuracy))
            yield row


def row_of(task: Task, future: Future[tuple[Row, bytes | None]]) -> tuple[Row, bytes | None]:
    """Return the row of a job that has ended, and its network."""
    try:
        return future.result()
    except CancelledError as error:
        raise EngineError(SCHEDULER_STOPPED) from error
    except Exception as error:  # the process died, or a worker can't load namegen
        first_line = str(error).partition("\n")[0] or type(error).__name__
        return Row(key=task.key, job=task.job, status="failed", why=cut(first_line, 300)), None

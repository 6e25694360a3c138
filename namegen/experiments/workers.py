"""Run jobs in processes of this machine, or on a Dask cluster. Both are executors of the standard library.

Anyone who can connect to a Dask scheduler can run code on its workers.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from namegen.errors import EngineError, missing_library, setting

# When this process imported the module, which is the first thing that the process of a job does.
STARTED = time.time()
SECONDS_TO_ANSWER = 10  # how long to wait for a scheduler
SCHEDULER_STOPPED = (
    "the dask scheduler has stopped. Finished runs are kept: start the scheduler again, and repeat "
    "the command"
)


@dataclass(frozen=True)
class Workers:
    """An executor, and the number of jobs that it can run at the same time."""

    executor: Executor
    count: Callable[[], int]  # may change, and is 0 while a cluster has no workers


class FreshProcesses(Executor):
    """An executor that starts a new process for each job.

    The job starts with cold libraries, its memory can be measured, and a crash doesn't affect other jobs.
    """

    def submit(
        self, function: Callable[..., Any], /, *arguments: Any, **options: Any
    ) -> Future[Any]:
        """Start a process that calls the function."""
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=begin_process)
        future = pool.submit(function, *arguments, **options)
        future.add_done_callback(lambda _: pool.shutdown(wait=False))
        return future


def begin_process() -> None:
    """Prepare the process of a job: Ctrl-C only ends the parent, and the process ends when the parent does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end_with_parent() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


@contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """Run jobs in up to ``count`` processes of this machine. At the end of the block, all of them are stopped."""
    try:
        yield Workers(FreshProcesses(), lambda: count)
    finally:
        for process in multiprocessing.active_children():
            process.terminate()


@contextmanager
def dask_workers(address: str) -> Iterator[Workers]:
    """Run jobs on the workers of a Dask scheduler.

    Raises:
        EngineError: Dask isn't installed, or the scheduler doesn't answer.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise EngineError(missing_library(setting("dask"), error.name, "distributed")) from error
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError, TypeError) as error:  # nothing answers, or the address is invalid
        raise EngineError(
            f"no dask scheduler answers at {address[:80]}: start one there (dask scheduler), pass another address, or "
            f"omit {setting('scheduler')} to run on this machine"
        ) from error

    def count_threads() -> int:
        if client.status != "running":
            raise EngineError(SCHEDULER_STOPPED)
        return sum(client.nthreads().values())

    with client:
        yield Workers(client.get_executor(pure=False, retries=0), count_threads)

"""Run the jobs of a sweep on an existing dask cluster.

Each worker runs a job in a child process, in the same way as this machine does (see ``children.py``). Anyone who can
connect to a dask scheduler can run code on its workers. Dask's configuration contains the certificates for TLS.
"""

from __future__ import annotations

import uuid
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from namegen.children import Children, Job, JobEnded, JobProgress, Runner
from namegen.documents import Json
from namegen.errors import (
    LONGEST_REASON,
    EngineError,
    NamegenError,
    TrainingError,
    missing_library,
    setting,
)
from namegen.experiments.machine import training_codes

if TYPE_CHECKING:
    from distributed import Client, Future

TOPIC = "namegen"  # the topic of progress messages
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_ANSWER = 10  # how long to wait for the scheduler to answer
NEEDED_STATES = (
    "executing",
    "long-running",
    "resumed",
)  # states of a task whose result is still needed

# The errors that dask raises if nothing answers, the address is invalid, or the certificate is missing.
CONNECTION_ERRORS = (OSError, ValueError, TypeError)
# The key of a task, the number of its finished epochs, and the number of all its epochs.
ProgressMessage: TypeAlias = tuple[str, tuple[int, int]]


def require_dask() -> None:
    """Check that dask is installed.

    Raises:
        EngineError: dask isn't installed.
    """
    try:
        import distributed  # noqa: F401  # only to check that it's installed
    except ModuleNotFoundError as error:
        raise EngineError(missing_library(setting("dask"), error.name, "distributed")) from error


class Cluster(Runner):
    """The workers of a dask scheduler, as a context manager.

    Args:
        address: the address of the scheduler.
        engines: the backends that the jobs use.

    Raises:
        EngineError: dask isn't installed, the scheduler doesn't answer or stops, or a worker has a different version of
            namegen.
    """

    def __init__(self, address: str, engines: Iterable[str]) -> None:
        require_dask()
        self._address = address
        self._codes = training_codes(engines)
        self._under_way: dict[Future[Any], Job] = {}
        # Progress messages that have arrived. Dask calls the subscriber in another thread.
        self._messages: deque[ProgressMessage] = deque()

    def __enter__(self) -> Cluster:
        self._client = self._connect()
        self._client.subscribe_topic(TOPIC, self._receive)
        return self

    def _connect(self) -> Client:
        """Connect to the scheduler."""
        from distributed import Client

        try:
            return Client(self._address, timeout=SECONDS_TO_ANSWER)
        except CONNECTION_ERRORS as error:
            raise EngineError(
                f"no dask scheduler answers at {self._address[:80]} ({root_message(error)}): start one there "
                f"(dask scheduler), pass another address, or omit {setting('scheduler')} to run on this machine"
            ) from error

    def _receive(self, event: tuple[float, ProgressMessage]) -> None:
        """Store a progress message. A dask event consists of a time and a message."""
        _, message = event
        self._messages.append(message)

    def __exit__(self, *_: object) -> None:
        with self._client:
            if self._is_connected:
                self._client.cancel(list(self._under_way))

    @property
    def workers(self) -> int:
        """The number of jobs that can run at the same time: one per thread of the workers."""
        with self._explain_lost_scheduler():
            if not self._is_connected:
                return 0
            thread_counts = self._client.nthreads()
            return sum(thread_counts.values())

    @property
    def _is_connected(self) -> bool:
        return self._client.status == "running"

    @property
    def running(self) -> list[Job]:
        """The submitted jobs. None of them waits in a queue, where a worker's death would count against the job."""
        return list(self._under_way.values())

    def start(self, job: Job) -> None:
        """Submit a job to any free worker."""
        # Each task has a unique key, because dask would return the result of an earlier task with the same key.
        key = f"namegen-{uuid.uuid4().hex}"
        with self._explain_lost_scheduler(), warnings.catch_warnings():
            # Every job includes its list of names, because a list stored on one worker would be lost with the worker.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            future = self._client.submit(make_job, job, self._codes, key=key, pure=False)
        self._under_way[future] = job

    def events(self) -> list[JobProgress | JobEnded]:
        """Wait briefly, then return any new progress and the jobs that have ended."""
        with self._explain_lost_scheduler():
            if not self._is_connected:
                raise OSError("the connection is closed")
            self._wait_briefly()
            return [*self._new_progress(), *self._newly_ended()]

    def _wait_briefly(self) -> None:
        """Wait until a job ends, but no longer than ``SECONDS_BETWEEN_LOOKS``."""
        from distributed import wait

        with suppress(TimeoutError):
            wait(list(self._under_way), SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED")

    def _new_progress(self) -> Iterator[JobProgress]:
        """Yield new progress messages for jobs that are still running."""
        jobs = {future.key: job for future, job in self._under_way.items()}
        while self._messages:
            key, (epoch, epochs) = self._messages.popleft()
            if key in jobs:
                yield JobProgress(jobs[key], epoch, epochs)

    def _newly_ended(self) -> list[JobEnded]:
        """Stop tracking the jobs that have ended since the last call, and return their results."""
        ended_jobs: list[JobEnded] = []
        for future in list(self._under_way):
            if future.done():
                job = self._under_way.pop(future)
                ended_jobs.append(_ended_job(future, job))
        return ended_jobs

    @contextmanager
    def _explain_lost_scheduler(self) -> Iterator[None]:
        """Raise an EngineError if a call fails because the scheduler has stopped."""
        from distributed import CancelledError
        from distributed.client import ClosedClientError

        try:
            yield
        # After a restart of the scheduler, dask raises CancelledError.
        except (OSError, ClosedClientError, CancelledError) as error:
            raise EngineError(
                "the dask scheduler has stopped. Finished runs are kept: start the scheduler again, and repeat the "
                "command"
            ) from error


def _ended_job(future: Future[Any], job: Job) -> JobEnded:
    """Return the result of a job that has ended, or the reason for its failure."""
    error = future.exception()
    if error is None:
        return JobEnded(job, **future.result())
    if _has_killed_workers(error):
        return JobEnded(job, trouble="every worker that ran it died: give the workers more memory")
    if isinstance(error, NamegenError):
        raise error
    raise EngineError(
        f"a worker can't load namegen ({root_message(error)}): install the same packages there as here, which are "
        "namegen with the extra distributed and the extras of the backends"
    )


def _has_killed_workers(error: BaseException) -> bool:
    """Return whether dask gave up on a task because several workers died while running it."""
    from distributed.scheduler import KilledWorker

    return isinstance(error, KilledWorker)


def root_message(error: BaseException) -> str:
    """Return the message of an error's innermost cause, as a single line. Causes without a message are skipped.

    >>> root_message(ValueError("no such address")), root_message(TimeoutError())
    ('no such address', 'TimeoutError')
    """
    message = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        message = str(cause) or message
        cause = cause.__cause__
    return message.partition("\n")[0][:LONGEST_REASON]


# --- on a worker ------------------------------------------------------------------------------------------------------


def make_job(job: Job, codes: dict[str, str]) -> dict[str, Json]:
    """Run a job in a child process of this worker, and report its progress. Dask calls this function on the worker.

    The process is stopped if the result is no longer needed.

    Args:
        job: the job.
        codes: the ``training_codes`` of the machine that submitted the job.

    Returns:
        The answer under "answer", and the reason for a failure under "trouble".

    Raises:
        EngineError: this worker has different code.
        TrainingError: the result is no longer needed.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    _check_same_codes(codes, worker.address)
    with Children(workers=1) as children:
        children.start(job)
        while _is_needed(worker, key):
            for event in children.events():
                if isinstance(event, JobEnded):
                    return {"answer": event.answer, "trouble": event.trouble}
                worker.log_event(TOPIC, (key, (event.epoch, event.epochs)))
    raise TrainingError("the result is no longer needed")


def _check_same_codes(codes: dict[str, str], worker_address: str) -> None:
    """Raise an EngineError if this worker's code differs from the code of the machine that submitted the job.

    Args:
        codes: a hash of the code of each backend, from the machine that submitted the job.
        worker_address: the address of this worker for the message.
    """
    codes_of_worker = training_codes(engines=codes)
    if codes_of_worker != codes:
        backends = " or ".join(codes)
        raise EngineError(
            f"the worker at {worker_address} has another version of namegen, or of the backend {backends}, "
            "than this machine: install the same version"
        )


def _is_needed(worker: Any, key: str) -> bool:
    """Return whether the result of a task is still needed."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in NEEDED_STATES

"""Run the parts of a sweep on an existing dask cluster.

Each worker runs a part in a child process, in the same way as this machine would (see ``children.py``). Anyone who can
connect to a dask scheduler can run code on it. The certificates for TLS come from the configuration of dask.
"""

from __future__ import annotations

import uuid
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

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

TOPIC = "namegen"  # of the progress events
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_ANSWER = 10  # after which a scheduler counts as unreachable
WANTED = ("executing", "long-running", "resumed")  # states of a task whose result is still needed


def require_dask() -> None:
    """Check that dask is installed.

    Raises:
        EngineError: it isn't; the message explains how to install it.
    """
    try:
        import distributed  # noqa: F401  # only to check that it's installed
    except ModuleNotFoundError as error:
        raise EngineError(missing_library(setting("dask"), error.name, "distributed")) from error


class Cluster(Runner):
    """The workers of a dask scheduler, as a context manager.

    Args:
        address: the address of the scheduler.
        engines: the backends that the parts use.

    Raises:
        EngineError: dask isn't installed or the scheduler doesn't answer; later, also if the scheduler stops or a
            worker has another version of namegen.
    """

    def __init__(self, address: str, engines: Iterable[str]) -> None:
        require_dask()
        self._address = address
        self._codes = training_codes(engines)
        self._under_way: dict[Future[Any], Job] = {}
        # Progress that has arrived: the key of a task, then its finished epochs and all its epochs.
        self._progress: deque[tuple[str, tuple[int, int]]] = deque()

    def __enter__(self) -> Cluster:
        from distributed import Client

        try:
            self._client: Client = Client(self._address, timeout=SECONDS_TO_ANSWER)
        except (
            OSError,
            ValueError,
            TypeError,
        ) as error:  # no answer, no address, or no certificate
            raise EngineError(
                f"no dask scheduler answers at {self._address[:80]} ({reason(error)}): start one there "
                f"(dask scheduler), pass another address, or omit {setting('scheduler')} to run on this machine"
            ) from error
        # An event consists of a time and a message.
        self._client.subscribe_topic(TOPIC, lambda event: self._progress.append(event[1]))
        return self

    def __exit__(self, *_: object) -> None:
        with self._client:
            if self._client.status == "running":
                self._client.cancel(list(self._under_way))

    @property
    def workers(self) -> int:
        """The number of parts that run at the same time, one per thread of the workers."""
        with self._explain_lost_scheduler():
            if self._client.status != "running":
                return 0
            return sum(self._client.nthreads().values())

    @property
    def running(self) -> list[Job]:
        """The submitted parts. None of them waits in a queue, where the death of a worker would count against it."""
        return list(self._under_way.values())

    def start(self, part: Job) -> None:
        """Submit a part to any free worker."""
        # Each task has a unique key, because dask would return the result of an earlier task with the same key.
        key = f"namegen-{uuid.uuid4().hex}"
        with self._explain_lost_scheduler(), warnings.catch_warnings():
            # Every part includes its list of names; a list stored on one worker would be lost with the worker.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            future = self._client.submit(make_part, part, self._codes, key=key, pure=False)
        self._under_way[future] = part

    def events(self) -> list[JobProgress | JobEnded]:
        """Wait briefly, and return the new progress and the parts that have ended."""
        from distributed import wait

        with self._explain_lost_scheduler():
            if self._client.status != "running":
                raise OSError("the connection is closed")
            with suppress(TimeoutError):
                wait(list(self._under_way), SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED")
            events: list[JobProgress | JobEnded] = [*self._new_progress()]
            ended = [future for future in self._under_way if future.done()]
            for future in ended:
                part = self._under_way.pop(future)
                events.append(self._answer(future, part))
        return events

    def _new_progress(self) -> Iterator[JobProgress]:
        parts = {future.key: part for future, part in self._under_way.items()}
        while self._progress:
            key, (epoch, epochs) = self._progress.popleft()
            if key in parts:
                yield JobProgress(parts[key], epoch, epochs)

    def _answer(self, future: Future[Any], part: Job) -> JobEnded:
        """The result of a part that has ended."""
        from distributed.scheduler import KilledWorker

        error = future.exception()
        if error is None:
            return JobEnded(part, **future.result())
        if isinstance(error, KilledWorker):
            return JobEnded(
                part, trouble="every worker that ran it died: give the workers more memory"
            )
        if isinstance(error, NamegenError):
            raise error
        raise EngineError(
            f"a worker can't load namegen ({reason(error)}): install the same packages there as here, which are "
            "namegen with the extra distributed and the extras of the backends"
        )

    @contextmanager
    def _explain_lost_scheduler(self) -> Iterator[None]:
        """Explain the error if the scheduler has stopped, which any call to it may notice."""
        from distributed import CancelledError
        from distributed.client import ClosedClientError

        try:
            yield
        except (OSError, ClosedClientError, CancelledError) as error:  # cancelled: it was restarted
            raise EngineError(
                "the dask scheduler is gone; finished runs are kept: start the scheduler again, and repeat the command"
            ) from error


def reason(error: BaseException) -> str:
    """Return the message of the deepest cause that has a message, as one line.

    >>> reason(ValueError("no such address")), reason(TimeoutError())
    ('no such address', 'TimeoutError')
    """
    message = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        message = str(cause) or message
        cause = cause.__cause__
    return message.partition("\n")[0][:LONGEST_REASON]


# --- on a worker ------------------------------------------------------------------------------------------------------


def make_part(part: Job, codes: dict[str, str]) -> dict[str, Json]:
    """Run a part in a child process of this worker, and report its progress.

    It stops as soon as the result is no longer needed.

    Args:
        part: the part.
        codes: the ``training_codes`` of the machine that submitted the part.

    Returns:
        The answer under "answer", and the reason for a failure under "trouble".

    Raises:
        EngineError: this worker has different code.
        TrainingError: the result is no longer needed.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    if training_codes(codes) != codes:
        raise EngineError(
            f"the worker at {worker.address} has another version of namegen, or of the backend {' or '.join(codes)}, "
            "than this machine: install the same version"
        )

    with Children(workers=1) as children:
        children.start(part)
        while _is_wanted(worker, key):
            for event in children.events():
                if isinstance(event, JobEnded):
                    return {"answer": event.answer, "trouble": event.trouble}
                worker.log_event(TOPIC, (key, (event.epoch, event.epochs)))
    raise TrainingError("the result is no longer needed")


def _is_wanted(worker: Any, key: str) -> bool:
    """Whether the result of a task is still needed."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in WANTED

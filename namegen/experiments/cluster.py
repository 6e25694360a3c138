"""The parts of a long work on a dask cluster of the user's own; no cluster is started here.

Each worker makes a part in a child, as this machine would (``children.py``). Whoever reaches a dask scheduler can run
code there; the certificates of one with TLS come from dask's own configuration.
"""

from __future__ import annotations

import uuid
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from namegen.children import Children, Part, PartEnded, PartProgress, Runner
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

TOPIC = "namegen"  # of the events
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_ANSWER = 10  # that a scheduler has, before it counts as unreachable
WANTED = (
    "executing",
    "long-running",
    "resumed",
)  # states of a task in a worker whose answer somebody waits for


def require_dask() -> None:
    """Say how to get dask.

    Raises:
        EngineError: it is not installed.
    """
    try:
        import distributed  # noqa: F401  # whether it is there
    except ModuleNotFoundError as error:
        raise EngineError(missing_library(setting("dask"), error.name, "distributed")) from error


class Cluster(Runner):
    """The workers of a dask scheduler.

    Args:
        address: of the scheduler.
        engines: those that the parts train with.

    Raises:
        EngineError: entered, dask is not installed or the scheduler does not answer; later, the scheduler is gone, or a
            worker has another namegen.
    """

    def __init__(self, address: str, engines: Iterable[str]) -> None:
        require_dask()
        self._address, self._codes = address, training_codes(engines)
        self._under_way: dict[Future[Any], Part] = {}
        self._told: deque[tuple[str, tuple[int, int]]] = deque()

    def __enter__(self) -> Cluster:
        from distributed import Client

        try:
            self._client: Client = Client(self._address, timeout=SECONDS_TO_ANSWER)
        except (
            OSError,
            ValueError,
            TypeError,
        ) as error:  # nobody there, no address, no certificate
            raise EngineError(
                f"no dask scheduler answers at {self._address[:80]} ({reason(error)}): start one there (dask "
                f"scheduler), give another address, or leave {setting('scheduler')} out to run on this machine"
            ) from error
        self._client.subscribe_topic(TOPIC, lambda event: self._told.append(event[1]))
        return self

    def __exit__(self, *_: object) -> None:
        with self._client:
            if self._client.status == "running":
                self._client.cancel(list(self._under_way))

    @property
    def workers(self) -> int:
        """How many parts the workers make at the same time: one a thread."""
        with self._gone_is_told():
            return sum(self._client.nthreads().values()) if self._client.status == "running" else 0

    @property
    def running(self) -> list[Part]:
        """The parts that are handed out; none waits in a worker, as one that dies would count against it."""
        return list(self._under_way.values())

    def start(self, part: Part) -> None:
        """Hand a part out to whichever worker is free."""
        # A key of its own each time: dask would take an equal one for the same task, from an earlier or another sweep.
        with self._gone_is_told(), warnings.catch_warnings():
            # Its list goes with every part: one that lay on a worker would be lost with it.
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            future = self._client.submit(
                make_part, part, self._codes, key=f"namegen-{uuid.uuid4().hex}", pure=False
            )
        self._under_way[future] = part

    def events(self) -> list[PartProgress | PartEnded]:
        """What has happened; waits a little for the first of it."""
        from distributed import wait

        with self._gone_is_told():
            if self._client.status != "running":
                raise OSError("the connection is closed")
            with suppress(TimeoutError):
                wait(list(self._under_way), SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED")
            of_keys = {future.key: part for future, part in self._under_way.items()}
            found: list[PartProgress | PartEnded] = []
            while self._told:
                key, progress = self._told.popleft()
                if key in of_keys:
                    found.append(PartProgress(of_keys[key], *progress))
            ended = [future for future in self._under_way if future.done()]
            found += [self._answer(future, self._under_way.pop(future)) for future in ended]
        return found

    def _answer(self, future: Future[Any], part: Part) -> PartEnded:
        from distributed.scheduler import KilledWorker

        error = future.exception()
        if error is None:
            return PartEnded(part, **future.result())
        if isinstance(error, KilledWorker):
            why = "every worker that made it died: does it need more memory than they have?"
            return PartEnded(part, trouble=why)
        if isinstance(error, NamegenError):
            raise error
        raise EngineError(
            f"a worker cannot load namegen ({reason(error)}): install there what is installed here, namegen itself, "
            "the extra distributed and those of the backends"
        )

    @contextmanager
    def _gone_is_told(self) -> Iterator[None]:
        """Every call to a scheduler may be the one that finds it gone."""
        from distributed import CancelledError
        from distributed.client import ClosedClientError

        try:
            yield
        except (
            OSError,
            ClosedClientError,
            CancelledError,
        ) as error:  # cancelled: it was started anew
            raise EngineError(
                "the dask scheduler is gone; what has finished is kept: start it again, and repeat the command"
            ) from error


def reason(error: BaseException) -> str:
    """What the deepest cause says that says anything, in one line."""
    said = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        said, cause = str(cause) or said, cause.__cause__
    return said.partition("\n")[0][:LONGEST_REASON]


# --- in a worker ------------------------------------------------------------------------------------------------------


def make_part(part: Part, codes: dict[str, str]) -> dict[str, Json]:
    """Make a part in a child of this worker, and tell how far it is; stop as soon as nobody waits for the answer.

    Args:
        part: the part.
        codes: what decides its figures (``training_codes``), on the machine that it comes from.

    Raises:
        EngineError: here it is other code. TrainingError: nobody waits for the answer any more.
    """
    from distributed import get_worker

    worker: Any = get_worker()
    key = worker.get_current_task()
    if training_codes(codes) != codes:
        raise EngineError(
            f"the worker at {worker.address} has another version of namegen's code, or of the backend "
            f"{' or '.join(codes)}, than this machine: install the same one"
        )

    with Children(workers=1) as children:
        children.start(part)
        while (task := worker.state.tasks.get(key)) is not None and task.state in WANTED:
            for event in children.events():
                if isinstance(event, PartEnded):
                    return {"answer": event.answer, "trouble": event.trouble}
                worker.log_event(TOPIC, (key, (event.epoch, event.epochs)))
    raise TrainingError("nobody waits for the answer any more")

"""The dask client of a sweep: its cluster, the runs that it hands out, and each of its errors in one sentence."""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from namegen.errors import EngineError, NamegenError, missing_library, setting
from namegen.experiments.sweep.exchange import FAILED, RunAnswer, RunJob, Untrained
from namegen.experiments.sweep.grid import SweepRun, in_config, training_code, training_codes

if TYPE_CHECKING:
    from distributed import Client, Future

SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_ANSWER = 10  # that a scheduler has, before it counts as unreachable
SECONDS_WITHOUT_SCHEDULER = 30  # that it may be away in between
LONGEST_REASON = 160  # characters


def require_dask() -> None:
    """Say how to get dask.

    Raises:
        EngineError: it is not installed.
    """
    try:
        import cryptography  # noqa: F401  # whether it is there
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise EngineError(missing_library("sweep", error.name, "distributed")) from error


# --- the cluster ------------------------------------------------------------------------------------------------------


def open_client(scheduler: str | None, left: Iterable[SweepRun], workers: int | None) -> AbstractContextManager[Client]:
    """A client of the scheduler at that address, or of a cluster of our own that ends with it.

    Args:
        scheduler: the address; None: processes of this machine.
        left: the runs that are to be made.
        workers: how many local processes; None: one a core.
    """
    return _local_client(_local_workers(list(left), workers)) if scheduler is None else _remote_client(scheduler)


def _local_workers(left: list[SweepRun], workers: int | None) -> int:
    from dask.system import CPU_COUNT  # those that this process may use

    threads = max(run.config.run.threads or 1 for run in left)
    return min(workers or max(CPU_COUNT // threads, 1), len(left))


@contextmanager
def _local_client(workers: int) -> Iterator[Client]:
    """Processes of this machine."""
    from distributed import Client

    from namegen.experiments.sweep.cluster import local_cluster

    with local_cluster(workers) as (address, security), Client(address, security=security) as client:
        yield client


@contextmanager
def _remote_client(scheduler: str) -> Iterator[Client]:
    """A cluster that exists already; certificates come from dask's own configuration.

    Raises:
        EngineError: it does not answer.
    """
    from distributed import Client

    try:
        client = Client(scheduler, timeout=SECONDS_TO_ANSWER)
    except (OSError, ValueError, TypeError) as error:  # nobody there, no address, no certificate
        raise EngineError(
            f"no dask scheduler answers at {scheduler[:80]} ({reason(error)}): start one there (dask scheduler), give "
            f"another address, or leave {setting('scheduler')} out to run on this machine"
        ) from error
    with client:
        yield client


def check_code(client: Client, engines: Iterable[str]) -> None:
    """Say at once what every run would fail by; a worker that joins later is checked by ``train_run``.

    Args:
        client: whose workers are asked.
        engines: those that are to train.

    Raises:
        EngineError: a worker has another namegen, or none, or another version of an engine.
    """
    here = training_codes(engines)
    for address, answer in client.run(training_codes, list(here), on_error="return").items():
        if isinstance(answer, BaseException):
            raise EngineError(
                f"the worker at {address} cannot load namegen ({reason(answer)}): install there what is installed "
                "here, namegen itself, the extra distributed and those of the engines"
            )
        if answer != here:
            other = [engine for engine in here if answer.get(engine) != here[engine]]
            ours = any(here[engine].partition("-")[0] != answer.get(engine, "").partition("-")[0] for engine in other)
            what = "namegen's code" if ours else f"the engine {' and '.join(other)}"
            raise EngineError(
                f"the worker at {address} has another version of {what} than this machine: install the same one"
            )


def wait_for_scheduler(client: Client) -> None:
    """Wait for a scheduler that has gone away.

    Raises:
        OSError: it does not come back.
    """
    start = time.monotonic()
    while client.status != "running":
        if client.status == "closed" or time.monotonic() - start > SECONDS_WITHOUT_SCHEDULER:
            raise OSError("the connection is closed")
        time.sleep(SECONDS_BETWEEN_LOOKS)


@contextmanager
def gone_is_told(scheduler: str | None) -> Iterator[None]:
    """Every call to a scheduler may be the one that finds it gone; files of ours raise no OSError.

    Raises:
        EngineError: it is gone.
    """
    from distributed.client import ClosedClientError

    try:
        yield
    except (OSError, ClosedClientError) as error:
        what = "the workers' own scheduler is gone" if scheduler is None else "the dask scheduler is gone"
        again = "" if scheduler is None else "start it again, and "
        raise EngineError(f"{what}; finished runs are kept: {again}run the same command to continue") from error


# --- the runs ---------------------------------------------------------------------------------------------------------


def hand_out(client: Client, run: SweepRun) -> Future[RunAnswer]:
    """Give a run to whichever worker is free."""
    from namegen.experiments.sweep.task import train_run

    job = RunJob(run.key, run.config, run.corpus.source, run.corpus.names, training_code(run.config.run.backend))
    # A key of its own each time: dask would take an equal one for the same task, from an earlier or another sweep.
    with warnings.catch_warnings():
        # Its list goes with every run: one that lay on a worker would be lost with it.
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(train_run, job, key=f"namegen-{run.key}-{uuid.uuid4().hex[:12]}", pure=False)


def ended(under_way: Iterable[Future[RunAnswer]]) -> set[Future[RunAnswer]]:
    """Those that have ended by now; waits a little for the first of them."""
    from distributed import CancelledError, wait

    try:
        done: set[Future[RunAnswer]] = wait(
            list(under_way), timeout=SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED"
        ).done
    except TimeoutError:
        return set()
    except CancelledError:  # the scheduler forgot our runs: it was started anew
        return {future for future in under_way if future.status in ("cancelled", "lost")}
    return done


def answer_of(future: Future[RunAnswer]) -> RunAnswer | None:
    """What came of a run: its result, or why it failed; None where the scheduler lost it, and it is to be made anew."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        error = future.exception()
        if error is None:
            answer: RunAnswer = future.result()
            return answer
    except CancelledError:
        return None
    if isinstance(error, KilledWorker):
        why = "every worker that trained it died: does it need more memory than they have?"
    else:
        why = f"{type(error).__name__}: {reason(error)}"
    return RunAnswer(Untrained(FAILED, why))


def reason(error: BaseException) -> str:
    """What the deepest cause says that says anything, in one line."""
    said = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        text = cause.told(in_config) if isinstance(cause, NamegenError) else str(cause)
        said, cause = text or said, cause.__cause__
    return said.partition("\n")[0][:LONGEST_REASON]

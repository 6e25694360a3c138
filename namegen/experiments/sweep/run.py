"""sweep: trains every combination of a grid, on dask, and keeps what has finished.

    DIR/
      .namegen-sweep         the mark of a folder that this command has made, and goes on with
      runs/                  a JSON a finished run, and its network beside it; named by its settings and a hash
      results.csv, .json     the table, a row a run; the JSON with the curves
      accuracy-*.png         accuracy against time, a line a setting; a plot a list

Nothing is ever deleted. A run's JSON is written last and whole, so one that is there is finished.
"""

from __future__ import annotations

import json
import time
import uuid
import warnings
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from namegen.errors import EngineError
from namegen.experiments.folder import open_folder
from namegen.experiments.machine import commit
from namegen.experiments.sweep.grid import Grid, SweepRun, training_code
from namegen.extras import missing_library
from namegen.files import write_whole

if TYPE_CHECKING:
    from distributed import Client, Future

COMMAND, MARK, RUNS = "sweep", ".namegen-sweep", "runs"
RESULTS, TABLE = "results.json", "results.csv"
SECONDS_BETWEEN_LOOKS = 0.25
SECONDS_TO_ANSWER = 10  # that a scheduler has, before it counts as unreachable
SECONDS_WITHOUT_SCHEDULER = 30  # that it may be away in between


@runtime_checkable
class Watcher(Protocol):
    """Who is told how the sweep goes."""

    def planned(self, total: int, kept: int, scheduler: str) -> None:
        """So many runs, of which so many are there already; ``scheduler`` is empty where the workers are local."""

    def running(self, runs: list[tuple[str, int, int]]) -> None:
        """What is under way: label, epochs done, epochs in all (0 while that is unknown). Called again and again."""

    def no_workers(self) -> None:
        """The scheduler has no worker at the moment, so nothing is under way."""

    def ended(self, label: str, outcome: dict[str, Any]) -> None:
        """A run is over; ``outcome`` has ``status`` and, where it is not done, ``why``."""


class Unwatched:
    """A watcher that says nothing."""

    def planned(self, total: int, kept: int, scheduler: str) -> None:
        """Nothing."""

    def running(self, runs: list[tuple[str, int, int]]) -> None:
        """Nothing."""

    def no_workers(self) -> None:
        """Nothing."""

    def ended(self, label: str, outcome: dict[str, Any]) -> None:
        """Nothing."""


@dataclass
class Sweep:
    """A sweep under way: its runs, and what has come of them.

    Attributes:
        grid: what is varied.
        runs: every run, in the order of the table.
        out: the folder.
        outcomes: the key of a run → what came of it; a run that is not there is left to do.
    """

    grid: Grid
    runs: list[SweepRun]
    out: Path
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def left(self) -> list[SweepRun]:
        """The runs that are still to be made."""
        return [run for run in self.runs if run.key not in self.outcomes]


def sweep(
    grid: Grid,
    runs: list[SweepRun],
    out: Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    watcher: Watcher | None = None,
) -> dict[str, Any]:
    """Make the runs that are not there yet, write table and plots, and give the document of ``results.json``.

    Stopped by KeyboardInterrupt it writes the table of what has finished, too, and raises it again.

    Args:
        grid: what is varied.
        runs: ``make_runs(grid, …)``.
        out: a folder that does not exist, is empty, or was made by an earlier sweep.
        scheduler: the address of a dask scheduler; None: processes of this machine, reached over its loopback alone.
        workers: how many local processes; None: one a core.
        watcher: who is told.

    Raises:
        EngineError: dask is not installed, the scheduler does not answer or went away, or its workers have another
            namegen. OutputError: the folder holds other files, or cannot be written.
    """
    watcher = watcher or Unwatched()
    _require_dask()
    found = Sweep(grid, runs, out)
    folder = open_folder(out, mark=MARK, command=COMMAND, inside=RUNS)
    found.outcomes = _read_kept(folder, runs)
    watcher.planned(len(runs), len(found.outcomes), scheduler or "")
    try:
        if found.left:
            with _gone_is_told(scheduler), _client(scheduler, _local_workers(found.left, workers)) as client:
                _make(found, client, folder, watcher)
    except BaseException:  # stopped, or the scheduler is gone
        if found.outcomes:
            _write(found)
        raise
    return _write(found)


def _require_dask() -> None:
    """Raises EngineError where dask is not installed."""
    try:
        import cryptography  # noqa: F401  # whether it is there
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise EngineError(missing_library("sweep", error.name, "distributed")) from error


def _local_workers(left: list[SweepRun], workers: int | None) -> int:
    from dask.system import CPU_COUNT  # those that this process may use

    threads = max(run.config.run.threads for run in left)
    return min(workers or max(CPU_COUNT // threads, 1), len(left))


def _read_kept(folder: Path, runs: list[SweepRun]) -> dict[str, dict[str, Any]]:
    """The outcomes of earlier sweeps, whatever their axes were; a run whose network is gone is made again."""
    wanted = {run.key for run in runs}
    kept: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        key = path.stem.rpartition("-")[2]
        if key not in wanted:
            continue
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            outcome = document["outcome"]
            if document["checksum"] != _checksum(outcome):
                continue
            if outcome["status"] == "diverged" or path.with_suffix(".safetensors").is_file():
                kept[key] = outcome | {"file": path.stem}
        except (OSError, ValueError, KeyError, TypeError):  # damaged, or not ours
            continue
    return kept


def _checksum(outcome: dict[str, Any]) -> str:
    """Tells a file that was cut or changed from one of ours."""
    return blake2b(json.dumps(outcome, sort_keys=True).encode(), digest_size=8).hexdigest()


def _write(found: Sweep) -> dict[str, Any]:
    """Table, JSON and plots of what there is."""
    from namegen.experiments.sweep.results import make_results, table_csv

    results = make_results(found.grid, found.runs, found.outcomes)
    write_whole(found.out / TABLE, table_csv(results).encode())
    if results["runs"]:
        from namegen.experiments.sweep.figures import draw_sweep

        results["plots"] = [path.name for path in draw_sweep(results, found.out)]
    write_whole(found.out / RESULTS, (json.dumps(results, ensure_ascii=False, allow_nan=False) + "\n").encode())
    return results


# --- dask -------------------------------------------------------------------------------------------------------------


def _client(scheduler: str | None, workers: int) -> AbstractContextManager[Client]:
    """A client of the scheduler at that address, or of a cluster of our own that ends with it."""
    return _local_client(workers) if scheduler is None else _remote_client(scheduler)


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
            f"no dask scheduler answers at {scheduler[:80]} ({_reason(error)}): start one there (dask scheduler), give "
            "another address, or leave --scheduler out to run on this machine"
        ) from error
    with client:
        yield client


def _reason(error: BaseException) -> str:
    """What the deepest cause says that says anything, in one line."""
    said = type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        said, cause = str(cause) or said, cause.__cause__
    return said.partition("\n")[0][:160]


def _make(found: Sweep, client: Client, folder: Path, watcher: Watcher) -> None:
    """Hand out the runs, one to each thread of the workers, and take in what comes back."""
    from distributed import CancelledError, wait

    from namegen.experiments.sweep.task import TOPIC

    _check_code(client)
    epochs: dict[str, tuple[int, int]] = {}
    client.subscribe_topic(TOPIC, lambda event: epochs.update({event[1]["run"]: _epochs(event[1])}))
    waiting, under_way = deque(found.left), dict[Any, SweepRun]()
    try:
        while waiting or under_way:
            threads = sum(client.nthreads().values()) if client.status == "running" else 0
            # None ahead of the workers: one that waits in a worker that dies would count as having a part in it.
            while waiting and len(under_way) < max(threads, 1):
                run = waiting.popleft()
                under_way[_submit(client, run)] = run
            try:
                ended = wait(list(under_way), timeout=SECONDS_BETWEEN_LOOKS, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                ended = set()
            except CancelledError:  # the scheduler forgot our runs: it was started anew
                ended = {future for future in under_way if future.status in ("cancelled", "lost")}
            for future in ended:
                run = under_way.pop(future)
                outcome = _outcome(future)
                if outcome is None:
                    waiting.append(run)
                    continue
                found.outcomes[run.key] = _keep(folder, run, outcome)
                watcher.ended(run.label, outcome)
            _tell(client, under_way, epochs, watcher)
            _check_scheduler(client)
    finally:
        if client.status == "running":
            client.cancel(list(under_way))


def _submit(client: Client, run: SweepRun) -> Future[dict[str, Any]]:
    from namegen.experiments.sweep.task import train_run

    tables = {table: _tables(values) for table, values in asdict(run.config).items()}
    job = {"config": tables, "list": run.corpus.source, "names": run.corpus.names, "run": run.key}
    job["code"] = training_code()
    # A key of its own each time: dask would take an equal one for the same task, from an earlier or another sweep.
    with warnings.catch_warnings():
        # Its list goes with every run: one that lay on a worker would be lost with it.
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        return client.submit(train_run, job, key=f"namegen-{run.key}-{uuid.uuid4().hex[:12]}", pure=False)


def _tables(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set: a config in TOML has no word for that."""
    return {name: value for name, value in values.items() if value is not None}


def _epochs(event: dict[str, Any]) -> tuple[int, int]:
    return event["epoch"], event["epochs"]


def _outcome(future: Future[dict[str, Any]]) -> dict[str, Any] | None:
    """What came of a run: its result, or why it failed; None where the scheduler lost it, and it is to be made anew."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        error = future.exception()
        if error is None:
            result: dict[str, Any] = future.result()
            return result
    except CancelledError:
        return None
    if isinstance(error, KilledWorker):
        why = "every worker that trained it died: does it need more memory than they have?"
    else:
        why = f"{type(error).__name__}: {_reason(error)}"
    return {"status": "failed", "why": why}


def _keep(folder: Path, run: SweepRun, outcome: dict[str, Any]) -> dict[str, Any]:
    """Write a run that has ended for good; others are tried again by the next sweep."""
    plain = {name: value for name, value in outcome.items() if name != "model"}
    plain["commit"] = commit()
    if outcome["status"] in ("done", "diverged"):
        if "model" in outcome:
            write_whole(folder / f"{run.file}.safetensors", outcome["model"])
        kept = {"label": run.label, "settings": run.settings, "outcome": plain}
        kept["checksum"] = _checksum(json.loads(json.dumps(plain)))
        text = json.dumps(kept, ensure_ascii=False, allow_nan=False)
        write_whole(folder / f"{run.file}.json", text.encode())
    return plain | {"file": run.file}


def _tell(client: Client, under_way: dict[Any, SweepRun], epochs: dict[str, tuple[int, int]], watcher: Watcher) -> None:
    """What the workers are doing."""
    if client.status != "running":
        return
    if not client.nthreads():
        watcher.no_workers()
        return
    runs = {future.key: run for future, run in under_way.items()}
    started = [runs[key] for keys in client.processing().values() for key in keys if key in runs]
    watcher.running([(run.label, *epochs.get(run.key, (0, 0))) for run in started])


def _check_scheduler(client: Client) -> None:
    """Wait for a scheduler that has gone away; raise OSError if it does not come back."""
    start = time.monotonic()
    while client.status != "running":
        if client.status == "closed" or time.monotonic() - start > SECONDS_WITHOUT_SCHEDULER:
            raise OSError("the connection is closed")
        time.sleep(SECONDS_BETWEEN_LOOKS)


@contextmanager
def _gone_is_told(scheduler: str | None) -> Iterator[None]:
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
        raise EngineError(
            f"{what}; the runs that had finished are kept: {again}the same command goes on from there"
        ) from error


def _check_code(client: Client) -> None:
    """Say at once what every run would fail by; a worker that joins later is checked by ``train_run``.

    Raises:
        EngineError: a worker has another namegen, or none.
    """
    for address, answer in client.run(training_code, on_error="return").items():
        if isinstance(answer, BaseException):
            raise EngineError(
                f"the worker at {address} cannot load namegen ({_reason(answer)}): install there what is installed "
                "here, namegen itself, the extra distributed and those of the engines"
            )
        if answer != training_code():
            raise EngineError(
                f"the worker at {address} has another version of namegen's code than this machine: install the same one"
            )

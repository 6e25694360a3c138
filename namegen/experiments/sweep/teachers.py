"""Teachers on a dask scheduler: each is one run of a sweep, whose model comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from namegen.api.teaching import SideBySide
from namegen.api.watching import OnTeachers, TeacherAtWork
from namegen.config import Config, read_run_config
from namegen.core.training.file_names import MODEL_FILE
from namegen.core.training.run_folder import RunFolder
from namegen.errors import TrainingError, setting
from namegen.experiments.sweep.client import (
    answer_of,
    check_code,
    ended,
    gone_is_told,
    hand_out,
    open_client,
    require_dask,
    wait_for_scheduler,
)
from namegen.experiments.sweep.exchange import Untrained
from namegen.experiments.sweep.grid import SweepRun
from namegen.files import write_whole
from namegen.lists import read_names

if TYPE_CHECKING:
    from distributed import Client


def on_scheduler(address: str) -> SideBySide:
    """What trains teachers on the workers of a scheduler.

    A teacher that is done lies in its folder, as one that was trained here; one that is not is begun anew the next
    time.

    Args:
        address: of the scheduler.

    Raises:
        EngineError: dask is not installed. Training raises it where the scheduler does not answer or goes away, or its
            workers have another namegen.
    """
    require_dask()

    def train(folders: Sequence[Path], *, watcher: OnTeachers, stop: Callable[[], bool]) -> None:
        runs = [_run_of(folder) for folder in folders]
        with gone_is_told(address), open_client(address, runs, None) as client:
            check_code(client, dict.fromkeys(run.config.run.backend for run in runs))
            _train(client, dict(zip(folders, runs, strict=True)), watcher, stop)

    return train


def _run_of(folder: Path) -> SweepRun:
    """A teacher as a run of a sweep."""
    files = RunFolder(folder)
    config: Config = read_run_config(files.config_path)
    corpus = read_names(files.found_here(config.data))
    return SweepRun({"training.seed": config.training.seed}, config, corpus)


def _train(client: Client, runs: dict[Path, SweepRun], watcher: OnTeachers, stop: Callable[[], bool]) -> None:
    """Hand all of them out, and take in what comes back."""
    from namegen.experiments.sweep.task import TOPIC

    epochs: dict[str, tuple[int, int]] = {}  # the key of a run → epochs done, epochs in all

    def note(event: tuple[float, dict[str, Any]]) -> None:
        epochs[event[1]["run"]] = (event[1]["epoch"], event[1]["epochs"])

    client.subscribe_topic(TOPIC, note)
    under_way = {hand_out(client, run): folder for folder, run in runs.items()}
    try:
        while under_way and not stop():
            for future in ended(under_way):
                folder = under_way.pop(future)
                answer = answer_of(future)
                if answer is None:
                    under_way[hand_out(client, runs[folder])] = folder
                    continue
                if isinstance(answer.outcome, Untrained) or answer.model is None:
                    why = answer.outcome.why if isinstance(answer.outcome, Untrained) else "no model came back"
                    raise TrainingError(
                        f"the teacher {folder.name} was not trained: {why}; those that had finished are kept: "
                        f"continue with {setting('resume', folder.parent.parent)}"
                    )
                write_whole(folder / MODEL_FILE, answer.model)
                done = runs[folder].config.training.epochs or 1
                epochs[runs[folder].key] = epochs.get(runs[folder].key, (done, done))
            watcher([TeacherAtWork(folder.name, *epochs.get(run.key, (0, 0))) for folder, run in runs.items()])
            wait_for_scheduler(client)
    finally:
        if client.status == "running":
            client.cancel(list(under_way))

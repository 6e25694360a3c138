"""Teachers of a run, trained side by side: each in a run folder and a process of its own."""

from __future__ import annotations

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias, cast

from namegen.backends import load_engine
from namegen.children import Children, Parent, Part, PartEnded, Runner, run_all
from namegen.core.training import CONFIG_FILE, LABELLED_NAMES_FILE, MODEL_FILE, NAMES_FILE
from namegen.core.training.preparation import prepare
from namegen.core.training.progress import Listener, SilentListener, TrainingProgress
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder
from namegen.documents import Json
from namegen.errors import TrainingError, setting
from namegen.files import is_file, write_whole
from namegen.lists import read_names
from namegen.settings_toml import Config, read_config, write_config
from namegen.threads import cores

SECONDS_TO_STOP = 60.0  # that a training has to take its last step and save
SECONDS_BETWEEN_WORDS = 0.5
SECONDS_TO_LET_GO = 60.0  # that a process has whose parent is gone: it takes its last step, and saves


@dataclass(frozen=True)
class TeacherAtWork:
    """A teacher that is being trained; ``epochs`` is 0 as long as it has not begun."""

    name: str
    epoch: int = 0
    epochs: int = 0


OnTeachers: TypeAlias = Callable[[Sequence[TeacherAtWork]], None]


def train_side_by_side(
    folders: Sequence[Path],
    *,
    watcher: OnTeachers = lambda at_work: None,
    stop: Callable[[], bool] = lambda: False,
    runner: Runner | None = None,
) -> None:
    """Train every run folder to its end; returns early where ``stop`` says so, with all of them saved.

    Args:
        folders: each holds the settings and the list of a training, and its state if it was begun.
        watcher: told of all of them, again and again.
        stop: asked again and again.
        runner: what trains them; None: processes of this machine, one a core. On other machines a training begins anew,
            and its model comes back at its end.

    Raises:
        TrainingError: one of them cannot be trained, or its process died and did so again; the others are saved first.
    """
    runner = runner or Children(cores(), patience=SECONDS_TO_STOP)
    of_parts = {Part("namegen.api.teachers:train_teacher", _given(one, runner.is_here)): one for one in folders}
    at_work = {part: TeacherAtWork(folder.name) for part, folder in of_parts.items()}
    with runner:
        for events in run_all(runner, of_parts, stop):
            for event in events:
                folder = of_parts[event.part]
                if not isinstance(event, PartEnded):
                    at_work[event.part] = TeacherAtWork(folder.name, **event.progress)
                elif event.died:
                    raise TrainingError(
                        f"the teacher {folder} was not trained: {event.trouble}; what has been trained is kept: "
                        f"continue with {setting('resume', folder.parent.parent)}"
                    )
                elif event.trouble:
                    raise TrainingError(
                        f"the teacher {folder} cannot be trained: {event.trouble}; if its folder is damaged, delete "
                        "the folder, and the teacher is trained again"
                    )
                elif isinstance(event.answer, str):
                    write_whole(folder / MODEL_FILE, b64decode(event.answer))
            watcher(list(at_work.values()))


def _given(folder: Path, is_here: bool) -> Json:
    """The document of a part: the folder, or for another machine what it begins with."""
    if is_here:
        return {"folder": str(folder)}
    files = [folder / name for name in (CONFIG_FILE, NAMES_FILE, LABELLED_NAMES_FILE)]
    return {"files": {file.name: file.read_bytes().decode() for file in files if is_file(file, TrainingError)}}


# --- in a child -------------------------------------------------------------------------------------------------------


class Teller(SilentListener):
    """A listener that tells the parent how far a training is."""

    def __init__(self, parent: Parent) -> None:
        self._parent, self._epochs, self._next = parent, 0, 0.0

    def ready(self, run: TrainingRun) -> None:
        """The training is about to start."""
        self._epochs = run.trainer.epochs
        self.on_epoch(run.progress)

    def on_epoch(self, progress: TrainingProgress) -> None:
        """Tell, if it is time."""
        now = time.monotonic()
        if now >= self._next or progress.epoch == self._epochs:
            self._next = now + SECONDS_BETWEEN_WORDS
            self._parent.tell(epoch=progress.epoch, epochs=self._epochs)


def train_teacher(document: dict[str, Json], parent: Parent) -> str | None:
    """Go on with a run folder to its end, or with the files of one; of these give the model, in base 64."""
    teller = Teller(parent)
    with TemporaryDirectory() as elsewhere:
        folder = Path(str(document.get("folder", elsewhere)))
        files = cast("dict[str, str]", document.get("files", {}))
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
        go_on(folder, listener=teller, ready=teller.ready, stop=parent.stop)
        return b64encode((folder / MODEL_FILE).read_bytes()).decode() if files else None


def open_run(
    folder: RunFolder,
    config: Config,
    *,
    for_use: bool = True,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingRun:
    """The training that a folder holds, as it is before it has begun.

    Args:
        folder: with its list, if that lies nowhere else.
        config: the folder's own.
        for_use: whether names will be asked of the model.
        listener: who is told how it goes.
        stop: asked before every step.

    Raises:
        NamegenError: what ``prepare`` and reading the list raise.
    """
    recipe = replace(config.recipe, data=folder.found_here(config.data))
    corpus, engine_class = read_names(recipe.data), load_engine(config.run.backend)
    prepared = prepare(corpus, recipe, engine_class, threads=config.threads, for_use=for_use)
    return TrainingRun(prepared, folder=folder, listener=listener, stop=stop)


def go_on(
    path: Path,
    *,
    listener: Listener | None = None,
    ready: Callable[[TrainingRun], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Train a teacher, which lies in a folder, to its end: from its state, or from the beginning where it has none.

    Args:
        path: a folder with the settings of a training, and its list.
        listener: who is told how it goes.
        ready: called with the run just before it goes on.
        stop: asked before every step.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    folder = RunFolder(path)
    with folder.sole_use(patience=SECONDS_TO_LET_GO):
        config = read_config(folder.config_path)
        run = open_run(folder, config, for_use=False, listener=listener, stop=stop)
        if folder.has_state:
            run.resume()
        else:  # all that was decided for it is written down: another namegen that goes on may decide otherwise
            recipe = run.prepared.recipe
            decided = replace(config, network=recipe.network, training=recipe.training)
            folder.save_config(write_config(decided))
        ready(run)
        return run.run()

"""Teachers of a run, trained side by side: each in a run folder and a process of its own."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from namegen.api.model import load
from namegen.backends import load_engine
from namegen.children import Children, Parent, Part, Runner, run_all
from namegen.core.settings import NOTHING
from namegen.core.training import CONFIG_FILE, MODEL_FILE, NAMES_FILE
from namegen.core.training.base import Base
from namegen.core.training.preparation import prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder
from namegen.documents import Json
from namegen.errors import CheckpointError, TrainingError, setting
from namegen.events import Ended, Planned, Watcher, unwatched
from namegen.files import is_file, write_whole
from namegen.lists import credit_of, read_names
from namegen.models import BASE, shipped_path
from namegen.settings_toml import Config, read_config, write_config
from namegen.threads import cores
from namegen.wishes import claimed_beginnings

SECONDS_TO_STOP = 60.0  # that a training has to take its last step and save
SECONDS_TO_LET_GO = 60.0  # that a process has whose parent is gone: it takes its last step, and saves

prepare_here = partial(prepare, claims=claimed_beginnings)  # with what the API alone knows


def train_side_by_side(
    folders: Sequence[Path],
    *,
    watch: Watcher = unwatched,
    stop: Callable[[], bool] = lambda: False,
    runner: Runner | None = None,
) -> None:
    """Train every run folder to its end; returns early where ``stop`` says so, with all of them saved.

    Args:
        folders: each holds the settings and the list of a training, and its state if it was begun.
        watch: told of all of them, again and again.
        stop: asked again and again.
        runner: what trains them; None: processes of this machine, one a core. On other machines a training begins anew,
            and its model comes back at its end.

    Raises:
        TrainingError: one of them cannot be trained, or its process died and did so again; the others are saved first.
    """
    runner = runner or Children(cores(), patience=SECONDS_TO_STOP)
    parts = {
        Part("namegen.api.teachers:train_teacher", _given(one, runner.is_here), label=f"teacher {one.name}"): one
        for one in folders
    }
    watch(Planned("teacher", len(parts)))
    with runner:
        for ended in run_all(runner, parts, watch, stop):
            folder = parts[ended.part]
            if ended.trouble:
                advice = "if its folder is damaged, delete the folder, and the teacher is trained again"
                if ended.died:
                    advice = f"what has been trained is kept: continue with {setting('resume', folder.parent.parent)}"
                raise TrainingError(f"the teacher {folder} was not trained: {ended.trouble}; {advice}")
            if isinstance(ended.answer, str):
                write_whole(folder / MODEL_FILE, b64decode(ended.answer))
            watch(Ended(ended.part.label))


def _given(folder: Path, is_here: bool) -> Json:
    """The document of a part: the folder, or for another machine what it begins with."""
    if is_here:
        return {"folder": str(folder)}
    files = [folder / name for name in (CONFIG_FILE, NAMES_FILE)]
    return {"files": {file.name: file.read_bytes().decode() for file in files if is_file(file, TrainingError)}}


# --- in a child -------------------------------------------------------------------------------------------------------


def train_teacher(document: dict[str, Json], parent: Parent) -> str | None:
    """Go on with a run folder to its end, or with the files of one; of these give the model, in base 64."""
    with TemporaryDirectory() as elsewhere:
        folder = Path(str(document.get("folder", elsewhere)))
        files = cast("dict[str, str]", document.get("files", {}))
        for name, text in files.items():
            (folder / name).write_bytes(text.encode())
        go_on(folder, watch=parent.watch, stop=parent.stop)
        return b64encode((folder / MODEL_FILE).read_bytes()).decode() if files else None


def open_base(model: str | Path | None) -> Base:
    """What a training may begin from: any model; None: BASE. Raises CheckpointError: see ``load``."""
    try:
        # Read by one engine, so that all begin from the same numbers.
        opened = load(shipped_path(BASE) if model in (None, BASE) else model, backend="numpy")
        if opened.checkpoint is None:
            raise CheckpointError(f"{opened.name} is a .tflite, which no training begins from: give a run folder")
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or give {setting('base', NOTHING)}") from error
    return Base(str(model or BASE), opened.checkpoint, opened.model, credit_of(opened.checkpoint.training))


def open_run(
    folder: RunFolder,
    config: Config,
    *,
    for_use: bool = True,
    watch: Watcher = unwatched,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingRun:
    """The training that a folder holds, as it is before it has begun.

    Args:
        folder: with its list, if that lies nowhere else.
        config: the folder's own.
        for_use: whether names will be asked of the model.
        watch: told how it goes.
        stop: asked before every step.

    Raises:
        NamegenError: what ``prepare`` and reading the list raise.
    """
    recipe = replace(config.recipe, data=folder.found_here(config.data))
    corpus, engine_class = read_names(recipe.data), load_engine(config.run.backend)

    def own_model(_: str | None) -> Base:
        """All that a run still needs of its base, its own model has; the base itself may be gone."""
        base = open_base(folder.path)
        return replace(base, credit=str(base.checkpoint.training.get("credit", "")))

    base = own_model if recipe.network.from_base else None
    prepared = prepare_here(corpus, recipe, engine_class, threads=config.threads, for_use=for_use, open_base=base)
    return TrainingRun(prepared, folder=folder, watch=watch, stop=stop)


def go_on(path: Path, *, watch: Watcher = unwatched, stop: Callable[[], bool] = lambda: False) -> RunResult:
    """Train a teacher, which lies in a folder, to its end: from its state, or from the beginning where it has none.

    Args:
        path: a folder with the settings of a training, and its list.
        watch: told how it goes.
        stop: asked before every step.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    folder = RunFolder(path)
    with folder.sole_use(patience=SECONDS_TO_LET_GO):
        config = read_config(folder.config_path)
        run = open_run(folder, config, for_use=False, watch=watch, stop=stop)
        if folder.has_state:
            run.resume()
        else:  # all that was decided for it is written down: another namegen that goes on may decide otherwise
            recipe = run.prepared.recipe
            folder.save_config(write_config(replace(config, network=recipe.network, training=recipe.training)))
        return run.run()

"""A run folder as a training that can go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from namegen.backends import load_engine
from namegen.config import Config, read_run_config, write_config
from namegen.core.training.progress import Listener
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder
from namegen.core.training.run_result import RunResult
from namegen.lists import read_names

SECONDS_TO_LET_GO = 60.0  # that a process has whose parent is gone: it takes its last step, and saves


def open_run(
    folder: RunFolder,
    config: Config,
    *,
    threads: int | None = None,
    for_use: bool = True,
    listener: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingRun:
    """The training that a folder holds, as it is before it has begun.

    Args:
        folder: with its list, if that lies nowhere else.
        config: the folder's own.
        threads: in place of the config's.
        for_use: whether names will be asked of the model.
        listener: who is told how it goes.
        stop: asked before every step.

    Raises:
        NamegenError: what ``TrainingRun`` and reading the list raise.
    """
    recipe = replace(config.recipe, data=folder.found_here(config.data))
    return TrainingRun(
        read_names(recipe.data),
        recipe,
        load_engine(config.run.backend),
        threads=threads or config.threads,
        folder=folder,
        for_use=for_use,
        listener=listener,
        stop=stop,
    )


def go_on(
    path: Path,
    *,
    threads: int | None = None,
    listener: Listener | None = None,
    ready: Callable[[TrainingRun], None] = lambda run: None,
    stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Train a teacher, which lies in a folder, to its end: from its state, or from the beginning where it has none.

    Args:
        path: a folder with the settings of a training, and its list.
        threads: in place of the config's.
        listener: who is told how it goes.
        ready: called with the run just before it goes on.
        stop: asked before every step.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    folder = RunFolder(path)
    with folder.sole_use(patience=SECONDS_TO_LET_GO):
        folder.remove_left_overs()
        config = read_run_config(folder.config_path)
        run = open_run(folder, config, threads=threads, for_use=False, listener=listener, stop=stop)
        if folder.has_state:
            run.resume()
        else:  # all that was decided for it is written down: another namegen that goes on may decide otherwise
            decided = replace(config, network=run.recipe.network, training=run.recipe.training)
            folder.save_config(write_config(decided))
        ready(run)
        return run.run()

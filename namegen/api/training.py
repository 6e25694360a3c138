"""Train a network on a list of names, or go on with a training that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Never

from namegen.api.model import RUNS, load
from namegen.backends import load_engine
from namegen.constraints import claimed_beginnings
from namegen.core.data.corpus import Corpus
from namegen.core.schedules import SCHEDULES
from namegen.core.settings import NOTHING
from namegen.core.training.base_model import BaseModel
from namegen.core.training.preparation import prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder, kept_here
from namegen.errors import (
    MAX_PATH_SHOWN,
    CheckpointError,
    NamesError,
    SettingsError,
    quote,
    setting,
    short,
    shown,
)
from namegen.events import ProgressCallback, ignore_progress
from namegen.files import is_there, named_folder
from namegen.lists import BUNDLED, STANDARD_INPUT, can_be_read_again, credit_of, read_names
from namegen.models import BASE, SHIPPED, shipped_path
from namegen.settings_toml import Config, merge, read_config, write_config

prepare_for_use = partial(prepare, for_use=True, claims=claimed_beginnings)


def train(
    names: Iterable[str] | Corpus | None = None,
    *,
    config: Config | None = None,
    backend: str | None = None,
    out: Path | str | None = None,
    on_progress: ProgressCallback = ignore_progress,
    should_stop: Callable[[], bool] = lambda: False,
    stdin: BinaryIO | None = None,
    save: bool = False,
    **unknown: Never,
) -> RunResult:
    """Train a network on names.

    Args:
        names: the names to learn from; None: the list that the config names.
        config: all settings; None: the default ones. A setting that a message names, such as ``validation``, is a field
            of it: ``Config(data=DataSettings(validation=0))``.
        backend: an engine's name, such as ``numpy`` or ``keras``; it overrides the config's.
        out: a new folder, to write the model and its history to.
        on_progress: told how it goes, see ``namegen.events``.
        should_stop: asked when the list has been read, and before every step; True stops training there, in a state
            that can be resumed.
        stdin: what the list ``-`` is read from.
        save: make a folder under ``runs/`` where ``out`` names none.
        **unknown: nothing else.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    for name in unknown:
        do = (
            "call resume with its folder"
            if name == "resume"
            else "settings are fields of config, as in Config(data=…)"
        )
        raise SettingsError(f"train takes no {name}: {do}")
    if not isinstance(config, Config | None):
        raise SettingsError(
            f"config is {shown(config)}: expected a Config, as Config() or read_config gives it"
        )
    config = merge(config or Config(), {"run.backend": backend})
    engine_class = load_engine(config.run.backend)
    corpus = _read_corpus(names, config, stdin)
    base_model = config.network.base_model and _lasting_name(config.network.base_model)
    config = merge(
        config, {"run.threads": config.threads, "network.base_model": base_model}
    )  # to go on then gives the same bits
    recipe, threads = config.recipe, config.threads
    prepared = prepare_for_use(
        corpus, recipe, engine_class, threads=threads, open_base_model=open_base_model
    )
    keep_names = names is not None or not can_be_read_again(config.data.names)
    should_stop()  # who asks to stop from here on is heeded before the first step
    if out is None and not save:
        return _run(
            TrainingRun(prepared, on_progress=on_progress, should_stop=should_stop), on_progress
        )
    recipe, data = prepared.recipe, prepared.recipe.data
    if keep_names:
        data = kept_here(data, corpus)
    elif data.names not in BUNDLED:
        data = replace(data, names=str(Path(data.names).absolute()))  # as it holds from any folder
    chosen = replace(config, data=data, network=recipe.network, training=recipe.training)
    text = write_config(chosen)  # may refuse, so before the folder
    if out is None:
        folder = RunFolder.make_numbered(RUNS, corpus.source, config.run.backend)
    else:
        folder = RunFolder.make(named_folder(out))
    with folder.sole_use():
        if keep_names:  # the list lies nowhere else
            folder.save_names(corpus)
        run = TrainingRun(prepared, folder=folder, on_progress=on_progress, should_stop=should_stop)
        run.save()
        folder.save_config(text)  # last: a folder that has its settings can be resumed
        return _run(run, on_progress)


def _run(run: TrainingRun, on_progress: ProgressCallback) -> RunResult:
    """Report the list, then train."""
    on_progress(run.prepared.list_ready)
    return run.run()


def _lasting_name(model: str) -> str:
    """Name a model so that the name also works from another folder: a file or folder by its absolute path."""
    is_shipped = model in (*SHIPPED, BASE)
    return model if is_shipped or model == NOTHING else str(Path(model).absolute())


def open_base_model(model: str | Path | None) -> BaseModel:
    """Open the model that a training run is fine-tuned from.

    Args:
        model: A run folder, a file or a shipped model. ``None`` is the shipped base model.

    Raises:
        CheckpointError: The model can't be opened, see ``load``, or it's a ``.tflite`` file.
    """
    try:
        # Always with the same backend, so that every run starts from the same numbers.
        opened = load(shipped_path(BASE) if model in (None, BASE) else model, backend="numpy")
        if opened.checkpoint is None:
            raise CheckpointError(
                f"{opened.name} is a .tflite, which no training begins from: give a run folder"
            )
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or give {setting('base_model', NOTHING)}") from error
    return BaseModel(
        str(model or BASE), opened.checkpoint, opened.model, credit_of(opened.checkpoint.training)
    )


def _read_corpus(
    names: Iterable[str] | Corpus | None, config: Config, stdin: BinaryIO | None
) -> Corpus:
    """The list that was given, or else the one that the config names."""
    if isinstance(names, Corpus):
        return names
    if names is None:
        corpus, name = read_names(config.data, stdin), config.data.names
        return (
            corpus
            if name == STANDARD_INPUT or can_be_read_again(name)
            else replace(corpus, source="names")
        )
    return Corpus.from_names(names, source="names", max_name_length=config.data.max_name_length)


def resume(
    folder: Path | str,
    *,
    backend: str | None = None,
    epochs: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Go on with a run folder by its own ``config.toml``.

    Args:
        folder: what ``train`` made.
        backend: another engine goes on from the same state.
        epochs: more of them than before; not with a schedule whose learning rates depend on how many there are.
        on_progress: told how it goes.
        should_stop: asked before every step.

    Raises:
        NamegenError: see ``namegen/errors.py``; a list that has changed since is refused, and so is a folder that
            another training is at work in (FolderInUseError).
    """
    run_folder = RunFolder.to_resume(named_folder(folder))
    with run_folder.sole_use():
        config = read_config(run_folder.config_path)
        _check_longer(epochs, config)
        config = merge(config, {"run.backend": backend, "training.epochs": epochs})
        run = _open_run(run_folder, config, on_progress=on_progress, should_stop=should_stop)
        run.resume()
        run_folder.save_config(write_config(config))
        return _run(run, on_progress)


def _open_run(
    folder: RunFolder,
    config: Config,
    *,
    on_progress: ProgressCallback,
    should_stop: Callable[[], bool],
) -> TrainingRun:
    """Prepare the run of a folder as it was before its first step.

    Args:
        folder: Of the run.
        config: The folder's own settings.
        on_progress: Is told about the progress.
        should_stop: Is asked before every step.

    Raises:
        NamegenError: What ``prepare`` and reading the list raise.
    """
    recipe = replace(config.recipe, data=folder.found_here(config.data))
    _check_list_is_a_file(recipe.data.names, folder)
    corpus, engine_class = read_names(recipe.data), load_engine(config.run.backend)

    def own_model(_: str | None) -> BaseModel:
        """The run's own model has all that it still needs of its base model, and the base model itself may be gone."""
        base_model = open_base_model(folder.path)
        return replace(base_model, credit=str(base_model.checkpoint.training.get("credit", "")))

    base_model = own_model if recipe.network.uses_base_model else None
    prepared = prepare_for_use(
        corpus, recipe, engine_class, threads=config.threads, open_base_model=base_model
    )
    return TrainingRun(prepared, folder=folder, on_progress=on_progress, should_stop=should_stop)


def _check_list_is_a_file(names: str, folder: RunFolder) -> None:
    """Raise NamesError if reading the list could wait forever: the config may come from someone else."""
    is_stream = names == STANDARD_INPUT or (is_there(names, None) and not can_be_read_again(names))
    if is_stream:
        raise NamesError(
            f"cannot resume: the list of this run, {quote(names, MAX_PATH_SHOWN)}, is not a file: correct names in "
            f"{short(folder.config_path)}"
        )


def _check_longer(epochs: int | None, config: Config) -> None:
    """Raise SettingsError for a number of epochs that a run cannot be changed to."""
    before = config.training.epochs or 0
    if epochs is None or epochs == before:
        return
    if SCHEDULES[config.training.lr_schedule].depends_on_epochs:
        raise SettingsError(
            f"{setting('epochs', epochs)} cannot change a run of {before} epochs with the schedule "
            f"{config.training.lr_schedule}, whose learning rates depend on the number of epochs: "
            "train anew"
        )
    if epochs < before:
        raise SettingsError(
            f"{setting('epochs')} is {epochs}, and the run has {before} already: give more"
        )

"""Train a network on a list of names, or resume a run that was stopped."""

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
from namegen.core.training.preparation import PreparedTraining, prepare
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
        names: the names to train on. By default, the list that the config names.
        config: all settings; the defaults if None. Messages name fields of the config, such as ``validation`` for
            ``Config(data=DataSettings(validation=0))``.
        backend: the name of a backend, such as ``numpy`` or ``keras``; takes precedence over the config.
        out: a new folder for the model and its history. By default, nothing is saved unless ``save`` is set.
        on_progress: called with events, see ``namegen.events``.
        should_stop: called after the list has been read, and before each step. If it returns True, the run stops. A
            saved run can then be resumed.
        stdin: the stream that is read if the list is ``-``.
        save: whether to save to a new folder in ``runs/`` if ``out`` is None.
        **unknown: rejected with advice.

    Raises:
        NamegenError: see ``namegen/errors.py``.

    >>> from namegen.core.settings import NetworkSettings, TrainingSettings
    >>> settings = Config(network=NetworkSettings(hidden=(8,)), training=TrainingSettings(epochs=1))
    >>> train(["Ann", "Anna", "Bob", "Hanna", "Hannes", "Joanna"] * 4, config=settings).finished
    True
    """
    _check_arguments(config, unknown)
    config = merge(config or Config(), {"run.backend": backend})
    engine_class = load_engine(config.run.backend)
    corpus = _read_corpus(names, config, stdin)
    config = _reproducible(config)
    prepared = prepare_for_use(
        corpus,
        config.recipe,
        engine_class,
        threads=config.threads,
        open_base_model=open_base_model,
    )
    must_copy_names = names is not None or not can_be_read_again(config.data.names)
    should_stop()  # a request to stop from here on is honored before the first step
    if out is None and not save:
        run = TrainingRun(prepared, on_progress=on_progress, should_stop=should_stop)
        return _run(run, on_progress)
    # Fails for settings that TOML can't store, so it comes before the folder is made.
    toml = write_config(_saved_config(config, prepared, corpus, must_copy_names=must_copy_names))
    if out is None:
        folder = RunFolder.make_numbered(RUNS, corpus.source, config.run.backend)
    else:
        folder = RunFolder.make(named_folder(out))
    with folder.sole_use():
        if must_copy_names:
            folder.save_names(corpus)
        run = TrainingRun(prepared, folder=folder, on_progress=on_progress, should_stop=should_stop)
        run.save()
        folder.save_config(toml)  # last, because a folder with a config can be resumed
        return _run(run, on_progress)


def _check_arguments(config: object, unknown: Iterable[str]) -> None:
    """Raise SettingsError for unknown arguments, and for a config of another type."""
    for name in unknown:
        advice = "settings are fields of config, as in Config(data=…)"
        if name == "resume":
            advice = "call resume with the folder of the run"
        raise SettingsError(f"train has no argument {name}: {advice}")
    if not isinstance(config, Config | None):
        raise SettingsError(
            f"config is {shown(config)}: expected a Config, such as Config() or the result of read_config"
        )


def _read_corpus(
    names: Iterable[str] | Corpus | None, config: Config, stdin: BinaryIO | None
) -> Corpus:
    """The names that were passed, or else the list that the config names."""
    if isinstance(names, Corpus):
        return names
    if names is not None:
        return Corpus.from_names(names, source="names", max_name_length=config.data.max_name_length)
    corpus = read_names(config.data, stdin)
    name = config.data.names
    if name == STANDARD_INPUT or can_be_read_again(name):
        return corpus
    return replace(corpus, source="names")  # such as a pipe, whose path means nothing later


def _reproducible(config: Config) -> Config:
    """The config with everything that a resumed run needs to compute the same bits, from any folder."""
    base_model = config.network.base_model
    if base_model:
        base_model = _lasting_name(base_model)
    return merge(config, {"run.threads": config.threads, "network.base_model": base_model})


def _lasting_name(model: str) -> str:
    """A name of a model that is also valid in other folders: for a file or folder, its absolute path."""
    is_shipped = model in (*SHIPPED, BASE)
    return model if is_shipped or model == NOTHING else str(Path(model).absolute())


def _saved_config(
    config: Config, prepared: PreparedTraining, corpus: Corpus, *, must_copy_names: bool
) -> Config:
    """The config to save in the run's folder, with the settings that were chosen and the place of the list."""
    recipe = prepared.recipe
    data = recipe.data
    if must_copy_names:
        data = kept_here(data, corpus)
    elif data.names not in BUNDLED:
        data = replace(data, names=str(Path(data.names).absolute()))
    return replace(config, data=data, network=recipe.network, training=recipe.training)


def _run(run: TrainingRun, on_progress: ProgressCallback) -> RunResult:
    """Report the list, then train."""
    on_progress(run.prepared.list_ready)
    return run.run()


def open_base_model(model: str | Path | None) -> BaseModel:
    """Open the pretrained base model that a run is fine-tuned from.

    Args:
        model: a run folder, a file or a shipped model; by default the shipped base model.

    Raises:
        CheckpointError: the model can't be opened, see ``load``, or is a ``.tflite`` file.

    >>> open_base_model(None).credit != ""
    True
    """
    use_default = model in (None, BASE)
    try:
        # Always with the same backend, so that every run starts from the same numbers.
        opened = load(shipped_path(BASE) if use_default else model, backend="numpy")
        if opened.checkpoint is None:
            raise CheckpointError(
                f"{opened.name} is a .tflite file, which can't be fine-tuned: use a run folder"
            )
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or use {setting('base_model', NOTHING)}") from error
    return BaseModel(
        str(model or BASE), opened.checkpoint, opened.model, credit_of(opened.checkpoint.training)
    )


def resume(
    folder: Path | str,
    *,
    backend: str | None = None,
    epochs: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Resume the run in a folder, with the settings of its ``config.toml``.

    Args:
        folder: the folder that ``train`` made.
        backend: another backend, which continues from the same state.
        epochs: a larger number of epochs than before. The learning rates of the schedule must not depend on it.
        on_progress: called with events, see ``namegen.events``.
        should_stop: called before each step. If it returns True, the run stops.

    Raises:
        FolderInUseError: another process is training in the folder.
        NamegenError: the list has changed since the run started, or the folder can't be resumed for another reason;
            see ``namegen/errors.py``.
    """
    run_folder = RunFolder.to_resume(named_folder(folder))
    with run_folder.sole_use():
        config = read_config(run_folder.config_path)
        _check_epochs(epochs, config)
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
    """Prepare the run in a folder as it was before its first step."""
    recipe = replace(config.recipe, data=folder.found_here(config.data))
    _check_list_is_a_file(recipe.data.names, folder)
    corpus = read_names(recipe.data)
    engine_class = load_engine(config.run.backend)

    def saved_model(_: str | None) -> BaseModel:
        """The run's model, which contains everything that's needed of its base model, which may have been deleted."""
        base_model = open_base_model(folder.path)
        return replace(base_model, credit=str(base_model.checkpoint.training.get("credit", "")))

    prepared = prepare_for_use(
        corpus,
        recipe,
        engine_class,
        threads=config.threads,
        open_base_model=saved_model if recipe.network.uses_base_model else None,
    )
    return TrainingRun(prepared, folder=folder, on_progress=on_progress, should_stop=should_stop)


def _check_list_is_a_file(names: str, folder: RunFolder) -> None:
    """Raise NamesError for a list that might never end. The config may come from someone else."""
    is_special_file = is_there(names, None) and not can_be_read_again(names)
    if names == STANDARD_INPUT or is_special_file:
        raise NamesError(
            f"can't resume: the list of this run, {quote(names, MAX_PATH_SHOWN)}, isn't a file: correct names in "
            f"{short(folder.config_path)}"
        )


def _check_epochs(epochs: int | None, config: Config) -> None:
    """Raise SettingsError for a number of epochs that a run can't be resumed with."""
    previous = config.training.epochs or 0
    if epochs is None or epochs == previous:
        return
    schedule = config.training.lr_schedule
    if SCHEDULES[schedule].depends_on_epochs:
        raise SettingsError(
            f"can't resume a run of {previous} epochs with {setting('epochs', epochs)}, because the learning rates of "
            f"the schedule {schedule} depend on the number of epochs: start a new run"
        )
    if epochs < previous:
        raise SettingsError(
            f"{setting('epochs')} is {epochs}, but the run already has {previous}: use a larger number"
        )

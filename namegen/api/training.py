"""Train a network on a list of names, or resume a run that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Never

from namegen.api.model import RUNS, find_model, load
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.schedules import SCHEDULES
from namegen.core.settings import NOTHING, Config
from namegen.core.training.base_model import BaseModel
from namegen.core.training.preparation import prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run_folder import RunFolder, kept_here
from namegen.core.training.trainer import Trainer
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
from namegen.lists.claimed import claimed_starts
from namegen.models import BASE, SHIPPED, shipped_path
from namegen.settings_toml import merge, read_config, write_config


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
        names: the names to train on. By default, the list that the config specifies.
        config: all settings. By default, every setting has its default value.
        backend: the name of a backend, such as ``numpy`` or ``keras``. It takes precedence over the config.
        out: a new folder for the model and its history. By default, nothing is saved unless ``save`` is set.
        on_progress: called with the events of ``namegen.events``.
        should_stop: called after the list has been read, and before each step. If it returns True, the run stops. A
            saved run can then be resumed.
        stdin: the stream to read if the list is ``-``.
        save: whether to save to a new folder in ``runs/`` if ``out`` is None.
        **unknown: other arguments are errors. The message explains what to use instead.

    Raises:
        NamegenError: the list, a setting or the output folder can't be used. See ``namegen.errors`` for the subclasses.

    >>> from namegen.core.settings import NetworkSettings, TrainingSettings
    >>> settings = Config(network=NetworkSettings(hidden=(8,)), training=TrainingSettings(epochs=1))
    >>> train(["Ann", "Anna", "Bob", "Hanna", "Hannes", "Joanna"] * 4, config=settings).finished
    True
    """
    for name in unknown:
        advice = "settings are fields of config, as in Config(data=…)"
        if name == "resume":
            advice = "call resume with the folder of the run"
        raise SettingsError(f"train has no argument {name}: {advice}")
    if not isinstance(config, Config | None):
        raise SettingsError(
            f"config is {shown(config)}: expected a Config, such as Config() or the result of read_config"
        )
    config = merge(config or Config(), {"run.backend": backend})
    engine_class = load_engine(config.run.backend)
    corpus = _read_corpus(names, config, stdin)
    # A resumed run gives the same results in any folder, with this number of threads and this path of the base model.
    base_model = config.network.base_model
    if base_model is not None and base_model not in (NOTHING, BASE, *SHIPPED):
        with _advice_about_base_models():
            find_model(
                base_model
            )  # a message about a missing model shows the path as the user wrote it
        base_model = str(Path(base_model).absolute())
    config = merge(config, {"run.threads": config.threads, "network.base_model": base_model})
    prepared = prepare(
        corpus,
        config.recipe,
        engine_class,
        threads=config.threads,
        for_use=True,
        claimed=claimed_starts(corpus.source),
        open_base_model=open_base_model,
    )
    should_stop()  # from here on, a request to stop takes effect before the first step
    if out is None and not save:
        on_progress(prepared.list_ready)
        return Trainer(prepared, on_progress=on_progress, should_stop=should_stop).run()

    # The folder's config has all settings that namegen chose, and the list's path.
    must_copy_names = names is not None or not can_be_read_again(config.data.names)
    data = prepared.recipe.data
    if must_copy_names:
        data = kept_here(data, corpus)
    elif data.names not in BUNDLED:
        data = replace(data, names=str(Path(data.names).absolute()))
    recipe = prepared.recipe
    saved_config = replace(config, data=data, network=recipe.network, training=recipe.training)
    # Fails for settings that TOML can't store, so it comes before the folder is created.
    toml = write_config(saved_config)
    if out is None:
        folder = RunFolder.make_numbered(RUNS, corpus.source, config.run.backend)
    else:
        folder = RunFolder.make(named_folder(out))
    with folder.sole_use():
        if must_copy_names:
            folder.save_names(corpus)
        run = Trainer(prepared, folder=folder, on_progress=on_progress, should_stop=should_stop)
        run.save()
        folder.save_config(toml)  # last, because a folder with a config can be resumed
        on_progress(prepared.list_ready)
        return run.run()


def _read_corpus(
    names: Iterable[str] | Corpus | None, config: Config, stdin: BinaryIO | None
) -> Corpus:
    """Return the names that were passed, or read the list that the config specifies."""
    if isinstance(names, Corpus):
        return names
    if names is not None:
        return Corpus.from_names(names, source="names", max_name_length=config.data.max_name_length)
    corpus = read_names(config.data, stdin)
    list_name = config.data.names
    if list_name == STANDARD_INPUT or can_be_read_again(list_name):
        return corpus
    return replace(corpus, source="names")  # the path of a pipe, for example, is meaningless later


@contextmanager
def _advice_about_base_models() -> Iterator[None]:
    """Add a hint to errors about a model: a run also works without a base model."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{error}; or use {setting('base_model', NOTHING)}") from error


def open_base_model(model: str | Path | None) -> BaseModel:
    """Open the pretrained base model that a run is fine-tuned from.

    Args:
        model: a run folder, a model file or a built-in model. The default is the built-in base model.

    Raises:
        CheckpointError: ``load`` can't open the model, or it's a ``.tflite`` file.

    >>> open_base_model(None).credit != ""
    True
    """
    path = shipped_path(BASE) if model in (None, BASE) else model
    with _advice_about_base_models():
        opened = load(path, backend="numpy")  # so that every run starts from the same values
        checkpoint = opened.checkpoint
        if checkpoint is None:
            raise CheckpointError(
                f"{opened.name} is a .tflite file, which can't be fine-tuned: use a run folder"
            )
    credit = credit_of(checkpoint.training)
    return BaseModel(str(model or BASE), checkpoint, opened.model, credit=credit)


def resume(
    folder: Path | str,
    *,
    backend: str | None = None,
    epochs: int | None = None,
    on_progress: ProgressCallback = ignore_progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> RunResult:
    """Resume the run in a folder, with the settings in its ``config.toml``.

    Args:
        folder: the folder that ``train`` created.
        backend: another backend that continues from the same state.
        epochs: a larger number of epochs than before. This isn't possible if the schedule's learning rates depend on
            the number of epochs.
        on_progress: called with the events of ``namegen.events``.
        should_stop: called before each step. If it returns True, the run stops.

    Raises:
        FolderInUseError: another process is training in the folder.
        NamegenError: the list has changed since the run started, or the folder can't be resumed for another reason.
    """
    run_folder = RunFolder.to_resume(named_folder(folder))
    with run_folder.sole_use():
        config = read_config(run_folder.config_path)
        _check_epochs(epochs, config)
        config = merge(config, {"run.backend": backend, "training.epochs": epochs})
        recipe = replace(config.recipe, data=run_folder.found_here(config.data))
        # Someone else might have written the config, with a list that never ends.
        names = recipe.data.names
        is_special_file = is_there(names, None) and not can_be_read_again(names)
        if names == STANDARD_INPUT or is_special_file:
            raise NamesError(
                f"can't resume: the list of this run, {quote(names, MAX_PATH_SHOWN)}, isn't a file: correct names in "
                f"{short(run_folder.config_path)}"
            )
        corpus = read_names(recipe.data)
        engine_class = load_engine(config.run.backend)
        saved = run_folder.load_state()
        list_name = saved.identity.list_name  # the file may have been moved

        def open_saved_model(_: str | None) -> BaseModel:
            # The run's model contains everything that's needed from the base model, which might have been deleted.
            saved_model = open_base_model(run_folder.path)
            credit = saved_model.checkpoint.training.get("credit", "")
            return replace(saved_model, credit=str(credit))

        prepared = prepare(
            replace(corpus, source=list_name),
            recipe,
            engine_class,
            threads=config.threads,
            for_use=True,
            claimed=claimed_starts(list_name),
            open_base_model=open_saved_model if recipe.network.uses_base_model else None,
        )
        run = Trainer(prepared, folder=run_folder, on_progress=on_progress, should_stop=should_stop)
        run.resume(saved)
        run_folder.save_config(write_config(config))
        on_progress(prepared.list_ready)
        return run.run()


def _check_epochs(epochs: int | None, config: Config) -> None:
    """Raise SettingsError if the run can't be resumed with this number of epochs."""
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

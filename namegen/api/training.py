"""Train a network on a list of names, or go on with a training that was stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Never

from namegen.api.model import RUNS
from namegen.api.teachers import open_base, open_run, prepare_here, train_side_by_side
from namegen.api.teaching import SideBySide, be_taught, check_teachers, lasting_name
from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.schedules import SCHEDULES
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.core.training.run_folder import RunFolder, kept_here
from namegen.errors import SettingsError, setting, shown
from namegen.events import Watcher, unwatched
from namegen.files import named_folder
from namegen.lists import BUNDLED, STANDARD_INPUT, can_be_read_again, read_names
from namegen.settings_toml import Config, merge, read_config, write_config


def train(
    names: Iterable[str] | Corpus | None = None,
    *,
    config: Config | None = None,
    backend: str | None = None,
    out: Path | str | None = None,
    watch: Watcher = unwatched,
    stop: Callable[[], bool] = lambda: False,
    stdin: BinaryIO | None = None,
    save: bool = False,
    teach_on: SideBySide = train_side_by_side,
    **unknown: Never,
) -> RunResult:
    """Train a network on names.

    Args:
        names: the names to learn from; None: the list that the config names.
        config: all settings; None: the default ones. A setting that a message names, such as ``validation``, is a field
            of it: ``Config(data=DataSettings(validation=0))``.
        backend: an engine's name, such as ``numpy`` or ``keras``; it overrides the config's.
        out: a new folder, to write the model and its history to.
        watch: told how it goes, see ``namegen.events``.
        stop: asked when the list has been read, and before every step; True stops training there, in a state that can
            be resumed.
        stdin: what the list ``-`` is read from.
        save: make a folder under ``runs/`` where ``out`` names none.
        teach_on: what trains the teachers of the effort ``best``: processes of this machine, unless something else is
            given.
        **unknown: nothing else.

    Raises:
        NamegenError: see ``namegen/errors.py``.
    """
    for name in unknown:
        do = (
            "call resume with its folder" if name == "resume" else "settings are fields of config, as in Config(data=…)"
        )
        raise SettingsError(f"train takes no {name}: {do}")
    if not isinstance(config, Config | None):
        raise SettingsError(f"config is {shown(config)}: expected a Config, as Config() or read_config gives it")
    config = merge(config or Config(), {"run.backend": backend})
    engine_class = load_engine(config.run.backend)
    check_teachers(config.teaching)
    teachers = tuple(map(lasting_name, config.teaching.teachers))  # as they hold from any folder
    config = replace(config, teaching=replace(config.teaching, teachers=teachers))
    corpus = _read_corpus(names, config, stdin)
    base = config.network.base and lasting_name(config.network.base)
    config = merge(config, {"run.threads": config.threads, "network.base": base})  # to go on then gives the same bits
    recipe, threads = config.recipe, config.threads
    prepared = prepare_here(corpus, recipe, engine_class, threads=threads, for_use=True, open_base=open_base)
    keep_names = names is not None or not can_be_read_again(config.data.names)
    stop()  # who asks to stop from here on is heeded before the first step
    if out is None and not save:
        return _run(TrainingRun(prepared, watch=watch, stop=stop), config, watch, stop, teach_on)
    recipe, data = prepared.recipe, prepared.recipe.data
    if keep_names:
        data = kept_here(data, corpus)
    elif data.names not in BUNDLED:
        data = replace(data, names=str(Path(data.names).absolute()))  # as it holds from any folder
    chosen = replace(config, data=data, network=recipe.network, training=recipe.training, teaching=recipe.teaching)
    text = write_config(chosen)  # may refuse, so before the folder
    if out is None:
        folder = RunFolder.make_numbered(RUNS, corpus.source, config.run.backend)
    else:
        folder = RunFolder.make(named_folder(out))
    with folder.sole_use():
        if keep_names:  # the list lies nowhere else
            folder.save_names(corpus)
        run = TrainingRun(prepared, folder=folder, watch=watch, stop=stop)
        run.save()
        folder.save_config(text)  # last: a folder that has its settings can be resumed
        return _run(run, config, watch, stop, teach_on)


def _run(run: TrainingRun, config: Config, watch: Watcher, stop: Callable[[], bool], teach_on: SideBySide) -> RunResult:
    """Train, behind the teachers if there are any: what they teach takes the place of the list."""
    watch(run.prepared.list_ready)
    if run.prepared.recipe.taught and not run.finished:
        with TemporaryDirectory() as elsewhere:
            teachers = Path(elsewhere) if run.folder is None else run.folder.path
            taught = be_taught(run.prepared, teachers, config, watch=watch, stop=stop, teach_on=teach_on)
        if taught is None:
            return run.finish()
        run.prepared = replace(run.prepared, batches=taught[1])
    return run.run()


def _read_corpus(names: Iterable[str] | Corpus | None, config: Config, stdin: BinaryIO | None) -> Corpus:
    """The list that was given, or else the one that the config names."""
    if isinstance(names, Corpus):
        return names
    if names is None:
        corpus, name = read_names(config.data, stdin), config.data.names
        return corpus if name == STANDARD_INPUT or can_be_read_again(name) else replace(corpus, source="names")
    return Corpus.from_names(names, source="names", max_name_length=config.data.max_name_length)


def resume(
    folder: Path | str,
    *,
    backend: str | None = None,
    epochs: int | None = None,
    watch: Watcher = unwatched,
    stop: Callable[[], bool] = lambda: False,
    teach_on: SideBySide = train_side_by_side,
) -> RunResult:
    """Go on with a run folder by its own ``config.toml``.

    Args:
        folder: what ``train`` made.
        backend: another engine goes on from the same state.
        epochs: more of them than before; not with a schedule whose learning rates depend on how many there are.
        watch: told how it goes.
        stop: asked before every step.
        teach_on: what trains its teachers, as in ``train``.

    Raises:
        NamegenError: see ``namegen/errors.py``; a list that has changed since is refused, and so is a folder that
            another training is at work in (FolderInUseError).
    """
    run_folder = RunFolder.to_resume(named_folder(folder))
    with run_folder.sole_use():
        config = read_config(run_folder.config_path)
        _check_longer(epochs, config)
        config = merge(config, {"run.backend": backend, "training.epochs": epochs})
        run = open_run(run_folder, config, watch=watch, stop=stop)
        run.resume()
        run_folder.save_config(write_config(config))
        return _run(run, config, watch, stop, teach_on)


def _check_longer(epochs: int | None, config: Config) -> None:
    """Raise SettingsError for a number of epochs that a run cannot be changed to."""
    before = config.training.epochs or 0
    if epochs is None or epochs == before:
        return
    if SCHEDULES[config.training.schedule].depends_on_epochs:
        raise SettingsError(
            f"{setting('epochs', epochs)} cannot change a run of {before} epochs with the schedule "
            f"{config.training.schedule}, whose learning rates depend on the number of epochs from the first one on: "
            "train anew"
        )
    if epochs < before:
        raise SettingsError(f"{setting('epochs')} is {epochs}, and the run has {before} already: give more")

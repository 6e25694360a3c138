"""Teaching a run: its teachers are trained or opened, weighed, and asked for a lesson."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from namegen.api.model import LoadedModel, load, read_checkpoint
from namegen.core.data.batching import BatchMaker
from namegen.core.data.split import TRAINING
from namegen.core.models.mixture import AnyBeginning, MixtureModel
from namegen.core.network.record import TrainingSummary, default_max_length
from namegen.core.settings import COUNTING, NOTHING, TeachingSettings
from namegen.core.teaching.lesson import make_lesson
from namegen.core.teaching.teachers import Teacher, TeachingParts, names_of, together
from namegen.core.training import MODEL_FILE
from namegen.core.training.effort import LESSON_EPOCH, OWN_TEACHERS, TWIN, ListSize, teacher_recipes
from namegen.core.training.preparation import PreparedTraining
from namegen.core.training.run_folder import RunFolder, kept_here
from namegen.errors import CheckpointError, NamesError, SettingsError, quote
from namegen.events import CorpusDrawn, Watcher, Weighed, unwatched
from namegen.files import is_file
from namegen.models import BASE, SHIPPED
from namegen.settings_toml import Config, RunSettings, write_config

MIN_TO_CHOOSE_BY = 5  # different names
LESSON_STREAM = 5  # of random numbers, with the seed


@runtime_checkable
class SideBySide(Protocol):
    """What trains several run folders; ``api/teachers.py`` does it in processes."""

    def __call__(self, folders: Sequence[Path], *, watch: Watcher, stop: Callable[[], bool]) -> None:
        """Train each to its end; or return early where ``stop`` says so."""
        ...


def be_taught(
    prepared: PreparedTraining,
    folder: Path,
    config: Config,
    *,
    watch: Watcher = unwatched,
    stop: Callable[[], bool],
    teach_on: SideBySide,
) -> tuple[MixtureModel, BatchMaker] | None:
    """Train or open the teachers of a training, and let them make its lesson.

    Args:
        prepared: the student's, with a recipe that names teachers.
        folder: where the teachers lie that are its own.
        config: the student's; its teachers are trained by the same engine.
        watch: told how far it is.
        stop: asked again and again.
        teach_on: what trains its own teachers.

    Returns:
        The teachers as one, and what they drew, and expect, of which an epoch reads a slice; None where it was
        stopped: what was trained so far is saved.

    Raises:
        CheckpointError: a teacher cannot be opened. SettingsError: one cannot teach. TrainingError: one cannot be
            trained, or what they know makes no lesson.
    """
    corpus, recipe = prepared.corpus, prepared.recipe
    seed, whole = recipe.training.seed, prepared.parts
    learned = corpus.where(whole.part_of == TRAINING)
    parts = TeachingParts(learned, recipe.data, seed=seed, vocabulary=whole.vocabulary, labels=whole.labels)
    models, counting = names_of(recipe.teaching.teachers)
    to_choose_by = parts.to_choose_by.distinct_name_count
    if len(recipe.teaching.teachers) > 1 and to_choose_by < MIN_TO_CHOOSE_BY:
        raise NamesError(
            f"{corpus.source} leaves {to_choose_by} distinct names to choose the teachers' weights by, too few "
            "for that: give a longer list, or one teacher alone"
        )
    own = _make_own_folders(models, folder, prepared, config, parts)
    if not all(map(is_trained, own)):
        teach_on([one for one in own if not is_trained(one)], watch=watch, stop=stop)
    if stop() or not all(map(is_trained, own)):
        return None
    teachers = [_open(name, folder, parts.labels) for name in models]
    mixture, weighing = together(teachers, parts, counting=counting)
    named = (*(one.name for one in teachers), *[COUNTING] * counting)
    watch(Weighed(named, tuple(weighing.weights), tuple(weighing.alone), weighing.together))
    if stop():
        return None
    lesson = make_lesson(
        mixture,
        parts.whole.batches.tree,
        recipe.teaching.drawn or 1,
        longest=default_max_length(parts.whole.longest_name),
        rng=np.random.default_rng([seed, LESSON_STREAM]),
    )
    watch(CorpusDrawn(lesson.name_count, lesson.tree.nodes))
    return mixture, lesson.in_slices(round(LESSON_EPOCH * lesson.name_count / lesson.tree.characters))


def check_teachers(settings: TeachingSettings) -> None:
    """Say at once what would be said when they teach.

    Raises:
        CheckpointError: there is no such model, or it cannot be opened. SettingsError: it cannot teach.
    """
    models, _ = names_of(settings.teachers)
    for name in models:
        if not name.startswith(OWN_TEACHERS):
            _open(name, Path(), None)


def lasting_name(model: str) -> str:
    """A model's name, a file or folder by its whole path."""
    elsewhere = model in (*SHIPPED, BASE, NOTHING, COUNTING) or model.startswith(OWN_TEACHERS)
    return model if elsewhere else str(Path(model).absolute())


def is_trained(folder: Path) -> bool:
    """Whether a teacher's training has come to its end."""
    path = folder / MODEL_FILE
    try:
        training: TrainingSummary = read_checkpoint(path).training if is_file(path, CheckpointError) else {}
    except CheckpointError:
        return False
    wanted = training.get("settings", {}).get("epochs")
    return training.get("training") is not None and training.get("epochs") == wanted


def _make_own_folders(
    models: Sequence[str], folder: Path, prepared: PreparedTraining, config: Config, parts: TeachingParts
) -> list[Path]:
    """The folders of the teachers that are the run's own, each made with its settings and what it may learn from."""
    if not any(name.startswith(OWN_TEACHERS) for name in models):
        return []
    own = []
    for name, recipe in teacher_recipes(prepared.recipe, ListSize.of(prepared.parts), parts.data).items():
        made = RunFolder(folder / name)
        own.append(made.path)
        if not made.has_state and not made.has_names:
            made.path.mkdir(parents=True, exist_ok=True)
            run = RunSettings(config.run.backend, threads=1, plot=False)
            told = Config(kept_here(recipe.data, parts.names), recipe.network, recipe.training, run=run)
            made.save_config(write_config(told))
            made.save_names(parts.names)  # last: a folder that has them is whole
    return own


def _open(name: str, folder: Path, labels: Sequence[str] | None) -> Teacher:
    """A teacher: of the run's own, or any other model.

    Args:
        name: what the settings call it.
        folder: of the run.
        labels: of the student's list; None: not known yet.

    Raises:
        CheckpointError: it cannot be opened. SettingsError: it has not learned what the student asks it.
    """
    is_own = name.startswith(OWN_TEACHERS)
    model: LoadedModel = load(folder / name if is_own else name)
    if is_own:
        twin = load(folder / f"{name}{TWIN}")
        return Teacher(name, model.model, model.vocabulary, twin.model, _tokens(model))
    if not model.labels:
        return Teacher(name, model.model, model.vocabulary)
    missing = [label for label in labels or () if label not in model.labels]
    if missing:
        raise SettingsError(
            f"{model.name} does not know the label {quote(missing[0])}, which the list has: give a teacher that has "
            "learned the same labels, or one without any"
        )
    if labels:
        return Teacher(name, model.model, model.vocabulary, labels=_tokens(model))
    return Teacher(name, AnyBeginning(model.model, model.beginnings), model.vocabulary)


def _tokens(model: LoadedModel) -> dict[str, int]:
    """What the names of each label begin with."""
    return dict(zip(model.labels, model.beginnings.tokens, strict=True)) if model.labels else {}

"""Turn the arguments MODEL and NAMES into a model and a list. Modules with NumPy are imported inside functions."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from namegen.cli.display import Display
from namegen.cli.terminal import note, printable
from namegen.core.settings import DataSettings
from namegen.errors import CheckpointError, short
from namegen.files import is_folder, is_taken
from namegen.models import SHIPPED
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.data.corpus import Corpus

LIST_ENDINGS = (".txt", ".csv", ".json", ".jsonl")


def open_model(model: str | None, *, backend: str | None = None, threads: int = 1) -> LoadedModel:
    """Load MODEL. Raises CheckpointError or EngineError."""
    limit_threads(threads)
    import namegen.api as api

    check_model(model)
    with Display(f"opening {model or 'a model'}"):
        loaded = api.load(model, backend=backend, threads=threads)
    if model is None:
        hint = " (`namegen models` lists the others)" if loaded.name in SHIPPED else ""
        note(f"model: {printable(loaded.name)}{hint}")
    return loaded


def check_model(model: str | None) -> None:
    """Raise CheckpointError if the user passed a list of names as MODEL. Print a note if a file has the same name."""
    is_list = (
        model is not None and model.lower().endswith(LIST_ENDINGS) and not is_folder(model, None)
    )
    if is_list:
        raise CheckpointError(
            f"{short(model)} is not a model file of namegen. If it's a list, run `namegen train {short(model)}` first, "
            "and then pass the folder of the run"
        )
    note_same_name(model, "model")


def open_blend(
    models: Sequence[str | None],
    *,
    blend_weights: Sequence[float] | None,
    labels: Sequence[str],
    backend: str | None,
    threads: int,
) -> LoadedModel:
    """Load MODEL, or a blend of several models, for names with certain labels.

    Raises:
        CheckpointError: a model can't be read.
        EngineError: the backend can't run it.
        SettingsError: the weights or labels don't fit the models.
        UsageError: an option has no effect on these models.
    """
    if blend_weights is not None and len(models) < 2:
        raise click.UsageError(
            "--blend-weights needs at least two models: add another model, or remove the option."
        )
    loaded = [open_model(model, backend=backend, threads=threads) for model in models or (None,)]
    is_blend = len(loaded) > 1
    if is_blend and labels and not any(model.labels for model in loaded):
        raise click.UsageError(
            "--label needs a model with labels, and these models have none: remove it, or use a model such as "
            "world-given."
        )
    # A single model reports an unknown label itself.
    loaded = [
        model.for_labels(*labels) if model.labels or not is_blend else model for model in loaded
    ]
    if backend is not None and all(model.checkpoint is None for model in loaded):
        raise click.UsageError(
            f"--backend has no effect on {loaded[0].name}, because LiteRT runs .tflite files: remove the option."
        )
    if not is_blend:
        return loaded[0]
    import namegen.api as api

    return api.blend(loaded, blend_weights)


def open_list(names: str | None, *, default: DataSettings | None = None, **how: Any) -> Corpus:
    """Read NAMES, or a default list. Raises NamesError.

    Args:
        names: the argument, or None if it's missing.
        default: the list to read if ``names`` is None. Without it, the standard default list is read, and a note names
            it.
        how: the values of ``list_options``. An unused option is None.
    """
    settings = default or DataSettings()
    if names is None and default is None:
        note(f"names: {settings.names}")
    values = {"names": names, **how}
    changed = {name: value for name, value in values.items() if value is not None}
    return read_list(replace(settings, **changed))


def read_list(settings: DataSettings) -> Corpus:
    """Read a list, and print which names were skipped. Raises NamesError."""
    from namegen.lists import read_names

    note_same_name(settings.names, "list")
    with Display(f"reading {settings.names}"):
        corpus = read_names(settings)
    note(corpus.dropped_sentence())
    note(corpus.alike_labels_sentence())
    return corpus


def note_same_name(name: str | None, thing: str) -> None:
    """Print a note if a built-in model, list or config has the same name as a file or folder.

    Args:
        name: the name that the user typed, or None.
        thing: ``model``, ``list`` or ``config``.
    """
    if name is None or not is_taken(name):
        return
    from namegen.bundled_configs import bundled_configs
    from namegen.lists import BUNDLED

    built_in: Container[str] = {"model": SHIPPED, "list": BUNDLED}.get(thing) or bundled_configs()
    if name in built_in:
        kind = "folder" if is_folder(name, None) else "file"
        note(f"{name} is namegen's built-in {thing}; to use the {kind} of that name, pass ./{name}")

"""From the arguments MODEL and NAMES to a model and a list; what stands in for one left out is said.

NumPy is loaded here and no earlier, after its threads are set.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

import click

from namegen.cli.terminal import Notes, printable
from namegen.cli.waiting import Waiting
from namegen.core.settings import DataSettings
from namegen.files import is_folder, is_taken
from namegen.models import SHIPPED
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.data.corpus import Corpus

DEFAULT_LIST = DataSettings().names


def note_namesake(name: str | None, known: Container[str], what: str, notes: Notes) -> None:
    """Say so where a name means what comes with namegen, and a file or a folder here has that name too."""
    if name is not None and name in known and is_taken(name):
        kind = "folder" if is_folder(name, None) else "file"
        notes(f"{name} means the {what} that comes with namegen; to use the {kind} of that name, give ./{name}")


def note_model(model: str | None, notes: Notes) -> None:
    """Say so where MODEL is a shipped one and something here has its name."""
    note_namesake(model, SHIPPED, "model", notes)


def note_list(names: str | None, notes: Notes) -> None:
    """Say so where NAMES is a bundled list and something here has its name."""
    from namegen.lists import BUNDLED

    note_namesake(names, BUNDLED, "list", notes)


def note_config(config: str | None, notes: Notes) -> None:
    """Say so where CONFIG is a bundled one and something here has its name."""
    from namegen.config_files import bundled_configs

    note_namesake(config, bundled_configs(), "config", notes)


def note_engines(notes: Notes) -> None:
    """Say so where a third party's engine has the name of one of ours, and so is not used."""
    from namegen.backends import shadowed

    for sentence in shadowed():
        notes(sentence)


def open_model(model: str | None, notes: Notes, *, backend: str | None = None, threads: int = 1) -> LoadedModel:
    """Load MODEL. Raises CheckpointError, EngineError."""
    limit_threads(threads)
    from namegen import api

    note_model(model, notes)
    with Waiting(notes, f"opening {model or 'a model'}"):
        loaded = api.load(model, backend=backend, threads=threads)
    if model is None:
        more = " (`namegen models` shows others)" if loaded.name in SHIPPED else ""
        notes(f"model: {printable(loaded.name)}{more}")
    return loaded


def open_blend(
    models: Sequence[str | None],
    weights: Sequence[float] | None,
    notes: Notes,
    *,
    labels: Sequence[str] = (),
    backend: str | None = None,
    threads: int = 1,
) -> LoadedModel:
    """Load MODEL, or several of them as one, for names of some labels. Raises CheckpointError, EngineError,
    SettingsError.
    """
    if weights is not None and len(models) < 2:
        raise click.UsageError("--blend is for several models: give two or more, or leave it out.")
    loaded = [open_model(model, notes, backend=backend, threads=threads) for model in models or (None,)]
    if len(loaded) == 1 or any(model.labels for model in loaded):
        loaded = [model.labelled(*labels) if model.labels or len(loaded) == 1 else model for model in loaded]
    elif labels:
        raise click.UsageError(
            "--label needs a model with labels, and none of these has any: leave it out, or give one, such as "
            "world-given."
        )
    if backend is not None and all(one.checkpoint is None for one in loaded):
        raise click.UsageError(
            f"--backend has no effect on {loaded[0].name}, because a .tflite runs in LiteRT: leave it out."
        )
    if len(loaded) == 1:
        return loaded[0]
    from namegen.api import blend

    return blend(loaded, weights)


def open_list(
    names: str | None,
    notes: Notes,
    *,
    column: str | None = None,
    label_column: str | None = None,
    max_name_length: int | None = None,
) -> Corpus:
    """Read NAMES, and say what was dropped from it. Raises NamesError."""
    limit_threads(1)
    from namegen.lists import read_names

    note_list(names, notes)
    if names is None:
        notes(f"names: {DEFAULT_LIST}")
    longest = DataSettings().max_name_length if max_name_length is None else max_name_length
    settings = DataSettings(
        names=DEFAULT_LIST if names is None else names,
        column=column,
        label_column=label_column,
        max_name_length=longest,
    )
    with Waiting(notes, f"reading {settings.names}"):
        corpus = read_names(settings)
    notes(corpus.dropped_sentence())
    notes(corpus.alike_labels_sentence())
    return corpus

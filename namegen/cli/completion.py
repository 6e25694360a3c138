"""Shell completion for labels, backends, and built-in lists and models. Click completes commands and options itself.

The shell's script comes from click (`docs/reference/cli.md`). The script starts namegen each time the user presses Tab,
so this module must not import anything slow.
"""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Callable, Iterable
from glob import escape, glob

import click
from click.shell_completion import CompletionItem

from namegen.backends import engine_paths
from namegen.core.data.label_parts import askable
from namegen.files import is_folder
from namegen.lists import BUNDLED
from namegen.models import SHIPPED, shipped_path


class Named(click.types.StringParamType):
    """A string that can be completed to known names and, optionally, to files.

    Args:
        names: returns the names.
        or_file: whether to complete files as well.

    >>> parameter = click.Argument(["list"], type=Named(lambda: ["mlb-first", "companies"], or_file=True))
    >>> context = click.Context(click.Command("train", params=[parameter]))
    >>> [item.value for item in parameter.shell_complete(context, "ML")][1:]
    ['mlb-first']
    """

    def __init__(self, names: Callable[[], Iterable[str]], *, or_file: bool = False) -> None:
        self._names = names
        self._or_file = or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the files and names that start with a string. For names, letter case doesn't matter."""
        typed = incomplete.lower()
        names = [name for name in self._names() if name.lower().startswith(typed)]
        if not self._or_file:
            return list(map(CompletionItem, names))
        # This item makes the shell complete files. It comes first because shells discard all items before it.
        any_file = CompletionItem(incomplete, type="file")
        # If there are other items, zsh and fish still complete files, but bash doesn't.
        is_bash = os.environ.get("_NAMEGEN_COMPLETE", "").startswith("bash")
        if names and is_bash:
            paths = sorted(glob(f"{escape(incomplete)}*"))
            files = [f"{path}/" if is_folder(path, None) else path for path in paths]
            names = [*dict.fromkeys([*files, *names])]
        return [any_file, *map(CompletionItem, names)]


def complete_names(command: click.Command) -> None:
    """Add completion to each parameter that takes a list, a model, a label or a backend."""
    for parameter in command.params:
        if not isinstance(parameter.type, click.types.StringParamType):
            continue
        if parameter.name in ("model", "models") or "MODEL" in (parameter.metavar or ""):
            parameter.type = Named(lambda: SHIPPED, or_file=True)
        elif parameter.name == "names":
            parameter.type = Named(lambda: BUNDLED, or_file=True)
        elif parameter.name in CHOICES:
            parameter.type = Named(CHOICES[parameter.name])


def _labels() -> list[str]:
    """Return the labels of the built-in models on the command line, or of all built-in models if it names none."""
    words = os.environ.get("COMP_WORDS", "").split()
    models = [name for name in SHIPPED if name in words] or SHIPPED
    labels = [label for model in models for label in askable(_labels_of(model))]
    return [*dict.fromkeys(labels)]


def _origins() -> list[str]:
    """Return the origins that both built-in models for people know."""
    # An origin is the first part of a label such as ``Finnish,female``.
    given, family = (
        dict.fromkeys(origin for origin, *_ in csv.reader(_labels_of(model)))
        for model in ("world-given", "world-family")
    )
    return [origin for origin in given if origin in family]


def _labels_of(model: str) -> list[str]:
    """Read a built-in model's labels from the header of its file. If the file is damaged, return no labels."""
    try:
        with shipped_path(model).open("rb") as stream:
            header_size = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(header_size))
        metadata = json.loads(header["__metadata__"]["namegen"])["metadata"]
        return [label["name"] for label in metadata["labels"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _backends() -> list[str]:
    """Return the names of all backends, without a warning about packages whose backend is ignored."""
    with warnings.catch_warnings(action="ignore"):
        return [*engine_paths()]


# Maps a parameter's name to the function that returns its values.
CHOICES: dict[str, Callable[[], Iterable[str]]] = {
    "labels": _labels,
    "origins": _origins,
    "countries": lambda: _labels_of("world-places"),
    "backend": _backends,
}

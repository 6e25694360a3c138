"""Shell completion for commands, options, labels, backends, and built-in lists and models.

The shell's script comes from click (`docs/reference/cli.md`). The script starts namegen each time the user presses Tab,
so this module must not import anything slow.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from glob import escape, glob

import click
from click.shell_completion import CompletionItem

from namegen.backends import engine_paths
from namegen.files import is_folder


class Named(click.types.StringParamType):
    """A string that can be completed to known names and, optionally, to files.

    Args:
        names: returns the names, given the context of the command line so far.
        or_file: whether to complete files as well.

    >>> parameter = click.Argument(["list"], type=Named(lambda context: ["mlb-first", "companies"], or_file=True))
    >>> context = click.Context(click.Command("train", params=[parameter]))
    >>> [item.value for item in parameter.shell_complete(context, "ML")][1:]
    ['mlb-first']
    """

    def __init__(
        self, names: Callable[[click.Context], Iterable[str]], *, or_file: bool = False
    ) -> None:
        self._names = names
        self._or_file = or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the files and names that start with a string. For names, letter case doesn't matter."""
        typed = incomplete.lower()
        names = [name for name in self._names(ctx) if name.lower().startswith(typed)]
        if not self._or_file:
            return list(map(CompletionItem, names))
        # This item makes the shell complete files. It comes first because shells discard all items before it.
        any_file = CompletionItem(incomplete, type="file")
        # If there are other items, zsh and fish still complete files, but bash doesn't.
        is_bash = os.environ.get("_NAMEGEN_COMPLETE", "").startswith("bash")
        paths = _paths(incomplete) if names and is_bash else []
        distinct_values = dict.fromkeys([*paths, *names])
        return [any_file, *map(CompletionItem, distinct_values)]


def _paths(start: str) -> list[str]:
    """Return the files and folders whose paths start with a string. Folders end with a slash."""
    paths = sorted(glob(f"{escape(start)}*"))
    return [f"{path}/" if is_folder(path, None) else path for path in paths]


def complete_names(command: click.Command) -> None:
    """Add completion to each parameter that takes a list, a model, a label or a backend."""
    for parameter in command.params:
        if isinstance(parameter.type, click.types.StringParamType):
            parameter.type = _completed_type(parameter) or parameter.type


def _completed_type(parameter: click.Parameter) -> Named | None:
    """Return a type that completes a parameter's values, or None if the values aren't known names."""
    from namegen.lists import BUNDLED
    from namegen.models import SHIPPED

    if parameter.name in ("model", "models") or "MODEL" in (parameter.metavar or ""):
        return Named(lambda _: SHIPPED, or_file=True)
    if parameter.name == "names":
        return Named(lambda _: BUNDLED, or_file=True)
    if parameter.name in CHOICES:
        return Named(CHOICES[parameter.name])
    return None


def _labels(ctx: click.Context) -> Iterable[str]:
    """Return the labels of the built-in models on the command line, or of all built-in models if it names none."""
    from namegen.core.data.label_parts import askable
    from namegen.models import SHIPPED

    typed = _typed_values(ctx)
    models = [name for name in SHIPPED if name in typed] or SHIPPED
    labels: dict[str, None] = {}  # removes repeats and keeps the order
    for model in models:
        labels |= dict.fromkeys(askable(_labels_of(model)))
    return labels


def _typed_values(ctx: click.Context) -> set[object]:
    """Return the values on the command line so far."""
    # If an option has no value yet, click stops parsing, and the arguments before the option are only in ctx.args.
    typed: set[object] = {*ctx.args}
    for value in ctx.params.values():
        typed.update(value if type(value) is tuple else (value,))
    return typed


def origins(_: click.Context) -> Iterable[str]:
    """Return the origins that both built-in models for people know."""
    family_origins = _origins_of("world-family")
    return [origin for origin in _origins_of("world-given") if origin in family_origins]


def _origins_of(model: str) -> Iterable[str]:
    """Return the first part of each label, such as ``Finnish`` for ``Finnish,female``."""
    return dict.fromkeys(origin for origin, *_ in csv.reader(_labels_of(model)))


def countries(_: click.Context) -> Iterable[str]:
    """Return the countries that the built-in model for places knows."""
    return _labels_of("world-places")


def _labels_of(model: str) -> list[str]:
    """Read a built-in model's labels from the header of its file. If the file is damaged, return no labels."""
    from namegen.models import shipped_path

    try:
        with shipped_path(model).open("rb") as stream:
            header_size = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(header_size))
        metadata = json.loads(header["__metadata__"]["namegen"])["metadata"]
        return [label["name"] for label in metadata["labels"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


# Maps a parameter's name to the function that returns its values.
CHOICES = {
    "labels": _labels,
    "origins": origins,
    "countries": countries,
    "backend": lambda _: engine_paths(),
}

"""What a shell completes: commands, options, and the names of what comes with namegen: lists, models, labels, engines.

The script for the shell is click's own, which the shell asks for by a variable (`docs/use/cli.md`). It starts namegen
at every Tab, so nothing heavy may be loaded here.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from namegen.files import is_folder


class Named(click.types.StringParamType):
    """A text that is the name of something that comes with namegen, or a file.

    Args:
        names: those there are.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, behind the files that do.

        >>> parameter = click.Argument(["list"], type=Named(["mlb-first", "companies"]))
        >>> context = click.Context(click.Command("train", params=[parameter]))
        >>> [item.value for item in parameter.shell_complete(context, "mlb")][1:]
        ['mlb-first']
        """
        files = CompletionItem(incomplete, type="file")  # first: what is named before it, shells throw away
        names = [name for name in self._names if name.startswith(incomplete)]
        # bash completes files by itself only where nothing is named; zsh and fish do it beside that.
        own = _files_here(incomplete) if names and os.environ.get("_NAMEGEN_COMPLETE", "").startswith("bash") else []
        return [files, *map(CompletionItem, dict.fromkeys([*own, *names]))]


class OneOf(click.types.StringParamType):
    """A text that is one of some.

    Args:
        choices: gives them for the command line so far.
    """

    def __init__(self, choices: Callable[[click.Context], Iterable[str]]) -> None:
        self._choices = choices

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those that begin so, letter case aside.

        >>> option = click.Option(["--backend"], type=OneOf(lambda context: ["numpy", "keras"]))
        >>> context = click.Context(click.Command("generate", params=[option]))
        >>> [item.value for item in option.shell_complete(context, "k")]
        ['keras']
        """
        begun = incomplete.lower()
        return [CompletionItem(one) for one in self._choices(ctx) if one.lower().startswith(begun)]


def complete_names(command: click.Command) -> None:
    """Give the parameters of a command that take a list, a model, a label or an engine the names to complete."""
    from namegen.lists import BUNDLED
    from namegen.models import SHIPPED

    for parameter in command.params:
        if not isinstance(parameter.type, click.types.StringParamType):
            continue
        if parameter.name in ("model", "models") or "MODEL" in (parameter.metavar or ""):
            parameter.type = Named(SHIPPED)
        elif parameter.name == "names":
            parameter.type = Named(tuple(BUNDLED))
        elif parameter.name in CHOICES:
            parameter.type = OneOf(CHOICES[parameter.name])


def _files_here(incomplete: str) -> list[str]:
    """The files of the current folder that begin so; no name of what comes with namegen has a folder in it."""
    try:
        found = sorted(os.scandir(), key=lambda entry: entry.name)
        return [
            f"{entry.name}/" if is_folder(Path(entry.name), None) else entry.name
            for entry in found
            if entry.name.startswith(incomplete) and (incomplete or not entry.name.startswith("."))
        ]
    except OSError:
        return []


def _engines(_: click.Context) -> Iterable[str]:
    from namegen.backends import engine_paths

    return engine_paths()


def _labels(ctx: click.Context) -> Iterable[str]:
    """Those of the models that were given so far; of all that are shipped, where none of these was."""
    from namegen.models import SHIPPED

    # An option that still lacks its value ends click's parsing: what stands before it is in no parameter yet.
    values = (value if type(value) is tuple else (value,) for value in ctx.params.values())
    given = {*ctx.args, *chain.from_iterable(values)}
    some = [name for name in SHIPPED if name in given] or SHIPPED
    from namegen.core.data.label_parts import askable

    return dict.fromkeys(label for name in some for label in askable(_labels_of(name)))


def origins(_: click.Context) -> Iterable[str]:
    """What both models know that people come from if no others are given."""
    names = ("world-given", "world-family")
    given, family = (dict.fromkeys(origin for origin, *_ in csv.reader(_labels_of(name))) for name in names)
    return [origin for origin in given if origin in family]


def countries(_: click.Context) -> Iterable[str]:
    """Those of the shipped model of places."""
    return _labels_of("world-places")


def _labels_of(name: str) -> list[str]:
    """The labels of a shipped model, from the head of its file alone; none if it is not as it was shipped."""
    from namegen.models import shipped_path

    try:
        with shipped_path(name).open("rb") as stream:
            head = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        return [label["name"] for label in json.loads(head["__metadata__"]["namegen"])["record"]["labels"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


CHOICES = {
    "labels": _labels,
    "origins": origins,
    "countries": countries,
    "backend": _engines,
}  # a parameter's name → what there is

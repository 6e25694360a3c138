"""What a shell completes: commands, options, and the names of what comes with namegen: lists, models, labels, engines.

The script for the shell is click's own, which the shell asks for by a variable (`docs/use/cli.md`). It starts namegen
at every Tab, so nothing heavy may be loaded here.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from glob import escape, glob
from itertools import chain

import click
from click.shell_completion import CompletionItem

from namegen.backends import engine_paths
from namegen.files import is_folder


class Named(click.types.StringParamType):
    """A text that is the name of something that there is, or perhaps a file.

    Args:
        names: gives them for the command line so far.
        or_file: a file will do, too.

    >>> parameter = click.Argument(["list"], type=Named(lambda context: ["mlb-first", "companies"], or_file=True))
    >>> context = click.Context(click.Command("train", params=[parameter]))
    >>> [item.value for item in parameter.shell_complete(context, "ML")][1:]
    ['mlb-first']
    """

    def __init__(
        self, names: Callable[[click.Context], Iterable[str]], *, or_file: bool = False
    ) -> None:
        self._names, self._or_file = names, or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The names that begin so, letter case aside, behind the files that do."""
        begun = incomplete.lower()
        names = [name for name in self._names(ctx) if name.lower().startswith(begun)]
        if not self._or_file:
            return list(map(CompletionItem, names))
        files = CompletionItem(
            incomplete, type="file"
        )  # first: what is named before it, shells throw away
        # bash completes files by itself only where nothing is named; zsh and fish do it beside that.
        in_bash = os.environ.get("_NAMEGEN_COMPLETE", "").startswith("bash")
        here = sorted(glob(f"{escape(incomplete)}*")) if names and in_bash else []
        own = [f"{name}/" if is_folder(name, None) else name for name in here]
        return [files, *map(CompletionItem, dict.fromkeys([*own, *names]))]


def complete_names(command: click.Command) -> None:
    """Give the parameters of a command that take a list, a model, a label or an engine the names to complete."""
    from namegen.lists import BUNDLED
    from namegen.models import SHIPPED

    for parameter in command.params:
        if not isinstance(parameter.type, click.types.StringParamType):
            continue
        if parameter.name in ("model", "models") or "MODEL" in (parameter.metavar or ""):
            parameter.type = Named(lambda _: SHIPPED, or_file=True)
        elif parameter.name == "names":
            parameter.type = Named(lambda _: BUNDLED, or_file=True)
        elif parameter.name in CHOICES:
            parameter.type = Named(CHOICES[parameter.name])


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
    given, family = (
        dict.fromkeys(origin for origin, *_ in csv.reader(_labels_of(name))) for name in names
    )
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
        return [
            label["name"]
            for label in json.loads(head["__metadata__"]["namegen"])["metadata"]["labels"]
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


# A parameter's name → what there is.
CHOICES = {
    "labels": _labels,
    "origins": origins,
    "countries": countries,
    "backend": lambda _: engine_paths(),
}

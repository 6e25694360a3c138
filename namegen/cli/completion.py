"""What a shell completes: commands, options, and where a list or a model is asked for, those that come with namegen.

The script for the shell is click's own, which the shell asks for by a variable (`docs/use/cli.md`). It starts namegen
at every Tab, so nothing heavy may be loaded here.
"""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem


class Named(click.types.StringParamType):
    """A text that is the name of something that comes with namegen, or a file.

    Args:
        names: those there are.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so; where there are none, files.

        >>> context, argument = click.Context(click.Command("generate")), click.Argument(["model"])
        >>> [item.value for item in Named(["mlb-first", "companies"]).shell_complete(context, argument, "mlb")][1:]
        ['mlb-first']
        """
        files = CompletionItem(incomplete, type="file")  # first: what is named before it, shells throw away
        return [files, *(CompletionItem(name) for name in self._names if name.startswith(incomplete))]


def complete_names(command: click.Command) -> None:
    """Give the parameters of a command that take a list or a model the names to complete."""
    from namegen.lists import BUNDLED
    from namegen.models import SHIPPED

    for parameter in command.params:
        if not isinstance(parameter.type, click.types.StringParamType):
            continue
        if parameter.name in ("model", "models") or "MODEL" in (parameter.metavar or ""):
            parameter.type = Named(SHIPPED)
        elif parameter.name == "names":
            parameter.type = Named(tuple(BUNDLED))

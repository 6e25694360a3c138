"""The command line. Each command reads its options, calls the API, and prints the result.

``namegen --help`` needs only the table below. A command's module is imported when the command is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from namegen.cli.commands import Context, version
from namegen.cli.ending import (
    exit_code,
    handle_end_signals,
    output_ended,
    prepare_streams,
    silence_standard_output,
)
from namegen.cli.terminal import error_line, option_name, printable
from namegen.errors import MAX_MESSAGE, NamegenError, SettingsError, shortened
from namegen.files import is_file

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# heading → command → (module:attribute, description)
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Generate": {
        "people": (
            "namegen.cli.people:people",
            "Invent people: given and family name.",
        ),
        "companies": ("namegen.cli.people:companies", "Invent company names."),
        "places": ("namegen.cli.people:places", "Invent names of towns and villages."),
        "players": ("namegen.cli.people:players", "Invent baseball players: first and last name."),
        "generate": ("namegen.cli.generate:generate", "Invent names with any model."),
        "pseudonymize": (
            "namegen.cli.pseudonymize:pseudonymize",
            "Replace the names in a table with pseudonyms.",
        ),
    },
    "Train": {
        "train": ("namegen.cli.train:train", "Train a network on a list of names."),
        "sweep": ("namegen.cli.compare:sweep", "Compare a grid of training settings."),
        "configs": ("namegen.cli.built_in:configs", "List the built-in settings files."),
    },
    "Evaluate": {
        "score": ("namegen.cli.score:score", "Show how likely each letter of a name is."),
        "evaluate": ("namegen.cli.evaluate:evaluate", "Measure how well a model predicts a list."),
        "ceiling": (
            "namegen.cli.evaluate:ceiling",
            "Show the best result that any model can reach.",
        ),
        "describe": (
            "namegen.cli.describe:describe",
            "Show statistics of a list of names.",
        ),
        "compare-backends": (
            "namegen.cli.compare:compare_backends",
            "Compare the backends in accuracy and speed.",
        ),
    },
    "Export and data": {
        "export-tflite": (
            "namegen.cli.export:export_tflite",
            "Write a model as a .tflite file, for phones.",
        ),
        "export-keras": (
            "namegen.cli.export:export_keras",
            "Write a model as a .keras file, for Keras.",
        ),
        "export-vocabulary": (
            "namegen.cli.export:export_vocabulary",
            "Write a model's characters as JSON.",
        ),
        "export-web": (
            "namegen.cli.export:export_web",
            "Write models as a web page or JavaScript.",
        ),
        "lists": ("namegen.cli.built_in:lists", "List the built-in lists of names."),
        "models": (
            "namegen.cli.built_in:models",
            "List the built-in models and their labels.",
        ),
    },
}
COMMANDS: dict[str, tuple[str, str]] = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}
EXAMPLES = {  # command line → what it does
    "namegen people": "invent 25 people",
    "namegen train friends.txt": "learn from a list, one name per line",
    "namegen COMMAND --help": "show the options of a command",
}


class LazyGroup(click.Group):
    """A group that imports a command only when it's needed, and turns expected errors into exit codes."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command, or return None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        location, _ = COMMANDS[cmd_name]
        module, _, attribute = location.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        is_completion = ctx.resilient_parsing
        if is_completion:
            from namegen.cli.completion import complete_names

            complete_names(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete options and commands. It doesn't import the commands."""
        from click.shell_completion import CompletionItem

        items = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. If there is no such command, suggest what the user probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from namegen.models import SHIPPED

            if name in SHIPPED:
                ctx.fail(f"{name} is a model, not a command: run `namegen generate {name}`.")
            if is_file(name, None):
                ctx.fail(f"{name} is a file, not a command: run `namegen train {name}`.")
            raise click.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands in groups, followed by the examples."""
        width = max(map(len, EXAMPLES))
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [(f"{name:{width}}", text) for name, (_, text) in commands.items()]
                )
        with formatter.section("Examples"):
            formatter.write_dl(list(EXAMPLES.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the options before the command, and find out whether the terminal can show bold text."""
        if os.environ.get("TERM") == "dumb" or os.environ.get("NO_COLOR"):
            extra["color"] = False
        with short_usage_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Print a NamegenError as one line, and exit quietly if the output is closed."""
        try:
            with short_usage_errors():
                result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except NamegenError as error:
            # Results that are still in the buffer of standard output come before the message.
            try:
                sys.stdout.flush()
            except OSError:
                silence_standard_output()
            message = error.message_with(option_name)
            click.echo(error_line(message, multiline=isinstance(error, SettingsError)), err=True)
            raise click.exceptions.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(exit_code(error)) from None
        except OSError as error:
            raise click.exceptions.Exit(output_ended(error)) from None


@contextmanager
def short_usage_errors() -> Iterator[None]:
    """Turn click's usage errors into one line. They may contain a whole argument, even if it's long or unsafe."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # its message is the whole help
        raise
    except click.UsageError as error:
        line = printable(" ".join(error.format_message().split()))
        raise click.UsageError(shortened(line, MAX_MESSAGE - len("Error: ")), error.ctx) from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@version
def cli() -> None:
    """Invent names, with a neural network that learns from a list of names."""


def main() -> None:
    """Run the command line and exit.

    The exit code is 0 after success, 1 after a NamegenError, and 2 after wrong usage. It's 130 after Ctrl-C, 143 after
    TERM, and 129 after HUP.
    """
    try:
        prepare_streams()
        handle_end_signals()
        cli(prog_name="namegen")
    except KeyboardInterrupt as error:
        sys.exit(exit_code(error))
    except OSError as error:  # raised by --version and --help, which don't run a command
        sys.exit(output_ended(error))

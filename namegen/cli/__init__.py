"""The command line: a command parses, calls one function below, prints.

``namegen --help`` reads the table below and nothing else; a command's module is loaded when the command is asked for.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING

import click

from namegen import __version__
from namegen.cli.ending import end_as_by_ctrl_c, exit_code, flush, output_ended, prepare_streams
from namegen.cli.terminal import Context, error_line, option_name, printable
from namegen.errors import MAX_MESSAGE, NamegenError, SettingsError, nearest, shortened

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# heading → command → (module:attribute, what it does)
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Train and generate": {
        "train": ("namegen.cli.train:train", "Learn from a list of names."),
        "generate": ("namegen.cli.generate:generate", "Invent new names."),
        "people": (
            "namegen.cli.people:people",
            "Invent people: given and family name of one origin.",
        ),
        "players": ("namegen.cli.people:players", "Invent baseball players: first and last name."),
        "companies": ("namegen.cli.people:companies", "Invent names of companies."),
        "places": ("namegen.cli.people:places", "Invent names of places, as in a country."),
        "pseudonymize": (
            "namegen.cli.pseudonymize:pseudonymize",
            "Put pseudonyms in place of the names in a table.",
        ),
    },
    "Measure": {
        "score": ("namegen.cli.score:score", "Say how likely a name is, letter by letter."),
        "evaluate": ("namegen.cli.evaluate:evaluate", "Measure how well a model predicts a list."),
        "ceiling": (
            "namegen.cli.evaluate:ceiling",
            "Show the best that any model can do on a list.",
        ),
        "describe": (
            "namegen.cli.describe:describe",
            "Show lengths, letters and repeats of a list.",
        ),
        "compare-backends": (
            "namegen.cli.compare:compare_backends",
            "Compare the backends in accuracy and speed.",
        ),
        "sweep": ("namegen.cli.sweep:sweep", "Train with a grid of settings, and compare."),
    },
    "Export": {
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
            "Write the characters of a model as JSON.",
        ),
        "export-web": (
            "namegen.cli.export:export_web",
            "Write models as a web page or JavaScript module.",
        ),
    },
    "Look around": {
        "lists": ("namegen.cli.describe:lists", "Show the lists of names that come with namegen."),
        "models": (
            "namegen.cli.describe:models",
            "Show the trained models that come with namegen.",
        ),
        "configs": (
            "namegen.cli.describe:configs",
            "Show the settings files that come with namegen.",
        ),
    },
}
COMMANDS: dict[str, tuple[str, str]] = {
    name: entry for section in SECTIONS.values() for name, entry in section.items()
}
EXAMPLES = {  # command line → what it does
    "namegen generate": "print 20 new first names",
    "namegen train friends.txt": "learn from a list, one name per line",
    "namegen COMMAND --help": "show the options of a command",
}
SYNONYMS = {"--engine": "--backend"}  # an option that somebody may look for → what it is called


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time, and which turns every expected failure into an exit code."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        command.context_class = Context
        if ctx.resilient_parsing:  # a shell completes
            from namegen.cli.completion import complete_names

            complete_names(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell completes here: the commands of the table, without loading them, and the options."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(one, help=text)
            for one, (_, text) in COMMANDS.items()
            if one.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name; refuse a text that another would replace."""
        if (
            args
            and args[0] not in COMMANDS
            and not args[0].startswith("-")
            and not ctx.resilient_parsing
        ):
            near = nearest(args[0], COMMANDS)
            hint = f"did you mean {near}?" if near else f"expected one of {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {args[0][:40]!r}: {hint}")
        name, command, rest = super().resolve_command(ctx, args)
        if command and not ctx.resilient_parsing:
            _refuse_repeats(Context(command, ctx, name), rest)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, under its headings."""
        for heading, commands in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(13), text) for name, (_, text) in commands.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """How to begin."""
        with formatter.section("Examples"):
            formatter.write_dl(list(EXAMPLES.items()))

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: object,
    ) -> click.Context:
        """The arguments before the command, read; wrong ones are told in short."""
        with _told_in_short():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; say named errors in one line; end quietly where nobody reads on."""
        try:
            with _told_in_short():
                result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except NamegenError as error:
            flush(sys.stdout)  # what was found comes before what went wrong
            click.echo(
                error_line(error.told(option_name), lines=isinstance(error, SettingsError)),
                err=True,
            )
            raise click.exceptions.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(exit_code(error)) from None
        except OSError as error:
            raise click.exceptions.Exit(output_ended(error)) from None


def _refuse_repeats(ctx: click.Context, args: Iterable[str]) -> None:
    """Raise UsageError for an option of one text that is given several: click would forget all but the last.

    Of numbers, a second one may be meant to replace the first.
    """
    order: list[click.Parameter] = []
    with suppress(click.UsageError):  # what else is wrong, the command says
        order = ctx.command.make_parser(ctx).parse_args([*args])[2]
    once = [one for one in order if one.type is click.STRING and not one.multiple]
    for one, times in Counter(once).items() if not any(asked.is_eager for asked in order) else ():
        if times > 1:
            ctx.fail(f"{one.opts[0]} is given {times} times: give it once")


@contextmanager
def _told_in_short() -> Iterator[None]:
    """While it lasts, what click says of an argument is no longer than any other message, however long that is."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # no command: the whole help is what is said
        raise
    except click.UsageError as error:
        told = " ".join(error.format_message().split())  # click has a line for each choice
        if isinstance(error, click.NoSuchOption) and error.ctx is not None:
            told = _no_such_option(error.option_name, error.ctx.command.get_params(error.ctx))
        raise click.UsageError(
            shortened(printable(told), MAX_MESSAGE - len("Error: ")), error.ctx
        ) from error


def _no_such_option(name: str, parameters: Iterable[click.Parameter]) -> str:
    """The option that was probably meant: click itself suggests some that mean something else, --given for --gender."""
    known = {flag: one for one in parameters for flag in (*one.opts, *one.secondary_opts)}
    meant = (
        SYNONYMS.get(name)
        if SYNONYMS.get(name) in known
        else nearest(name, known)
        if len(name) > 2
        else None
    )
    if isinstance(known.get(name[2:], known.get(f"{name[2:]}s")), click.Argument):
        return f"No such option {name!r}: give {name[2:].upper()} without it."
    return f"No such option {name!r}." + (f" Did you mean {meant!r}?" if meant else "")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help", "--help-all"]})
@click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s")
def cli() -> None:
    """Learn from a list of names, and invent new ones."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 a named error, 2 wrong usage, 130 after Ctrl-C, 143 after the signal
    TERM, 129 after HUP.
    """
    try:
        prepare_streams()
        end_as_by_ctrl_c()
        cli(prog_name="namegen")
    except KeyboardInterrupt as error:
        sys.exit(exit_code(error))
    except OSError as error:  # of --version and --help, which run before any command
        sys.exit(output_ended(error))

"""The command line: a command parses, calls one function below, prints.

``namegen --help`` reads the table below and nothing else; a command's module is loaded when the command is asked for.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from namegen import __version__
from namegen.cli.help import WIDTH, HelpContext
from namegen.cli.signals import end_as_by_ctrl_c, exit_code
from namegen.cli.terminal import error_line, option_name, printable
from namegen.errors import NamegenError, SettingsError, nearest, shortened

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# heading → command → (module:attribute, what it does)
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Train and generate": {
        "train": ("namegen.cli.train:train", "Learn from a list of names."),
        "teach": ("namegen.cli.teach:teach", "Let several models teach one network."),
        "generate": ("namegen.cli.generate:generate", "Invent new names."),
        "people": ("namegen.cli.people:people", "Invent people: given and family name of one origin."),
        "players": ("namegen.cli.players:players", "Invent baseball players: first and last name."),
        "companies": ("namegen.cli.players:companies", "Invent names of companies."),
    },
    "Measure": {
        "score": ("namegen.cli.score:score", "Say how likely a name is, letter by letter."),
        "evaluate": ("namegen.cli.evaluate:evaluate", "Measure how well a model predicts a list."),
        "ceiling": ("namegen.cli.evaluate:ceiling", "Show the best that any model can do on a list."),
        "describe": ("namegen.cli.describe:describe", "Show lengths, letters and repeats of a list."),
        "compare-backends": ("namegen.cli.compare:compare_backends", "Compare the engines in accuracy and speed."),
        "sweep": ("namegen.cli.sweep:sweep", "Train with a grid of settings, and compare."),
        "report": ("namegen.cli.report:report", "Join comparisons and sweeps into one report."),
    },
    "Export": {
        "export-tflite": ("namegen.cli.export:export_tflite", "Write a model as a .tflite file, for phones."),
        "export-keras": ("namegen.cli.export:export_keras", "Write a model as a .keras file, for Keras."),
        "export-vocabulary": ("namegen.cli.export:export_vocabulary", "Write the characters of a model as JSON."),
        "export-web": ("namegen.cli.export_web:export_web", "Write models as a web page or JavaScript module."),
    },
    "Look around": {
        "lists": ("namegen.cli.catalogue:lists", "Show the lists of names that come with namegen."),
        "models": ("namegen.cli.catalogue:models", "Show the trained models that come with namegen."),
        "configs": ("namegen.cli.catalogue:configs", "Show the settings files that come with namegen."),
        "fetch": ("namegen.cli.fetch:fetch", "Download a new list from its public source."),
    },
}
COMMANDS: dict[str, tuple[str, str]] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}
EXAMPLES = {  # command line → what it does
    "namegen generate": "print 20 new first names",
    "namegen train friends.txt": "learn from a list, one name per line",
    "namegen COMMAND --help": "show all options of a command",
}
SYNONYMS = {"--engine": "--backend"}  # an option that somebody may look for → what it is called
# What can end standard output in the midst of a result → what is said of it; of a pipe whose reader has left, nothing.
OUTPUT_ENDS = {
    errno.EPIPE: "nobody reads it",
    errno.ENOSPC: "no space is left; free some space",
    errno.EFBIG: "the file would be too large; write to another place",
    errno.EIO: "the device reports an error; write to another place",
    errno.EBADF: "it is not open for writing; redirect it to a file",
}


class LazyGroup(click.Group):
    """A group whose commands are imported one at a time, and which turns every expected failure into an exit code."""

    context_class = HelpContext

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        command.context_class = HelpContext
        if ctx.resilient_parsing:  # a shell completes
            from namegen.cli.completion import complete_names

            complete_names(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a shell completes here: the commands of the table, without loading them, and the options."""
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = nearest(args[0], COMMANDS)
            hint = f"did you mean {near}?" if near else f"expected one of {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {args[0][:40]!r}: {hint}")
        return super().resolve_command(ctx, args)

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
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
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
            _flush(sys.stdout)  # what was found comes before what went wrong
            click.echo(error_line(error.told(option_name), lines=isinstance(error, SettingsError)), err=True)
            raise click.exceptions.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            raise click.exceptions.Exit(exit_code(error)) from None
        except OSError as error:
            raise click.exceptions.Exit(_output_ended(error)) from None


@contextmanager
def _told_in_short() -> Iterator[None]:
    """While it lasts, what click says of an argument is no longer than any other message, however long that is."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:  # no command: the whole help is what is said
        raise
    except click.UsageError as error:
        if isinstance(error, click.NoSuchOption) and error.ctx is not None:
            meant = SYNONYMS.get(error.option_name)
            if any(meant in parameter.opts for parameter in error.ctx.command.params):
                told = f"No such option {error.option_name!r}. Did you mean {meant!r}?"
                raise click.NoSuchOption(error.option_name, told, ctx=error.ctx) from error
        told = error.format_message()
        short = shortened(printable(told))
        if short == told:
            raise
        raise click.UsageError(short, error.ctx) from error


def _output_ended(error: OSError) -> int:
    """The exit code where standard output takes no more; any other error goes on."""
    if error.errno not in OUTPUT_ENDS or error.filename is not None:
        raise error
    silence_standard_output()
    if error.errno == errno.EPIPE:
        return 0
    click.echo(error_line(f"cannot write to standard output: {OUTPUT_ENDS[error.errno]}"), err=True)
    return 1


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except OSError:
        silence_standard_output()


def silence_standard_output() -> None:
    """Let the interpreter flush its buffers at exit into nowhere, as the Python manual has it for SIGPIPE."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file
        return
    _lead_nowhere(descriptor)


def _lead_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


class _Unfailing(io.FileIO):
    """Standard error that loses what it cannot write: no training ends because a log is full."""

    def write(self, data: Any) -> int:
        """As much as goes."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


def _prepare_streams() -> None:
    """Make the two outputs such that any text can be written to them: one that is closed leads nowhere."""
    stream: Any
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            try:
                os.fstat(descriptor)
            except OSError:
                _lead_nowhere(descriptor)
                stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            else:  # some other file has taken its number
                stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character shows its code instead
            stream.reconfigure(errors="backslashreplace")
    try:
        if os.name == "posix" or not sys.stderr.isatty():  # a terminal may close in the midst of a training
            raw = _Unfailing(sys.stderr.fileno(), "w", closefd=False)
            sys.stderr = io.TextIOWrapper(
                io.BufferedWriter(raw), sys.stderr.encoding, "backslashreplace", line_buffering=True
            )
    except (OSError, ValueError):  # not a file: a stream of a program's own
        pass


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDTH},
)
@click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s")
def cli() -> None:
    """Learn from a list of names, and invent new ones."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 a named error, 2 wrong usage, 130 after Ctrl-C, 143 after the signal
    TERM, 129 after HUP.
    """
    _prepare_streams()
    end_as_by_ctrl_c()
    try:
        cli(prog_name="namegen")
    except KeyboardInterrupt as error:
        sys.exit(exit_code(error))
    except OSError as error:  # of --version and --help, which run before any command
        sys.exit(_output_ended(error))

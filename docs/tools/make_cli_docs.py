"""Write ``docs/reference/cli.md`` from the help of all commands. With ``--check``, compare it with the file.

If several commands have the same option, the first one explains it and the others only name it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import click
from options import is_check_requested, write_or_check

from namegen import backends
from namegen.cli import SECTIONS, cli
from namegen.cli.options import HelpfulCommand

TARGET = Path(__file__).parents[1] / "reference" / "cli.md"
HEAD = """\
# Command line

`namegen` lists all commands, and `namegen COMMAND --help` explains one. This page contains the same texts. If several
commands have the same option, the first one explains it. `make docs` generates the page.

namegen prints results to standard output, and progress and warnings to standard error.

| exit code | meaning |
| ---: | --- |
| 0 | success |
| 1 | an error, with a message |
| 2 | wrong usage |
| 130, 143, 129 | stopped by Ctrl-C, TERM or HUP, after the state was saved |

If you repeat an option that takes a number, the last value counts. You can pass other options only once, unless their
help says that you can repeat them.

To complete commands, options and the names of lists and models with the Tab key, add one line to your shell's settings:

- bash, in `~/.bashrc`: `eval "$(_NAMEGEN_COMPLETE=bash_source namegen)"`
- zsh, in `~/.zshrc`: `eval "$(_NAMEGEN_COMPLETE=zsh_source namegen)"`
- fish, in `~/.config/fish/completions/namegen.fish`: `_NAMEGEN_COMPLETE=fish_source namegen | source`
"""
COMMON_OPTIONS = """\
Every command has these options and `--help`. If a command has many options, `--help` shows the most common ones and
`--help-all` shows all.
"""
HELP_OPTIONS = {"--help", "--help-all"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
SPECIAL_CHARACTERS = re.compile(r"[*<\\]")  # they have a meaning in Markdown


class OptionHelp(NamedTuple):
    """An option as the help of a command shows it."""

    usage: str  # such as "--seed N"
    description: str

    def to_markdown(self) -> str:
        """Write the option as a list item."""
        return to_markdown(f"- `{self.usage}`: {self.description}", indent="  ")


# --- the page ---------------------------------------------------------------------------------------------------------


def cli_page() -> str:
    """Write the whole page."""
    contexts = command_contexts()
    common = common_options(contexts.values())
    common_items = [option.to_markdown() for option in common]
    parts = [HEAD, COMMON_OPTIONS, "".join(common_items)]
    # Maps each option to the command whose section explains it. The start of the page explains common options.
    explained = dict.fromkeys(common, "")
    for heading, commands in SECTIONS.items():
        parts.append(f"## {heading}\n")
        for name in commands:
            context = contexts[name]
            parts.append(command_section(context, explained))
            for option in command_options(context):
                explained.setdefault(option, name)
    return "\n".join(parts)


def command_contexts() -> dict[str, click.Context]:
    """Return click's context of each command, in the order of the page."""
    root = click.Context(cli, info_name="namegen", **cli.context_settings)
    backends.engine_paths = lambda: backends.ENGINES  # ignores the backends of other packages
    contexts = {}
    for commands in SECTIONS.values():
        for name in commands:
            command = cli.get_command(root, name)
            assert command is not None, f"{name} is listed, but not defined"
            contexts[name] = click.Context(command, parent=root, info_name=name)
    return contexts


def common_options(contexts: Iterable[click.Context]) -> list[OptionHelp]:
    """Return the options that all commands have."""
    options_of_commands = [command_options(context) for context in contexts]
    common = set.intersection(*[set(options) for options in options_of_commands])
    return [option for option in options_of_commands[0] if option in common]


def command_options(context: click.Context) -> list[OptionHelp]:
    """Return the options of a command, as its page shows them.

    If the short help combines several options in one line, such as ``--given-…``, this line replaces the options.
    """
    options = single_options(context)
    command = context.command
    assert isinstance(command, HelpfulCommand)
    groups = [OptionHelp(*record) for record in command.others]
    prefixes = tuple(group.usage.removesuffix("…") for group in groups)
    ungrouped = [option for option in options if not option.usage.startswith(prefixes)]
    return [*ungrouped, *groups]


def single_options(context: click.Context) -> list[OptionHelp]:
    """Return all visible options of a command except for the help options."""
    options = []
    for parameter in context.command.get_params(context):
        if isinstance(parameter, click.Option) and HELP_OPTIONS.isdisjoint(parameter.opts):
            record = parameter.get_help_record(context)
            if record is not None:
                options.append(OptionHelp(*record))
    return options


# --- the section of a command -----------------------------------------------------------------------------------------


def command_section(context: click.Context, explained: Mapping[OptionHelp, str]) -> str:
    """Write the section of a command.

    Args:
        context: the context of the command.
        explained: the options that earlier sections explain, and the command of each such section.
    """
    command = context.command
    options = command_options(context)
    parts = [f"### `{command_usage(context)}`\n"]
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        parts.append(to_markdown(paragraph))
    items = [option.to_markdown() for option in options if option not in explained]
    items += shared_option_items(options, explained)
    items += example_items(command)
    parts.append("".join(items))
    return "\n".join(parts)


def command_usage(context: click.Context) -> str:
    """Return a command with its arguments, such as ``namegen score [MODEL]``."""
    pieces = context.command.collect_usage_pieces(context)
    arguments = [piece for piece in pieces if piece != "[OPTIONS]"]
    return " ".join(["namegen", str(context.info_name), *arguments])


def shared_option_items(
    options: Sequence[OptionHelp], explained: Mapping[OptionHelp, str]
) -> list[str]:
    """Name the options of a command that earlier sections explain, in one list item for each of these sections."""
    other_commands = dict.fromkeys(explained.get(option) for option in options)
    items = []
    for other_command in other_commands:
        if (
            other_command
        ):  # None if no section explains the option yet, and "" for the start of the page
            other_options = [option for option in explained if explained[option] == other_command]
            names = name_shared_options(options, other_options)
            items.append(to_markdown(f"- As in `{other_command}`: {names}", indent="  "))
    return items


def name_shared_options(options: Sequence[OptionHelp], other_options: Sequence[OptionHelp]) -> str:
    """List the options that two commands share, or if these are fewer, the options that only the other one has."""
    shared = [option for option in other_options if option in options]
    missing = [option for option in other_options if option not in options]
    if len(missing) < len(shared):
        return f"all but {format_names(missing)}"
    return format_names(shared)


def format_names(options: Sequence[OptionHelp]) -> str:
    """List the names of options as code, without their values."""
    names = [option.usage.partition(" ")[0] for option in options]
    return ", ".join(f"`{name}`" for name in names)


def example_items(command: click.Command) -> list[str]:
    """Return the examples in the epilog of a command as list items. They are its indented lines."""
    lines = (command.epilog or "").splitlines()
    examples = [line.strip() for line in lines if line.startswith("  ")]
    return [f"- Example: `{example}`\n" for example in examples]


# --- Markdown ---------------------------------------------------------------------------------------------------------


def to_markdown(text: str, indent: str = "") -> str:
    """Format and wrap a paragraph or a list item."""
    parts = []
    is_code = False  # text and code alternate, separated by backticks
    for part in " ".join(text.split()).split("`"):
        parts.append(part if is_code else format_words(part))
        is_code = not is_code
    markdown = "`".join(parts)
    wrapped = fill(
        markdown, 120, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
    return f"{wrapped}\n"


def format_words(text: str) -> str:
    r"""Escape special characters, and format options as code. In the replacements, ``\g<0>`` is the match."""
    escaped = SPECIAL_CHARACTERS.sub(r"\\\g<0>", text)
    return OPTION.sub(r"`\g<0>`", escaped)


def main(arguments: list[str]) -> None:
    """Write the file, or compare it."""
    check = is_check_requested(__doc__, arguments)
    write_or_check({TARGET: cli_page()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Write ``docs/reference/cli.md`` from the help of all commands. With ``--check``, compare it with the file.

If several commands have the same option, the first one explains it and the others only name it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import click
from options import is_check_requested, write_or_check

from namegen import backends
from namegen.cli import SECTIONS, cli
from namegen.cli.commands import HelpfulCommand

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


def cli_page() -> str:
    """Write the whole page."""
    contexts = command_contexts()
    options_of = {name: command_options(context) for name, context in contexts.items()}
    common = set.intersection(*map(set, options_of.values()))  # the start of the page explains them
    first_options, *_ = options_of.values()
    common_items = [option_item(option) for option in first_options if option in common]
    parts = [HEAD, COMMON_OPTIONS, "".join(common_items)]
    explained: dict[OptionHelp, str] = {}  # each option, and the command whose section explains it
    for heading, commands in SECTIONS.items():
        parts.append(f"## {heading}\n")
        for name in commands:
            options = [option for option in options_of[name] if option not in common]
            parts.append(command_section(contexts[name], options, explained))
            for option in options:
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


def command_options(context: click.Context) -> list[OptionHelp]:
    """Return the visible options of a command, except for the help options.

    If the short help combines several options in one line, such as ``--given-…``, this line replaces the options.
    """
    command = context.command
    assert isinstance(command, HelpfulCommand)
    groups = [OptionHelp(*record) for record in command.others]
    prefixes = tuple(group.usage.removesuffix("…") for group in groups)
    options = []
    for option, record in command.option_records(context).items():
        help_of_option = OptionHelp(*record)
        if HELP_OPTIONS.isdisjoint(option.opts) and not help_of_option.usage.startswith(prefixes):
            options.append(help_of_option)
    return [*options, *groups]


def command_section(
    context: click.Context, options: Sequence[OptionHelp], explained: Mapping[OptionHelp, str]
) -> str:
    """Write the section of a command.

    Args:
        context: the context of the command.
        options: the options of the command, except for those that all commands have.
        explained: the options that earlier sections explain, and the command of each such section.
    """
    command = context.command
    arguments = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    usage = " ".join(["namegen", str(context.info_name), *arguments])
    parts = [f"### `{usage}`\n"]
    for paragraph in re.split(r"\n\s*\n", (command.help or "").strip()):
        parts.append(to_markdown(paragraph))

    items = [option_item(option) for option in options if option not in explained]
    # Name the other options in one list item for each section that explains some of them. If most of the options there
    # apply, name those that don't.
    for other_command in dict.fromkeys(explained[each] for each in options if each in explained):
        other_options = [each for each in explained if explained[each] == other_command]
        shared = [each for each in other_options if each in options]
        missing = [each for each in other_options if each not in options]
        named = missing if len(missing) < len(shared) else shared
        names = ", ".join(f"`{option.usage.partition(' ')[0]}`" for option in named)
        prefix = "all but " if named is missing else ""
        items.append(to_markdown(f"- As in `{other_command}`: {prefix}{names}", indent="  "))
    for line in (command.epilog or "").splitlines():
        if line.startswith("  "):  # an example
            items.append(f"- Example: `{line.strip()}`\n")
    return "\n".join([*parts, "".join(items)])


# --- Markdown ---------------------------------------------------------------------------------------------------------


def option_item(option: OptionHelp) -> str:
    """Write an option as a list item."""
    return to_markdown(f"- `{option.usage}`: {option.description}", indent="  ")


def to_markdown(text: str, indent: str = "") -> str:
    """Format and wrap a paragraph or a list item: escape special characters, and format options as code."""
    parts = " ".join(text.split()).split("`")
    for index in range(0, len(parts), 2):  # text and code alternate, separated by backticks
        escaped = SPECIAL_CHARACTERS.sub(r"\\\g<0>", parts[index])  # \g<0> is the match
        parts[index] = OPTION.sub(r"`\g<0>`", escaped)
    wrapped = fill(
        "`".join(parts),
        120,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return f"{wrapped}\n"


def main(arguments: list[str]) -> None:
    """Write the file, or compare it."""
    check = is_check_requested(__doc__, arguments)
    write_or_check({TARGET: cli_page()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])

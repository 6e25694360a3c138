"""Write ``docs/use/cli.md`` from what ``namegen COMMAND --help`` says; with ``--check`` only say whether it is that."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from options import check_asked, write_or_check

from namegen.cli import SECTIONS, cli
from namegen.cli.options import ALL_OPTIONS, OUR_ENGINES_ALONE

TARGET = Path(__file__).parents[1] / "use" / "cli.md"
WIDTH = 78  # as in a terminal of 80 columns
HEAD = """\
# The command line

This file is made from the program's own help (`make docs`): change the help, not this file.

Results go to standard output, progress and remarks to standard error. Exit codes: 0 done, 1 an error in one sentence,
2 wrong usage, 130 after Ctrl-C (143 after the signal TERM, 129 after HUP), with the state saved.

For a shell that completes commands, options, and the names of lists and models at a Tab, one line in its settings:

- bash, in `~/.bashrc`: `eval "$(_NAMEGEN_COMPLETE=bash_source namegen)"`
- zsh, in `~/.zshrc`: `eval "$(_NAMEGEN_COMPLETE=zsh_source namegen)"`
- fish, in `~/.config/fish/completions/namegen.fish`: `_NAMEGEN_COMPLETE=fish_source namegen | source`
"""


def document() -> str:
    """The whole text."""
    settings = {**cli.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    root = click.Context(cli, info_name="namegen", **settings)
    root.meta[OUR_ENGINES_ALONE] = True  # whatever is installed beside
    root.meta[ALL_OPTIONS] = True
    parts = [HEAD, _block("", cli.get_help(root))]
    for heading, commands in SECTIONS.items():
        parts.append(f"## {heading}\n")
        for name in commands:
            command = cli.get_command(root, name)
            if command is None:
                raise SystemExit(f"the command {name} is in the table of namegen/cli and nowhere else")
            context = click.Context(command, parent=root, info_name=name)
            parts.append(_block(f"### namegen {name}\n\n", command.get_help(context)))
    return "\n".join(parts)


def _block(heading: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"{heading}```text\n{lines}\n```\n"


def main(arguments: list[str]) -> None:
    """Write the file, or compare it."""
    check = check_asked(__doc__, arguments)
    write_or_check({TARGET: document()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])

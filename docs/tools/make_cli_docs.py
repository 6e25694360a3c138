"""Write ``docs/reference/cli.md`` from the help of all commands. With ``--check``, compare it with the file.

If several commands have the same option, the first one explains it and the others only name it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from textwrap import wrap

import click
from options import check_asked, write_or_check

from namegen.cli import SECTIONS, cli
from namegen.cli.options import OUR_ENGINES_ALONE, ShortHelp

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
EVERYWHERE = """\
Every command has these options and `--help`. If a command has many options, `--help` shows the most common ones and
`--help-all` shows all.
"""
HELP = {"--help", "--help-all"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
MARKS = re.compile(r"[*<\\]")  # which Markdown would read as more than a character
Record = tuple[str, str]  # how an option is written, and what it means


def document() -> str:
    """Write the whole page."""
    root = click.Context(cli, info_name="namegen", **cli.context_settings)
    root.meta[OUR_ENGINES_ALONE] = True  # ignoring other packages
    contexts = {name: _context(root, name) for commands in SECTIONS.values() for name in commands}
    everywhere = set.intersection(*(set(_options(context)) for context in contexts.values()))
    parts = [HEAD, EVERYWHERE]
    parts.append(
        "".join(_item(*record) for record in _options(contexts["models"]) if record in everywhere)
    )
    explained = dict.fromkeys(everywhere, "")
    for heading, commands in SECTIONS.items():
        parts += [f"## {heading}\n", *(_command(contexts[name], explained) for name in commands)]
    return "\n".join(parts)


def _context(root: click.Context, name: str) -> click.Context:
    command = cli.get_command(root, name)
    if command is None:
        raise SystemExit(f"the command {name} is in the table of namegen/cli and nowhere else")
    return click.Context(command, parent=root, info_name=name)


def _options(context: click.Context) -> list[Record]:
    """A command's options but those for help; those that the short help has in one line stand in that line."""
    command = context.command
    alike = command.others if isinstance(command, ShortHelp) else ()
    starts = tuple(names.removesuffix("…") for names, _ in alike)
    options = [
        one
        for one in command.get_params(context)
        if isinstance(one, click.Option) and not HELP & {*one.opts}
    ]
    found = [record for one in options if (record := one.get_help_record(context))]
    return [*(record for record in found if not (starts and record[0].startswith(starts))), *alike]


def _command(context: click.Context, explained: dict[Record, str]) -> str:
    """The part of one command; what it explains is added to what is explained already: option -> command."""
    command, name = context.command, str(context.info_name)
    options = _options(context)
    own = [record for record in options if record not in explained]
    usage = (piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
    parts = [f"### `{' '.join(('namegen', name, *usage))}`\n"]
    parts += [
        _wrapped(paragraph) for paragraph in re.split(r"\n\s*\n", (command.help or "").strip())
    ]
    items = [_item(*record) for record in own]
    for other in dict.fromkeys(filter(None, (explained.get(record) for record in options))):
        theirs = [record for record, command in explained.items() if command == other]
        shared, lacking = (
            [one for one in theirs if (one in options) is has] for has in (True, False)
        )
        few, but = (lacking, "all but ") if len(lacking) < len(shared) else (shared, "")
        named = ", ".join(f"`{option.partition(' ')[0]}`" for option, _ in few)
        items.append(_wrapped(f"- As in `{other}`: {but}{named}", "  "))
    examples = (
        line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")
    )
    items += [f"- Example: `{example}`\n" for example in examples]
    explained |= dict.fromkeys(own, name)
    return "\n".join((*parts, "".join(items)))


def _item(option: str, meaning: str) -> str:
    return _wrapped(f"- `{option}`: {meaning}", "  ")


def _wrapped(text: str, indent: str = "") -> str:
    """A paragraph or an item of a list, as Markdown."""
    pieces = " ".join(text.split()).split("`")
    pieces[::2] = [OPTION.sub(r"`\g<0>`", MARKS.sub(r"\\\g<0>", piece)) for piece in pieces[::2]]
    lines = wrap(
        "`".join(pieces),
        120,
        subsequent_indent=indent,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Write the file, or compare it."""
    check = check_asked(__doc__, arguments)
    write_or_check({TARGET: document()}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Write ``configs/default.toml`` from the settings' own descriptions (``--check``: is it that?)."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import fill

from options import check_asked, write_or_check

from namegen.backends import ENGINES
from namegen.core.settings import About
from namegen.errors import NamegenError
from namegen.settings_toml import TABLES, Config, write_config

TARGET = Path(__file__).parents[2] / "configs" / "default.toml"
HEAD = """\
# The default training, written out: `namegen train` without a config does the same.
#
# This file is made from the descriptions of the settings (`make docs`): change those, not this file.
# A line such as `# epochs: chosen for the list` is a setting without a value of its own, and what happens then.
"""
LIST = "The names to learn from: a bundled list, a file of names, or - for standard input."


def document() -> str:
    """The whole text: each line of ``write_config`` below what its setting does."""
    lines, kind = [HEAD], Config
    for line in write_config(Config()).splitlines():
        name = line.removeprefix("# ").partition(" ")[0]
        if line.startswith("["):
            kind = TABLES[line.strip("[]")]
            lines.append(line)
        elif line:
            about = About.of(kind, name)
            text = str(NamegenError(about.help or LIST)).replace("{}", " or ".join(ENGINES))
            text += f" Value: {about.expected}." if about.expected else ""
            lines.append(
                fill(text, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
            )
            if line.startswith("#"):
                line = fill(
                    str(NamegenError(f"# {name}: {about.default or 'none'}")),
                    100,
                    subsequent_indent="#     ",
                )
            lines.append(f"{line}\n")
    return "\n".join(lines)


def main() -> None:
    """Write it, or check it."""
    write_or_check({TARGET: document()}, check=check_asked(__doc__, sys.argv[1:]))


if __name__ == "__main__":
    main()

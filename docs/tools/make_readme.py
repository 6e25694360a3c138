"""Run the commands that the README and the site's front page show, and put their output below them (`make docs`).

A block that begins with ``$ namegen …`` is run and written anew. The names are those of fixed seeds; on
another machine a rounding may turn out another way, so `make check` does not compare them.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "index.md")
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)


def run(block: re.Match[str]) -> str:
    """The same commands with what they print now."""
    lines = []
    for line in block[1].splitlines():
        if line.startswith("$ namegen "):
            arguments = [sys.executable, "-m", *shlex.split(line.removeprefix("$ "))]
            environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}
            done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, env=environment)
            lines += [line, *(text.rstrip() for text in done.stdout.splitlines()), ""]
    return "```console\n" + "\n".join(lines).rstrip() + "\n```\n"


def main() -> None:
    """Write both with every block run."""
    for path in DOCUMENTS:
        path.write_text(BLOCK.sub(run, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

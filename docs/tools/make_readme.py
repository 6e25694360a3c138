"""Update the parts of the README and of some pages that commands produce.

- A block of ``$ namegen …`` commands with their output is run again. The seeds are fixed, but on another machine a
  rounding may differ, so ``--check`` doesn't compare the output.
- ``docs/terminal.svg`` is a picture of a terminal, from a real run.
- The table between ``<!-- results -->`` and ``<!-- end of results -->`` comes from the stored results of ``make
  blind``, ``make quality`` and ``make bench``. ``--check`` compares it.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from statistics import median

from options import is_check_requested, write_or_check
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the package benchmarks isn't installed

from benchmarks import blind  # noqa: E402
from benchmarks.document import Comparison, Performance  # noqa: E402
from benchmarks.pages import read, table  # noqa: E402
from benchmarks.quality_page import DEFAULT, Quality  # noqa: E402

README = ROOT / "README.md"
PAGES = (
    "index.md",
    "start/quickstart.md",
    "guides/generate.md",
    "guides/people.md",
    "guides/labels.md",
    "concepts/metrics.md",
)
DOCUMENTS = (README, *(ROOT / "docs" / page for page in PAGES))
PICTURE = ROOT / "docs" / "terminal.svg"
PICTURE_COMMANDS = (
    "namegen people -n 4 --seed 4",
    "namegen companies -n 3 --seed 14",
    "namegen generate taverns -n 4 --seed 3",
)
RESULTS = ROOT / "docs" / "results"
CONSOLE_BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"^\$ (namegen .*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
RESULTS_TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->\n)", re.DOTALL)
# Rich's SVG loads its font from another server.
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}(?=\s)", re.DOTALL)


# --- the output of commands -------------------------------------------------------------------------------------------


def find_commands(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block with their output, or nothing if no command has output."""
    commands = [(command, output.strip("\n")) for command, output in COMMAND.findall(block)]
    has_output = any(output for _, output in commands)
    return commands if has_output else []


def run_command(command: str) -> str:
    """Run a namegen command, and return what it prints."""
    process = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"COLUMNS": "80", "NO_COLOR": "1"},
    )
    return "\n".join(line.rstrip() for line in process.stdout.splitlines())


def update_outputs(document: str) -> str:
    """Run the commands of a document again, and return the document with their new output."""
    return CONSOLE_BLOCK.sub(_update_block, document)


def _update_block(match: re.Match[str]) -> str:
    """Update the output in a console block, if its commands have output."""
    block = match[1]
    if not find_commands(block):
        return match[0]
    return f"```console\n{COMMAND.sub(_update_command, block)}```\n"


def _update_command(match: re.Match[str]) -> str:
    """Update the output of a command, and keep the blank lines after it."""
    command, old_output = match.groups()
    line_ends = old_output.removeprefix(old_output.rstrip("\n")) or "\n"
    return f"$ {command}\n{run_command(command)}{line_ends}"


def terminal_picture() -> str:
    """Draw a terminal with some commands and their output, as SVG."""
    console = Console(record=True, width=60, file=io.StringIO(), force_terminal=True)
    for command in PICTURE_COMMANDS:
        prompt = Text("$ ", style="dim")
        console.print(prompt.append(command, style="bold #a6da95"))
        console.print(Text(run_command(f"{command} --quiet")))
        console.print()
    svg = console.export_svg(title="namegen", unique_id="namegen")
    lines = FONT_FACE.sub("", svg).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


# --- the table of results ---------------------------------------------------------------------------------------------


def update_results(document: str) -> str:
    """Return the document with its table of results updated."""
    all_sheets = read(blind.Sheets, blind.DATA).sheets
    sheets = [sheet for sheet in all_sheets if not sheet.is_short]
    new, real, chain = (blind.mean_acceptance(sheets, each) for each in ("new", "real", "chain"))
    us_names, *_ = read(Quality, RESULTS / "quality.json").lists
    network = us_names.find(DEFAULT)
    assert network is not None
    performance = read(Performance, RESULTS / "performance.json")
    rows = [
        [
            "names that readers accept in a blind test (the readers are language models)",
            f"{new:.0%}",
            f"real names {real:.0%}, a Markov chain's {chain:.0%}",
            "`make blind`",
        ],
        [
            "loss on held-out US first names, in nats per character",
            f"{-network.against_ngram:.2f} lower",
            "an n-gram baseline",
            "`make quality`",
        ],
    ]
    for section, units in (("gated", 192), ("small", 32)):
        comparison = performance.comparison(section, "gru")
        characters_per_second = round(comparison.best("namegen").median, -3)
        rows.append(
            [
                f"training a GRU with {units} units on one CPU core",
                f"{characters_per_second:,.0f} characters per second",
                compare_with_rival(comparison),
                f"`make bench BENCH={section}`",
            ]
        )
    results = table(["what", "namegen", "compared with", "command"], rows, align="---")
    return RESULTS_TABLE.sub(lambda _: f"{results}\n", document)


def compare_with_rival(comparison: Comparison) -> str:
    """Describe how fast namegen is compared with the fastest other library, such as ``1.2 times as fast as JAX``."""
    rival = comparison.best_rival
    ratio = median(comparison.against(rival))
    library, *_ = rival.name.split()
    return f"{ratio:.1f} times as fast as {library}"


def main(arguments: list[str]) -> None:
    """Write the documents and the picture, or only check the table of results."""
    if is_check_requested(__doc__, arguments):
        write_or_check({README: update_results(README.read_text(encoding="utf-8"))}, check=True)
        return
    documents = {PICTURE: terminal_picture()}
    for path in DOCUMENTS:
        document = path.read_text(encoding="utf-8")
        documents[path] = update_results(update_outputs(document))
    write_or_check(documents, check=False)


if __name__ == "__main__":
    main(sys.argv[1:])

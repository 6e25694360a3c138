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
from benchmarks import document as performance  # noqa: E402
from benchmarks import quality_page as quality  # noqa: E402
from benchmarks.pages import read  # noqa: E402

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
    "namegen people -n 4 --seed 9",
    "namegen companies -n 3 --seed 14",
    "namegen generate taverns -n 4 --seed 3",
)
RESULTS = ROOT / "docs" / "results"
CONSOLE_BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"^\$ (namegen .*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
RESULTS_TABLE = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->\n)", re.DOTALL)
# Rich's SVG loads its font from another server.
FONT_FACE = re.compile(r"\s*@font-face \{.*?\}(?=\s)", re.DOTALL)


def commands_with_output(block: str) -> list[tuple[str, str]]:
    """Return the commands of a console block with their output, or nothing if no command has output."""
    commands = [(command, output.strip("\n")) for command, output in COMMAND.findall(block)]
    has_output = any(output for _, output in commands)
    return commands if has_output else []


def output_of(command: str) -> str:
    """Run a namegen command, and return what it prints."""
    environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}
    process = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    return "\n".join(line.rstrip() for line in process.stdout.splitlines())


def with_outputs(text: str) -> str:
    """Return the document with the output of each command updated."""
    return CONSOLE_BLOCK.sub(_updated_block, text)


def _updated_block(block: re.Match[str]) -> str:
    if not commands_with_output(block[1]):
        return block[0]
    return f"```console\n{COMMAND.sub(_updated_command, block[1])}```\n"


def _updated_command(match: re.Match[str]) -> str:
    old_output = match[2]
    blank_lines = old_output[len(old_output.rstrip("\n")) :]
    return f"$ {match[1]}\n{output_of(match[1])}{blank_lines or chr(10)}"


def terminal_picture() -> str:
    """Draw a terminal with some commands and their output, as SVG."""
    console = Console(record=True, width=60, file=io.StringIO(), force_terminal=True)
    for command in PICTURE_COMMANDS:
        console.print(Text("$ ", style="dim").append(command, style="bold #a6da95"))
        console.print(Text(output_of(f"{command} --quiet")))
        console.print()
    svg = console.export_svg(title="namegen", unique_id="namegen")
    lines = FONT_FACE.sub("", svg).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def with_results(text: str) -> str:
    """Return the document with its table of results updated."""
    rows = [
        ("what", "namegen", "compared with", "command"),
        ("---", "---", "---", "---"),
        blind_test(),
        loss(),
        speed(),
    ]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return RESULTS_TABLE.sub(lambda _: table, text)


def blind_test() -> tuple[str, str, str, str]:
    """Return the row about the names that readers accept."""
    all_sheets = read(blind.Sheets, blind.DATA).sheets
    sheets = [sheet for sheet in all_sheets if not sheet.is_short]
    new, real, chain = (blind.mean_accepted(sheets, source) for source in ("new", "real", "chain"))
    return (
        "names that readers accept in a blind test (the readers are language models)",
        f"{new:.0%}",
        f"real names {real:.0%}, a Markov chain's {chain:.0%}",
        "`make blind`",
    )


def loss() -> tuple[str, str, str, str]:
    """Return the row about the loss of the default network on held-out US first names."""
    lists = read(quality.Quality, RESULTS / "quality.json").lists
    us_names = next(result for result in lists if result.name == "US first names")
    network = next(model for model in us_names.models if model.name == quality.DEFAULT)
    return (
        "loss on held-out US first names, in nats per character",
        f"{-network.against_ngram:.2f} lower",
        "an n-gram baseline",
        "`make quality`",
    )


def speed() -> tuple[str, str, str, str]:
    """Return the row about the speed of training."""
    sections = read(performance.Performance, RESULTS / "performance.json").sections
    comparisons = {
        (section.name, comparison.key): comparison
        for section in sections
        for comparison in section.comparisons
    }
    wide = comparisons["gated", "gru"]
    small = comparisons["small", "gru"]
    characters_per_second = round(wide.best("namegen").median, -3)
    return (
        "training a GRU with 192 units on one CPU core",
        f"{characters_per_second:,.0f} characters per second",
        f"{_times_as_fast(wide)} (with 32 units, {_times_as_fast(small)})",
        '`make bench BENCH="gated small"`',
    )


def _times_as_fast(comparison: performance.Comparison) -> str:
    """Describe the median ratio of namegen's speed and the fastest rival's: ``1.2 times as fast as JAX``."""
    rival = comparison.best_rival
    ratio = median(comparison.against("namegen", rival))
    library = rival.name.split()[0]
    return f"{ratio:.1f} times as fast as {library}"


def main(arguments: list[str]) -> None:
    """Write the documents and the picture, or only compare the results."""
    if is_check_requested(__doc__, arguments):
        write_or_check({README: with_results(README.read_text(encoding="utf-8"))}, check=True)
        return
    documents = {}
    for path in DOCUMENTS:
        documents[path] = with_results(with_outputs(path.read_text(encoding="utf-8")))
    write_or_check(documents | {PICTURE: terminal_picture()}, check=False)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Write the output of commands in the README and in some pages, and the table of results in the README.

- `make docs` runs each command of a ``console`` block that shows output, and writes its output again. Seeds are fixed,
  but rounding differs between machines, so `make check` doesn't compare the output.
- The table between ``<!-- figures -->`` and ``<!-- end of figures -->`` contains results of `make bench`, `make
  quality` and `make blind`. `make check` compares it (``--check``).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from options import check_asked, write_or_check

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # benchmarks is no part of what is installed

from benchmarks import blind  # noqa: E402
from benchmarks import document as performance  # noqa: E402
from benchmarks import quality_page as quality  # noqa: E402
from benchmarks.pages import read  # noqa: E402
from namegen.experiments.report import listed  # noqa: E402

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
RESULTS = ROOT / "docs" / "results"
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"^\$ (namegen .*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->\n)", re.DOTALL)
# Lists as quality.json calls them, and as a reader would.
LISTS = {
    "US first names": "US first names",
    "mlb-first": "players' first names",
    "mlb-last": "players' last names",
    "companies": "companies",
    "japanese-given": "Japanese given names",
}


def commands(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what it is shown to print; none if the block shows commands alone."""
    found = [(command, printed.strip("\n")) for command, printed in COMMAND.findall(block)]
    return found if any(printed for _, printed in found) else []


def run(command: str) -> str:
    """What a command prints now."""
    environment = os.environ | {"COLUMNS": "80", "NO_COLOR": "1"}
    arguments = [sys.executable, "-m", *shlex.split(command)]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def with_outputs(text: str) -> str:
    """The document with every command that is shown with what it prints run anew; all else in a block stays."""

    def printed_anew(found: re.Match[str]) -> str:
        rest = (
            found[2][len(found[2].rstrip("\n")) :] or "\n"
        )  # the empty lines before the next command
        return f"$ {found[1]}\n{run(found[1])}{rest}"

    def anew(block: re.Match[str]) -> str:
        made = COMMAND.sub(printed_anew, block[1]) if commands(block[1]) else block[1]
        return f"```console\n{made}```\n"

    return BLOCK.sub(anew, text)


def with_figures(text: str) -> str:
    """The document with its table of figures made anew."""
    rows = [
        ("what", "figure", "measured by"),
        ("---", "---", "---"),
        *speeds(),
        *qualities(),
        *readings(),
    ]
    table = "".join(f"| {what} | {figure} | {command} |\n" for what, figure, command in rows)
    return FIGURES.sub(lambda _: table, text)


def speeds() -> Iterator[tuple[str, str, str]]:
    """The rows of `make bench`: medians, and medians of the ratios of each round."""
    measured = read(performance.Performance, RESULTS / "performance.json")
    found = {(part.name, one.key): one for part in measured.sections for one in part.comparisons}

    def times(comparison: performance.Comparison, subject: str) -> str:
        return f"{median(comparison.against(subject, comparison.best_rival)):.1f} times"

    gru, small, plain = found["gated", "gru"], found["small", "gru"], found["plain", "rnn"]
    keras, loss = found["keras", "lstm"], found["held-out", "gru-192-10s"]
    fastest, large = "the fastest of the others,", "namegen, batch 2048"
    yield (
        "training, GRU 192, a fourth of US first names, batch 128",
        f"{thousands(gru, 'namegen')} characters per second: {times(gru, 'namegen')} {fastest} {gru.best_rival.name} "
        f"(GRU 2×32, players' last names: {times(small, 'namegen')} {small.best_rival.name})",
        measured_by('"gated small"'),
    )
    yield (
        "training, SimpleRNN 2×32, players' first names, which repeat, batch 2,048",
        f"{plain.best(large).median / 1e6:.1f} million characters per second: "
        f"{times(plain, large)} {fastest} {plain.best_rival.name}",
        measured_by("plain"),
    )
    yield (
        "training with the Keras backend, LSTM 160, batch 128",
        f"{thousands(keras, 'namegen keras')} characters per second: {times(keras, 'namegen keras')} plain `fit`",
        measured_by("keras"),
    )
    yield (
        "loss on held-out US first names after 10 seconds, GRU 192",
        f"{loss.best('namegen').median:.3f} nats per character; the best of the others, "
        f"{loss.best_rival.name}, {loss.best_rival.median:.3f}",
        measured_by("held-out"),
    )
    wall = found["commands", "wall"]
    million = wall.best("a million first names, repeats")
    yield (
        "`generate`, from a cold start: 20 names; a million, repeats allowed",
        f"{wall.best('generate -n 20').median:.2f} s; {million.median:.1f} s and {million.peak_mebibytes:.0f} MiB",
        measured_by("commands"),
    )


def measured_by(section: str) -> str:
    """The command behind a figure of speed."""
    return f"`make bench BENCH={section}`"


def thousands(comparison: performance.Comparison, group: str) -> str:
    """A median, to the thousand: ``112,000``."""
    return f"{round(comparison.best(group).median, -3):,.0f}"


def qualities() -> Iterator[tuple[str, str, str]]:
    """The row of `make quality`: by how much a network's loss on names held out is below that of an n-gram model."""
    measured = read(quality.Quality, RESULTS / "quality.json")
    better, alike = [], []
    for one in measured.lists:
        model = next((model for model in one.models if model.name == quality.DEFAULT), None)
        if model is not None and one.name in LISTS:
            if model.high < 0:
                better.append(f"{-model.against_ngram:.2f} on {LISTS[one.name]}")
            elif model.low > 0:
                better.append(f"{-model.against_ngram:.2f} (worse) on {LISTS[one.name]}")
            else:
                alike.append(LISTS[one.name])
    without = [f"no difference found on {listed(alike)}"] if alike else []
    what = "the default network, on held-out names: loss below that of an n-gram model, nats per character"
    yield what, "; ".join([", ".join(better)] * bool(better) + without), "`make quality`"


def readings() -> Iterator[tuple[str, str, str]]:
    """The row of `make blind`: how many names of each source readers take."""
    sheets = [sheet for sheet in read(blind.Sheets, blind.DATA).sheets if not sheet.is_short]
    accepted = {source: f"{blind.mean_accepted(sheets, source):.0%}" for source in blind.SOURCES}
    yield (
        f"new names that blind readers (language models) accept, on {len(sheets)} long lists",
        f"{accepted['new']}; real names: {accepted['real']}, names of a Markov chain: {accepted['chain']}",
        "`make blind`",
    )


def main(arguments: list[str]) -> None:
    """Write the documents, or compare the figures alone."""
    if check_asked(__doc__, arguments):
        write_or_check({README: with_figures(README.read_text(encoding="utf-8"))}, check=True)
        return
    made = {
        path: with_figures(with_outputs(path.read_text(encoding="utf-8"))) for path in DOCUMENTS
    }
    write_or_check(made, check=False)


if __name__ == "__main__":
    main(sys.argv[1:])

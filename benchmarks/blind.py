"""Run blind tests of names: readers mark names without knowing where each name comes from.

    python -m benchmarks.blind sheet FOLDER --about "surnames from Spain" --seed 1 new=new.txt real=real.txt
    python -m benchmarks.blind add FOLDER     store the marks in FOLDER/reader-*.json in docs/results/blind.json
    python -m benchmarks.blind page           write docs/results/blind.md

``sheet`` writes ``sheet.txt`` for the readers, and ``key.json``, which readers must not see. Readers mark each name
with 2 (I would accept it), 1 (odd, but possible) or 0 (no). The marks of a reader are a JSON list in the order of the
sheet.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import pages
from benchmarks.pages import RESULTS, read, write, write_or_check
from namegen.types import Array, Float64

RESAMPLES = 4_000
ACCEPTED = 2  # the mark for a name that the reader would accept
VALID_MARKS = {0, 1, ACCEPTED}
SOURCES = {
    "new": "one score, one threshold",
    "old": "the rule before",
    "real": "real names",
    "chain": "Markov chain",
    "changed": "one letter changed",
}
DATA = RESULTS / "blind.json"
PAGE = RESULTS / "blind.md"
TABLE = re.compile(r"(?<=<!-- table -->\n).*?(?=<!-- end of table -->)", re.DOTALL)


@dataclass(frozen=True)
class Name:
    """A name on a sheet."""

    name: str
    sources: tuple[str, ...]  # two sources can contain the same name
    marks: tuple[int, ...]  # one per reader


@dataclass(frozen=True)
class Sheet:
    """The names that readers have marked for one list."""

    list: str
    about: str  # the description of the names that the readers were given
    is_short: bool  # whether the list has fewer than 100 names
    names: tuple[Name, ...]

    def acceptance(self, source: str) -> Float64[Array, "names"]:
        """Return the share of the readers who accept each name of a source."""
        shares = []
        for name in self.names:
            if source in name.sources:
                shares.append(name.marks.count(ACCEPTED) / len(name.marks))
        return np.array(shares)


@dataclass(frozen=True)
class Sheets:
    """The content of ``blind.json``."""

    sheets: tuple[Sheet, ...] = ()


# --- sheets and marks -------------------------------------------------------------------------------------------------


def make_sheet(folder: Path, sources: Sequence[str], seed: int, about: str) -> None:
    """Write the names of all sources into one sheet, in random order. Each source has the form ``LABEL=FILE``."""
    labels_of_name: dict[str, list[str]] = {}
    for source in sources:
        label, _, path = source.partition("=")
        for name in Path(path).read_text(encoding="utf-8").splitlines():
            labels_of_name.setdefault(name, []).append(label)
    names = list(labels_of_name.items())
    random.Random(seed).shuffle(names)
    lines = [f"{number}\t{name}\n" for number, (name, _) in enumerate(names, start=1)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sheet.txt").write_text("".join(lines), encoding="utf-8")
    key = json.dumps({"about": about, "names": names}, ensure_ascii=False)
    (folder / "key.json").write_text(key, encoding="utf-8")


def add_marks(folder: Path, *, is_short: bool) -> None:
    """Store the marks of one sheet. They replace any earlier sheet of the list."""
    key = json.loads((folder / "key.json").read_bytes())
    marks_of_readers = [
        json.loads(path.read_bytes()) for path in sorted(folder.glob("reader-*.json"))
    ]
    name_count = len(key["names"])
    for marks in marks_of_readers:
        if len(marks) != name_count or not set(marks) <= VALID_MARKS:
            sys.exit(f"{folder}: expected {name_count} marks of 0, 1 or 2, found {len(marks)}")
    names = []
    for (name, sources), *marks in zip(key["names"], *marks_of_readers, strict=True):
        names.append(Name(name, tuple(sources), tuple(marks)))
    sheet = Sheet(folder.name, key["about"], is_short, tuple(names))
    others = [other for other in read(Sheets, DATA).sheets if other.list != sheet.list]
    write(DATA, Sheets((*others, sheet)))


# --- the page ---------------------------------------------------------------------------------------------------------


def mean_acceptance(sheets: Sequence[Sheet], source: str) -> float:
    """Return the share of accepted names of a source, averaged over lists."""
    return float(np.mean([sheet.acceptance(source).mean() for sheet in sheets]))


def confidence_interval(sheets: Sequence[Sheet]) -> tuple[float, float]:
    """Return the 95% confidence interval of the difference ``new`` − ``old``, by bootstrap over lists and names."""
    rng = np.random.default_rng(0)
    acceptances = [(sheet.acceptance("new"), sheet.acceptance("old")) for sheet in sheets]
    differences = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        # Draw as many lists as there are, and as many names of each rule as there are, with replacement.
        lists = rng.integers(len(sheets), size=len(sheets)) if len(sheets) > 1 else [0]
        differences_of_lists = []
        for index in lists:
            new, old = acceptances[index]
            new_mean = rng.choice(new, len(new)).mean()
            old_mean = rng.choice(old, len(old)).mean()
            differences_of_lists.append(new_mean - old_mean)
        differences[resample] = np.mean(differences_of_lists)
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(low), float(high)


def table(sheets: Sequence[Sheet]) -> str:
    """Write a table with a row for each list, and a mean for long and for short lists."""
    long_lists = [sheet for sheet in sheets if not sheet.is_short]
    short_lists = [sheet for sheet in sheets if sheet.is_short]
    groups = [(sheet.about, [sheet]) for sheet in long_lists]
    groups.append(("**long lists, mean**", long_lists))
    groups += [(sheet.about, [sheet]) for sheet in short_lists]
    groups.append(("**lists of 48 names, mean**", short_lists))
    rows = []
    for title, members in groups:
        means = {source: mean_acceptance(members, source) for source in SOURCES}
        low, high = confidence_interval(members)
        difference = means["new"] - means["old"]
        cells = [title, *(f"{mean:.0%}" for mean in means.values())]
        cells.append(f"{100 * difference:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})")
        rows.append(cells)
    return pages.table(["list", *SOURCES.values(), "new − old, points (95% interval)"], rows)


def page() -> str:
    """Return the page with the table of the current marks."""
    new_table = table(read(Sheets, DATA).sheets)
    return TABLE.sub(f"\n{new_table}\n\n", PAGE.read_text(encoding="utf-8"))


def main() -> None:
    """Run one of the three commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    sheet = commands.add_parser("sheet")
    sheet.add_argument("folder", type=Path)
    sheet.add_argument("sources", nargs="+", metavar="LABEL=FILE")
    sheet.add_argument("--about", required=True)
    sheet.add_argument("--seed", type=int, default=0)
    add = commands.add_parser("add")
    add.add_argument("folder", type=Path)
    add.add_argument("--short", action="store_true", help="the list has fewer than 100 names")
    page_command = commands.add_parser("page")
    page_command.add_argument("--check", action="store_true", help="only check the page")
    arguments = parser.parse_args()
    if arguments.command == "sheet":
        make_sheet(arguments.folder, arguments.sources, arguments.seed, arguments.about)
    elif arguments.command == "add":
        add_marks(arguments.folder, is_short=arguments.short)
    else:
        write_or_check("blind", page())


if __name__ == "__main__":
    main()

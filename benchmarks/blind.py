"""Blind tests of names: readers mark names without knowing where each one comes from.

    python -m benchmarks.blind sheet FOLDER --about "surnames from Spain" --seed 1 new=new.txt real=real.txt
    python -m benchmarks.blind add FOLDER     store the marks of FOLDER/reader-*.json in docs/results/blind.json
    python -m benchmarks.blind page           write docs/results/blind.md from it

``sheet`` writes sheet.txt for the readers, and key.json, which must stay hidden from them. A reader gives each name 2
(I would accept it), 1 (odd, but possible) or 0 (no), as a JSON list in the order of the sheet.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pages import RESULTS, read, write
from namegen.types import Array, Float64

RESAMPLES = 4_000
SOURCES = {
    "new": "one score, one threshold",
    "old": "the rule before",
    "real": "real names",
    "chain": "Markov chain",
    "changed": "one letter changed",
}
DATA, PAGE = RESULTS / "blind.json", RESULTS / "blind.md"


@dataclass(frozen=True)
class Name:
    """A name on a sheet.

    Attributes:
        name: the name.
        sources: where it comes from; two sources may have drawn the same name.
        marks: one mark per reader.
    """

    name: str
    sources: tuple[str, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True)
class Sheet:
    """The names of one list.

    Attributes:
        list: the list.
        about: what readers were told that the names are.
        is_short: whether the list has fewer than 100 names.
        names: the names.
    """

    list: str
    about: str
    is_short: bool
    names: tuple[Name, ...]

    def accepted(self, source: str) -> Float64[Array, "names"]:
        """Which share of the readers accepts each name of a source."""
        return np.array(
            [
                np.mean([mark == 2 for mark in name.marks])
                for name in self.names
                if source in name.sources
            ]
        )


@dataclass(frozen=True)
class Sheets:
    """All sheets of the test."""

    sheets: tuple[Sheet, ...] = ()


def make_sheet(folder: Path, sources: Sequence[str], seed: int, about: str) -> None:
    """Shuffle the names of some sources, each given as ``LABEL=FILE``, into one sheet."""
    found: dict[str, list[str]] = {}  # name → sources
    for source in sources:
        label, _, path = source.partition("=")
        for name in Path(path).read_text(encoding="utf-8").splitlines():
            found.setdefault(name, []).append(label)
    items = list(found.items())
    random.Random(seed).shuffle(items)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{number}\t{name}\n" for number, (name, _) in enumerate(items, start=1)]
    (folder / "sheet.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "key.json").write_text(
        json.dumps({"about": about, "names": items}, ensure_ascii=False), encoding="utf-8"
    )


def add_marks(folder: Path, *, is_short: bool) -> None:
    """Store the marks of one sheet, instead of any that were stored for the list before."""
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    readers = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("reader-*.json"))
    ]
    for marks in readers:
        if len(marks) != len(key["names"]) or not set(marks) <= {0, 1, 2}:
            sys.exit(
                f"{folder}: expected {len(key['names'])} marks of 0, 1 or 2 from each reader, found {len(marks)}"
            )
    names = [
        Name(name, tuple(sources), tuple(marks))
        for (name, sources), *marks in zip(key["names"], *readers, strict=True)
    ]
    sheet = Sheet(folder.name, key["about"], is_short, tuple(names))
    others = [other for other in read(Sheets, DATA).sheets if other.list != sheet.list]
    write(DATA, Sheets((*others, sheet)))


def interval(sheets: Sequence[Sheet]) -> tuple[float, float]:
    """The 95% confidence interval of the difference ``new`` − ``old``, by bootstrap over lists and names."""
    rng = np.random.default_rng(0)
    accepted = [(sheet.accepted("new"), sheet.accepted("old")) for sheet in sheets]
    differences = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        chosen = rng.integers(len(sheets), size=len(sheets)) if len(sheets) > 1 else [0]
        of_lists = []
        for index in chosen:
            new, old = (rng.choice(marks, len(marks)).mean() for marks in accepted[index])
            of_lists.append(new - old)
        differences[resample] = np.mean(of_lists)
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(low), float(high)


def mean_accepted(sheets: Sequence[Sheet], source: str) -> float:
    """The share of accepted names of a source, averaged over lists."""
    return float(np.mean([sheet.accepted(source).mean() for sheet in sheets]))


def row(title: str, sheets: Sequence[Sheet]) -> str:
    """A row of the table: the share of accepted names of each source, and the difference."""
    means = {source: mean_accepted(sheets, source) for source in SOURCES}
    low, high = interval(sheets)
    difference = means["new"] - means["old"]
    cells = [title, *(f"{mean:.0%}" for mean in means.values())]
    cells.append(f"{100 * difference:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})")
    return f"| {' | '.join(cells)} |"


def table(sheets: Sequence[Sheet]) -> str:
    """The share of accepted names by list and source."""
    head = ["list", *SOURCES.values(), "new − old, points (95% interval)"]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] + ['---:'] * (len(head) - 1))} |"]
    for title, is_short in (("long lists", False), ("lists of 48 names", True)):
        some = [sheet for sheet in sheets if sheet.is_short == is_short]
        lines += [row(sheet.about, [sheet]) for sheet in some]
        lines.append(row(f"**{title}, mean**", some))
    return "\n".join(lines)


def page() -> str:
    """The page with the table of the current marks."""
    text = PAGE.read_text(encoding="utf-8")
    start, end = "<!-- table -->\n", "<!-- end of table -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{table(read(Sheets, DATA).sheets)}\n\n{end}{after}"


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
    commands.add_parser("page").add_argument(
        "--check", action="store_true", help="only say whether it is up to date"
    )
    arguments = parser.parse_args()
    if arguments.command == "sheet":
        make_sheet(arguments.folder, arguments.sources, arguments.seed, arguments.about)
    elif arguments.command == "add":
        add_marks(arguments.folder, is_short=arguments.short)
    elif not arguments.check:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/results/blind.md doesn't fit blind.json: run `make blind`")


if __name__ == "__main__":
    main()

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
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.pages import RESULTS, read, write
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
TABLE_START = "<!-- table -->\n"
TABLE_END = "<!-- end of table -->"


@dataclass(frozen=True)
class Name:
    """A name on a sheet."""

    name: str
    sources: tuple[str, ...]  # two sources can contain the same name
    marks: tuple[int, ...]  # one per reader

    @property
    def acceptance(self) -> float:
        """The share of the readers who accept the name."""
        accepting_readers = self.marks.count(ACCEPTED)
        return accepting_readers / len(self.marks)


@dataclass(frozen=True)
class Sheet:
    """The names that readers have marked for one list."""

    list: str
    about: str  # the description of the names that the readers were given
    is_short: bool  # whether the list has fewer than 100 names
    names: tuple[Name, ...]

    def acceptance(self, source: str) -> Float64[Array, "names"]:
        """Return the share of the readers who accept each name of a source."""
        return np.array([name.acceptance for name in self.names if source in name.sources])


@dataclass(frozen=True)
class Sheets:
    """The content of ``blind.json``."""

    sheets: tuple[Sheet, ...] = ()


# --- sheets and marks -------------------------------------------------------------------------------------------------


def make_sheet(folder: Path, sources: Sequence[str], seed: int, about: str) -> None:
    """Write the names of all sources into one sheet, in random order. Each source has the form ``LABEL=FILE``."""
    names = list(_read_sources(sources).items())
    random.Random(seed).shuffle(names)
    lines = [f"{number}\t{name}\n" for number, (name, _) in enumerate(names, start=1)]
    key = {"about": about, "names": names}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sheet.txt").write_text("".join(lines), encoding="utf-8")
    (folder / "key.json").write_text(json.dumps(key, ensure_ascii=False), encoding="utf-8")


def _read_sources(sources: Sequence[str]) -> dict[str, list[str]]:
    """Read the files of all sources, and return the labels of the sources of each name."""
    labels_of_name: dict[str, list[str]] = {}
    for source in sources:
        label, _, path = source.partition("=")
        for name in Path(path).read_text(encoding="utf-8").splitlines():
            labels_of_name.setdefault(name, []).append(label)
    return labels_of_name


def add_marks(folder: Path, *, is_short: bool) -> None:
    """Store the marks of one sheet. They replace any earlier sheet of the list."""
    key = _read_json(folder / "key.json")
    marks_of_readers = [_read_json(path) for path in sorted(folder.glob("reader-*.json"))]
    for marks in marks_of_readers:
        _check_marks(folder, marks, name_count=len(key["names"]))
    names = []
    for (name, sources), *marks in zip(key["names"], *marks_of_readers, strict=True):
        names.append(Name(name, tuple(sources), tuple(marks)))
    sheet = Sheet(folder.name, key["about"], is_short, tuple(names))
    others = [other for other in read(Sheets, DATA).sheets if other.list != sheet.list]
    write(DATA, Sheets((*others, sheet)))


def _check_marks(folder: Path, marks: Sequence[int], name_count: int) -> None:
    """Exit with a message if the marks of a reader don't match the sheet."""
    if len(marks) != name_count or not set(marks) <= VALID_MARKS:
        sys.exit(
            f"{folder}: expected {name_count} marks of 0, 1 or 2 from each reader, found {len(marks)}"
        )


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


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
        lists = _resample_lists(len(sheets), rng)
        differences_of_lists = [_resample_difference(*acceptances[index], rng) for index in lists]
        differences[resample] = np.mean(differences_of_lists)
    low, high = np.quantile(differences, (0.025, 0.975))
    return float(low), float(high)


def _resample_difference(
    new: Float64[Array, "new_names"], old: Float64[Array, "old_names"], rng: np.random.Generator
) -> float:
    """Draw as many names of each rule as there are, with replacement, and return the difference of their means."""
    new_mean = rng.choice(new, len(new)).mean()
    old_mean = rng.choice(old, len(old)).mean()
    return float(new_mean - old_mean)


def _resample_lists(count: int, rng: np.random.Generator) -> list[int]:
    """Draw the indices of as many lists as there are, with replacement."""
    if count == 1:
        return [0]
    return rng.integers(count, size=count).tolist()


def table_row(title: str, sheets: Sequence[Sheet]) -> str:
    """Write a row with the share of accepted names of each source, and the difference between the rules."""
    means = {source: mean_acceptance(sheets, source) for source in SOURCES}
    low, high = confidence_interval(sheets)
    difference = means["new"] - means["old"]
    cells = [title, *(f"{mean:.0%}" for mean in means.values())]
    cells.append(f"{100 * difference:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})")
    return f"| {' | '.join(cells)} |"


def table(sheets: Sequence[Sheet]) -> str:
    """Write a table with a row for each list, and a mean for long and for short lists."""
    head = ["list", *SOURCES.values(), "new − old, points (95% interval)"]
    rule = ["---"] + ["---:"] * (len(head) - 1)
    long_lists = [sheet for sheet in sheets if not sheet.is_short]
    short_lists = [sheet for sheet in sheets if sheet.is_short]
    lines = [
        f"| {' | '.join(head)} |",
        f"| {' | '.join(rule)} |",
        *[table_row(sheet.about, [sheet]) for sheet in long_lists],
        table_row("**long lists, mean**", long_lists),
        *[table_row(sheet.about, [sheet]) for sheet in short_lists],
        table_row("**lists of 48 names, mean**", short_lists),
    ]
    return "\n".join(lines)


def page() -> str:
    """Return the page with the table of the current marks."""
    text = PAGE.read_text(encoding="utf-8")
    before_table = text[: text.index(TABLE_START)]
    after_table = text[text.index(TABLE_END) :]
    new_table = table(read(Sheets, DATA).sheets)
    return f"{before_table}{TABLE_START}\n{new_table}\n\n{after_table}"


def write_or_check_page(*, check: bool) -> None:
    """Write the page, or exit with a message if it isn't up to date."""
    if not check:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text(encoding="utf-8"):
        sys.exit("docs/results/blind.md doesn't match blind.json. Run `make blind`.")


# --- the commands -----------------------------------------------------------------------------------------------------


def _parse_arguments() -> argparse.Namespace:
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
    page_command.add_argument(
        "--check", action="store_true", help="only check that the page is up to date"
    )
    return parser.parse_args()


def main() -> None:
    """Run one of the three commands."""
    arguments = _parse_arguments()
    if arguments.command == "sheet":
        make_sheet(arguments.folder, arguments.sources, arguments.seed, arguments.about)
    elif arguments.command == "add":
        add_marks(arguments.folder, is_short=arguments.short)
    else:
        write_or_check_page(check=arguments.check)


if __name__ == "__main__":
    main()

"""A blind reading: readers mark names of several sources and do not know which is which.

    python -m benchmarks.blind draw LIST FOLDER --old-temperature 0.7
    python -m benchmarks.blind sheet FOLDER --about "given names of people in Finland"
        --per 50 --readers 3 --seed 1 new=new.txt chain=chain.txt real=real.txt changed=changed.txt
    python -m benchmarks.blind score FOLDER [FOLDER ...]

``draw`` trains the default network on a list, and writes a file of names for each source. ``sheet`` writes for each
reader R the names as ``reader-R.txt``, and as ``reader-R.html``, a page with three buttons; ``key.json`` is not for
readers. The marks, a JSON list in the order of the sheet, go into ``reader-R.json`` beside it: 2 (I would take it), 1
(odd, but possible) or 0 (no). ``score`` reads them, prints what they say, and writes ``docs/results/blind.json``, of
which ``python -m benchmarks.blind_page`` makes the document, which has the rules.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from benchmarks.blind_page import ALL_LISTS, CHANGED, REAL, Blind, Difference, Drawn, Reading, Sheet, Source, tables
from benchmarks.pages import RESULTS, write
from namegen.documents import from_plain
from namegen.types import Array, Float64, Int64

RESAMPLES = 2_000
DOUBLED = 10  # one line in so many stands there twice
PAGE = Path(__file__).with_suffix(".html")


def choose(
    sources: dict[str, list[str]], per: int, rng: random.Random, *, fewer: bool = False
) -> list[tuple[str, str]]:
    """So many names of each source, with the source; none twice, letter case aside. A name that several sources have
    goes to any of them: they take turns. ``fewer``: where a source has not so many, those that it has.

    >>> sorted(choose({"a": ["Al", "B", "al"], "b": ["Cy", "Al", "Di"]}, 1, random.Random(0)))[0]
    ('a', 'Al')
    """
    pools = {source: [name for name in names if len(name) >= 2] for source, names in sources.items()}
    for pool in pools.values():
        rng.shuffle(pool)
    seen, items = set(), []
    for _ in range(per):
        for source, pool in pools.items():
            while pool and pool[-1].casefold() in seen:
                pool.pop()
            if not pool and fewer:
                continue
            if not pool:
                found = sum(of == source for of, _ in items)
                sys.exit(
                    f"{source} has {found} names of 2 characters or more that no other source has taken, and {per} are "
                    "needed: draw more names, or ask for fewer with --per, or give --fewer"
                )
            items.append((source, pool.pop()))
            seen.add(items[-1][1].casefold())
    return items


def lines_of(items: int, rng: random.Random) -> list[int]:
    """The order of a sheet: every item, and some of the first half once more in the second."""
    order = rng.sample(range(items), items)
    half = items // 2
    later = order[half:] + rng.sample(order[:half], items // DOUBLED)
    rng.shuffle(later)
    return order[:half] + later


def make_sheet(
    folder: Path, about: str, per: int, readers: int, seed: int, files: dict[str, Path], *, fewer: bool = False
) -> None:
    """Write the sheets and the key."""
    sources = {source: path.read_text(encoding="utf-8").splitlines() for source, path in files.items()}
    items = choose(sources, per, random.Random(seed), fewer=fewer)
    lines = {str(reader): lines_of(len(items), random.Random(f"{seed} {reader}")) for reader in range(1, readers + 1)}
    figures = next(iter(files.values())).with_name("figures.json")
    drawn = json.loads(figures.read_text(encoding="utf-8")) if figures.exists() else None
    folder.mkdir(parents=True, exist_ok=True)
    for reader, rows in lines.items():
        names = [items[row][1] for row in rows]
        text = "".join(f"{number}\t{name}\n" for number, name in enumerate(names, 1))
        (folder / f"reader-{reader}.txt").write_text(text, encoding="utf-8")
        (folder / f"reader-{reader}.html").write_text(page_of(about, names, f"reader-{reader}.json"), encoding="utf-8")
    key = {"about": about, "items": items, "readers": lines, "drawn": drawn}
    (folder / "key.json").write_text(json.dumps(key, ensure_ascii=False), encoding="utf-8")


def page_of(about: str, names: Sequence[str], file: str) -> str:
    """A page with three buttons for each name. Names are data: in JSON, without a ``<`` that could end it."""
    page = PAGE.read_text(encoding="utf-8").replace("{{about}}", escape(about)).replace("{{file}}", file)
    return page.replace("{{names}}", json.dumps(names).replace("<", "\\u003c"))


Marks: TypeAlias = "dict[str, Int64[Array, 'readers names']]"  # of each source


def read_sheet(folder: Path) -> tuple[Reading, Marks, Any]:
    """What the readers made of the sheets of a folder; the marks of those that count; what the key says was drawn."""
    key = json.loads((folder / "key.json").read_text(encoding="utf-8"))
    of = np.array([source for source, _ in key["items"]])
    for source in (REAL, CHANGED):
        if source not in of:
            sys.exit(f"{folder}: the sheet has no source {source}, which an index needs: make it with one")
    sheets, first = [], []
    for reader, lines in key["readers"].items():
        path = folder / f"reader-{reader}.json"
        marks = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        if not (isinstance(marks, list) and len(marks) == len(lines) and all(mark in (0, 1, 2) for mark in marks)):
            sys.exit(f"{path}: expected a list of {len(lines)} marks 0, 1 or 2, one for each line of the sheet")
        given: dict[int, int] = {}
        again = []
        for row, mark in zip(lines, marks, strict=True):
            if row in given:
                again.append(given[row] == mark)
            else:
                given[row] = mark
        first.append(np.array([given[row] for row in range(len(of))]))
        real, changed = (float((first[-1][of == source] == 2).mean()) for source in (REAL, CHANGED))
        sheets.append(Sheet(reader, real, changed, sum(again) / max(1, len(again))))
    pairs = [float((one == other).mean()) for one, other in combinations(first, 2)]
    counted = np.array([marks for marks, sheet in zip(first, sheets, strict=True) if sheet.counts])
    by_source = {source: counted[:, of == source] for source in dict.fromkeys(of.tolist())} if len(counted) else {}
    between = float(np.mean(pairs)) if pairs else None
    return Reading(folder.name, tuple(sheets), between, (), ()), by_source, key["drawn"]


def indices(marks: Marks, rng: np.random.Generator | None = None) -> Float64[Array, "resamples sources"]:
    """Of each source (taken − changed) / (real − changed): once, or of so many resamples of its names."""
    taken = []
    for of_source in marks.values():
        each = (of_source == 2).mean(axis=0)
        rows = np.arange(len(each))[None] if rng is None else rng.integers(len(each), size=(RESAMPLES, len(each)))
        taken.append(each[rows].mean(axis=1))
    low, high = (taken[list(marks).index(source)] for source in (CHANGED, REAL))
    with np.errstate(divide="ignore", invalid="ignore"):  # a resample may take as many changed names as real ones
        return np.stack([(one - low) / (high - low) for one in taken], axis=1)


def scored(reading: Reading, lists: Sequence[Marks]) -> Reading:
    """A reading with the sources that all of its lists have, the others held against the first."""
    if not lists:
        return reading
    common = [source for source in lists[0] if all(source in marks for marks in lists)]
    lists = [{source: marks[source] for source in common} for marks in lists]
    rng = np.random.default_rng(0)
    index = np.mean([indices(marks)[0] for marks in lists], axis=0)
    resampled = np.stack([indices(marks, rng) for marks in lists])  # (lists, resamples, sources)
    if len(lists) > 1:  # a list that is chosen twice has another resample of its names each time
        chosen = rng.integers(len(lists), size=(RESAMPLES, len(lists)))
        resampled = resampled[chosen, rng.integers(RESAMPLES, size=chosen.shape)].mean(axis=1)[None]
    sources, differences = [], []
    for place, source in enumerate(common):
        every = np.concatenate([marks[source].ravel() for marks in lists])
        taken, refused = (float(np.mean([(marks[source] == mark).mean() for marks in lists])) for mark in (2, 0))
        sources.append(Source(source, len(every), taken, refused, float(index[place])))
        if source not in (common[0], REAL, CHANGED):
            low, high = np.nanquantile(resampled[0, :, 0] - resampled[0, :, place], (0.025, 0.975))
            differences.append(Difference(source, float(index[0] - index[place]), float(low), float(high)))
    return replace(reading, sources=tuple(sources), differences=tuple(differences))


def score(folders: Sequence[Path]) -> Blind:
    """All that the readers of some folders say."""
    found = [read_sheet(folder) for folder in folders]
    readings = [scored(reading, [marks] if marks else []) for reading, marks, _ in found]
    if len(found) > 1:
        sheets = tuple(replace(sheet, reader=f"{one.name}, {sheet.reader}") for one in readings for sheet in one.sheets)
        agreed = [one.between for one in readings if one.between is not None]
        every = Reading(ALL_LISTS, sheets, float(np.mean(agreed)) if agreed else None, (), ())
        readings.insert(0, scored(every, [marks for _, marks, _ in found if marks]))
    return Blind(tuple(readings), tuple(from_plain(Drawn, drawn) for _, _, drawn in found if drawn))


def main() -> None:
    """Draw, make sheets, or score them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw", help="train on a list, and draw the names of every source")
    draw.add_argument("list", help="a bundled list, or a file")
    draw.add_argument("folder", type=Path)
    draw.add_argument("--old-temperature", type=float, required=True, help="of the source old")
    sheet = commands.add_parser("sheet", help="make the sheets of some readers")
    sheet.add_argument("folder", type=Path)
    sheet.add_argument("--about", required=True, help="what the names are said to be, in English")
    sheet.add_argument("--per", type=int, default=50, help="names of each source")
    sheet.add_argument("--fewer", action="store_true", help="of a source that has fewer, all names")
    sheet.add_argument("--readers", type=int, default=3)
    sheet.add_argument("--seed", type=int, default=0)
    sheet.add_argument("sources", nargs="+", metavar="SOURCE=FILE", help="names, one a line")
    scores = commands.add_parser("score", help="read the marks")
    scores.add_argument("folders", nargs="+", type=Path)
    scores.add_argument("--out", type=Path, default=RESULTS / "blind.json")
    arguments = parser.parse_args()
    if arguments.command == "draw":
        from benchmarks.blind_draw import draw_all

        draw_all(arguments.list, arguments.folder, arguments.old_temperature)
    elif arguments.command == "sheet":
        pairs = [source.split("=", 1) for source in arguments.sources]
        if not all(len(pair) == 2 and Path(pair[1]).is_file() for pair in pairs):
            parser.error("a source is not SOURCE=FILE, or there is no such file: give new=new.txt, for example")
        files = {source: Path(path) for source, path in pairs}
        per, readers, seed, fewer = arguments.per, arguments.readers, arguments.seed, arguments.fewer
        make_sheet(arguments.folder, arguments.about, per, readers, seed, files, fewer=fewer)
    else:
        document = score(arguments.folders)
        write(arguments.out, document)
        print(tables(document))


if __name__ == "__main__":
    main()

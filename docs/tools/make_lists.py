"""Write ``docs/results/lists.md`` and its plots, which describe the lists of players and companies."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

from options import check_asked, write_or_check

from namegen.core.data.description import ListDescription, describe
from namegen.experiments.report import NONE, Table, percent
from namegen.lists import load_bundled, players

RESULTS = Path(__file__).parents[1] / "results"
PAGE = RESULTS / "lists.md"
LISTS = ("mlb-first", "mlb-last", "companies")
PLAYERS = "players, whole names"
BLOG_LENGTHS = {"companies": (24.6, 23)}  # mean and median; of players it has a plot alone
COMMONEST = 10
TIMES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)  # a row of the long tail for each
LONGEST_START = 12  # characters that a row is given to
HEAD = """\
# The lists

This page describes three of the built-in lists, which the original project also used. To get a description like
this for any other list, run `namegen describe LIST --plot FILE`.

The blog used players up to 2023, and its companies came from a different source. We get our companies from
EDGAR and remove tags such as `/DE/` from the end of their names. As a result, our company names have different
lengths than the blog's. The plots at the bottom of the page show lengths, letters and the most common names."""


def descriptions() -> dict[str, ListDescription]:
    """What the tables are made from, list by list."""
    found = {name: describe(load_bundled(name).names, most_names=2 * COMMONEST) for name in LISTS}
    whole = [f"{one.first} {one.last}" for one in players() if one.first]
    return {**found, PLAYERS: describe(whole, most_names=2 * COMMONEST)}


def lengths(lists: Mapping[str, ListDescription]) -> Table:
    """How many names, and how long they are."""
    rows = []
    for name, one in lists.items():
        mean, median = BLOG_LENGTHS.get(name, (None, None))
        rows.append(
            (
                name,
                f"{one.entries:,}",
                f"{one.distinct:,}",
                f"{one.mean_length:.1f}",
                NONE if mean is None else f"{mean}",
                f"{one.median_length:g}",
                NONE if median is None else f"{median}",
                f"{min(one.lengths)} to {max(one.lengths)}",
            )
        )
    columns = (
        "list",
        "names",
        "distinct",
        "mean length",
        "the blog's",
        "median",
        "the blog's",
        "from, to",
    )
    return Table("Sizes and lengths, in characters", columns, tuple(rows))


def commonest(lists: Mapping[str, ListDescription]) -> Table:
    """The most common names and how often they occur."""
    repeated = {name: one for name, one in lists.items() if one.distinct < one.entries}
    rows = []
    for rank in range(COMMONEST):
        cells = (one.commonest[rank] for one in repeated.values())
        rows.append((f"{rank + 1}", *(f"{name} ×{count:,}" for name, count in cells)))
    note = "No company occurs more than once in its list."
    return Table(
        "The most common names", ("rank", *repeated), tuple(rows), note=note, left=1 + len(repeated)
    )


def long_tail(lists: Mapping[str, ListDescription]) -> Table:
    """How many different names occur how often, and which share of the list they are."""
    repeated = {name: one for name, one in lists.items() if one.distinct < one.entries}
    rows = []
    for low, above in pairwise((*TIMES, 2**63)):
        cells = []
        for one in repeated.values():
            found = {times: names for times, names in one.repeats.items() if low <= times < above}
            entries = sum(times * names for times, names in found.items())
            cells += [f"{sum(found.values()):,}", percent(entries / one.entries)]
        label = (
            f"{low}"
            if above == low + 1
            else f"{low} to {above - 1}"
            if above < 2**63
            else f"{low} or more"
        )
        rows.append((label, *cells))
    columns = (
        "times",
        *(f"{name}, {what}" for name in repeated for what in ("different names", "% of the list")),
    )
    return Table("The long tail: how often a distinct name occurs", columns, tuple(rows))


def unique(lists: Mapping[str, ListDescription]) -> Table:
    """After how many characters a name is told from all others, summed up."""
    rows = []
    sums = [
        list(accumulate(one.unique_after.get(after, 0) for after in range(1, LONGEST_START + 1)))
        for one in lists.values()
    ]
    for after in range(LONGEST_START):
        shares = (
            total[after] / one.distinct for total, one in zip(sums, lists.values(), strict=True)
        )
        rows.append((f"{after + 1}", *map(percent, shares)))
    rows.append(
        (
            "only at its end",
            *(percent(one.never_unique / one.distinct) for one in lists.values()),
        )
    )
    note = (
        "The last row counts names such as Al, which is also the beginning of another name (Alan)."
    )
    return Table(
        "How many characters it takes to tell a name from all others (% of the distinct names)",
        ("characters", *lists),
        tuple(rows),
        note=note,
    )


TABLES: tuple[Callable[[Mapping[str, ListDescription]], Table], ...] = (
    lengths,
    commonest,
    long_tail,
    unique,
)


def page(lists: Mapping[str, ListDescription]) -> str:
    """The whole document."""
    parts = [HEAD, *(make(lists).markdown() for make in TABLES)]
    parts += [f"![{alt(name)}](lists-{name}.png)" for name in LISTS]
    return "\n\n".join(parts) + "\n"


def alt(name: str) -> str:
    """What a picture shows, in words."""
    return f"{name}: letters, lengths, characters until a name is unique, commonest names, the long tail"


def draw(lists: Mapping[str, ListDescription], names: Iterable[str]) -> None:
    """The pictures of ``namegen describe --plot``."""
    from namegen.drawings.description import (
        draw_description,
    )  # only here: a check needs no matplotlib

    for name in names:
        draw_description(lists[name], RESULTS / f"lists-{name}.png", source=name)


def main(arguments: Sequence[str]) -> None:
    """Write page and pictures, or check the page."""
    check, lists = check_asked(__doc__, arguments), descriptions()
    write_or_check({PAGE: page(lists)}, check=check)
    if not check:
        draw(lists, LISTS)


if __name__ == "__main__":
    main(sys.argv[1:])

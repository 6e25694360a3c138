"""Write ``docs/results/lists.md`` and its plots, which describe the lists of players and companies."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from options import is_check_requested, write_or_check

from namegen.core.data.description import ListDescription, describe
from namegen.experiments.report import NONE, Table, percent
from namegen.lists import load_bundled, players

RESULTS = Path(__file__).parents[1] / "results"
PAGE = RESULTS / "lists.md"
LISTS = ("mlb-first", "mlb-last", "companies")
WHOLE_NAMES = "players, whole names"
# The blog's mean and median. It has only a plot for players.
BLOG_LENGTHS = {"companies": ("24.6", "23")}
MOST_COMMON = 10  # names in the table
# Each row of the long tail starts at one of these counts.
COUNTS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
NO_LIMIT = 2**63
MAX_PREFIX = 12  # characters, the rows of the table of unique prefixes
HEAD = """\
# The lists

This page describes three of the built-in lists: first names (`mlb-first`) and last names (`mlb-last`) of baseball
players, and company names (`companies`). The [original project](original.md), which is described in a blog, used
similar lists. To get a description like this for any other list, run `namegen describe LIST --plot FILE`.

The blog used players up to 2023, while our lists also contain players up to 2025. Its companies came from a
different source: we get our companies from EDGAR and remove tags such as `/DE/` from the end of their names. As a
result, the lengths of our company names differ from those in the blog. `mlb-first` is shorter than `mlb-last`
because some players have no known first name. The plots at the bottom of the page show lengths, letters and the
most common names."""


def describe_lists() -> dict[str, ListDescription]:
    """Describe the built-in lists, and the whole names of the players."""
    lists: dict[str, Sequence[str]] = {name: load_bundled(name).names for name in LISTS}
    lists[WHOLE_NAMES] = [f"{player.first} {player.last}" for player in players() if player.first]
    return {name: describe(names, most_names=2 * MOST_COMMON) for name, names in lists.items()}


# --- lengths ----------------------------------------------------------------------------------------------------------


def lengths_table(lists: Mapping[str, ListDescription]) -> Table:
    """Show how many names each list has, and how long they are."""
    columns = (
        "list",
        "names",
        "distinct",
        "mean length",
        "mean length in the blog",
        "median length",
        "median length in the blog",
        "from, to",
    )
    rows = [_lengths_row(name, description) for name, description in lists.items()]
    return Table("Sizes and lengths, in characters", columns, tuple(rows))


def _lengths_row(name: str, description: ListDescription) -> tuple[str, ...]:
    """Return the row of a list."""
    blog_mean, blog_median = BLOG_LENGTHS.get(name, (NONE, NONE))
    shortest = min(description.lengths)
    longest = max(description.lengths)
    return (
        name,
        f"{description.entries:,}",
        f"{description.distinct:,}",
        f"{description.mean_length:.1f}",
        blog_mean,
        f"{description.median_length:g}",
        blog_median,
        f"{shortest} to {longest}",
    )


# --- frequent names ---------------------------------------------------------------------------------------------------


def with_duplicates(lists: Mapping[str, ListDescription]) -> dict[str, ListDescription]:
    """Return the lists in which names occur more than once."""
    return {
        name: description
        for name, description in lists.items()
        if description.distinct < description.entries
    }


def common_names_table(lists: Mapping[str, ListDescription]) -> Table:
    """Show the most common names and how often they occur."""
    descriptions = with_duplicates(lists)
    rows = [_rank_row(rank, descriptions.values()) for rank in range(1, MOST_COMMON + 1)]
    return Table(
        "The most common names",
        ("rank", *descriptions),
        tuple(rows),
        note="No company occurs more than once in its list.",
        left=1 + len(descriptions),
    )


def _rank_row(rank: int, descriptions: Iterable[ListDescription]) -> tuple[str, ...]:
    """Return a row with the name that has this rank in each list, and how often it occurs."""
    row = [f"{rank}"]
    for description in descriptions:
        name, count = description.commonest[rank - 1]
        row.append(f"{name} ×{count:,}")
    return tuple(row)


@dataclass(frozen=True)
class CountRange:
    """A row of the long tail: the names that occur at least ``low`` times, and fewer than ``stop`` times."""

    low: int
    stop: int

    @property
    def label(self) -> str:
        """The heading of the row."""
        if self.stop == NO_LIMIT:
            return f"{self.low} or more"
        highest = self.stop - 1
        return f"{self.low}" if self.low == highest else f"{self.low} to {highest}"

    def row(self, descriptions: Iterable[ListDescription]) -> tuple[str, ...]:
        """Return the row of the table, with two cells for each list."""
        cells = [self.label]
        for description in descriptions:
            cells += self._cells(description)
        return tuple(cells)

    def _cells(self, description: ListDescription) -> list[str]:
        """Return how many distinct names occur so often, and their share of the list."""
        distinct = 0
        entries = 0
        for count, names in description.repeats.items():
            if self.low <= count < self.stop:
                distinct += names
                entries += count * names
        return [f"{distinct:,}", percent(entries / description.entries)]


def long_tail_table(lists: Mapping[str, ListDescription]) -> Table:
    """Show how many distinct names occur how often, and their share of the list."""
    descriptions = with_duplicates(lists)
    columns = ["times"]
    for name in descriptions:
        columns += [f"{name}, distinct names", f"{name}, % of the list"]
    ranges = [CountRange(low, stop) for low, stop in pairwise((*COUNTS, NO_LIMIT))]
    rows = [count_range.row(descriptions.values()) for count_range in ranges]
    title = "The long tail: how often a distinct name occurs"
    return Table(title, tuple(columns), tuple(rows))


# --- unique names -----------------------------------------------------------------------------------------------------


def unique_names_table(lists: Mapping[str, ListDescription]) -> Table:
    """Show the share of names that are unique after a number of characters."""
    rows = []
    for characters in range(1, MAX_PREFIX + 1):
        shares = [_unique_share(description, characters) for description in lists.values()]
        rows.append((f"{characters}", *shares))
    never_unique = [percent(each.never_unique / each.distinct) for each in lists.values()]
    rows.append(("only at its end", *never_unique))
    return Table(
        "How many characters are enough to tell a name from all others (cumulative, % of the distinct names)",
        ("characters", *lists),
        tuple(rows),
        note="Each row includes the rows above it, except for the last row. The last row counts names such as Al, "
        "which is also the beginning of another name (Alan).",
    )


def _unique_share(description: ListDescription, characters: int) -> str:
    """Return the percentage of distinct names whose first characters no other name has."""
    unique_names = sum(
        names for needed, names in description.unique_after.items() if needed <= characters
    )
    return percent(unique_names / description.distinct)


# --- the page ---------------------------------------------------------------------------------------------------------


def lists_page(lists: Mapping[str, ListDescription]) -> str:
    """Write the whole page."""
    tables = [
        lengths_table(lists),
        common_names_table(lists),
        long_tail_table(lists),
        unique_names_table(lists),
    ]
    parts = [HEAD]
    parts += [table.markdown() for table in tables]
    parts += [f"![{alt_text(name, lists[name])}](lists-{name}.png)" for name in LISTS]
    return "\n\n".join(parts) + "\n"


def alt_text(name: str, description: ListDescription) -> str:
    """Describe the picture of a list."""
    panels = ["letters", "lengths", "characters until a name is unique"]
    if description.distinct < description.entries:
        panels += ["most common names", "the long tail"]
    return f"{name}: {', '.join(panels)}"


def draw_lists(lists: Mapping[str, ListDescription]) -> None:
    """Draw the plots of ``namegen describe --plot`` for the built-in lists."""
    # Imported here, because checking the page needs no matplotlib.
    from namegen.drawings.description import draw_description

    for name in LISTS:
        draw_description(lists[name], RESULTS / f"lists-{name}.png", source=name)


def main(arguments: Sequence[str]) -> None:
    """Write the page and the plots, or check the page."""
    check = is_check_requested(__doc__, arguments)
    lists = describe_lists()
    write_or_check({PAGE: lists_page(lists)}, check=check)
    if not check:
        draw_lists(lists)


if __name__ == "__main__":
    main(sys.argv[1:])

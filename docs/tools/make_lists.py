"""Write ``docs/results/lists.md`` and its plots, which describe the lists of players and companies."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from options import is_check_requested, write_or_check

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the package benchmarks isn't installed

from benchmarks.pages import NONE, table  # noqa: E402
from namegen.core.data.description import ListDescription, describe  # noqa: E402
from namegen.lists import load_bundled, players  # noqa: E402

RESULTS = ROOT / "docs" / "results"
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


def percent(share: float) -> str:
    """Format a share in percent, without the sign."""
    return f"{100 * share:.1f}"


def lists_page(lists: Mapping[str, ListDescription]) -> str:
    """Write the whole page."""
    # The sizes of the lists, and the lengths of their names.
    sizes = []
    for name, description in lists.items():
        blog_mean, blog_median = BLOG_LENGTHS.get(name, (NONE, NONE))
        row = [name, f"{description.entries:,}", f"{description.distinct:,}"]
        row += [f"{description.mean_length:.1f}", blog_mean]
        row += [f"{description.median_length:g}", blog_median]
        row += [f"{min(description.lengths)} to {max(description.lengths)}"]
        sizes.append(row)
    size_heads = ["list", "names", "distinct", "mean length", "mean length in the blog"]
    size_heads += ["median length", "median length in the blog", "from, to"]

    # The most common names, in the lists with duplicates.
    repeated = {name: each for name, each in lists.items() if each.distinct < each.entries}
    common = []
    for rank in range(MOST_COMMON):
        names = [description.commonest[rank] for description in repeated.values()]
        common.append([f"{rank + 1}", *(f"{name} ×{count:,}" for name, count in names)])
    common_table = table(["rank", *repeated], common, align="---")

    # How many distinct names occur how often, and their share of the list.
    tail = []
    for low, stop in pairwise((*COUNTS, NO_LIMIT)):
        title = f"{low}" if stop == low + 1 else f"{low} to {stop - 1}"
        row = [f"{low} or more" if stop == NO_LIMIT else title]
        for description in repeated.values():
            counts = [count for count in description.repeats if low <= count < stop]
            distinct = sum(description.repeats[count] for count in counts)
            entries = sum(count * description.repeats[count] for count in counts)
            row += [f"{distinct:,}", percent(entries / description.entries)]
        tail.append(row)
    tail_heads = ["times"]
    for name in repeated:
        tail_heads += [f"{name}, distinct names", f"{name}, % of the list"]

    # How many characters are enough to tell a name from all others.
    unique = []
    for characters in range(1, MAX_PREFIX + 1):
        row = [f"{characters}"]
        for description in lists.values():
            needed = description.unique_after
            names = sum(needed[count] for count in needed if count <= characters)
            row.append(percent(names / description.distinct))
        unique.append(row)
    never_unique = [percent(each.never_unique / each.distinct) for each in lists.values()]
    unique.append(["only at its end", *never_unique])

    parts = [
        HEAD,
        "**Sizes and lengths, in characters**",
        table(size_heads, sizes),
        "**The most common names**",
        common_table,
        "No company occurs more than once in its list.",
        "**The long tail: how often a distinct name occurs**",
        table(tail_heads, tail),
        "**How many characters are enough to tell a name from all others (cumulative, % of the distinct names)**",
        table(["characters", *lists], unique),
        "Each row includes the rows above it, except for the last row. The last row counts names such as Al, "
        "which is also the beginning of another name (Alan).",
    ]
    for name in LISTS:
        panels = "letters, lengths, characters until a name is unique"
        if name in repeated:
            panels += ", most common names, the long tail"
        parts.append(f"![{name}: {panels}](lists-{name}.png)")
    return "\n\n".join(parts) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write the page and the plots, or check the page."""
    check = is_check_requested(__doc__, arguments)
    lists = describe_lists()
    write_or_check({PAGE: lists_page(lists)}, check=check)
    if not check:
        # Imported here, because checking the page needs no matplotlib.
        from namegen.drawings.description import draw_description

        for name in LISTS:
            draw_description(lists[name], RESULTS / f"lists-{name}.png", source=name)


if __name__ == "__main__":
    main(sys.argv[1:])

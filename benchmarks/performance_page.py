"""Write ``docs/results/performance.md`` from ``performance.json``.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from statistics import median

from benchmarks.document import (
    Comparison,
    Performance,
    Section,
    Unit,
    format_median,
    median_interval,
)
from benchmarks.pages import NONE, RESULTS, read, table, three_digits, whole, wrap, write_or_check
from benchmarks.sections import SECTIONS

UNIT_HEADS: dict[Unit, str] = {
    "characters a second": "1,000 chars/s",
    "names a second": "names/s",
    "microseconds": "µs",
    "seconds": "seconds",
    "nats a character": "nats",
}
HEAD = """\
# Speed

This page compares the speed of namegen with that of PyTorch, JAX and Keras. To repeat the measurements, run
`make bench`, which takes about an hour. It writes `performance.json`, which contains the result of each round.
To repeat only some of the sections, list them, for example `make bench BENCH="gated keras"`.

**How to read the tables.** In each round, every row of a table is measured once, in a single process on one
core with one thread. Each value is the median of all rounds. We compute the ratios within each round, and the
table shows the median ratio. The ranges are 95% confidence intervals for the median. If there were fewer than
nine rounds, the range shows the lowest and the highest value. Only compare values within the same table,
because we measured the sections at different times.

On a shared machine, a core can slow down to half its speed for several minutes. This hardly affects the medians
and ratios, but the absolute speeds depend on when they were measured."""

LEAD = """\
## Where the lead comes from

namegen's NumPy backend processes each distinct prefix in a batch only once. With packed or padded names,
PyTorch processes every character of every name. namegen's lead over PyTorch is therefore the product of three
factors:

- **Repeats**: If each repeated name in a batch is processed only once, the number of characters is divided by
  this factor.
- **Common prefixes**: If each common prefix is also processed only once, the number is divided by this factor
  as well.
- **Engine**: This is the number of distinct prefixes that namegen processes in the time that PyTorch takes to
  process one character.

The first two factors depend on the list and increase with the batch size. The third factor is the lead that
would remain if names had nothing in common. If it's greater than 1, namegen's computation itself is faster than
PyTorch's."""


def page(document: Performance) -> str:
    """Write the whole page."""
    blocks = [HEAD]
    sections_by_origin: dict[str, list[Section]] = {}
    for section in document.sections:
        machine = section.machine
        memory = f", {machine['memory_gib']} GiB" if "memory_gib" in machine else ""
        origin = f"{machine['processor']}, {machine['cores']} cores{memory}, {machine['system']}"
        origin += f"; commit {section.commit}"
        sections_by_origin.setdefault(origin, []).append(section)
    for origin, members in sections_by_origin.items():
        names = ", ".join(section.name for section in members)
        versions = dict.fromkeys(
            f"{library} {version}"
            for section in members
            for library, version in section.versions.items()
        )
        where = f"**{names}:** measured on {origin}. Versions: {', '.join(versions)}."
        blocks.append(wrap(where))

    for section in document.sections:
        plan = SECTIONS[section.name]
        explanation = (
            f'To repeat this measurement, run `make bench BENCH="{section.name}"`. The command runs {section.rounds} '
            f"rounds, which takes {section.seconds:.0f} seconds. {plan.about}"
        )
        blocks += [f"## {plan.title}", wrap(explanation)]
        for _, group in groupby(section.comparisons, key=table_heads):
            blocks.append(comparison_table(list(group)))
    return "\n\n".join([*blocks, *lead_blocks(document)]) + "\n"


# --- tables -----------------------------------------------------------------------------------------------------------


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Make a single table of comparisons with the same columns. Each title is a row of its own, or the first head."""
    heads = table_heads(comparisons[0])
    if len(comparisons) == 1:
        return table([comparisons[0].title, *heads], table_rows(comparisons[0]))
    rows = []
    for comparison in comparisons:
        rows.append([f"{comparison.title}:", *[""] * len(heads)])
        rows += table_rows(comparison)
    return table(["", *heads], rows)


def table_heads(comparison: Comparison) -> list[str]:
    """Return the heads of the columns, without the first one."""
    heads = [UNIT_HEADS[comparison.unit], "range"]
    if comparison.subject:
        operator = "−" if comparison.is_loss else "÷"
        heads.append(f"{comparison.subject} {operator} this")
    if any(variant.start_seconds is not None for variant in comparison.ways):
        heads.append("start-up")
    if any(variant.peak_mebibytes is not None for variant in comparison.ways):
        heads.append("peak MiB")
    return heads


def table_rows(comparison: Comparison) -> list[list[str]]:
    """Return one row per variant, with its median, its range, and the subject's ratio to it."""
    heads = table_heads(comparison)
    rows = []
    for variant in comparison.ways:
        low, high = (format_value(end, comparison.unit) for end in median_interval(variant.values))
        cells = [variant.name, format_value(variant.median, comparison.unit), f"{low}–{high}"]
        if comparison.subject:
            is_subject = variant is comparison.best(comparison.subject)
            show = "{:+.3f}".format if comparison.is_loss else format_ratio
            cells.append(NONE if is_subject else format_median(comparison.against(variant), show))
        start = variant.start_seconds
        memory = variant.peak_mebibytes
        if "start-up" in heads:
            cells.append(NONE if start is None else f"{start:.1f}")
        if "peak MiB" in heads:
            cells.append(NONE if memory is None else f"{memory:,.0f}")
        rows.append(cells)
    return rows


def format_value(value: float, unit: Unit) -> str:
    """Format a measured value without its unit. Characters per second are shown in thousands."""
    if unit == "characters a second":
        thousands = value / 1000
        return whole(thousands) if thousands >= 100 else three_digits(thousands)
    if unit == "names a second":
        return whole(value)
    if unit == "nats a character":
        return f"{value:.3f}"
    return three_digits(value)


def format_ratio(ratio: float) -> str:
    """Format a ratio with two decimals, or with fewer from 10 on."""
    return f"{ratio:.2f}" if ratio < 10 else three_digits(ratio)


# --- the lead over PyTorch --------------------------------------------------------------------------------------------


def lead_blocks(document: Performance) -> list[str]:
    """Split namegen's lead over PyTorch into the part that sharing between names explains, and the rest."""
    rows = []
    factors = []  # of sharing
    leads_without_sharing = []  # with a description
    for section in document.sections:
        for comparison in section.comparisons:
            sharing = comparison.sharing
            if sharing is None:
                continue
            ratios = comparison.against(comparison.best("PyTorch"))
            factor = sharing.characters / sharing.prefixes
            row = [
                f"{comparison.title}, batch {sharing.batch_size}",
                f"{1 / factor:.2f}",
                f"{sharing.repeats_factor:.2f}",
                f"{sharing.prefixes_factor:.2f}",
                format_median([ratio / factor for ratio in ratios], format_ratio),
                format_median(ratios, format_ratio),
            ]
            rows.append(row)
            factors.append(factor)
            work = f"{comparison.title}, batch {sharing.batch_size:,}"
            leads_without_sharing.append((median(ratios) / factor, work))
    if not rows:
        return []
    lowest, lowest_work = min(leads_without_sharing)
    highest, highest_work = max(leads_without_sharing)
    sentence = (
        f"Without sharing between names, namegen's speed would range from {lowest:.2f} times the speed of PyTorch "
        f"({lowest_work}) to {highest:.2f} times ({highest_work}). Sharing multiplies this speed by "
        f"{min(factors):.2f} to {max(factors):.2f}."
    )
    heads = ["", "prefixes a character", "repeats", "common prefixes", "engine", "lead"]
    return [LEAD, table(heads, rows), wrap(sentence)]


if __name__ == "__main__":
    write_or_check("performance", page(read(Performance, RESULTS / "performance.json")))

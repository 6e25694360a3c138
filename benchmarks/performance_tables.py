"""Tables of the comparisons in ``performance.json``, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.document import Comparison, Unit, Variant, format_median, median_interval
from namegen.experiments.report import NONE, Table, seconds, whole

UNIT_HEADS: dict[Unit, str] = {
    "characters a second": "1,000 chars/s",
    "GFLOP/s": "GFLOP/s",
    "names a second": "names/s",
    "microseconds": "µs",
    "seconds": "seconds",
    "nats a character": "nats",
}
Row = tuple[str, ...]


def titled_table(comparison: Comparison) -> str:
    """Make the table of a comparison, with its title above."""
    return Table(comparison.title, table_heads(comparison), table_rows(comparison)).markdown()


def combined_table(comparisons: Sequence[Comparison]) -> str:
    """Make a single table of comparisons with the same columns. Each title is a row of its own."""
    heads = table_heads(comparisons[0])
    if len(comparisons) == 1:
        comparison = comparisons[0]
        return untitled_table((comparison.title, *heads[1:]), table_rows(comparison))
    empty_cells = [""] * (len(heads) - 1)
    rows: list[Row] = []
    for comparison in comparisons:
        rows.append((f"{comparison.title}:", *empty_cells))
        rows += table_rows(comparison)
    return untitled_table(heads, rows)


def untitled_table(heads: Row, rows: Sequence[Row]) -> str:
    """Make a table without the title line, which is always the first paragraph."""
    _, _, table = Table("", heads, tuple(rows)).markdown().partition("\n\n")
    return table


def table_heads(comparison: Comparison) -> Row:
    """Return the heads of the columns. The first is empty."""
    operator = "−" if comparison.is_loss else "÷"
    heads = ["", UNIT_HEADS[comparison.unit], "range"]
    for subject in _short_names(comparison.subjects):
        heads.append(f"{subject} {operator} this")
    if _has_start_times(comparison):
        heads.append("start-up")
    if _has_memory(comparison):
        heads.append("peak MiB")
    return tuple(heads)


def table_rows(comparison: Comparison) -> tuple[Row, ...]:
    """Return one row per variant."""
    return tuple(_table_row(comparison, variant) for variant in comparison.ways)


def _table_row(comparison: Comparison, variant: Variant) -> Row:
    cells = [
        variant.name,
        format_value(variant.median, comparison.unit),
        _format_interval(variant, comparison.unit),
    ]
    for subject in comparison.subjects:
        cells.append(_compare(comparison, subject, variant))
    if _has_start_times(comparison):
        cells.append(_format_optional(variant.start_seconds, ".1f"))
    if _has_memory(comparison):
        cells.append(_format_optional(variant.peak_mebibytes, ",.0f"))
    return tuple(cells)


def _has_start_times(comparison: Comparison) -> bool:
    return any(variant.start_seconds is not None for variant in comparison.ways)


def _has_memory(comparison: Comparison) -> bool:
    return any(variant.peak_mebibytes is not None for variant in comparison.ways)


def _short_names(subjects: Sequence[str]) -> list[str]:
    """Shorten several names to what follows the last comma: ``training, each prefix`` to ``each prefix``."""
    if len(subjects) == 1:
        return list(subjects)
    return [subject.rpartition(", ")[2] for subject in subjects]


def _compare(comparison: Comparison, subject: str, variant: Variant) -> str:
    """Format the median ratio, or the median difference of losses, of a subject and a variant."""
    if variant is comparison.best(subject):
        return NONE
    results = comparison.against(subject, variant)
    if comparison.is_loss:
        return format_median(results, "{:+.3f}".format)
    return format_median(results, format_ratio)


# --- numbers ----------------------------------------------------------------------------------------------------------


def format_value(value: float, unit: Unit) -> str:
    """Format a measured value without its unit. Characters per second are shown in thousands."""
    if unit == "characters a second":
        thousands = value / 1000
        return whole(thousands) if thousands >= 100 else seconds(thousands)
    if unit == "names a second":
        return whole(value)
    if unit == "nats a character":
        return f"{value:.3f}"
    return seconds(value)


def _format_interval(variant: Variant, unit: Unit) -> str:
    low, high = median_interval(variant.values)
    return f"{format_value(low, unit)}–{format_value(high, unit)}"


def format_ratio(ratio: float) -> str:
    """Format a ratio with two decimals, or with fewer from 10 on."""
    if ratio >= 100:
        return f"{ratio:,.0f}"
    if ratio >= 10:
        return f"{ratio:.3g}"
    return f"{ratio:.2f}"


def _format_optional(value: float | None, specification: str) -> str:
    if value is None:
        return NONE
    return format(value, specification)

"""The tables of a comparison, for a terminal of 80 columns and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.document import Comparison, Performance, Section, Unit, Way, typical
from namegen.experiments.table import NONE, Table, mebibytes, seconds, whole

WIDTH = 80
HEADS: dict[Unit, str] = {
    "characters a second": "1,000 chars/s",
    "GFLOP/s": "GFLOP/s",
    "names a second": "names/s",
    "microseconds": "µs",
    "seconds": "seconds",
    "nats a character": "nats",
}


def shown(unit: Unit) -> Callable[[float], str]:
    """How a value of that unit is written."""
    if unit == "characters a second":
        return lambda value: whole(value / 1000) if value >= 100_000 else seconds(value / 1000)
    if unit == "names a second":
        return whole
    if unit == "nats a character":
        return "{:.3f}".format
    return seconds


def ratio(unit: Unit) -> Callable[[float], str]:
    """How a subject held against another is written: times as much, or of losses the difference."""
    return "{:+.3f}".format if unit == "nats a character" else _times


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"


def rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """The heads of the columns, and a row for each way."""
    show, sign = shown(comparison.unit), "−" if comparison.unit == "nats a character" else "÷"
    has_start = any(way.start_seconds is not None for way in comparison.ways)
    has_memory = any(way.peak_mebibytes is not None for way in comparison.ways)
    short = _without_common_beginning(comparison.subjects)
    heads = ["", HEADS[comparison.unit], "lowest – highest", *(f"{name} {sign} this" for name in short)]
    heads += ["start-up"] * has_start + ["peak MiB"] * has_memory
    found = []
    for way in comparison.ways:
        row = [way.name, show(way.median), f"{show(min(way.values))}–{show(max(way.values))}"]
        row += [_against(comparison, subject, way) for subject in comparison.subjects]
        row += [_start(way)] * has_start + [mebibytes(way.peak_mebibytes)] * has_memory
        found.append(row)
    return heads, found


def _start(way: Way) -> str:
    return NONE if way.start_seconds is None else f"{way.start_seconds:.1f}"


def _against(comparison: Comparison, subject: str, way: Way) -> str:
    if way is comparison.best(subject):
        return NONE
    return typical(comparison.against(subject, way), ratio(comparison.unit))


def _without_common_beginning(subjects: Sequence[str]) -> list[str]:
    """``whole training, a`` and ``whole training, b`` as ``a`` and ``b``: the column has little room."""
    parts = [subject.rpartition(", ")[2] for subject in subjects]
    return parts if len(subjects) > 1 else list(subjects)


def text(comparison: Comparison) -> str:
    """For a terminal: names are cut and heads broken so that no line is longer than 80."""
    heads, found = rows(comparison)
    if "start-up" in heads and len(comparison.subjects) > 1:  # no room for both
        place = heads.index("start-up")
        heads, found = heads[:place], [row[:place] for row in found]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    broken = [_broken(head, width) for head, width in zip(heads, widths, strict=True)]
    widths = [max(width, *map(len, lines)) for width, lines in zip(widths, broken, strict=True)]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(widths[1:]))
    lines = max(map(len, broken))
    head = [[*[""] * (lines - len(part)), *part] for part in broken]
    made = [[part[line] for part in head] for line in range(lines)]
    return "\n".join([comparison.title, "", *(_line(row, widths) for row in [*made, *found])])


def _broken(head: str, width: int) -> list[str]:
    """A head over as many lines as its words need."""
    lines = [""]
    for word in head.split(" "):
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= width or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0] if len(cells[0]) <= widths[0] else cells[0][: widths[0] - 1] + "…"
    rest = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return "  ".join([first.ljust(widths[0]), *rest]).rstrip()


def markdown(comparison: Comparison) -> str:
    """With its title."""
    heads, found = rows(comparison)
    return Table(comparison.title, tuple(heads), tuple(map(tuple, found))).markdown()


# --- where a lead comes from ------------------------------------------------------------------------------------------


def lead(section: Section) -> list[list[str]]:
    """For each training that shares prefixes: what of its lead is sharing, and what the engine."""
    found = []
    for comparison in section.comparisons:
        by_size = {shared.batch_size: shared for shared in comparison.sharing}
        for subject, size in comparison.shares.items():
            shared, rival = by_size[size], comparison.best(comparison.rival)
            prefixes = shared.prefixes / shared.characters
            times = comparison.against(subject, rival)
            work = comparison.title.partition(", namegen batch")[0]
            found.append(
                [
                    f"{work}, batch {size}",
                    f"{prefixes:.2f}",
                    f"{shared.repeats:.2f}",
                    f"{shared.common_prefixes:.2f}",
                    typical([value * prefixes for value in times], _times),
                    typical(times, _times),
                ]
            )
    return found


LEAD_HEADS = ("", "prefixes a character", "repeats", "common prefixes", "engine", "lead")


def lead_markdown(document: Performance) -> str:
    """All of them in one table; empty without any."""
    found = [row for section in document.sections for row in lead(section)]
    return Table("", LEAD_HEADS, tuple(map(tuple, found))).markdown().partition("\n\n")[2] if found else ""

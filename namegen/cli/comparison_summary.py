"""What ``namegen compare-backends`` says at its end: the verdict, and the tables that matter most."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from namegen.cli.tables import show_table, without_ranges
from namegen.cli.terminal import printable
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.selection import (
    ALGORITHMS,
    best_generated,
    generated_by_network,
    network_names,
    splits,
)
from namegen.experiments.compare.tables.like_for_like import like_for_like_table
from namegen.experiments.compare.tables.networks import accuracy_table
from namegen.experiments.compare.verdict import Line, verdict
from namegen.experiments.table import NONE, Table, whole

NARROW, QUESTION = 72, 18  # columns: below the first, answers stand below their question
SHORT = {"training part": "training", "held-out part": "held-out", "whole list": "whole"}


def print_summary(results: Comparison, width: int) -> None:
    """Print it to standard output, in lines of at most ``width``."""
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    _print_verdict(console, verdict(results))
    for entry in results.lists:
        for table in filter(None, (_engines(entry), *_accuracies(entry), _generation(entry))):
            console.print()
            show_table(console, f"{entry.name}: {table.title}", table)
    for trouble, found in (("missing", results.missing), ("left out", results.left_out), ("failed", results.failed)):
        for one in found:
            console.print()
            console.print(printable(f"{trouble}: {one.what}: {one.why}"))
    console.print()


def _print_verdict(console: Console, lines: Sequence[Line]) -> None:
    """Question beside answers where there is room for both."""
    grid = RichTable(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    beside = console.width >= NARROW
    grid.add_column(width=QUESTION if beside else None)
    if beside:
        grid.add_column()
    for line in lines:
        question = Text(line.question, style="bold")
        answers = [Text(printable(answer)) for answer in line.answers]
        for place, answer in enumerate(answers):
            if beside:
                grid.add_row(question if place == 0 else "", answer)
            else:
                grid.add_row(*([question] if place == 0 else []))
                grid.add_row(answer)
    console.print(grid)


def _engines(entry: ListEntry) -> Table | None:
    table = without_ranges(like_for_like_table(entry))
    wanted = {
        "network": "network",
        "engine": "engine",
        "batch (names)": "batch",
        "seconds per epoch": "s/epoch",
        "characters per second": "characters/s",
        "start-up (s)": "start s",
        "peak memory (MiB)": "MiB",
    }
    places = [table.columns.index(column) for column in wanted]
    rows = tuple(tuple(row[place] for place in places) for row in table.rows)
    return Table("the same training by each engine", tuple(wanted.values()), rows, left=2) if rows else None


def _accuracies(entry: ListEntry) -> list[Table]:
    found = []
    for split in splits(entry):
        if network_names(entry, split):
            table = without_ranges(accuracy_table(entry, split))
            columns = tuple(SHORT.get(column, column) for column in table.columns)
            found.append(Table(f"likeliest character right (%), split {split}", columns, table.rows))
    return found


def _generation(entry: ListEntry) -> Table | None:
    rows = []
    for one in entry.generation:
        generated, found = best_generated(one), one.algorithms
        speeds = [whole(found[name].names_per_second) if name in found else NONE for name in ALGORITHMS]
        told = generated_by_network(entry).get(one.network) is generated  # once for each network
        seen = f"{generated.recreated_percent:.1f}" if told else ""
        rows.append((one.network, one.model, *speeds, seen))
    columns = ("network", "model", "one by one", "splitting", "in list %")
    return Table("names per second", columns, tuple(rows), left=2) if rows else None

"""What ``namegen compare-backends`` says at its end: the result in words, and the tables that matter most."""

from __future__ import annotations

from rich.console import Console

from namegen.cli.tables import show_table, without_ranges
from namegen.cli.terminal import printable
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.selection import (
    ALGORITHMS,
    best_generated,
    generated_by_network,
    like_for_like_runs,
    network_names,
    splits,
)
from namegen.experiments.compare.tables.networks import accuracy_table
from namegen.experiments.compare.words import statement
from namegen.experiments.table import NONE, Table, mebibytes, seconds, whole

SHORT = {"training part": "training", "held-out part": "held-out", "whole list": "whole"}


def print_summary(results: Comparison, width: int) -> None:
    """Print it to standard output, in lines of at most ``width``."""
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    console.print(printable(statement(results)))
    for entry in results.lists:
        for table in filter(None, (_engines(entry), *_accuracies(entry), _generation(entry))):
            console.print()
            show_table(console, f"{entry.name}: {table.title}", table)
    for trouble, found in (("missing", results.missing), ("left out", results.left_out), ("failed", results.failed)):
        for one in found:
            console.print()
            console.print(printable(f"{trouble}: {one.what}: {one.why}"))
    console.print()


def _engines(entry: ListEntry) -> Table | None:
    rows = []
    for run in like_for_like_runs(entry):
        timing = run.timing
        starting = timing.start_up_seconds + timing.compilation_seconds
        speeds = (seconds(timing.seconds_per_epoch), whole(timing.chars_per_second), seconds(starting))
        rows.append((run.network, run.engine, *speeds, mebibytes(timing.peak_memory_mib)))
    columns = ("network", "engine", "s/epoch", "characters/s", "start + compile s", "MiB")
    return Table("the same training by each engine", columns, tuple(rows), left=2) if rows else None


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

"""Tables across reports: the same list, the same network, in one comparison beside the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.selection import (
    Metric,
    Whose,
    baseline_name,
    network_names,
    network_values,
    reference_values,
    splits,
)
from namegen.experiments.compare.speeds import Ratio, by_network_and_batch, speeds
from namegen.experiments.compare.subjects import SplitName
from namegen.experiments.joined.source import Source
from namegen.experiments.table import NONE, Table, percent, seconds, spread, spread_around_median

Entries = list[tuple[Source, ListEntry]]
WHAT: dict[Metric, tuple[str, Callable[[float], str]]] = {  # what a table shows → in words, and as text
    "accuracy_argmax": ("the likeliest next character is right (%)", percent),
    "loss_nats_per_char": ("loss (nats per character)", "{:.3f}".format),
}


def tables_across(sources: Sequence[Source]) -> Iterator[Table]:
    """For each list of two comparisons or more: accuracy, loss and speed, a column for each comparison."""
    lists: dict[str, Entries] = {}
    for source in sources:
        if isinstance(source.results, Comparison):
            for entry in source.results.lists:
                lists.setdefault(entry.fingerprint, []).append((source, entry))
    for entries in lists.values():
        if len(entries) == 1:
            continue  # its report says it all
        name = " = ".join(dict.fromkeys(entry.name for _, entry in entries))
        for split in dict.fromkeys(split for _, entry in entries for split in splits(entry)):
            for metric in WHAT:
                yield _accuracy(name, entries, split, metric)
        speed = _speed(name, entries)
        if speed.rows:
            yield speed


def _accuracy(name: str, entries: Entries, split: SplitName, metric: Metric) -> Table:
    what, show = WHAT[metric]
    networks = dict.fromkeys(network for _, entry in entries for network in network_names(entry, split))
    rows = [
        (network, *(cell(network_values(entry, split, network, "held_out", metric), show) for _, entry in entries))
        for network in networks
    ]
    references: dict[Whose, str] = {"baseline": "counting", "ceiling": "ceiling of that part"}
    for whose, called in references.items():
        cells = []
        for _, entry in entries:
            values = reference_values(entry, split, "held_out", whose, metric)
            order = f", {baseline_name(entry, split)}" if whose == "baseline" and values else ""
            cells.append(cell(values, show) + order)
        rows.append((called, *cells))
    columns = ("network", *(source.letter for source, _ in entries))
    emphasised = frozenset((len(rows) - 2, len(rows) - 1))
    return Table(f"{name}, held-out part, split {split}: {what}", columns, tuple(rows), emphasised=emphasised)


def cell(values: Iterable[float | None], show: Callable[[float], str]) -> str:
    """The mean of those that are known, and their range."""
    return spread([value for value in values if value is not None], show)


def _speed(name: str, entries: Entries) -> Table:
    """Seconds an epoch, and how many times as fast as the first engine of the same report."""
    cells: dict[tuple[str, str, int], dict[str, str]] = {}
    for source, entry in entries:
        for (network, batch), of_engines in by_network_and_batch(speeds(entry)).items():
            first = of_engines[0]
            for one in of_engines:
                shown = f"{spread_around_median(one.seconds_per_epoch, seconds)} s"
                ratios = one.ratios(first)
                if one is not first and ratios:
                    shown += f", {Ratio.of(ratios)} × {first.engine}"
                cells.setdefault((network, one.engine, batch), {})[source.letter] = shown
    rows = tuple(
        (network, engine, f"{batch:,}", *(found.get(source.letter, NONE) for source, _ in entries))
        for (network, engine, batch), found in cells.items()
    )
    columns = ("network", "engine", "batch (names)", *(source.letter for source, _ in entries))
    note = "Seconds an epoch: the median of the rounds, with their range; then how many times as fast as the first "
    note += "engine of the same report the engine is. Compare these ratios between reports, not the seconds."
    return Table(f"{name}: speed of training", columns, rows, note, left=2)

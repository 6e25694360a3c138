"""The tables of the section "Networks and accuracy": each network beside counting and the ceiling."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import ListEntry
from namegen.experiments.compare.pairs import Figure, against_counting, in_figures, interval_in_words
from namegen.experiments.compare.selection import (
    PARTS,
    Metric,
    Whose,
    baseline_name,
    network_names,
    network_runs,
    network_values,
    reference_values,
)
from namegen.experiments.compare.subjects import SplitName
from namegen.experiments.table import NONE, Table, spread

SPLITS_IN_WORDS: dict[SplitName, str] = {
    "names": "repeats may stand on both sides (as in the original)",
    "unique": "no name on both sides",
}


# What is compared with counting, beside what a table tells.
FIGURES: dict[Metric, Figure] = {"accuracy_argmax": "argmax", "accuracy_sampled": "sampled"}
AGAINST_COUNTING = "against counting"
TOO_FEW = "How far the networks are from counting is not told: there are too few held-out names for an interval."


def accuracy_table(entry: ListEntry, split: SplitName, figure: Metric = "accuracy_argmax") -> Table:
    """The networks on each part of the list, beside that part's n-gram and ceiling."""
    rows = [
        (network, *(spread(network_values(entry, split, network, part, figure)) for part in PARTS))
        for network in network_names(entry, split)
    ]
    for whose, name in _references(entry, split):
        values = (reference_values(entry, split, part, whose, figure) for part in PARTS)
        rows.append((name, *(spread(found) for found in values)))
    what = "The likeliest next character is right" if figure == "accuracy_argmax" else "A drawn character is right"
    table = Table(
        f"{what} (%): split {split}, {SPLITS_IN_WORDS[split]}",
        ("network", *PARTS.values()),
        tuple(rows),
        _note(entry, split),
        emphasised=frozenset((len(rows) - 2, len(rows) - 1)),
    )
    return _against_counting(table, entry, split, FIGURES[figure])


def _against_counting(table: Table, entry: ListEntry, split: SplitName, figure: Figure) -> Table:
    """The table with a column more: how far each network is from counting on the held-out part, as far as that is
    known.
    """
    found = [against_counting(entry, split, network, figure) for network in network_names(entry, split)]
    if not any(found):
        measured = any(run.held_out_groups for run in entry.trainings if run.split == split)
        return replace(table, note=f"{table.note} {TOO_FEW}".strip()) if measured else table
    cells = [*(in_figures(one, figure) for one in found), NONE, NONE]
    rows = tuple((*row, cell) for row, cell in zip(table.rows, cells, strict=True))
    better = "below 0 the network is better" if figure == "loss" else "in points of per cent; above 0 it is better"
    said = f"Against counting: the network minus the n-gram, on the same held-out names ({better})."
    note = " ".join(filter(None, (table.note, said, interval_in_words(found))))
    return replace(table, columns=(*table.columns, AGAINST_COUNTING), rows=rows, note=note)


def _references(entry: ListEntry, split: SplitName) -> tuple[tuple[Whose, str], ...]:
    """The last rows of each table."""
    return (("baseline", f"{baseline_name(entry, split)} (counting)"), ("ceiling", "ceiling of that part"))


def _note(entry: ListEntry, split: SplitName) -> str:
    references = [one for one in entry.references if one.split == split]
    seen = [one.seen_percent for one in references]
    shown = spread(seen, lambda value: f"{value:.1f}")
    note = f"Share of the held-out names that are also in the training part, in %: {shown}."
    note += " All figures are means over the seeds, with the range of the seeds in brackets." if len(seen) > 1 else ""
    if any(one.repeats_damped for one in references):
        note += " Networks and n-gram read a name with c entries about √c times; the figures count all its entries."
    return note


def loss_table(entry: ListEntry, split: SplitName) -> Table:
    """Loss on the held-out part, and how each network was trained."""
    rows: list[tuple[str, ...]] = []
    for network in network_names(entry, split):
        runs = network_runs(entry, split, network)
        loss = network_values(entry, split, network, "held_out", "loss_nats_per_char")
        epochs = sorted({run.epochs for run in runs})
        best = spread([float(run.best_epoch) for run in runs], lambda value: f"{value:.0f}")
        rows.append(
            (
                network,
                f"{runs[0].parameters:,}",
                " or ".join(map(str, epochs)),
                best,
                str(runs[0].batch_size),
                spread(loss, lambda value: f"{value:.3f}"),
            )
        )
    for whose, name in _references(entry, split):
        values = reference_values(entry, split, "held_out", whose, "loss_nats_per_char")
        rows.append((name, *[NONE] * 4, spread(values, lambda value: f"{value:.3f}")))
    columns = ("network", "parameters", "epochs", "best epoch", "batch (names)", "held-out loss (nats per character)")
    emphasised = frozenset((len(rows) - 2, len(rows) - 1))
    table = Table(f"Loss on the held-out part, split {split}", columns, tuple(rows), emphasised=emphasised)
    return _against_counting(table, entry, split, "loss")

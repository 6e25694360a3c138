"""All tables of a list, section by section of the report."""

from __future__ import annotations

from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.selection import generated_by_network, like_for_like_runs, network_names, splits
from namegen.experiments.compare.tables.generation import (
    duplicates_table,
    generated_names_table,
    lengths_table,
    speed_table,
)
from namegen.experiments.compare.tables.like_for_like import distance_table, like_for_like_table
from namegen.experiments.compare.tables.networks import accuracy_table, loss_table
from namegen.experiments.table import Table

LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION, GENERATION_SECTION = "Like for like", "Networks and accuracy", "Generation"


def list_tables(entry: ListEntry, results: Comparison) -> dict[str, list[Table]]:
    """All tables of a list by the title of their section; a section without figures is not there."""
    sections: dict[str, list[Table]] = {}
    if like_for_like_runs(entry):
        sections[LIKE_FOR_LIKE_SECTION] = [like_for_like_table(entry), distance_table(entry)]
    accuracy: list[Table] = []
    for split in splits(entry):
        if network_names(entry, split):
            accuracy += [accuracy_table(entry, split), accuracy_table(entry, split, "accuracy_sampled")]
            accuracy.append(loss_table(entry, split))
    if accuracy:
        sections[NETWORKS_SECTION] = accuracy
    if entry.generation:
        names = results.generated_names
        sections[GENERATION_SECTION] = [speed_table(entry, names), generated_names_table(entry, names)]
        if entry.facts is not None and generated_by_network(entry):
            sections[GENERATION_SECTION] += [lengths_table(entry, entry.facts, names), duplicates_table(entry)]
    return {name: [table for table in tables if table.rows] for name, tables in sections.items()}

"""The tables of generated names."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.selection import generated_by_network
from namegen.experiments.compare.tables.generation import (
    duplicates_table,
    generated_names_table,
    lengths_table,
    speed_table,
)


def test_an_algorithm_that_a_model_lacks_is_a_dash(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    row = {row[1]: row for row in speed_table(entry, 10_000).rows}["tflite generate"]
    assert (row[3], row[5]) == ("–", "–")
    assert not any("tflite generate, count-splitting" in row[1] for row in generated_names_table(entry).rows)


def test_the_list_itself_stands_last_where_its_facts_are_known(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    table, bare = generated_names_table(entry), generated_names_table(replace(entry, facts=None))
    assert table.rows[-1][0] == "the list itself"
    assert table.rows[:-1] == bare.rows
    assert (table.emphasised, bare.emphasised) == ({len(table.rows) - 1}, set())


def test_shares_of_lengths_sum_to_all_names(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    assert entry.facts is not None
    for place in range(1, 3):
        rows = lengths_table(entry, entry.facts, comparison.generated_names).rows
        assert abs(sum(float(row[place]) for row in rows) - 100) < 0.1


def test_duplicates_of_each_network_stand_in_a_column_of_its_own(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    table, generated = duplicates_table(entry), generated_by_network(entry)
    assert table.columns == tuple(generated)
    for place, found in enumerate(generated.values()):
        column = [row[place] for row in table.rows if row[place]]
        assert column == [f"{name} ×{count}" for name, count in found.duplicates]

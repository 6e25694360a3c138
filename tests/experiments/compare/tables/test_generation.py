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
from tests.experiments.compare.grouped import with_names


def test_an_algorithm_that_a_model_lacks_is_a_dash(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    row = {row[1]: row for row in speed_table(entry, 10_000).rows}["tflite generate"]
    assert (row[3], row[5]) == ("–", "–")
    assert not any("tflite generate, count-splitting" in row[1] for row in generated_names_table(entry, 10_000).rows)


def test_the_list_itself_stands_last_where_its_facts_are_known(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    table, bare = generated_names_table(entry, 10_000), generated_names_table(replace(entry, facts=None), 10_000)
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


def test_names_of_networks_and_of_counting_are_judged(comparison: Comparison) -> None:
    table = generated_names_table(with_names(comparison), 10_000)
    new, plausible = table.columns.index("new (%)"), table.columns.index("plausible (%)")
    told = {row[0]: (row[new], row[plausible]) for row in table.rows}
    order = comparison.lists[0].references[0].baseline_order
    assert told["LSTM 2×32"] == ("44.0", "77.0")
    assert told[f"counting ({order}-gram)"] == ("15.0", "85.0")
    assert told["a Markov chain of order 4"] == ("4.0", "85.0")
    assert told["pairs of letters"] == ("88.0", "60.0")
    assert told["the list itself"] == ("–", "–")
    assert len(table.emphasised) == 4
    assert "1,701 held-out names that the training part lacks" in table.note
    assert "in the list, and that of new ones, by at most 1.0 points (95% interval); that of plausible" in table.note


def test_a_judge_that_tells_nothing_is_not_heard(comparison: Comparison) -> None:
    table = generated_names_table(with_names(comparison, pairs=85.0), 10_000)
    assert "new (%)" in table.columns
    assert "plausible (%)" not in table.columns
    assert "the judge knows 1,701 names, and finds 85% of what pairs of letters make plausible" in table.note
    few = generated_names_table(with_names(comparison, pairs=None), 10_000)
    assert "plausible (%)" not in few.columns
    assert "by at most 1.0 points (95% interval). They" in few.note
    assert "at most" not in generated_names_table(comparison.lists[0], 10_000).note, "the first edition counted none"
    assert "would know 1,701 names, which are too few" in few.note


def test_a_document_of_the_first_edition_has_the_columns_of_the_first(comparison: Comparison) -> None:
    assert not {"new (%)", "plausible (%)"} & set(generated_names_table(comparison.lists[0], 10_000).columns)

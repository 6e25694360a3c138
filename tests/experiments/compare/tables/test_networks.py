"""The tables that set networks beside counting and the ceiling."""

from __future__ import annotations

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.networks import NETWORKS
from namegen.experiments.compare.tables.networks import accuracy_table, loss_table


def test_the_last_two_rows_are_what_the_others_are_compared_with(comparison: Comparison) -> None:
    for table in (accuracy_table(comparison.lists[0], "unique"), loss_table(comparison.lists[0], "unique")):
        assert [row[0] for row in table.rows[:-2]] == list(NETWORKS)
        assert table.rows[-2][0].endswith("-gram (counting)")
        assert table.rows[-1][0] == "ceiling of that part"
        assert table.emphasised == {len(table.rows) - 2, len(table.rows) - 1}


def test_repeats_that_are_damped_are_told(comparison: Comparison) -> None:
    assert "√c times" in accuracy_table(comparison.lists[0], "unique").note
    assert "√c times" not in accuracy_table(comparison.lists[0], "names").note

"""The tables that set networks beside counting and the ceiling."""

from __future__ import annotations

import pytest

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.networks import NETWORKS
from namegen.experiments.compare.tables.networks import AGAINST_COUNTING, TOO_FEW, accuracy_table, loss_table
from tests.experiments.compare.grouped import with_groups


def test_the_last_two_rows_are_what_the_others_are_compared_with(comparison: Comparison) -> None:
    for table in (accuracy_table(comparison.lists[0], "unique"), loss_table(comparison.lists[0], "unique")):
        assert [row[0] for row in table.rows[:-2]] == list(NETWORKS)
        assert table.rows[-2][0].endswith("-gram (counting)")
        assert table.rows[-1][0] == "ceiling of that part"
        assert table.emphasised == {len(table.rows) - 2, len(table.rows) - 1}


def test_repeats_that_are_damped_are_told(comparison: Comparison) -> None:
    assert "√c times" in accuracy_table(comparison.lists[0], "unique").note
    assert "√c times" not in accuracy_table(comparison.lists[0], "names").note


def test_each_network_stands_against_counting(comparison: Comparison) -> None:
    table = loss_table(with_groups(comparison), "unique")
    assert table.columns[-1] == AGAINST_COUNTING
    cells = {row[0]: row[-1] for row in table.rows}
    assert cells["LSTM 2×32"].startswith("−0.05")
    assert cells["GRU 2×32"].startswith("no difference found (−0.0")
    assert [row[-1] for row in table.rows[-2:]] == ["–", "–"]
    assert "below 0 the network is better" in table.note
    assert "95 % interval of the difference, over the held-out names and over the 3 seeds" in table.note
    accuracy = accuracy_table(with_groups(comparison), "names")
    assert {row[-1] for row in accuracy.rows[:-2]} == {"no difference found (+0.0 to +0.0)"}
    assert "above 0 it is better" in accuracy.note


def test_a_document_without_groups_says_nothing_of_differences(comparison: Comparison) -> None:
    for table in (accuracy_table(comparison.lists[0], "unique"), loss_table(comparison.lists[0], "unique")):
        assert AGAINST_COUNTING not in table.columns
        assert "ounting:" not in table.note
        assert TOO_FEW not in table.note


def test_too_few_held_out_names_are_told(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("namegen.experiments.compare.pairs.FEWEST_GROUPS", 65)
    table = loss_table(with_groups(comparison), "unique")
    assert AGAINST_COUNTING not in table.columns
    assert table.note == TOO_FEW

"""The tables of a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.compare.tables import (
    AGAINST_COUNTING,
    GENERATION_SECTION,
    LIKE_FOR_LIKE_SECTION,
    NETWORKS_SECTION,
    TOO_FEW,
    accuracy_table,
    curve_table,
    curve_tables,
    generated_names_table,
    list_tables,
    loss_table,
    markdown,
)
from tests.experiments.compare.conftest import RESULTS
from tests.experiments.compare.grouped import with_groups, with_names


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


def test_too_few_held_out_names_are_told(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("namegen.experiments.compare.pairs.FEWEST_GROUPS", 65)
    table = loss_table(with_groups(comparison), "unique")
    assert AGAINST_COUNTING not in table.columns
    assert table.note == TOO_FEW


def test_curves_have_a_row_an_epoch_and_a_shorter_one_ends_in_dashes(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    runs = [run for run in entry.trainings if "like_for_like" in run.roles][:2]
    assert len(curve_table(runs).rows) == len(runs[0].history.epoch)
    assert len(curve_tables(entry)) == 2
    columns = {name: values[:1] for name, values in vars(runs[1].history).items()}
    cut = replace(runs[1], history=replace(runs[1].history, **columns))
    assert curve_table([runs[0], cut]).rows[1][-4:] == ("–",) * 4


def test_the_list_itself_stands_last_where_its_facts_are_known(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    table, bare = generated_names_table(entry, 10_000), generated_names_table(replace(entry, facts=None), 10_000)
    assert table.rows[-1][0] == "the list itself"
    assert table.rows[:-1] == bare.rows
    assert (table.emphasised, bare.emphasised) == ({len(table.rows) - 1}, set())


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
    assert "at most" not in generated_names_table(comparison.lists[0], 10_000).note, "nothing was drawn by counting"
    assert "would know 1,701 names, which are too few" in few.note


def test_a_section_without_figures_is_not_there(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    assert list(list_tables(entry, comparison)) == [LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION, GENERATION_SECTION]
    assert list(list_tables(replace(entry, generation=()), comparison)) == [LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION]
    assert list(list_tables(replace(entry, references=()), comparison)) == [LIKE_FOR_LIKE_SECTION, GENERATION_SECTION]
    assert list_tables(replace(entry, trainings=(), references=(), generation=()), comparison) == {}


def test_every_row_of_the_docs_comes_out_again(documented: Comparison) -> None:
    page = RESULTS.with_name("tables.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert len(rows) > 60
    assert set(rows) <= set(markdown(documented).splitlines())


def test_what_a_failed_measurement_says_is_text(comparison: Comparison) -> None:
    trouble = Trouble("<img src=x onerror=alert(1)>", "<script>[a](b)\n# head")
    said = markdown(replace(comparison, missing=(trouble,), left_out=(trouble,), failed=(trouble,)))
    told = "&#60;img src=x onerror=alert(1)&#62;: &#60;script&#62;\\[a\\](b)U+000A# head."
    for begins in ("Missing", "Left out", "Failed"):
        assert f"\n\n{begins}: {told}\n\n" in said
    assert not {"<img", "<script"} & set(said.replace(" ", "\n").split("\n"))

"""The tables of a list, section by section."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.tables.sections import (
    GENERATION_SECTION,
    LIKE_FOR_LIKE_SECTION,
    NETWORKS_SECTION,
    list_tables,
)


def test_a_section_without_figures_is_not_there(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    assert list(list_tables(entry, comparison)) == [LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION, GENERATION_SECTION]
    assert list(list_tables(replace(entry, generation=()), comparison)) == [LIKE_FOR_LIKE_SECTION, NETWORKS_SECTION]
    assert list(list_tables(replace(entry, references=()), comparison)) == [LIKE_FOR_LIKE_SECTION, GENERATION_SECTION]
    assert list_tables(replace(entry, trainings=(), references=(), generation=()), comparison) == {}


def test_without_the_facts_of_the_list_its_lengths_are_left_out(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    whole = list_tables(entry, comparison)[GENERATION_SECTION]
    assert [table.title for table in list_tables(replace(entry, facts=None), comparison)[GENERATION_SECTION]] == [
        table.title for table in whole[:2]
    ]
    assert len(whole) == 4

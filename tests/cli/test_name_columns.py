"""Check that a table's columns are noticed if they still look like names."""

from __future__ import annotations

import pytest

import namegen.cli.name_columns as columns_module
from namegen.cli.name_columns import NameColumns

HEADER = ["first", "last", "email", "amount"]
ROW = ["Anna", "Smith", "anna@example.com", "42"]
WITHOUT_OTHER_NAMES = ["Anna", "in stock", "", "42"]


def columns_of(*rows: list[str]) -> list[str]:
    """Return the columns that look like names, if the column ``first`` is replaced."""
    columns = NameColumns()
    columns.start(HEADER, replaced_index=0)
    for row in rows:
        columns.check_row(row)
    return columns.found()


def test_columns_with_other_names_or_the_replaced_name_are_found() -> None:
    assert columns_of(ROW, ROW) == ["last", "email"]


def test_at_least_half_of_the_values_of_a_column_have_to_look_like_names() -> None:
    """Empty cells don't count."""
    assert columns_of(ROW, WITHOUT_OTHER_NAMES) == ["last", "email"]
    assert columns_of(ROW, WITHOUT_OTHER_NAMES, WITHOUT_OTHER_NAMES) == ["email"]


def test_only_the_first_rows_of_a_table_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns_module, "MAX_ROWS", 2)
    assert columns_of(WITHOUT_OTHER_NAMES, WITHOUT_OTHER_NAMES, ROW, ROW) == []
    assert columns_of(WITHOUT_OTHER_NAMES, ROW, WITHOUT_OTHER_NAMES) == ["last", "email"]

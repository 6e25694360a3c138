"""Check that history.csv can be read back and is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from namegen.core.training.progress import COLUMNS, EpochRecord, history_csv


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("＠a", "'＠a"),
        ('a"b,', 'a"b,'),
        ("a\nb", r"a\nb"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202e=", r"\u202e="),
    ],
)
def test_history_csv_contains_no_formulas_or_control_characters(text: str, cell: str) -> None:
    record = EpochRecord(1, 0.5, 0.4, 0.01, 2.0, None, None, None, text, True)
    written = history_csv([record])
    assert all(character.isprintable() or character == "\n" for character in written)
    header, row = csv.reader(io.StringIO(written))
    assert header == list(COLUMNS)
    assert row[COLUMNS.index("sample")] == cell

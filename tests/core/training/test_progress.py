"""Check that history.csv can be read back and is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from namegen.core.training.progress import COLUMNS, EpochRecord, history_csv


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@a", "＝1", "＋1", "－1", "＠a", 'a"b', "a,b"]
)
def test_samples_in_history_csv_cannot_be_formulas(text: str) -> None:
    record = EpochRecord(1, 0.5, 0.4, 0.01, 2.0, None, None, None, text, True)
    header, row = csv.reader(io.StringIO(history_csv([record])))
    assert header == list(COLUMNS)
    cell = row[COLUMNS.index("sample")]
    assert cell[0] not in "=+-@＝＋－＠"
    assert cell.removeprefix("'") == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [("a\nb", r"a\nb"), ("\x1b[31m", r"\x1b[31m"), ("\t=1", r"\t=1"), ("\u202e=", r"\u202e=")],
)
def test_history_csv_contains_no_control_characters(text: str, cell: str) -> None:
    record = EpochRecord(1, 0.5, 0.4, 0.01, 2.0, None, None, None, text, True)
    written = history_csv([record])
    assert all(character.isprintable() or character == "\n" for character in written)
    _, row = csv.reader(io.StringIO(written))
    assert row[COLUMNS.index("sample")] == cell

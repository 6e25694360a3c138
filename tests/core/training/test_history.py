"""history.csv is read back as it was written."""

from __future__ import annotations

import csv
import io

import pytest

from namegen.core.training.history import COLUMNS, EpochRecord, history_csv


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", 'a"b', "a,b", "a\nb"])
def test_history_csv_is_read_back_and_runs_no_formula(text: str) -> None:
    record = EpochRecord(1, 0.5, 0.4, 0.01, 2.0, None, None, None, text, True)
    header, row = csv.reader(io.StringIO(history_csv([record])))
    assert header == list(COLUMNS)
    cell = row[COLUMNS.index("sample")]
    assert cell[0] not in "=+-@"
    assert cell.removeprefix("'") == text

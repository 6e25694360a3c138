"""The reasons why mutants survive are of lines that still stand in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mutants_document import key_of, read_reasons

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("key", read_reasons())
def test_a_reason_is_of_lines_that_stand_in_the_code(key: str) -> None:
    file, *change = key.split("\n")
    before = [line[1:] for line in change if line.startswith("-")]
    after = [line[1:] for line in change if line.startswith("+")]
    assert before != after
    assert "\n".join(["", *before, ""]) in (ROOT / file).read_text(encoding="utf-8")
    assert read_reasons()[key].endswith(".")


def test_a_change_is_found_whatever_stands_around_it() -> None:
    assert key_of("a.py", "\n-x = 1\n+x = 2") == key_of("a.py", "-x = 1\n+x = 2\n") != key_of("b.py", "-x = 1\n+x = 2")

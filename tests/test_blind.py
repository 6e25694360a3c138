"""Check the tool for blind tests: sheets, marks and results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import blind
from benchmarks.blind import Name, Sheet


def sheet_of(new: list[int], old: list[int]) -> Sheet:
    """Return a sheet with the marks of one reader."""
    names = [Name(f"n{index}", ("new",), (mark,)) for index, mark in enumerate(new)]
    names += [Name(f"o{index}", ("old",), (mark,)) for index, mark in enumerate(old)]
    names += [
        Name(f"{source}{index}", (source,), (2,))
        for source in ("real", "chain", "changed")
        for index in (1, 2)
    ]
    return Sheet("list", "names", is_short=False, names=tuple(names))


def test_a_sheet_contains_each_name_once_with_all_sources(tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("Ann\nBob\n", encoding="utf-8")
    (tmp_path / "old.txt").write_text("Bob\nCy\n", encoding="utf-8")
    blind.make_sheet(
        tmp_path / "s",
        [f"{source}={tmp_path / source}.txt" for source in ("new", "old")],
        1,
        "names",
    )
    lines = (tmp_path / "s" / "sheet.txt").read_text(encoding="utf-8").splitlines()
    key = json.loads((tmp_path / "s" / "key.json").read_text(encoding="utf-8"))
    assert [line.partition("\t")[2] for line in lines] == [name for name, _ in key["names"]]
    assert dict(key["names"]) == {"Ann": ["new"], "Bob": ["new", "old"], "Cy": ["old"]}


def test_the_number_of_marks_must_match_the_sheet(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text(
        json.dumps({"about": "names", "names": [["Ann", ["new"]]]}), encoding="utf-8"
    )
    (tmp_path / "reader-1.json").write_text("[2, 2]", encoding="utf-8")
    with pytest.raises(SystemExit, match="expected 1 marks"):
        blind.add_marks(tmp_path, is_short=False)


def test_only_a_mark_of_2_counts_as_acceptance() -> None:
    assert blind.mean_acceptance([sheet_of([2, 1, 0, 2], [0])], "new") == 0.5


def test_the_interval_contains_the_difference_and_shrinks_with_more_names() -> None:
    few = blind.confidence_interval([sheet_of([2, 0] * 5, [0] * 10)])
    many = blind.confidence_interval([sheet_of([2, 0] * 50, [0] * 100)])
    assert few[0] < many[0] < 0.5 < many[1] < few[1]

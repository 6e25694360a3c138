"""The tables as Markdown, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from namegen.experiments.compare.tables.__main__ import main
from tests.experiments.compare.conftest import RESULTS


def test_the_tables_of_a_comparison_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(RESULTS)])
    assert "| SimpleRNN 2×32 | numpy |" in capsys.readouterr().out


def test_what_is_no_comparison_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "results.json"
    for text in ('{"format": "namegen sweep"}', "[1]"):
        other.write_text(text)
        with pytest.raises(SystemExit, match="2"):
            main([str(other)])
        assert "is not the results.json of a comparison" in capsys.readouterr().err
    for text in ("no JSON", RESULTS.read_text(encoding="utf-8")[:5_000]):
        other.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match="2"):
            main([str(other)])
        assert "is damaged or incomplete JSON" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "none.json")])
    assert "No such file" in capsys.readouterr().err


def test_one_that_is_damaged_or_of_another_version_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, file = json.loads(RESULTS.read_text(encoding="utf-8")), tmp_path / "results.json"
    for change, said in (({"seeds": ["0"]}, "$.seeds[0]"), ({"format_version": 3}, "format version 3")):
        file.write_text(json.dumps({**plain, **change}), encoding="utf-8")
        with pytest.raises(SystemExit, match="2"):
            main([str(file)])
        assert said in capsys.readouterr().err


def test_a_version_of_any_length_is_told_in_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    for version in ("\x1b[31m" + "9" * 100_000, [[1]] * 10_000):
        file.write_text(json.dumps({"format": "namegen comparison", "format_version": version}), encoding="utf-8")
        with pytest.raises(SystemExit, match="2"):
            main([str(file)])
        told = capsys.readouterr().err
        assert "has the format version" in told
        assert len(told) < 1000
        assert "\x1b" not in told

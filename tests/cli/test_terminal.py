"""Check that help, tables and scores fit in narrow terminals."""

from __future__ import annotations

import re
from pathlib import Path
from unicodedata import east_asian_width

import msgspec
import pytest

from namegen.cli import COMMANDS
from namegen.cli.compare import show_results
from namegen.cli.score import _print_colored, colored
from namegen.cli.terminal import NarrowHelp, aligned, clock, columns, described, fitted
from namegen.core.evaluation.scoring import NameScore
from namegen.errors import NamegenError
from namegen.experiments.rows import read_results
from tests.cli.conftest import invoke

ROOT = Path(__file__).parents[2]
ROWS = [
    ("on held-out names", "nats/char", "argmax accuracy"),
    ("  this network", "2.5840", "22.1%"),
]


@pytest.fixture
def place(small: Path) -> Path:
    """Return a folder with a list. The built-in models are replaced with small ones."""
    (small / "names.txt").write_text("Maddox\nGarcia\nLee\nDiaz\nさくら\n" * 9)
    return small


def width(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_in_40_columns(command: str) -> None:
    """Long examples continue on the next line, and each option stays on the same line as its value."""
    assert [
        line
        for line in invoke(*command.split(), "--help", wide=40).stdout.splitlines()
        if len(line) > 40
    ] == []
    text = " ".join(invoke("compare-backends", "--help", wide=40).stdout.split())
    assert "Default: mlb-first and mlb-last. " in text
    assert "friends.txt --seeds 1 \\ --out reports/friends" in text


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_in_80_columns(command: str) -> None:
    """Only a line that starts with an option may be longer."""
    lines = invoke(*command.split(), "--help").stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("  --")) <= 80


@pytest.mark.parametrize(("wide", "names"), [(40, "names.txt"), (80, "companies")])
def test_results_fit_in_the_terminal(wide: int, names: str, place: Path) -> None:
    for line in (
        f"ceiling {names}",
        f"evaluate mlb-first {names}",
        f"describe {names}",
        "lists",
        "models",
        "configs",
    ):
        result = invoke(*line.split(), wide=wide)
        assert result.exit_code == 0, result.output
        assert max(map(width, result.stdout.splitlines())) <= wide


def test_describe_uses_two_columns_if_they_fit(place: Path) -> None:
    (place / "many.txt").write_text("Al\n" * 5 + "Bo\n" * 2 + "Maximilian-Johann\n")
    for wide, title in (
        (80, "Length of a name in characters            Most common letters"),
        (79, "Most common letters"),
    ):
        lines = invoke("describe", "many.txt", wide=wide).stdout.splitlines()
        assert title in lines
    rows = re.findall(r"(?m)^(16-17|once|twice|\S+ times) +(\d) ", "\n".join(lines))
    assert rows == [("16-17", "1"), ("once", "1"), ("twice", "1"), ("3-9 times", "1")]


def test_wide_tables_show_cells_below_their_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    heading = "  this network\n    nats/char        2.5840\n    argmax accuracy   22.1%"
    assert fitted(ROWS) == f"on held-out names\n{heading}"
    long = fitted([("a", "b"), ("x", "y " * 20)], left=2)
    assert long.splitlines()[2:] == ["     y y"]
    assert described("name", "a " * 20, "b").splitlines()[0] == "name"
    monkeypatch.setenv("COLUMNS", "200")
    assert columns() == 80
    assert [line.split()[-1] for line in fitted(ROWS).splitlines()] == ["accuracy", "22.1%"]
    assert described("name", "a", "b") == "name  a\n      b"
    assert aligned([("ゆき", "1"), ("Al", "10")]) == "ゆき   1\nAl    10"


def test_columns_after_the_left_ones_are_right_aligned() -> None:
    rows = [("a", "b", "c", "d"), ("long", "long", "long", "long")]
    assert aligned(rows).splitlines()[0] == "a        b     c     d"
    assert aligned(rows, left=2).splitlines()[0] == "a     b        c     d"


@pytest.mark.parametrize(("room", "lines"), [(0, 1), (-1, 2)])
def test_a_long_option_is_broken_only_if_it_does_not_fit(
    room: int, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = NarrowHelp()
    text.indent()
    choices = "x" * (text.width - room - len("  --way []"))
    text.write_dl([(f"--way [{choices}]", "Which way.")])
    *option, description = text.getvalue().splitlines()
    assert (len(option), description.strip()) == (lines, "Which way.")
    assert max(map(len, option)) <= text.width


@pytest.mark.parametrize("wide", [1, 12, 20, 25])
def test_numbers_are_not_split_in_narrow_terminals(wide: int, place: Path) -> None:
    for line in (
        "evaluate mlb-first names.txt",
        "describe names.txt",
        "lists",
        "models",
        "configs",
        "train --help",
    ):
        result = invoke(*line.split(), wide=wide)
        assert result.exit_code == 0, result.output
        assert result.stdout == invoke(*line.split(), wide=30).stdout
    found = invoke("evaluate", "mlb-first", "names.txt", wide=wide).stdout
    assert re.search(r"(?m)^  nats/char +\d\.\d{4}$", found)


@pytest.mark.parametrize("wide", [80, 40])
def test_the_summary_of_a_comparison_fits_in_the_terminal(
    wide: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    results = read_results(ROOT / "docs" / "results" / "results.json")
    failed = msgspec.structs.replace(results.rows[0], status="failed", why="x\x1b", result=None)
    results = msgspec.structs.replace(results, rows=(failed, *results.rows[1:]))
    with pytest.raises(NamegenError, match="1 job failed"):
        show_results(results, Path("out"), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= wide
    said = " ".join(line.strip() for line in lines)
    for told in ("times as fast as keras", "the best network is", "x\\x1b", "report: out"):
        assert told in said


def test_wide_rows_of_text_keep_their_column_headings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [("name", "source", "holds"), ("A", "/" + "z" * 90, "one"), ("B", "y", "two")]
    lines = fitted(rows, left=3).splitlines()
    words = ["A", "  holds   one", "B", "  source  y", "  holds   two"]
    assert [line for line in lines if "z" not in line] == words
    assert lines[1] == "  source  /" + "z" * 29


def test_scored_names_are_complete_and_colored_by_surprise(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    name = "Bartholomew Alexander Maximilian \x1bd"
    surprises = (0.5, 2.0, 4.0, 6.0, 20.0)
    bits = (surprises * 8)[: len(name) + 1]
    score = NameScore(name, tuple(-value * 0.6931471805599453 for value in bits), percentile=None)
    codes = re.findall(r"\x1b\[(\d\d)m(?:\x1b\[(1)m)?(\w)", colored(score))
    assert codes[:5] == [
        ("32", "", "B"),
        ("36", "", "a"),
        ("33", "", "r"),
        ("31", "", "t"),
        ("35", "1", "h"),
    ]
    _print_colored([score])
    out = capsys.readouterr().out
    assert "Bartholomew␣Alexander␣Maximilian␣\\x1bd·" in out
    assert "bits per character" in out
    assert "unknown" in out


def test_durations_are_rounded_to_whole_seconds_first() -> None:
    assert [clock(seconds) for seconds in (0.4, 59.6, 3_599.6)] == ["0:00", "1:00", "1:00:00"]

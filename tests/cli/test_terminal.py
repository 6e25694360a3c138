"""Check that help, tables and scores fit in narrow terminals, and that only terminals get colors."""

from __future__ import annotations

import io
import re
from pathlib import Path
from unicodedata import east_asian_width

import click
import msgspec
import pytest
from click.testing import CliRunner

from namegen.cli import COMMANDS, cli
from namegen.cli.compare import show_results
from namegen.cli.terminal import show, table
from namegen.errors import NamegenError
from namegen.experiments.rows import read_results
from tests.cli.conftest import invoke

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(small: Path) -> Path:
    """Return a folder with a list. The built-in models are replaced with small ones."""
    (small / "names.txt").write_text("Maddox\nGarcia\nLee\nDiaz\nさくら\n" * 9)
    return small


def width(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


@pytest.mark.parametrize("wide", [80, 40])
@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_fits_in_the_terminal(command: str, wide: int) -> None:
    """Only options and examples, which users copy, may be longer than a line."""
    for option in ("--help", "--help-all") if command else ("--help",):
        lines = invoke(*command.split(), option, wide=wide).stdout.splitlines()
        assert [
            line
            for line in lines
            if len(line) > wide and not line.strip().startswith(("-", "namegen "))
        ] == []


@pytest.mark.parametrize(
    ("wide", "names"), [(40, "names.txt"), (80, "companies"), (1, "names.txt")]
)
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
        assert max(map(width, result.stdout.splitlines())) <= max(wide, 40)
        assert "…" not in result.stdout
    assert re.search(
        r"(?m)^this +\d\.\d{4} +\d+\.\d% +\d+\.\d%$",
        invoke("evaluate", "mlb-first", names, wide=40).stdout,
    )


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


def test_tables_align_wide_characters_and_print_markup_unchanged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(table([("ゆき", "1"), ("[b]", "10")], "", "n"))
    assert capsys.readouterr().out == "       n\nゆき   1\n[b]   10\n"


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


def test_letters_are_colored_only_in_terminals_with_colors(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = invoke("score", "mlb-first", "Al Bo").stdout
    assert "\x1b" not in plain
    assert [line.split()[0] for line in plain.splitlines()[1:]] == ["A", "l", "␣", "B", "o", "·"]
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich then treats the output as a terminal
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def scored(**environment: str) -> str:
        runner = CliRunner(env={"COLUMNS": "80", **environment})
        return runner.invoke(cli, ["score", "mlb-first", "Al Bo"], color=True).stdout

    assert re.search(r"\x1b\[[\d;]+mA", scored())
    assert "bits of surprise" in scored()
    for quiet in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert scored(**quiet) == plain


@pytest.mark.parametrize(("terminal", "shown"), [("dumb", "x\n"), ("xterm", "\x1b[1mx\x1b[0m\n")])
def test_a_dumb_terminal_gets_no_control_characters(
    terminal: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    with cli.make_context("namegen", ["lists"]):
        click.secho("x", file=stream, bold=True)
    assert stream.getvalue() == shown

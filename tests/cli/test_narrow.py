"""A terminal of 40 columns: nothing is cut, and no line is wider than it."""

from __future__ import annotations

import io
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from namegen import models
from namegen.cli import COMMANDS, cli, terminal
from namegen.cli.score import coloured
from namegen.cli.tables import show_table
from namegen.cli.terminal import columns, fitted, one_line
from namegen.core.evaluation.scoring import NameScore
from namegen.experiments.table import Table
from tests.small_models import small_models

COLUMNS = 40
ROWS = [("on held-out names", "nats/char", "argmax accuracy"), ("  this network", "2.5840", "22.1%")]
TABLE = Table("", ("network", "engine", "seconds per epoch", "parts"), (("LSTM 2×32", "numpy", "0.0225", "–"),), left=2)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setattr(models, "_FOLDER", small_models())


def lines_of(*arguments: object) -> list[str]:
    result = CliRunner().invoke(cli, list(map(str, arguments)), env={"COLUMNS": str(COLUMNS)})
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_stays_within_the_terminal(command: str) -> None:
    """But for an option that is wider alone, and examples, which are to be copied."""
    lines = lines_of(*command.split(), "--help")
    whole = [line for line in lines if not line.startswith("    namegen ") and not line.startswith("  --")]
    assert max(map(len, whole)) <= COLUMNS
    texts = [line for line in lines if line.startswith("      ")]
    assert max(map(len, texts)) > COLUMNS - 10, "the text of an option has the whole width"


@pytest.mark.parametrize(
    "arguments",
    [
        ("ceiling", "names.txt"),
        ("evaluate", "mlb-first", "names.txt"),
        ("describe", "names.txt"),
        ("lists",),
        ("models",),
    ],
)
def test_results_stay_within_the_terminal(
    arguments: tuple[str, ...], narrow: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("Ann\nBob\nMaria\nJose\n")
    assert max(map(len, lines_of(*arguments))) <= COLUMNS


def test_figures_stand_below_their_row_where_a_table_is_too_wide(narrow: None) -> None:
    assert fitted(ROWS).splitlines() == [
        "on held-out names",
        "  this network",
        "    nats/char        2.5840",
        "    argmax accuracy   22.1%",
    ]


def test_a_cell_that_is_too_wide_goes_on_below_itself(narrow: None) -> None:
    rows = [("model", "network", "list"), ("japanese-given", "lstm 96", "19,208 names of japanese-given")]
    assert fitted(rows, left=3).splitlines() == [
        "model",
        "japanese-given",
        "  network  lstm 96",
        "  list     19,208 names of",
        "           japanese-given",
    ]


def test_the_shipped_models_stay_within_the_terminal() -> None:
    assert max(map(len, lines_of("models"))) <= COLUMNS


def test_a_wide_terminal_has_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert columns() == 80
    assert [line.split()[-1] for line in fitted(ROWS).splitlines()] == ["accuracy", "22.1%"]


def test_a_table_of_a_report_has_its_figures_below_their_row() -> None:
    out = io.StringIO()
    show_table(Console(file=out, width=COLUMNS), "Training", TABLE)
    assert out.getvalue().splitlines() == ["Training", "LSTM 2×32, numpy", "  seconds per epoch  0.0225"]
    out = io.StringIO()
    show_table(Console(file=out, width=80), "Training", TABLE)
    assert out.getvalue().splitlines()[1].startswith("network    engine  seconds per epoch")


def test_a_line_that_is_drawn_over_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "columns_of_notes", lambda: COLUMNS)
    assert one_line("x" * 39) == "x" * 39
    assert one_line("x" * 40) == "x" * 38 + "…"


def test_a_scored_name_is_whole(narrow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", out := io.StringIO())
    name = "Bartholomew Alexander Maximilian Longname"
    from namegen.cli.score import _print_coloured

    score = NameScore(name, tuple([-1.0] * (len(name) + 1)), percentile=3.0)
    assert coloured(score).plain == name.replace(" ", "␣") + "·"
    _print_coloured([score])
    shown = out.getvalue()
    assert name.replace(" ", "␣") + "·" in shown.replace("\n", "")
    assert "…" not in shown
    assert "bits per character" in shown


def test_no_command_shows_the_help_as_it_is() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert "\n  train          Learn from a list of names.\n" in result.stderr
    assert "\\n" not in result.stderr
    assert isinstance(cli, click.Group)

"""``--format`` and ``--json``: the same rows as text, CSV, an array and lines of JSON; nothing in a cell runs."""

from __future__ import annotations

import csv
import io
import json
from contextlib import suppress

import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import cli
from namegen.cli.formats import SIDE_BY_SIDE, Rows, chosen, side_by_side
from namegen.errors import GenerationError
from tests.small_models import small_models

COMMANDS = {
    "generate": ("name", "log_probability", "new"),
    "companies": ("name", "log_probability", "new"),
    "players": ("name", "first", "last", "suffix"),
}


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_format_has_the_same_rows(command):
    def out(*more: object) -> str:
        result = run(command, "-n", 9, "--seed", 1, *more)
        assert result.exit_code == 0, result.output
        return result.stdout

    names = out("--format", "text").splitlines()
    assert len(names) == 9
    assert out() == out("--format", "text")
    array = json.loads(out("--format", "json"))
    assert [entry["name"] for entry in array] == names
    assert [tuple(entry) for entry in array] == [COMMANDS[command]] * 9
    assert [json.loads(line) for line in out("--format", "jsonl").splitlines()] == array
    assert out("--json") == out("--json", "--format", "json") == out("--format", "json")
    head, *rows = csv.reader(out("--format", "csv").splitlines())
    assert tuple(head) == COMMANDS[command]
    written = {True: "true", False: "false", None: ""}
    assert rows == [
        [written.get(cell, cell) if isinstance(cell, bool) else str(cell) for cell in entry.values()] for entry in array
    ]


def test_a_model_with_labels_has_a_column_for_the_likeliest_one():
    """By the rule of ``score --labels``, among those that were asked for; drawn and likeliest names alike."""
    asked = ("--label", "Finnish", "--label", "Italian", "--label", "Polish")

    def rows(*more: object) -> list[dict[str, object]]:
        result = run("generate", "world-given", *asked, *more, "--format", "json", "--quiet")
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert all(tuple(row) == ("name", "log_probability", "new", "label") for row in found)
        return found

    drawn, best = rows("-n", 12, "--seed", 1), rows("--best", 6)
    names = [row["name"] for row in drawn + best]
    scored = run("score", "--model", "world-given", *asked, "--labels", "--json", "--", *names)
    for row, score in zip(drawn + best, json.loads(scored.stdout)["scores"], strict=True):
        assert row["label"] == next(iter(score["labels"]))
    labels = [row["label"] for row in drawn]
    assert len(set(labels)) > 1
    upper = rows("-n", 12, "--seed", 1, "--case", "upper")
    assert [row["label"] for row in upper] == labels, (
        "the label is of the name as learned, however it is written at last"
    )


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["text", "csv", "jsonl"])
def test_json_beside_another_format_is_refused(command, form):
    result = run(command, "--json", "--format", form)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"--json contradicts --format {form}" in result.stderr


def test_a_search_that_finds_too_few_leaves_whole_json():
    few = run("generate", "mlb-first", "-n", 40, "--max-length", 1, "--allow-seen", "--temperature", 0, "--json")
    assert few.exit_code == 1
    assert isinstance(json.loads(few.stdout), list)


HARD = (
    "=1+1",
    "+1",
    "-1",
    "@a",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    "a;=1+1",
    "b; @c",
    'say "a", b',
    "a\x1b[31m",
    "{} %s",
    "Zoë",
)


def written(form: str, capsys: pytest.CaptureFixture[str], error: Exception | None = None, rows: int = 2) -> str:
    with suppress(GenerationError, BrokenPipeError), Rows(form, ("a", "b")) as out:
        for start in range(rows):
            out.write(
                (name, value)
                for name, value in zip(HARD[start::2], (0.5, True, None, 3, "x", -1.5, 0.25), strict=False)
            )
        if error is not None:
            raise error
    return capsys.readouterr().out


def test_cells_are_escaped_each_in_its_way(capsys):
    text, lines, array, table = (written(form, capsys) for form in ("text", "jsonl", "json", "csv"))
    for out in (text, lines, array, table):
        assert "\x1b" not in out
    entries = json.loads(array)
    assert sorted(entry["a"] for entry in entries) == sorted(HARD)
    assert [json.loads(line) for line in lines.splitlines()] == entries
    assert {entry["b"] for entry in entries} == {0.5, True, None, 3, "x", -1.5, 0.25}
    cells = [row[0] for row in csv.reader(table.splitlines())][1:]
    safe = {"a;=1+1": "a;'=1+1", "b; @c": "b;' @c", "a\x1b[31m": "a\\x1b[31m"}
    assert sorted(cells) == sorted(f"'{name}" if name[0] in "=+-@＝＋－＠" else safe.get(name, name) for name in HARD)
    assert text.splitlines()[0] == "=1+1"  # for people, not for a spreadsheet


def test_a_json_array_is_closed_after_an_error_of_ours_alone(capsys):
    assert len(json.loads(written("json", capsys, GenerationError("no more")))) == len(HARD)
    assert json.loads(written("json", capsys, GenerationError("none"), rows=0)) == []
    assert json.loads(written("json", capsys, rows=0)) == []
    assert not written("json", capsys, BrokenPipeError()).endswith("]\n")


def test_a_terminal_gets_names_side_by_side_unless_a_format_is_asked_for(monkeypatch):
    """As many in a row as fit into 80 columns, in the order of the lines downwards."""
    lines = run("generate", "mlb-first", "-n", 41, "--seed", 1).stdout.splitlines()
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    terminal.reconfigure = lambda **options: None  # type: ignore[attr-defined]
    monkeypatch.setenv("COLUMNS", "80")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", terminal)
        assert chosen("text", False) == "text"
        assert chosen(None, True) == "json"
        form = chosen(None, False)
        with suppress(GenerationError), Rows(form, ("name",)) as rows:
            rows.write((name,) for name in lines)
            assert terminal.getvalue() == ""
            raise GenerationError("no more")  # what was found is written
    table = terminal.getvalue().splitlines()
    assert max(map(len, table)) <= 80
    assert len(table) < 12
    cells = [row.split() for row in table]
    assert [row[place] for place in range(len(cells[0])) for row in cells if place < len(row)] == lines


def test_many_names_come_a_line_each_in_a_terminal_too(capsys):
    with Rows(SIDE_BY_SIDE, ("name",)) as rows:
        for start in range(0, 900, 300):
            rows.write((f"n{number}",) for number in range(start, start + 300))
    assert capsys.readouterr().out.splitlines() == [f"n{number}" for number in range(900)]
    assert side_by_side([]) == ""
    assert side_by_side(["ゆき" * 30, "a"]) == "ゆき" * 30 + "\na\n"  # wider than the terminal: one a line
    assert side_by_side(["ゆき", "Al", "Bo", "Cy"]).splitlines() == ["ゆき  Al    Bo    Cy"]

"""The help and what stands near it: examples that work, bounds in words, and the nearest option for a wrong one."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import COMMANDS, cli
from tests.small_models import small_models

# parsed, not run
HEAVY = {"train", "teach", "compare-backends", "sweep", "report", "export-tflite", "export-keras", "fetch"}


def command_named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def examples(name: str) -> list[str]:
    lines = (command_named(name).epilog or "").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("namegen ")]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def place(monkeypatch, tmp_path) -> Path:
    """A folder with the files that the examples speak of."""
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "friends.txt").write_text("Ann\nBob\nMaria\nJose\n")
    (tmp_path / "people.csv").write_text("first,last\nAnn,Lee\nBob,Diaz\n")
    run_folder = tmp_path / "runs" / "friends-numpy"
    run_folder.mkdir(parents=True)
    shutil.copy(small_models() / "mlb-first.safetensors", run_folder / "model.safetensors")
    return tmp_path


@pytest.mark.parametrize(("command", "line"), [(command, line) for command in COMMANDS for line in examples(command)])
def test_an_example_works_as_it_stands(command, line, place):
    assert line.split()[1] == command or command in ("lists", "models", "configs")
    program, name, *arguments = shlex.split(line.partition(" > ")[0])
    assert program == "namegen"
    if name in HEAVY or "--plot" in arguments:
        context = command_named(name).make_context(name, arguments)
        assert context.params
        return
    result = run(name, *arguments)
    assert result.exit_code == 0, result.output
    assert result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples_within_80_columns(command):
    assert examples(command)
    result = CliRunner().invoke(cli, [command, "--help"], env={"COLUMNS": "80"}, terminal_width=80)
    assert max(map(len, result.stdout.splitlines())) <= 80
    for line in examples(command):
        assert f"  {line}\n" in result.stdout
    assert "<=" not in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_there_is_not_names_the_nearest(command):
    result = run(command, "--quite")
    assert result.exit_code == 2
    assert "Did you mean" in result.stderr
    assert "--quiet" in result.stderr.partition("Did you mean")[2]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("export-tflite", "mlb-last"), ".tflite"),
        (("export-keras", "mlb-last"), ".keras"),
        (("export-vocabulary", "mlb-last"), ".json"),
        (("export-web", "--out"), ".html or .htm"),
        (("describe", "--plot"), ".png or .svg"),
    ],
)
def test_a_file_to_write_is_known_by_its_ending(arguments, expected, place):
    for name in ("", "friends.txt", "-"):
        result = run(*arguments, name)
        assert result.exit_code == 2
        assert f"'{name}': expected a file that ends in {expected}" in result.stderr
    assert (place / "friends.txt").read_text().startswith("Ann\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("generate", "--min-distance", 4), "'--min-distance': '4': expected a whole number from 1 to 3."),
        (("players", "-n", "many"), "'-n': 'many': expected a whole number from 1 to 1,000,000."),
        (("companies", "--seed", -1), "'--seed': '-1': expected a whole number of at least 0."),
        (("evaluate", "--threads", "9" * 5000), "…': expected a whole number from 1 to 1,024."),
    ],
)
def test_bounds_are_told_in_words(arguments, said):
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_suggestion_is_near_in_spelling_or_there_is_none(place):
    """``Polish`` was answered with Spanish, ``elves`` with nothing, ``--engine`` with --seed."""
    (place / "runs" / "friends-numpy").rename(place / "runs" / "elves-numpy")
    assert "did you mean runs/elves-numpy?" in run("generate", "elves").stderr
    assert "did you mean mlb-first?" in run("generate", "Mlb-frist").stderr
    for origin, near in (("Polish", None), ("Romanian", None), ("italien", "Italian"), ("Finish", "Finnish")):
        said = run("people", "--family", "world-family", "--origin", origin).stderr
        assert (f"did you mean '{near}'?" in said) if near else ("did you mean" not in said)
    for command in ("generate", "train"):
        said = run(command, "--engine", "numpy").stderr
        assert "Did you mean '--backend'?" in said
    assert "--backend" not in run("players", "--engine", "numpy").stderr


def test_people_names_the_origins_in_its_help():
    said = " ".join(run("people", "--help").stdout.split())
    assert "Azerbaijani, Croatian, Czech, Danish" in said
    assert "Yoruba" in said

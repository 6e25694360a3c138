"""``namegen score``: numbers that add up, for people and for programs."""

from __future__ import annotations

import math

import pytest
from click.testing import CliRunner

from namegen import models
from namegen.cli import cli
from tests.small_models import small_models


def test_json_adds_up(program, run_folder):
    run = program("score", "run", "David", "Dvdai", "--json").done()
    assert run.err == "model: run\n"
    assert run.json["model"] == "run"
    david, other = run.json["scores"]
    assert (david["name"], other["name"]) == ("David", "Dvdai")
    letters = [letter["log_probability"] for letter in david["letters"]]
    assert [letter["letter"] for letter in david["letters"]] == [*"David", ""]
    assert math.fsum(letters) == pytest.approx(david["log_probability"])
    assert david["bits_per_char"] == pytest.approx(-david["log_probability"] / math.log(2) / 6)
    assert 0 <= other["percentile"] <= david["percentile"] <= 100


def test_plain_text_where_there_is_no_terminal(program, run_folder):
    run = program("score", "--model", "run", "David", "Al").done()
    first, second = run.out.split("\n\n")
    assert first.startswith("David: bits per character ")
    assert "percentile" in first
    assert len(first.split("\n")) == 1 + len("David") + 1
    assert "\x1b" not in run.out
    assert second.split("\n")[-2].split()[0] == "·"
    assert run.err == ""


def test_how_a_model_is_told_from_a_name(program, run_folder):
    assert program("score", "run", "Al", "--json").done().json["model"] == "run"
    assert program("score", "run/model.safetensors", "Al", "--json").done().json["model"] == "run/model.safetensors"
    (program.folder / "runs").mkdir()
    run_folder.rename(program.folder / "runs" / "names-numpy")
    alone = program("score", "Al", "--json").done()
    assert (alone.json["model"], alone.err) == ("runs/names-numpy", "model: runs/names-numpy\n")
    (program.folder / "Al").mkdir()
    both = program("score", "Al", "Ed", "--json").done()
    assert [entry["name"] for entry in both.json["scores"]] == ["Al", "Ed"]
    assert program("score", "Al", "--quiet").done().err == ""
    program("score", "no/such.safetensors", "Al").refused("there is no model")
    program("score", "companies").refused("'companies' is a model, and no name follows: give a NAME after it", code=2)
    assert program("score", "--model", "runs/names-numpy", "companies").done().out.startswith("companies: ")


def test_a_shipped_model_goes_by_its_name(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["score", "companies", "Apple Inc."])
    assert result.exit_code == 0, result.output
    assert "\n  ␣" in result.stdout
    assert result.stderr == "model: companies\n"


def test_one_label_is_not_told_from_itself(program):
    """It would be likely to 100 %, whatever the name."""
    program("score", "world-given", "Aino", "--label", "Finnish", "--labels").refused("or give several", code=2)


def test_unknown_characters_are_one_sentence(program, run_folder):
    program("score", "run", "Al", "さくら\x1b").refused("くさら", "the model knows")
    program("score", "run", "").refused("empty")
    assert program("score").code == 2
    assert program("score", "run", "Al", "--backend", "jax").code == 2

"""``namegen players`` and ``namegen companies``: an answer in the first minute, with nothing trained."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from namegen import models
from namegen.cli import cli
from namegen.core.data.sameness import normalise, sameness_of
from namegen.lists import load_bundled, players
from tests.cli.test_start import HEAVY, LOADED, loaded_modules
from tests.small_models import small_models


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "_FOLDER", small_models())
    monkeypatch.chdir(tmp_path)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)))


def test_25_players_none_of_them_real():
    result = run("players")
    names = result.stdout.split("\n")[:-1]
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert len(set(names)) == len(names) == 25
    assert all(len(name.split()) >= 2 for name in names)
    assert not {normalise(name) for name in names} & {normalise(player.full_name) for player in players()}


def test_25_companies_none_of_them_in_the_list():
    names = run("companies", "-n", 40).stdout.split("\n")[:-1]
    assert len(set(names)) == len(names) == 40
    form = sameness_of("companies").normalise
    assert not {form(name) for name in names} & {form(name) for name in load_bundled("companies").names}
    assert len({form(name) for name in names}) == 40
    assert run("companies").stdout.count("\n") == 25


@pytest.mark.parametrize("command", ["players", "companies", "generate companies"])
def test_a_letter_case_writes_the_same_names_otherwise(command):
    learned, upper, title = (
        run(*command.split(), "-n", 12, "--seed", 1, *case).stdout.splitlines()
        for case in ((), ("--case", "upper"), ("--case", "title"))
    )
    assert upper == [name.upper() for name in learned] != learned
    assert [name.casefold() for name in title] == [name.casefold() for name in learned]
    assert title != learned


@pytest.mark.parametrize("command", ["players", "companies"])
def test_the_same_seed_gives_the_same_names(command):
    first, again, other = (run(command, "-n", 5, "--seed", seed).stdout for seed in (1, 1, 2))
    assert first == again != other
    assert run(command, "-n", 5).stdout != run(command, "-n", 5).stdout


def test_json_is_an_array_of_objects():
    entries = json.loads(run("players", "--json", "--seed", 1).stdout)
    assert [set(entry) for entry in entries] == [{"name", "first", "last", "suffix"}] * 25
    assert [entry["name"] for entry in entries] == run("players", "--seed", 1).stdout.splitlines()
    entries = json.loads(run("companies", "--json", "-n", 3).stdout)
    assert [set(entry) for entry in entries] == [{"name", "log_probability", "new"}] * 3
    assert all(entry["log_probability"] < 0 and entry["new"] for entry in entries)


@pytest.mark.parametrize("command", ["players", "companies"])
@pytest.mark.parametrize("wrong", [("-n", 0), ("-n", "many"), ("--seed", -1), ("--temperature", -1), ("-n", 10**9)])
def test_values_out_of_range_are_exit_code_2(command, wrong):
    result = run(command, *wrong)
    assert (result.exit_code, result.stdout) == (2, "")
    assert wrong[0].strip("-") in result.stderr


@pytest.mark.parametrize("command", ["players", "companies"])
def test_at_temperature_0_there_is_one_name_at_most_and_it_says_so(command):
    result = run(command, "--temperature", 0)
    assert result.exit_code == 1
    said = {"players": "0 players found of 25 asked for", "companies": "names found: 0 of 25 asked for"}
    assert said[command] in result.stderr
    assert result.stdout.count("\n") <= 1


def test_a_version_without_models_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(models, "_FOLDER", tmp_path)
    for command in ("players", "companies"):
        result = run(command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("namegen: cannot read")


def test_a_file_of_a_models_name_does_not_stand_in_its_way():
    for name in ("companies", "mlb-first", "mlb-last"):
        Path(name).mkdir()
    assert run("companies", "-n", 1).exit_code == run("players", "-n", 1).exit_code == 0


def test_nothing_heavy_is_loaded(program):
    where = f"import namegen.models as m, pathlib; m._FOLDER = pathlib.Path({str(small_models())!r})"
    for command in ("players", "companies"):
        loaded = loaded_modules(program.fresh(command, before=f"{LOADED}\n{where}").done().err)
        assert not loaded & {*HEAVY, "rich", "faker", "urllib3", "jinja2", "rapidfuzz", "regex"}


@pytest.mark.parametrize("command", ["players", "companies", "score", "fetch"])
def test_help_loads_no_numpy(program, command):
    loaded = loaded_modules(program.fresh(command, "--help", before=LOADED).done().err)
    assert not loaded & {"numpy", "rich", "urllib3", "namegen.api"}


def test_with_the_models_that_come_with_the_package_it_takes_a_moment(program):
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        assert program.fresh("players", "-n", 25).done().out.count("\n") == 25
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 3.0  # the promise is one second; a busy machine is not a failure
    assert program.fresh("companies", "-n", 25).done().out.count("\n") == 25

"""How the program starts: fast, light, and with help that is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from namegen import __version__
from namegen.cli import COMMANDS, cli
from namegen.cli.train import train
from namegen.cli.training_options import OF_TEACHING, SETTINGS
from namegen.config import Config, read_config
from tests.cli.conftest import FAST

CONFIGS = Path(__file__).parents[2] / "configs"
LOADED = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
HEAVY = ("keras", "tensorflow", "matplotlib", "ai_edge_litert", "torch", "jax")


def loaded_modules(err: str) -> set[str]:
    return set(err.strip().split("\n")[-1].split())


def test_help_loads_nothing_heavy(program):
    run = program.fresh("--help", before=LOADED).done()
    assert all(command in run.out for command in COMMANDS)
    assert not loaded_modules(run.err) & {"numpy", "rich", "safetensors", "namegen.api", *HEAVY}


@pytest.mark.parametrize("command", ["train", "generate", "ceiling", "describe", "evaluate"])
def test_help_of_a_command_loads_no_numpy(program, command):
    assert "numpy" not in loaded_modules(program.fresh(command, "--help", before=LOADED).done().err)


def test_a_whole_numpy_run_loads_no_other_library(program, some_names):
    program.write("names.txt", some_names)
    run = program.fresh("train", "names.txt", "--epochs", 2, "--no-plot", before=LOADED).done()
    assert not loaded_modules(run.err) & {*HEAVY, "rich"}
    run = program.fresh("generate", "-n", 3, before=LOADED).done()
    assert "numpy" in loaded_modules(run.err)
    assert not loaded_modules(run.err) & {*HEAVY, "rich"}


def test_threads_are_set_before_numpy_is_loaded(program, run_folder):
    before = (
        "import builtins, os, sys; real = builtins.__import__\n"
        "def watch(name, *rest, **more):\n"
        "    if name == 'numpy' and 'numpy' not in sys.modules: print(os.environ.get('OMP_NUM_THREADS'))\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = watch"
    )
    assert program.fresh("generate", "run", "-n", 1, "--threads", 2, before=before).done().out.split("\n")[0] == "2"


def test_python_m_namegen_is_the_program():
    answer = subprocess.run([sys.executable, "-m", "namegen", "--version"], capture_output=True, text=True, check=True)
    assert answer.stdout == f"namegen {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_the_common_options(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = {option for param in command.params for option in param.opts}
    assert {"--json", "--quiet", "--version"} <= options
    assert command.help


def test_the_defaults_that_the_help_of_train_tells_are_those_of_the_settings():
    params = {param.name: param for param in train.params}
    told = 0
    for path in SETTINGS:
        table, _, name = path.partition(".")
        match = re.search(r"\[default: (.*)\]", getattr(params[name], "help", "") or "")
        value = getattr(getattr(Config(), table), name)
        if match and value is not None and not isinstance(value, bool):
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            assert match[1] == text, path
            told += 1
    assert told > 10


def test_every_setting_but_the_list_has_an_option_of_train_or_teach():
    from typing import get_type_hints

    from namegen.config import TABLES

    settings = {f"{table}.{name}" for table, kind in TABLES.items() for name in get_type_hints(kind)}
    assert settings - {"data.names"} == {*SETTINGS, *OF_TEACHING}


def test_an_unknown_command_names_the_nearest(program):
    program("generat").refused("'generat'", "did you mean generate?", code=2)
    program("xyzzy").refused("expected one of train, teach, generate", code=2)


def test_lists_and_models_say_what_there_is(program):
    lists = {entry["name"]: entry for entry in program("lists", "--json").done().json["lists"]}
    assert set(lists) == {"mlb-first", "mlb-last", "companies", "japanese-given", "world-given", "world-family"}
    assert lists["mlb-first"]["names"] > 20_000
    assert "CC-BY-SA-3.0" in program("lists").done().out
    models = {entry["name"]: entry for entry in program("models", "--json").done().json["models"]}
    assert models["world-given"]["labels"]["Icelandic"] > 3_000
    assert (models["mlb-first"]["labels"], models["mlb-first"]["title"]) == ({}, "Baseball first names")
    said = program("models").done().out
    assert "labels of world-family: Azerbaijani, Croatian, " in said
    assert max(map(len, said.splitlines())) <= 80


def test_configs_says_what_there_is(program):
    found = {entry["name"]: entry for entry in program("configs", "--json").done().json["configs"]}
    assert set(found) == {path.stem for path in CONFIGS.glob("*.toml")}
    assert found["sweep-cell"]["command"] == "sweep"
    assert found["scratch-last"]["command"] == "train"
    run = program("configs").done()
    assert max(map(len, run.out.split("\n"))) <= 80
    assert all(name in run.out for name in found)


def test_a_config_goes_by_its_name_and_a_file_by_its_path(program):
    """As with lists and models, the name means what comes with namegen; a note says so where there is a choice."""
    program.write("blog-rnn32-first", "[network]\nhidden = [3]\n")
    options = ("japanese-given", *FAST, "--batch-size", 128, "--out")
    bundled = program("train", "--config", "blog-rnn32-first", *options, "a").done()
    assert "blog-rnn32-first means the config that comes with namegen" in bundled.err
    assert "give ./blog-rnn32-first" in bundled.err
    own = program("train", "--config", "./blog-rnn32-first", *options, "b").done()
    assert "comes with namegen" not in own.err
    widths = [read_config(program.folder / run / "config.toml").network.hidden for run in ("a", "b")]
    assert widths == [(32, 32), (3,)]


def test_an_unknown_config_names_the_nearest(program):
    program("train", "--config", "blog-rnn32-frist").refused("did you mean blog-rnn32-first?", code=2)
    program("sweep", "sweep-cells.toml").refused("did you mean sweep-cell?", code=2)
    program("train", "--config", "xyzzy").refused("there is no config file 'xyzzy'", "`namegen configs`", code=2)


def test_json_is_one_object(program):
    for command in ("lists", "models", "configs", "ceiling", "describe"):
        assert isinstance(json.loads(program(command, "--json", "--quiet").done().out), dict)

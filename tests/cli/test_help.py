"""Check that the program starts quickly, and that its help, examples and suggestions are correct."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from namegen.cli import COMMANDS, cli
from namegen.cli.train import SETTINGS, network_options, train
from namegen.core.settings import TABLES
from namegen.lists import BUNDLED
from namegen.models import SHIPPED
from tests.cli.conftest import Run, invoke
from tests.small_models import small_models

CONFIGS = Path(__file__).parents[2] / "configs"
LOADED = "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
HEAVY = {
    "keras",
    "tensorflow",
    "matplotlib",
    "ai_edge_litert",
    "torch",
    "jax",
    "rich",
    "faker",
    "jinja2",
}
# the examples of these commands are parsed, but not run
LONG_ONES = {"train", "compare-backends", "sweep", "pseudonymize"}
LONG_ONES |= {"export-tflite", "export-keras"}


def loaded_modules(run: Run) -> set[str]:
    return set(run.done().err.strip().split("\n")[-1].split())


def test_help_loads_no_numpy(program):
    help_of_each_command = (
        "from namegen.cli import COMMANDS, cli\n"
        "for command in COMMANDS: cli([command, '--help'], standalone_mode=False)"
    )
    loaded = loaded_modules(program.fresh("--help", before=f"{LOADED}\n{help_of_each_command}"))
    assert "namegen.cli.pseudonymize" in loaded
    assert not loaded & {"numpy", "safetensors", "namegen.api", *HEAVY}


@pytest.mark.parametrize(
    "line",
    ["train names.txt --quick --epochs 2 --no-plot", "generate -n 1 --quiet", "players --quiet"],
)
def test_numpy_commands_load_no_other_heavy_library(program, some_names, line):
    program.write("names.txt", some_names)
    small = (
        f"import namegen.models as m, pathlib; m._FOLDER = pathlib.Path({str(small_models())!r})"
    )
    few_draws = "import namegen.core.generation.fitting as fitting; fitting.DRAWS = 2_000"
    before = f"{LOADED}\n{small}\n{few_draws}"
    loaded = loaded_modules(program.fresh(*line.split(), before=before))
    assert "numpy" in loaded
    # Only tables need Rich.
    assert loaded & HEAVY <= ({"rich"} if line.startswith("train") else set())
    assert not line.startswith("players") or not loaded & {"rapidfuzz", "regex"}


def test_threads_are_set_before_numpy_is_loaded(program, run_folder):
    before = (
        "import builtins, os, sys; real = builtins.__import__\n"
        "def on_progress(name, *rest, **more):\n"
        "    if name == 'numpy' and 'numpy' not in sys.modules: print(os.environ.get('OMP_NUM_THREADS'))\n"
        "    return real(name, *rest, **more)\n"
        "builtins.__import__ = on_progress"
    )
    assert (
        program.fresh("generate", "run", "-n", 1, "--threads", 2, before=before).lines()[0] == "2"
    )


def command_named(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


def examples(name: str) -> list[str]:
    lines = (command_named(name).epilog or "").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("namegen ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_examples_and_common_options(name):
    command = command_named(name)
    assert {"--json", "--quiet", "--version"} <= {
        option for param in command.params for option in param.opts
    }
    assert command.help
    assert examples(name)
    said = invoke(name, "--help").stdout
    assert all(f"  {line}\n" in said for line in examples(name))
    assert "<=" not in said
    assert invoke(name, "--help-all").exit_code == 0
    wrong = invoke(name, "--quite")
    assert wrong.exit_code == 2
    assert "--quiet" in wrong.stderr.lower().partition("did you mean")[2]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("export-tflite", " export-tflite [OPTIONS] [MODEL] [OUT]\n"),
        ("people", f"  {'-n N':30}  How many people to generate."),
        ("sweep", "[default: one per core]  [from 1 to 1,024]"),
    ],
)
def test_help_shows_defaults_bounds_and_optional_arguments(command, shown):
    assert shown in invoke(command, "--help").stdout


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"people"}))
def test_short_help_mentions_only_options_that_it_shows(name):
    text = invoke(name, "--help", wide=80).stdout
    shown = set(re.findall(r"(?m)^  (?:-h, )?(--[a-z-]+)", text))
    summarized = tuple(re.findall(r"(?m)^  (--[a-z]+-)…", text))
    mentioned = set(re.findall(r"(?<![\w-])--[a-z-]*[a-z](?![\w…-])", text))
    unknown = {
        option for option in mentioned - shown if not option.startswith(("--no-", *summarized))
    }
    assert unknown <= {"--config", "--help-all"}


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("generate --most-likly 3", "'--most-likely'"),
        ("train --learning-rates 1", "'--learning-rate'"),
        ("generat", "'generate'"),
        ("taverns", "run `namegen generate taverns`"),
        ("friends.txt", "run `namegen train friends.txt`"),
        ("generate friends.txt", "run `namegen train friends.txt`"),
        ("export-web friends.txt --out a.html", "run `namegen train friends.txt`"),
    ],
)
def test_mistyped_options_and_commands_get_a_suggestion(line, suggestion, place):
    result = invoke(*line.split())
    assert result.exit_code in (1, 2)
    assert suggestion in result.stderr


def test_an_option_with_one_value_cannot_be_repeated():
    result = invoke("people", "--gender", "male", "--gender", "female")
    assert result.exit_code == 2
    assert "--gender was passed 2 times" in result.stderr


@pytest.fixture
def place(small) -> Path:
    """Return a folder with the files that the examples use."""
    (small / "friends.txt").write_text("Ann\nBob\nMaria\nJose\n")
    (small / "people.csv").write_text("first,last\nAnn,Lee\nBob,Diaz\n")
    run_folder = small / "runs" / "friends-numpy"
    run_folder.mkdir(parents=True)
    shutil.copy(small_models() / "mlb-first.safetensors", run_folder / "model.safetensors")
    return small


@pytest.mark.parametrize("line", [line for command in COMMANDS for line in examples(command)])
def test_every_example_works(line, place):
    program, name, *arguments = shlex.split(line.partition(" > ")[0])
    assert program == "namegen"
    if name in LONG_ONES or "--plot" in arguments:
        assert command_named(name).make_context(name, arguments).params
    else:
        few = ["20" if argument == "200" else argument for argument in arguments]
        result = invoke(name, *few)
        assert result.exit_code == 0, result.output
        assert result.stdout


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("export-keras mlb-last", ".keras"),
        ("export-web --out", ".html"),
        ("describe --plot", ".png"),
    ],
)
def test_an_output_file_needs_the_right_extension(line, expected, place):
    for name in ("", "friends.txt", "-"):
        result = invoke(*line.split(), name)
        assert result.exit_code == 2
        assert f"'{name}': expected a file ending in {expected}" in result.stderr
    assert (place / "friends.txt").read_text().startswith("Ann\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "generate --min-distance 4",
            "--min-distance is 4: expected a whole number from 1 to 3",
        ),
        ("players -n many", "'-n': 'many' is not a valid whole number"),
        (f"evaluate --threads {'9' * 5000}", "' is not a valid whole number"),
        ("xyzzy", "No such command 'xyzzy'."),
        ("train --config blog-rnn32-frist", "did you mean blog-rnn32-first?"),
        ("train --config xyzzy", "there is no config file 'xyzzy'"),
        ("export-web mlb-first page.html", "pass the page to write with --out, or the module"),
        ("export-web --module a.mjs --learn", "--learn has an effect only with --out"),
        ("", "\n  train                      Train a network on a list of names.\n"),
    ],
)
def test_errors_explain_bounds_and_suggest_similar_names(line, said, place):
    result = invoke(*line.split())
    assert result.exit_code == 2
    assert said in result.stderr


def test_train_has_an_option_for_every_setting():
    settings = {
        f"{table}.{name}" for table, kind in TABLES.items() for name in get_type_hints(kind)
    }
    assert settings - {"data.names"} == set(SETTINGS)
    assert {path.partition(".")[2] for path in SETTINGS} <= {param.name for param in train.params}


def test_architecture_options_are_parsed_as_in_toml():
    text = "heads=4, rate=0.5, causal=false, shared=true, kind=ring"
    assert network_options(text) == {
        "heads": 4,
        "rate": 0.5,
        "causal": False,
        "shared": True,
        "kind": "ring",
    }


def test_lists_models_and_configs_are_listed_completely(program):
    lists = {entry["name"]: entry for entry in program("lists", "--json").done().json["lists"]}
    assert set(lists) == set(BUNDLED)
    assert lists["mlb-first"]["names"] > 20_000
    assert "CC-BY-SA-3.0" in program("lists").done().out
    models = {entry["name"]: entry for entry in program("models", "--json").done().json["models"]}
    assert list(models) == list(SHIPPED)
    assert models["world-given"]["labels"]["Icelandic,female"] > 1_500
    first = models["mlb-first"]
    assert (first["labels"], first["title"]) == ({}, "Baseball first names")
    text, *labels = program("models").done().out.split("\n\nlabels of ")
    assert len(labels) == sum(bool(model["labels"]) for model in models.values())
    headings = [line for line in text.splitlines() if line[:1].strip()]
    assert headings == ["people", "places", "companies", "fantasy", "things"]
    configs = program("configs", "--json").done().json["configs"]
    assert {entry["name"] for entry in configs} == {path.stem for path in CONFIGS.glob("*.toml")}
    commands = {entry["name"]: entry["command"] for entry in configs}
    assert (commands["sweep-cell"], commands["scratch-last"]) == ("sweep", "train")
    said = program("configs").done().out
    assert all(name in said for name in commands)

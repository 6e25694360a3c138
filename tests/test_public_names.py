"""Check the public names of the package: outdated names are gone, and promised names exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest

import namegen
from namegen import api
from namegen.cli import COMMANDS, cli
from namegen.core.settings import DUPLICATES, LETTER_CASES, NAME_TYPES, SPLITS, TABLES

ROOT = Path(__file__).parents[1]
OLD_SETTINGS = {
    *("effort", "base", "schedule", "rate_steps", "scheduler", "through_time", "best_by", "init"),
    *("drop_recurrent", "drop_between", "drop_output", "sameness", "repeats"),
}
OLD_OPTIONS = {
    *(f"--{name.replace('_', '-')}" for name in OLD_SETTINGS),
    *("--choose", "--best", "--from", "--banned", "--avoid", "--rude", "--blend"),
}
OLD_CALLS = {
    *("best", "best_batches", "labelled", "label_chances", "invent_people", "invent_places"),
    *("invent_players", "written", "make_wishes"),
}
OLD_ARGUMENTS = {"watch", "stop", "choose", "avoid", "banned", "rude", "wishes", "given_wishes"}
OLD_COMMANDS = {"teach", "fetch", "report", "pseudonyms"}


def options_of(command: click.Command) -> set[str]:
    return {option for param in command.params for option in (*param.opts, *param.secondary_opts)}


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    names = cli.list_commands(context)
    found = {name: cli.get_command(context, name) for name in names}
    return {name: command for name, command in found.items() if command is not None}


def test_no_option_has_an_outdated_name() -> None:
    assert COMMANDS
    for name, command in commands().items():
        assert not options_of(command) & OLD_OPTIONS, name
    assert not commands().keys() & OLD_COMMANDS


def test_no_setting_has_an_outdated_name() -> None:
    settings = {name for table in TABLES.values() for name in inspect.signature(table).parameters}
    assert "base_model" in settings
    assert not settings & OLD_SETTINGS
    for config in ROOT.glob("configs/*.toml"):
        text = config.read_text(encoding="utf-8")
        assert not re.findall(rf"^#? ?({'|'.join(OLD_SETTINGS)})\b *=", text, re.MULTILINE), config


def test_no_value_has_an_outdated_name() -> None:
    values = {*SPLITS, *DUPLICATES, *NAME_TYPES, *LETTER_CASES}
    assert not values & {"unique", "names", "kept", "damped", "companies", "as-learned"}


def test_no_function_or_argument_has_an_outdated_name() -> None:
    for thing in (namegen, api, api.LoadedModel):
        public = {name for name in dir(thing) if not name.startswith("_")}
        assert not public & OLD_CALLS, thing
        for name in public:
            member = getattr(thing, name)
            if inspect.isfunction(member):
                assert not inspect.signature(member).parameters.keys() & OLD_ARGUMENTS, name


@pytest.mark.parametrize(
    "path", ["README.md", "CONTRIBUTING.md", "docs/**/*.md", "examples/**/*.md"]
)
def test_no_page_mentions_an_outdated_option(path: str) -> None:
    old = re.compile(rf"(?<![\w-])({'|'.join(sorted(OLD_OPTIONS - {'--from'}))})(?![\w-])")
    for page in ROOT.glob(path):
        assert not old.findall(page.read_text(encoding="utf-8")), page


def test_promised_names_exist() -> None:
    assert "--backend" in options_of(commands()["train"])
    assert {"train", "compare-backends", "export-tflite"} <= commands().keys()
    from namegen.core.engine import Engine
    from namegen.core.evaluation.evaluator import AccuracyEvaluator
    from namegen.core.generation.generator import Generator
    from namegen.core.training.trainer import Trainer

    assert {one.__name__ for one in (Trainer, Generator, AccuracyEvaluator, Engine)} == {
        *("Trainer", "Generator", "AccuracyEvaluator", "Engine")
    }
    for folder in ("namegen/backends", "namegen/core", "configs", "tests"):
        assert (ROOT / folder).is_dir()

"""Check the public names of the package: outdated names are gone, and promised names exist."""

from __future__ import annotations

from pathlib import Path

import click

from namegen.cli import cli

ROOT = Path(__file__).parents[1]


def options_of(command: click.Command) -> set[str]:
    return {option for param in command.params for option in (*param.opts, *param.secondary_opts)}


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    names = cli.list_commands(context)
    found = {name: cli.get_command(context, name) for name in names}
    return {name: command for name, command in found.items() if command is not None}


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

"""What the command line says is short, whatever an argument or a file holds."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.errors import MAX_MESSAGE, SettingsError, add_part_to_settings, setting, shortened
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import LONG

LONGEST = 2 * MAX_MESSAGE  # bytes: a message and, beside a wrong argument, the usage
TEXTS = ("x" * LONG, "é" * LONG, "\x1b[31m" * 20_000, "a/" * 60_000, "1" * LONG, "x" * 300)
# What an option needs beside it: a model where names are drawn, and a list that is not there where there is much to do.
BESIDE = {
    "generate": ["mlb-first"],
    "people": [],
    "players": [],
    "companies": [],
    "score": ["mlb-first", "Al"],
}


def every_argument() -> list[list[str]]:
    """Each command with each of its arguments and options that take a value; {} is the value."""
    found = [["{}"], ["--{}"], ["generate", "--{}"]]
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        for one in command.params:
            if isinstance(one, click.Argument):
                found.append([name, "{}"])
            elif isinstance(one, click.Option) and not one.is_flag and not one.count:
                found.append([name, *BESIDE.get(name, ["not-there"]), one.opts[0], "{}"])
    return found


def run(arguments: list[str], text: str) -> None:
    """Run the command line, and look at what it said."""
    result = CliRunner().invoke(
        cli, [one.replace("{}", text) for one in arguments], catch_exceptions=False
    )
    assert result.exit_code in (0, 1, 2), result.exit_code
    assert len(result.stderr.encode(errors="replace")) <= LONGEST, result.stderr[:300]
    assert all(
        len(line.encode(errors="replace")) <= MAX_MESSAGE for line in result.stderr.split("\n")
    )


def test_wrong_arguments_of_any_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    every = [(arguments, text) for arguments in every_argument() for text in TEXTS]
    assert len(every) > 100 * len(TEXTS)
    order = np.random.default_rng(21).permutation(len(every))[: tries("arguments")]
    attack(lambda one: run(*one), [every[place] for place in order])


def test_a_message_is_cut_in_its_middle_and_never_within_a_setting() -> None:
    message = f"{'x' * 960} {setting('min_length')} {'é' * 3000} {setting('allow_seen', True)}: give another"
    error = SettingsError(message)
    assert len(str(error).encode()) <= 2000
    assert str(error).startswith("xxx")
    assert str(error).endswith("allow_seen=True: give another")
    for most in range(940, 1100):
        cut = shortened(message, most)
        assert cut.count("\0") % 2 == 0
        assert len(cut.encode()) <= most
        assert "\ufffd" not in cut
    with (
        pytest.raises(SettingsError, match="given_min_length") as caught,
        add_part_to_settings("given"),
    ):
        raise error
    assert len(str(caught.value).encode()) <= 2000

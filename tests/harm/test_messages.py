"""Test that the messages of the command line are short for all arguments and files."""

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

LONGEST = 2 * MAX_MESSAGE  # bytes: a message, and the usage line if an argument is wrong
TEXTS = ("x" * LONG, "é" * LONG, "\x1b[31m" * 20_000, "a/" * 60_000, "1" * LONG, "x" * 300)
# The arguments that a command needs besides the tested option. The default is a list that doesn't exist, to save time.
BESIDE = {
    "generate": ["mlb-first"],
    "people": [],
    "players": [],
    "companies": [],
    "score": ["mlb-first", "Al"],
}


def every_argument() -> list[list[str]]:
    """Return each command with each argument or option that takes a value. The placeholder for the value is {}."""
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
    """Run a command, and check its messages."""
    result = CliRunner().invoke(
        cli, [one.replace("{}", text) for one in arguments], catch_exceptions=False
    )
    assert result.exit_code in (0, 1, 2), result.exit_code
    assert len(result.stderr.encode(errors="replace")) <= LONGEST, result.stderr[:300]
    assert all(
        len(line.encode(errors="replace")) <= MAX_MESSAGE for line in result.stderr.split("\n")
    )


def test_messages_about_long_arguments_are_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    every = [(arguments, text) for arguments in every_argument() for text in TEXTS]
    assert len(every) > 100 * len(TEXTS)
    order = np.random.default_rng(21).permutation(len(every))[: tries("arguments")]
    attack(lambda one: run(*one), [every[place] for place in order])


def test_messages_are_cut_in_the_middle_but_not_within_settings() -> None:
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

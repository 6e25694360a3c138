"""Messages name settings as their reader knows them."""

from __future__ import annotations

import pickle

import pytest

from namegen.cli.terminal import option_name
from namegen.errors import NamegenError, SettingsError, setting


@pytest.mark.parametrize(
    ("marked", "in_python", "on_the_command_line"),
    [
        (setting("min_length"), "min_length", "--min-length"),
        (setting("validation", 0), "validation=0", "--validation 0"),
        (setting("allow_seen", True), "allow_seen=True", "--allow-seen"),
        (setting("plot", False), "plot=False", "--no-plot"),
        (setting("out", "a=b c"), "out=a=b c", "--out a=b c"),
    ],
)
def test_a_setting_is_told_to_each_reader(marked: str, in_python: str, on_the_command_line: str) -> None:
    error = NamegenError(f"{marked} is wrong")
    assert str(error) == f"{in_python} is wrong"
    assert error.told(option_name) == f"{on_the_command_line} is wrong"


def test_text_from_outside_is_never_taken_for_a_setting() -> None:
    assert NamegenError("min_length \\0seed\\0 --x").told(option_name) == "min_length \\0seed\\0 --x"


def test_an_error_survives_the_way_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(SettingsError(f"{setting('seed')} is -1")))  # noqa: S301  # our own bytes
    assert str(error) == "seed is -1"

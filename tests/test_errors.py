"""Check how error messages show settings, values and missing libraries."""

from __future__ import annotations

import pickle
import tomllib
from pathlib import Path

import pytest

from namegen.cli.terminal import option_name
from namegen.errors import (
    DISTRIBUTION,
    NamegenError,
    SettingsError,
    requirements,
    setting,
)


@pytest.mark.parametrize(
    ("marked", "in_python", "on_the_command_line"),
    [
        (setting("min_length"), "min_length", "--min-length"),
        (setting("allow_seen", True), "allow_seen=True", "--allow-seen"),
        (setting("plot", False), "plot=False", "--no-plot"),
        (setting("out", "a=b c"), "out=a=b c", "--out a=b c"),
    ],
)
def test_settings_are_shown_as_arguments_or_options(
    marked: str, in_python: str, on_the_command_line: str
) -> None:
    error = NamegenError(f"{marked} is wrong")
    assert str(error) == f"{in_python} is wrong"
    assert error.message_with(option_name) == f"{on_the_command_line} is wrong"


def test_errors_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(SettingsError(f"{setting('seed')} is -1")))  # noqa: S301  # trusted data
    assert str(error) == "seed is -1"


PYPROJECT = tomllib.loads(
    (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
)


def test_required_versions_come_from_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metadata has the format that setuptools uses for wheels."""
    of_keras = [
        'keras>=3.10; extra == "keras"',
        'curses>=2; (sys_platform == "win32") and extra == "keras"',
    ]
    written = [
        "numpy>=2.0",
        *of_keras,
        "Faker>=37 ; extra == 'faker'",
        'more; extra == "keras-more"',
    ]
    monkeypatch.setattr(
        "importlib.metadata.requires", lambda name: written if name == DISTRIBUTION else None
    )
    assert requirements("keras") == ("keras>=3.10", "curses>=2")
    assert requirements("faker") == ("Faker>=37",)

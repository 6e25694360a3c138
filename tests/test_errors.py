"""Check how error messages show settings, values and missing libraries."""

from __future__ import annotations

import pickle
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from namegen.backends import EXTRAS
from namegen.cli.terminal import option_name
from namegen.errors import (
    DISTRIBUTION,
    MAX_SHOWN,
    NamegenError,
    SettingsError,
    quote,
    requirements,
    setting,
    shown,
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


def test_long_values_are_cut_in_messages() -> None:
    for value in ("x" * (MAX_SHOWN + 1), ["x" * 1_000], 10**200, [0] * 1_000, {"x" * 1_000: 1}):
        assert shown(value)[:20] == repr(value)[:20]
    assert [len(shown(value)) for value in (["x" * 1_000], 10**200, [0] * 1_000)] == [MAX_SHOWN] * 3
    assert [shown(short) for short in (12_345, ["abc"], (1, 2), "abc")] == [
        "12345",
        "['abc']",
        "[1, 2]",
        "'abc'",
    ]
    for length in (MAX_SHOWN, MAX_SHOWN + 1):
        text = "x" * length
        assert (
            quote(text)
            == shown(text)
            == repr(text if length <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…")
        )
    assert quote("a\x1b[31m\u202e").isprintable()


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


def test_a_checkout_reads_required_versions_from_pyproject(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.requires", not_installed)
    assert PYPROJECT["project"]["name"] == DISTRIBUTION
    assert all(map(requirements, EXTRAS.values()))
    for extra, libraries in PYPROJECT["project"]["optional-dependencies"].items():
        assert requirements(extra) == tuple(libraries)

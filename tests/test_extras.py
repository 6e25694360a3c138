"""A missing library is named with the versions that the package's own metadata asks for."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from namegen.backends import EXTRAS
from namegen.errors import DISTRIBUTION, install_command, missing_library, requirements

PYPROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
# How setuptools writes the extras into the metadata of a wheel.
METADATA = [
    "numpy>=2.0",
    'keras>=3.10; extra == "keras"',
    'tensorflow>=2.19; extra == "keras"',
    'curses>=2; (sys_platform == "win32") and extra == "keras"',
    "urllib3>=2.8 ; extra == 'fetch'",
    'more; extra == "keras-more"',
]


def test_the_distribution_is_the_one_of_pyproject() -> None:
    assert PYPROJECT["project"]["name"] == DISTRIBUTION


def test_what_is_installed_says_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.requires", lambda name: METADATA if name == DISTRIBUTION else None)
    assert requirements("keras") == ("keras>=3.10", "tensorflow>=2.19", "curses>=2")
    assert requirements("fetch") == ("urllib3>=2.8",)


def test_a_checkout_that_is_not_installed_says_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("importlib.metadata.requires", not_installed)
    for extra, libraries in PYPROJECT["project"]["optional-dependencies"].items():
        assert requirements(extra) == tuple(libraries)


def test_the_sentence_names_all_libraries_of_the_extras() -> None:
    listed = PYPROJECT["project"]["optional-dependencies"]
    command = " ".join(["pip install", *(f"'{one}'" for one in (*listed["keras"], *listed["tflite"]))])
    assert install_command("keras", "tflite") == command
    assert missing_library("the export", "keras", "keras", "tflite") == (
        f"the export needs keras, which is not installed: install it with: {command}"
    )


def test_every_extra_that_an_engine_names_is_there() -> None:
    assert all(map(requirements, EXTRAS.values()))

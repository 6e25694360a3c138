"""Skip tests if the libraries or programs that they need are missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest


def require(*libraries: str) -> None:
    """Skip the test if a library isn't installed. In continuous integration, the test fails instead."""
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            _do_without(library)


def require_program(name: str) -> str:
    """Return the path of a program. If it isn't installed, skip the test, or fail in continuous integration."""
    path = shutil.which(name)
    if path is None:
        _do_without(name)
    return path


def _do_without(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what} isn't installed, and in continuous integration every test must run")
    pytest.skip(f"{what} isn't installed")

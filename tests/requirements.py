"""Libraries and programs that a test needs and that may be missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest


def require(*libraries: str) -> None:
    """Skip the test where a library is not installed; in continuous integration fail, so that no skip goes unseen."""
    for library in libraries:
        if importlib.util.find_spec(library) is None:
            _do_without(library)


def require_program(name: str) -> str:
    """The path of a program; where it is not installed, the same as for a library."""
    path = shutil.which(name)
    if path is None:
        _do_without(name)
    return path


def _do_without(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and in continuous integration every test must run")
    pytest.skip(f"{what} is not installed")

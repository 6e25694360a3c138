"""Libraries that a test needs and that may be missing."""

from __future__ import annotations

import importlib.util
import os

import pytest


def require(library: str) -> None:
    """Skip the test where the library is not installed; in continuous integration fail, so that no skip goes unseen."""
    if importlib.util.find_spec(library) is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(f"{library} is not installed, and in continuous integration every test must run")
    pytest.skip(f"{library} is not installed")

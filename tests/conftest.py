"""Settings and fixtures for all tests. This file installs the shape checks before namegen is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests import shapes

shapes.install()

import tests.adjusted  # noqa: E402, F401  # imports namegen

# There is no deadline, because the first example includes imports, and the machine may be busy.
examples = 60 if "CI" in os.environ else 30
hypothesis.settings.register_profile("namegen", deadline=None, max_examples=examples)
hypothesis.settings.load_profile("namegen")
# Tests that load TensorFlow or start Chromium.
HEAVY = (
    "tests/conformance",
    "tests/keras_engine",
    "tests/tflite",
    "tests/backends",
    "tests/test_own",
    "tests/web",
)


@pytest.fixture
def in_style() -> Iterator[None]:
    """Apply the style of namegen's plots."""
    from namegen.drawings.style import drawing_style

    with drawing_style():
        yield


def pytest_runtest_setup() -> None:
    shapes.calls.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run heavy tests first, so that only one of several processes loads TensorFlow and starts Chromium."""
    items.sort(key=lambda item: not item.nodeid.startswith(HEAVY))

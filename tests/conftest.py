"""What every test shares. Whether shapes are checked is settled before namegen is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import pytest

from tests import shapes

shapes.install()

import tests.adjusted  # noqa: E402, F401  # after the hook

# No deadline: the first example pays for imports, and a busy machine is not a failure.
examples = 60 if "CI" in os.environ else 30
hypothesis.settings.register_profile("namegen", deadline=None, max_examples=examples)
hypothesis.settings.load_profile("namegen")
HEAVY = tuple(
    f"tests/{one}"
    for one in ("conformance", "keras_engine", "tflite", "backends", "test_own", "web")
)


@pytest.fixture
def in_style() -> Iterator[None]:
    """Draws as every drawing of namegen is drawn."""
    from namegen.drawings.style import drawing_style

    with drawing_style():
        yield


def pytest_runtest_setup() -> None:
    shapes.calls.clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What loads TensorFlow or starts Chromium comes first, so that of several processes one alone does it."""
    items.sort(key=lambda item: not item.nodeid.startswith(HEAVY))

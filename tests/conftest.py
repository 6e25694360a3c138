"""What every test shares. Whether shapes are checked is settled before namegen is imported."""

from __future__ import annotations

import os

import hypothesis

from tests import shapes

shapes.install()

import tests.adjusted  # noqa: E402, F401  # after the hook

# No deadline: the first example pays for imports, and a busy machine is not a failure.
examples = 60 if "CI" in os.environ else 30
hypothesis.settings.register_profile("namegen", deadline=None, max_examples=examples)
hypothesis.settings.load_profile("namegen")


def pytest_runtest_setup() -> None:
    shapes.calls.clear()

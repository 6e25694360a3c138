"""What every test shares. jaxtyping is imported before namegen, so that the shapes in the annotations are checked."""

from __future__ import annotations

import os
from collections.abc import Iterator

import hypothesis
import jaxtyping
import pytest

# Where arrays are: elsewhere the type checker has looked, and wrapping every function takes seconds in each process.
WITH_ARRAYS = ["namegen.core", "namegen.backends", "namegen.testing", "namegen.web.arithmetic", "namegen.faker"]
jaxtyping.install_import_hook(WITH_ARRAYS, "beartype.beartype")

from namegen.cli import display  # noqa: E402  # after the hook

display.SECONDS_BEFORE = 1_000.0  # however busy the machine is, nothing is said in between where no test asks for it

# No deadline: the first example pays for imports, and a busy machine is not a failure.
examples = 60 if "CI" in os.environ else 30
hypothesis.settings.register_profile("namegen", deadline=None, max_examples=examples)
hypothesis.settings.load_profile("namegen")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Whole trainings and searches whose shapes other tests check: here that would take most of the time."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)

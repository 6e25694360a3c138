"""A backend of another package: the NumPy engine under another name."""

from __future__ import annotations

from typing import ClassVar

from namegen.backends.numpy_engine.engine import NumpyEngine


class FakeEngine(NumpyEngine):
    """The NumPy engine, as another package would register it."""

    name: ClassVar[str] = "fake"

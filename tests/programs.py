"""Programs that a test runs to their end."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[1]
Done: TypeAlias = subprocess.CompletedProcess[str]


def run(
    command: Sequence[object], folder: Path | None = None, *, given: str = "", **environment: str
) -> Done:
    """A program that can import namegen and the tests; ``given`` is its standard input."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    words = list(map(str, command))
    return subprocess.run(
        words, cwd=folder, env=env, input=given, capture_output=True, text=True, timeout=200
    )

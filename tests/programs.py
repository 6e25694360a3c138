"""Run programs in tests, and wait until they end."""

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
    """Run a program that can import namegen and the tests, with ``given`` as its standard input."""
    return subprocess.run(
        [str(argument) for argument in command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        input=given,
        capture_output=True,
        text=True,
        timeout=200,
    )

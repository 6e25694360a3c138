"""The task of the course: its tests let the solution pass, and tell whoever has not begun where to begin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
ON_CI = ("CI", "BUILD_NUMBER")  # where pytest tells each failure twice at length


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The tests of the task, as a reader runs them."""
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-q",
            "docs/learn/tasks",
            *arguments,
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name not in ON_CI}
        | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_solution_passes() -> None:
    done = run("--cell", "solution")
    assert done.returncode == 0, done.stdout
    assert "12 passed" in done.stdout


def test_the_skeleton_fails_with_a_sentence_that_helps() -> None:
    """Each of the 12 tests, none with a way through the code."""
    done = run()
    assert done.returncode == 1, done.stdout
    assert "12 failed" in done.stdout
    assert done.stdout.count("Traceback") == done.stdout.count("site-packages") == 0
    for cell, part in {"Softsign": "first", "OneGate": "second"}.items():
        told = f'{cell}.forward is not written yet: see "Your task, {part} part" in chapter 3, and TODO in cell.py'
        assert done.stdout.count(told) == 6, done.stdout

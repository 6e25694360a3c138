"""The tests of the tasks in chapter 3 accept the solution, and explain to beginners where to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow
ON_CI = ("CI", "BUILD_NUMBER")  # with these, pytest prints each failure twice


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the tests of the tasks, as a reader would."""
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


def test_empty_methods_fail_with_a_helpful_message() -> None:
    """Each of the 12 tests fails without a traceback."""
    done = run()
    assert done.returncode == 1, done.stdout
    assert "12 failed" in done.stdout
    assert done.stdout.count("Traceback") == done.stdout.count("site-packages") == 0
    for cell, task in {"Softsign": "Task 1", "OneGate": "Task 2"}.items():
        message = f'{cell}.forward is missing: see "{task}" in chapter 3, and TODO in cell.py'
        assert done.stdout.count(message) == 6, done.stdout

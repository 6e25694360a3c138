"""The option ``--cell``, and failures that are a single sentence, without a traceback through namegen's code."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
FILES = {"mine": "cell", "solution": "solution_cell"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--cell",
        choices=FILES,
        default="mine",
        help="test your cells in cell.py (default), or those in solution_cell.py",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Show only the message of a failed test. Other exceptions keep their traceback, which shows a line of the cell."""
    try:
        return (yield)
    except (NotImplementedError, AssertionError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the module with the cells."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module(FILES[request.config.getoption("--cell")])

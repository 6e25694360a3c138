"""``--cell``: whose cells the tests look at. And failures that are a sentence, without a way through namegen's code."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
FILES = {"mine": "cell", "solution": "solution_cell"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take one option more."""
    parser.addoption(
        "--cell",
        choices=FILES,
        default="mine",
        help="which cells: yours, of cell.py (the default), or the solution's",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """What a test says, alone. Any other exception keeps its traceback, which leads to a line of the cell."""
    try:
        return (yield)
    except (NotImplementedError, AssertionError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module with the cells."""
    monkeypatch.syspath_prepend(HERE)
    return importlib.import_module(FILES[request.config.getoption("--cell")])

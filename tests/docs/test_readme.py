"""The README shows what is so: its figures are those of the results, its names those that the commands print."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
tool = runpy.run_path(str(ROOT / "docs" / "tools" / "make_readme.py"))
DOCUMENTS: tuple[Path, ...] = tool["DOCUMENTS"]


def test_the_figures_of_the_readme_are_those_of_the_results() -> None:
    text = README.read_text("utf-8")
    assert tool["with_figures"](text) == text
    assert len(tool["FIGURES"].search(text)[0].splitlines()) > 5


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_print_the_names_that_are_shown(path: Path) -> None:
    """All but one at most: on another machine a rounding may turn out another way."""
    shown = [
        pair
        for block in tool["BLOCK"].findall(path.read_text("utf-8"))
        for pair in tool["commands"](block)
    ]
    other = [command for command, printed in shown if tool["run"](command) != printed]
    assert shown
    assert len(other) <= min(1, len(shown) - 1), f"run `make docs`: {other}"

"""The README shows current results, and the actual output of its commands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
tool = runpy.run_path(str(ROOT / "docs" / "tools" / "make_readme.py"))
DOCUMENTS: tuple[Path, ...] = tool["DOCUMENTS"]


def test_the_results_in_the_readme_are_current() -> None:
    text = README.read_text("utf-8")
    assert tool["update_results"](text) == text
    assert len(tool["RESULTS_TABLE"].search(text)[0].splitlines()) == 6


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_print_the_output_shown(path: Path) -> None:
    """The output of one command may differ, because rounding can depend on the machine."""
    shown = [
        command_and_output
        for block in tool["CONSOLE_BLOCK"].findall(path.read_text("utf-8"))
        for command_and_output in tool["find_commands"](block)
    ]
    changed = [command for command, output in shown if tool["run_command"](command) != output]
    assert shown
    assert len(changed) <= min(1, len(shown) - 1), f"run `make docs`: {changed}"

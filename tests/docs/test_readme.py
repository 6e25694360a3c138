"""The README shows what is so: its figures are those of the results, its names those that the commands print."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
tool = runpy.run_path(str(ROOT / "docs" / "tools" / "make_readme.py"))
DOCUMENTS: tuple[Path, ...] = tool["DOCUMENTS"]


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 150


def test_the_figures_of_the_readme_are_those_of_the_results() -> None:
    text = README.read_text("utf-8")
    assert tool["with_figures"](text) == text
    assert len(tool["FIGURES"].search(text)[0].splitlines()) > 5


def test_a_figure_that_was_written_by_hand_is_found() -> None:
    text = README.read_text("utf-8")
    by_hand = re.sub(r"(\| \d+),000 characters", r"\1,001 characters", text)
    assert by_hand != text
    assert tool["with_figures"](by_hand) == text


def test_what_else_a_block_shows_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A remark before the commands, another program's line, a command without anything printed."""
    monkeypatch.setitem(tool["with_outputs"].__globals__, "run", lambda command: f"printed by {command}")
    block = "```console\n# first\n\n$ cd names\n$ namegen lists\nold\nold\n\n$ wc -l a.txt\n3 a.txt\n$ namegen x\n```\n"
    made = block.replace("old\nold", "printed by namegen lists").replace(
        "$ namegen x\n", "$ namegen x\nprinted by namegen x\n"
    )
    assert tool["with_outputs"](f"Text\n{block}Text") == f"Text\n{made}Text"
    alone = "```console\n# nothing printed\n$ namegen lists\n```\n"
    assert tool["with_outputs"](alone) == alone


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_print_the_names_that_are_shown(path: Path) -> None:
    """All but one at most: on another machine a rounding may turn out another way."""
    shown = [pair for block in tool["BLOCK"].findall(path.read_text("utf-8")) for pair in tool["commands"](block)]
    other = [command for command, printed in shown if tool["run"](command) != printed]
    assert shown
    assert len(other) <= min(1, len(shown) - 1), f"run `make docs`: {other}"

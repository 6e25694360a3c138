"""The tables in ``docs/results`` match the stored results and the built-in lists."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

from namegen.experiments.rows import read_results

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "results"
PAGE = RESULTS / "original.md"


def tool(name: str) -> dict[str, Any]:
    """Load a script from ``docs/tools``, which can import other modules from its folder."""
    folder = ROOT / "docs" / "tools"
    sys.path.insert(0, str(folder))
    try:
        return runpy.run_path(str(folder / name))
    finally:
        sys.path.remove(str(folder))


original, lists = tool("make_original.py"), tool("make_lists.py")


def test_the_page_about_the_blog_is_up_to_date() -> None:
    measured = read_results(RESULTS / "results.json")
    text = PAGE.read_text("utf-8")
    assert original["update_page"](text, measured) == text, "run `make docs`"
    by_hand = text.replace("| 8-gram |", "| bigram |")
    assert by_hand != text
    assert original["update_page"](by_hand, measured) == text


# --- the lists --------------------------------------------------------------------------------------------------------


def test_the_page_about_the_lists_is_up_to_date() -> None:
    assert lists["lists_page"](lists["describe_lists"]()) == (RESULTS / "lists.md").read_text(
        "utf-8"
    ), "run `make docs`"


# --- how often names are generated ------------------------------------------------------------------------------------

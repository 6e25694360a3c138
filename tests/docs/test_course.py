"""The notebooks of the course hold the code of its chapters; ``make course`` writes them. No Jupyter is needed here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

LEARN = Path(__file__).parents[2] / "docs" / "learn"
CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
# What a cell says of itself stands before its code, as `:key: value` or between lines of dashes.
OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[\w-]+:[^\n]*\n)+)", re.DOTALL | re.MULTILINE)

HOUR = ("1-one-name", "2-gradients", "3-cells")  # docs/learn/index.md promises them in about an hour
TASKS = 15  # minutes for the two tasks of chapter 3, beside reading what they are
WAIT = "## Can wait: "


def code_of_chapter(text: str) -> list[str]:
    """The code of each cell of a chapter."""
    return [OPTIONS.sub("", code).strip("\n") for _, code in CELL.findall(text)]


def code_of_notebook(text: str) -> list[str]:
    """The code of each cell of a notebook."""
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]).strip("\n") for cell in cells if cell["cell_type"] == "code"]


def disagreeing(learn: Path) -> list[str]:
    """The chapters whose notebook is missing or has other code, and the notebooks without a chapter."""
    chapters = {path.stem: path for path in learn.glob("[0-9]-*.md")}
    notebooks = {path.stem: path for path in (learn / "notebooks").glob("*.ipynb")}
    return [
        name
        for name in sorted(chapters | notebooks)
        if name not in chapters
        or name not in notebooks
        or code_of_chapter(chapters[name].read_text("utf-8")) != code_of_notebook(notebooks[name].read_text("utf-8"))
    ]


def minutes_to_read(notebook: str) -> float:
    """What comes before the sections that can wait, for whoever meets it for the first time.

    At 200 words a minute, 3 s for a line of code or output, 15 s for a picture, 1.5 minutes for a question.
    """
    minutes = 0.0
    for cell in json.loads(notebook)["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            first = text.partition(WAIT)[0]
            minutes += len(re.findall(r"\S*\w\S*", first)) / 200 + 1.5 * len(re.findall("Question\\.|To try\\.", first))
            if first != text:
                break
        else:
            printed = ["".join(output["text"]) for output in cell["outputs"] if "text" in output]
            lines = [line for part in (text, *printed) for line in part.splitlines() if line.strip()]
            minutes += 0.05 * len(lines) + 0.25 * (len(cell["outputs"]) - len(printed))
    return minutes


def test_a_chapter_takes_as_long_as_it_says() -> None:
    """And the first three, with the tasks, an hour; with room for whoever is slower."""
    total = float(TASKS)
    for name in HOUR:
        said = re.search(r"takes\s+about\s+(\d+)\s+minutes", (LEARN / f"{name}.md").read_text("utf-8"))
        assert said, name
        found = minutes_to_read((LEARN / "notebooks" / f"{name}.ipynb").read_text("utf-8"))
        assert 0.75 * float(said[1]) < found < 1.05 * float(said[1]), name
        total += found
    assert total <= 55
    assert re.search(r"first three take about an hour\b", (LEARN / "index.md").read_text("utf-8"))


@pytest.mark.parametrize("name", HOUR)
def test_what_can_wait_comes_last(name: str) -> None:
    """So whoever stops there has met nothing that needs it, code included."""
    headings = re.findall(r"^## .*$", (LEARN / f"{name}.md").read_text("utf-8"), re.MULTILINE)
    first = next(place for place, heading in enumerate(headings) if heading.startswith(WAIT))
    ends = {"## The letters", "## Where this comes from"}
    assert all(heading.startswith(WAIT) or heading in ends for heading in headings[first:]), headings


def test_every_chapter_is_a_notebook_with_the_same_code() -> None:
    assert disagreeing(LEARN) == [], "run `make course`"


def test_every_cell_of_a_notebook_has_been_run() -> None:
    for path in (LEARN / "notebooks").glob("*.ipynb"):
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), path.name
        failed = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
        assert failed == [], path.name

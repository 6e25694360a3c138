"""The notebooks of the course hold the code of its chapters; ``make course`` writes them. No Jupyter is needed here."""

from __future__ import annotations

import json
import re
from pathlib import Path

LEARN = Path(__file__).parents[2] / "docs" / "learn"
CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
# What a cell says of itself stands before its code, as `:key: value` or between lines of dashes.
OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[\w-]+:[^\n]*\n)+)", re.DOTALL | re.MULTILINE)


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


def test_every_chapter_is_a_notebook_with_the_same_code() -> None:
    assert disagreeing(LEARN) == [], "run `make course`"


def test_every_cell_of_a_notebook_has_been_run() -> None:
    for path in (LEARN / "notebooks").glob("*.ipynb"):
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), path.name
        failed = [output for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
        assert failed == [], path.name


def test_what_a_cell_prints_is_one_output() -> None:
    """Else the clock decides where it is cut, and a notebook changes although its chapter does not."""
    for path in (LEARN / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            streams = [output["name"] for output in cell.get("outputs", []) if output["output_type"] == "stream"]
            assert len(streams) == len(set(streams)), f"{path.name}, {cell['id']}"


def test_code_that_differs_is_found(tmp_path: Path) -> None:
    chapter = (
        "# One\n\n```{code-cell} python\n:tags: [hide-input]\n\na = 1\n\nb = 2\n```\n\n```python\nno_cell = 1\n```\n"
        "```{code-cell}\n---\ntags: [x]\n---\nprint(a)\n```\n"
    )
    cells = [{"cell_type": "markdown", "source": ["# One"]}]
    cells += [{"cell_type": "code", "source": lines} for lines in (["a = 1\n", "\n", "b = 2"], ["print(a)"])]
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "1-one.md").write_text(chapter, encoding="utf-8")
    assert disagreeing(tmp_path) == ["1-one"]
    (tmp_path / "notebooks" / "1-one.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert disagreeing(tmp_path) == []
    (tmp_path / "1-one.md").write_text(chapter.replace("b = 2", "b = 3"), encoding="utf-8")
    assert disagreeing(tmp_path) == ["1-one"]
    (tmp_path / "1-one.md").unlink()
    assert disagreeing(tmp_path) == ["1-one"]

"""The notebooks that ``make course`` writes contain the code of the chapters. These tests don't need Jupyter."""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path

import make_course
import pytest

from tests import programs

LEARN = Path(__file__).parents[2] / "docs" / "learn"
CELL = re.compile(r"^(`{3,})\{code-cell\}[^\n]*\n(.*?)^\1 *$", re.DOTALL | re.MULTILINE)
# The options of a cell are before its code, as `:key: value` or between lines of dashes.
OPTIONS = re.compile(r"\A(?:---\n.*?^---\n|(?::[\w-]+:[^\n]*\n)+)", re.DOTALL | re.MULTILINE)

WITH_OPTIONAL_PARTS = ("1-one-name", "2-gradients", "3-cells", "4-tree")
OPTIONAL = "## Can wait: "


def code_of_chapter(text: str) -> list[str]:
    """Return the code of each cell of a chapter."""
    return [OPTIONS.sub("", code).strip("\n") for _, code in CELL.findall(text)]


def code_of_notebook(text: str) -> list[str]:
    """Return the code of each cell of a notebook."""
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]).strip("\n") for cell in cells if cell["cell_type"] == "code"]


def markdown_of_notebook(text: str) -> str:
    """Return the text of a notebook, without its code."""
    cells = json.loads(text)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")


def disagreeing(learn: Path) -> list[str]:
    """Return chapters whose notebook is missing or has different code, and notebooks without a chapter."""
    chapters = {path.stem: path for path in learn.glob("[0-9]-*.md")}
    notebooks = {path.stem: path for path in (learn / "notebooks").glob("*.ipynb")}
    return [
        name
        for name in sorted(chapters | notebooks)
        if name not in chapters
        or name not in notebooks
        or code_of_chapter(chapters[name].read_text("utf-8"))
        != code_of_notebook(notebooks[name].read_text("utf-8"))
    ]


@pytest.mark.parametrize("name", WITH_OPTIONAL_PARTS)
def test_optional_sections_come_last(name: str) -> None:
    """Readers can skip them, because no later section needs them."""
    headings = re.findall(r"^## .*$", (LEARN / f"{name}.md").read_text("utf-8"), re.MULTILINE)
    is_optional = [heading.startswith(OPTIONAL) for heading in headings]
    after_first_optional = headings[is_optional.index(True) :]
    ends = {"## Notation", "## Sources"}
    required = [
        heading
        for heading in after_first_optional
        if not heading.startswith(OPTIONAL) and heading not in ends
    ]
    assert required == []


def test_every_chapter_has_a_notebook_with_the_same_code() -> None:
    assert disagreeing(LEARN) == [], "run `make course`"


def test_every_notebook_cell_has_been_run() -> None:
    for path in (LEARN / "notebooks").glob("*.ipynb"):
        cells = [
            cell
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "code"
        ]
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), (
            path.name
        )
        failed = [
            output
            for cell in cells
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        assert failed == [], path.name


def test_links_between_notebooks_in_the_archive_work() -> None:
    with zipfile.ZipFile(make_course.ARCHIVE) as archive:
        names = set(archive.namelist())
        notebooks = [archive.read(name).decode() for name in names if name.endswith(".ipynb")]
    targets = set(re.findall(r"\]\(([^)\s]+)\)", "\n".join(map(markdown_of_notebook, notebooks))))
    relative_targets = {target for target in targets if not target.startswith("https:")}
    assert relative_targets == {"2-gradients.ipynb"}
    assert relative_targets <= names


@pytest.mark.slow
def test_the_archive_needs_only_numpy_and_matplotlib(tmp_path: Path) -> None:
    with zipfile.ZipFile(LEARN / "chapters-1-and-2.zip") as archive:
        archive.extractall(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "1-one-name.ipynb",
        "2-gradients.ipynb",
        "pictures.py",
    }
    assert (tmp_path / "pictures.py").read_bytes() == (LEARN / "pictures.py").read_bytes()
    for notebook in sorted(tmp_path.glob("*.ipynb")):
        text = notebook.read_text("utf-8")
        assert text == make_course.archived_notebook(notebook.stem)
        without_namegen = "import sys; sys.modules['namegen'] = None"
        program = "\n".join([without_namegen, *code_of_notebook(text)])
        done = programs.run([sys.executable, "-c", program], tmp_path)
        assert done.returncode == 0, done.stderr

"""Run the chapters of ``docs/learn`` and write each as a notebook with its outputs (``make course``).

The chapters are MyST Markdown; ``docs/learn/notebooks`` holds them for those who read or change them in Jupyter, and
for pages that show notebooks. ``tests/docs/test_course.py`` holds the code of both together. What changes from run to
run (times, the Python that ran it) is left out, so that a notebook changes with its chapter alone.
"""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

LEARN = Path(__file__).resolve().parents[1] / "learn"
NOTEBOOKS = LEARN / "notebooks"
LINK = re.compile(r"(\]\()(?![a-z]+:|#|/)([^)\s]+\))")
SECONDS = 300  # for one cell


def notebook(chapter: Path) -> Any:
    """The chapter with its outputs, run in the folder that it lies in."""
    import jupytext
    from nbclient import NotebookClient

    made = jupytext.read(chapter)
    NotebookClient(
        made,
        timeout=SECONDS,
        kernel_name="python3",
        coalesce_streams=True,  # else printed lines are cut into outputs by the clock
        resources={"metadata": {"path": LEARN}},
    ).execute()
    made.metadata = {"kernelspec": made.metadata["kernelspec"]}
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "markdown":
            cell.source = from_below(cell.source)
    return made


def from_below(text: str) -> str:
    """Markdown whose relative links are as a notebook needs them, a folder further down."""
    return LINK.sub(r"\1../\2", text)


def main() -> None:
    """Write every notebook, and take away those whose chapter is gone."""
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    import nbformat

    os.environ["OMP_NUM_THREADS"] = "1"
    NOTEBOOKS.mkdir(exist_ok=True)
    chapters = sorted(LEARN.glob("[0-9]-*.md"))
    for chapter in chapters:
        print(f"Running {chapter.name}.", file=sys.stderr)
        nbformat.write(notebook(chapter), NOTEBOOKS / f"{chapter.stem}.ipynb")
    for path in NOTEBOOKS.glob("*.ipynb"):
        if path.stem not in {chapter.stem for chapter in chapters}:
            path.unlink()


if __name__ == "__main__":
    main()

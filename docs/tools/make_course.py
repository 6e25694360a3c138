"""Run the chapters of ``docs/learn``, and write each as a notebook with its outputs.

The chapters are MyST Markdown, and the notebooks are for Jupyter. The first two need only NumPy and matplotlib, so
they're also packed in a zip file. Whatever differs between runs, such as times, is left out of the notebooks.
"""

from __future__ import annotations

import io
import os
import re
import sys
import zipfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

LEARN = Path(__file__).resolve().parents[1] / "learn"
NOTEBOOKS = LEARN / "notebooks"
ARCHIVE = LEARN / "chapters-1-and-2.zip"
ARCHIVED = ("notebooks/1-one-name.ipynb", "notebooks/2-gradients.ipynb", "pictures.py")
LINK = re.compile(r"(\]\()(?![a-z]+:|#|/)([^)\s]+\))")
SECONDS = 300  # for one cell


def notebook(chapter: Path) -> Any:
    """Run a chapter in its folder, and return it with its outputs."""
    import jupytext
    from nbclient import NotebookClient

    made = jupytext.read(chapter)
    NotebookClient(
        made,
        timeout=SECONDS,
        kernel_name="python3",
        coalesce_streams=True,  # otherwise printed lines are split by their time
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
    """Adapt relative links to the folder of the notebooks, one level further down."""
    return LINK.sub(r"\1../\2", text)


def archive() -> bytes:
    """Pack the notebooks that run without namegen. The same files give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ARCHIVED:
            path = LEARN / name
            packed.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def main() -> None:
    """Write all notebooks and the archive, and delete notebooks without a chapter."""
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
    ARCHIVE.write_bytes(archive())


if __name__ == "__main__":
    main()

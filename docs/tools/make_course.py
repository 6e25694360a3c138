"""Run the chapters of ``docs/learn``, and write each as a notebook with its outputs.

The chapters are MyST Markdown, and the notebooks are for Jupyter. The first two need only NumPy and matplotlib, so
they're also packed in a zip file. The notebooks don't contain anything that differs between runs, such as times.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import zipfile
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Collection
from pathlib import Path
from typing import Any

LEARN = Path(__file__).resolve().parents[1] / "learn"
NOTEBOOKS = LEARN / "notebooks"
ARCHIVE = LEARN / "chapters-1-and-2.zip"
ARCHIVED_CHAPTERS = ("1-one-name", "2-gradients")  # these run without namegen
ARCHIVED_MODULE = LEARN / "pictures.py"
# A link in Markdown, unless it's a full address, an anchor of the same page or an absolute path.
RELATIVE_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?![a-z]+:|#|/)(?P<target>[^)\s]+)\)")
SECONDS = 300  # that a cell may take


# --- notebooks --------------------------------------------------------------------------------------------------------


def run_chapter(chapter: Path) -> Any:
    """Run a chapter in its folder, and return it as a notebook with its outputs."""
    import jupytext
    from nbclient import NotebookClient

    notebook = jupytext.read(chapter)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        coalesce_streams=True,  # otherwise the output is split depending on when it was printed
        resources={"metadata": {"path": LEARN}},
    )
    client.execute()
    make_reproducible(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = link_from_notebooks(cell.source)
    return notebook


def make_reproducible(notebook: Any) -> None:
    """Remove everything from a notebook that differs between runs."""
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.pop("execution", None)


def link_from_notebooks(text: str) -> str:
    """Adapt relative links to the folder of the notebooks, which is one level deeper.

    >>> link_from_notebooks("See [chapter 3](3-cells.md).")
    'See [chapter 3](../3-cells.md).'
    """
    return RELATIVE_LINK.sub(r"[\g<text>](../\g<target>)", text)


def delete_other_notebooks(chapters: Collection[Path]) -> None:
    """Delete notebooks whose chapters don't exist anymore."""
    names = {chapter.stem for chapter in chapters}
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        if notebook.stem not in names:
            notebook.unlink()


# --- the archive ------------------------------------------------------------------------------------------------------


def make_archive() -> bytes:
    """Pack the notebooks that run without namegen. The same files always give the same bytes."""
    contents = {f"{name}.ipynb": archived_notebook(name) for name in ARCHIVED_CHAPTERS}
    contents[ARCHIVED_MODULE.name] = ARCHIVED_MODULE.read_text(encoding="utf-8")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in contents.items():
            # This entry has a fixed date.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def archived_notebook(name: str) -> str:
    """Return a chapter's notebook for the archive, as JSON. All its relative links lead to files in the archive."""
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = RELATIVE_LINK.sub(archived_link, text).splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def archived_link(link: re.Match[str]) -> str:
    """Return a link to a chapter's notebook if the archive contains it, or only the text of the link."""
    chapter = Path(link["target"]).stem
    if chapter in ARCHIVED_CHAPTERS:
        return f"[{link['text']}]({chapter}.ipynb)"
    return link["text"]


def main() -> None:
    """Write all notebooks and the archive, and delete notebooks without a chapter."""
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    import nbformat

    os.environ["OMP_NUM_THREADS"] = "1"
    NOTEBOOKS.mkdir(exist_ok=True)
    chapters = sorted(LEARN.glob("[0-9]-*.md"))
    for chapter in chapters:
        print(f"Running {chapter.name}.", file=sys.stderr)
        nbformat.write(run_chapter(chapter), NOTEBOOKS / f"{chapter.stem}.ipynb")
    delete_other_notebooks(chapters)
    ARCHIVE.write_bytes(make_archive())


if __name__ == "__main__":
    main()

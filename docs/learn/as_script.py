r"""Write a chapter of the course as a Python program, for readers without Jupyter.

    python docs/learn/as_script.py 1

This writes ``docs/learn/1-one-name.py`` with the chapter's code under the chapter's headings, which the program prints.
Run the program, change it, and run it again. It saves the pictures that a notebook would show next to itself.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEARN = Path(__file__).resolve().parent
# A heading, or a code cell with its options (``:key: value``) and its code.
HEADING_OR_CELL = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```\{code-cell\}[^\n]*\n(?P<options>(?::[^\n]*\n)*)(?P<code>.*?)^``` *$",
    re.DOTALL | re.MULTILINE,
)
FIGURE = re.compile(r"^figure, .* = plt\.subplots\(", re.MULTILINE)
HEAD = '''"""Chapter {name}, written by as_script.py. Change what you like."""

import sys
from pathlib import Path

sys.path.append({learn!r})  # where pictures.py and tasks are
BESIDE = Path(__file__).resolve()  # pictures are saved next to this program
'''


@dataclass(frozen=True)
class Cell:
    """A code cell of a chapter."""

    code: str
    heading: str  # the last heading before the cell
    is_first: bool  # whether no other cell is between the heading and this cell


def program(chapter: str, name: str) -> str:
    r"""Return a chapter as a program.

    Args:
        chapter: The chapter as MyST Markdown.
        name: The file name of the program, without ``.py``. The file names of its pictures start with it.

    >>> chapter = "# Letters\n\n```{code-cell} python\npictures.path(letters, states)\n```\n"
    >>> print(program(chapter, "1-a").split("next to this program")[1].strip())
    # --- Letters
    <BLANKLINE>
    print('\n--- Letters')
    pictures.path(letters, states).save(BESIDE.with_name("1-a.1.png"))
    print("a picture: 1-a.1.png")
    """
    blocks = [HEAD.format(name=name, learn=str(LEARN))]
    picture_count = 0
    for cell in read_cells(chapter):
        code = cell.code
        if draws_picture(code):
            picture_count += 1
            code = with_saved_picture(code, f"{name}.{picture_count}.png")
        blocks.append(program_block(cell, code))
    return "".join(blocks)


def read_cells(chapter: str) -> Iterator[Cell]:
    """Yield the code cells of a chapter."""
    heading = ""
    is_first = False
    for match in HEADING_OR_CELL.finditer(chapter):
        if match["heading"]:
            heading = match["heading"]
            is_first = True
        else:
            yield Cell(match["code"].strip("\n"), heading, is_first)
            is_first = False


def program_block(cell: Cell, code: str) -> str:
    """Return the code of a cell for the program. The first cell after a heading prints it."""
    lines = [f"\n# --- {cell.heading}\n"]
    if cell.is_first:
        title = f"\n--- {cell.heading}"
        lines.append(f"print({title!r})")
    return "\n".join([*lines, code, ""])


def draws_picture(code: str) -> bool:
    """Check whether a cell shows a picture, either from ``pictures.py`` in its last line or from matplotlib."""
    last_statement = ast.parse(code).body[-1]
    is_expression = isinstance(last_statement, ast.Expr)
    shows_picture = is_expression and ast.unparse(last_statement).startswith("pictures.")
    return shows_picture or has_figure(code)


def has_figure(code: str) -> bool:
    """Check whether a cell creates a figure with matplotlib."""
    return FIGURE.search(code) is not None


def with_saved_picture(code: str, file_name: str) -> str:
    """Return the code of a cell, followed by code that saves its picture."""
    path = f'BESIDE.with_name("{file_name}")'
    if has_figure(code):
        code += f'\nfigure.savefig({path}, bbox_inches="tight")'
    else:
        code += f".save({path})"
    return f'{code}\nprint("a picture: {file_name}")'


def main(arguments: list[str] | None = None) -> int:
    """Write the program of a chapter. Never overwrite a program, because the reader may have changed it."""
    options = parse(arguments)
    (chapter,) = LEARN.glob(f"{options.chapter}-*.md")
    path = options.out / f"{chapter.stem}.py"
    if path.exists():
        print(f"{path} already exists. Run it, or delete it to write it again.", file=sys.stderr)
        return 1
    path.write_text(program(chapter.read_text(encoding="utf-8"), chapter.stem), encoding="utf-8")
    print(f"Wrote {path}. Run it with python.", file=sys.stderr)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Write a chapter of the course as a Python program."
    )
    numbers = sorted(path.name[0] for path in LEARN.glob("[0-9]-*.md"))
    parser.add_argument("chapter", choices=numbers, help="the number of the chapter")
    parser.add_argument(
        "--out", type=Path, default=LEARN, help="the folder of the program (default: docs/learn)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())

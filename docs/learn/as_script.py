r"""Write a chapter of the course as a Python program, for those who have no Jupyter.

    python docs/learn/as_script.py 1

writes ``docs/learn/1-one-name.py``: the chapter's code, each piece under the heading that it stands beneath. It
prints the headings. Run it, change it, and run it again. What a notebook shows as a picture, the program writes into a
file beside itself.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path

LEARN = Path(__file__).resolve().parent
# A heading, or a code cell: its options (``:key: value``) and its code.
PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```\{code-cell\}[^\n]*\n(?P<options>(?::[^\n]*\n)*)(?P<code>.*?)^``` *$",
    re.DOTALL | re.MULTILINE,
)
FIGURE = re.compile(r"^figure, .* = plt\.subplots\(", re.MULTILINE)
HEAD = '''"""Chapter {name}, written by as_script.py. Change what you like."""

import sys
from pathlib import Path

sys.path.append({learn!r})  # where pictures.py and tasks are
BESIDE = Path(__file__).resolve()  # pictures go into files beside this one
'''


def program(text: str, name: str) -> str:
    r"""The program of a chapter.

    Args:
        text: the chapter, MyST Markdown.
        name: of the program's file, without ``.py``; the names of its pictures begin with it.

    >>> chapter = "# Letters\n\n```{code-cell} python\npictures.path(letters, states)\n```\n"
    >>> print(program(chapter, "1-a").split("beside this one")[1].strip())
    # --- Letters
    <BLANKLINE>
    print('\n--- Letters')
    pictures.path(letters, states).save(BESIDE.with_name("1-a.1.png"))
    print("a picture: 1-a.1.png")
    """
    parts, heading, title, pictures = [HEAD.format(name=name, learn=str(LEARN))], "", "", 0
    for part in PART.finditer(text):
        if part["heading"]:
            heading = part["heading"]
            title = f"print({chr(10) + '--- ' + heading!r})\n"
            continue
        code = part["code"].strip("\n")
        if draws(code):
            pictures += 1
            code = saving(code, f"{name}.{pictures}.png")
        parts.append(f"\n# --- {heading}\n\n{title}{code}\n")
        title = ""
    return "".join(parts)


def draws(code: str) -> bool:
    """Whether a cell shows a picture: one of ``pictures.py`` as its last expression, or a figure of matplotlib."""
    last = ast.parse(code).body[-1]
    shown = isinstance(last, ast.Expr) and ast.unparse(last).startswith("pictures.")
    return shown or FIGURE.search(code) is not None


def saving(code: str, file: str) -> str:
    """The code of a cell that draws, with the picture written into that file."""
    place = f'BESIDE.with_name("{file}")'
    save = (
        f'\nfigure.savefig({place}, bbox_inches="tight")'
        if FIGURE.search(code)
        else f".save({place})"
    )
    return f'{code}{save}\nprint("a picture: {file}")'


def main(arguments: list[str] | None = None) -> int:
    """Write one chapter's program, but never over one that is there: it may have been changed."""
    chapters = {path.name[0]: path for path in sorted(LEARN.glob("[0-9]-*.md"))}
    parser = argparse.ArgumentParser(
        description="Write a chapter of the course as a Python program."
    )
    parser.add_argument("chapter", choices=chapters, help="its number")
    parser.add_argument(
        "--out", type=Path, default=LEARN, help="the folder to write into (default: docs/learn)"
    )
    options = parser.parse_args(arguments)
    chapter = chapters[options.chapter]
    written = options.out / f"{chapter.stem}.py"
    if written.exists():
        print(
            f"{written} is there already: run it, or delete it first to have it written anew.",
            file=sys.stderr,
        )
        return 1
    written.write_text(program(chapter.read_text(encoding="utf-8"), chapter.stem), encoding="utf-8")
    print(f"{written} is written: run it with python.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Read and write the documents with results, format numbers and tables, and write or check the pages made from them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import TypeVar

import msgspec

from namegen.files import write_whole

RESULTS = Path(__file__).parents[1] / "docs" / "results"
NONE = "–"  # an empty cell of a table
Document = TypeVar("Document")


def read(document_type: type[Document], path: Path) -> Document:
    """Read a document, or return an empty one if the file doesn't exist.

    Raises:
        ValueError: the file contains something else.
    """
    if not path.exists():
        return document_type()
    return msgspec.json.decode(path.read_bytes(), type=document_type)


def write(path: Path, document: object) -> None:
    """Write a dataclass as JSON. Numbers are rounded to six significant digits, which keeps the file small."""
    exact = msgspec.json.encode(document)
    rounded = json.loads(exact, parse_float=lambda number: float(f"{float(number):.6g}"))
    text = json.dumps(rounded, indent=1, ensure_ascii=False)
    write_whole(path, f"{text}\n".encode())


def write_or_check(name: str, text: str) -> bool:
    """Write the page ``docs/results/NAME.md``.

    With ``--check`` on the command line, only check the page, and exit with an error if it's outdated.

    Returns:
        Whether the page was written.
    """
    path = RESULTS / f"{name}.md"
    if "--check" not in sys.argv:
        path.write_text(text, encoding="utf-8")
        return True
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        sys.exit(f"docs/results/{name}.md doesn't match its results. Run `make docs`.")
    return False


def wrap(paragraph: str) -> str:
    """Break the lines of a paragraph after at most 120 characters."""
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], align: str = "---:") -> str:
    """Return a Markdown table. The first column is text, and the others are numbers, aligned on the right.

    >>> print(table(["list", "names"], [["mlb-first", "3,034"]]))
    | list | names |
    | --- | ---: |
    | mlb-first | 3,034 |
    """
    rule = ["---"] + [align] * (len(heads) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, rule, *rows])


def three_digits(value: float) -> str:
    """Format a number with three significant digits, or without decimals from 100 on.

    >>> [three_digits(value) for value in (0.00123, 12.34, 1234.5)]
    ['0.00123', '12.3', '1,234']
    """
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def whole(value: float) -> str:
    """Format a large number with commas, rounded to three significant digits.

    >>> whole(123_456.0)
    '123,000'
    """
    return f"{float(f'{value:.3g}'):,.0f}"

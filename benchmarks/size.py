"""Measure the size of the code: ``python -m benchmarks.size``. With ``--check``, only compare it with the budget.

The budget in ``docs/develop/size.json`` counts tokens: names, operators, numbers and strings, without comments and
docstrings. Splitting a line hardly changes their number, so only removing code makes it smaller. The sums may grow only
in a commit that changes the budget and gives the reason in its message. For ``docs``, only Python files count.
"""

from __future__ import annotations

import ast
import json
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUDGET = ROOT / "docs" / "develop" / "size.json"
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
NODES_WITH_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Since Python 3.12, an f-string has many tokens. It counts as one token here, as in earlier versions.
FSTRING_START = getattr(tokenize, "FSTRING_START", None)
FSTRING_END = getattr(tokenize, "FSTRING_END", None)


@dataclass
class Size:
    """The size of the Python files in a folder."""

    files: int = 0
    lines: int = 0  # lines with at least one token
    tokens: int = 0

    def add(self, path: Path) -> None:
        """Add the size of a file."""
        tokens = read_tokens(path)
        lines: set[int] = set()
        for token in tokens:
            lines.update(range(token.start[0], token.end[0] + 1))
        self.files += 1
        self.lines += len(lines)
        self.tokens += count_tokens(tokens)

    def table_row(self, title: str) -> str:
        """Return a row of the table."""
        density = self.tokens / max(self.lines, 1)
        return f"  {title:32}{self.files:7,}{self.lines:9,}{self.tokens:10,}{density:13.1f}"


def read_tokens(path: Path) -> list[tokenize.TokenInfo]:
    """Return the tokens of a file, except for comments, docstrings and layout."""
    docstrings = docstring_lines(ast.parse(path.read_text(encoding="utf-8")))
    with tokenize.open(path) as file:
        tokens = list(tokenize.generate_tokens(file.readline))
    code = [token for token in tokens if token.type not in LAYOUT]
    return [token for token in code if token.start[0] not in docstrings]


def count_tokens(tokens: Iterable[tokenize.TokenInfo]) -> int:
    """Count tokens, with each f-string as one token."""
    count = 0
    open_fstrings = 0
    for token in tokens:
        if token.type == FSTRING_END:
            open_fstrings -= 1
        elif open_fstrings == 0:
            count += 1
        if token.type == FSTRING_START:
            open_fstrings += 1
    return count


def docstring_lines(tree: ast.Module) -> set[int]:
    """Return the numbers of all lines that belong to docstrings."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, NODES_WITH_DOCSTRINGS) and ast.get_docstring(node):
            docstring = node.body[0]
            last_line = docstring.end_lineno or docstring.lineno
            lines.update(range(docstring.lineno, last_line + 1))
    return lines


def measure_sizes(folder: Path) -> dict[str, Size]:
    """Return the size of each subfolder, two levels deep, and the sum."""
    sizes: defaultdict[str, Size] = defaultdict(Size)
    for path in sorted(folder.rglob("*.py")):
        parents = path.relative_to(folder).parts[:-1]
        subfolder = "/".join(parents[:2]) or "."
        sizes[subfolder].add(path)
        sizes["sum"].add(path)
    return sizes


def print_table(folder: str, sizes: Mapping[str, Size]) -> None:
    """Print the sizes of the subfolders, with the largest first, and the sum."""
    print(f"{folder:34}{'files':>7}{'lines':>9}{'tokens':>10}{'tokens/line':>13}")
    subfolders = [name for name in sizes if name != "sum"]
    subfolders.sort(key=lambda name: -sizes[name].tokens)
    for name in [*subfolders, "sum"]:
        print(sizes[name].table_row(name))


def main() -> None:
    """Print the table, and compare the sums with the budget."""
    budget: dict[str, int] = json.loads(BUDGET.read_text(encoding="utf-8"))
    above_budget = []
    for folder, most_tokens in budget.items():
        sizes = measure_sizes(ROOT / folder)
        if "--check" not in sys.argv:
            print_table(folder, sizes)
        tokens = sizes["sum"].tokens
        if tokens > most_tokens:
            above_budget.append(f"{folder}: {tokens:,} tokens, and the budget is {most_tokens:,}")
    if above_budget:
        reason = "larger than docs/develop/size.json allows (see Size in CONTRIBUTING.md):"
        sys.exit("\n".join([reason, *above_budget]))


if __name__ == "__main__":
    main()

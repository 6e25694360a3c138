"""How large the code is: ``python -m benchmarks.size``; ``--check`` compares the sums with docs/develop/size.json.

The budget counts tokens: names, operators, numbers and strings, without comments and docstrings. Splitting a line
hardly changes their number, so only removing something makes the code smaller. The sums may grow only in a commit that
changes size.json and gives the reason in its message. For docs, the tokens are those of the programs in ``docs/tools``.
"""

from __future__ import annotations

import ast
import json
import sys
import tokenize
from collections import defaultdict
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
# From Python 3.12 on, an f-string is many tokens. Here it counts as one, as in earlier versions.
FSTRING_START = getattr(tokenize, "FSTRING_START", None)
FSTRING_END = getattr(tokenize, "FSTRING_END", None)


@dataclass
class Size:
    """How large a folder is.

    Attributes:
        files: Python files.
        lines: lines with at least one token.
        tokens: tokens.
    """

    files: int = 0
    lines: int = 0
    tokens: int = 0

    def add(self, path: Path) -> None:
        """Count a file in."""
        docstrings = docstring_lines(ast.parse(path.read_text(encoding="utf-8")))
        lines: set[int] = set()
        open_fstrings = 0
        self.files += 1
        with tokenize.open(path) as file:
            for token in tokenize.generate_tokens(file.readline):
                if token.type in LAYOUT or token.start[0] in docstrings:
                    continue
                lines.update(range(token.start[0], token.end[0] + 1))
                if token.type == FSTRING_END:
                    open_fstrings -= 1
                elif open_fstrings == 0:
                    self.tokens += 1
                if token.type == FSTRING_START:
                    open_fstrings += 1
        self.lines += len(lines)

    def row(self, title: str) -> str:
        """A line of the table."""
        density = self.tokens / max(self.lines, 1)
        return f"  {title:32}{self.files:7,}{self.lines:9,}{self.tokens:10,}{density:13.1f}"


def docstring_lines(tree: ast.Module) -> set[int]:
    """The numbers of all lines that belong to docstrings."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        has_docstring = isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        )
        if has_docstring and ast.get_docstring(node):
            docstring = node.body[0]
            lines.update(range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1))
    return lines


def sizes(folder: Path) -> dict[str, Size]:
    """The size of each sub-folder, two levels deep, and the sum."""
    found: defaultdict[str, Size] = defaultdict(Size)
    for path in sorted(folder.rglob("*.py")):
        sub_folder = "/".join(path.relative_to(folder).parts[:-1][:2]) or "."
        found[sub_folder].add(path)
        found["sum"].add(path)
    return found


def main() -> None:
    """Print the table, or compare the sums with the budget."""
    budget: dict[str, int] = json.loads(BUDGET.read_text(encoding="utf-8"))
    above = []
    for folder, most in budget.items():
        found = sizes(ROOT / folder)
        total = found.pop("sum")
        if total.tokens > most:
            above.append(f"{folder}: {total.tokens:,} tokens, and the budget is {most:,}")
        if "--check" not in sys.argv:
            print(f"{folder:34}{'files':>7}{'lines':>9}{'tokens':>10}{'tokens/line':>13}")
            for name, size in sorted(found.items(), key=lambda item: -item[1].tokens):
                print(size.row(name))
            print(total.row("sum"))
    if above:
        sys.exit(
            "larger than docs/develop/size.json allows (see Size in CONTRIBUTING.md):\n"
            + "\n".join(above)
        )


if __name__ == "__main__":
    main()

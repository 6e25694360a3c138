"""Measure the size of the code: ``python -m benchmarks.size``. With ``--check``, only compare it with the budget.

The budget in ``docs/develop/size.json`` counts tokens: names, operators, numbers and strings, without comments and
docstrings. Splitting a line hardly changes their number, so only removing code makes it smaller. For namegen itself, it
also counts JavaScript and *helpers*: private functions that occur only once in their file besides the definition. A sum
may grow only in a commit that changes the budget and gives the reason in its message.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import tokenize
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUDGET = ROOT / "docs" / "develop" / "size.json"
# Files whose code isn't written by hand.
GENERATED = re.compile(r"_generated\.py$")
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}
HAS_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Since Python 3.12, an f-string has many tokens. It counts as one token here, as in earlier versions.
FSTRING_START = getattr(tokenize, "FSTRING_START", None)
FSTRING_END = getattr(tokenize, "FSTRING_END", None)
JAVASCRIPT_TOKEN = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`
    | [\w$]+ | => | \.{3} | [=!<>]=+ | && | \|\| | \?[?.] | \S
    """,
    re.VERBOSE | re.DOTALL,
)


def count_python(path: Path, tree: ast.Module) -> int:
    """Count the tokens of a Python file."""
    docstring_lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, HAS_DOCSTRING) and ast.get_docstring(node):
            docstring = node.body[0]
            docstring_lines.update(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    count = 0
    open_fstrings = 0
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type in LAYOUT or token.start[0] in docstring_lines:
                continue
            if token.type == FSTRING_END:
                open_fstrings -= 1
            elif open_fstrings == 0:
                count += 1
            if token.type == FSTRING_START:
                open_fstrings += 1
    return count


def measure(folder: Path) -> dict[str, Counter[str]]:
    """Count the tokens, functions and helpers of each subfolder, two levels deep, and their sum."""
    sizes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path in sorted(folder.rglob("*.py")):
        if GENERATED.search(path.name):
            continue
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        functions = [
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        private = [name for name in functions if re.match(r"_[^_]", name)]
        helpers = [name for name in private if len(re.findall(rf"\b{name}\b", text)) == 2]
        parents = path.relative_to(folder).parts[:-1]
        for name in ("/".join(parents[:2]) or ".", "sum"):
            sizes[name]["tokens"] += count_python(path, tree)
            sizes[name]["functions"] += len(functions)
            sizes[name]["helpers"] += len(helpers)
    for path in sorted(folder.rglob("*.js")):
        tokens = JAVASCRIPT_TOKEN.finditer(path.read_text(encoding="utf-8"))
        sizes["sum"]["javascript"] += sum(token.lastgroup != "comment" for token in tokens)
    return sizes


def main() -> None:
    """Print the table, and compare the sums with the budget."""
    budget: dict[str, dict[str, int]] = json.loads(BUDGET.read_text(encoding="utf-8"))
    above_budget = []
    for folder, limits in budget.items():
        sizes = measure(ROOT / folder)
        if "--check" not in sys.argv:
            print(f"{folder:30}{'tokens':>10}{'functions':>12}{'helpers':>10}")
            for name, size in sorted(sizes.items(), key=lambda item: item[1]["tokens"]):
                tokens, functions, helpers = size["tokens"], size["functions"], size["helpers"]
                print(f"  {name:28}{tokens:10,}{functions:12,}{helpers:10,}")
            if sizes["sum"]["javascript"]:
                print(f"  {'JavaScript':28}{sizes['sum']['javascript']:10,}")
        for unit, most in limits.items():
            count = sizes["sum"][unit]
            if count > most:
                above_budget.append(f"{folder}: {count:,} {unit}, and the budget is {most:,}")
    if above_budget:
        reason = "larger than docs/develop/size.json allows (see CONTRIBUTING.md):"
        sys.exit("\n".join([reason, *above_budget]))


if __name__ == "__main__":
    main()

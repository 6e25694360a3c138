"""How heavy the code is: ``python -m benchmarks.size``; ``--check`` holds the sums against ``docs/develop/size.json``.

A token line is a line with a token of code: no comment, no docstring, no blank line (of JavaScript: no blank line and
no ``//``). The sums may fall. They rise only in a commit that changes the file and says what the lines buy.
"""

from __future__ import annotations

import json
import sys
import token
import tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = {token.OP, token.NAME, token.NUMBER, token.STRING, getattr(token, "FSTRING_MIDDLE", -1)}
UNITS = ("files", "lines", "token lines")


def token_lines(path: Path) -> int:
    """Of a file of Python or JavaScript."""
    if path.suffix == ".js":
        return sum(line.strip()[:2] not in ("", "//") for line in path.read_text(encoding="utf-8").splitlines())
    with tokenize.open(path) as file:
        code = [one for one in tokenize.generate_tokens(file.readline) if one.type in CODE]
    docstrings = ('"""', 'r"""')
    shown = [
        one for one in code if not (one.string.startswith(docstrings) and one.line.lstrip().startswith(docstrings))
    ]
    return len({line for one in shown for line in range(one.start[0], one.end[0] + 1)})


def weigh(part: str) -> dict[str, list[int]]:
    """Files, lines and token lines of each folder of a part."""
    rows: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    folder, _, language = part.partition(" in ")
    for path in sorted((ROOT / folder).rglob("*.js" if language else "*.py")):
        row = rows["/".join(path.relative_to(ROOT / folder).parts[:-1][:2]) or "."]
        found = (1, len(path.read_text(encoding="utf-8").splitlines()), token_lines(path))
        row[:] = (old + new for old, new in zip(row, found, strict=True))
    return rows


def main() -> None:
    """Print the table, or compare the sums."""
    allowed = json.loads((ROOT / "docs" / "develop" / "size.json").read_text(encoding="utf-8"))
    above = []
    for part, most in allowed.items():
        rows = weigh(part)
        sums = [sum(column) for column in zip(*rows.values(), strict=True)]
        for unit, weight in zip(UNITS, sums, strict=True):
            if weight > most.get(unit, weight):
                above.append(f"{part}: {weight:,} {unit}, allowed are {most[unit]:,}")
        if "--check" not in sys.argv:
            print(f"{part:34}" + "".join(f"{one:>13}" for one in UNITS))
            for name, row in [*sorted(rows.items(), key=lambda item: -item[1][2]), ("sum", sums)]:
                print(f"  {name:32}" + "".join(f"{number:13,}" for number in row))
    if above:
        sys.exit("heavier than docs/develop/size.json allows (CONTRIBUTING.md, Weight):\n" + "\n".join(above))


if __name__ == "__main__":
    main()

"""The record of mistakes: ``docs/results/mutants.json``, a line a mistake, its page, and where each stands today.

A mistake is kept as text, with the function that holds it, so that it is found again wherever the function has moved.
``reason`` is written by hand into the record: why no test can notice a mistake, or why none has to.

    python -m benchmarks.mutants_record              # write docs/results/mutants.md; --check: compare it
"""

from __future__ import annotations

import ast
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from benchmarks.pages import RESULTS, write_or_check

RECORD = RESULTS / "mutants.json"
HEAD = """\
# Mutants: do the tests notice a mistake?

Written by `make docs` from `mutants.json`, which `make mutants` measures. Small mistakes are put into the code one at a
time, and the tests that run the line are run. A hash chooses the mistakes from all that Cosmic Ray can make: so many in
the prefix tree, the NumPy engine, generation and files, and so many in the command line and all else around them.
Unions in annotations are left out, because they are never run. A mistake that no test notices *survives*. Somebody
reads each survivor: either a test is added, or the reason stands below.

After the tests were cut, 1,103 mistakes were tried again, on the code of that commit: all that stood in it, but for 38
with a reason. 75 survived: 19 have a reason here too, and 54 had been noticed before. Two are no longer in this record.
Today's code has 49 of these 56, 16 in changed lines; 7 are gone. Today's tests noticed 43 of the 49. Two tests of the
search for names had come to miss 4: now they do not. Two have a reason."""


class Mistake(msgspec.Struct, frozen=True, omit_defaults=True):
    """A small mistake.

    Attributes:
        file: where it was made.
        function: the innermost function or class that holds it; "" outside of any.
        before, after: the lines, without their common indentation.
        nth: how many equal lines stand before it in functions of this name in its file.
        noticed: whether a test failed; None: it has not been tried yet.
        reason: why none did, if somebody has found out.
    """

    file: str
    function: str
    before: str
    after: str
    nth: int = 0
    noticed: bool | None = True
    reason: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """By this its reason is found again, wherever it stands."""
        return self.function, self.before, self.after

    def put_into(self, text: str, line: int) -> str:
        """The text of a file with the mistake, whose first line is ``line``, counted from 1."""
        lines = text.splitlines(keepends=True)
        indent = lines[line - 1][: -len(lines[line - 1].lstrip())]
        lines[line - 1 : line - 1 + len(self.before.splitlines())] = [textwrap.indent(self.after, indent) + "\n"]
        return "".join(lines)


def read() -> list[Mistake]:
    """The record. Raises msgspec.ValidationError for another form."""
    return msgspec.json.decode(RECORD.read_bytes(), type=list[Mistake])


def write(mistakes: Sequence[Mistake]) -> None:
    """Write the record."""
    ordered = sorted(mistakes, key=lambda one: (one.file, one.function, one.before, one.nth, one.after))
    RECORD.write_bytes(b"[\n" + b",\n".join(map(msgspec.json.encode, ordered)) + b"\n]\n")


class Tree:
    """The texts of files, and where a line of a function stands in them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self._places: defaultdict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
        for file, text in texts.items():
            for line, (content, function) in enumerate(zip(text.splitlines(), functions(text), strict=True), 1):
                self._places[content.strip(), function].append((file, line))

    def line_of(self, mistake: Mistake) -> tuple[str, int] | None:
        """The file and the first line of what it changes; None if that is gone, or stands in several files."""
        wanted = [line.strip() for line in mistake.before.splitlines()]
        found = [
            (file, line)
            for file, line in self._places[wanted[0], mistake.function]
            if [one.strip() for one in self.texts[file].splitlines()[line - 1 :][: len(wanted)]] == wanted
        ]
        for alike in (lambda file: file == mistake.file, lambda file: Path(file).name == Path(mistake.file).name):
            found = [place for place in found if alike(place[0])] or found
        if len({file for file, _ in found}) != 1:
            return None
        return found[min(mistake.nth, len(found) - 1)]

    def nth(self, mistake: Mistake, line: int) -> int:
        """How many equal lines stand before this one in functions of the same name in its file."""
        places = self._places[mistake.before.splitlines()[0].strip(), mistake.function]
        return [one for file, one in places if file == mistake.file].index(line)


def functions(text: str) -> list[str]:
    """The name of the innermost function or class of each line, its decorators included."""
    names = [""] * len(text.splitlines())
    for node in ast.walk(ast.parse(text)):  # from the outside in
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min(one.lineno for one in (node, *node.decorator_list))
            names[first - 1 : node.end_lineno] = [node.name] * ((node.end_lineno or first) - first + 1)
    return names


def page(mistakes: Sequence[Mistake]) -> str:
    """The whole document."""
    tried = [one for one in mistakes if one.noticed is not None]
    survivors = [one for one in tried if not one.noticed]
    parts = [
        HEAD,
        f"{len(tried):,} of {len(mistakes):,} have been tried; {len(survivors):,} survived "
        f"({len(survivors) / len(tried):.1%}), {sum(bool(one.reason) for one in survivors):,} of them with a reason.",
    ]
    for file, of_file in groupby(survivors, key=lambda one: one.file):
        parts.append(f"## {file}")
        for one in of_file:
            change = textwrap.indent(one.before, "- ") + "\n" + textwrap.indent(one.after, "+ ")
            place = f"`{one.function}`" if one.function else "Outside of functions"
            parts.append(f"{place}: {one.reason or 'Not read yet.'}\n\n```diff\n{change}\n```")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    write_or_check(RESULTS, "mutants", page(read()))

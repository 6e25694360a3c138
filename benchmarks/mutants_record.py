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
from itertools import chain, groupby, takewhile
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
reads each survivor: either a test is added, or the reason stands below. `mutants.json` has the lines in full;
they and the files are those of the day when each was tried."""
AROUND = 24  # characters of a line that are shown on either side of a change


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
    files = groupby(survivors, key=lambda one: one.file)
    parts.append("\n".join(line for file, found in files for line in (f"- {file}", *chain(*map(_item, found)))))
    return "\n\n".join(parts) + "\n"


def _item(survivor: Mistake) -> list[str]:
    """The lines of one survivor in the list."""
    before, after = changed(survivor.before, survivor.after)
    place = f"`{survivor.function}`, " if survivor.function else ""
    text = f"  - {place}`{before}` → `{after}`: {survivor.reason or 'Not read yet.'}"
    return textwrap.wrap(text, 120, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False)


def changed(before: str, after: str) -> tuple[str, str]:
    """The words that differ, with some of what stands around them.

    >>> changed("if rows.size < len(starts):", "if rows.size <= len(starts):")
    ('if rows.size < len(starts):', 'if rows.size <= len(starts):')
    """
    old, new = " ".join(before.split()), " ".join(after.split())
    first = _alike(old, new)
    end = _alike(old[first:][::-1], new[first:][::-1])
    start = old.rfind(" ", 0, max(0, first - AROUND)) + 1
    stop = old.find(" ", min(len(old), len(old) - end + AROUND))
    left = 0 if stop < 0 else len(old) - stop
    return old[start : len(old) - left], new[start : len(new) - left]


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


if __name__ == "__main__":
    write_or_check(RESULTS, "mutants", page(read()))

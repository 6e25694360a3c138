"""Find the code blocks in a document, and decide which of them to run.

The tests run each block unless one of these HTML comments comes right before it::

    <!-- not run: REASON -->            skip the whole block
    <!-- not run (PART): REASON -->     skip commands that contain PART
    <!-- run by: tests/FILE.py -->      another test runs this block

A comment anywhere in the document can also skip all of its blocks::

    <!-- not run on this page: REASON -->
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

# A fenced block, or a block that is indented by four spaces and follows an empty line.
BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<fenced>.*?)^(?P=fence) *$"
    r"|(?<=\n\n)(?P<indented>(?:^ {4}[^\n]*\n|^\n(?= {4}))+)",
    re.DOTALL | re.MULTILINE,
)
MARKS = re.compile(r"(?:<!--(?:(?!-->).)*-->\s*)+\Z", re.DOTALL)
NOT_RUN = re.compile(r"<!--\s*not run(?: \((?P<part>[^)]*)\))?:\s*(?P<reason>.+?)\s*-->", re.DOTALL)
RUN_BY = re.compile(r"<!--\s*run by:\s*(?P<test>.+?)\s*-->", re.DOTALL)
NOT_ON_PAGE = re.compile(r"<!--\s*not run on this page:\s*(?P<reason>.+?)\s*-->", re.DOTALL)
SHELLS = {"", "console", "sh", "bash", "shell"}
# Tools that run a command without installing it.
RUNNER = re.compile(r"^(?:uvx --from|pipx run --spec) \S+ ")
OF_NAMEGEN = re.compile(rf"(?:{RUNNER.pattern})?(?:\S*/)?namegen(?: |$)|^(?:\S*/)?python3? -m ")


@dataclass(frozen=True)
class Block:
    """A code block: its language, text and line number, and the comments before it."""

    language: str
    text: str
    line: int
    not_run: tuple[tuple[str, str], ...] = ()  # part of a command ("" for the whole block), reason
    run_by: str | None = None

    @property
    def commands(self) -> list[str]:
        """Return the shell commands of the block. Lines that end with a backslash are joined.

        The list is empty if the block isn't for a shell, or if none of its commands use namegen or Python.
        """
        if self.language not in SHELLS:
            return []
        lines = re.sub(r" *\\\n *", " ", self.text).splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found = prompted or [line for line in lines if line.strip() and not line.startswith("#")]
        return found if any(OF_NAMEGEN.match(line) for line in found) else []

    def runs(self, command: str = "") -> bool:
        """Return whether the tests run this block, or one command of it."""
        return self.run_by is None and not any(part in command for part, _ in self.not_run)


def blocks(text: str) -> list[Block]:
    """Return all code blocks of a document, in order."""
    page = [("", found["reason"]) for found in NOT_ON_PAGE.finditer(text)]
    made = []
    for found in BLOCK.finditer(text):
        before = MARKS.search(text, 0, found.start())
        marks = "" if before is None else before[0]
        body, language = found["fenced"], (found["info"] or "").strip()
        if body is None:
            body = re.sub(r"^ {4}", "", found["indented"], flags=re.MULTILINE)
        run_by = RUN_BY.search(marks)
        made.append(
            Block(
                language,
                body,
                text.count("\n", 0, found.start()) + 1,
                (*page, *((one["part"] or "", one["reason"]) for one in NOT_RUN.finditer(marks))),
                None if run_by is None else run_by["test"],
            )
        )
    return made


def arguments(command: str) -> list[str] | None:
    """Return the arguments of a namegen command, without pipes and redirections. Return None for other programs."""
    words = shlex.split(RUNNER.sub("", command), comments=True)
    if not words or Path(words[0]).name != "namegen":
        return None
    ends = [place for place, word in enumerate(words) if word in ("|", ">", ">>", "<", "&&", ";")]
    return words[1 : min(ends, default=len(words))]


def read(path: Path) -> list[Block]:
    """Return the code blocks of a file."""
    return blocks(path.read_text(encoding="utf-8"))

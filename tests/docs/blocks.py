"""The blocks of code in a document: what stands in them, and whether they are run.

A block is run unless an HTML comment right in front of it says otherwise::

    <!-- not run: REASON -->            the whole block
    <!-- not run (PART): REASON -->     those of its commands in which PART stands
    <!-- run by: tests/FILE.py -->      a test of its own runs it
    <!-- not run on this page: REASON -->   anywhere: all blocks of the document
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

# A fenced block, or one that is indented by four spaces behind an empty line.
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
RUNNER = re.compile(
    r"^(?:uvx --from|pipx run --spec) \S+ "
)  # what runs a command without installing it
OF_NAMEGEN = re.compile(rf"(?:{RUNNER.pattern})?(?:\S*/)?namegen(?: |$)|^(?:\S*/)?python3? -m ")


@dataclass(frozen=True)
class Block:
    """A block of a document: its language, text and line, and what the comments in front of it say."""

    language: str
    text: str
    line: int
    not_run: tuple[tuple[str, str], ...] = ()  # part of a command ("": all) and reason
    run_by: str | None = None

    @property
    def commands(self) -> list[str]:
        """The lines for a shell, those that go on behind a backslash joined; none if the block is no shell's or has
        nothing to do with namegen.
        """
        if self.language not in SHELLS:
            return []
        lines = re.sub(r" *\\\n *", " ", self.text).splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        found = prompted or [line for line in lines if line.strip() and not line.startswith("#")]
        return found if any(OF_NAMEGEN.match(line) for line in found) else []

    def runs(self, command: str = "") -> bool:
        """Whether it is run here, or this one of its commands."""
        return self.run_by is None and not any(part in command for part, _ in self.not_run)


def blocks(text: str) -> list[Block]:
    """All blocks of a document, in their order."""
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
    """What namegen is given in a command, None if it is another program's. Pipes and what a file takes are left out."""
    words = shlex.split(RUNNER.sub("", command), comments=True)
    if not words or Path(words[0]).name != "namegen":
        return None
    ends = [place for place, word in enumerate(words) if word in ("|", ">", ">>", "<", "&&", ";")]
    return words[1 : min(ends, default=len(words))]


def read(path: Path) -> list[Block]:
    """The blocks of a file."""
    return blocks(path.read_text(encoding="utf-8"))

"""No document has a measured figure that no command makes.

A figure is a number with the unit of something that is measured (``58.2 %``, ``2.01 nats``, ``0.3 s``, ``57 MiB``,
``1.8 times as fast``, ``1.3 points``), a number of three decimals or more, or, in a table, of any. Rough waits in
minutes and hours are none, and neither is what stands in code.

Each stands in a part of its document that a tool makes from a results file, and compares with it in `make check`; or in
``docs/results/once.json``, with the command that measured it, or the reason why it is no measurement. That list has
nothing that its document has not.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.blocks import BLOCK
from tests.docs.test_blocks import refusal

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ONCE = DOCS / "results" / "once.json"
# Documents that a tool makes as a whole, and the tool; each is compared by `make check`.
MADE = {
    "docs/reference/cli.md": "docs/tools/make_cli_docs.py",
    "docs/reference/configuration.md": "docs/tools/make_default_config.py",
    "docs/reference/models.md": "docs/tools/make_models.py",
    "docs/results/blind.md": "benchmarks/blind.py",
    "docs/results/index.md": "benchmarks/summary_page.py",
    "docs/results/labels.md": "benchmarks/labels_page.py",
    "docs/results/lists.md": "docs/tools/make_lists.py",
    "docs/results/performance.md": "benchmarks/performance_page.py",
    "docs/results/quality.md": "benchmarks/quality_page.py",
}
DOCUMENTS = [
    path
    for path in (ROOT / "README.md", DOCS / "index.md", *sorted(DOCS.glob("*/*.md")))
    if path.relative_to(ROOT).as_posix() not in MADE
]
MADE_PART = re.compile(
    r"<!-- (?:table|words) \w+ -->.*?<!-- end -->|<!-- results -->.*?<!-- end of results -->",
    re.DOTALL,
)
NO_FIGURE = re.compile(
    r"<!--.*?-->|`[^`\n]*`|\]\([^)\s]*\)|https?://\S+|\b\d{4}\.\d{5}\b|\$[^$\n]+\$"
    r"|\b95%\s+confidence\b|\bCC BY(?:-SA)? \d\.\d\b",
    re.DOTALL,
)
NUMBER = r"(?<![\w.,])[-+−]?\d[\d,]*(?:\.\d+)?(?![\d\w])"
RANGE = rf"{NUMBER}(?: (?:to|or|and) {NUMBER})?"
UNIT = (
    r"(?: ?%|[ \n](?:nats?|s|ms|µs|seconds?|points?|kB|[MG]i?B|(?:names|characters) (?:a|per) second"
    r"|times(?= as| the| faster| slower| plain))\b)"
)
WITH_UNIT = re.compile(rf"{RANGE}{UNIT}")
FINE = re.compile(r"(?<![\w.,])[-+−]?\d+\.\d{3,}(?!\d|\.\d)")
DECIMAL = re.compile(r"(?<![\w.,])[-+−]?\d+\.\d+(?!\d|\.\d)")


def figures(text: str) -> list[str]:
    """The figures of a document that no tool has made, in their order.

    >>> figures("It takes 0.3 s, `0.4 s` in code, and 2 or 3 minutes.")
    ['0.3 s']
    """
    bare = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), MADE_PART.sub("", text))
    bare = NO_FIGURE.sub(" … ", bare)
    found: dict[int, str] = {}
    for kind in (WITH_UNIT, FINE):
        found |= {
            one.start(): " ".join(one[0].split())
            for one in kind.finditer(bare)
            if one.start() not in found
        }
    for row in re.finditer(r"^\|.*$", bare, re.MULTILINE):
        for one in DECIMAL.finditer(row[0]):
            found.setdefault(row.start() + one.start(), one[0])
    ends: int = -1
    kept = []
    for start, figure in sorted(found.items()):
        if start >= ends:  # not the second number of a range that is there already
            kept.append(figure)
            ends = start + len(figure)
    return kept


def excepted(path: Path) -> Counter[str]:
    """The figures of a document that are on the list."""
    entries, name = json.loads(ONCE.read_text("utf-8")), path.relative_to(ROOT).as_posix()
    return Counter(
        figure for entry in entries if entry["document"] == name for figure in entry["figures"]
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_figure_is_made_by_a_command_or_on_the_list(path: Path) -> None:
    there, listed = Counter(figures(path.read_text("utf-8"))), excepted(path)
    assert list((there - listed).elements()) == [], (
        "measured by no command: have a tool make it, or leave it out"
    )
    assert list((listed - there).elements()) == [], "on the list, but not in the document"


def test_the_list_says_why_and_by_which_command() -> None:
    for entry in json.loads(ONCE.read_text("utf-8")):
        assert set(entry) == {"document", "figures", "command", "why"}
        assert (ROOT / entry["document"]).is_file()
        assert entry["figures"]
        assert len(entry["why"]) >= 15
        measured = not re.search(r"setting|limit|example", entry["why"])
        assert bool(entry["command"]) == measured, entry
        if (entry["command"] or "").startswith("namegen "):
            assert refusal(entry["command"]) is None, refusal(entry["command"])


def test_what_makes_a_whole_document_is_asked_by_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    checked = set(re.findall(r"\$\(RUN\) (?:-m )?(\S+)(?: page)? --check", makefile))
    for document, tool in MADE.items():
        module = tool.removesuffix(".py").replace("/", ".")
        assert (ROOT / tool).is_file()
        assert {tool, module} & checked or not (ROOT / document).exists(), (
            f"make check does not ask {tool}"
        )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It reaches 58.2 % (57.6 to 58.6) in 10 s.", ["58.2 %", "10 s"]),
        ("1.6 to 1.8 times as fast, 1.3 points more", ["1.6 to 1.8 times", "1.3 points"]),
        ("| 0.9 s | 2.5 | 12 |", ["0.9 s", "2.5"]),
        ("Python 3.11, version 1.0.0, temperature 0.9, 20 times, two minutes, 30 minutes", []),
        ("`0.3 s`, [here](a-0.3%) [2506.05433](https://arxiv.org/abs/2506.05433) and $0.25 s$", []),
        ("```\n0.3 s\n```\nand\n\n    0.4 s in code\n\n0.5 s", ["0.5 s"]),
        ("<!-- words seen -->\n59.6 %\n<!-- end -->\n60.1 %", ["60.1 %"]),
    ],
)
def test_a_figure_is_known_by_its_unit_or_its_decimals(text: str, found: list[str]) -> None:
    assert figures(text) == found

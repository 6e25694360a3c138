"""Every measured number in the docs has a source.

These tests treat a number as measured if it has a unit (``58.2 %``, ``2.01 nats``, ``0.3 s``, ``57 MiB``, ``1.8 times
as fast``, ``1.3 points``) or at least three decimals. In tables, one decimal is enough. Times in minutes and hours are
ignored, because they're only estimates. Numbers in code are ignored too.

A measured number has one of these sources:

- A tool generated this part of the document from a results file. ``make check`` compares the two.
- ``docs/results/once.json`` contains the number, together with the command that measured it, or the reason why it isn't
  a measurement. The file contains only numbers that appear in the docs.
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
# Documents that a tool generates completely, and the tool. `make check` checks that each is up to date.
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
    """Return the measured numbers of a document that no tool generated, in order.

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
        if start >= ends:  # skip the second number of a range
            kept.append(figure)
            ends = start + len(figure)
    return kept


def excepted(path: Path) -> Counter[str]:
    """Return the numbers that ``once.json`` lists for a document."""
    entries, name = json.loads(ONCE.read_text("utf-8")), path.relative_to(ROOT).as_posix()
    return Counter(
        figure for entry in entries if entry["document"] == name for figure in entry["figures"]
    )


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_measured_number_is_generated_or_listed(path: Path) -> None:
    there, listed = Counter(figures(path.read_text("utf-8"))), excepted(path)
    assert list((there - listed).elements()) == [], (
        "these numbers have no source: let a tool generate them, or remove them"
    )
    assert list((listed - there).elements()) == [], (
        "these numbers are in once.json, but not in the document"
    )


def test_entries_in_once_json_are_complete() -> None:
    for entry in json.loads(ONCE.read_text("utf-8")):
        assert set(entry) == {"document", "figures", "command", "why"}
        assert (ROOT / entry["document"]).is_file()
        assert entry["figures"]
        assert len(entry["why"]) >= 15
        measured = not re.search(r"setting|limit|example", entry["why"])
        assert bool(entry["command"]) == measured, entry
        if (entry["command"] or "").startswith("namegen "):
            assert refusal(entry["command"]) is None, refusal(entry["command"])


def test_make_check_checks_all_generated_documents() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    checked = set(re.findall(r"\$\(RUN\) (?:-m )?(\S+)(?: page)? --check", makefile))
    for document, tool in MADE.items():
        module = tool.removesuffix(".py").replace("/", ".")
        assert (ROOT / tool).is_file()
        assert {tool, module} & checked or not (ROOT / document).exists(), (
            f"`make check` doesn't run {tool} --check"
        )

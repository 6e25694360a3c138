"""Every relative link in the docs leads to an existing file and, if it has an anchor, to an existing heading.

Sphinx also checks these links when it builds the site (``make site``), but these tests don't need Sphinx.
``make links`` checks links to other websites.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    {
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("namegen/**/*.md"),
        *ROOT.glob("examples/*/*.md"),
        *ROOT.glob("benchmarks/**/*.md"),
        *ROOT.glob(".github/**/*.md"),
    }
)
FENCED = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"(?:^\n)(?:^ {4}.*\n|^\n(?= {4}))+", re.MULTILINE)
# Code can look like a link, as in `names[0](x)`, so `links` removes code first.
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML_LINK = re.compile(r"""<(?:a|img)\b[^>]*\b(?:href|src)=["']([^"']+)["']""")


def words(text: str) -> str:
    """Return the text without its code blocks."""
    return INDENTED.sub("\n", FENCED.sub("", text))


def links(text: str) -> list[str]:
    """Return the targets of all relative links in a document."""
    found = [
        *LINK.findall(re.sub(r"`[^`\n]*`", "code", words(text))),
        *HTML_LINK.findall(words(text)),
    ]
    return [target for target in found if not re.match(r"[a-z][a-z+.-]*:|//", target)]


def anchors(text: str) -> set[str]:
    """Return the anchors of all headings.

    An anchor is the heading in lowercase, without punctuation, and with hyphens instead of spaces. Repeated headings
    are numbered.
    """
    found: dict[str, int] = {}
    for title in re.findall(r"^#{1,6} +(.*?) *#*$", words(text), re.MULTILINE):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        anchor = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
        if found[anchor]:
            found[f"{anchor}-{found[anchor]}"] = 0
    return set(found)


def broken(path: Path) -> list[str]:
    """Return the broken links in a document, each with the reason."""
    text = path.read_text(encoding="utf-8")
    lost = []
    for target in links(text):
        file, _, anchor = target.partition("#")
        place = path if not file else path.parent / file
        if not place.exists():
            lost.append(f"{target}: no such file")
        elif (
            anchor
            and place.suffix == ".md"
            and anchor not in anchors(place.read_text(encoding="utf-8"))
        ):
            lost.append(f"{target}: no such heading")
    return lost


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_work(path: Path) -> None:
    assert broken(path) == []

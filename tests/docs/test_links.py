"""Every relative link of a document leads to a file that is there and, where it names one, to a heading in it.

The site's own build (``make site``) finds the same with Sphinx; this needs nothing but the files. Links to other
servers are asked by ``make links``, where there is a network.
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
# Not the ends of code that looks like a link: `names[0](x)`.
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML_LINK = re.compile(r"""<(?:a|img)\b[^>]*\b(?:href|src)=["']([^"']+)["']""")


def words(text: str) -> str:
    """The text without its blocks of code, whose brackets are no links."""
    return INDENTED.sub("\n", FENCED.sub("", text))


def links(text: str) -> list[str]:
    """The targets of all relative links of a document."""
    found = [
        *LINK.findall(re.sub(r"`[^`\n]*`", "code", words(text))),
        *HTML_LINK.findall(words(text)),
    ]
    return [target for target in found if not re.match(r"[a-z][a-z+.-]*:|//", target)]


def anchors(text: str) -> set[str]:
    """What headings go by in links: small letters, no marks, hyphens for spaces; numbered where one repeats."""
    found: dict[str, int] = {}
    for title in re.findall(r"^#{1,6} +(.*?) *#*$", words(text), re.MULTILINE):
        shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()
        anchor = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        found[anchor] = found.get(anchor, -1) + 1
        if found[anchor]:
            found[f"{anchor}-{found[anchor]}"] = 0
    return set(found)


def broken(path: Path) -> list[str]:
    """The links of a document that lead nowhere, each with what it lacks."""
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
def test_every_relative_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    assert broken(path) == []

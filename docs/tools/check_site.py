"""Hold the built site against what it promises: a page asks no other server for anything (``make site`` runs it)."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

# What a browser fetches by itself as it opens a page; of an <a>, and of some kinds of <link>, its reader asks.
ATTRIBUTES = ("src", "srcset", "imagesrcset", "poster", "data", "href", "xlink:href", "background")
SETS = ("srcset", "imagesrcset")  # several addresses, each with a width behind it
NOT_FETCHED = {
    "canonical",
    "next",
    "prev",
    "search",
    "author",
    "license",
    "alternate",
}  # kinds of <link>
ELSEWHERE = re.compile(r"\s*((?:https?:)?//\S+)", re.IGNORECASE)
OF_STYLES = re.compile(
    r"""(?:@import\s+["']?|url\(\s*["']?)((?:https?:)?//[^"')]*)""", re.IGNORECASE
)


class _Page(HTMLParser):
    """The addresses elsewhere that a page fetches: an attribute may stand in quotes of either kind, or in none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("a", "area", "base") or set(given.get("rel", "").lower().split()) & NOT_FETCHED:
            return
        for name in ATTRIBUTES:
            value = given.get(name, "")
            parts = re.split(r",\s+|,(?=https?:|//)", value) if name in SETS else [value]
            self.found += [match[1] for part in parts if (match := ELSEWHERE.match(part))]


def fetched(folder: Path) -> list[str]:
    """What the pages and styles of a site would fetch from elsewhere, a line each: the file and the address."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".html", ".css", ".svg"):
            continue
        text = path.read_text(encoding="utf-8")
        page = _Page()
        if path.suffix != ".css":
            page.feed(text)
            page.close()
        found += [
            f"{path.relative_to(folder)}: {address}"
            for address in (*page.found, *OF_STYLES.findall(text))
        ]
    return found


def main(folder: str) -> None:
    """Say what is fetched, and fail if anything is."""
    found = fetched(Path(folder))
    if found:
        sys.exit(
            "\n".join(["The site is to ask no other server for anything, but fetches:", *found])
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Hold the built site against what it promises: a page asks no other server for anything (``make site`` runs it)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

# What a browser fetches by itself as it opens a page; a link waits for its reader.
FETCHED = re.compile(r"""<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc\s*=\s*["']((?:https?:)?//[^"']*)""")
FETCHED_LINK = re.compile(
    r"""<link\b(?![^>]*\brel=["'](?:canonical|next|prev)\b)[^>]*\bhref=["']((?:https?:)?//[^"']*)"""
)
OF_STYLES = re.compile(r"""(?:@import\s+["']?|url\(\s*["']?)((?:https?:)?//[^"')]*)""")


def fetched(folder: Path) -> list[str]:
    """What the pages and styles of a site would fetch from elsewhere, a line each: the file and the address."""
    found = []
    for path in sorted(folder.rglob("*")):
        patterns = {".html": (FETCHED, FETCHED_LINK, OF_STYLES), ".css": (OF_STYLES,)}.get(path.suffix, ())
        if patterns:
            text = path.read_text(encoding="utf-8")
            found += [f"{path.relative_to(folder)}: {address}" for one in patterns for address in one.findall(text)]
    return found


def main(folder: str) -> None:
    """Say what is fetched, and fail if anything is."""
    found = fetched(Path(folder))
    if found:
        sys.exit("\n".join(["The site is to ask no other server for anything, but fetches:", *found]))


if __name__ == "__main__":
    main(*sys.argv[1:])

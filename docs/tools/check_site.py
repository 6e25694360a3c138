"""Check that the pages of the built site load nothing from other servers (``make site`` runs it)."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

# Browsers load the addresses in these attributes when they open a page, except in links.
ATTRIBUTES = ("src", "srcset", "imagesrcset", "poster", "data", "href", "xlink:href", "background")
LINK_TAGS = ("a", "area", "base")
# The values of rel with which a <link> isn't loaded.
LINK_TYPES = {"canonical", "next", "prev", "search", "author", "license", "alternate"}
# An attribute can contain several addresses, separated by commas.
EXTERNAL_ADDRESS = re.compile(r"(?:^|,)\s*((?:https?:)?//[^\s,]+)", re.IGNORECASE)
EXTERNAL_ADDRESS_IN_STYLE = re.compile(
    r"""(?:@import\s+["']?|url\(\s*["']?)((?:https?:)?//[^"')]*)""", re.IGNORECASE
)


class PageParser(HTMLParser):
    """Collects the external addresses that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.external_addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses of an element."""
        values = {name: value or "" for name, value in attrs}
        link_types = values.get("rel", "").lower().split()
        if tag not in LINK_TAGS and LINK_TYPES.isdisjoint(link_types):
            for name in ATTRIBUTES:
                self.external_addresses += EXTERNAL_ADDRESS.findall(values.get(name, ""))


def find_external_addresses(folder: Path) -> list[str]:
    """Find the external addresses that the pages, styles and pictures of a site load.

    Returns:
        One line for each address, with the file and the address.
    """
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".html", ".css", ".svg"):
            text = path.read_text(encoding="utf-8")
            parser = PageParser()
            if path.suffix != ".css":
                parser.feed(text)
                parser.close()
            addresses = parser.external_addresses + EXTERNAL_ADDRESS_IN_STYLE.findall(text)
            lines += [f"{path.relative_to(folder)}: {address}" for address in addresses]
    return lines


def main(folder: str) -> None:
    """Exit with an error message if the site loads anything from other servers."""
    lines = find_external_addresses(Path(folder))
    if lines:
        sys.exit("\n".join(["The site must not load anything from other servers:", *lines]))


if __name__ == "__main__":
    main(*sys.argv[1:])

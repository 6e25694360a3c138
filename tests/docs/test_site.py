"""The table of contents is complete, and the check for external resources works. These tests don't need Sphinx."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
find_addresses = runpy.run_path(str(DOCS / "tools" / "check_site.py"))["find_external_addresses"]


def test_every_document_is_in_the_table_of_contents() -> None:
    """Sphinx warns about missing documents too, but only when it builds the site."""
    contents = "\n".join(
        re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text("utf-8"), re.DOTALL)
    )
    listed = set(re.findall(r"^(?:.*<)?/?([\w./-]+)>?$", contents, re.MULTILINE))
    pages = {path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.glob("**/*.md")}
    of_api = {
        page
        for page in pages
        if page.startswith("reference/api/") and page != "reference/api/index"
    }
    elsewhere = {page for page in pages if page.startswith("learn/tasks/")}  # part of a chapter
    assert pages - of_api - elsewhere - {"index"} <= listed


def test_the_api_contents_list_every_api_page() -> None:
    api = DOCS / "reference" / "api"
    (contents,) = re.findall(
        r"```\{toctree\}\n(.*?)```", (api / "index.md").read_text("utf-8"), re.DOTALL
    )
    assert set(contents.split()) - {":hidden:"} == {path.stem for path in api.glob("*.md")} - {
        "index"
    }


def test_links_and_local_files_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="https://example.org">x</a><script src="_static/a.js"></script><link rel="next" href="b.html">'
        "<style>b { background: url('data:image/png;base64,//x') }</style>",
        encoding="utf-8",
    )
    assert find_addresses(tmp_path) == []

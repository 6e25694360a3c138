"""Documents of measured figures, and the pages that are made from them: written anew, or checked with ``--check``."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, TypeVar

from namegen.documents import from_plain, read_json, to_plain

RESULTS = Path(__file__).parents[1] / "docs" / "results"
Document = TypeVar("Document")


def read(kind: type[Document], path: Path) -> Document:
    """What a file holds; an empty document where there is none. Raises ValueError for another form."""
    return from_plain(kind, read_json(path.read_bytes())) if path.exists() else kind()


def write(path: Path, document: object) -> None:
    """Write a document of dataclasses, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(
        json.dumps(_rounded(to_plain(document)), indent=1, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    os.replace(new, path)


def _rounded(value: Any) -> Any:
    """Six digits of each number: more say nothing of a time, and make every renewal a longer difference."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def write_or_check(folder: Path, name: str, made: str) -> None:
    """Write ``NAME.md`` into the folder; with ``--check`` end the program unless it is what would be written."""
    parser = ArgumentParser(description=f"Write {name}.md from {name}.json.", allow_abbrev=False)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; say whether the page is up to date"
    )
    check = parser.parse_args().check
    path = folder / f"{name}.md"
    if not check:
        path.write_text(made, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != made:
        sys.exit(f"docs/results/{name}.md is not what {name}.json says: run `make docs`")

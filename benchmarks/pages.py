"""Read and write the documents with results, and write or check the pages that are made from them."""

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


def read(document_type: type[Document], path: Path) -> Document:
    """Read a document, or return an empty one if the file doesn't exist.

    Raises:
        ValueError: the file contains something else.
    """
    if not path.exists():
        return document_type()
    return from_plain(document_type, read_json(path.read_bytes()))


def write(path: Path, document: object) -> None:
    """Write a dataclass as JSON. An existing file is replaced only after the new one is complete."""
    rounded = _round_numbers(to_plain(document))
    text = json.dumps(rounded, indent=1, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    new_path = path.with_name(path.name + ".new")
    new_path.write_text(f"{text}\n", encoding="utf-8")
    os.replace(new_path, path)


def _round_numbers(value: Any) -> Any:
    """Round all numbers of a document to six significant digits, which keeps the file small."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _round_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_round_numbers(inner) for inner in value]
    return value


def write_or_check(folder: Path, name: str, text: str) -> None:
    """Write the page ``NAME.md``. With ``--check``, only check it, and exit with an error if it's outdated."""
    path = folder / f"{name}.md"
    if not _is_check_requested(name):
        path.write_text(text, encoding="utf-8")
        return
    is_current = path.exists() and path.read_text(encoding="utf-8") == text
    if not is_current:
        sys.exit(f"docs/results/{name}.md doesn't match {name}.json. Run `make docs`.")


def _is_check_requested(name: str) -> bool:
    parser = ArgumentParser(description=f"Write {name}.md from {name}.json.", allow_abbrev=False)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, but check that the page is up to date"
    )
    return bool(parser.parse_args().check)

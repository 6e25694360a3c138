"""The end of each tool that writes documents: they are written, or with ``--check`` compared."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path


def check_asked(description: str | None, arguments: Sequence[str]) -> bool:
    """Whether a document is only to be checked (``--check``) and not written; a mistyped option ends the program.

    >>> check_asked("Write a page.", ["--check"])
    True
    """
    parser = ArgumentParser(description=(description or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; say whether the documents are up to date",
    )
    return bool(parser.parse_args(arguments).check)


def write_or_check(documents: Mapping[Path, str], *, check: bool) -> None:
    """Write the documents; or end the program with a sentence where one is another."""
    for path, text in documents.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is not what it is made from: run `make docs`")

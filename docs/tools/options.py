"""The ``--check`` option of the tools that write documents."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path


def is_check_requested(description: str | None, arguments: Sequence[str]) -> bool:
    """Parse the arguments of a tool, and return whether they contain ``--check``.

    Args:
        description: the docstring of the tool. Its first line is shown by ``--help``.
        arguments: the arguments.

    >>> is_check_requested("Write a page.", ["--check"])
    True
    """
    first_line, _, _ = (description or "").partition("\n")
    parser = ArgumentParser(description=first_line, allow_abbrev=False)
    parser.add_argument(
        "--check", action="store_true", help="only check that the documents are up to date"
    )
    return bool(parser.parse_args(arguments).check)


def write_or_check(documents: Mapping[Path, str], *, check: bool) -> None:
    """Write documents, or exit with an error message if a stored document is out of date."""
    for path, text in documents.items():
        if not check:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.name} is out of date. Run `make docs`.")

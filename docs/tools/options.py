"""The one option of the tools that write documents."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence


def check_asked(description: str | None, arguments: Sequence[str]) -> bool:
    """Whether a document is only to be checked (``--check``) and not written; a mistyped option ends the program.

    >>> check_asked("Write a page.", ["--check"])
    True
    """
    parser = ArgumentParser(description=(description or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the documents are up to date")
    return bool(parser.parse_args(arguments).check)

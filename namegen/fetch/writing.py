"""Writing a fetched list: whole or not at all, and never over a file that is there unless it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from namegen.files import check_output, write_whole


def check_target(target: Path, *, force: bool) -> None:
    """Find out before anything is fetched whether the list could be written. Raises OutputError."""
    check_output(target, example="names.txt", force=force)


def write_list(target: Path, lines: Sequence[str], *, force: bool) -> None:
    """Write the lines. Raises OutputError; a file that has come to be meanwhile is not replaced without ``force``."""
    check_target(target, force=force)
    write_whole(target, "".join(f"{line}\n" for line in lines).encode())

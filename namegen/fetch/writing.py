"""Writing a fetched list: whole or not at all, and never over a file that is there unless it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from namegen.errors import OutputError
from namegen.files import write_whole


def check_target(target: Path, *, force: bool) -> None:
    """Find out before anything is fetched whether the list could be written.

    Raises:
        OutputError: the file exists, is a folder, or its folder does not exist.
    """
    if target.is_dir():
        raise OutputError(f"{target} is a folder: name a file in it")
    if target.exists() and not force:
        raise OutputError(f"{target} exists already: choose another name, or replace it with --force")
    if not target.parent.is_dir():
        raise OutputError(f"there is no folder {target.parent}: make it, or choose another place")


def write_list(target: Path, lines: Sequence[str], *, force: bool) -> None:
    """Write the lines. Raises OutputError; a file that has come to be meanwhile is not replaced without ``force``."""
    check_target(target, force=force)
    write_whole(target, "".join(f"{line}\n" for line in lines).encode())

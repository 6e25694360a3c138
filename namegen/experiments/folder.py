"""The folder that a long command leaves its results in: made once, recognised by its mark, never emptied."""

from __future__ import annotations

from pathlib import Path

from namegen.errors import OutputError
from namegen.files import write_whole


def open_folder(out: Path, *, mark: str, command: str, inside: str) -> Path:
    """Make the folder, or recognise one of the command's own making.

    Args:
        out: the folder.
        mark: the name of the file that says whose folder it is.
        command: who makes it.
        inside: a folder in it for what is kept.

    Returns:
        The inner folder.

    Raises:
        OutputError: it holds other files, is no folder, or cannot be made.
    """
    kept = out / inside
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"{out} is a file: give a folder with --out")
        if out.is_dir() and not (out / mark).is_file() and any(out.iterdir()):
            raise OutputError(
                f"the folder {out} holds other files, which {command} leaves alone: give an empty or a new one with "
                "--out"
            )
        out.mkdir(parents=True, exist_ok=True)
        if not (out / mark).exists():  # before anything else is in it, or the next start would not know its own folder
            write_whole(out / mark, f"made by namegen {command}, which goes on here\n".encode())
        kept.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {out}: {error.strerror}; choose another with --out") from error
    return kept

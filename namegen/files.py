"""Files that are written whole or not at all, and never over another unless that was asked for."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from namegen.errors import OutputError, setting


def named_folder(out: Path | str) -> Path:
    """The folder to write to that was asked for.

    >>> named_folder("runs/first").parts
    ('runs', 'first')

    Raises:
        OutputError: an empty text, which pathlib would take for the folder that the program runs in.
    """
    if out == "":
        raise OutputError(f"the folder to write to ({setting('out')}) is an empty text: give it a name")
    return Path(out)


def check_output(path: Path, *, example: str, force: bool) -> None:
    """Find out, before any work is done, whether a file can and may be written.

    Args:
        path: the file.
        example: a file name that would do, for a message; its ending is that of what is to be written.
        force: a file that exists may be written over.

    Raises:
        OutputError: the path is a folder, is in no folder, cannot be looked at, or exists and ``force`` is not given.
    """
    try:
        is_folder, exists, has_place = path.is_dir(), path.exists(), path.parent.is_dir()
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise OutputError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
    if is_folder:
        raise OutputError(f"{path} is a folder: name a file, such as {path / example}")
    if exists and not force:
        raise OutputError(f"{path} exists already: name another file, or write over it with {setting('force', True)}")
    if not has_place:
        raise OutputError(f"cannot write {path}: there is no folder {path.parent}; make it first, or choose another")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that the path holds either its old content or all of the new, whatever happens meanwhile.

    The bytes go to a temporary name in the same folder, are flushed to the disk, and are renamed into place.

    Raises:
        OutputError: no such folder, no permission, a full disk: one sentence; the old file is untouched.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".part", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        _flush_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; make room or choose another place, what was there is kept"
        ) from error
    except BaseException:  # a second Ctrl-C: leave no half-written file behind
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut, where the system can do that; the new file is in place already."""
    if hasattr(os, "O_DIRECTORY"):
        with contextlib.suppress(OSError):  # a folder that may not be read, a file system that does not flush folders
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

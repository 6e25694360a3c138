"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from namegen.errors import OutputError


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

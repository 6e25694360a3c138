"""One owner of a folder at a time: a lock that ends with the process that holds it, however that ends.

The folder itself is locked (``flock``), so nothing is written for it and nothing is left to tidy up. Where a system or
a file system locks no folders (Windows, NFS), an empty file in the folder, ``.namegen-lock``, is locked in its place,
and stays. Where files cannot be locked either, or the file cannot be made, there is no lock: everything goes on as if
nobody else were there.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from namegen.errors import FolderInUseError, OutputError
from namegen.escaping import short

LOCK_FILE = ".namegen-lock"
SECONDS_BETWEEN_TRIES = 0.05
# What a lock that somebody else holds is told by; everything else says that there are no locks here.
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class _TakenError(Exception):
    """Somebody else has it."""


@contextmanager
def sole_use(folder: Path | str, *, patience: float = 0.0) -> Iterator[None]:
    """While it lasts, nobody else who asks for it writes to a folder: no other process, and no other thread of this.

    A process that is killed lets go of it at once.

    Args:
        folder: it exists.
        patience: seconds to wait for whoever has it.

    Raises:
        FolderInUseError: somebody else has it. OutputError: there is no such folder.

    >>> with sole_use("."):
    ...     with sole_use("."):
    ...         pass
    Traceback (most recent call last):
    namegen.errors.FolderInUseError: another namegen is at work in .: let it end or stop it, then try again
    """
    folder, end = Path(folder), time.monotonic() + patience
    while True:
        try:
            descriptor = _take(folder)
            break
        except _TakenError:
            if time.monotonic() >= end:
                raise FolderInUseError(
                    f"another namegen is at work in {short(folder)}: let it end or stop it, then try again"
                ) from None
            time.sleep(SECONDS_BETWEEN_TRIES)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)  # and with it goes the lock


def _take(folder: Path) -> int | None:
    """The open file that holds the lock; None where there are no locks. Raises _TakenError, OutputError."""
    try:
        return _locked(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except FileNotFoundError as error:
        raise OutputError(f"there is no folder {short(folder)}: give one that exists") from error
    except (OSError, AttributeError) as error:  # NFS, a folder that may not be read; no O_DIRECTORY: Windows
        _check_that_files_can_be_opened(error)
    try:
        return _locked(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666))
    except OSError as error:
        _check_that_files_can_be_opened(error)
    return None


def _check_that_files_can_be_opened(error: Exception) -> None:
    """Where too many files are open, there may well be a lock: raises OutputError."""
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        raise OutputError(
            f"cannot find out whether another namegen is at work here: {error.strerror}; close some, or allow more "
            "(`ulimit -n`)"
        ) from error


def _locked(descriptor: int) -> int:
    """Lock an open file without waiting. Raises _TakenError, and OSError where it is of a kind that has no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError) and error.errno in TAKEN:
            raise _TakenError from None
        raise
    return descriptor

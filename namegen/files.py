"""Files: find out what is at a path, read with a size limit, replace a file safely, lock a folder.

The rest of namegen calls these functions instead of ``Path.exists`` and the like, because whether those raise or hide
an OSError depends on the function, the Python version and the error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from namegen.errors import (
    MAX_PATH_SHOWN,
    FolderInUseError,
    NamegenError,
    OutputError,
    quote,
    reason_of,
    setting,
    short,
)

PART = ".part"  # the suffix of files that aren't complete yet

# --- what is at a path ------------------------------------------------------------------------------------------------


def look(path: Path | str, refusal: type[NamegenError] | None) -> os.stat_result | None:
    """Return the status of a file or folder; None if there is nothing, or a broken link.

    Args:
        path: any path, or a string that may not be a path.
        refusal: the error to raise if the system can't tell: no permission for a folder, a name that is too long, or a
            disk error. If it is None, the function returns None then. Use this for strings that may not be paths, and
            for paths that are opened next, which raises an error of its own.

    >>> look("no/such/place", OutputError) is None
    True
    """
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        if refusal is None:
            return None
        shown = quote(str(path), MAX_PATH_SHOWN)
        raise refusal(
            f"cannot look at {shown}: {reason_of(error)}; correct that, or give another path"
        ) from error


def is_there(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Whether anything except a broken link is at a path; see ``look``."""
    return look(path, refusal) is not None


def is_file(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Whether a regular file is at a path, not a folder or a device; see ``look``.

    >>> is_file("no/such/place", None), is_folder(".", None)
    (False, True)
    """
    status = look(path, refusal)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_folder(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Whether a folder is at a path; see ``look``."""
    status = look(path, refusal)
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_taken(path: Path | str) -> bool:
    """Whether anything is at a path, including a broken link; False if the system can't tell."""
    return os.path.lexists(path)


def is_link(path: Path | str) -> bool:
    """Whether a link is at a path, including a broken one; False if the system can't tell."""
    return os.path.islink(path)


def is_unicode(text: str) -> bool:
    r"""Whether a string can be stored as UTF-8. Paths can't if Python couldn't decode their bytes.

    >>> is_unicode("Zoë.txt"), is_unicode("Zo\udceb.txt")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- reading ----------------------------------------------------------------------------------------------------------


def read_whole(path: Path | str, largest: int) -> bytes:
    """Read a file with a size limit, so that a huge file doesn't fill the memory.

    Args:
        path: the file.
        largest: the largest size, in bytes.

    Raises:
        OSError: the file can't be read, is too large, or is a pipe or a device, which may never end.
        ValueError: the path contains a NUL.

    >>> Path("small.txt").write_bytes(b"some")
    4
    >>> read_whole("small.txt", 4)
    b'some'
    >>> read_whole("small.txt", 3)
    Traceback (most recent call last):
    ...
    OSError: [Errno 27] it is larger than 3 bytes, the limit for such a file: 'small.txt'
    """
    with open(Path(path), "rb", opener=_open_without_waiting) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
        content = stream.read() if status.st_size <= largest else None
    if content is None or len(content) > largest:  # the file may have grown since
        raise OSError(
            errno.EFBIG,
            f"it is larger than {largest:,} bytes, the limit for such a file",
            str(path),
        )
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; for a pipe, don't wait for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


# --- writing ----------------------------------------------------------------------------------------------------------


def named_folder(out: Path | str) -> Path:
    """Return the path of an output folder.

    Raises:
        OutputError: it's an empty string, which pathlib takes for the current folder, or not a path at all.

    >>> named_folder("runs/first").parts
    ('runs', 'first')
    """
    if not isinstance(out, str | Path):
        problem = "neither a string nor a path"
    elif out == "":
        problem = "an empty string"
    else:
        return Path(out)
    raise OutputError(f"the folder to write to ({setting('out')}) is {problem}: give it a name")


def check_output(path: Path | str, *, example: str, force: bool) -> Path:
    """Check that a file can be written, before the work whose result it will contain.

    Args:
        path: the file.
        example: a file name with the right ending, for a message.
        force: whether the file may be overwritten.

    Returns:
        The path.

    Raises:
        OutputError: the path is a folder, a device or a pipe, its folder doesn't exist, the system can't tell, or
            there is a file and ``force`` isn't set.

    >>> check_output("names.csv", example="names.csv", force=False).name
    'names.csv'
    """
    path = Path(path)
    shown = short(path)
    if is_folder(path, OutputError):
        raise OutputError(f"{shown} is a folder: name a file, such as {short(path / example)}")
    _refuse_special(path)
    if is_there(path, OutputError) and not force:
        raise OutputError(
            f"{shown} exists already: name another file, or overwrite it with {setting('force', True)}"
        )
    if not is_folder(path.parent, OutputError):
        raise OutputError(
            f"cannot write {shown}: there is no folder {short(path.parent)}; make it first, or choose another"
        )
    return path


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_whole(path: Path | str, content: bytes | Iterable[bytes]) -> int:
    """Write or replace a file. Whatever happens, it then has either its old content or all of the new content.

    The content is written to a temporary file in the same folder, flushed to the disk, and renamed. A file that is
    replaced keeps its permissions. If the path is a link, the file that it points to is replaced.

    Returns:
        The size of the file in bytes.

    Raises:
        OutputError: the folder doesn't exist, permission is missing, the disk is full, or the path is a device or a
            pipe. The old file is unchanged.

    >>> write_whole("greeting.txt", b"hello")
    5
    """
    path = Path(path)
    _refuse_special(path)
    temporary = None
    try:
        if is_link(path):
            path = Path(os.path.realpath(path))
        old = look(path, None)
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{path.name[:40]}.", suffix=PART, dir=path.parent
        )
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
        os.chmod(temporary, 0o666 & ~_umask() if old is None else stat.S_IMODE(old.st_mode))
        os.replace(temporary, path)
        temporary = None
        _flush_folder(path.parent)
        return size
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise OutputError(
            f"cannot write {short(path)}: {reason_of(error)}; {_advice(error)}; the old content is unchanged"
        ) from error
    finally:  # also after a second Ctrl-C
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _advice(error: Exception) -> str:
    error_number = getattr(error, "errno", None)
    if error_number in NO_SPACE:
        return "free some space or choose another place"
    if error_number in NOT_WRITABLE:
        return "make it writable or choose another place"
    return "choose another place"


def remove_left_overs(folder: Path, of: str = "") -> None:
    """Remove the temporary files of processes that were killed during ``write_whole``.

    Args:
        folder: the folder. No other process may be writing to it.
        of: the name of the file that was being written; by default any file.
    """
    pattern = f".{of[:40]}.*{PART}" if of else f".*{PART}"
    with contextlib.suppress(OSError):  # writing the next file raises an error with a message
        for left_over in folder.glob(pattern):
            left_over.unlink(missing_ok=True)


def _refuse_special(path: Path) -> None:
    """Raise OutputError for a device or a pipe."""
    status = look(path, None)
    if status is None:
        return
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise OutputError(
            f"{short(path)} is a device or a pipe, which can't be overwritten: name a file"
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, if the system can, so that a file's new name survives a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # no permission, or the file system can't flush folders
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- locking a folder -------------------------------------------------------------------------------------------------

LOCK_FILE = ".namegen-lock"
# The errors for a lock that another process has. All others mean that the file system has no locks.
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class _TakenError(Exception):
    """Another process or thread has the lock."""


@contextmanager
def sole_use(folder: Path | str) -> Iterator[None]:
    """Lock a folder, so that no other process or thread can lock it too.

    The system releases the lock when the process ends, even if it's killed. On file systems without locks, nothing
    happens.

    Args:
        folder: an existing folder.

    Raises:
        FolderInUseError: another process or thread has the lock.
        OutputError: the folder doesn't exist, or too many files are open.

    >>> with sole_use("."):
    ...     with sole_use("."):
    ...         pass
    Traceback (most recent call last):
    namegen.errors.FolderInUseError: another namegen is at work in .: let it end or stop it, then try again
    """
    folder = Path(folder)
    try:
        descriptor = _lock_folder(folder)
    except _TakenError:
        raise FolderInUseError(
            f"another namegen is at work in {short(folder)}: let it end or stop it, then try again"
        ) from None
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)  # releases the lock


def _lock_folder(folder: Path) -> int | None:
    """The descriptor of the lock; None if the file system has no locks. Raises _TakenError and OutputError."""
    try:
        return _locked(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except FileNotFoundError as error:
        raise OutputError(f"there is no folder {short(folder)}: use one that exists") from error
    except AttributeError:  # Windows has no O_DIRECTORY
        pass
    except OSError as error:  # such as NFS, or a folder without read permission
        _check_can_open_files(error)
    try:
        return _locked(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666))
    except OSError as error:
        _check_can_open_files(error)
    return None


def _check_can_open_files(error: OSError) -> None:
    """Raise OutputError if too many files are open, because then there may be a lock all the same."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise OutputError(
            f"cannot tell whether another namegen works here: {error.strerror}; close some, or allow more (`ulimit -n`)"
        ) from error


def _locked(descriptor: int) -> int:
    """Lock an open file without waiting. Raises _TakenError, or OSError if it can't be locked."""
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

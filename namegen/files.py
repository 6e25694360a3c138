"""Work with files: check what is at a path, read with a size limit, replace a file safely, and lock a folder.

The rest of namegen calls these functions instead of ``Path.exists`` and similar methods. Those methods raise an
OSError in some cases and hide it in others, depending on the Python version.
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
    """Return the status of a file or folder, or None if it doesn't exist.

    A broken link counts as missing. Sometimes the system can't access a path, for example because a permission is
    missing or the path is too long. In that case, ``look`` raises ``refusal``, or returns None if ``refusal`` is None.

    Args:
        path: a path, or a string that might not be a path.
        refusal: the error to raise. Use None for strings that might not be paths, and for paths that are opened next,
            because opening them raises an error anyway.

    >>> look("no/such/place", OutputError) is None
    True
    """
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
        if refusal is None:
            return None
        raise refusal(
            f"cannot access {quote(str(path), MAX_PATH_SHOWN)}: {reason_of(error)}; check the path"
        ) from error


def is_there(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Return whether a path exists and isn't a broken link. Errors are handled as in ``look``."""
    return look(path, refusal) is not None


def is_file(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Return whether a path is a regular file, not a folder or a device. Errors are handled as in ``look``.

    >>> is_file("no/such/place", None), is_folder(".", None)
    (False, True)
    """
    status = look(path, refusal)
    return status is not None and stat.S_ISREG(status.st_mode)


def is_folder(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Return whether a path is a folder. Errors are handled as in ``look``."""
    status = look(path, refusal)
    return status is not None and stat.S_ISDIR(status.st_mode)


def is_taken(path: Path | str) -> bool:
    """Return whether a path exists, even as a broken link. The result is False if the system can't access it."""
    return os.path.lexists(path)


def is_link(path: Path | str) -> bool:
    """Return whether a path is a symbolic link, even a broken one. The result is False if it can't be accessed."""
    return os.path.islink(path)


def is_unicode(text: str) -> bool:
    r"""Return whether a string can be encoded as UTF-8.

    A path can't be encoded if Python was unable to decode its bytes.

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
    """Read a file with a size limit, so that a huge file doesn't exhaust the memory.

    Args:
        path: the file.
        largest: the largest allowed size, in bytes.

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
        if status.st_size > largest:
            message = f"it is larger than {largest:,} bytes, the limit for such a file"
            raise OSError(errno.EFBIG, message, str(path))
        return stream.read()


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file. For a pipe, don't wait until another process writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


# --- writing ----------------------------------------------------------------------------------------------------------


def named_folder(out: Path | str) -> Path:
    """Return the path of an output folder.

    Raises:
        OutputError: the value isn't a path, or it's an empty string, which pathlib interprets as the current folder.

    >>> named_folder("runs/first").parts
    ('runs', 'first')
    """
    if not isinstance(out, str | Path):
        raise OutputError(
            f"the output folder ({setting('out')}) is neither a string nor a path: set its name"
        )
    if out == "":
        raise OutputError(f"the output folder ({setting('out')}) is an empty string: set its name")
    return Path(out)


def check_output(path: Path | str, *, example: str, force: bool) -> Path:
    """Check that a file can be written, before computing its content.

    Args:
        path: the file.
        example: a file name with the right extension, for a message.
        force: whether the file may be overwritten.

    Returns:
        The path.

    Raises:
        OutputError: the path is a folder, a device or a pipe, its folder doesn't exist, or the system can't access it.
            The error is also raised if the file exists and ``force`` isn't set.

    >>> check_output("names.csv", example="names.csv", force=False).name
    'names.csv'
    """
    path = Path(path)
    if is_folder(path, OutputError):
        raise OutputError(
            f"{short(path)} is a folder: name a file, such as {short(path / example)}"
        )
    _check_not_special(path)
    if not force and is_there(path, OutputError):
        raise OutputError(
            f"{short(path)} exists already: name another file, or overwrite it with {setting('force', True)}"
        )
    if not is_folder(path.parent, OutputError):
        raise OutputError(
            f"cannot write {short(path)}: there is no folder {short(path.parent)}; "
            "create it first, or choose another folder"
        )
    return path


def _check_not_special(path: Path) -> None:
    """Raise OutputError for a device or a pipe."""
    status = look(path, None)
    if status is None:
        return
    is_special = not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode)
    if is_special:
        raise OutputError(
            f"{short(path)} is a device or a pipe, which can't be overwritten: name a file"
        )


NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_whole(path: Path | str, content: bytes | Iterable[bytes]) -> int:
    """Write or replace a file. Afterwards, it contains either all of the old content or all of the new content.

    This is true even if writing fails. The content is written to a temporary file in the same folder, flushed to the
    disk, and renamed. A replaced file keeps its permissions. If the path is a link, the file that it points to is
    replaced.

    Returns:
        The size of the file in bytes.

    Raises:
        OutputError: the folder doesn't exist, permission is missing, the disk is full, or the path is a device or a
            pipe. An existing file is unchanged.

    >>> write_whole("greeting.txt", b"hello")
    5
    """
    path = Path(path)
    _check_not_special(path)
    if is_link(path):
        path = Path(os.path.realpath(path))
    try:
        return _replace_file(path, content)
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
        error_number = getattr(error, "errno", None)
        if error_number in NO_SPACE:
            advice = "free some space or choose another place"
        elif error_number in NOT_WRITABLE:
            advice = "make it writable or choose another place"
        else:
            advice = "choose another place"
        problem = f"cannot write {short(path)}: {reason_of(error)}; {advice}"
        if is_taken(path):
            problem += "; its old content is unchanged"
        raise OutputError(problem) from error


def _replace_file(path: Path, content: bytes | Iterable[bytes]) -> int:
    """Write a temporary file, rename it to the path, and return its size in bytes."""
    status = look(path, None)
    if status is not None:
        permissions = stat.S_IMODE(status.st_mode)
    else:
        mask = os.umask(0)  # the mask can only be read by setting it
        os.umask(mask)
        permissions = 0o666 & ~mask
    prefix = f".{path.name[:40]}."
    descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=PART, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines([content] if isinstance(content, bytes) else content)
            stream.flush()
            os.fsync(stream.fileno())
            size = stream.tell()
        os.chmod(temporary, permissions)
        os.replace(temporary, path)
    except BaseException:  # also after a second Ctrl-C
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(path.parent)
    return size


def _flush_folder(folder: Path) -> None:
    """Flush a folder to the disk, if possible, so that a file's new name survives a power cut."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):  # no permission, or the file system can't flush folders
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_left_overs(folder: Path, of: str = "") -> None:
    """Remove the temporary files of processes that were killed during ``write_whole``.

    Args:
        folder: the folder. No other process may be writing to it.
        of: the name of the file that was being written. The default is any file.
    """
    pattern = f".{of[:40]}.*{PART}" if of else f".*{PART}"
    with contextlib.suppress(OSError):  # writing the next file raises an error with a message
        for left_over in folder.glob(pattern):
            left_over.unlink(missing_ok=True)


# --- locking a folder -------------------------------------------------------------------------------------------------


@contextmanager
def exclusive_lock(folder: Path | str) -> Iterator[None]:
    """Lock a folder, so that no other process or thread can lock it.

    The system releases the lock when the process ends, even if it's killed. On Windows, and on file systems that can't
    lock folders, this function has no effect.

    Args:
        folder: an existing folder.

    Raises:
        FolderInUseError: another process or thread has the lock.
        OutputError: the folder doesn't exist.

    >>> with exclusive_lock("."):
    ...     with exclusive_lock("."):
    ...         pass
    Traceback (most recent call last):
    namegen.errors.FolderInUseError: another namegen process is using .: wait for it to end or stop it, then try again
    """
    folder = Path(folder)
    if not is_folder(folder, OutputError):
        raise OutputError(f"there is no folder {short(folder)}: use one that exists")
    if sys.platform == "win32":
        yield
        return
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUseError(
                f"another namegen process is using {short(folder)}: wait for it to end or stop it, then try again"
            ) from None
        except OSError:  # such as on NFS, which only locks files that are open for writing
            pass
        yield
    finally:
        os.close(descriptor)  # releases the lock

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
            raise _too_large(path, largest)
        content = stream.read()
    if len(content) > largest:  # the file has grown in the meantime
        raise _too_large(path, largest)
    return content


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file. For a pipe, don't wait until another process writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _too_large(path: Path | str, largest: int) -> OSError:
    message = f"it is larger than {largest:,} bytes, the limit for such a file"
    return OSError(errno.EFBIG, message, str(path))


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
    if not force:
        _check_not_taken(path)
    _check_folder_exists(path)
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


def _check_not_taken(path: Path) -> None:
    """Raise OutputError if the file exists."""
    if is_there(path, OutputError):
        raise OutputError(
            f"{short(path)} exists already: name another file, or overwrite it with {setting('force', True)}"
        )


def _check_folder_exists(path: Path) -> None:
    """Raise OutputError if the folder of a file doesn't exist."""
    if not is_folder(path.parent, OutputError):
        raise OutputError(
            f"cannot write {short(path)}: there is no folder {short(path.parent)}; "
            "create it first, or choose another folder"
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
        raise OutputError(_write_failure(path, error)) from error


def _replace_file(path: Path, content: bytes | Iterable[bytes]) -> int:
    """Write a temporary file, rename it to the path, and return its size in bytes."""
    permissions = _permissions_for(path)
    prefix = f".{path.name[:40]}."
    descriptor, temporary = tempfile.mkstemp(prefix=prefix, suffix=PART, dir=path.parent)
    try:
        size = _write_to_disk(descriptor, content)
        os.chmod(temporary, permissions)
        os.replace(temporary, path)
    except BaseException:  # also after a second Ctrl-C
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(path.parent)
    return size


def _permissions_for(path: Path) -> int:
    """Return the permissions of an existing file, or the default permissions of a new one."""
    status = look(path, None)
    if status is not None:
        return stat.S_IMODE(status.st_mode)
    mask = os.umask(0)  # the mask can only be read by setting it
    os.umask(mask)
    return 0o666 & ~mask


def _write_to_disk(descriptor: int, content: bytes | Iterable[bytes]) -> int:
    """Write to an open file, flush it to the disk, close it, and return its size in bytes."""
    chunks = [content] if isinstance(content, bytes) else content
    with os.fdopen(descriptor, "wb") as stream:
        stream.writelines(chunks)
        stream.flush()
        os.fsync(stream.fileno())
        return stream.tell()


def _write_failure(path: Path, error: Exception) -> str:
    """Return the message for a file that can't be written."""
    problem = f"cannot write {short(path)}: {reason_of(error)}; {_advice(error)}"
    if is_taken(path):
        return f"{problem}; its old content is unchanged"
    return problem


def _advice(error: Exception) -> str:
    error_number = getattr(error, "errno", None)
    if error_number in NO_SPACE:
        return "free some space or choose another place"
    if error_number in NOT_WRITABLE:
        return "make it writable or choose another place"
    return "choose another place"


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

LOCK_FILE = ".namegen-lock"
# The errors for a lock that another process holds. Other errors mean that the file system doesn't support locks.
LOCKED_BY_ANOTHER = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class _LockedError(Exception):
    """Another process or thread holds the lock."""


@contextmanager
def exclusive_lock(folder: Path | str) -> Iterator[None]:
    """Lock a folder, so that no other process or thread can lock it.

    The system releases the lock when the process ends, even if it's killed. On file systems without locks, this
    function has no effect.

    Args:
        folder: an existing folder.

    Raises:
        FolderInUseError: another process or thread has the lock.
        OutputError: the folder doesn't exist, or too many files are open.

    >>> with exclusive_lock("."):
    ...     with exclusive_lock("."):
    ...         pass
    Traceback (most recent call last):
    namegen.errors.FolderInUseError: another namegen process is using .: wait for it to end or stop it, then try again
    """
    folder = Path(folder)
    try:
        descriptor = _lock_folder(folder)
    except _LockedError:
        raise FolderInUseError(
            f"another namegen process is using {short(folder)}: wait for it to end or stop it, then try again"
        ) from None
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)  # releases the lock


def _lock_folder(folder: Path) -> int | None:
    """Lock a folder, or a file in it if the system can't lock folders.

    Returns:
        The descriptor of the lock, or None if the file system has no locks.

    Raises:
        _LockedError: another process or thread has the lock.
        OutputError: the folder doesn't exist, or too many files are open.
    """
    descriptor = _lock_folder_itself(folder)
    if descriptor is None:
        descriptor = _lock_file_in(folder)
    return descriptor


def _lock_folder_itself(folder: Path) -> int | None:
    """Lock a folder, and return its descriptor. Return None if the system can't lock folders."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return None
    try:
        return _lock_or_close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except FileNotFoundError as error:
        raise OutputError(f"there is no folder {short(folder)}: use one that exists") from error
    except OSError as error:  # such as on NFS, or without permission to read the folder
        _check_can_open_files(error)
        return None


def _lock_file_in(folder: Path) -> int | None:
    """Lock a file in a folder, and return its descriptor. Return None if the file system has no locks."""
    try:
        return _lock_or_close(os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666))
    except OSError as error:
        _check_can_open_files(error)
        return None


def _check_can_open_files(error: OSError) -> None:
    """Raise OutputError if too many files are open, because another process may still have the lock."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise OutputError(
            f"cannot tell whether another namegen process is using the folder: {error.strerror}; "
            "close some files, or allow more (`ulimit -n`)"
        ) from error


def _lock_or_close(descriptor: int) -> int:
    """Lock an open file and return its descriptor. If that fails, close the file.

    Raises:
        _LockedError: another process or thread has the lock.
        OSError: the file system has no locks.
    """
    try:
        _lock_without_waiting(descriptor)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError) and error.errno in LOCKED_BY_ANOTHER:
            raise _LockedError from None
        raise
    return descriptor


def _lock_without_waiting(descriptor: int) -> None:
    """Lock an open file, or raise OSError if that isn't possible right now."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Files: what lies at a path, reading within a limit, writing whole or not at all; one owner of a folder at a time.

Nothing else in namegen asks the system whether something exists, as each way that Python has for it raises an OSError
now and hides it then, by its version and by what is wrong.
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

PART = ".part"  # how a file is called that is not whole yet

# --- what lies at a path ----------------------------------------------------------------------------------------------


def look(path: Path | str, refusal: type[NamegenError] | None) -> os.stat_result | None:
    """What the system says of a file or a folder; None where nothing is, or a link that leads nowhere.

    Args:
        path: of any kind and length.
        refusal: raised where it cannot be looked at: a folder that may not be entered, a name that is too long, a disk
            that fails. None: such a path counts as nothing, which suits a text that may be no path at all, and a path
            that is about to be opened, as that says what is wrong.

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
    """Whether anything is at a path, a link to nowhere apart; see ``look``."""
    return look(path, refusal) is not None


def is_file(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Whether a file is at a path, not a folder or a device; see ``look``.

    >>> is_file("no/such/place", None), is_folder(".", None)
    (False, True)
    """
    found = look(path, refusal)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: Path | str, refusal: type[NamegenError] | None) -> bool:
    """Whether a folder is at a path; see ``look``."""
    found = look(path, refusal)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_taken(path: Path | str) -> bool:
    """Whether a name is taken, be it by a link to nowhere; no if that cannot be told."""
    return os.path.lexists(path)


def is_link(path: Path | str) -> bool:
    """Whether a link is at a path, wherever it leads; no if that cannot be told."""
    return os.path.islink(path)


def is_unicode(text: str) -> bool:
    r"""Whether a text can be stored as UTF-8. A path can't if Python couldn't decode its bytes.

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
    """All bytes of a file, within a limit: one of a terabyte is refused before memory is full.

    Args:
        path: the file.
        largest: bytes that it may have.

    Raises:
        OSError: it cannot be read, is larger, or is a pipe or a device, which may never end: its ``strerror`` says so.
        ValueError: a NUL in the path.

    >>> Path("small.txt").write_bytes(b"some")
    4
    >>> read_whole("small.txt", 4)
    b'some'
    >>> read_whole("small.txt", 3)
    Traceback (most recent call last):
    ...
    OSError: [Errno 27] it is larger than 3 bytes, the most that such a file may have: 'small.txt'
    """
    without_waiting = getattr(os, "O_NONBLOCK", 0)  # for somebody to write to a pipe
    with open(
        Path(path), "rb", opener=lambda name, flags: os.open(name, flags | without_waiting)
    ) as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
        content = stream.read() if found.st_size <= largest else None
    if content is None or len(content) > largest:  # it may have grown
        said = f"it is larger than {largest:,} bytes, the most that such a file may have"
        raise OSError(errno.EFBIG, said, str(path))
    return content


# --- writing ----------------------------------------------------------------------------------------------------------


def named_folder(out: Path | str) -> Path:
    """The folder to write to that was asked for.

    >>> named_folder("runs/first").parts
    ('runs', 'first')

    Raises:
        OutputError: an empty text, which pathlib would take for the folder that the program runs in.
    """
    if not isinstance(out, str | Path) or out == "":
        came = "an empty text" if out == "" else "neither a text nor a path"
        raise OutputError(f"the folder to write to ({setting('out')}) is {came}: give it a name")
    return Path(out)


def check_output(path: Path | str, *, example: str, force: bool) -> Path:
    """Find out, before any work is done, whether a file can and may be written.

    Args:
        path: the file.
        example: a file name that would do, for a message; its ending is that of what is to be written.
        force: a file that exists may be written over.

    Returns:
        The same as a path.

    Raises:
        OutputError: the path is a folder, a device or a pipe, is in no folder, cannot be looked at, or exists and
            ``force`` is not given.
    """
    path, shown = Path(path), short(path)
    if is_folder(path, OutputError):
        raise OutputError(f"{shown} is a folder: name a file, such as {short(path / example)}")
    _refuse_special(path)
    if is_there(path, OutputError) and not force:
        raise OutputError(
            f"{shown} exists already: name another file, or overwrite it with {setting('force', True)}"
        )
    if not is_folder(path.parent, OutputError):
        place = short(path.parent)
        raise OutputError(
            f"cannot write {shown}: there is no folder {place}; make it first, or choose another"
        )
    return path


FIRST_ADVICE: dict[int | None, str] = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "free some space or "),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "make it writable or "),
}


def write_whole(path: Path | str, content: bytes | Iterable[bytes]) -> int:
    """Write a file so that the path holds either its old content or all of the new, whatever happens meanwhile.

    The bytes go to a temporary name in the same folder, are flushed to the disk, and are renamed into place. What was
    there keeps its permissions; a link goes on leading where it led.

    Returns:
        How many bytes it has.

    Raises:
        OutputError: no such folder, no permission, a full disk, a device or a pipe in its place: one sentence; the old
            file is untouched.
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
        reason, first = reason_of(error), FIRST_ADVICE.get(getattr(error, "errno", None), "")
        raise OutputError(
            f"cannot write {short(path)}: {reason}; {first}choose another place; what was there before is kept"
        ) from error
    finally:  # after a second Ctrl-C too: leave no half-written file behind
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def remove_left_overs(folder: Path, of: str = "") -> None:
    """Take away what processes that were killed in the midst of ``write_whole`` left half written in a folder.

    Args:
        folder: one that nobody else writes to meanwhile.
        of: the file that was being written; empty: any.
    """
    with contextlib.suppress(
        OSError
    ):  # whoever cannot is told so by the first file that cannot be written
        for left_over in folder.glob(f".{of[:40]}.*{PART}" if of else f".*{PART}"):
            left_over.unlink(missing_ok=True)


def _refuse_special(path: Path) -> None:
    found = look(path, None)
    if found is not None and not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise OutputError(
            f"{short(path)} is a device or a pipe, which cannot be overwritten: name a file"
        )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut, where the system can do that; the new file is in place already."""
    if hasattr(os, "O_DIRECTORY"):
        with contextlib.suppress(
            OSError
        ):  # a folder that may not be read, a file system that does not flush folders
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


LOCK_FILE = ".namegen-lock"
# What a lock that somebody else holds is told by; everything else says that there are no locks here.
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class _TakenError(Exception):
    """Somebody else has it."""


@contextmanager
def sole_use(folder: Path | str) -> Iterator[None]:
    """While it lasts, nobody else who asks for it writes to a folder: no other process, and no other thread of this.

    A process that is killed lets go of it at once.

    Args:
        folder: it exists.

    Raises:
        FolderInUseError: somebody else has it. OutputError: there is no such folder.

    >>> with sole_use("."):
    ...     with sole_use("."):
    ...         pass
    Traceback (most recent call last):
    namegen.errors.FolderInUseError: another namegen is at work in .: let it end or stop it, then try again
    """
    folder = Path(folder)
    try:
        descriptor = _take(folder)
    except _TakenError:
        raise FolderInUseError(
            f"another namegen is at work in {short(folder)}: let it end or stop it, then try again"
        ) from None
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
    except (
        OSError,
        AttributeError,
    ) as error:  # NFS, a folder that may not be read; no O_DIRECTORY: Windows
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
            f"cannot tell whether another namegen works here: {error.strerror}; close some, or allow more (`ulimit -n`)"
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

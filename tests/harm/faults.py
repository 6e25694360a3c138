"""Faults at the file layer: a process fails, or is killed, at a step of ``namegen.files.write_whole``.

    before write ─► half written ─► before rename ─► after rename ─► before fsync of the folder

What ``namegen/files.py`` asks of the system goes through a stand-in, so the code under test is the one that is shipped.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

import namegen.files

STEPS = ("before write", "half written", "before rename", "after rename", "before fsync of the folder")
# The file is in place after the renaming, and the system reports no error for it: those steps can only be killed at.
CAN_FAIL = STEPS[:3]
KILL, FAIL = "kill", "fail"


@dataclass
class Fault:
    """What goes wrong, where.

    Attributes:
        step: one of ``STEPS``.
        file: which file, as a pattern; one of more than 40 characters is known by those.
        at: the how-manieth time such a file comes to that step.
        what: ``KILL``, as by SIGKILL, or ``FAIL``, as on a disk that is full from then on.
        error: the number of the error that it fails with.
    """

    step: str
    file: str = "*"
    at: int = 1
    what: str = KILL
    error: int = errno.ENOSPC
    came: int = field(default=0, init=False)
    _now: str = field(default="", init=False)

    def install(self) -> Callable[[], None]:
        """From now on, in this process; gives what takes it away again."""
        before: Any = namegen.files.os, namegen.files.tempfile
        namegen.files.os, namegen.files.tempfile = _System(self), _Temporary(self)  # type: ignore[assignment]

        def take_away() -> None:
            namegen.files.os, namegen.files.tempfile = before

        return take_away

    def begins(self, prefix: str) -> None:
        """A file is about to be written; its temporary name begins so."""
        self._now = prefix.strip(".")
        self.reach(STEPS[0])

    def reach(self, step: str) -> None:
        """The file under way has come to a step."""
        if step != self.step or not fnmatch(self._now, self.file):
            return
        self.came += 1
        if self.what == KILL and self.came == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.what == FAIL and self.came >= self.at:
            raise OSError(self.error, os.strerror(self.error))


class _Temporary:
    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def mkstemp(self, **named: Any) -> tuple[int, str]:
        self._fault.begins(named["prefix"])
        return tempfile.mkstemp(**named)


class _System:
    """The module ``os``, but for what ``write_whole`` calls."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fdopen(self, descriptor: int, mode: str) -> Any:
        return _Stream(os.fdopen(descriptor, mode), self._fault)

    def replace(self, source: Any, target: Any) -> None:
        self._fault.reach(STEPS[2])
        os.replace(source, target)
        self._fault.reach(STEPS[3])

    def open(self, path: Any, flags: int, *more: int) -> int:
        if flags & os.O_DIRECTORY:
            self._fault.reach(STEPS[4])
        return os.open(path, flags, *more)


class _Stream:
    """A file that is being written, in two halves."""

    def __init__(self, stream: Any, fault: Fault) -> None:
        self._stream, self._fault = stream, fault

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, content: bytes) -> None:
        half = len(content) // 2
        self._stream.write(content[:half])
        self._stream.flush()
        self._fault.reach(STEPS[1])
        self._stream.write(content[half:])


def in_child(call: Callable[[], object]) -> int:
    """Make a call in a forked process; gives its exit code: 0 where it returned, negative for a signal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork beside threads
        child = os.fork()
    if child == 0:
        code = 1
        try:
            call()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

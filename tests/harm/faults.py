"""Kill a process at a given step of ``namegen.files.write_whole``.

    before write ─► half written ─► before rename ─► after rename ─► before fsync of the folder

Only the system calls of ``namegen/files.py`` are replaced, so the tests run the real code.
"""

from __future__ import annotations

import io
import os
import signal
import tempfile
from dataclasses import dataclass, field
from fnmatch import fnmatch
from types import SimpleNamespace
from typing import Any

import namegen.files

STEPS = (
    "before write",
    "half written",
    "before rename",
    "after rename",
    "before fsync of the folder",
)


@dataclass
class Fault:
    """The moment at which the process is killed with SIGKILL.

    Attributes:
        step: one of ``STEPS``.
        file: a pattern that the file name must match. Only the first 40 characters of the name are compared.
        at: kill the process when a matching file reaches the step for the n-th time, counted from 1.
    """

    step: str
    file: str = "*"
    at: int = 1
    _now: str = field(default="", init=False)

    def install(self) -> None:
        """Activate the fault in the current process."""

        def mkstemp(**named: Any) -> tuple[int, str]:
            self._now = named["prefix"].strip(".")
            self._reach(STEPS[0])
            return tempfile.mkstemp(**named)

        def replace(source: Any, target: Any) -> None:
            self._reach(STEPS[2])
            os.replace(source, target)
            self._reach(STEPS[3])

        def opened(path: Any, flags: int, *more: int) -> int:
            if flags & os.O_DIRECTORY:
                self._reach(STEPS[4])
            return os.open(path, flags, *more)

        class InHalves(io.FileIO):
            def write(stream, content: Any) -> int:  # noqa: N805
                half = len(content) // 2
                written = super().write(content[:half])
                self._reach(STEPS[1])
                return written + super().write(content[half:])

        instead = {"replace": replace, "open": opened, "fdopen": InHalves}
        namegen.files.os = SimpleNamespace(**{**vars(os), **instead})  # type: ignore[assignment]
        namegen.files.tempfile = SimpleNamespace(mkstemp=mkstemp)  # type: ignore[assignment]

    def _reach(self, step: str) -> None:
        """Kill the process if the current file has reached the step of the fault."""
        if step == self.step and fnmatch(self._now, self.file):
            self.at -= 1
            if self.at == 0:
                os.kill(os.getpid(), signal.SIGKILL)

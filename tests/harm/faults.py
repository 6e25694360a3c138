"""A process that is killed at a step of ``namegen.files.write_whole``.

    before write ─► half written ─► before rename ─► after rename ─► before fsync of the folder

What ``namegen/files.py`` asks of the system goes through a stand-in, so the code under test is the one that is shipped.
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
    """Where the process is killed, as by SIGKILL.

    Attributes:
        step: one of ``STEPS``.
        file: which file, as a pattern; one of more than 40 characters is known by those.
        at: the how-manieth time such a file comes to that step.
    """

    step: str
    file: str = "*"
    at: int = 1
    _now: str = field(default="", init=False)

    def install(self) -> None:
        """From now on, in this process."""

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
        """The file under way has come to a step."""
        if step == self.step and fnmatch(self._now, self.file):
            self.at -= 1
            if self.at == 0:
                os.kill(os.getpid(), signal.SIGKILL)

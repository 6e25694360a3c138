"""The most memory that a measuring process has held: a figure of a comparison."""

from __future__ import annotations

import platform
from pathlib import Path


def peak_memory_mib() -> float | None:
    """The most memory that this process has held at one time; None where the system does not say.

    Linux is asked for the high-water mark of this program alone: ``ru_maxrss`` would begin at the size of the process
    that started it.
    """
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:  # not Linux
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if platform.system() == "Darwin" else most / 2**10

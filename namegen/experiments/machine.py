"""Where figures were measured: the machine, the commit; and which code of namegen measured them."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import namegen
from namegen.documents import Json
from namegen.errors import NamegenError
from namegen.files import is_file, is_there

PACKAGE = Path(namegen.__file__).parent
SHARED_CODE = ("core", "backends", "config.py", "config_values.py", "threads.py")
# command → files and folders of the package that decide its figures: the code that trains and generates, and the code
# that measures. A report's own looks do not. An exchange.py belongs to it, as all figures go through it, and as a sweep
# knows by this fingerprint whether a worker on another machine takes the same jobs and gives the same answers.
MEASURING_CODE: dict[str, tuple[str, ...]] = {
    "compare-backends": (
        *SHARED_CODE,
        "experiments/trained.py",
        "experiments/compare/exchange.py",
        "experiments/compare/judging.py",
        "experiments/compare/measure.py",
        "experiments/compare/memory.py",
        "experiments/compare/quality.py",
        "experiments/compare/timed.py",
    ),
    "sweep": (
        *SHARED_CODE,
        "experiments/trained.py",
        "experiments/sweep/exchange.py",
        "experiments/sweep/task.py",
    ),
}


def machine() -> dict[str, Json]:
    """The processor, its cores, the memory and the system; nothing that names a person or a host."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
    }


@lru_cache(maxsize=4)
def code_fingerprint(command: str) -> str:
    """BLAKE2b of the code that a command's figures depend on: what other code has measured is measured again.

    Args:
        command: one of ``MEASURING_CODE``.

    Raises:
        NamegenError: a file that is named there does not exist.
    """
    state = blake2b(digest_size=8)
    for part in MEASURING_CODE[command]:
        path = PACKAGE / part
        files = [path] if is_file(path, None) else sorted(path.rglob("*.py"))
        if not files:
            raise NamegenError(
                f"namegen/{part} is not there, so it cannot be told which code measures: install namegen again, or, if "
                f"the file has moved, correct MEASURING_CODE in namegen/experiments/machine.py"
            )
        for file in files:
            state.update(str(file.relative_to(PACKAGE)).encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def commit() -> str | None:
    """The commit of the checkout that namegen runs from, marked where its code has changes; None outside of one."""
    if not is_there(PACKAGE.parent / ".git", None):
        return None
    head = _git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    return f"{head}, with changes" if _git("status", "--porcelain", "--", "namegen") else head


def own_environment() -> dict[str, str]:
    """The environment for a process of ours, in which it finds this very namegen wherever it lies."""
    environment = dict(os.environ)
    if PACKAGE.parent.name not in ("site-packages", "dist-packages"):  # a checkout, which may not be installed
        parts = (environment.get("PYTHONPATH", ""), str(PACKAGE.parent))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, parts))
    return environment


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PACKAGE.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # no git, or one that waits for something
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return None

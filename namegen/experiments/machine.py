"""Where and with what figures were measured: the machine, the commit, the code, and the versions of libraries.

A change of the code, or of what an engine needs, makes stale what was measured. No engine is imported to see that.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b
from importlib.machinery import all_suffixes
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

import namegen
from namegen.backends import ENGINES, claimed, engine_paths
from namegen.children import PACKAGE
from namegen.documents import Count
from namegen.files import is_file, is_there

# What namegen's own engines and its .tflite need.
LIBRARIES = {
    "numpy": ("numpy",),
    "keras": ("numpy", "keras", "tensorflow"),
    "tflite": ("numpy", "ai-edge-litert"),
}
CODE_SUFFIXES = tuple(all_suffixes())  # an engine may be compiled
# Files and folders of the package that decide what a comparison or a sweep measures: those that train and generate, and
# those that measure. A report's own looks do not. By this a sweep knows whether a worker elsewhere does the same.
MEASURING_CODE = (
    *("core", "backends", "settings_toml.py", "threads.py"),
    *(
        f"experiments/{name}.py"
        for name in ("trained", "compare/measure", "compare/quality", "sweep/task")
    ),
)


@dataclass(frozen=True)
class Machine:
    """Where it was measured; nothing that names a person or a host.

    Attributes:
        processor: its model.
        cores: how many it has.
        memory_gib: of the whole machine; None where the system does not say.
        system: its name, and the kind of machine.
    """

    processor: str
    cores: Count
    memory_gib: float | None
    system: str


def machine() -> Machine:
    """This machine."""
    return Machine(
        _processor(),
        os.cpu_count() or 1,
        _memory_gib(),
        f"{platform.system()} {platform.machine()}",
    )


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """A hash of the code that figures depend on: what other code has measured is measured again."""
    parts = [PACKAGE / part for part in MEASURING_CODE]
    return _hash(
        PACKAGE,
        (
            file
            for part in parts
            for file in ([part] if part.suffix else sorted(part.rglob("*.py")))
        ),
    )


def _hash(root: Path, files: Iterable[Path]) -> str:
    """BLAKE2b of some files and of their names."""
    state = blake2b(digest_size=8)
    for file in files:
        state.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def commit() -> str | None:
    """The commit of the checkout that namegen runs from, marked where its code has changes; None outside of one."""
    head = (
        _git("rev-parse", "--short=12", "HEAD") if is_there(PACKAGE.parent / ".git", None) else None
    )
    changed = head is not None and _git("status", "--porcelain", "--", "namegen")
    return f"{head}, with changes" if changed else head


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(PACKAGE.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # no git, or one that waits for something
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _processor() -> str:
    with suppress(OSError):  # not Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return None


# --- an engine --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EngineCode:
    """What an engine's figures depend on, beside the code of namegen.

    Attributes:
        code: a hash of a third party's package; None for an engine of namegen's own, or where it lies in no file.
        versions: of NumPy, of the libraries that the engine needs, and of the distribution that it comes with; None
            for one that is not installed.
    """

    code: str | None = None
    versions: dict[str, str | None] = field(default_factory=dict)


@lru_cache(maxsize=64)
def engine_code(engine: str) -> EngineCode:
    """The code of an engine by its name, and the versions of what it needs; of one that is not there, what is known."""
    claims = [] if engine in LIBRARIES else claimed().get(engine, [])
    needed = [*LIBRARIES.get(engine, LIBRARIES["numpy"])]
    for name in [claim.distribution for claim in claims if claim.distribution is not None]:
        lines = requires(name) or []
        needed += [re.split(r"[^\w.-]", line)[0] for line in lines if "extra ==" not in line] + [
            name
        ]
    versions = {name: library_version(name) for name in needed}
    return EngineCode(_package_hash(claims[0].path) if claims else None, versions)


def library_version(name: str) -> str | None:
    """The installed version of a library; ``tensorflow-cpu`` and the like count as TensorFlow."""
    for candidate in (name, f"{name}-cpu", f"{name}-intel"):
        with suppress(PackageNotFoundError):
            return version(candidate)
    return None


def _package_hash(path: str) -> str | None:
    """A hash of all code of the top-level package that an entry point's value lies in; None where it is in no file."""
    spec = None
    with suppress(
        ImportError, ValueError
    ):  # ValueError: a module that does not say where it comes from
        spec = find_spec(re.split("[.:]", path)[0])
    places = () if spec is None else spec.submodule_search_locations or (spec.origin or "",)
    for root in map(Path, places):
        inside = [root, *sorted(root.rglob("*"))]
        files = [one for one in inside if one.name.endswith(CODE_SUFFIXES) and is_file(one, None)]
        if files:
            return _hash(root, files)
    return None


def training_codes(engines: Iterable[str]) -> dict[str, str]:
    """The code that decides what comes of a training with each engine: namegen's, and the engine's own."""
    return {
        engine: "-".join(filter(None, (code_fingerprint(), engine_code(engine).code)))
        for engine in engines
    }


def codes_for_report(engines: Iterable[str]) -> dict[str, EngineCode]:
    """What a report says of each engine; the code of our own is that of namegen which figures depend on."""
    found = {engine: engine_code(engine) for engine in engines}
    return {
        name: replace(one, code=code_fingerprint()) if name in ENGINES else one
        for name, one in found.items()
    }


def code_in_words(engine: EngineCode) -> str:
    """The code of an engine and what it needs, for people.

    >>> code_in_words(EngineCode("81d3f0c2a1b7", {"numpy": "2.3", "torch": None}))
    'code 81d3f0c2a1b7, numpy 2.3, without torch'
    """
    needs = [
        f"{name} {found}" if found else f"without {name}" for name, found in engine.versions.items()
    ]
    return ", ".join([f"code {engine.code}" if engine.code else "code in no file", *needs])


def versions(engines: Iterable[str] | None = None) -> dict[str, str | None]:
    """The versions of Python, of namegen, and of the libraries that the engines need; None for one that is missing.

    Args:
        engines: which third parties' count beside our own; None: all that are registered.
    """
    found: dict[str, str | None] = {}
    for engine in dict.fromkeys((*LIBRARIES, *(engine_paths() if engines is None else engines))):
        found |= engine_code(engine).versions
    return {
        "python": platform.python_version(),
        "namegen": namegen.__version__,
        **dict(sorted(found.items())),
    }

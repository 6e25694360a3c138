"""Describe where results were measured: the machine, the commit, the code, and the versions of libraries.

Results become outdated when namegen, a backend, or a library of the backend changes. This module detects such changes
without importing a backend.
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

# The libraries that the built-in backends and the .tflite export need.
LIBRARIES = {
    "numpy": ("numpy",),
    "keras": ("numpy", "keras", "tensorflow"),
    "tflite": ("numpy", "ai-edge-litert"),
}
CODE_SUFFIXES = tuple(all_suffixes())  # including those of compiled modules
# The files and folders of the package that affect results: the code that trains, generates and measures. The code for
# reports isn't included. A sweep also uses this list to check that a worker has the same code.
MEASURING_CODE = (
    "core",
    "backends",
    "settings_toml.py",
    "threads.py",
    "experiments/trained.py",
    "experiments/compare/machine_load.py",
    "experiments/compare/measure.py",
    "experiments/compare/measure_generation.py",
    "experiments/compare/measure_list.py",
    "experiments/compare/measure_training.py",
    "experiments/compare/quality.py",
    "experiments/compare/request.py",
    "experiments/sweep/task.py",
)


@dataclass(frozen=True)
class Machine:
    """A machine, without anything that identifies a person or a host."""

    processor: str
    """The model of its processor."""
    cores: Count
    """The number of logical cores."""
    memory_gib: float | None
    """The memory of the whole machine, or None if the system doesn't report it."""
    system: str
    """The operating system and the architecture."""


def machine() -> Machine:
    """Describe this machine."""
    return Machine(
        processor=_find_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=_find_memory_gib(),
        system=f"{platform.system()} {platform.machine()}",
    )


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """Hash the code that results depend on. If the hash changes, namegen repeats the measurements."""
    files: list[Path] = []
    for name in MEASURING_CODE:
        path = PACKAGE / name
        if path.suffix:
            files.append(path)
        else:
            files += sorted(path.rglob("*.py"))
    return _hash_files(PACKAGE, files)


def _hash_files(root: Path, files: Iterable[Path]) -> str:
    """Hash the names and contents of files with BLAKE2b."""
    state = blake2b(digest_size=8)
    for file in files:
        name = str(file.relative_to(root)).encode()
        state.update(name + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def commit() -> str | None:
    """Return the commit of the checkout that namegen runs from, or None outside a checkout.

    If the code of the checkout has uncommitted changes, ", with changes" is appended.
    """
    if not is_there(PACKAGE.parent / ".git", None):
        return None
    head = _run_git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    changes = _run_git("status", "--porcelain", "--", "namegen")
    if changes:
        return f"{head}, with changes"
    return head


def _run_git(*arguments: str) -> str | None:
    """Run git, and return its output, or None if it fails."""
    command = ["git", "-C", str(PACKAGE.parent), *arguments]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # not installed, or waiting for input
        return None
    if process.returncode != 0:
        return None
    return process.stdout.strip()


def _find_processor() -> str:
    """Return the model of the processor, or its architecture if the system doesn't report the model."""
    with suppress(OSError):  # only Linux has this file
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _find_memory_gib() -> float | None:
    """Return the memory of the machine in GiB, or None if the system doesn't report it."""
    try:
        page_bytes = os.sysconf("SC_PAGE_SIZE")
        pages = os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return None
    return round(page_bytes * pages / 2**30, 1)


# --- backends ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EngineCode:
    """The code that the results of a backend depend on, in addition to namegen's code."""

    code: str | None = None
    """The hash of a third-party package, or None for a built-in backend and for code that isn't in a file."""
    versions: dict[str, str | None] = field(default_factory=dict)
    """The versions of the required libraries and the backend's distribution. A missing library has None."""


@lru_cache(maxsize=64)
def engine_code(engine: str) -> EngineCode:
    """Describe the code of a backend and the versions of its libraries.

    Args:
        engine: the name of the backend, which doesn't have to be installed.
    """
    if engine in LIBRARIES:
        return EngineCode(None, _library_versions(LIBRARIES[engine]))
    packages = claimed().get(engine, [])  # the packages that register a backend with this name
    libraries = list(LIBRARIES["numpy"])
    for package in packages:
        if package.distribution is not None:
            libraries += _find_requirements(package.distribution)
            libraries.append(package.distribution)
    code = _hash_package(packages[0].path) if packages else None
    return EngineCode(code, _library_versions(libraries))


def _library_versions(names: Iterable[str]) -> dict[str, str | None]:
    """Return the installed version of each library, or None for a missing library."""
    return {name: library_version(name) for name in names}


def _find_requirements(distribution: str) -> list[str]:
    """Return the names of the libraries that a distribution requires, not including its extras."""
    requirements = [line for line in requires(distribution) or [] if "extra ==" not in line]
    return [re.split(r"[^\w.-]", line)[0] for line in requirements]


def library_version(name: str) -> str | None:
    """Return the installed version of a library, or None. For TensorFlow, also look for ``tensorflow-cpu`` and similar.

    >>> library_version("no-such-library") is None
    True
    """
    for candidate in (name, f"{name}-cpu", f"{name}-intel"):
        with suppress(PackageNotFoundError):
            return version(candidate)
    return None


def _hash_package(path: str) -> str | None:
    """Hash all code of the package that contains a backend. Return None if its code isn't in files.

    Args:
        path: the location of the backend, ``module:class``.
    """
    for root in _find_package(path):
        files = _find_code_files(root)
        if files:
            return _hash_files(root, files)
    return None


def _find_package(path: str) -> list[Path]:
    """Return the folders of the top-level package that contains a backend, or the file of a single module."""
    package = re.split("[.:]", path)[0]  # "package" from "package.module:class"
    spec = None
    with suppress(ImportError, ValueError):  # ValueError: a module without a spec
        spec = find_spec(package)
    if spec is None:
        return []
    locations = spec.submodule_search_locations or [spec.origin or ""]
    return [Path(location) for location in locations]


def _find_code_files(root: Path) -> list[Path]:
    """Return all files with code in a folder, or the file itself."""
    paths = [root, *sorted(root.rglob("*"))]
    return [path for path in paths if path.name.endswith(CODE_SUFFIXES) and is_file(path, None)]


def training_codes(engines: Iterable[str]) -> dict[str, str]:
    """Hash the code that training with each backend depends on, so that machines can check that theirs is the same."""
    codes: dict[str, str] = {}
    for engine in engines:
        code = code_fingerprint()
        package_code = engine_code(engine).code
        if package_code:
            code = f"{code}-{package_code}"
        codes[engine] = code
    return codes


def codes_for_report(engines: Iterable[str]) -> dict[str, EngineCode]:
    """Return the code of each backend for reports. Built-in backends get the hash of namegen's code."""
    codes: dict[str, EngineCode] = {}
    for engine in engines:
        code = engine_code(engine)
        if engine in ENGINES:
            code = replace(code, code=code_fingerprint())
        codes[engine] = code
    return codes


def code_in_words(engine: EngineCode) -> str:
    """Describe the code of a backend and its libraries.

    >>> code_in_words(EngineCode("81d3f0c2a1b7", {"numpy": "2.3", "torch": None}))
    'code 81d3f0c2a1b7, numpy 2.3, without torch'
    """
    phrases = [f"code {engine.code}" if engine.code else "code in no file"]
    for name, installed_version in engine.versions.items():
        if installed_version:
            phrases.append(f"{name} {installed_version}")
        else:
            phrases.append(f"without {name}")
    return ", ".join(phrases)


def versions(engines: Iterable[str] | None = None) -> dict[str, str | None]:
    """Return the versions of Python, namegen, and the backends' libraries, or None for a missing library.

    Args:
        engines: the third-party backends to include. None includes all registered backends. The built-in backends are
            always included.
    """
    third_party = engine_paths() if engines is None else engines
    libraries: dict[str, str | None] = {}
    for engine in (*LIBRARIES, *third_party):
        libraries |= engine_code(engine).versions
    return {
        "python": platform.python_version(),
        "namegen": namegen.__version__,
        **dict(sorted(libraries.items())),
    }

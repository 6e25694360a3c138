"""Describe where results were measured: the machine, the commit, the code, and the versions of libraries.

Results become outdated when the code of namegen or of a backend changes, or a library that the backend needs. No
backend is imported to detect that.
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
# The files and folders of the package that results depend on: the code that trains, generates and measures. The code of
# reports isn't included. A sweep also uses them to check that a worker has the same code.
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
    """The memory of the whole machine; None if the system doesn't report it."""
    system: str
    """The operating system and the architecture."""


def machine() -> Machine:
    """Describe this machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=_memory_gib(),
        system=f"{platform.system()} {platform.machine()}",
    )


@lru_cache(maxsize=1)
def code_fingerprint() -> str:
    """Hash the code that results depend on; if the hash has changed, results are measured again."""
    files: list[Path] = []
    for name in MEASURING_CODE:
        path = PACKAGE / name
        is_folder = not path.suffix
        files += sorted(path.rglob("*.py")) if is_folder else [path]
    return _hash(PACKAGE, files)


def _hash(root: Path, files: Iterable[Path]) -> str:
    """The BLAKE2b hash of the names and contents of files."""
    state = blake2b(digest_size=8)
    for file in files:
        name = str(file.relative_to(root)).encode()
        state.update(name + b"\0" + file.read_bytes() + b"\0")
    return state.hexdigest()


def commit() -> str | None:
    """Return the commit of the checkout that namegen runs from, or None outside a checkout.

    ", with changes" is added if the code of the checkout has uncommitted changes.
    """
    if not is_there(PACKAGE.parent / ".git", None):
        return None
    head = _git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    changes = _git("status", "--porcelain", "--", "namegen")
    return f"{head}, with changes" if changes else head


def _git(*arguments: str) -> str | None:
    """The output of git; None if it fails."""
    command = ["git", "-C", str(PACKAGE.parent), *arguments]
    try:
        process = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):  # not installed, or waiting for input
        return None
    return process.stdout.strip() if process.returncode == 0 else None


def _processor() -> str:
    with suppress(OSError):  # only Linux has this file
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")  # bytes
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        return None
    return round(memory / 2**30, 1)


# --- backends ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EngineCode:
    """The code that the results of a backend depend on, in addition to namegen's code."""

    code: str | None = None
    """The hash of a third party's package; None for a built-in backend, or for code that isn't in a file."""
    versions: dict[str, str | None] = field(default_factory=dict)
    """The versions of the libraries it needs and of its own distribution; None for a library that isn't installed."""


@lru_cache(maxsize=64)
def engine_code(engine: str) -> EngineCode:
    """Describe the code of a backend and the versions of its libraries.

    Args:
        engine: the name of the backend; it needn't be installed.
    """
    claims = [] if engine in LIBRARIES else claimed().get(engine, [])
    libraries = list(LIBRARIES.get(engine, LIBRARIES["numpy"]))
    for claim in claims:
        if claim.distribution is not None:
            libraries += _requirements(claim.distribution)
            libraries.append(claim.distribution)
    code = _package_hash(claims[0].path) if claims else None
    return EngineCode(code, {name: library_version(name) for name in libraries})


def _requirements(distribution: str) -> list[str]:
    """The names of the libraries that a distribution requires, without those of its extras."""
    requirements = [line for line in requires(distribution) or [] if "extra ==" not in line]
    return [re.split(r"[^\w.-]", line)[0] for line in requirements]


def library_version(name: str) -> str | None:
    """Return the installed version of a library, or None; for TensorFlow, also that of ``tensorflow-cpu`` and similar.

    >>> library_version("no-such-library") is None
    True
    """
    for candidate in (name, f"{name}-cpu", f"{name}-intel"):
        with suppress(PackageNotFoundError):
            return version(candidate)
    return None


def _package_hash(path: str) -> str | None:
    """The hash of all code in the top-level package of an entry point; None if it isn't in a file."""
    spec = None
    with suppress(ImportError, ValueError):  # ValueError: a module without a spec
        spec = find_spec(re.split("[.:]", path)[0])
    if spec is None:
        return None
    locations = spec.submodule_search_locations or (spec.origin or "",)
    for location in locations:
        root = Path(location)
        paths = [root, *sorted(root.rglob("*"))]
        files = [
            path for path in paths if path.name.endswith(CODE_SUFFIXES) and is_file(path, None)
        ]
        if files:
            return _hash(root, files)
    return None


def training_codes(engines: Iterable[str]) -> dict[str, str]:
    """Return for each backend a hash of the code that training depends on: namegen's and the backend's."""
    codes = {}
    for engine in engines:
        package_code = engine_code(engine).code
        codes[engine] = (
            f"{code_fingerprint()}-{package_code}" if package_code else code_fingerprint()
        )
    return codes


def codes_for_report(engines: Iterable[str]) -> dict[str, EngineCode]:
    """Return the code of each backend for reports; built-in backends have the hash of namegen's code."""
    codes = {}
    for engine in engines:
        code = engine_code(engine)
        codes[engine] = replace(code, code=code_fingerprint()) if engine in ENGINES else code
    return codes


def code_in_words(engine: EngineCode) -> str:
    """Describe the code of a backend and its libraries.

    >>> code_in_words(EngineCode("81d3f0c2a1b7", {"numpy": "2.3", "torch": None}))
    'code 81d3f0c2a1b7, numpy 2.3, without torch'
    """
    words = [f"code {engine.code}" if engine.code else "code in no file"]
    for name, installed in engine.versions.items():
        words.append(f"{name} {installed}" if installed else f"without {name}")
    return ", ".join(words)


def versions(engines: Iterable[str] | None = None) -> dict[str, str | None]:
    """Return the versions of Python, namegen, and the libraries of the backends; None for a missing library.

    Args:
        engines: the third-party backends to include; None includes all that are registered. The built-in backends are
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

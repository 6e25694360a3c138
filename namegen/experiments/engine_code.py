"""The code of an engine, and the versions of what it needs: a change of either makes stale what it has measured.

An engine of namegen's own is part of the code that ``machine.py`` hashes. Of a third party's, the whole package that
its class lives in is hashed here. No engine is imported, unless its class does not say itself what it requires.
"""

from __future__ import annotations

import ast
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib.machinery import all_suffixes
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

import namegen
from namegen.backends import ENGINES, TAKEN, claimed, engine_paths, load_engine
from namegen.errors import EngineError
from namegen.experiments.machine import PACKAGE, code_fingerprint
from namegen.files import is_file, is_folder

# What is no engine, though a network is read by it, and so has no class that says what it requires.
LIBRARIES: dict[str, tuple[str, ...]] = {"tflite": ("ai-edge-litert",)}
CODE_SUFFIXES = tuple(all_suffixes())  # an engine may be compiled


@dataclass(frozen=True)
class EngineCode:
    """What an engine's figures depend on, beside the code of namegen.

    Attributes:
        code: a hash of the engine's own files; None where namegen's own code is all of it, or where it lies in no file.
        versions: of NumPy, of the libraries that the engine requires, and of the distribution that it comes with; None
            for one that is not installed.
    """

    code: str | None = None
    versions: dict[str, str | None] = field(default_factory=dict)


@lru_cache(maxsize=64)
def engine_code(engine: str) -> EngineCode:
    """The code of an engine by its name, and the versions of what it needs; of one that is not there, what is known."""
    path = ENGINES.get(engine)
    claims = [] if engine in TAKEN else claimed().get(engine, [])
    required = LIBRARIES.get(engine) or _required(engine, path or (claims[0].path if claims else ""))
    versions = {name: library_version(name) for name in ("numpy", *required)}
    versions |= {claim.distribution: claim.version for claim in claims if claim.distribution is not None}
    return EngineCode(_hash(_places(_module(claims[0].path))) if claims else None, versions)


def engine_versions(engine: str) -> dict[str, str | None]:
    """The versions that an engine's figures depend on."""
    return dict(engine_code(engine).versions)


def codes_for_report(engines: Iterable[str], command: str) -> dict[str, EngineCode]:
    """What a report says of each engine; the code of our own is that of namegen which the command's figures depend on.

    Args:
        engines: their names.
        command: a key of ``machine.MEASURING_CODE``.
    """
    found = {engine: engine_code(engine) for engine in engines}
    ours = code_fingerprint(command)
    return {name: EngineCode(ours if name in ENGINES else one.code, one.versions) for name, one in found.items()}


def code_in_words(engine: EngineCode) -> str:
    """The code of an engine and what it needs, for people.

    >>> code_in_words(EngineCode("81d3f0c2a1b7", {"numpy": "2.3", "torch": None}))
    'code 81d3f0c2a1b7, numpy 2.3, without torch'
    """
    needs = [f"{name} {found}" if found else f"without {name}" for name, found in engine.versions.items()]
    return ", ".join([f"code {engine.code}" if engine.code else "code in no file", *needs])


def versions(engines: Iterable[str] | None = None) -> dict[str, str | None]:
    """The versions of Python, of namegen, and of the libraries that the engines need; None for one that is missing.

    Args:
        engines: which third parties' count beside our own; None: all that are registered.
    """
    found: dict[str, str | None] = {}
    for engine in dict.fromkeys((*ENGINES, *LIBRARIES, *(engine_paths() if engines is None else engines))):
        found |= engine_code(engine).versions
    return {"python": platform.python_version(), "namegen": namegen.__version__, **dict(sorted(found.items()))}


def library_version(name: str) -> str | None:
    """The installed version of a library, by its distribution's name or by the name that it is imported by.

    ``tensorflow-cpu`` and the like count as TensorFlow.
    """
    for candidate in (name, f"{name}-cpu", f"{name}-intel"):
        try:
            return version(candidate)
        except PackageNotFoundError:
            continue
    if find_spec_or_none(name) is None:  # to ask every distribution takes long
        return None
    distributions = sorted(set(packages_distributions().get(name, [])))
    return version(distributions[0]) if distributions else None


def find_spec_or_none(module: str) -> object | None:
    """Where a top-level module lies, without importing it; None where it is not there."""
    try:
        return find_spec(module.partition(".")[0])
    except (ImportError, ValueError):  # ValueError: a module that does not say where it comes from
        return None


# --- the files of an engine -------------------------------------------------------------------------------------------


def _module(path: str) -> str:
    """The module of an entry point's value, ``module:Class``."""
    return path.partition("[")[0].partition(":")[0].strip()


def _places(module: str) -> list[Path]:
    """The folders of a module's top-level package, or its one file; none where it is built in or not there.

    A namespace package belongs to nobody: there it is the first package inside it that counts.
    """
    if module.partition(".")[0] == PACKAGE.name:
        return [PACKAGE]
    parts = module.split(".")
    places: list[Path] = []
    for depth in range(1, len(parts) + 1):
        try:
            spec = find_spec(".".join(parts[:depth]))  # nothing is imported but namespaces, which hold no code
        except (ImportError, ValueError):
            return []
        if spec is None:
            return []
        if spec.submodule_search_locations is None:
            return [Path(spec.origin)] if spec.has_location and spec.origin else []
        places = [Path(place) for place in spec.submodule_search_locations]
        if spec.has_location:
            break
    return places


def _files(places: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Each file with code, by its name inside its place; of an archive, the archive itself."""
    for place in places:
        if is_folder(place, None):
            for path in sorted(place.rglob("*")):
                if path.name.endswith(CODE_SUFFIXES) and "__pycache__" not in path.parts and is_file(path, None):
                    yield path.relative_to(place).as_posix(), path
        else:
            yield from ((path.name, path) for path in (place, *place.parents) if is_file(path, None))  # one at most


def _hash(places: Sequence[Path]) -> str | None:
    """BLAKE2b of all files; None where there are none."""
    state, count = blake2b(digest_size=8), 0
    for count, (name, path) in enumerate(_files(places), start=1):  # noqa: B007  # whether there were any
        try:
            content = path.read_bytes()
        except OSError:  # what cannot be read cannot run either
            content = b""
        state.update(name.encode(errors="surrogateescape") + b"\0" + content + b"\0")
    return state.hexdigest() if count else None


# --- what an engine requires ------------------------------------------------------------------------------------------


def _required(engine: str, path: str) -> tuple[str, ...]:
    """The libraries that an engine's class says that it requires: read from its source, where they stand there."""
    if not path:
        return ()
    module, name = _module(path), path.partition("[")[0].rpartition(":")[2].rpartition(".")[2].strip()
    places = _places(module)
    own = "/".join(module.split(".")[1:]) or "__init__"
    files = sorted(_files(places), key=lambda file: file[0] not in (f"{own}.py", f"{own}/__init__.py"))
    for _, file in files:  # its own module first, which may have it from another one
        found = _literal(file, name)
        if found is not None:
            return found
    try:
        required = getattr(load_engine(engine), "requires", ())
    except EngineError:  # which is told where it is to be used
        return ()
    return (required,) if isinstance(required, str) else tuple(map(str, required))


def _literal(file: Path, name: str) -> tuple[str, ...] | None:
    """What a class of that name sets ``requires`` to in a source file; None where it does not, or not to plain text."""
    try:
        text = file.read_text(encoding="utf-8") if file.suffix == ".py" else ""
        tree = ast.parse(text if f"class {name}" in text else "")
    except (OSError, ValueError, SyntaxError, RecursionError):
        return None
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ClassDef) and node.name == name):
            continue
        for line in node.body:
            targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
            named = any(isinstance(target, ast.Name) and target.id == "requires" for target in targets)
            if named and isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
                return _texts(line.value)
    return None


def _texts(node: ast.expr) -> tuple[str, ...] | None:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list | tuple | set | frozenset) else None

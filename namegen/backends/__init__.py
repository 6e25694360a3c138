"""The registry of engines: namegen's own, and those that other packages register as entry points.

Listing the registered engines imports neither an engine nor NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from namegen.errors import (
    LONGEST_REASON,
    EngineError,
    NamegenError,
    UnknownEngineError,
    install_command,
    missing_library,
    nearest,
    quote,
)

if TYPE_CHECKING:
    import namegen.core.engine

ENGINES = {
    "numpy": "namegen.backends.numpy_engine.engine:NumpyEngine",
    "keras": "namegen.backends.keras_engine.engine:KerasEngine",
}
EXTRAS = {"keras": "keras"}  # engine → the extra that installs its libraries
# Names that no other package can use. Reports call a ``.tflite`` file tflite.
TAKEN = frozenset((*ENGINES, "tflite"))
ENTRY_POINT_GROUP = "namegen.engines"


def engine_paths() -> dict[str, str]:
    """List all registered engines by name, each with its path ``module:Class``. namegen's own engines come first.

    >>> engine_paths()["numpy"]
    'namegen.backends.numpy_engine.engine:NumpyEngine'
    """
    paths = dict(ENGINES)
    for name, claims in claimed().items():
        if name not in TAKEN:
            paths[name] = claims[0].path
    return paths


@dataclass(frozen=True)
class Claim:
    """An engine that another package registers under some name."""

    path: str  # ``module:Class``
    # The package and its version; None if they are unknown.
    distribution: str | None
    version: str | None

    @property
    def owner(self) -> str:
        """The package's name for messages."""
        return self.distribution or self.path


def claimed() -> dict[str, list[Claim]]:
    """List all names that other packages register, each with the packages that do. Both are sorted."""
    claims_by_name: dict[str, dict[str, Claim]] = {}
    for name, claim in _entry_points():
        claims = claims_by_name.setdefault(name, {})
        claims.setdefault(claim.owner, claim)  # a package counts once
    return {
        name: [claims[owner] for owner in sorted(claims)]
        for name, claims in sorted(claims_by_name.items())
    }


def _entry_points() -> Iterator[tuple[str, Claim]]:
    """Yield the name and the claim of each backend that another package registers."""
    from importlib.metadata import entry_points  # slow to import, and few commands need it

    for point in entry_points(group=ENTRY_POINT_GROUP):
        package = point.dist
        if package is None:
            yield point.name, Claim(point.value, None, None)
        else:
            yield point.name, Claim(point.value, package.name, package.version)


def shadowed() -> list[str]:
    """Return a warning for each backend that can't be used, because it has the name of one of namegen's own."""
    return [
        f"{_owners(claims)} registers a backend called {name}, like one of namegen's own. namegen uses its own; to use "
        "the other backend, rename it"
        for name, claims in claimed().items()
        if name in TAKEN
    ]


def _owners(claims: list[Claim]) -> str:
    """Join the names of the packages that register a backend."""
    return " and ".join(claim.owner for claim in claims)


def advice(name: str) -> str:
    """Suggest what to write instead of an unknown engine name.

    >>> advice("kears").startswith("did you mean keras? Expected one of numpy, keras")
    True
    """
    known = engine_paths()
    similar = nearest(name, known)
    names = ", ".join(known)
    if similar:
        return f"did you mean {similar}? Expected one of {names}"
    return f"expected one of {names}"


def load_engine(name: str) -> namegen.core.engine.EngineClass:
    """Import the engine class with this name.

    Raises:
        UnknownEngineError: no engine has this name. The message lists all engines.
        EngineError: a library is missing (the message explains how to install it), the module can't be imported, the
            class doesn't exist or isn't an engine, or two packages register this name.

    >>> load_engine("numpy").name
    'numpy'
    """
    source = _source(name)
    module, attribute = _split_path(source)
    engine = _find_attribute(_import(source, module), attribute, source)
    missing = parts_lacking(engine)
    if missing:
        raise EngineError(
            f"the backend {name} is registered as {source.path}, which isn't a backend: it has no "
            f"{', '.join(missing)}: {source.repair}"
        )
    engine_class: namegen.core.engine.EngineClass = engine
    return engine_class


@dataclass(frozen=True)
class _Source:
    """Where an engine comes from."""

    name: str  # the engine's
    path: str  # ``module:Class``
    repair: str  # what a user can do if the engine can't be loaded


def _source(name: str) -> _Source:
    """Look up an engine by its name."""
    if name not in ENGINES:
        claim = _claim(name)
        return _Source(name, claim.path, f"repair or uninstall {claim.owner}")
    if name in EXTRAS:
        command = install_command(EXTRAS[name])
        return _Source(name, ENGINES[name], f"reinstall its libraries: {command}")
    return _Source(name, ENGINES[name], "reinstall namegen")


def _claim(name: str) -> Claim:
    """Find the only package that registers an engine with this name."""
    claims = claimed().get(name, [])
    if not claims or name in TAKEN:
        raise UnknownEngineError(f"there is no backend {quote(name)}: {advice(name)}")
    if len(claims) > 1:
        raise EngineError(
            f"{_owners(claims)} each register a backend called {name}, so namegen can't choose: "
            "uninstall all of them but one"
        )
    return claims[0]


def _split_path(source: _Source) -> tuple[str, str]:
    """Split an engine's path into the module and the class. Spaces and extras in brackets are ignored."""
    without_extras = source.path.partition("[")[0]
    module, _, attribute = without_extras.replace(" ", "").partition(":")
    if not module or not attribute:
        raise EngineError(
            f"the backend {source.name} is registered as {quote(source.path)}, expected module:Class: {source.repair}"
        )
    return module, attribute


def _import(source: _Source, module: str) -> Any:
    """Import an engine's module. Any error becomes an EngineError that explains what to do."""
    try:
        return import_module(module)
    except NamegenError:  # already a clear message
        raise
    except ModuleNotFoundError as error:
        if error.name:
            raise EngineError(_missing_library(source, error.name)) from error
        raise _import_failed(source, module, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(source, module, error) from error


def _missing_library(source: _Source, library: str) -> str:
    """Explain how to install a library that an engine needs."""
    if source.name in EXTRAS:
        return missing_library(f"the backend {source.name}", library, EXTRAS[source.name])
    return (
        f"the backend {source.name} needs {library}, which isn't installed: install the libraries that {source.path} "
        "needs"
    )


def _import_failed(source: _Source, module: str, error: BaseException) -> EngineError:
    """Return the error for a module that raises an error when it's imported."""
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return EngineError(
        f"the backend {source.name} can't be loaded: importing {module} raises {type(error).__name__} "
        f"({first_line[:LONGEST_REASON]}): {source.repair}"
    )


def _find_attribute(module: Any, attribute: str, source: _Source) -> Any:
    """Look up an attribute of a module, such as ``Class`` or ``Outer.Inner``."""
    value = module
    for name in attribute.split("."):
        try:
            value = getattr(value, name)
        except AttributeError as error:
            raise EngineError(
                f"the backend {source.name} is registered as {source.path}, but {module.__name__} has no {attribute}: "
                f"{source.repair}"
            ) from error
    return value


def parts_lacking(engine: object) -> list[str]:
    """List the parts of the ``Engine`` protocol that an object lacks. If it isn't a class, "class" comes first."""
    missing = [name for name in _protocol_parts() if not hasattr(engine, name)]
    if not isinstance(engine, type):
        missing.insert(0, "class")
    return missing


def _protocol_parts() -> list[str]:
    """List the public attributes and methods of the ``Engine`` protocol and of those it extends, in order."""
    from namegen.core.engine import Engine

    parts: dict[str, None] = {}  # a dict keeps the order, and each name once
    for protocol in reversed(Engine.__mro__):
        if getattr(protocol, "_is_protocol", False):
            names = (*vars(protocol).get("__annotations__", {}), *vars(protocol))
            parts |= {name: None for name in names if not name.startswith("_")}
    return list(parts)

"""The registry of engines: namegen's own, and those that other packages register as entry points.

Listing the registered engines imports neither an engine nor NumPy.
"""

from __future__ import annotations

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
    """The path ``module:Class`` of each registered engine, by name. namegen's own engines come first.

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
        """How messages call the package."""
        return self.distribution or self.path


def claimed() -> dict[str, list[Claim]]:
    """All names that other packages register, each with the packages that do. Both are sorted."""
    from importlib.metadata import entry_points  # slow to import, and few commands need it

    claims_by_name: dict[str, dict[str, Claim]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        dist = point.dist
        if dist is None:
            claim = Claim(point.value, None, None)
        else:
            claim = Claim(point.value, dist.name, dist.version)
        claims = claims_by_name.setdefault(point.name, {})
        claims.setdefault(claim.owner, claim)  # a package counts once
    return {
        name: [claims[owner] for owner in sorted(claims)]
        for name, claims in sorted(claims_by_name.items())
    }


def shadowed() -> list[str]:
    """A warning for each engine that can't be used, because it has the name of one of namegen's own."""
    return [
        f"{_owners(claims)} registers a backend called {name}, like one of namegen's own. namegen uses its own; to use "
        "the other backend, rename it"
        for name, claims in claimed().items()
        if name in TAKEN
    ]


def _owners(claims: list[Claim]) -> str:
    return " and ".join(claim.owner for claim in claims)


def advice(name: str) -> str:
    """What to write instead of an unknown engine name.

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
    path, repair = _path_and_repair(name)
    module, _, attribute = path.partition("[")[0].replace(" ", "").partition(":")
    if not module or not attribute:
        raise EngineError(
            f"the backend {name} is registered as {quote(path)}, expected module:Class: {repair}"
        )
    engine = _imported(name, module, path, repair)
    for attribute_name in attribute.split("."):
        try:
            engine = getattr(engine, attribute_name)
        except AttributeError as error:
            raise EngineError(
                f"the backend {name} is registered as {path}, but {module} has no {attribute}: {repair}"
            ) from error
    missing = parts_lacking(engine)
    if missing:
        raise EngineError(
            f"the backend {name} is registered as {path}, which isn't a backend: it has no {', '.join(missing)}: "
            f"{repair}"
        )
    engine_class: namegen.core.engine.EngineClass = engine
    return engine_class


def _path_and_repair(name: str) -> tuple[str, str]:
    """An engine's path, and what a user can do if it doesn't work."""
    if name not in ENGINES:
        claim = _claim(name)
        return claim.path, f"repair or uninstall {claim.owner}"
    if name in EXTRAS:
        return ENGINES[name], f"reinstall its libraries: {install_command(EXTRAS[name])}"
    return ENGINES[name], "reinstall namegen"


def _claim(name: str) -> Claim:
    claims = claimed().get(name, [])
    if not claims or name in TAKEN:
        raise UnknownEngineError(f"there is no backend {quote(name)}: {advice(name)}")
    if len(claims) > 1:
        raise EngineError(
            f"{_owners(claims)} each register a backend called {name}, so namegen can't choose: "
            "uninstall all of them but one"
        )
    return claims[0]


def _imported(name: str, module: str, path: str, repair: str) -> Any:
    try:
        return import_module(module)
    except NamegenError:  # already a clear message
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            if name in EXTRAS:
                message = missing_library(f"the backend {name}", error.name, EXTRAS[name])
            else:
                message = (
                    f"the backend {name} needs {error.name}, which isn't installed: install the libraries that {path} "
                    "needs"
                )
            raise EngineError(message) from error
        reason = (str(error).strip() or "no message").splitlines()[0][:LONGEST_REASON]
        raise EngineError(
            f"the backend {name} can't be loaded: importing {module} raises {type(error).__name__} ({reason}): {repair}"
        ) from error


def parts_lacking(engine: object) -> list[str]:
    """The parts of the ``Engine`` protocol that an object doesn't have. If it isn't a class, "class" comes first."""
    from namegen.core.engine import Engine

    required: dict[str, None] = {}  # in order
    for protocol in reversed(Engine.__mro__):
        if getattr(protocol, "_is_protocol", False):
            names = (*vars(protocol).get("__annotations__", {}), *vars(protocol))
            required |= {name: None for name in names if not name.startswith("_")}
    missing = [name for name in required if not hasattr(engine, name)]
    if not isinstance(engine, type):
        missing.insert(0, "class")
    return missing

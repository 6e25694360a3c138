"""The registry of backends: namegen's own, and those that other packages register as entry points.

Listing the registered backends imports neither a backend nor NumPy.
"""

from __future__ import annotations

import warnings
from pkgutil import resolve_name
from typing import TYPE_CHECKING

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
    from importlib.metadata import EntryPoint

    import namegen.core.engine

ENGINES = {
    "numpy": "namegen.backends.numpy_engine.engine:NumpyEngine",
    "keras": "namegen.backends.keras_engine.engine:KerasEngine",
}
EXTRAS = {"keras": "keras"}  # backend → the extra that installs its libraries
# Names that no other package can use. Reports call a ``.tflite`` file tflite.
TAKEN = frozenset((*ENGINES, "tflite"))
ENTRY_POINT_GROUP = "namegen.engines"


def engine_paths() -> dict[str, str]:
    """List all backends by name, each with its path ``module:Class``. namegen's own backends come first.

    >>> engine_paths()["numpy"]
    'namegen.backends.numpy_engine.engine:NumpyEngine'
    """
    others = {name: point.value for name, point in registered().items()}
    return ENGINES | others


def registered() -> dict[str, EntryPoint]:
    """List the backends of other packages by name, each with its entry point. Names are sorted.

    Other packages can't replace namegen's own backends. If several packages register the same name, the one that comes
    first in the alphabet counts. A warning names the package that is ignored, and the one that has the name.
    """
    from importlib.metadata import entry_points  # slow to import, and few commands need it

    points = sorted(entry_points(group=ENTRY_POINT_GROUP), key=_package)
    by_name: dict[str, EntryPoint] = {}
    for point in points:
        if point.name in TAKEN:
            owner = "namegen"
        elif point.name in by_name:
            owner = _package(by_name[point.name])
        else:
            by_name[point.name] = point
            continue
        # Python shows the same warning only once.
        warnings.warn(
            f"ignored the backend {point.name} of {_package(point)}: {owner} already uses this name. Rename the "
            f"backend, or uninstall {_package(point)}",
            stacklevel=2,
        )
    return dict(sorted(by_name.items()))


def _package(point: EntryPoint) -> str:
    """Return the name of the package that registers an entry point, or the path if it's unknown."""
    return point.value if point.dist is None else point.dist.name


def advice(name: str) -> str:
    """Suggest what to write instead of an unknown backend's name.

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
    """Import the class of the backend with this name.

    Raises:
        UnknownEngineError: no backend has this name. The message lists all backends.
        EngineError: a library is missing (the message explains how to install it), the module can't be imported, the
            class doesn't exist, or it isn't a backend.

    >>> load_engine("numpy").name
    'numpy'
    """
    # Find the class, and what a user can do if it can't be loaded.
    if name in ENGINES:
        path = ENGINES[name]
        remedy = "reinstall namegen"
        if name in EXTRAS:
            remedy = f"reinstall its libraries: {install_command(EXTRAS[name])}"
    else:
        point = registered().get(name)
        if point is None:
            raise UnknownEngineError(f"there is no backend {quote(name)}: {advice(name)}")
        path = point.value
        remedy = f"repair or uninstall {_package(point)}"

    # Import it. Code of other packages can raise anything.
    try:
        engine = resolve_name(path)
    except NamegenError:  # already a clear message
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name and name in EXTRAS:
            message = missing_library(f"the backend {name}", error.name, EXTRAS[name])
            raise EngineError(message) from error
        first_line = (str(error).strip() or "no message").splitlines()[0]
        raise EngineError(
            f"the backend {name} can't be loaded: importing {path} raises {type(error).__name__} "
            f"({first_line[:LONGEST_REASON]}): {remedy}"
        ) from error

    # Check that it's a class with everything in the protocol.
    from namegen.core.engine import Engine

    methods = [name for name in dir(Engine) if not name.startswith("_")]
    attributes = Engine.__annotations__
    missing = [name for name in (*attributes, *methods) if not hasattr(engine, name)]
    if missing or not isinstance(engine, type):
        missing_parts = ", ".join(missing) or "constructor"
        raise EngineError(
            f"the backend {name} is registered as {path}, which isn't a backend: it has no {missing_parts}: {remedy}"
        )
    engine_class: namegen.core.engine.EngineClass = engine
    return engine_class

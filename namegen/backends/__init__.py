"""The registry of engines: a dict that one can read, and the entry points of third parties."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points

from namegen.core.engine import EngineClass
from namegen.errors import EngineError
from namegen.extras import missing_library

ENGINES = {
    "numpy": "namegen.backends.numpy_engine.engine:NumpyEngine",
    "keras": "namegen.backends.keras_engine.engine:KerasEngine",
}
EXTRAS = {"keras": "keras"}  # engine → the extra that installs its libraries
ENTRY_POINT_GROUP = "namegen.engines"


def engine_paths() -> dict[str, str]:
    """Every engine that is known by name → ``module:Class``, third parties' included; ours come first."""
    found = {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)}
    return {**ENGINES, **{name: found[name] for name in sorted(found) if name not in ENGINES}}


def load_engine(name: str) -> EngineClass:
    """The engine class of that name, imported now.

    Raises:
        EngineError: an unknown name (the message lists those that are known), or a missing library (it says
            how to install it).
    """
    path = ENGINES.get(name) or engine_paths().get(name)
    if path is None:
        raise EngineError(f"there is no engine {name!r}: expected one of {', '.join(engine_paths())}")
    module, _, attribute = path.partition(":")
    try:
        engine: EngineClass = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if name in EXTRAS:
            raise EngineError(missing_library(f"the engine {name}", error.name, EXTRAS[name])) from error
        raise EngineError(
            f"the engine {name} needs {error.name}, which is not installed: install what {path} needs"
        ) from error
    return engine

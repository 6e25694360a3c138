"""The registry of engines: a dict that one can read, and the entry points of third parties.

Looking at what is registered imports no engine, and not even NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
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
TAKEN = frozenset(
    (*ENGINES, "tflite")
)  # names that no third party can have; a .tflite is called so in reports
ENTRY_POINT_GROUP = "namegen.engines"


def engine_paths() -> dict[str, str]:
    """Every engine that is known by name → ``module:Class``, third parties' included; ours come first."""
    return {
        **ENGINES,
        **{name: claims[0].path for name, claims in claimed().items() if name not in TAKEN},
    }


@dataclass(frozen=True)
class Claim:
    """A third party's engine under some name.

    Attributes:
        path: ``module:Class``.
        distribution, version: what registers it; None where that is not known.
    """

    path: str
    distribution: str | None
    version: str | None

    @property
    def owner(self) -> str:
        """Who a message speaks of."""
        return self.distribution or self.path


def claimed() -> dict[str, list[Claim]]:
    """Every name that a third party registers, in order → who does, in order; of one distribution, once."""
    from importlib.metadata import entry_points  # loads for long, and most commands do not ask

    found: dict[str, dict[str, Claim]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        dist = point.dist
        claim = Claim(point.value, *((None, None) if dist is None else (dist.name, dist.version)))
        found.setdefault(point.name, {}).setdefault(claim.owner, claim)
    return {
        name: [claims[owner] for owner in sorted(claims)] for name, claims in sorted(found.items())
    }


def shadowed() -> list[str]:
    """A sentence about each third party's engine that has the name of one of ours, and so cannot be had."""
    return [
        f"{_owners(claims)} registers a backend called {name}, like one of namegen's own: namegen's is used; to use "
        "the other one, give it another name"
        for name, claims in claimed().items()
        if name in TAKEN
    ]


def _owners(claims: list[Claim]) -> str:
    return " and ".join(claim.owner for claim in claims)


def advice(name: str) -> str:
    """What to do where there is no such engine: the nearest one, if one is near, and those that are known.

    >>> advice("kears").startswith("did you mean keras? Expected one of numpy, keras")
    True
    """
    known = engine_paths()
    near = nearest(name, known)
    return f"{f'did you mean {near}? Expected' if near else 'expected'} one of {', '.join(known)}"


def load_engine(name: str) -> namegen.core.engine.EngineClass:
    """The engine class of that name, imported now.

    Raises:
        UnknownEngineError: no engine of that name; the message lists those that are known.
        EngineError: a missing library (it says how to install it), a module that cannot be imported, a class that is
            not there or is no engine, or a name that two distributions claim.
    """
    path = ENGINES.get(name)
    repair = (
        f"install what it needs again: {install_command(EXTRAS[name])}" if name in EXTRAS else ""
    )
    if path is None:
        claim = _claim(name)
        path, repair = claim.path, f"repair or uninstall {claim.owner}"
    module, _, attribute = path.partition("[")[0].replace(" ", "").partition(":")
    if not module or not attribute:
        raise EngineError(
            f"the backend {name} is registered as {quote(path)}, expected module:Class: {repair}"
        )
    imported = _imported(name, module, path, repair or "install namegen again")
    try:
        engine = reduce(getattr, attribute.split("."), imported)
    except AttributeError as error:
        raise EngineError(
            f"the backend {name} is registered as {path}, but {module} has no {attribute}: {repair}"
        ) from error
    lacking = parts_lacking(engine)
    if lacking:
        raise EngineError(
            f"the backend {name} is registered as {path}, which is no backend: it has no {', '.join(lacking)}: {repair}"
        )
    found: namegen.core.engine.EngineClass = engine
    return found


def _claim(name: str) -> Claim:
    claims = claimed().get(name, [])
    if not claims or name in TAKEN:
        raise UnknownEngineError(f"there is no backend {quote(name)}: {advice(name)}")
    if len(claims) > 1:
        raise EngineError(
            f"{_owners(claims)} each register a backend called {name}, so it cannot be told which one is meant: "
            "uninstall all of them but one"
        )
    return claims[0]


def _imported(name: str, module: str, path: str, repair: str) -> Any:
    try:
        return import_module(module)
    except NamegenError:  # says all in one sentence itself
        raise
    except (Exception, SystemExit) as error:
        if isinstance(error, ModuleNotFoundError) and error.name:
            if name in EXTRAS:
                raise EngineError(
                    missing_library(f"the backend {name}", error.name, EXTRAS[name])
                ) from error
            raise EngineError(
                f"the backend {name} needs {error.name}, which is not installed: install what {path} needs"
            ) from error
        said = (str(error).strip() or "no message").splitlines()[0][:LONGEST_REASON]
        raise EngineError(
            f"the backend {name} cannot be loaded: importing {module} raises {type(error).__name__} ({said}): {repair}"
        ) from error


def parts_lacking(engine: object) -> list[str]:
    """The parts of an engine that an object has not; a class is what has to have them."""
    from namegen.core.engine import Engine

    wanted = dict.fromkeys(
        name
        for protocol in reversed(Engine.__mro__)
        if getattr(protocol, "_is_protocol", False)
        for name in (*vars(protocol).get("__annotations__", {}), *vars(protocol))
        if not name.startswith("_")
    )
    lacking = [name for name in wanted if not hasattr(engine, name)]
    return lacking if isinstance(engine, type) else ["class", *lacking]

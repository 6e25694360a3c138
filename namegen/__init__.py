"""namegen learns from a list of names and invents new ones, a character at a time.

>>> import namegen
>>> model = namegen.load("mlb-last")
>>> new = model.generate(10, starts_with="Mc", seed=2)
>>> len(new), all(name.startswith("Mc") for name in new)
(10, True)
>>> names = "Ada Adele Alan Alice Bert Betty Bob Carl Clara Dan Dana Ed Eda Edgar Fay Flora Gil Hal Ida Ivy".split()
>>> from namegen.settings_toml import parse_config
>>> few = parse_config({"training": {"epochs": 5}})  # left out: as many as the list needs
>>> result = namegen.train(names, backend="numpy", config=few)
>>> result.finished
True

The functions are those of ``namegen.api``, which is loaded when one of them is first asked for: ``import namegen``
itself loads neither NumPy nor an engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from namegen.errors import NamegenError

if TYPE_CHECKING:
    from namegen.api import blend, generate_people, load, train
    from namegen.pseudonymize import pseudonyms

__all__ = ["NamegenError", "__version__", "blend", "generate_people", "load", "pseudonyms", "train"]
__version__ = "1.0.0"


def __getattr__(name: str) -> object:
    """The names that are loaded on demand (PEP 562)."""
    if name in ("blend", "generate_people", "load", "train"):
        return getattr(import_module("namegen.api"), name)
    if name in ("api", "lists"):
        return import_module(f"namegen.{name}")
    if name == "pseudonyms":
        return getattr(import_module("namegen.pseudonymize"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

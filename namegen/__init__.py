"""namegen learns from a list of names and invents new names, one character at a time.

>>> import namegen
>>> model = namegen.load("mlb-last")
>>> new = model.generate(10, starts_with="Mc", seed=2)
>>> len(new), all(name.startswith("Mc") for name in new)
(10, True)
>>> names = "Ada Adele Alan Alice Bert Betty Bob Carl Clara Dan Dana Ed Eda Edgar Fay Flora Gil Hal Ida Ivy".split()
>>> from namegen.settings_toml import parse_config
>>> config = parse_config({"training": {"epochs": 5}})  # the default depends on the list
>>> result = namegen.train(names, backend="numpy", config=config)
>>> result.finished
True

The functions come from ``namegen.api``, which is imported when one of them is first used. As a result,
``import namegen`` loads neither NumPy nor a backend.
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
    """Import functions and modules on demand (PEP 562)."""
    if name in ("blend", "generate_people", "load", "train"):
        return getattr(import_module("namegen.api"), name)
    if name in ("api", "lists"):
        return import_module(f"namegen.{name}")
    if name == "pseudonyms":
        return getattr(import_module("namegen.pseudonymize"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

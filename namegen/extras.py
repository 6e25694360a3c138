"""Optional libraries: how to install one that is missing, with the versions that namegen's own metadata asks for."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

DISTRIBUTION = "namegen-rnn"  # what is installed; the name namegen is somebody else's on the public index
_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([^"']+)["']""")


def missing_library(what: str, library: str | None, *extras: str) -> str:
    """The sentence for a library that is not there.

    Args:
        what: what needs it, as the subject of the sentence.
        library: the one that was not found, as ``ModuleNotFoundError.name`` says it.
        extras: those that it belongs to; all of their libraries are named, as one rarely goes without the others.
    """
    return f"{what} needs {library}, which is not installed: install it with: {install_command(*extras)}"


def install_command(*extras: str) -> str:
    """What installs the libraries of some extras.

    >>> install_command("faker")
    "pip install 'Faker>=37'"
    """
    return " ".join(["pip install", *(f"'{one}'" for extra in extras for one in requirements(extra))])


def requirements(extra: str) -> tuple[str, ...]:
    """The libraries of an extra with their versions: as installed, or else as the checkout's pyproject.toml says."""
    try:
        lines = requires(DISTRIBUTION) or []
    except PackageNotFoundError:
        document = tomllib.loads(_PYPROJECT.read_text(encoding="utf-8"))
        return tuple(document["project"]["optional-dependencies"][extra])
    found = [line.partition(";") for line in lines]
    return tuple(library.strip() for library, _, marker in found if extra in _EXTRA.findall(marker))

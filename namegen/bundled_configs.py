"""The configs that come with namegen, by name.

They are in ``configs/`` at the top of a checkout, and are installed in ``namegen/configs``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from namegen.errors import nearest
from namegen.files import is_folder

MAX_CONFIG = 2**20  # bytes
_PACKAGE = Path(__file__).parent


@dataclass(frozen=True)
class BundledConfig:
    """A config that comes with namegen."""

    path: Path

    @property
    def text(self) -> str:
        """The content of the file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def description(self) -> str:
        """A short description, taken from the comment in the file's first line."""
        first_line = self.text.partition("\n")[0]
        return first_line.lstrip("# ")

    @property
    def is_sweep(self) -> bool:
        """Whether the config has a grid and is meant for ``namegen sweep``."""
        return "\n[grid]\n" in self.text


def bundled_configs() -> dict[str, BundledConfig]:
    """Return all configs that come with namegen, in alphabetical order.

    >>> bundled_configs()["blog-rnn32-first"].is_sweep
    False
    """
    paths = sorted(_configs_folder().glob("*.toml"))
    return {path.stem: BundledConfig(path) for path in paths}


def _configs_folder() -> Path:
    installed = _PACKAGE / "configs"
    if is_folder(installed, None):
        return installed
    return _PACKAGE.parent / "configs"  # in a checkout


def find_config(config: Path | str) -> Path:
    """Return the path of a config file, which might not exist.

    The name of a built-in config always refers to that config. To use a file with the same name, write its path, such
    as ``./default``.

    Args:
        config: the name of a built-in config, or the path of a TOML file.
    """
    bundled = bundled_configs().get(str(config))
    if bundled is None:
        return Path(config)
    return bundled.path


def advice(config: str) -> str:
    """Return advice for a config that doesn't exist. It suggests a built-in config with a similar name.

    >>> advice("sweep-cells")
    'did you mean sweep-cell? Use a TOML file that exists, or the name of one that `namegen configs` lists'
    """
    choices = "a TOML file that exists, or the name of one that `namegen configs` lists"
    near = nearest(config.removesuffix(".toml"), bundled_configs())
    if near is None:
        return f"use {choices}"
    return f"did you mean {near}? Use {choices}"

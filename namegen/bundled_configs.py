"""The configs that come with namegen: found by name, and described by their own first line.

They lie in ``configs/`` at the top of a checkout and are installed as ``namegen/configs``.
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
        """All of the file."""
        return self.path.read_text(encoding="utf-8")

    @property
    def description(self) -> str:
        """The comment that the file opens with, its first line."""
        return self.text.partition("\n")[0].lstrip("# ")

    @property
    def is_sweep(self) -> bool:
        """Whether it has a grid, and so belongs to ``namegen sweep``."""
        return "\n[grid]\n" in self.text


def bundled_configs() -> dict[str, BundledConfig]:
    """Every config that comes with namegen, by its name, in the order of the names.

    >>> bundled_configs()["blog-rnn32-first"].is_sweep
    False
    """
    installed = _PACKAGE / "configs"
    folder = (
        installed if is_folder(installed, None) else _PACKAGE.parent / "configs"
    )  # the latter in a checkout
    return {path.stem: BundledConfig(path) for path in sorted(folder.glob("*.toml"))}


def find_config(config: Path | str) -> Path:
    """The file that a config's name or path means; whether there is one, reading it says.

    A bundled config's name means that config even where a file of that name exists: give ``./default`` for the file.
    """
    bundled = bundled_configs().get(str(config))
    return Path(config) if bundled is None else bundled.path


def advice(config: str) -> str:
    """What to do where there is no such config: the nearest bundled one, if one is near.

    >>> advice("sweep-cells")
    'did you mean sweep-cell? Give a TOML file that exists, or the name of one that `namegen configs` lists'
    """
    near = nearest(config.removesuffix(".toml"), bundled_configs())
    give = f"did you mean {near}? Give" if near else "give"
    return f"{give} a TOML file that exists, or the name of one that `namegen configs` lists"

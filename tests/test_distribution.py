"""What is installed is what the tree holds."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_of_the_tree_is_listed() -> None:
    """And the configs, which lie outside of it and hold no code."""
    folders = {path.parent.relative_to(ROOT) for path in ROOT.glob("namegen/**/*.py")}
    packages = {".".join(folder.parts) for folder in folders}
    assert PYPROJECT["tool"]["setuptools"]["packages"] == sorted(packages | {"namegen.configs"})


def test_the_command_and_the_import_go_by_the_projects_own_name() -> None:
    assert PYPROJECT["project"]["scripts"] == {"namegen": "namegen.cli:main"}
    assert (ROOT / "namegen" / "__init__.py").is_file()


def test_nothing_tells_to_install_namegen_from_the_index() -> None:
    """There it is somebody else's."""
    for pattern in ("*.md", "docs/**/*.md", "namegen/**/*.md", "namegen/**/*.py"):
        for path in ROOT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            assert "namegen[" not in text, path
            assert "pip install namegen" not in text, path

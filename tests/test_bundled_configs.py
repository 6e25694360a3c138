"""Check that the built-in configs are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen import bundled_configs as module
from namegen.bundled_configs import bundled_configs, find_config
from tests.cli.conftest import program, server  # noqa: F401  # fixtures

CONFIGS = Path(__file__).parent.parent / "configs"


def test_a_checkout_uses_the_configs_in_its_folder() -> None:
    assert {name: one.path for name, one in bundled_configs().items()} == {
        path.stem: path for path in CONFIGS.glob("*.toml")
    }


def test_an_installed_package_contains_the_configs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder next to the installed package belongs to another project."""
    for folder, name in (("namegen/configs", "ours"), ("configs", "theirs")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"{name}.toml").write_text("# Ours.\n[grid]\n", encoding="utf-8")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path / "namegen")
    (config,) = bundled_configs().values()
    assert config.path.stem == "ours"
    assert config.description == "Ours."
    assert config.is_sweep


def test_names_select_built_in_configs_and_other_strings_are_paths() -> None:
    assert find_config("default") == CONFIGS / "default.toml"
    for path in ("./default", "default.toml", "mine.toml", ""):
        assert find_config(path) == Path(path)


def test_a_file_with_the_name_of_a_built_in_config_is_noted(program) -> None:  # noqa: F811
    program.write("default", "[training]\nepochs = 1\n")
    for name, is_noted in (("default", True), ("./default", False)):
        run = program("train", "none.txt", "--config", name)
        assert ("default is namegen's built-in config" in run.err) == is_noted
        assert ("to use the file of that name, pass ./default" in run.err) == is_noted

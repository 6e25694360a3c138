"""Check that the built-in configs are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen import bundled_configs as module
from namegen.bundled_configs import advice, bundled_configs, find_config

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


def test_the_first_line_of_each_config_is_its_description() -> None:
    for name, config in bundled_configs().items():
        assert config.text.startswith("# ")
        assert config.description.endswith("."), f"lists show only the first line of {name}"
        assert config.is_sweep == name.startswith("sweep-")


def test_names_select_built_in_configs_and_other_strings_are_paths() -> None:
    assert find_config("default") == CONFIGS / "default.toml"
    for path in ("./default", "default.toml", "mine.toml", ""):
        assert find_config(path) == Path(path)


def test_the_advice_suggests_the_most_similar_name() -> None:
    assert advice("scratch-frist.toml").startswith("did you mean scratch-first? Use a TOML file")
    assert advice("x" * 100_000).startswith("use a TOML file")

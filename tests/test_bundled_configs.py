"""The configs that come with namegen are found wherever it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from namegen import bundled_configs as module
from namegen.bundled_configs import advice, bundled_configs, find_config

CONFIGS = Path(__file__).parent.parent / "configs"


def test_in_a_checkout_they_are_those_of_its_folder() -> None:
    assert {name: one.path for name, one in bundled_configs().items()} == {
        path.stem: path for path in CONFIGS.glob("*.toml")
    }


def test_where_the_package_is_installed_they_lie_inside_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beside the package is then somebody else's."""
    for folder, name in (("namegen/configs", "ours"), ("configs", "theirs")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"{name}.toml").write_text("# Ours.\n[grid]\n", encoding="utf-8")
    monkeypatch.setattr(module, "_PACKAGE", tmp_path / "namegen")
    (found,) = bundled_configs().values()
    assert (found.path.stem, found.description, found.is_sweep) == ("ours", "Ours.", True)


def test_each_says_in_its_first_line_what_it_is() -> None:
    for name, config in bundled_configs().items():
        assert config.text.startswith("# ")
        assert config.description.endswith("."), (
            f"{name}: its first line is all that a list of them shows"
        )
        assert config.is_sweep == name.startswith("sweep-")


def test_a_name_means_the_bundled_one_and_all_else_is_a_path() -> None:
    assert find_config("default") == CONFIGS / "default.toml"
    for path in ("./default", "default.toml", "mine.toml", ""):
        assert find_config(path) == Path(path)


def test_advice_names_the_nearest() -> None:
    assert advice("scratch-frist.toml").startswith("did you mean scratch-first? Use a TOML file")
    assert advice("x" * 100_000).startswith("use a TOML file")

"""What each config in ``configs/`` comes to stands written down, so that no refactoring changes it unseen.

``resolved_configs.json`` holds every setting after all that depends on the list and the network is filled in. Of a
sweep it holds the settings that its grid starts from, and for each point what differs from them. To write it anew after
a change that is meant: ``python -m tests.test_resolved_configs``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.settings import DataSettings, Recipe
from namegen.core.training.defaults import resolve_recipe
from namegen.experiments.sweep.grid import read_grid
from namegen.lists import load_bundled
from namegen.settings_toml import Config, read_config

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.toml"))
WRITTEN_DOWN = Path(__file__).with_name("resolved_configs.json")


@cache
def parts_of(data: DataSettings, seed: int) -> ListParts:
    return ListParts.from_corpus(bundled(data.names), data, seed=seed)


@cache
def bundled(name: str) -> Corpus:
    return load_bundled(name)


def resolved(config: Config) -> dict[str, Any]:
    """Every setting by its dotted path, as a training of the config's own list has it."""
    parts = parts_of(config.data, config.training.seed)
    network = replace(config.network, architecture=config.network.architecture or "rnn")
    recipe = resolve_recipe(Recipe(config.data, network, config.training), parts)
    training = recipe.training
    if training.lr_schedule != "steps":  # whose rates stand in lr_steps
        training = replace(training, learning_rate=training.peak_learning_rate)
    tables = {**asdict(config), "network": asdict(recipe.network), "training": asdict(training)}
    return {
        f"{table}.{name}": value
        for table, values in tables.items()
        for name, value in values.items()
    }


def resolved_file(path: Path) -> dict[str, Any]:
    """The settings of a training's config; of a sweep's, those of its base, and of its points what differs."""
    if not path.name.startswith("sweep-"):
        found: dict[str, Any] = {"settings": resolved(read_config(path))}
    else:
        grid = read_grid(path)
        base = resolved(grid.base)
        points = [different(resolved(config), base) for _, config in grid.points]
        found = {"settings": base, "points": points}
    plain: dict[str, Any] = json.loads(json.dumps(found))  # tuples are lists there
    return plain


def different(found: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    assert found.keys() == base.keys()
    return {name: value for name, value in found.items() if value != base[name]}


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_resolves_to_the_settings_that_are_written_down(path: Path) -> None:
    written = json.loads(WRITTEN_DOWN.read_text(encoding="utf-8"))
    assert resolved_file(path) == written[path.stem]
    assert len(written) == len(CONFIGS)


def document() -> str:
    """One line a config or a point, so that a change is seen where it is."""
    blocks = []
    for path in CONFIGS:
        lines = [f' "settings": {json.dumps(resolved_file(path)["settings"])}']
        points = ",\n".join(
            f"  {json.dumps(point)}" for point in resolved_file(path).get("points", [])
        )
        lines += [f' "points": [\n{points}\n ]'] if points else []
        blocks.append(f'"{path.stem}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    WRITTEN_DOWN.write_text(document(), encoding="utf-8")

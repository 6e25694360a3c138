"""Check the resolved settings of each config in ``configs/``, so that refactoring can't change them by accident.

``resolved_configs.json`` contains all settings, including defaults that depend on the list and the network. For a
sweep, it contains the settings of the first point of the grid and, for each other point, the settings that differ.
After an intended change, run ``python -m tests.test_resolved_configs`` to write the file again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from namegen.core.data.corpus import Corpus
from namegen.core.data.list_parts import ListParts
from namegen.core.settings import Config, DataSettings, Recipe
from namegen.core.training.defaults import ListSize, with_defaults
from namegen.experiments.plan_sweep import read_grid
from namegen.lists import load_bundled
from namegen.settings_toml import read_config

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.toml"))
STORED = Path(__file__).with_name("resolved_configs.json")


@cache
def parts_of(data: DataSettings, seed: int) -> ListParts:
    return ListParts.from_corpus(bundled(data.names), data, seed=seed)


@cache
def bundled(name: str) -> Corpus:
    return load_bundled(name)


def resolved(config: Config) -> dict[str, Any]:
    """Return every setting by its dotted path, resolved for the config's list."""
    parts = parts_of(config.data, config.training.seed)
    network = replace(config.network, architecture=config.network.architecture or "rnn")
    recipe = with_defaults(Recipe(config.data, network, config.training), ListSize.of(parts))
    training = recipe.training
    if training.lr_schedule != "steps":  # the rates of steps are in lr_steps
        training = replace(training, learning_rate=training.peak_learning_rate)
    tables = {**asdict(config), "network": asdict(recipe.network), "training": asdict(training)}
    settings: dict[str, Any] = {}
    for table, values in tables.items():
        for name, value in values.items():
            settings[f"{table}.{name}"] = value
    return settings


def resolved_file(path: Path) -> dict[str, Any]:
    """Return the settings of a config, or of the first point of a sweep, and how its other points differ."""
    if not path.name.startswith("sweep-"):
        document: dict[str, Any] = {"settings": resolved(read_config(path))}
    else:
        first, *others = (resolved(config) for _, config in read_grid(path).points)
        differences = []
        for point in others:
            assert point.keys() == first.keys()
            differences.append({name: point[name] for name in point if point[name] != first[name]})
        document = {"settings": first, "points": differences}
    plain: dict[str, Any] = json.loads(json.dumps(document))  # tuples become lists
    return plain


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_config_resolves_to_the_stored_settings(path: Path) -> None:
    written = json.loads(STORED.read_text(encoding="utf-8"))
    assert resolved_file(path) == written[path.stem]
    assert len(written) == len(CONFIGS)


if __name__ == "__main__":
    lines = ",\n".join(f'"{path.stem}": {json.dumps(resolved_file(path))}' for path in CONFIGS)
    STORED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")

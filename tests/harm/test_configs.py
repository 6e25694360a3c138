"""Configs of strangers: TOML of any content, tables of any values, grids."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from namegen.config import Config, merge, parse_config, read_config, read_run_config, write_config
from namegen.config_files import bundled_configs
from namegen.experiments.sweep.grid import read_grid
from tests.harm.attack import attack
from tests.harm.effort import tries
from tests.harm.forging import LONG, TOKENS, Random, forged_bytes, forged_document, places, strange

SOUND = {name: config.path.read_bytes() for name, config in bundled_configs().items()}
PIECES = (
    *TOKENS,
    b"[training]\n",
    b"[network]\nhidden = [32, ",
    b"[grid]\n",
    b'"training.seed" = [0, 1]\n',
    b"training.seed = ",
    b"[[data]]\n",
    b"names = ",
    b'"mlb-first"\n',
    b"'''",
    b"epochs = 3\n",
    b"0x7f\n",
    b"1979-05-27T07:32:00Z\n",
    b"inf\n",
    b"-nan\n",
    b"{ a = 1 }\n",
    b"{ a = " * 2000,
    b"a." * 2000,
    b"# \x1b[31m\n",
)


def random(seed: int) -> Random:
    """The numbers of one attempt."""
    return np.random.default_rng([19, seed])


def changed(rng: Random) -> bytes:
    """A bundled config with other bytes, or pieces of configs."""
    if rng.random() < 0.3:
        return b"".join(PIECES[place] for place in rng.integers(len(PIECES), size=rng.integers(1, 12)))
    return forged_bytes(SOUND[sorted(SOUND)[rng.integers(len(SOUND))]], rng)


def test_config_files_of_any_content(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"

    def call(seed: int) -> None:
        path.write_bytes(changed(random(seed)))
        read = (read_config, read_run_config, read_grid)[seed % 3](path)
        if isinstance(read, Config):
            assert parse_config(tomllib.loads(write_config(read))) == read

    assert attack(call, range(tries(few=8, landing=150, hour=3_500))).refused


def test_tables_of_any_values() -> None:
    tables = [tomllib.loads(content.decode()) for content in SOUND.values()]
    tables.append(tomllib.loads(write_config(Config())))

    def call(seed: int) -> None:
        rng = random(seed)
        config = parse_config(forged_document(tables[rng.integers(len(tables))], rng))
        write_config(config)

    assert attack(call, range(tries(few=8, landing=150, hour=3_000))).refused


def test_many_wrong_values_at_once_are_told_in_short() -> None:
    def call(count: int) -> None:
        parse_config({"training": {f"wrong_{place}": "x" * 100 for place in range(count)}})

    assert attack(call, [10, 1000, 20_000]).refused == 3


def test_options_of_any_values() -> None:
    paths = [f"{table}.{name}" for table, values in tomllib.loads(write_config(Config())).items() for name in values]
    paths += ["", ".", "training", "x" * LONG, "training." + "x" * LONG, "\x1b[31m.\u202e"]

    def call(seed: int) -> None:
        rng = random(seed)
        overrides: dict[str, Any] = {
            paths[place]: strange(rng) for place in rng.integers(len(paths), size=rng.integers(1, 4))
        }
        merge(Config(), overrides)

    assert attack(call, range(tries(few=8, landing=150, hour=2_000))).refused


def test_grids_of_any_values(tmp_path: Path) -> None:
    path = tmp_path / "grid.toml"
    sweeps = [content for name, content in SOUND.items() if name.startswith("sweep-")]
    values = [b"[]", b"[[]]", b"1", b"[1, 'a']", b"{ a = 1 }", b"[" + b"1," * 20_000 + b"]", b"[inf]", b"[[1], [2]]"]
    assert places(tomllib.loads(sweeps[0].decode()))

    def call(seed: int) -> None:
        rng = random(seed)
        lines = sweeps[rng.integers(len(sweeps))].splitlines()
        place = rng.integers(len(lines))
        key = lines[place].partition(b"=")[0] or b"training.seed "
        lines[place] = key + b"= " + values[rng.integers(len(values))]
        path.write_bytes(b"\n".join(lines))
        read_grid(path)

    assert attack(call, range(tries(few=4, landing=60, hour=2_000))).refused

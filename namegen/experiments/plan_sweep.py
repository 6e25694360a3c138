"""Plan a sweep: read its config, and list a job for each combination of settings.

The config of a sweep is a training config with an additional table, ``[grid]``. Each entry of this table is a setting
with a list of values. The sweep trains one network for each combination of values:

    [grid]
    training.learning_rate = [0.01, 0.003, 0.001]
    training.seed = [0, 1, 2]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from namegen.backends import advice, engine_paths
from namegen.core.data.corpus import Corpus
from namegen.core.settings import Config, DataSettings, TrainingSettings
from namegen.errors import SettingsError
from namegen.experiments.jobs import Job, describe_settings
from namegen.settings_toml import merge_each, parse_config, read_tables

LIST = "data.names"
SEED = "training.seed"
# Maps each setting that a grid can't vary to the reason.
FIXED = {
    "data.column": "every list is read the same way: make one file per column",
    "data.max_name_length": "every list is read the same way: set it once, in [data]",
    "run.threads": "it doesn't affect the trained network: set it once, in [run]",
    "run.plot": "it doesn't affect the trained network: set it once, in [run]",
    "network.base_model": "every run of a sweep trains on one list only",
}
MOST_RUNS = 10_000


@dataclass(frozen=True)
class Grid:
    """The settings that a sweep varies, and the config of each combination."""

    axes: dict[str, tuple[Any, ...]]  # the values of each varied setting, by dotted path
    points: list[tuple[dict[str, Any], Config]]  # every combination; the last axis varies fastest
    threads: int  # of each run


def read_grid(path: Path | str) -> Grid:
    """Read the config of a sweep.

    Raises:
        SettingsError: the file can't be read or isn't TOML, a value is wrong, a setting can't be varied, or the grid is
            empty or has too many runs.
    """
    source = f"the config {str(path)[:80]}"
    tables = read_tables(path)
    axes: dict[str, tuple[Any, ...]] = {}
    for entry, values in _flatten(tables.pop("grid", {})):
        problem = ""
        if entry in FIXED:
            problem = f"cannot be varied, because {FIXED[entry]}"
        elif not isinstance(values, list):
            text = str(values)[:40]
            problem = f"is {text!r}: expected a list of values, [{text}, …]"
        elif not values:
            problem = "is an empty list, so there is nothing to run: add values"
        if problem:
            raise SettingsError(f"{source}: grid.{entry[:40]} {problem}")
        axes[entry] = tuple(values)
    if not axes:
        raise SettingsError(
            f"{source} has no grid to sweep over: add a table [grid] with lists of values, such as "
            "training.learning_rate = [0.01, 0.001]"
        )
    runs = prod(map(len, axes.values()))
    if runs > MOST_RUNS:
        raise SettingsError(
            f"the grid of {source} has {runs:,} runs, but the limit is {MOST_RUNS:,}: remove some values"
        )
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    base = parse_config(tables, source=source)
    configs = merge_each(base, combinations, source=f"the grid of {source}")
    for backend in {config.run.backend for config in configs}:
        if backend not in engine_paths():
            raise SettingsError(f"{source}: run.backend is {backend[:40]!r}: {advice(backend)}")
    points = list(zip(combinations, configs, strict=True))
    return Grid(axes, points, threads=base.run.threads or 1)


def _flatten(table: object, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of ``[grid]``. In TOML, ``training.seed = [0]`` creates an inner table ``training``."""
    if isinstance(table, dict):
        for name, value in table.items():
            yield from _flatten(value, f"{prefix}.{name}" if prefix else name)
    elif prefix:
        yield prefix, table


def plan_sweep(
    grid: Grid, read_list: Callable[[DataSettings], Corpus]
) -> tuple[list[Job], dict[str, Corpus]]:
    """Plan the jobs of a sweep: the runs of its grid without duplicates, and the references of each split.

    Args:
        grid: the grid.
        read_list: reads the list of a config. It's called once per list.

    Returns:
        The jobs, and the lists by fingerprint. Every run holds out names, even if its list is short.

    Raises:
        NamesError: a list can't be read, or is too short to split.
        SettingsError: no names are held out, so the runs can't be compared.
    """
    corpora: dict[str, Corpus] = {}  # by the name in the config
    references: dict[str, Job] = {}  # by key
    runs: dict[str, Job] = {}  # by key
    for axes, config in grid.points:
        data = replace(config.data, validation=config.data.validation_share)
        if data.validation == 0:
            raise SettingsError(
                "data.validation is 0, so there are no held-out names to compare the runs by: set it to 0.2, for "
                "example"
            )
        if data.names not in corpora:
            corpora[data.names] = read_list(data)
        corpus = corpora[data.names]
        data = replace(data, names=DataSettings().names)  # the fingerprint identifies the list
        shared = {name: value for name, value in axes.items() if name not in (LIST, SEED)}
        run = Job(
            kind="network",
            list=corpus.source,
            fingerprint=corpus.fingerprint,
            config=replace(config, data=data),
            backend=config.run.backend,
            network=describe_settings(shared) or "all seeds",
            axes=axes,
        )
        runs.setdefault(run.key, run)

        # The references depend on the list and its split.
        split_seed = config.training.seed if data.split_seed is None else data.split_seed
        reference = Job(
            kind="reference",
            list=corpus.source,
            fingerprint=corpus.fingerprint,
            config=Config(data=data, training=TrainingSettings(seed=split_seed)),
        )
        if reference.key not in references:
            corpus.split(data, seed=split_seed)  # checks that the list is long enough
            references[reference.key] = reference
    jobs = [*references.values(), *runs.values()]
    return jobs, {corpus.fingerprint: corpus for corpus in corpora.values()}

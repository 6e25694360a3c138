"""Read the config of a sweep, and list its runs.

The config of a sweep is a training config with an additional table, ``[grid]``, whose entries are lists. The sweep
trains one network for each combination of their values:

    [grid]
    training.learning_rate = [0.01, 0.003, 0.001]
    training.seed = [0, 1, 2]
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import NamedTuple, cast, get_type_hints

from namegen.backends import advice, engine_paths
from namegen.core.data.corpus import Corpus
from namegen.core.settings import DataSettings
from namegen.documents import Json
from namegen.errors import NamesError, SettingsError, nearest
from namegen.experiments.kept import digest_of
from namegen.experiments.machine import engine_code, training_codes
from namegen.experiments.trained import check_long_enough
from namegen.settings_toml import (
    TABLES,
    Config,
    merge_each,
    parse_config,
    raise_all,
    read_tables,
    wrong_values,
)

COMMAND = "sweep"
GRID = "grid"
LIST = "data.names"
SEED = "training.seed"
ENGINE = "run.backend"
PATHS = [  # the dotted paths of all settings
    f"{table}.{name}"
    for table, settings_class in TABLES.items()
    for name in get_type_hints(settings_class)
]
OF_THE_RUN = tuple(path for path in PATHS if path.startswith("run.") and path != ENGINE)
# The settings that a grid can't vary, each with the reason.
NO_AXES = {
    "data.column": "every list is read the same way: make one file per column",
    "data.max_name_length": "every list is read the same way: set it once, in [data]",
    **dict.fromkeys(OF_THE_RUN, "it doesn't affect the trained network: set it once, in [run]"),
    "network.base_model": "every run of a sweep trains on one list only",
}
AXES = tuple(path for path in PATHS if path not in NO_AXES)
MOST_RUNS = 10_000
SLUG_LENGTH = 60  # characters


class GridPoint(NamedTuple):
    """One combination of a grid."""

    values: dict[str, Json]  # of the axes, by dotted path
    config: Config  # with these values


@dataclass(frozen=True)
class Grid:
    """The settings that a sweep varies, and those that it keeps."""

    source: str
    """How messages refer to the config."""
    base: Config
    """The settings outside the grid."""
    axes: dict[str, tuple[Json, ...]]
    """The values of each varied setting, by dotted path, in the order of the file."""

    @cached_property
    def points(self) -> list[GridPoint]:
        """All combinations; the last axis varies fastest.

        Raises:
            SettingsError: lists all wrong values.
        """
        all_values = self.values
        configs = merge_each(self.base, all_values, source=f"the grid of {self.source}")
        return [GridPoint(*pair) for pair in zip(all_values, configs, strict=True)]

    @property
    def values(self) -> list[dict[str, Json]]:
        """The values of all combinations, before validation; the last axis varies fastest."""
        return [dict(zip(self.axes, point, strict=True)) for point in product(*self.axes.values())]


@dataclass(frozen=True, eq=False)
class SweepRun:
    """A training run of a sweep, before it's trained."""

    settings: dict[str, Json]
    """The values of the axes, by dotted path."""
    config: Config
    """All settings."""
    corpus: Corpus
    """The list to train on."""

    @property
    def label(self) -> str:
        """The name of the run in progress output and messages."""
        settings = dict(self.settings)
        if LIST in settings:
            settings[LIST] = self.corpus.source
        return label(settings)

    @property
    def file(self) -> str:
        """The name of the run's files, without the suffix: the label, and the key to find them again."""
        words = re.sub("[^a-z0-9.]+", "-", self.label.lower()).strip("-.")
        slug = words[:SLUG_LENGTH].rstrip("-.")
        return f"{slug}-{self.key}"

    @cached_property
    def key(self) -> str:
        """A hash of everything that affects the result; the axes of the sweep don't."""
        backend = self.config.run.backend
        identity = {
            "list": self.corpus.fingerprint,
            "data": self.config.data.identity,
            "network": asdict(self.config.network),
            "training": asdict(self.config.training),
            "run": {"backend": backend, "threads": self.config.run.threads or 1},
            "libraries": engine_code(backend).versions,
            "code": training_codes([backend])[backend],
        }
        return digest_of(identity, 6)


def read_grid(path: Path | str) -> Grid:
    """Read the config of a sweep.

    Args:
        path: a TOML file.

    Raises:
        SettingsError: the file can't be read or isn't TOML, a value is wrong, a setting can't be varied, or the grid is
            empty or has too many runs.
    """
    tables = read_tables(path)
    source = f"the config {str(path)[:80]}"
    table = cast(Json, tables.pop(GRID, {}))  # TOML dates aren't JSON, but no setting is a date
    axes, problems = _axes(table, source)
    grid = Grid(source, parse_config(tables, source=source), axes)
    if problems:  # report the wrong values of the valid axes, too
        raise_all([*problems, *wrong_values(grid.base, grid.values)], source)
    for engine in dict.fromkeys(point.config.run.backend for point in grid.points):
        if engine not in engine_paths():
            raise SettingsError(f"{source}: {_unknown_engine(engine)}")
    return grid


def _unknown_engine(engine: str) -> str:
    return f"{ENGINE} is {engine[:40]!r}: {advice(engine)}"


def _axes(table: Json, source: str) -> tuple[dict[str, tuple[Json, ...]], list[str]]:
    """The valid axes, without repeated values, and all problems of the table."""
    entries = _flat(table) if isinstance(table, dict) else []
    values_by_path = dict(entries)
    if not values_by_path:
        raise SettingsError(
            f"{source} has no grid to sweep over: add a table [grid] with lists of values, such as "
            "training.learning_rate = [0.01, 0.001]"
        )
    runs = prod(len(values) for values in values_by_path.values() if isinstance(values, list))
    if runs > MOST_RUNS:
        raise SettingsError(
            f"the grid of {source} has {runs:,} runs, but the limit is {MOST_RUNS:,}: remove some values"
        )
    times_set = Counter(path for path, _ in entries)
    problems = [
        f"{GRID}.{path} is set twice: set it once" for path, times in times_set.items() if times > 1
    ]
    axes: dict[str, tuple[Json, ...]] = {}
    for path, values in values_by_path.items():
        problem = _axis_problem(path, values)
        if problem or not isinstance(values, list):
            problems.append(problem)
            continue
        distinct = [value for index, value in enumerate(values) if value not in values[:index]]
        axes[path] = tuple(distinct)
        if len(distinct) < len(values):
            problems.append(f"{GRID}.{path} contains a value twice: list each value once")
        if path == ENGINE:
            names = [value for value in distinct if isinstance(value, str)]
            problems += [_unknown_engine(name) for name in names if name not in engine_paths()]
    return axes, problems


def _axis_problem(path: str, values: Json) -> str:
    """Why an entry of the grid isn't an axis; "" if it is."""
    if path in NO_AXES:
        return f"{GRID}.{path} cannot be varied, because {NO_AXES[path]}"
    if path not in AXES:
        return f"{GRID}.{path[:40]} cannot be varied: {_suggestion(path)}"
    if not isinstance(values, list):
        text = str(values)[:40]
        return f"{GRID}.{path} is {text!r}: expected a list of values, [{text}, …]"
    if not values:
        return f"{GRID}.{path} is an empty list, so there is nothing to run: add values"
    return ""


def _flat(table: Mapping[str, Json], prefix: str = "") -> list[tuple[str, Json]]:
    """The entries by dotted path: in TOML, ``training.seed = [0]`` is a table inside a table."""
    entries: list[tuple[str, Json]] = []
    for name, value in table.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            entries += _flat(value, f"{path}.")
        else:
            entries.append((path, value))
    return entries


def _suggestion(path: str) -> str:
    """What to write instead of an unknown path; the table may be missing or wrong."""
    path_by_name = {axis.partition(".")[2]: axis for axis in AXES}
    nearest_name = nearest(path.rpartition(".")[2], path_by_name)
    if nearest_name:
        return f"did you mean {path_by_name[nearest_name]}?"
    nearest_path = nearest(path, AXES)
    if nearest_path:
        return f"did you mean {nearest_path}?"
    return f"expected one of {', '.join(AXES)}"


def make_runs(grid: Grid, read_list: Callable[[DataSettings], Corpus]) -> list[SweepRun]:
    """List the runs of a grid, in its order and without duplicates.

    Args:
        grid: the grid.
        read_list: reads the list of a config; called once per list.

    Returns:
        The runs. Each one holds out names, even if its list is short.

    Raises:
        NamesError: a list can't be read, is too short to split, or has the same names as another list.
        SettingsError: no names are held out, so the runs can't be compared.
    """
    corpora: dict[str, Corpus] = {}
    runs: dict[str, SweepRun] = {}
    checked_splits: set[tuple[DataSettings, int]] = set()
    for settings, point_config in grid.points:
        data = replace(point_config.data, validation=point_config.data.held_out)
        config = replace(point_config, data=data)
        if data.names not in corpora:
            corpus = read_list(data)
            _check_distinct(corpus, corpora.values())
            corpora[data.names] = corpus
        run = SweepRun(settings, config, corpora[data.names])
        split = (data, config.training.seed)
        if split not in checked_splits:
            _check_split(run)
            checked_splits.add(split)
        runs.setdefault(run.key, run)
    return list(runs.values())


def _check_distinct(corpus: Corpus, others: Iterable[Corpus]) -> None:
    """Reject a list that has the same names as another one: their runs would have the same keys."""
    for other in others:
        if other.fingerprint == corpus.fingerprint:
            raise NamesError(
                f"{other.source} and {corpus.source} contain the same names: remove one of them from {LIST}"
            )


def _check_split(run: SweepRun) -> None:
    data = run.config.data
    if data.validation == 0:
        raise SettingsError(
            "data.validation is 0, so there are no held-out names to compare the runs by: set it to 0.2, for example"
        )
    check_long_enough(
        run.corpus, validation=data.held_out, split=data.split, seed=run.config.training.seed
    )


def in_config(name: str, value: str | None) -> str:
    """Return the name of a setting in the config of a sweep, with the suggested value, if any.

    >>> in_config("learning_rate", None), in_config("clip_norm", "1")
    ('training.learning_rate', 'training.clip_norm = 1')
    """
    path = next((path for path in PATHS if path.endswith(f".{name}")), name)
    return path if value is None else f"{path} = {value}"


def label(settings: Mapping[str, object]) -> str:
    """Describe settings in words.

    >>> label({"training.learning_rate": 0.01, "network.hidden": [32, 32], "training.seed": 1})
    'learning rate 0.01, hidden 32,32, seed 1'
    """
    return ", ".join(f"{axis_name(path)} {shown(value)}" for path, value in settings.items())


def axis_name(path: str) -> str:
    """Return the name of a setting without its table, in words.

    >>> axis_name("training.learning_rate")
    'learning rate'
    """
    return path.partition(".")[2].replace("_", " ")


def shown(value: object) -> str:
    """Format a value of an axis on one line.

    >>> shown([32, 32]), shown(0.0005), shown([[0, 0.01], [25, 0.005]]), shown(True)
    ('32,32', '0.0005', '0:0.01,25:0.005', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | tuple):
        return ",".join(_shown_item(item) for item in value)
    return str(value)


def _shown_item(item: object) -> str:
    if isinstance(item, list | tuple):
        return ":".join(shown(value) for value in item)
    return shown(item)

"""Read the config of a sweep, and list its runs.

The config of a sweep is a training config with an additional table, ``[grid]``. Each entry of this table is a setting
with a list of values. The sweep trains one network for each combination of values:

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
from namegen.core.settings import TABLES, Config, DataSettings
from namegen.documents import Json
from namegen.errors import NamesError, SettingsError, nearest
from namegen.experiments.kept import digest_of
from namegen.experiments.machine import engine_code, training_codes
from namegen.experiments.trained import check_long_enough
from namegen.settings_toml import merge_each, parse_config, read_tables

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
RUN_PATHS = [path for path in PATHS if path.startswith("run.") and path != ENGINE]
# Maps each setting that a grid can't vary to the reason.
NO_AXES = {
    "data.column": "every list is read the same way: make one file per column",
    "data.max_name_length": "every list is read the same way: set it once, in [data]",
    **dict.fromkeys(RUN_PATHS, "it doesn't affect the trained network: set it once, in [run]"),
    "network.base_model": "every run of a sweep trains on one list only",
}
AXES = tuple(path for path in PATHS if path not in NO_AXES)
MOST_RUNS = 10_000
SLUG_LENGTH = 60  # characters
KEY_BYTES = 6


class GridEntry(NamedTuple):
    """An entry of the table ``[grid]``."""

    path: str  # the dotted path of a setting
    values: Json  # a list of values, if the entry is valid


class GridPoint(NamedTuple):
    """One combination of a grid."""

    values: dict[str, Json]  # the values of the axes, by dotted path
    config: Config  # the config with these values


@dataclass(frozen=True)
class Grid:
    """The settings that a sweep varies, and the settings that it keeps."""

    source: str
    """How messages refer to the config."""
    base: Config
    """The settings outside the grid."""
    axes: dict[str, tuple[Json, ...]]
    """The values of each varied setting, by dotted path, in the order of the file."""

    @cached_property
    def points(self) -> list[GridPoint]:
        """All combinations. The last axis varies fastest.

        Raises:
            SettingsError: a value is wrong.
        """
        combinations = self.values
        configs = merge_each(self.base, combinations, source=f"the grid of {self.source}")
        return [
            GridPoint(values, config) for values, config in zip(combinations, configs, strict=True)
        ]

    @property
    def values(self) -> list[dict[str, Json]]:
        """The values of all combinations, before validation. The last axis varies fastest."""
        combinations = product(*self.axes.values())
        return [dict(zip(self.axes, values, strict=True)) for values in combinations]


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
        if LIST not in self.settings:
            return settings_in_words(self.settings)
        return settings_in_words({**self.settings, LIST: self.corpus.source})

    @property
    def file(self) -> str:
        """The name of the run's files without the suffix: the label, and the key for finding the files again."""
        words = re.sub("[^a-z0-9.]+", "-", self.label.lower()).strip("-.")
        slug = words[:SLUG_LENGTH].rstrip("-.")
        return f"{slug}-{self.key}"

    @cached_property
    def key(self) -> str:
        """A hash of everything that affects the result. The axes of the sweep aren't included."""
        config = self.config
        backend = config.run.backend
        identity = {
            "list": self.corpus.fingerprint,
            "data": config.data.identity,
            "network": asdict(config.network),
            "training": asdict(config.training),
            "run": {"backend": backend, "threads": config.run.threads or 1},
            "libraries": engine_code(backend).versions,
            "code": training_codes([backend])[backend],
        }
        return digest_of(identity, KEY_BYTES)


def read_grid(path: Path | str) -> Grid:
    """Read the config of a sweep: the values of the settings that it varies, and all other settings.

    Args:
        path: a TOML file.

    Raises:
        SettingsError: the file can't be read or isn't TOML, a value is wrong, a setting can't be varied, or the grid is
            empty or has too many runs.
    """
    source = f"the config {str(path)[:80]}"
    tables = read_tables(path)
    # TOML dates aren't JSON, but no setting is a date.
    grid_table = cast(Json, tables.pop(GRID, {}))
    entries = _flatten(grid_table)
    _check_size(entries, source)
    axes, problems = _read_axes(entries)
    grid = Grid(source, parse_config(tables, source=source), axes)
    if problems:
        raise SettingsError(f"{source}: {problems[0]}")
    _check_engines(grid)
    return grid


def _check_engines(grid: Grid) -> None:
    """Reject a grid with a backend that isn't registered."""
    for point in grid.points:
        engine = point.config.run.backend
        if engine not in engine_paths():
            raise SettingsError(f"{grid.source}: {_unknown_engine_message(engine)}")


def _unknown_engine_message(engine: str) -> str:
    """Return the message about a backend that isn't registered."""
    return f"{ENGINE} is {engine[:40]!r}: {advice(engine)}"


def _flatten(table: Json, prefix: str = "") -> list[GridEntry]:
    """List the entries of the table ``[grid]`` with their dotted paths.

    In TOML, ``training.seed = [0]`` creates an inner table ``training``, so inner tables are searched too.
    """
    if not isinstance(table, dict):
        return []
    entries: list[GridEntry] = []
    for name, value in table.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            entries += _flatten(value, f"{path}.")
        else:
            entries.append(GridEntry(path, value))
    return entries


def _check_size(entries: list[GridEntry], source: str) -> None:
    """Reject a grid without entries, or with too many combinations."""
    if not entries:
        raise SettingsError(
            f"{source} has no grid to sweep over: add a table [grid] with lists of values, such as "
            "training.learning_rate = [0.01, 0.001]"
        )
    values_by_path = dict(entries)
    lengths = [len(values) for values in values_by_path.values() if isinstance(values, list)]
    runs = prod(lengths)
    if runs > MOST_RUNS:
        raise SettingsError(
            f"the grid of {source} has {runs:,} runs, but the limit is {MOST_RUNS:,}: remove some values"
        )


def _read_axes(entries: list[GridEntry]) -> tuple[dict[str, tuple[Json, ...]], list[str]]:
    """Read the settings that a grid varies. Return their distinct values by path, and the problems of the grid."""
    problems = _find_repeated_paths(entries)
    axes: dict[str, tuple[Json, ...]] = {}
    for path, values in dict(entries).items():
        problem = _find_axis_problem(path, values)
        if problem:
            problems.append(problem)
        elif isinstance(values, list):
            distinct = _distinct_values(values)
            problems += _find_value_problems(path, values, distinct)
            axes[path] = tuple(distinct)
    return axes, problems


def _find_repeated_paths(entries: list[GridEntry]) -> list[str]:
    """Return a message for each setting that the grid sets twice."""
    times_set = Counter(entry.path for entry in entries)
    repeated = [path for path, times in times_set.items() if times > 1]
    return [f"{GRID}.{path} is set twice: set it once" for path in repeated]


def _distinct_values(values: list[Json]) -> list[Json]:
    """Return the distinct values in order. Values can be lists, so they may not be hashable."""
    distinct: list[Json] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct


def _find_axis_problem(path: str, values: Json) -> str:
    """Explain why an entry of the grid isn't valid. Return "" if it is."""
    if path in NO_AXES:
        return f"{GRID}.{path} cannot be varied, because {NO_AXES[path]}"
    if path not in AXES:
        return f"{GRID}.{path[:40]} cannot be varied: {_suggest_path(path)}"
    if not isinstance(values, list):
        text = str(values)[:40]
        return f"{GRID}.{path} is {text!r}: expected a list of values, [{text}, …]"
    if not values:
        return f"{GRID}.{path} is an empty list, so there is nothing to run: add values"
    return ""


def _find_value_problems(path: str, values: list[Json], distinct: list[Json]) -> list[str]:
    """Return a message for repeated values of an axis, and for each unknown backend."""
    problems: list[str] = []
    if len(distinct) < len(values):
        problems.append(f"{GRID}.{path} contains a value twice: list each value once")
    if path == ENGINE:
        names = [value for value in distinct if isinstance(value, str)]
        problems += [_unknown_engine_message(name) for name in names if name not in engine_paths()]
    return problems


def _suggest_path(path: str) -> str:
    """Suggest the setting that an unknown path probably means. Its table may be missing or wrong."""
    path_by_name = {axis.partition(".")[2]: axis for axis in AXES}  # without the table
    name = path.rpartition(".")[2]
    similar_name = nearest(name, path_by_name)
    if similar_name:
        return f"did you mean {path_by_name[similar_name]}?"
    similar_path = nearest(path, AXES)
    if similar_path:
        return f"did you mean {similar_path}?"
    return f"expected one of {', '.join(AXES)}"


def make_runs(grid: Grid, read_list: Callable[[DataSettings], Corpus]) -> list[SweepRun]:
    """List the runs of a grid in order, without duplicates.

    Args:
        grid: the grid.
        read_list: reads the list of a config. It's called once per list.

    Returns:
        The runs. Every run holds out names, even if its list is short.

    Raises:
        NamesError: a list can't be read, is too short to split, or has the same names as another list.
        SettingsError: no names are held out, so the runs can't be compared.
    """
    corpora = _read_lists(grid, read_list)
    runs: dict[str, SweepRun] = {}
    checked_splits: set[tuple[DataSettings, int]] = set()
    for settings, point_config in grid.points:
        config = _with_held_out_names(point_config)
        run = SweepRun(settings, config, corpora[config.data.names])
        split = (config.data, config.training.seed)
        if split not in checked_splits:
            _check_split(run)
            checked_splits.add(split)
        runs.setdefault(run.key, run)
    return list(runs.values())


def _read_lists(grid: Grid, read_list: Callable[[DataSettings], Corpus]) -> dict[str, Corpus]:
    """Read each list of a grid once, and check that no two lists contain the same names."""
    corpora: dict[str, Corpus] = {}
    for point in grid.points:
        data = _with_held_out_names(point.config).data
        if data.names not in corpora:
            corpus = read_list(data)
            _check_distinct(corpus, corpora.values())
            corpora[data.names] = corpus
    return corpora


def _with_held_out_names(config: Config) -> Config:
    """Return a copy of the config that has the default share of held-out names if it doesn't specify a share."""
    data = replace(config.data, validation=config.data.validation_share)
    return replace(config, data=data)


def _check_distinct(corpus: Corpus, others: Iterable[Corpus]) -> None:
    """Reject a list with the same names as another one, because their runs would have the same keys."""
    for other in others:
        if other.fingerprint == corpus.fingerprint:
            raise NamesError(
                f"{other.source} and {corpus.source} contain the same names: remove one of them from {LIST}"
            )


def _check_split(run: SweepRun) -> None:
    """Reject a run that holds out no names, or whose list is too short to split."""
    data = run.config.data
    if data.validation == 0:
        raise SettingsError(
            "data.validation is 0, so there are no held-out names to compare the runs by: set it to 0.2, for example"
        )
    check_long_enough(
        run.corpus,
        validation=data.validation_share,
        split=data.split,
        seed=run.config.training.seed,
    )


def in_config(name: str, value: str | None) -> str:
    """Write a setting in a message as it appears in a sweep's config, with the suggested value, if any.

    >>> in_config("learning_rate", None), in_config("clip_norm", "1")
    ('training.learning_rate', 'training.clip_norm = 1')
    """
    path = _find_path(name)
    if value is None:
        return path
    return f"{path} = {value}"


def _find_path(name: str) -> str:
    """Return the dotted path of a setting, or its name if the config has no such setting."""
    for path in PATHS:
        if path.endswith(f".{name}"):
            return path
    return name


def settings_in_words(settings: Mapping[str, object]) -> str:
    """Describe the settings in words.

    >>> settings_in_words({"training.learning_rate": 0.01, "network.hidden": [32, 32], "training.seed": 1})
    'learning rate 0.01, hidden 32,32, seed 1'
    """
    phrases = [f"{axis_name(path)} {format_value(value)}" for path, value in settings.items()]
    return ", ".join(phrases)


def axis_name(path: str) -> str:
    """Return the name of a setting without its table, in words.

    >>> axis_name("training.learning_rate")
    'learning rate'
    """
    return path.partition(".")[2].replace("_", " ")


def format_value(value: object) -> str:
    """Format a value of an axis on one line.

    >>> format_value([32, 32]), format_value(0.0005), format_value([[0, 0.01], [25, 0.005]]), format_value(True)
    ('32,32', '0.0005', '0:0.01,25:0.005', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | tuple):
        return ",".join(_format_item(item) for item in value)
    return str(value)


def _format_item(item: object) -> str:
    """Format an item of a list. A pair is joined with a colon."""
    if isinstance(item, list | tuple):
        return ":".join(format_value(value) for value in item)
    return format_value(item)

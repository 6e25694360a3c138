"""Grid: a sweep's config, and the training runs that it stands for.

A sweep's config is a training config with one more table, whose entries are lists. Every combination is a run:

    [grid]
    training.learning_rate = [0.01, 0.003, 0.001]
    training.seed = [0, 1, 2]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import cast, get_type_hints

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
LIST, SEED, ENGINE = "data.names", "training.seed", "run.backend"
PATHS = [
    f"{table}.{name}" for table, kind in TABLES.items() for name in get_type_hints(kind)
]  # of all settings
OF_THE_RUN = tuple(path for path in PATHS if path.startswith("run.") and path != ENGINE)
# What is set once for a whole sweep → why it is no axis.
NO_AXES = {
    "data.column": "all lists are read alike: make a file of each column",
    "data.max_name_length": "all lists are read alike: set it once, in [data]",
    **dict.fromkeys(OF_THE_RUN, "it changes nothing that is learned: set it once, in [run]"),
    "network.base_model": "a sweep learns from each list alone",
}
AXES = tuple(path for path in PATHS if path not in NO_AXES)
MOST_RUNS = 10_000
SLUG_LENGTH = 60


@dataclass(frozen=True)
class Grid:
    """What a sweep varies, and what it keeps.

    Attributes:
        source: what the config is called.
        base: the settings that no axis changes.
        axes: dotted path of a setting → its values, in the order of the file.
    """

    source: str
    base: Config
    axes: dict[str, tuple[Json, ...]]

    @cached_property
    def points(self) -> list[tuple[dict[str, Json], Config]]:
        """Every combination, the last axis fastest: its values, and its whole config.

        Raises:
            SettingsError: names every wrong value at once.
        """
        values = self.values
        return list(
            zip(
                values,
                merge_each(self.base, values, source=f"the grid of {self.source}"),
                strict=True,
            )
        )

    @property
    def values(self) -> list[dict[str, Json]]:
        """Every combination of the axes, the last one fastest, nothing of it checked."""
        return [dict(zip(self.axes, point, strict=True)) for point in product(*self.axes.values())]


@dataclass(frozen=True, eq=False)
class SweepRun:
    """One training of a sweep.

    Attributes:
        settings: the values of the axes, by dotted path.
        config: all settings.
        corpus: the list.
    """

    settings: dict[str, Json]
    config: Config
    corpus: Corpus

    @property
    def label(self) -> str:
        """What progress and messages call it."""
        return label(
            {**self.settings, LIST: self.corpus.source} if LIST in self.settings else self.settings
        )

    @property
    def file(self) -> str:
        """The name of its files, without the ending: what it is, and its key, by which it is found again."""
        slug = re.sub("[^a-z0-9.]+", "-", self.label.lower()).strip("-.")[:SLUG_LENGTH].rstrip("-.")
        return f"{slug}-{self.key}"

    @cached_property
    def key(self) -> str:
        """A hash of all that its result depends on, whatever the axes of the sweep that it belongs to."""
        what = {
            "list": self.corpus.fingerprint,
            "data": self.config.data.identity,
            "network": asdict(self.config.network),
            "training": asdict(self.config.training),
            "run": {"backend": self.config.run.backend, "threads": self.config.run.threads or 1},
            "libraries": engine_code(self.config.run.backend).versions,
            "code": training_codes([self.config.run.backend])[self.config.run.backend],
        }
        return digest_of(what, 6)


def read_grid(path: Path | str) -> Grid:
    """Read a sweep's config.

    Raises:
        SettingsError: the file cannot be read or is not TOML, a value is wrong, an axis is unknown, the grid is empty
            or holds too many runs.
    """
    tables = read_tables(path)
    source = f"the config {str(path)[:80]}"
    axes, problems = _axes(
        cast(Json, tables.pop(GRID, {})), source
    )  # a date is none, and no setting takes one
    grid = Grid(source, parse_config(tables, source=source), axes)
    if problems:  # with what is wrong with the values of the axes that are right, so that nobody is told twice
        raise_all([*problems, *wrong_values(grid.base, grid.values)], source)
    for engine in dict.fromkeys(
        config.run.backend for _, config in grid.points
    ):  # every wrong value is told now
        if engine not in engine_paths():
            raise SettingsError(f"{source}: {_unknown_engine(engine)}")
    return grid


def _unknown_engine(engine: str) -> str:
    return f"{ENGINE} is {engine[:40]!r}: {advice(engine)}"


def _axes(table: Json, source: str) -> tuple[dict[str, tuple[Json, ...]], list[str]]:
    """The axes that are right, and what is wrong with the others."""
    entries = _flat(table) if isinstance(table, dict) else []
    axes = dict(entries)
    example = "with lists of values, such as training.learning_rate = [0.01, 0.001]"
    if not axes:
        raise SettingsError(f"{source} has no grid to sweep over: give a table [grid] {example}")
    runs = prod(len(values) for values in axes.values() if isinstance(values, list))
    if runs > MOST_RUNS:
        raise SettingsError(
            f"{source} has a grid of {runs:,} runs: expected at most {MOST_RUNS:,}: leave some out"
        )
    given = [path for path, _ in entries]
    problems = [
        f"{GRID}.{path} is given twice: give it once" for path in axes if given.count(path) > 1
    ]
    good: dict[str, tuple[Json, ...]] = {}
    for path, values in axes.items():
        if path in NO_AXES:
            problems.append(f"{GRID}.{path} cannot be varied, as {NO_AXES[path]}")
        elif path not in AXES:
            problems.append(f"{GRID}.{path[:40]} cannot be varied: {_suggestion(path)}")
        elif not isinstance(values, list):
            text = str(values)[:40]
            problems.append(f"{GRID}.{path} is {text!r}: expected a list of values, [{text}, …]")
        elif not values:
            problems.append(
                f"{GRID}.{path} is an empty list, so there is nothing to run: give it values"
            )
        else:
            good[path] = tuple(
                value for place, value in enumerate(values) if value not in values[:place]
            )
            if len(good[path]) < len(values):
                problems.append(f"{GRID}.{path} holds a value twice: give each once")
            if path == ENGINE:
                problems += [
                    _unknown_engine(one)
                    for one in good[path]
                    if isinstance(one, str) and one not in engine_paths()
                ]
    return good, problems


def _flat(table: Mapping[str, Json], before: str = "") -> list[tuple[str, Json]]:
    """The entries by dotted path: TOML reads ``training.seed = [0]`` as a table in a table."""
    found: list[tuple[str, Json]] = []
    for name, value in table.items():
        found += (
            _flat(value, f"{before}{name}.")
            if isinstance(value, dict)
            else [(before + name, value)]
        )
    return found


def _suggestion(path: str) -> str:
    names = {axis.partition(".")[2]: axis for axis in AXES}
    if near := nearest(path.rpartition(".")[2], names) or nearest(path, AXES):
        return f"did you mean {names.get(near, near)}?"
    return f"expected one of {', '.join(AXES)}"


def make_runs(grid: Grid, read_list: Callable[[DataSettings], Corpus]) -> list[SweepRun]:
    """Every run of the grid, each once, in its order.

    Args:
        grid: what is varied.
        read_list: from the settings of a list to its names; asked once for each list.

    Raises:
        NamesError: a list cannot be read, or is too small to split as its settings want it.
        SettingsError: nothing is held out, so nothing can be compared.
    """
    corpora: dict[str, Corpus] = {}
    runs: dict[str, SweepRun] = {}
    checked: set[tuple[DataSettings, int]] = set()  # splits that are possible
    for settings, point in grid.points:
        config = replace(
            point, data=replace(point.data, validation=point.data.held_out)
        )  # of a short list, too
        if config.data.names not in corpora:
            corpus = read_list(config.data)
            for other in corpora.values():
                if (
                    other.fingerprint == corpus.fingerprint
                ):  # one of the two would be missing in every table
                    both = f"{other.source} and {corpus.source} hold the same names"
                    raise NamesError(f"{both}: leave one of them out of {LIST}")
            corpora[config.data.names] = corpus
        run = SweepRun(settings, config, corpora[config.data.names])
        split = (config.data, config.training.seed)
        if split not in checked:
            if config.data.validation == 0:
                raise SettingsError(
                    "data.validation is 0, so no names are held out to compare the runs by: set it to 0.2 or so"
                )
            check_long_enough(
                run.corpus, config.data.held_out, config.data.split, config.training.seed
            )
            checked.add(split)
        runs.setdefault(run.key, run)
    return list(runs.values())


def in_config(name: str, value: str | None) -> str:
    """What a setting is called in a sweep's config, with the value that it should have if one is given.

    >>> in_config("learning_rate", None), in_config("clip_norm", "1")
    ('training.learning_rate', 'training.clip_norm = 1')
    """
    path = next((path for path in PATHS if path.endswith(f".{name}")), name)
    return path if value is None else f"{path} = {value}"


def label(settings: Mapping[str, object]) -> str:
    """Settings as one says them.

    >>> label({"training.learning_rate": 0.01, "network.hidden": [32, 32], "training.seed": 1})
    'learning rate 0.01, hidden 32,32, seed 1'
    """
    return ", ".join(f"{axis_name(path)} {shown(value)}" for path, value in settings.items())


def axis_name(path: str) -> str:
    """A setting's name without its table, as words.

    >>> axis_name("training.learning_rate")
    'learning rate'
    """
    return path.partition(".")[2].replace("_", " ")


def shown(value: object) -> str:
    """A value of an axis as text, on one line.

    >>> shown([32, 32]), shown(0.0005), shown([[0, 0.01], [25, 0.005]]), shown(True)
    ('32,32', '0.0005', '0:0.01,25:0.005', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list | tuple):
        return ",".join(
            ":".join(map(shown, part)) if isinstance(part, list | tuple) else shown(part)
            for part in value
        )
    return str(value)

"""Read, check, merge and write the config of a training run, a TOML file with one table per settings dataclass.

The annotation of a field determines the type of its value, and the dataclass checks the range. New settings therefore
need no changes in this file.
"""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from namegen.bundled_configs import MAX_CONFIG, advice
from namegen.core.settings import (
    Checked,
    DataSettings,
    NetworkSettings,
    Recipe,
    TrainingSettings,
    declared,
    whole,
)
from namegen.errors import (
    MAX_PATH_SHOWN,
    SettingsError,
    cut,
    nearest,
    quote,
    reason_of,
    setting,
    shown,
)
from namegen.files import is_unicode, read_whole
from namegen.threads import WIDE, threads_for

MAX_PROBLEMS = 20  # the number of problems listed in one message

Label = Callable[[str], str]  # returns the name of a setting in messages, given its dotted path
_Settings = TypeVar("_Settings")


@dataclass(frozen=True)
class RunSettings(Checked):
    """Where and how a network is trained. These settings don't affect what it learns."""

    # The backend numpy needs no other library, and is the fastest backend for small networks.
    backend: str = declared(
        "numpy",
        "The backend to train with: {}.",
        holds=lambda name: name != "",
        expected="the name of a backend, such as numpy or keras",
        in_toml={"numpy or keras": '`"numpy"` or `"keras"`'},
    )
    # None means as many as make training faster, see ``Config.threads``.
    threads: int | None = declared(
        None,
        "The number of CPU threads to use.",
        "1; with the backend numpy, 2 for a wide layer if two cores are idle",
        **whole(1, 1024),
    )
    plot: bool = declared(True, "Plot the training run as history.png.")


@dataclass(frozen=True)
class Config:
    """All settings of a training run.

    >>> Config().training.quick
    False
    """

    data: DataSettings = field(default_factory=DataSettings)  # the list, and how it's split
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    run: RunSettings = field(default_factory=RunSettings)

    @property
    def recipe(self) -> Recipe:
        """The settings that affect what is learned: all except ``run``."""
        return Recipe(self.data, self.network, self.training)

    @property
    def threads(self) -> int:
        """The number of threads for a run that has the machine to itself. Parallel runs use one thread each.

        By default, the backend numpy uses 2 threads if a layer is wide and the machine has at least two idle cores. A
        width that isn't known yet counts as wide. Other backends use one thread by default. The number of threads
        affects how sums are rounded, so bit-identical runs need the same number.

        >>> Config(run=RunSettings(threads=3)).threads
        3
        """
        if self.run.threads is not None:
            return self.run.threads
        if self.run.backend != "numpy":
            return 1
        if self.network.hidden is not None:
            return threads_for(max(self.network.hidden))
        if self.training.quick:
            return 1
        return threads_for(WIDE)  # the width depends on the list


TABLES: dict[str, type[object]] = get_type_hints(Config)


def read_config(path: Path | str) -> Config:
    r"""Read a config from a TOML file. Missing settings have their default values.

    Raises:
        SettingsError: the file can't be read, isn't TOML, or has wrong values. The message lists all wrong values with
            their dotted paths.

    >>> _ = Path("short.toml").write_text("[training]\nepochs = 3")
    >>> read_config("short.toml").training.epochs
    3
    """
    return parse_config(read_tables(path), source=f"the config {shown(str(path))}")


def read_tables(path: Path | str) -> dict[str, object]:
    """Read a TOML file as plain tables, without checking its values.

    Raises:
        SettingsError: the file can't be read, or isn't TOML.
    """
    text = _read_text(path)
    file = shown(str(path))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError(
            f"the config {file} nests too deeply: expected tables of plain values"
        ) from error
    except ValueError as error:  # TOMLDecodeError, or a number with too many digits
        raise SettingsError(
            f"the config {file} is not TOML: {cut(str(error), 120)}; correct the file"
        ) from error


def _read_text(path: Path | str) -> str:
    """Read a text file.

    Raises:
        SettingsError: the file can't be read, or isn't UTF-8.
    """
    file = shown(str(path))
    try:
        return read_whole(path, MAX_CONFIG).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"there is no config file {file}: {advice(str(path))}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"the config {file} is not UTF-8 at line {line}: save it as UTF-8 text"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: the path contains a NUL
        raise SettingsError(
            f"cannot read the config {file} ({reason_of(error)}): use a TOML file"
        ) from error


def parse_config(document: Mapping[str, object], *, source: str = "the config") -> Config:
    """Create a config from plain tables, such as the result of ``tomllib.load``.

    Args:
        document: the tables.
        source: a description of the tables for messages, such as "the config".

    Raises:
        SettingsError: some values are wrong. The message lists all of them with their dotted paths.

    >>> parse_config({"training": {"epochs": 3}}).training.epochs
    3
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for name, table in document.items():
        if name in TABLES and isinstance(table, Mapping):
            values.update({f"{name}.{key}": value for key, value in table.items()})
        else:
            problems.append(_describe_wrong_table(name, table, problem_count=len(problems)))
    merged = _replace_values(Config(), values)
    raise_all(problems + merged.problems, source)
    return Config(**merged.tables)


def _describe_wrong_table(name: str, table: object, *, problem_count: int) -> str:
    """Describe the problem with a config entry that isn't a table of settings."""
    if name == "grid":
        return (
            "grid belongs to a sweep, not to a single run: run `namegen sweep` with it, or omit it"
        )
    if name not in TABLES:
        return _describe_unknown("", name, problem_count=problem_count)
    return f"{name} is {shown(table)}: expected a table, [{name}]"


def merge(config: Config, overrides: Mapping[str, object]) -> Config:
    """Return a copy of a config with some values replaced, such as by command-line options.

    Args:
        config: the config to copy.
        overrides: the new values by dotted path. A value of None is ignored.

    Raises:
        SettingsError: some values are wrong, or have no effect because of other settings. The message lists all of
            them.

    >>> merge(Config(), {"training.epochs": 3, "run.threads": None}).training.epochs
    3
    """
    values = {path: value for path, value in overrides.items() if value is not None}
    [merged] = merge_each(config, [values], source="", label=_option_of)
    return merged


def _option_of(path: str) -> str:
    """Return the command-line option of a setting, given its dotted path."""
    return setting(path.partition(".")[2])


def merge_each(
    config: Config, points: Sequence[Mapping[str, object]], *, source: str, label: Label = str
) -> list[Config]:
    """Return a config for each point of a grid of settings.

    Args:
        config: the config to copy.
        points: for each point, the new values by dotted path.
        source: a description of the values for messages, such as "the grid".
        label: returns the name of a setting in messages, given its dotted path.

    Raises:
        SettingsError: some values are wrong, or a setting has no effect at any point. The message lists all of them.

    >>> [config.training.epochs for config in merge_each(Config(), [{"training.epochs": 3}, {}], source="the grid")]
    [3, None]
    """
    merged = [_replace_values(config, point, label) for point in points]
    problems = _without_repeats(chain.from_iterable(result.problems for result in merged))
    raise_all(problems, source)
    configs = [Config(**result.tables) for result in merged]
    changed_paths = _without_repeats(chain.from_iterable(points))
    raise_all(_describe_ineffective(changed_paths, configs, label), source)
    return configs


def wrong_values(config: Config, points: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the distinct problems for which ``merge_each`` would raise an error.

    >>> wrong_values(Config(), [{"training.epochs": -1}, {"training.epochs": 3}])[0][:21]
    'training.epochs is -1'
    """
    problems: list[str] = []
    for point in points:
        problems += _replace_values(config, point).problems
    return _without_repeats(problems)


def _without_repeats(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _describe_ineffective(
    paths: Iterable[str], configs: Sequence[Config], label: Label
) -> list[str]:
    """Describe the problem with each setting that has no effect in any of the configs."""
    problems = []
    for path in paths:
        reasons = [config.recipe.without_effect.get(path) for config in configs]
        if reasons and all(reasons):
            problems.append(
                f"{label(path)} has no effect, because {reasons[0]}: omit it, or change that"
            )
    return problems


@dataclass(frozen=True)
class _Merged:
    """The result of replacing values of a config."""

    tables: dict[str, Any]  # the settings of each table, or None if they can't be created
    problems: list[str]


def _replace_values(config: Config, overrides: Mapping[str, object], label: Label = str) -> _Merged:
    """Replace values of a config by dotted path. A new value of None is ignored."""
    overrides = {path: value for path, value in overrides.items() if value is not None}
    problems = _describe_unknown_paths(overrides)
    tables: dict[str, Any] = {}
    for table, settings_class in TABLES.items():
        values = _values_in(table, config)
        for name, current in values.items():
            values[name] = overrides.get(f"{table}.{name}", current)
        builder = _Builder(settings_class, table, label)
        tables[table] = builder.build(values)
        problems += builder.problems
    return _Merged(tables, problems)


def _values_in(table: str, config: Config) -> dict[str, object]:
    """Return the values of a table's settings by name."""
    settings = getattr(config, table)
    return {name: getattr(settings, name) for name in get_type_hints(TABLES[table])}


def _describe_unknown_paths(paths: Iterable[str]) -> list[str]:
    """Describe the problem with each dotted path that isn't a setting."""
    problems: list[str] = []
    for path in paths:
        table, _, name = path.partition(".")
        if table not in TABLES or name not in get_type_hints(TABLES[table]):
            problems.append(_describe_unknown(table, name, problem_count=len(problems)))
    return problems


class _Builder(Generic[_Settings]):
    """Create the settings of one table, and collect the problems with their values.

    Args:
        settings_class: the dataclass.
        table: the name of the table.
        label: returns the name of a setting in messages, given its dotted path.
    """

    def __init__(self, settings_class: type[_Settings], table: str, label: Label) -> None:
        self.problems: list[str] = []
        self._class = settings_class
        self._table = table
        self._label = label

    def build(self, values: Mapping[str, object]) -> _Settings | None:
        """Return the settings, or None if the values contradict each other."""
        valid = self._convert(values)
        while True:
            try:
                return self._class(**valid)
            except SettingsError as error:
                is_contradiction = error.field not in valid
                if is_contradiction and self.problems:
                    return None  # a wrong value may be the reason, so this problem isn't reported
                self.problems.append(error.message_with(lambda name, _: self._name(name)))
                if is_contradiction:
                    return None
                del valid[str(error.field)]  # try again with the default to find more problems

    def _convert(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return the values that have the right type. Lists become tuples, and integers become floats if needed."""
        hints = get_type_hints(self._class)
        converted: dict[str, Any] = {}
        for name, value in values.items():
            hint = hints[name]
            try:
                converted[name] = _convert_value(value, hint)
            except msgspec.ValidationError:
                problem = f"{self._name(name)} is {shown(value)}: expected {_describe_type(hint)}"
                self.problems.append(problem)
        return converted

    def _name(self, setting_name: str) -> str:
        """Return the name that messages use for a setting."""
        return self._label(f"{self._table}.{setting_name}")


def _convert_value(value: object, hint: Any) -> object:
    """Convert a value to an annotated type.

    Raises:
        msgspec.ValidationError: the value has a different type.
    """
    allows_int = int in (hint, *get_args(hint))
    # Whole numbers may have more than 64 bits, unlike msgspec's.
    if allows_int and type(value) is int:
        return value
    return msgspec.convert(value, hint)


def write_config(config: Config) -> str:
    """Return a config as TOML with all values. Settings that are None become comments.

    ``parse_config`` turns the result into an equal config.

    Raises:
        SettingsError: a file name isn't valid Unicode, so a TOML file can't contain it.

    >>> print(write_config(Config())[:46])
    [data]
    names = "mlb-first"
    # column is not set
    """
    lines = []
    for table in TABLES:
        lines.append(f"[{table}]")
        for name, value in _values_in(table, config).items():
            lines.append(_setting_line(name, value))
        lines.append("")
    return "\n".join(lines)


def _setting_line(name: str, value: object) -> str:
    """Return a setting as a line of TOML."""
    line = f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"
    if not is_unicode(line):
        raise SettingsError(
            f"{quote(str(value), MAX_PATH_SHOWN)} is not valid Unicode, so a config can't contain it: rename the file, "
            "or use a UTF-8 locale",
            field=name,
        )
    return line


def _toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, Mapping):
        entries = ", ".join(f"{_toml(name)} = {_toml(item)}" for name, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    in_json = json.dumps(value, ensure_ascii=False)
    # This is the only character that TOML escapes and JSON doesn't.
    return in_json.replace("\x7f", "\\u007f")


_TYPES_IN_WORDS = {
    str: "a string in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def _describe_type(hint: Any) -> str:
    """Describe the values that an annotation allows, such as "a whole number" for ``int | None``."""
    origin = get_origin(hint)
    args = get_args(hint)
    if origin in (Union, types.UnionType):
        return _describe_type(args[0])
    if origin is Mapping:
        return "a table of plain values, such as { heads = 4 }"
    if origin is tuple and args[-1] is Ellipsis:
        return f"a list, each item {_describe_type(args[0])}"
    if origin is tuple:
        items = ", ".join(_describe_type(item) for item in args)
        return f"a list of {len(args)}: {items}"
    return _TYPES_IN_WORDS[hint]


def _describe_unknown(table: str, name: str, *, problem_count: int) -> str:
    """Describe the problem with an unknown setting or table. It suggests a similar name from any table."""
    is_known_table = table in TABLES
    path = f"{table}.{_key(name)}"
    if not is_known_table:
        path = _key(f"{table}.{name}" if table else name)
    if problem_count >= MAX_PROBLEMS:  # the problem isn't shown, so searching would waste time
        return path
    if is_known_table:
        expected = _paths_of_settings(table)
        similar = _similar_path(name, expected, _paths_of_all_settings())
    else:
        expected = {known_table: known_table for known_table in TABLES}
        similar = _similar_path(name, _paths_of_all_settings(), expected)
    if similar is None:
        return f"{path} is unknown: expected one of {', '.join(expected)}"
    return f"{path} is unknown: did you mean {similar}?"


def _similar_path(name: str, *candidates: Mapping[str, str]) -> str | None:
    """Return the path with the most similar name, from the first mapping that contains a similar name."""
    for paths in candidates:
        similar_name = nearest(name, paths)
        if similar_name is not None:
            return paths[similar_name]
    return None


def _paths_of_settings(table: str) -> dict[str, str]:
    """Return the dotted paths of a table's settings by name."""
    return {name: f"{table}.{name}" for name in get_type_hints(TABLES[table])}


def _paths_of_all_settings() -> dict[str, str]:
    """Return the dotted paths of all settings by name. For repeated names, the first table counts."""
    paths: dict[str, str] = {}
    for table in reversed(TABLES):
        paths.update(_paths_of_settings(table))
    return paths


def raise_all(problems: Iterable[str], source: str) -> None:
    """Raise one SettingsError that lists all problems, if there are any.

    >>> raise_all([], source="the grid")
    >>> raise_all(["epochs is -1"], source="the grid")
    Traceback (most recent call last):
    namegen.errors.SettingsError: the grid: epochs is -1
    """
    problems = list(problems)
    if not problems:
        return
    if len(problems) == 1:
        raise SettingsError(f"{source}: {problems[0]}" if source else problems[0])
    subject = f"{source} has " if source else ""
    lines = [f"{subject}{len(problems)} wrong values:", *problems[:MAX_PROBLEMS]]
    more = len(problems) - MAX_PROBLEMS
    if more > 0:
        lines.append(f"and {more:,} more")
    raise SettingsError("\n  ".join(lines))


def _key(name: str) -> str:
    """Return a name for a message, in quotes if it can't be a setting or a dotted path."""
    letters = name.replace("_", "").replace("-", "").replace(".", "")
    is_plain = letters.isalnum() and len(name) <= 40
    return name if is_plain else shown(name)

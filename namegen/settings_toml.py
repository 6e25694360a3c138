"""Read, check, merge and write the config of a training run: a TOML file with a table for each settings dataclass.

The type of a value is taken from the annotation of its field, and its range is checked by the dataclass. So a new
setting needs no change in this file.
"""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, Union, cast, get_args, get_origin, get_type_hints

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

MAX_PROBLEMS = 20  # listed in one message

Label = Callable[[str], str]  # dotted path of a setting -> its name in messages
_Settings = TypeVar("_Settings")


@dataclass(frozen=True)
class RunSettings(Checked):
    """Where and how a network is trained. These settings don't change what it learns."""

    backend: str = declared(  # numpy needs no other library, and is the fastest for small networks
        "numpy",
        "The backend that trains the network: {}.",
        holds=lambda v: v != "",
        expected="the name of a backend, such as numpy or keras",
    )
    # None: as many as make training faster, see ``Config.threads``.
    threads: int | None = declared(
        None, "The number of CPU threads.", "1, or 2 for a wide layer", **whole(1, 1024)
    )
    plot: bool = declared(True, "Draw the history of the run into history.png.")


@dataclass(frozen=True)
class Config:
    """All settings of a training run.

    >>> Config().training.quick
    False
    """

    data: DataSettings = field(default_factory=DataSettings)  # which list, and how it is split
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    run: RunSettings = field(default_factory=RunSettings)

    @property
    def recipe(self) -> Recipe:
        """The settings that change what is learned: all except ``run``."""
        return Recipe(self.data, self.network, self.training)

    @property
    def threads(self) -> int:
        """The number of threads for a run that has the machine to itself. Runs in parallel use one thread each.

        The default is 2 for the backend numpy if a layer is wide, or if the width isn't known yet, and the machine has
        at least two idle cores; else 1. Sums are rounded differently with another number of threads, so runs with
        the same bits need the same number.

        >>> Config(run=RunSettings(threads=3)).threads
        3
        """
        if self.run.threads is not None:
            return self.run.threads
        if self.run.backend != "numpy":
            return 1
        if self.network.hidden is not None:
            return threads_for(max(self.network.hidden))
        return 1 if self.training.quick else threads_for(WIDE)  # the width depends on the list


TABLES: dict[str, type[object]] = get_type_hints(Config)


def read_config(path: Path | str) -> Config:
    r"""Read a TOML file. Missing settings have their defaults.

    Raises:
        SettingsError: the file can't be read, isn't TOML, or has wrong values. The message lists all of these by their
            dotted paths.

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
    file = shown(str(path))
    try:
        text = read_whole(path, MAX_CONFIG).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"there is no config file {file}: {advice(str(path))}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"the config {file} is not UTF-8 at line {line}: save it as UTF-8 text"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise SettingsError(
            f"cannot read the config {file} ({reason_of(error)}): use a TOML file"
        ) from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError(
            f"the config {file} nests too deeply: expected tables of plain values"
        ) from error
    except ValueError as error:  # TOMLDecodeError, or a number with too many digits
        raise SettingsError(
            f"the config {file} is not TOML: {cut(str(error), 120)}; correct that place"
        ) from error


def parse_config(document: Mapping[str, object], *, source: str = "the config") -> Config:
    """Make a config from plain tables, such as ``tomllib`` returns.

    Args:
        document: the tables.
        source: where they come from, for messages.

    Raises:
        SettingsError: lists all wrong values by their dotted paths.

    >>> parse_config({"training": {"epochs": 3}}).training.epochs
    3
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for name, table in document.items():
        if name == "grid":
            problems.append(
                "grid belongs to a sweep, not to a single run: run `namegen sweep` with it, or omit it"
            )
        elif name not in TABLES:
            problems.append(_unknown("", name, problem_count=len(problems)))
        elif not isinstance(table, Mapping):
            problems.append(f"{name} is {shown(table)}: expected a table, [{name}]")
        else:
            for key, value in table.items():
                values[f"{name}.{key}"] = value
    merged = _merged(Config(), values, str)
    raise_all(problems + merged.problems, source)
    return Config(**merged.tables)


def merge(config: Config, overrides: Mapping[str, object]) -> Config:
    """Return the config with some values replaced, such as by options of the command line.

    Args:
        config: the other values.
        overrides: new values by dotted path; None changes nothing.

    Raises:
        SettingsError: lists all wrong values, and values that have no effect because of other settings.

    >>> merge(Config(), {"training.epochs": 3, "run.threads": None}).training.epochs
    3
    """
    values = {path: value for path, value in overrides.items() if value is not None}
    [merged] = merge_each(
        config, [values], source="", label=lambda path: setting(path.partition(".")[2])
    )
    return merged


def merge_each(
    config: Config, points: Sequence[Mapping[str, object]], *, source: str, label: Label = str
) -> list[Config]:
    """Return a config for each point of a grid of settings.

    Args:
        config: the other values.
        points: new values by dotted path, for each point.
        source: where the values come from, for messages.
        label: returns the name of a setting in messages, for its dotted path.

    Raises:
        SettingsError: lists the wrong values of all points, or else the settings that have no effect in any of them.

    >>> [config.training.epochs for config in merge_each(Config(), [{"training.epochs": 3}, {}], source="the grid")]
    [3, None]
    """
    merged = [_merged(config, point, label) for point in points]
    problems = [problem for result in merged for problem in result.problems]
    raise_all(dict.fromkeys(problems), source)
    configs = [Config(**result.tables) for result in merged]
    paths = dict.fromkeys(path for point in points for path in point)
    raise_all(_without_effect(paths, configs, label), source)
    return configs


def wrong_values(config: Config, points: Iterable[Mapping[str, object]]) -> list[str]:
    """Return the problems with values for which ``merge_each`` would raise, each once.

    >>> wrong_values(Config(), [{"training.epochs": -1}, {"training.epochs": 3}])[0][:21]
    'training.epochs is -1'
    """
    problems: list[str] = []
    for point in points:
        problems += _merged(config, point, str).problems
    return list(dict.fromkeys(problems))


def _without_effect(paths: Iterable[str], configs: Sequence[Config], label: Label) -> list[str]:
    """The problems with settings that have no effect in any of the configs."""
    problems = []
    for path in paths:
        reasons = [config.recipe.without_effect.get(path) for config in configs]
        if reasons and all(reasons):
            problems.append(
                f"{label(path)} has no effect, as {reasons[0]}: omit it, or change that"
            )
    return problems


@dataclass(frozen=True)
class _Merged:
    """The result of replacing values of a config."""

    tables: dict[str, Any]  # the settings of each table; None if they can't be made
    problems: list[str]


def _merged(config: Config, overrides: Mapping[str, object], label: Label) -> _Merged:
    """Replace values of a config, by dotted path; None changes nothing."""
    problems: list[str] = []
    overrides = {path: value for path, value in overrides.items() if value is not None}
    for path in overrides:
        table, _, name = path.partition(".")
        if table not in TABLES or name not in get_type_hints(TABLES[table]):
            problems.append(_unknown(table, name, problem_count=len(problems)))
    tables: dict[str, Any] = {}
    for table, settings_class in TABLES.items():
        current = getattr(config, table)
        values: dict[str, object] = {}
        for name in get_type_hints(settings_class):
            values[name] = overrides.get(f"{table}.{name}", getattr(current, name))
        builder = _Builder(settings_class, table, label)
        tables[table] = builder.build(values)
        problems += builder.problems
    return _Merged(tables, problems)


class _Builder(Generic[_Settings]):
    """Makes the settings of one table, and collects the problems with their values.

    Args:
        settings_class: the dataclass.
        table: the name of the table.
        label: returns the name of a setting in messages, for its dotted path.
    """

    def __init__(self, settings_class: type[_Settings], table: str, label: Label) -> None:
        self.problems: list[str] = []
        self._class = settings_class
        self._table = table
        self._label = label

    def build(self, values: Mapping[str, object]) -> _Settings | None:
        """Make the settings; None if that isn't possible."""
        valid = self._converted(values)
        while True:
            try:
                return self._class(**valid)
            except SettingsError as error:
                message = error.told(lambda name, _: self._name(name))
                if error.field in valid:
                    del valid[error.field]  # the default takes its place, to find more problems
                    self.problems.append(message)
                    continue
                if not self.problems:  # else a missing value may have caused the contradiction
                    self.problems.append(message)
                return None

    def _converted(self, values: Mapping[str, object]) -> dict[str, Any]:
        """The values that have the right type. Lists become tuples, and whole numbers floats if needed."""
        hints = get_type_hints(self._class)
        converted: dict[str, Any] = {}
        for name, value in values.items():
            hint = hints[name]
            try:
                converted[name] = msgspec.convert(value, hint)
            except msgspec.ValidationError:
                allows_int = int in (hint, *get_args(hint))
                if (
                    allows_int and type(value) is int
                ):  # more than 64 bits; the range is checked later
                    converted[name] = value
                else:
                    self.problems.append(
                        f"{self._name(name)} is {shown(value)}: expected {_expected(hint)}"
                    )
        return converted

    def _name(self, setting_name: str) -> str:
        return self._label(f"{self._table}.{setting_name}")


def write_config(config: Config) -> str:
    """Return the config as TOML with all values; those that are None are comments. ``parse_config`` restores it.

    Raises:
        SettingsError: a value can't be stored in a TOML file (a file name that isn't valid Unicode).

    >>> print(write_config(Config())[:46])
    [data]
    names = "mlb-first"
    # column is not set
    """
    lines = []
    for table, settings_class in TABLES.items():
        lines.append(f"[{table}]")
        settings = getattr(config, table)
        for name in get_type_hints(settings_class):
            value = getattr(settings, name)
            line = f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"
            if not is_unicode(line):
                raise SettingsError(
                    f"{quote(str(value), MAX_PATH_SHOWN)} is not valid Unicode here, so no config can hold it: rename "
                    "the file, or use a UTF-8 locale",
                    field=name,
                )
            lines.append(line)
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        entries = ", ".join(f"{_toml(name)} = {_toml(item)}" for name, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    in_json = json.dumps(value, ensure_ascii=False)
    return in_json.replace(
        "\x7f", "\\u007f"
    )  # the only character that TOML escapes and JSON doesn't


def _expected(hint: object) -> str:
    """The values that an annotation allows, in words."""
    words = {
        str: "a text in quotes",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
    }
    origin = get_origin(hint)
    args = get_args(hint)
    if origin in (Union, types.UnionType):
        return _expected(args[0])
    if origin is Mapping:
        return "a table of plain values, such as { heads = 4 }"
    if origin is tuple and args[-1] is Ellipsis:
        return "a list, each item " + _expected(args[0])
    if origin is tuple:
        return f"a list of {len(args)}: " + ", ".join(map(_expected, args))
    return words[cast("type", hint)]


def _unknown(table: str, name: str, *, problem_count: int) -> str:
    """The problem with an unknown setting or table, with the most similar name: of the same table, or else of any."""
    is_known_table = table in TABLES
    path = f"{table}.{_key(name)}" if is_known_table else _key(f"{table}.{name}".strip("."))
    if problem_count >= MAX_PROBLEMS:  # isn't shown, so a similar name isn't needed
        return path
    all_paths: dict[str, str] = {}  # by the name of the setting
    for other_table, settings_class in reversed(TABLES.items()):
        for key in get_type_hints(settings_class):
            all_paths[key] = f"{other_table}.{key}"
    if is_known_table:
        expected = {key: f"{table}.{key}" for key in get_type_hints(TABLES[table])}
        searched = [expected, all_paths]
    else:
        expected = {known_table: known_table for known_table in TABLES}
        searched = [all_paths, expected]
    for candidates in searched:
        similar = nearest(name, candidates)
        if similar is not None:
            return f"{path} is unknown: did you mean {candidates[similar]}?"
    return f"{path} is unknown: expected one of {', '.join(expected)}"


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
    """A name for a message, quoted if it couldn't be a setting or a dotted path."""
    letters = name.translate(dict.fromkeys(map(ord, "_-.")))
    return name if letters.isalnum() and len(name) <= 40 else shown(name)

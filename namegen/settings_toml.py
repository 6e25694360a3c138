"""Config: a training run's settings as a TOML file, one table for each settings dataclass.

What a field may hold is read from the dataclass itself, its type from the annotation and its range from the checks that
it makes as it is built; so a new setting needs no line here.
"""

from __future__ import annotations

import json
import tomllib
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

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

MAX_PROBLEMS = 20  # wrong values that one message names

Label = Callable[[str], str]  # the name of a field -> what a message calls it
_Settings = TypeVar("_Settings")


@dataclass(frozen=True)
class RunSettings(Checked):
    """Where and how a network is trained, which changes nothing of what is learned.

    ``threads``: None means what pays, see ``Config.threads``.
    """

    backend: str = (
        declared(  # numpy needs nothing else installed, and is the fastest for a small network
            "numpy",
            "The backend that trains: {}.",
            holds=lambda v: v != "",
            expected="the name of a backend, such as numpy or keras",
        )
    )
    threads: int | None = declared(
        None, "The number of threads.", "1, or 2 for a wide layer", **whole(1, 1024)
    )
    plot: bool = declared(True, "Draw the training as history.png, or do not.")


@dataclass(frozen=True)
class Config:
    """All settings of a training run: which list, what network, how it is trained, with which engine.

    >>> Config().training.quick
    False
    """

    data: DataSettings = field(default_factory=DataSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    run: RunSettings = field(default_factory=RunSettings)

    @property
    def recipe(self) -> Recipe:
        """What decides what is learned: all but where and how it runs."""
        return Recipe(self.data, self.network, self.training)

    @property
    def threads(self) -> int:
        """Processor threads of a training that has the machine to itself; several side by side take 1 each.

        Where nothing is said: 2 for the engine numpy on a machine with two idle cores or more, if a layer is wide or
        may turn out so, else 1. With another number of threads sums are rounded otherwise: the same bits need the same
        number.

        >>> Config(run=RunSettings(threads=3)).threads
        3
        """
        if self.run.threads is not None:
            return self.run.threads
        if self.run.backend != "numpy":
            return 1
        hidden = self.network.hidden
        if hidden is None:  # the list decides it
            return 1 if self.training.quick else threads_for(WIDE)
        return threads_for(max(hidden))


TABLES: dict[str, type[object]] = get_type_hints(Config)


def read_config(path: Path | str) -> Config:
    """Read a TOML file; what it leaves out has its default.

    Raises:
        SettingsError: the file cannot be read or is not TOML; or some of its values are wrong, and then the message
            names them all, each by its dotted path.
    """
    return parse_config(read_tables(path), source=f"the config {shown(str(path))}")


def read_tables(path: Path | str) -> dict[str, object]:
    """Read a TOML file as plain tables, nothing of it checked yet.

    Raises:
        SettingsError: the file cannot be read, or is not TOML.
    """
    told = shown(str(path))
    try:
        text = read_whole(path, MAX_CONFIG).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"there is no config file {told}: {advice(str(path))}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"the config {told} is not UTF-8 at line {line}: save it as UTF-8 text"
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        raise SettingsError(
            f"cannot read the config {told} ({reason_of(error)}): give a TOML file"
        ) from error
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise SettingsError(
            f"the config {told} nests too deeply: expected tables of plain values"
        ) from error
    except ValueError as error:  # TOMLDecodeError, or a number of too many digits
        raise SettingsError(
            f"the config {told} is not TOML: {cut(str(error), 120)}; correct that place"
        ) from error


def parse_config(document: Mapping[str, object], *, source: str = "the config") -> Config:
    """Make a config of tables that are read already, as ``tomllib`` gives them.

    Raises:
        SettingsError: names every wrong value at once by its dotted path.

    >>> parse_config({"training": {"epochs": 3}}).training.epochs
    3
    """
    problems: list[str] = []
    given: dict[str, object] = {}
    for name, values in document.items():
        if name == "grid":
            problems.append(
                "grid belongs to a sweep, not to a training: run `namegen sweep` with it, or leave it out"
            )
        elif name not in TABLES:
            problems.append(_unknown("", name, problems))
        elif not isinstance(values, Mapping):
            problems.append(f"{name} is {shown(values)}: expected a table, [{name}]")
        else:
            given |= {f"{name}.{key}": value for key, value in values.items()}
    tables, found = _merged(Config(), given, str)
    raise_all(problems + found, source)
    return Config(**tables)


def merge(config: Config, overrides: Mapping[str, object]) -> Config:
    """The config with some values replaced, as the options of the command line do it.

    Args:
        config: what holds where nothing else is said.
        overrides: dotted path to value; ``None`` means that nothing was given, and changes nothing.

    Raises:
        SettingsError: names every wrong value at once; so is one that has no effect beside the others.

    >>> merge(Config(), {"training.epochs": 3, "run.threads": None}).training.epochs
    3
    """
    given = {path: value for path, value in overrides.items() if value is not None}
    return merge_each(
        config, [given], source="", label=lambda path: setting(path.partition(".")[2])
    )[0]


def merge_each(
    config: Config, points: Sequence[Mapping[str, object]], *, source: str, label: Label = str
) -> list[Config]:
    """The config with the values of each point in turn, as a grid of settings has them.

    Args:
        config: what holds where a point says nothing.
        points: dotted path to value, for each of the configs that are wanted.
        source: what a message calls the place that the values come from.
        label: what a message calls a setting of a dotted path.

    Raises:
        SettingsError: names every wrong value of all points at once by its dotted path; a setting that has no effect in
            any of them, too.

    >>> [one.training.epochs for one in merge_each(Config(), [{"training.epochs": 3}, {}], source="the grid")]
    [3, None]
    """
    found = [_merged(config, point, label) for point in points]
    raise_all(dict.fromkeys(problem for _, problems in found for problem in problems), source)
    merged = [Config(**tables) for tables, _ in found]
    raise_all(
        _without_effect(dict.fromkeys(path for point in points for path in point), merged, label),
        source,
    )
    return merged


def wrong_values(config: Config, points: Iterable[Mapping[str, object]]) -> list[str]:
    """What ``merge_each`` would say of the values of these points, each sentence once.

    >>> wrong_values(Config(), [{"training.epochs": -1}, {"training.epochs": 3}])[0][:21]
    'training.epochs is -1'
    """
    return list(
        dict.fromkeys(problem for point in points for problem in _merged(config, point, str)[1])
    )


def _without_effect(paths: Iterable[str], configs: Sequence[Config], label: Label) -> list[str]:
    """What is wrong with values that were asked for and change nothing in any of the configs."""
    problems = []
    for path in paths:
        reasons = [config.recipe.without_effect.get(path) for config in configs]
        if reasons and all(reasons):
            problems.append(
                f"{label(path)} has no effect, as {reasons[0]}: leave it out, or change that"
            )
    return problems


def _merged(
    config: Config, overrides: Mapping[str, object], label: Label
) -> tuple[dict[str, Any], list[str]]:
    """The config's tables with other values, and all that is wrong with them; ``label`` gives a path its name."""
    problems: list[str] = []
    tables: dict[str, Any] = {}
    given = {path: value for path, value in overrides.items() if value is not None}
    for path in given:
        table, _, name = path.partition(".")
        if table not in TABLES or name not in get_type_hints(TABLES[table]):
            problems.append(_unknown(table, name, problems))
    for table, kind in TABLES.items():
        current = {name: getattr(getattr(config, table), name) for name in get_type_hints(kind)}
        changed = {name: given[f"{table}.{name}"] for name in current if f"{table}.{name}" in given}

        def labelled(name: str, table: str = table) -> str:
            return label(f"{table}.{name}")

        tables[table], found = _build(kind, current | changed, labelled)
        problems += found
    return tables, problems


def write_config(config: Config) -> str:
    """The config as complete TOML: every value is there, one that is not set as a comment; reading it gives it back.

    Raises:
        SettingsError: a value cannot stand in a TOML file (a file name that is not valid Unicode).

    >>> print(write_config(Config())[:46])
    [data]
    names = "mlb-first"
    # column is not set
    """
    lines = []
    for table, kind in TABLES.items():
        lines.append(f"[{table}]")
        for name in get_type_hints(kind):
            value = getattr(getattr(config, table), name)
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
    return json.dumps(value, ensure_ascii=False).replace(
        "\x7f", "\\u007f"
    )  # the one that only TOML escapes


def _build(
    kind: type[_Settings], values: Mapping[str, object], label: Label
) -> tuple[_Settings | None, list[str]]:
    """Make one settings dataclass; or say all that is wrong with its values."""
    hints = get_type_hints(kind)
    problems: list[str] = []
    good: dict[str, Any] = {}
    for name, value in values.items():
        try:
            good[name] = msgspec.convert(
                value, hints[name]
            )  # a list becomes a tuple, an int a float, a bool no int
        except msgspec.ValidationError:
            if type(value) is int and int in (
                hints[name],
                *get_args(hints[name]),
            ):  # one of more than 64 bits
                good[name] = value
            else:
                problems.append(
                    f"{label(name)} is {shown(value)}: expected {_expected(hints[name])}"
                )
    while True:
        try:
            return kind(**good), problems
        except SettingsError as error:
            message = error.told(lambda name, _: label(name))
            if error.field in good:
                del good[error.field]
                problems.append(message)
                continue
            if not problems:  # else the contradiction may come from a field that is missing now
                problems.append(message)
            return None, problems


def _expected(hint: object) -> str:
    """What an annotation asks for, in words."""
    words = {
        str: "a text in quotes",
        int: "a whole number",
        float: "a number",
        bool: "true or false",
    }
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _expected(parts[0])
    if origin is Mapping:
        return "a table of plain values, such as { heads = 4 }"
    if origin is tuple and parts[-1] is Ellipsis:
        return "a list, each item " + _expected(parts[0])
    if origin is tuple:
        return f"a list of {len(parts)}: " + ", ".join(map(_expected, parts))
    return words[cast("type", hint)]


def _unknown(table: str, name: str, problems: Sequence[str]) -> str:
    """What is said of a setting that there is not, or of a table; the nearest one is looked for where it will be shown:
    in the same table, then in another.
    """
    told = f"{table}.{_key(name)}" if table in TABLES else _key(f"{table}.{name}".strip("."))
    if len(problems) >= MAX_PROBLEMS:
        return told
    everywhere = {
        key: f"{other}.{key}"
        for other, kind in reversed(TABLES.items())
        for key in get_type_hints(kind)
    }
    own = (
        {key: f"{table}.{key}" for key in get_type_hints(TABLES[table])} if table in TABLES else {}
    )
    for candidates in (own, everywhere, {} if own else dict(zip(TABLES, TABLES, strict=True))):
        if (near := nearest(name, candidates)) is not None:
            return f"{told} is unknown: did you mean {candidates[near]}?"
    return f"{told} is unknown: expected one of {', '.join(own or TABLES)}"


def raise_all(problems: Iterable[str], source: str) -> None:
    """Raise SettingsError where there are problems: one message names all of them."""
    problems = list(problems)
    if len(problems) == 1:
        raise SettingsError(": ".join(filter(None, (source, problems[0]))))
    if problems:
        whose = f"{source} has " if source else ""
        more = len(problems) - MAX_PROBLEMS
        told = problems[:MAX_PROBLEMS] + [f"and {more:,} more"] * (more > 0)
        raise SettingsError(
            f"{whose}{len(problems)} wrong values:" + "".join(f"\n  {one}" for one in told)
        )


def _key(name: str) -> str:
    letters = name.translate(dict.fromkeys(map(ord, "_-.")))
    return name if letters.isalnum() and len(name) <= 40 else shown(name)

"""Read and write the config of a training run, a TOML file with one table per dataclass of ``core/settings.py``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from namegen.bundled_configs import MAX_CONFIG, advice
from namegen.core.settings import TABLES, Config
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

# The dotted path of each setting, by name.
PATHS = {
    declaration.name: f"{table}.{declaration.name}"
    for table, settings in TABLES.items()
    for declaration in fields(cast(Any, settings))
}


def read_config(path: Path | str) -> Config:
    r"""Read a config from a TOML file. Missing settings have their default values.

    Raises:
        SettingsError: the file can't be read, isn't TOML, or has a wrong value. The message contains its dotted path.

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
        return tomllib.loads(read_whole(path, MAX_CONFIG).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise SettingsError(f"there is no config file {file}: {advice(str(path))}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"the config {file} is not UTF-8 at line {line}: save it as UTF-8 text"
        ) from error
    except RecursionError as error:
        raise SettingsError(
            f"the config {file} nests too deeply: expected tables of plain values"
        ) from error
    except (OSError, ValueError) as error:  # not TOML, or the path contains a NUL
        raise SettingsError(
            f"cannot read the config {file} ({cut(reason_of(error), 120)}): use a TOML file"
        ) from error


def parse_config(document: Mapping[str, object], *, source: str = "the config") -> Config:
    """Create a config from plain tables, such as the result of ``tomllib.load``.

    Args:
        document: the tables.
        source: a description of the tables for messages, such as "the config".

    Raises:
        SettingsError: a value is wrong. The message contains its dotted path.

    >>> parse_config({"training": {"epochs": 3}}).training.epochs
    3
    """
    values: dict[str, object] = {}
    for name, table in document.items():
        if name == "grid":
            raise SettingsError(
                f"{source}: grid belongs to a sweep, not to a single run: run `namegen sweep` with it, or omit it"
            )
        if name not in TABLES:
            raise SettingsError(f"{source}: {_describe_unknown(name)}")
        if not isinstance(table, Mapping):
            raise SettingsError(
                f"{source}: {name} is {shown(table)}: expected a table, [{name}]", field=name
            )
        values.update({f"{name}.{key}": value for key, value in table.items()})
    try:
        return _replaced(Config(), values)
    except SettingsError as error:
        raise SettingsError(
            f"{source}: {error.message_with(in_config)}", field=error.field
        ) from error


def merge(config: Config, overrides: Mapping[str, object]) -> Config:
    """Return a copy of a config with some values replaced, such as by command-line options.

    Args:
        config: the config to copy.
        overrides: the new values by dotted path. A value of None is ignored.

    Raises:
        SettingsError: a value is wrong, or has no effect because of other settings.

    >>> merge(Config(), {"training.epochs": 3, "run.threads": None}).training.epochs
    3
    """
    values = {path: value for path, value in overrides.items() if value is not None}
    merged = _replaced(config, values)
    _check_effects(values, [merged])
    return merged


def merge_each(
    config: Config, points: Sequence[Mapping[str, object]], *, source: str
) -> list[Config]:
    """Return a config for each point of a grid of settings.

    Args:
        config: the config to copy.
        points: for each point, the new values by dotted path.
        source: a description of the values for messages, such as "the grid".

    Raises:
        SettingsError: a value is wrong, or a setting has no effect at any point. The message contains its dotted path.

    >>> [config.training.epochs for config in merge_each(Config(), [{"training.epochs": 3}, {}], source="the grid")]
    [3, None]
    """
    try:
        configs = [_replaced(config, point) for point in points]
        changed_paths = {path: None for point in points for path in point}
        _check_effects(changed_paths, configs)
    except SettingsError as error:
        raise SettingsError(
            f"{source}: {error.message_with(in_config)}", field=error.field
        ) from error
    return configs


def _replaced(config: Config, values: Mapping[str, object]) -> Config:
    """Replace values of a config by dotted path. Raise SettingsError for the first unknown path or wrong value."""
    changes: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    for path, value in values.items():
        table, _, name = path.partition(".")
        if PATHS.get(name) != path:
            raise SettingsError(_describe_unknown(path))
        changes[table][name] = value
    tables: dict[str, Any] = {
        table: replace(getattr(config, table), **new) for table, new in changes.items()
    }
    return Config(**tables)


def _check_effects(paths: Mapping[str, object], configs: Sequence[Config]) -> None:
    """Raise SettingsError if a setting has no effect in any of the configs."""
    for path in paths:
        reasons = [config.recipe.without_effect.get(path) for config in configs]
        if reasons and all(reasons):
            name = path.partition(".")[2]
            raise SettingsError(
                f"{setting(name)} has no effect, because {reasons[0]}: omit it, or change that",
                field=name,
            )


def in_config(name: str, value: str | None) -> str:
    """Write a setting in a message as it appears in a config, with its value, if any.

    >>> in_config("learning_rate", None), in_config("clip_norm", "1")
    ('training.learning_rate', 'training.clip_norm = 1')
    """
    path = PATHS.get(name, name)
    return path if value is None else f"{path} = {value}"


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
        for name, value in vars(getattr(config, table)).items():
            line = f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"
            if not is_unicode(line):
                raise SettingsError(
                    f"{quote(str(value), MAX_PATH_SHOWN)} is not valid Unicode, so a config can't contain it: rename "
                    "the file, or use a UTF-8 locale",
                    field=name,
                )
            lines.append(line)
        lines.append("")
    return "\n".join(lines)


def _toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, Mapping):
        entries = ", ".join(f"{_toml(name)} = {_toml(item)}" for name, item in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    in_json = json.dumps(value, ensure_ascii=False)
    # This is the only character that TOML escapes and JSON doesn't.
    return in_json.replace("\x7f", "\\u007f")


def _describe_unknown(path: str) -> str:
    """Describe the problem with an unknown table or setting, and suggest a similar one."""
    table, _, name = path.partition(".")
    is_known_table = table in TABLES
    similar_name = nearest(name or table, PATHS)
    similar_table = None if is_known_table else nearest(table, TABLES)
    plain = path.replace("_", "").replace("-", "").replace(".", "")
    path_shown = path if plain.isalnum() and len(path) <= 40 else shown(path)
    if similar_table is not None or similar_name is not None:
        suggestion = similar_table or PATHS[str(similar_name)]
        return f"{path_shown} is unknown: did you mean {suggestion}?"
    expected = list(TABLES)
    if is_known_table:
        expected = [known for known, path in PATHS.items() if path.startswith(f"{table}.")]
    return f"{path_shown} is unknown: expected one of {', '.join(expected)}"

"""A value from outside against the annotation of the setting that it is for: converted, or told what is expected; and a
name that is none against those of all settings.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Union, cast, get_args, get_origin, get_type_hints

from namegen.errors import MOST_SHOWN


class WrongTypeError(Exception):
    """A value does not fit its annotation."""


def convert(value: object, hint: object) -> object:
    """The value as the annotation wants it: an int may stand for a float, a list for a tuple; a bool is no int."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        if len(options) > 1:  # plain types: a value is taken as it comes
            if type(value) not in options:
                raise WrongTypeError
            return value
        return None if value is None else convert(value, options[0])
    if origin is Mapping:
        if not isinstance(value, dict):
            raise WrongTypeError
        return {name: convert(item, get_args(hint)[1]) for name, item in value.items()}
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise WrongTypeError
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return tuple(convert(item, parts[0]) for item in value)
        if len(parts) != len(value):
            raise WrongTypeError
        return tuple(convert(item, part) for item, part in zip(value, parts, strict=True))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise WrongTypeError from error
    if not isinstance(value, cast(type, hint)) or (isinstance(value, bool) and hint is not bool):
        raise WrongTypeError
    return value


def expected_of(hint: object) -> str:
    """What an annotation asks for, in words."""
    words = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return expected_of(next(option for option in get_args(hint) if option is not type(None)))
    if origin is Mapping:
        return "a table of plain values, such as { heads = 4 }"
    if origin is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return "a list, each item " + expected_of(parts[0])
        return f"a list of {len(parts)}: " + ", ".join(map(expected_of, parts))
    return words.get(cast(type, hint), str(hint))


def nearest_setting(name: str, tables: Mapping[str, type[object]], table: str) -> str:
    """The nearest setting, first in the same table, then in another; else the settings that there are."""
    own = list(get_type_hints(tables[table])) if table in tables else []
    paths = [f"{other}.{key}" for other, kind in tables.items() for key in get_type_hints(kind)]
    short = name[:MOST_SHOWN]
    for near in get_close_matches(short, own, n=1):
        return f"did you mean {table}.{near}?"
    for near in get_close_matches(short, [path.partition(".")[2] for path in paths], n=1):
        return f"did you mean {next(path for path in paths if path.endswith('.' + near))}?"
    for near in get_close_matches(short, tables, n=1) if not own else []:
        return f"did you mean {near}?"
    return f"expected one of {', '.join(own or tables)}"

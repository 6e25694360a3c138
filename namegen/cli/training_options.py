"""The options that say how a network is trained: one for every setting but the list."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import get_type_hints

import click

from namegen.cli import options
from namegen.core.settings import About
from namegen.settings_toml import TABLES


def widths(text: str) -> tuple[int, ...]:
    """``32,32``: the width of each recurrent layer; their range is checked with all other settings."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text[:40]!r}: expected whole numbers with commas between them, such as 32,32"
        ) from None


def network_options(text: str) -> dict[str, int | float | str | bool]:
    """``heads=4,causal=true``: values as in TOML, or else text."""
    found: dict[str, int | float | str | bool] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{text[:40]!r}: expected NAME=VALUE pairs, such as heads=4")
        found[name.strip()] = _plain_value(value.strip())
    return found


def _plain_value(text: str) -> int | float | str | bool:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text == "true" if text in ("true", "false") else text


def rate_steps(text: str) -> tuple[tuple[int, float], ...]:
    """``0:0.01,25:0.005``: from which epoch on, which learning rate."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return tuple((int(epoch), float(rate)) for epoch, rate in pairs)
    except ValueError:
        raise click.BadParameter(f"{text[:40]!r}: expected EPOCH:RATE pairs, such as 0:0.01,25:0.005") from None


def teachers(text: str) -> tuple[str, ...]:
    """``run-1,companies,counting``: models, and the word for counting."""
    found = [part.strip() for part in text.split(",")]
    for place, name in enumerate(found):
        if not name or name in found[:place]:
            what = f"{name[:40]!r} twice" if name else "an empty name"
            raise click.BadParameter(f"{text[:40]!r} has {what}: expected models, or the word counting, each once")
    return tuple(found)


# Text of the command line → a value, where a setting is none of click's own types.
READERS: dict[str, Callable[[str], object]] = {
    "hidden": widths,
    "options": network_options,
    "rate_steps": rate_steps,
    "teachers": teachers,
}


def _options(*tables: str) -> dict[str, Callable[[options.Command], options.Command]]:
    """By dotted path, the option of each setting in these tables that has one."""
    return {
        f"{table}.{name}": options.of_setting(TABLES[table], name, READERS.get(name))
        for table in tables
        for name in get_type_hints(TABLES[table])
        if About.of(TABLES[table], name).help
    }


SETTINGS = _options("training", "network", "data", "run")
OF_TEACHING = _options("teaching")  # those that `namegen teach` has beside them
NOT_OF_TEACHING = ("training.effort", "training.label_smoothing")  # the teachers decide what is to be learned


def settings(but: Collection[str] = ()) -> Callable[[options.Command], options.Command]:
    """An option for every setting but some."""
    return options.together(*(option for path, option in SETTINGS.items() if path not in but))

"""The options that say how a network is trained: one for every setting but the list."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import click

from namegen.cli import options
from namegen.core import settings as known


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


N, SHARE = (int, "N"), (float, "SHARE")
SWITCH = "switch"  # two opposite options
LIST = "chosen for the list"
# The setting in a config file → the option that stands above it: what it takes (a type with its metavar, or choices),
# what it does, its default. Ranges are checked by the settings themselves.
_ROWS: dict[str, tuple[Any, str, str]] = {
    "training.effort": (
        known.EFFORTS,
        "How to choose the settings that are not given. quick: a small network without dropout, in seconds; standard: "
        "a larger one with better names, in a minute or two; best: several networks and counting (an n-gram model) "
        "teach one, in minutes.",
        "standard",
    ),
    "network.architecture": (
        (str, "NAME"),
        "The kind of network.",
        "the engine's first one; for namegen's own engines, rnn",
    ),
    "network.cell": (known.CELLS, "The recurrent cell.", LIST),
    "network.hidden": ((widths, "W,W"), "The number of units of each layer, such as 64 or 32,32.", LIST),
    "network.init": (known.INITIALISERS, "The initial values of the weights.", "glorot"),
    "network.options": (
        (network_options, "N=V,…"),
        "Further settings of an engine's own architecture, such as heads=4.",
        "",
    ),
    "training.epochs": (N, "The number of epochs: how often to read the whole list.", LIST),
    "training.batch_size": (N, "The number of names in each training step.", LIST),
    "training.optimizer": (known.OPTIMIZERS, "The optimizer.", "adam"),
    "training.learning_rate": (
        (float, "RATE"),
        "The learning rate; for --schedule one-cycle, its highest value.",
        LIST,
    ),
    "training.momentum": ((float, "M"), "The momentum, for --optimizer momentum.", "0.9"),
    "training.clip_norm": ((float, "NORM"), "The largest allowed gradient norm.", "no limit"),
    "training.schedule": (known.SCHEDULES, "How the learning rate changes during training.", "one-cycle"),
    "training.warmup": (
        SHARE,
        "The share of the steps in which the learning rate rises, for --schedule one-cycle.",
        "0.2",
    ),
    "training.rate_steps": (
        (rate_steps, "E:RATE,…"),
        "The learning rate from each epoch on, for --schedule steps: 0:0.01,25:0.005; the first epoch is 0.",
        "",
    ),
    "training.through_time": (
        SWITCH,
        "Send gradients back through all characters of a name, or only through one.",
        "--through-time",
    ),
    "training.drop_recurrent": (SHARE, "Dropout: the share of the recurrent weights to leave out in each step.", LIST),
    "training.drop_between": (SHARE, "Dropout: the share of the units between layers to leave out in each step.", LIST),
    "training.drop_output": (
        SHARE,
        "Dropout: the share of the units before the output to leave out in each step.",
        LIST,
    ),
    "training.label_smoothing": (
        SHARE,
        "Label smoothing: the share of each target that comes from counting (an n-gram model).",
        LIST,
    ),
    "data.validation": (
        SHARE,
        "The share of the names to hold out for validation; 0 for none.",
        "0.1; 0 for fewer than 100 different names, except with --effort quick or --test",
    ),
    "data.test": (SHARE, "A further share of the names to hold out for a final test, which decides nothing.", "0.0"),
    "data.split": (
        known.SPLITS,
        "unique: a name is either trained on or held out; names: a name that repeats may be both.",
        "unique",
    ),
    "data.split_seed": (N, "The seed that chooses which names are held out.", "that of --seed"),
    "data.repeats": (
        known.REPEATS,
        "kept: read a name as often as the list has it; damped: read repeated names less often.",
        "damped; kept with --split names",
    ),
    "data.sameness": (
        known.SAMENESSES,
        "When two names count as the same. companies: legal forms such as Inc. do not matter.",
        "names; companies for the bundled list companies",
    ),
    "training.patience": (N, "Stop after N epochs without improvement.", "never"),
    "training.best_by": (known.CRITERIA, "The held-out figure that decides which epoch is the best.", "loss"),
    "training.seed": (N, "The random seed: the same seed trains the same network.", "0"),
    "run.threads": (N, "The number of processor threads.", "1, or 2 for a wide layer"),
}


def _option(name: str, kind: Any, text: str, default: str) -> Callable[[options.Command], options.Command]:
    flag = f"--{name.replace('_', '-')}"
    told = f"{text}  [default: {default}]" if default else text
    if kind == SWITCH:
        return click.option(f"{flag}/--no-{flag[2:]}", default=None, help=told)
    if isinstance(kind[0], str):
        return click.option(flag, type=click.Choice(kind), help=told)
    return click.option(flag, type=kind[0], metavar=kind[1], help=told)


SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    "run.backend": click.option(
        "--backend",
        cls=options.filled_by(options.engines_in_help),
        metavar="NAME",
        help="The engine that trains: {}.  [default: numpy]",
    ),
    **{path: _option(path.partition(".")[2], *row) for path, row in _ROWS.items()},
    "data.column": options.column,
    "data.label_column": options.label_column,
    "data.max_name_length": options.max_name_length,
    "run.plot": _option("plot", SWITCH, "Draw the training as history.png, or do not.", "--plot"),
}
# Those that `namegen teach` has beside them.
OF_TEACHING: dict[str, Callable[[options.Command], options.Command]] = {
    "teaching.teachers": _option(
        "teachers",
        (teachers, "A,B,…"),
        "Trained models (run folders, files or shipped models), and the word counting for an n-gram model.",
        "several models that are trained for this, and counting",
    ),
    "teaching.drawn": _option("drawn", N, "How many names the teachers generate for the network to learn from.", LIST),
}
NOT_OF_TEACHING = ("training.effort", "training.label_smoothing")  # the teachers decide what is to be learned


def settings(but: Collection[str] = ()) -> Callable[[options.Command], options.Command]:
    """An option for every setting but some."""

    def add(command: options.Command) -> options.Command:
        for path, option in reversed(SETTINGS.items()):
            command = option(command) if path not in but else command
        return command

    return add

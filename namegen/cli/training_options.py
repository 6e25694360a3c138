"""The options that say how a network is trained: one for every setting but the list."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import click

from namegen.cli import options
from namegen.core.settings import (
    CELLS,
    CRITERIA,
    EFFORTS,
    INITIALISERS,
    OPTIMIZERS,
    REPEATS,
    SAMENESSES,
    SCHEDULES,
    SPLITS,
)


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
            raise click.BadParameter(f"{text[:40]!r} has {what}: expected models, each once, and counting")
    return tuple(found)


# The setting in a config file → the option that stands above it. Their ranges are checked by the settings themselves.
SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    "run.backend": click.option(
        "--backend", cls=options.EngineOption, metavar="NAME", help="The engine: ENGINES.  [default: numpy]"
    ),
    "training.effort": click.option(
        "--effort",
        type=click.Choice(EFFORTS),
        help="quick: the original's small network, in seconds; standard: better names, in a minute or two; best: "
        "several networks and counting teach one, in minutes.  [default: standard]",
    ),
    "network.architecture": click.option(
        "--architecture", metavar="NAME", help="The kind of network.  [default: the engine's first; of ours, rnn]"
    ),
    "network.cell": click.option(
        "--cell", type=click.Choice(CELLS), help="The recurrent cell.  [default: by the effort]"
    ),
    "network.hidden": click.option(
        "--hidden", type=widths, metavar="W,W", help="The width of each layer.  [default: by the effort]"
    ),
    "network.init": click.option(
        "--init", type=click.Choice(INITIALISERS), help="The initial values.  [default: glorot]"
    ),
    "network.options": click.option(
        "--options",
        type=network_options,
        metavar="N=V,…",
        help="What else an engine's own architecture is told: heads=4.",
    ),
    "training.epochs": click.option(
        "--epochs", type=int, metavar="N", help="How often to read the list.  [default: by effort and list]"
    ),
    "training.batch_size": click.option(
        "--batch-size", type=int, metavar="N", help="Names in each step.  [default: by effort and list]"
    ),
    "training.optimizer": click.option(
        "--optimizer", type=click.Choice(OPTIMIZERS), help="How steps follow from gradients.  [default: adam]"
    ),
    "training.learning_rate": click.option(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="The highest learning rate.  [default: by the effort]",
    ),
    "training.momentum": click.option(
        "--momentum", type=float, metavar="M", help="Momentum, for the optimizer momentum.  [default: 0.9]"
    ),
    "training.clip_norm": click.option(
        "--clip-norm", type=float, metavar="NORM", help="The largest allowed gradient norm.  [default: no limit]"
    ),
    "training.schedule": click.option(
        "--schedule", type=click.Choice(SCHEDULES), help="How the learning rate changes.  [default: one-cycle]"
    ),
    "training.warmup": click.option(
        "--warmup",
        type=float,
        metavar="SHARE",
        help="The share of steps in which the rate rises, for one-cycle.  [default: 0.2]",
    ),
    "training.rate_steps": click.option(
        "--rate-steps",
        type=rate_steps,
        metavar="E:RATE,…",
        help="Epochs and rates for the schedule steps: 0:0.01,25:0.005.",
    ),
    "training.through_time": click.option(
        "--through-time/--no-through-time",
        default=None,
        help="Whether gradients flow back through the whole name.  [default: they do]",
    ),
    **{
        f"training.{name}": click.option(
            f"--{name.replace('_', '-')}",
            type=float,
            metavar="SHARE",
            help=f"{what}  [default: by the effort; quick: 0]",
        )
        for name, what in (
            ("drop_recurrent", "Leave out this share of the recurrent weights in each step."),
            ("drop_between", "Leave out this share of the units between layers in each step."),
            ("drop_output", "Leave out this share of the units before the output in each step."),
        )
    },
    "training.label_smoothing": click.option(
        "--label-smoothing",
        type=float,
        metavar="SHARE",
        help="The share of each target that counting gives.  [default: by the effort; quick: 0]",
    ),
    "data.validation": click.option(
        "--validation",
        type=float,
        metavar="SHARE",
        help="The share of the list to hold out; 0 for none.  [default: 0.1]",
    ),
    "data.test": click.option(
        "--test",
        type=float,
        metavar="SHARE",
        help="A further share to hold out and test with: nothing is chosen by it.  [default: 0.0]",
    ),
    "data.split": click.option(
        "--split",
        type=click.Choice(SPLITS),
        help="unique: no name stands on both sides; names: one that repeats may.  [default: unique]",
    ),
    "data.split_seed": click.option(
        "--split-seed", type=int, metavar="N", help="Decides which names are held out.  [default: --seed]"
    ),
    "data.repeats": click.option(
        "--repeats",
        type=click.Choice(REPEATS),
        help="Read common names as often as they stand, or less.  [default: damped with unique, kept with names]",
    ),
    "data.sameness": click.option(
        "--sameness",
        type=click.Choice(SAMENESSES),
        help="When two names are the same: with companies, legal forms such as Inc. do not count.  [default: names; of "
        "the bundled list companies, companies]",
    ),
    "training.patience": click.option(
        "--patience", type=int, metavar="N", help="Stop after N epochs without a better one.  [default: never]"
    ),
    "training.best_by": click.option(
        "--best-by", type=click.Choice(CRITERIA), help="What makes an epoch the best.  [default: loss]"
    ),
    "training.seed": click.option("--seed", type=int, metavar="N", help="Decides all that is random.  [default: 0]"),
    "run.threads": click.option(
        "--threads", type=int, metavar="N", help="Processor threads.  [default: 1, or 2 for a wide layer]"
    ),
    "data.column": options.column,
    "data.label_column": options.label_column,
    "data.max_name_length": options.max_name_length,
    "run.plot": click.option("--plot/--no-plot", default=None, help="Draw history.png.  [default: draw it]"),
}


# Those that `namegen teach` has beside them.
OF_TEACHING: dict[str, Callable[[options.Command], options.Command]] = {
    "teaching.teachers": click.option(
        "--teachers",
        type=teachers,
        metavar="A,B,…",
        help="Trained models (run folders, files or shipped ones), and counting.  [default: several that are trained "
        "for it, and counting]",
    ),
    "teaching.drawn": click.option(
        "--drawn",
        type=int,
        metavar="N",
        help="How many names the teachers draw for the lesson.  [default: by the list]",
    ),
}


NOT_OF_TEACHING = ("training.effort", "training.label_smoothing")  # the teachers decide what is to be learned


def settings(command: options.Command) -> options.Command:
    """An option for every setting."""
    for option in reversed(SETTINGS.values()):
        command = option(command)
    return command


def settings_of_teaching(command: options.Command) -> options.Command:
    """An option for every setting that a taught network has."""
    for name, option in reversed(SETTINGS.items()):
        if name not in NOT_OF_TEACHING:
            command = option(command)
    return command

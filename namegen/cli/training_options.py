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
            raise click.BadParameter(f"{text[:40]!r} has {what}: expected models, or the word counting, each once")
    return tuple(found)


# The setting in a config file → the option that stands above it. Their ranges are checked by the settings themselves.
SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    "run.backend": click.option(
        "--backend",
        cls=options.FilledOption,
        fill=options.engines_in_help,
        metavar="NAME",
        help="The engine that trains: {}.  [default: numpy]",
    ),
    "training.effort": click.option(
        "--effort",
        type=click.Choice(EFFORTS),
        help="How to choose the settings that are not given. quick: a small network without dropout, in seconds; "
        "standard: a larger one with better names, in a minute or two; best: several networks and counting (an n-gram "
        "model) teach one, in minutes.  [default: standard]",
    ),
    "network.architecture": click.option(
        "--architecture",
        metavar="NAME",
        help="The kind of network.  [default: the engine's first one; for namegen's own engines, rnn]",
    ),
    "network.cell": click.option(
        "--cell", type=click.Choice(CELLS), help="The recurrent cell.  [default: chosen for the list]"
    ),
    "network.hidden": click.option(
        "--hidden",
        type=widths,
        metavar="W,W",
        help="The number of units of each layer, such as 64 or 32,32.  [default: chosen for the list]",
    ),
    "network.init": click.option(
        "--init", type=click.Choice(INITIALISERS), help="The initial values of the weights.  [default: glorot]"
    ),
    "network.options": click.option(
        "--options",
        type=network_options,
        metavar="N=V,…",
        help="Further settings of an engine's own architecture, such as heads=4.",
    ),
    "training.epochs": click.option(
        "--epochs",
        type=int,
        metavar="N",
        help="The number of epochs: how often to read the whole list.  [default: chosen for the list]",
    ),
    "training.batch_size": click.option(
        "--batch-size",
        type=int,
        metavar="N",
        help="The number of names in each training step.  [default: chosen for the list]",
    ),
    "training.optimizer": click.option(
        "--optimizer", type=click.Choice(OPTIMIZERS), help="The optimizer.  [default: adam]"
    ),
    "training.learning_rate": click.option(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="The learning rate; for --schedule one-cycle, its highest value.  [default: chosen for the list]",
    ),
    "training.momentum": click.option(
        "--momentum", type=float, metavar="M", help="The momentum, for --optimizer momentum.  [default: 0.9]"
    ),
    "training.clip_norm": click.option(
        "--clip-norm", type=float, metavar="NORM", help="The largest allowed gradient norm.  [default: no limit]"
    ),
    "training.schedule": click.option(
        "--schedule",
        type=click.Choice(SCHEDULES),
        help="How the learning rate changes during training.  [default: one-cycle]",
    ),
    "training.warmup": click.option(
        "--warmup",
        type=float,
        metavar="SHARE",
        help="The share of the steps in which the learning rate rises, for --schedule one-cycle.  [default: 0.2]",
    ),
    "training.rate_steps": click.option(
        "--rate-steps",
        type=rate_steps,
        metavar="E:RATE,…",
        help="The learning rate from each epoch on, for --schedule steps: 0:0.01,25:0.005; the first epoch is 0.",
    ),
    "training.through_time": click.option(
        "--through-time/--no-through-time",
        default=None,
        help="Send gradients back through all characters of a name, or only through one.  [default: --through-time]",
    ),
    **{
        f"training.{name}": click.option(
            f"--{name.replace('_', '-')}",
            type=float,
            metavar="SHARE",
            help=f"{what}  [default: chosen for the list]",
        )
        for name, what in (
            ("drop_recurrent", "Dropout: the share of the recurrent weights to leave out in each step."),
            ("drop_between", "Dropout: the share of the units between layers to leave out in each step."),
            ("drop_output", "Dropout: the share of the units before the output to leave out in each step."),
        )
    },
    "training.label_smoothing": click.option(
        "--label-smoothing",
        type=float,
        metavar="SHARE",
        help="Label smoothing: the share of each target that comes from counting (an n-gram model).  [default: chosen "
        "for the list]",
    ),
    "data.validation": click.option(
        "--validation",
        type=float,
        metavar="SHARE",
        help="The share of the names to hold out for validation; 0 for none.  [default: 0.1]",
    ),
    "data.test": click.option(
        "--test",
        type=float,
        metavar="SHARE",
        help="A further share of the names to hold out for a final test, which decides nothing.  [default: 0.0]",
    ),
    "data.split": click.option(
        "--split",
        type=click.Choice(SPLITS),
        help="unique: a name is either trained on or held out; names: a name that repeats may be both.  [default: "
        "unique]",
    ),
    "data.split_seed": click.option(
        "--split-seed",
        type=int,
        metavar="N",
        help="The seed that chooses which names are held out.  [default: that of --seed]",
    ),
    "data.repeats": click.option(
        "--repeats",
        type=click.Choice(REPEATS),
        help="kept: read a name as often as the list has it; damped: read repeated names less often.  [default: "
        "damped; kept with --split names]",
    ),
    "data.sameness": click.option(
        "--sameness",
        type=click.Choice(SAMENESSES),
        help="When two names count as the same. companies: legal forms such as Inc. do not matter.  [default: names; "
        "companies for the bundled list companies]",
    ),
    "training.patience": click.option(
        "--patience", type=int, metavar="N", help="Stop after N epochs without improvement.  [default: never]"
    ),
    "training.best_by": click.option(
        "--best-by",
        type=click.Choice(CRITERIA),
        help="The held-out figure that decides which epoch is the best.  [default: loss]",
    ),
    "training.seed": click.option(
        "--seed", type=int, metavar="N", help="The random seed: the same seed trains the same network.  [default: 0]"
    ),
    "run.threads": click.option(
        "--threads",
        type=int,
        metavar="N",
        help="The number of processor threads.  [default: 1, or 2 for a wide layer]",
    ),
    "data.column": options.column,
    "data.label_column": options.label_column,
    "data.max_name_length": options.max_name_length,
    "run.plot": click.option(
        "--plot/--no-plot", default=None, help="Draw the training as history.png, or do not.  [default: --plot]"
    ),
}


# Those that `namegen teach` has beside them.
OF_TEACHING: dict[str, Callable[[options.Command], options.Command]] = {
    "teaching.teachers": click.option(
        "--teachers",
        type=teachers,
        metavar="A,B,…",
        help="Trained models (run folders, files or shipped models), and the word counting for an n-gram model.  "
        "[default: several models that are trained for this, and counting]",
    ),
    "teaching.drawn": click.option(
        "--drawn",
        type=int,
        metavar="N",
        help="How many names the teachers generate for the network to learn from.  [default: chosen for the list]",
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
